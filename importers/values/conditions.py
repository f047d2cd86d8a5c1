"""The state of a thing, by words, codes and ticks."""

from __future__ import annotations

import re

from importers.values.text import text_of, words_of
from importers.vocabulary import Vocabulary

_FIRST = re.compile(r"\s*[,;:(]|\s+[-–]\s|\. ")
_MOST = 1_000_000
#: Longer texts are prose, of which a few words prove nothing.
_LONGEST_PHRASE = 60
#: A condition stands at the beginning of its cell.
_READ = 200


def parse_condition(value: object, vocabulary: Vocabulary) -> str | None:
    """'good', 'fair', 'broken', or None where the cell says none of them. Words after a comma are remarks."""
    text = text_of(value).casefold()
    found = vocabulary.conditions.get(text)
    if found is None and text:
        first = _FIRST.split(text[:_READ], maxsplit=1)[0].strip(" .")
        found = vocabulary.conditions.get(first) or _from_parts(first, vocabulary)
    if found is None and len(text) < _LONGEST_PHRASE:
        found = vocabulary.condition_phrases.find(words_of(text))
    return found


def _from_parts(text: str, vocabulary: Vocabulary) -> str | None:
    """What 'Baik / Good' says in two languages; None where the parts differ, as in 'B/RR'."""
    said = {vocabulary.conditions.get(part.strip()) for part in text.split("/")} if "/" in text else set()
    return said.pop() if len(said) == 1 else None


def condition_in_notes(text: str, vocabulary: Vocabulary) -> str | None:
    """The condition with which a remark begins ('KB, keyboard rusak'); numbers are not codes there."""
    first = _FIRST.split(text[:_READ].casefold(), maxsplit=1)[0].strip(" .")
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
