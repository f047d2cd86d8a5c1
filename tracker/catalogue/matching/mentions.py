"""Versions that a text states, and how plainly it states them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_VERSION = re.compile(
    r"\d+(?:[._]\d+)*"
    r"(?:\(\d+[a-z]?\)[a-z]*\d*[a-z]?|[a-z]{1,3}\d*(?![a-z])|(?:rc|beta|alpha|esr)\d*(?![a-z]))?"
    r"(?:[-+~][a-z0-9.+~]*\d[a-z0-9.+~]*)*"
)
_MARK = re.compile(r"(?:\bversions?|\bver\.?|\bv\.?|\brelease|\brel\.?|\brev\.?|[a-z]/|@)[\s:=]*$")
_NOT_A_VERSION_BEFORE = re.compile(r"(?:\bx|\bamd|\bkb\s?|\bi|\bia|\bapi\s|\bcore i|\bgen\s|#)$")
_NOT_A_VERSION_AFTER = re.compile(
    r"^\s*-?\s*(?:bits?|gb|tb|mb|ghz|mhz|users?|cals?|cores?|inch|unit|pcs|buah|th|nd|rd|st)\b|^\s*\""
)
_DATE = re.compile(r"^(?:19|20)\d{2}(?:[-/](?:0?[1-9]|1[0-2])[-/]\d{1,2}|(?:0[1-9]|1[0-2])[0-3]\d(?:\D.*)?)$")
_LIST = re.compile(r"\b\d+(?:\.\d+)?(?:\s?/\s?\d+(?:\.\d+)?){1,6}(?![\d.])")
_WORD = re.compile(r"[a-z]{2,}")

MARKED, DOTTED, BARE = 0, 1, 2


class Mention(NamedTuple):
    """A version as written, where it stands, and how it was marked (lower is plainer)."""

    text: str
    start: int
    end: int
    mark: int
    distance: int


def is_date(text: str) -> bool:
    """Whether a "version" is really a day, as some inventories write."""
    return _DATE.match(text) is not None


def mentions(text: str, start: int, end: int, soft: frozenset[str]) -> list[Mention]:
    """Versions in text[start:end], plainest first; `distance` counts the unknown words before each."""
    found: list[Mention] = []
    lists = [match.span() for match in _LIST.finditer(text, start, end)]
    for match in _VERSION.finditer(text, start, end):
        before, written = text[max(start - 12, 0, match.start() - 12) : match.start()], match.group()
        if _NOT_A_VERSION_BEFORE.search(before) and "." not in written:
            continue
        if _NOT_A_VERSION_AFTER.match(text[match.end() : match.end() + 8]):
            continue
        if any(first <= match.start() < last for first, last in lists):
            continue
        if written[0] == "0" and len(written) > 1 and written[1].isdigit() and "." not in written:
            continue
        distance = sum(word not in soft for word in _WORD.findall(text, start, match.start()))
        mark = MARKED if _MARK.search(before) else DOTTED if "." in written else BARE
        found.append(Mention(written, match.start(), match.end(), mark, distance))
    return sorted((m for m in found if m.distance <= (1 if m.mark == BARE else 8)), key=_plainness)


def _plainness(mention: Mention) -> tuple[int, int]:
    if mention.distance == 0 and mention.mark == BARE:
        # "Zabbix 6 LTS version 6.0.3": the marked one says more, but a dotted one far away does not.
        return (1, mention.start)
    return (mention.mark * 2 if mention.mark != DOTTED else 1, mention.start)


def column_version(column: str | None, rewrite: Sequence[tuple[re.Pattern[str], str]]) -> str | None:
    """The version that a version column states, without epoch and labels; None for a date or no number."""
    if not column:
        return None
    text = re.sub(r"^\d+:", "", column.strip().casefold())
    if is_date(text):
        return None
    for pattern, into in rewrite:
        text = pattern.sub(into, text)
    match = _VERSION.search(text)
    return match.group() if match else None
