"""A record in the making, and what the functions that fill it may say is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from importers.rows import Record, SoftwareName

#: What is wrong with a cell: a stable code and a message.
Issue = tuple[str, str]
#: Takes a filled cell into the draft; returns None or what is wrong.
Setter = Callable[["Draft", object], Issue | None]
#: How many distinct cells of a column are remembered.
MEMO = 20_000
MESSAGES = {
    "money-unreadable": "the amount cannot be read; it stays unknown",
    "money-negative": "the amount is negative",
    "money-absurd": "the amount is not a plausible price",
    "date-unreadable": "the date cannot be read; it stays unknown",
    "date-invalid": "there is no such day; the date stays unknown",
    "date-order": "day and month are in the other order than in the rest of the column; the date stays unknown",
    "date-implausible": "the date is before 1950 or after 2100; it stays unknown",
    "date-future": "the date is in the future",
}


@dataclass(slots=True)
class Draft:
    """A record in the making, with what needs other columns before it means something."""

    record: Record
    category: str = ""
    specification: str = ""
    marker: str = ""
    stated_class: str | None = None
    stated_scope: str | None = None
    os_version: str = ""
    os_fallback: str = ""
    address: str = ""
    ticks: dict[str, int] = field(default_factory=dict)
    units_stated: int | None = None
    warranty_months: int | None = None
    money_currency: str | None = None
    software_version: str | None = None
    software_publisher: str | None = None
    software: list[tuple[SoftwareName, ...]] = field(default_factory=list)


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    total = day.month - 1 + months
    year, month = day.year + total // 12, total % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def share(amount: Decimal, units: int) -> Decimal:
    """One unit's part of an amount, to the hundredth."""
    return (amount / units).quantize(Decimal("0.01"))
