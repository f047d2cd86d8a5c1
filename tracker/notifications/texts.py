"""The words of messages and calendars, in both languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("tracker.notifications.data").joinpath("texts.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found


def text(code: str, language: str, **values: object) -> str:
    """The text `code` in `language` (English where it is not one of ours), with `values` inserted."""
    told = _texts()[code]
    return told.get(language, told["en"]).format(**values)
