"""Lengths of time, such as those of warranties."""

from __future__ import annotations

import re

from importers.values.text import text_of

_LENGTH = re.compile(r"(\d{1,3})\s*(months?|mos?|bulan|bln|years?|yrs?|tahun|thn|th)?\.?", re.IGNORECASE)
_LONGEST = 240


def parse_months(value: object, factor: int) -> int | None:
    """Months of '36', '36 months', '3 tahun'; a bare number counts `factor` months each. None for other cells."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    match = _LENGTH.fullmatch(text_of(value))
    if match is None:
        return None
    unit = (match[2] or "").casefold()
    per_unit = factor if not unit else 12 if unit[0] in "yt" else 1
    months = int(match[1]) * per_unit
    return months if 0 < months <= _LONGEST else None
