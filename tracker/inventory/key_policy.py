"""The shipped policy of identity keys (data/keys.json), read once per process."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from tracker.inventory.keys import KeyPolicy


@cache
def load_key_policy() -> KeyPolicy:
    """The policy that ships with the package."""
    text = resources.files("tracker.inventory").joinpath("data/keys.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return KeyPolicy(
        order=tuple(document["order"]),
        weak=frozenset(document["weak"]),
        placeholders=frozenset(document["placeholders"]),
        old_codes=dict(document["old_codes"]),
    )
