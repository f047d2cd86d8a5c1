"""The state of a thing, by words, codes and ticks."""

from __future__ import annotations

import re

from importers.values.text import text_of
from importers.vocabulary import Vocabulary

_FIRST = re.compile(r"\s*[,;:(]|\s+[-–]\s|\. ")
_MOST = 1_000_000


def parse_condition(value: object, vocabulary: Vocabulary) -> str | None:
    """'good', 'fair', 'broken', or None where the cell says none of them. Words after a comma are remarks."""
    text = text_of(value).casefold()
    found = vocabulary.conditions.get(text)
    if found is None and text:
        first = _FIRST.split(text, maxsplit=1)[0].strip(" .")
        found = vocabulary.conditions.get(first)
    return found


def condition_in_notes(text: str, vocabulary: Vocabulary) -> str | None:
    """The condition with which a remark begins ('KB, keyboard rusak'); numbers are not codes there."""
    first = _FIRST.split(text.casefold(), maxsplit=1)[0].strip(" .")
    return None if first.isdecimal() else vocabulary.conditions.get(first)


def parse_tick(value: object, vocabulary: Vocabulary) -> int | None:
    """How many things a tick or count column claims: 0 for blank, -1 for all of the row (a tick)."""
    if isinstance(value, bool):
        return -1 if value else 0
    if isinstance(value, int | float):
        return int(value) if 0 <= value < _MOST else None
    text = text_of(value).casefold()
    if text in vocabulary.blanks:
        return 0
    if text.isdecimal() and len(text) < 7:
        return int(text)
    return -1 if text in vocabulary.ticks else None
