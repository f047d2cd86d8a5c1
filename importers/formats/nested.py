"""Values of JSON that are objects or lists themselves, as answers of web interfaces hold them.

`{"id": 3, "name": "Lenovo"}` means Lenovo, `["Chrome 103", "LibreOffice 7"]` names two things.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from importers.layout import Row

#: The keys under which an object says what it is, the plainest first.
_SAYS = (
    "date",
    "name",
    "nama",
    "nama_lengkap",
    "uraian",
    "label",
    "title",
    "displayName",
    "display",
    "completename",
    "value",
    "formatted",
    "username",
)
_STARTS = ('{"', "[")


def unfold(blocks: Iterable[list[Row]]) -> Iterator[list[Row]]:
    """The blocks with nested values in plain words, where they have some."""
    for block in blocks:
        yield [(number, [_plain(value) for value in values]) for number, values in block]


def _plain(value: object) -> object:
    if type(value) is not str or not value.startswith(_STARTS):
        return value
    try:
        nested = json.loads(value)
    except (ValueError, RecursionError):
        return value
    if isinstance(nested, list):
        said = [_said(item) for item in nested]
        return "\n".join(text for text in said if text) if all(said) else value
    return _said(nested) or value


def _said(nested: Any) -> str | None:
    """The words of a nested value; None where it says nothing in one word."""
    if isinstance(nested, dict):
        found = next((nested[key] for key in _SAYS if isinstance(nested.get(key), str | int)), None)
        version = nested.get("version")
        return f"{found} {version}" if found and isinstance(version, str) and version else _text(found)
    return None if isinstance(nested, list) else _text(nested)


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
