"""Money: exact decimals rounded once, fiscal years by the calendar year in which they end."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tracker.budgeting.money import (
    fiscal_year,
    fiscal_year_end,
    is_payable,
    price_in_year,
    to_major,
    to_minor,
)


@pytest.mark.parametrize(
    ("base", "inflation", "years", "currency", "expected"),
    [
        (1_500_000_000, "3.0", 0, "IDR", 1_500_000_000),
        (1_500_000_000, "3.0", 1, "IDR", 1_545_000_000),
        # 15,000,000 × 1.03^5 = 17,389,111.111450 → 17,389,111 rupiah
        (1_500_000_000, "3.0", 5, "IDR", 1_738_911_100),
        # 12,500,000 × 1.03^3 = 13,659,087.50 → half up → 13,659,088 rupiah
        (1_250_000_000, "3.0", 3, "IDR", 1_365_908_800),
        # 1,150.00 × 1.025^2 = 1,208.21875 → 1,208.22
        (115_000, "2.5", 2, "USD", 120_822),
        (115_000, "2.5", -3, "USD", 115_000),
        (100, "0", 10, "USD", 100),
        (100, "-1.5", 1, "USD", 99),
    ],
)
def test_price_in_year(base: int, inflation: str, years: int, currency: str, expected: int) -> None:
    assert price_in_year(base, Decimal(inflation), years, currency) == expected


@pytest.mark.parametrize(
    ("day", "start", "expected"),
    [
        (date(2026, 12, 31), 1, 2026),
        (date(2027, 1, 1), 1, 2027),
        (date(2026, 9, 30), 10, 2026),
        (date(2026, 10, 1), 10, 2027),
        (date(2026, 3, 31), 4, 2026),
        (date(2026, 4, 1), 4, 2027),
    ],
)
def test_fiscal_year(day: date, start: int, expected: int) -> None:
    assert fiscal_year(day, start) == expected
    assert day <= fiscal_year_end(expected, start)


def test_fiscal_year_end() -> None:
    assert fiscal_year_end(2027) == date(2027, 12, 31)
    assert fiscal_year_end(2027, 10) == date(2027, 9, 30)
    assert fiscal_year_end(2028, 3) == date(2028, 2, 29)


def test_minor_and_major_units() -> None:
    assert to_minor(Decimal("15000000")) == 1_500_000_000
    assert to_minor(Decimal("0.01")) == 1
    assert str(to_major(1_500_000_000)) == "15000000.00"
    assert str(to_major(-5)) == "-0.05"
    assert to_minor(Decimal("999999999999999.99")) == 99_999_999_999_999_999


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "0.001"])
def test_what_is_not_an_amount(amount: str) -> None:
    with pytest.raises(ValueError):
        to_minor(Decimal(amount))


def test_rupiah_are_paid_without_sen() -> None:
    assert is_payable(100, "IDR")
    assert not is_payable(150, "IDR")
    assert is_payable(150, "USD")
