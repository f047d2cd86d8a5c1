"""Register numbers: one, or a range that stands for several things; and codes joined with them."""

from __future__ import annotations

import re

_RANGE = re.compile(
    r"(\d{1,7})\s*(?:s\s*/\s*d\.?|s\s*\.\s*d\.?|sd|to|sampai(?:\s+dengan)?|-|–|—|\.\.+)\s*(\d{1,7})",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"\s*(\d[\d.]{6,}?\.?)\s*(?:[-/:,;|]|\s|NUP)+\s*(\d{1,6}(?:\s*(?:s/d|s\.d\.?|-)\s*\d{1,6})?)\s*",
    re.IGNORECASE,
)
#: A code without dots, and a number behind the only one: 3100102003.12.
_DOTTED_NUMBER = re.compile(r"\s*'?(\d{10})\.(\d{1,6})\s*")
_CODE = re.compile(r"\d[\d.\s/-]*")
_LARGEST_RANGE = 100_000


def units_of_range(text: str) -> int | None:
    """How many things '0001 s/d 0011' names (11); None when it is no range that makes sense."""
    match = _RANGE.fullmatch(text.strip()) if len(text) < 80 else None
    if match is None:
        return None
    first, last = int(match[1]), int(match[2])
    return last - first + 1 if 0 < last - first < _LARGEST_RANGE else None


def split_code_register(text: str) -> tuple[str, str] | None:
    """('3100102001', '12') of '3100102001-12'; None when the text is not a code with a number."""
    if len(text) >= 80:
        return None
    match = _JOINED.fullmatch(text) or _DOTTED_NUMBER.fullmatch(text)
    return (match[1].rstrip("."), match[2]) if match else None


def clean_code(text: str) -> str:
    """An item code without a trailing dot and spaces around dots."""
    return text.replace(" ", "").rstrip(".") if _CODE.fullmatch(text) else text


def looks_like_code(text: str) -> bool:
    """Whether the text is made of digits and separators, at least five digits."""
    return _CODE.fullmatch(text) is not None and sum(c.isdigit() for c in text) >= 5
