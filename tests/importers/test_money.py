"""Amounts in both styles."""

from __future__ import annotations

from decimal import Decimal

import pytest

from importers.values.money import Money, find_currency, find_multiplier, parse_money
from importers.vocabulary import default_vocabulary

WORDS = default_vocabulary()


@pytest.mark.parametrize(
    ("value", "amount", "currency"),
    [
        ("Rp 12.500.000,00", "12500000", "IDR"),
        ("Rp12.500.000", "12500000", "IDR"),
        ("Rp. 12.500.000,-", "12500000", "IDR"),
        ("Rp\u00a07.500.000", "7500000", "IDR"),
        ("IDR 12.500.000", "12500000", "IDR"),
        ("12.500.000", "12500000", None),
        ("12,500,000", "12500000", None),
        ("12,500,000.00", "12500000", None),
        ("12.500.000,50", "12500000.50", None),
        ("12 500 000", "12500000", None),
        ("12500000.0", "12500000", None),
        ("950.000", "950000", None),
        ("12,5 juta", "12500000", None),
        ("12.5 jt", "12500000", None),
        ("12.5jt", "12500000", None),
        ("12.500.000 (per unit)", "12500000", None),
        ("USD 9,850.00", "9850", "USD"),
        ("$1,200.50", "1200.50", "USD"),
        ("1.234,5", "1234.5", None),
        (12500000, "12500000", None),
        (9850.5, "9850.5", None),
        (150000000.005, "150000000.00", None),
        (5e-324, "0", None),
        ("0", "0", None),
    ],
)
def test_amounts(value: object, amount: str, currency: str | None) -> None:
    assert parse_money(value, WORDS) == Money(Decimal(amount), currency)


@pytest.mark.parametrize("value", ["-", "Rp -", "", "N/A", "Rp."])
def test_a_dash_is_an_unknown_amount_and_no_problem(value: str) -> None:
    found = parse_money(value, WORDS)
    assert (found.amount, found.problem) == (None, None)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("dua belas juta", "money-unreadable"),
        ("12.34.5", "money-unreadable"),
        ("10 unit @ 8.500.000", "money-unreadable"),
        (True, "money-unreadable"),
        (-5, "money-negative"),
        ("-7.500.000", "money-negative"),
        ("Rp -7.500.000", "money-negative"),
        ("(7,500)", "money-negative"),
        (float("nan"), "money-absurd"),
        (float("inf"), "money-absurd"),
        (1e300, "money-absurd"),
        ("9" * 40, "money-absurd"),
    ],
)
def test_what_is_no_amount_stays_unknown_and_says_why(value: object, problem: str) -> None:
    found = parse_money(value, WORDS)
    assert (found.amount, found.problem) == (None, problem)


def test_headers_name_currency_and_multiplier() -> None:
    assert find_multiplier("Harga Beli/ Perolehan (ribuan Rp)", WORDS) == 1000
    assert find_multiplier("Harga (dalam jutaan)", WORDS) == 1_000_000
    assert find_multiplier("Harga (Rp)", WORDS) == 1
    assert find_currency("Harga Beli (Rp)", WORDS) == "IDR"
    assert find_currency("Cost (USD)", WORDS) == "USD"
    assert find_currency("Cost", WORDS) is None
