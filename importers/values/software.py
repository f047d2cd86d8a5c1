"""Software as cells name it: one, or several in one cell."""

from __future__ import annotations

import re

from importers.rows import SoftwareName, SoftwareRole
from importers.values.text import text_of
from importers.vocabulary import Vocabulary

_STRONG = re.compile(r"[;|\n\r•]+|\s/(?=\s)")
_BLANKS = re.compile(r"[^\S\n\r]+")
_COMMA = re.compile(r",\s+(?!Inc\b|LLC\b|Ltd\b)|,(?=[A-Za-z])")
_SHORTEST = 2


def split_software(value: object, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The names in a cell: parted by line breaks and semicolons, else by commas outside brackets."""
    if value is None:
        return ()
    # Long runs of blanks would make the search below quadratic.
    raw = _BLANKS.sub(" ", value) if isinstance(value, str) else text_of(value)
    parts = [text_of(part) for strong in _STRONG.split(raw) for part in _split_commas(strong)]
    return tuple(
        dict.fromkeys(p for p in parts if len(p) >= _SHORTEST and p.casefold() not in vocabulary.blanks)
    )


def _split_commas(text: str) -> list[str]:
    if "(" not in text:
        return _COMMA.split(text)
    parts: list[str] = []
    depth = start = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth <= 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def software_names(
    value: object, role: SoftwareRole, vocabulary: Vocabulary, label: str = ""
) -> tuple[SoftwareName, ...]:
    """The cell's software in the role of its column; under a header 'MS Office', '2010' is Microsoft Office 2010."""
    names = split_software(value, vocabulary)
    if role is SoftwareRole.OFFICE and "office" in label.casefold():
        names = tuple(f"Microsoft Office {name}" if name[0].isdigit() else name for name in names)
    return tuple(SoftwareName(name, None, None, role) for name in names)
