"""Numbers, amounts, shares and dates as people of a language write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from tracker.budgeting.money import to_minor
from tracker.budgeting.texts import money as money_text

NOTHING = "–"
_BYTES = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


@dataclass(frozen=True, slots=True)
class Formats:
    """Ways to write values in `language`; instants are shown in `timezone`. Unknown values are a dash."""

    language: str
    timezone: ZoneInfo

    def number(self, value: float | Decimal | None) -> str:
        """12,345 or 12.345."""
        return NOTHING if value is None else format_decimal(value, locale=self.language)

    def share(self, part: float, whole: float) -> str:
        """`part` of `whole` as a percentage with one decimal, a dash when there is no whole."""
        return NOTHING if not whole else self.percent(part / whole)

    def percent(self, fraction: float | None) -> str:
        """0.123 → 12.3% or 12,3%."""
        return NOTHING if fraction is None else format_percent(fraction, format="0.0%", locale=self.language)

    def money(self, minor: int | None, currency: str | None) -> str:
        """An amount in minor units, with its currency."""
        return NOTHING if minor is None or currency is None else money_text(minor, currency, self.language)

    def amount(self, major: Decimal | None, currency: str) -> str:
        """An amount in major units, with its currency."""
        return NOTHING if major is None else money_text(to_minor(major), currency, self.language)

    def bare_amount(self, major: Decimal | None, currency: str) -> str:
        """An amount in major units without its currency, where a heading names it."""
        return self.amount(major, currency).split("\xa0", 1)[-1]

    def short_amount(self, major: Decimal) -> str:
        """An amount for an axis: 2.5B, 2,5 M."""
        return format_compact(major, self.language)

    def day(self, value: date | str | None) -> str:
        """14 Oct 2025 or 14 Okt 2025."""
        if isinstance(value, str):
            value = date.fromisoformat(value)
        return NOTHING if value is None else format_date(value, "d MMM y", locale=self.language)

    def dated(self, value: date | None, precision: str | None) -> str:
        """A date as exact as it is known: day, month or year."""
        if value is None:
            return NOTHING
        if precision == "year":
            return str(value.year)
        return self.month(value) if precision == "month" else self.day(value)

    def month(self, value: date | str) -> str:
        """Oct 2025; takes a date or '2025-10'."""
        if isinstance(value, str):
            value = date.fromisoformat(f"{value}-01")
        return format_skeleton("yMMM", value, locale=self.language)

    def short_month(self, value: str) -> str:
        """Oct, and Jan 27 where a year begins, for the axis of a chart; takes '2026-10'."""
        first = date.fromisoformat(f"{value}-01")
        return format_date(first, "MMM yy" if first.month == 1 else "MMM", locale=self.language)

    def instant(self, value: datetime | None) -> str:
        """14 Oct 2025 09:30 in the installation's time zone."""
        if value is None:
            return NOTHING
        local = value.astimezone(self.timezone)
        return f"{self.day(local.date())} {format_skeleton('Hm', local, locale=self.language)}"

    def size(self, count: int) -> str:
        """Bytes as 10 MB."""
        for unit, name in _BYTES:
            if count >= unit:
                return f"{format_decimal(round(count / unit, 1), locale=self.language)} {name}"
        return f"{count} B"


def format_compact(value: Decimal, language: str) -> str:
    """A number short enough for the axis of a chart."""
    return format_compact_decimal(value, locale=language, fraction_digits=1)
