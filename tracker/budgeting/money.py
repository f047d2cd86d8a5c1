"""Money and fiscal years, pure: exact decimals, rounded once to minor units. No session, clock or I/O."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

#: Minor units in the smallest amount that is paid: a rupiah is 100 sen and no sen are paid.
ROUNDING_MINOR = {"IDR": 100}
#: Spreadsheets keep 15 digits; a yearly budget above this many major units could not be shown exactly.
LARGEST_MAJOR = Decimal(10) ** 15


def to_minor(amount: Decimal) -> int:
    """`amount` in major units as minor units.

    Raises:
        ValueError: the amount is not finite or has parts smaller than a minor unit.
    """
    if not amount.is_finite():
        raise ValueError(f"{amount} is not an amount")
    with localcontext() as context:
        context.prec = 60
        minor = amount * 100
        if minor != minor.to_integral_value():
            raise ValueError(f"{amount} has parts smaller than a hundredth")
        return int(minor)


def to_major(minor: int) -> Decimal:
    """Minor units as major units with two decimals; `str()` of it is the decimal string of the API."""
    return Decimal(minor).scaleb(-2)


def is_payable(minor: int, currency: str) -> bool:
    """Whether an amount can be paid in `currency` (rupiah: no sen)."""
    return minor % ROUNDING_MINOR.get(currency, 1) == 0


def price_in_year(base_minor: int, inflation_pct: Decimal, years: int, currency: str) -> int:
    """The price `years` after its base year: base × (1 + inflation)^years.

    Exact until the end, then rounded once, half up, to the smallest payable amount of `currency`.
    Years before the base year count as the base year (a price is never deflated).
    """
    step = ROUNDING_MINOR.get(currency, 1)
    with localcontext() as context:
        context.prec = 120
        factor = (1 + inflation_pct / 100) ** max(years, 0)
        return int((base_minor * factor / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)) * step


def fiscal_year(day: date, start_month: int = 1) -> int:
    """The fiscal year of `day`, named by the calendar year in which it ends (10: October 2026 is in 2027)."""
    return day.year + (1 if start_month > 1 and day.month >= start_month else 0)


def fiscal_year_end(year: int, start_month: int = 1) -> date:
    """The last day of fiscal year `year`."""
    if start_month == 1:
        return date(year, 12, 31)
    return date(year, start_month, 1) - timedelta(days=1)
