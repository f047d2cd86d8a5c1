"""Dates as people write them, with their precision."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from importers.values.text import text_of
from importers.vocabulary import Vocabulary

_EARLIEST = 1950
_LATEST = 2100
_NUMERIC = re.compile(r"(\d{1,4})[-/. ]+(\d{1,2})[-/. ]+(\d{1,4})")
_NAMED = re.compile(r"(\d{1,2})[-/. ,]*([^\W\d_]{3,})[-/. ,]*(\d{4}|\d{2})")
_NAMED_FIRST = re.compile(r"([^\W\d_]{3,})[-/. ]+(\d{1,2})[-/. ,]+(\d{4})")
_MONTH_YEAR = re.compile(r"([^\W\d_]{3,})[-/. ,]*(\d{4}|\d{2})")
_MONTH_NUMBER = re.compile(r"(\d{1,2})[-/](\d{4})|(\d{4})[-/](\d{1,2})")
_TIME = re.compile(r"[ T]\d{1,2}[:.]\d{2}([:.]\d{2})?([.,]\d+)?\s*([AaPp][Mm])?(Z|[+-]\d{2}:?\d{2})?$")
_YEAR = re.compile(r"(?:([^\W\d_][^\d]*?)[\s.:]*)?(\d{4})")
_EPOCH = date(1899, 12, 30)
_EPOCH_1904 = date(1904, 1, 1)


@dataclass(frozen=True, slots=True)
class Day:
    """A parsed date: the first day of its precision ('day', 'month', 'year'), or why there is none."""

    on: date | None
    precision: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How the dates of one column are read: order of day and month, calendar of serials, the current day."""

    month_first: bool
    date_1904: bool
    today: date


def parse_date(value: object, style: DateStyle, vocabulary: Vocabulary) -> Day:
    """The date of a cell; blank is an empty Day without a problem."""
    if isinstance(value, datetime):
        return _plausible(value.date(), "day", style)
    if isinstance(value, date):
        return _plausible(value, "day", style)
    if isinstance(value, bool):
        return Day(None, None, "date-unreadable")
    if isinstance(value, int | float):
        return _from_number(value, style)
    text = text_of(value)
    if text.casefold() in vocabulary.blanks:
        return Day(None)
    if len(text) > 60:
        return Day(None, None, "date-unreadable")
    return _from_text(text, style, vocabulary)


def _from_number(number: float, style: DateStyle) -> Day:
    if not math.isfinite(number):
        return Day(None, None, "date-invalid")
    whole = int(number)
    if _EARLIEST <= whole <= _LATEST and whole == number:
        return _plausible(date(whole, 1, 1), "year", style)
    if 19500101 <= whole <= 21001231:
        return _build(whole // 10000, whole // 100 % 100, whole % 100, style)
    if whole <= 0 or whole > 2_958_465:
        return Day(None, None, "date-invalid")
    return _plausible((_EPOCH_1904 if style.date_1904 else _EPOCH) + timedelta(days=whole), "day", style)


def _from_text(text: str, style: DateStyle, vocabulary: Vocabulary) -> Day:
    bare = _TIME.sub("", text.lstrip("'±~ "))
    if "," in bare:
        first, _, rest = bare.partition(",")
        if first.isalpha() and not vocabulary.months.get(first.casefold()):
            bare = rest.strip()
    if bare.isascii() and bare.isdecimal():
        return _from_number(int(bare), style) if len(bare) <= 8 else Day(None, None, "date-unreadable")
    if match := _NUMERIC.fullmatch(bare):
        return _from_parts(match[1], match[2], match[3], style)
    for pattern, order in ((_NAMED, (3, 2, 1)), (_NAMED_FIRST, (3, 1, 2))):
        match = pattern.fullmatch(bare)
        month = vocabulary.months.get(match[order[1]].casefold()) if match else None
        if match and month:
            return _build(_full_year(match[order[0]], style), month, int(match[order[2]]), style)
    return _from_short(bare, style, vocabulary)


def _from_short(bare: str, style: DateStyle, vocabulary: Vocabulary) -> Day:
    """Month and year, or a year with words such as TA or Th."""
    match = _MONTH_YEAR.fullmatch(bare)
    if match and (month := vocabulary.months.get(match[1].casefold())):
        return _build(_full_year(match[2], style), month, 1, style, "month")
    if match := _MONTH_NUMBER.fullmatch(bare):
        year, number = (match[2], match[1]) if match[2] else (match[3], match[4])
        return _build(int(year), int(number), 1, style, "month")
    if match := _YEAR.fullmatch(bare):
        prefix = (match[1] or "").casefold().strip(" .:±")
        # 'Triwulan II 2017' and 'Tahun Anggaran 2018' are years too.
        if not prefix or prefix in vocabulary.year_prefixes or prefix.split()[0] in vocabulary.year_prefixes:
            return _plausible(date(int(match[2]), 1, 1), "year", style) if int(match[2]) else _invalid()
    return Day(None, None, "date-unreadable")


def _from_parts(first: str, second: str, third: str, style: DateStyle) -> Day:
    if len(first) == 4:
        return _build(int(first), int(second), int(third), style)
    if len(third) == 3 or len(first) == 3:
        return Day(None, None, "date-unreadable")
    day, month = int(first), int(second)
    if style.month_first and day <= 12:
        day, month = month, day
    if month > 12 and day <= 12:
        return Day(None, None, "date-order")
    return _build(_full_year(third, style), month, day, style)


def _full_year(text: str, style: DateStyle) -> int:
    """Two digits mean the century that does not lie more than a year ahead."""
    year = int(text)
    if len(text) > 2:
        return year
    return year + 2000 if year <= style.today.year % 100 + 1 else year + 1900


def _build(year: int, month: int, day: int, style: DateStyle, precision: str = "day") -> Day:
    try:
        return _plausible(date(year, month, day), precision, style)
    except ValueError:
        return _invalid()


def _invalid() -> Day:
    return Day(None, None, "date-invalid")


def _plausible(on: date, precision: str, style: DateStyle) -> Day:
    if not _EARLIEST <= on.year <= _LATEST:
        return Day(None, None, "date-implausible")
    return Day(on, precision, "date-future" if on > style.today else None)


def is_month_first(texts: list[str]) -> bool:
    """Whether a column writes 12/31/2020: some second part is no month, and no first part is."""
    second = False
    for text in texts:
        match = _NUMERIC.fullmatch(_TIME.sub("", text.strip()))
        if match is None or len(match[1]) > 2:
            continue
        if int(match[1]) > 12:
            return False
        second = second or int(match[2]) > 12
    return second
