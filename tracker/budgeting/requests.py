"""Checking what a user asks for before a plan is made, pure."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from tracker.budgeting.money import LARGEST_MAJOR, is_payable, to_minor
from tracker.budgeting.schemas import NewPlan
from tracker.identity.errors import Invalid

MOST_YEARS = 10
_LONGEST_NAME = 200
_HIGHEST_INFLATION = 100


def check_request(request: NewPlan, methods: Collection[str], currencies: Collection[str]) -> dict[int, int]:
    """The budgets in minor units by year, when all that was asked for can be done.

    Raises:
        Invalid: the name, years, method, currency or a budget cannot be used; the message says which and why.
    """
    _check_name(request.name)
    _check_years(request)
    if request.method not in methods:
        raise Invalid(
            "unknown-method", f"Method {request.method!r} is unknown; there is: {', '.join(sorted(methods))}."
        )
    if request.currency not in currencies:
        known = ", ".join(sorted(currencies)) or "none"
        raise Invalid(
            "unknown-currency", f"There is no price book in {request.currency!r}; there is one in: {known}."
        )
    _check_inflation(request.inflation_pct)
    return _budgets(request)


def _check_inflation(percent: Decimal | None) -> None:
    if percent is not None and not (percent.is_finite() and 0 <= percent <= _HIGHEST_INFLATION):
        raise Invalid(
            "bad-inflation", f"Prices rise by {percent} % a year; 0 to {_HIGHEST_INFLATION} can be assumed."
        )


def _check_name(name: str) -> None:
    if not name.strip() or name != name.strip():
        raise Invalid("bad-name", "A plan needs a name, without spaces around it.")
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise Invalid("bad-name", f"A plan's name has at most {_LONGEST_NAME} printable characters.")
    if name.isascii() and name.isdigit():
        raise Invalid("bad-name", f"{name} would be taken for a plan's id: a name needs a letter.")


def _check_years(request: NewPlan) -> None:
    first, last = request.years
    if first > last:
        raise Invalid("bad-years", f"The first year {first} is after the last year {last}.")
    if last - first + 1 > MOST_YEARS:
        raise Invalid(
            "bad-years", f"{first} to {last} is {last - first + 1} years; at most {MOST_YEARS} are planned."
        )
    if not 2000 <= first <= 2200:
        raise Invalid("bad-years", f"{first} is not a fiscal year that can be planned (2000 to 2200).")
    if not 1 <= request.fiscal_year_start_month <= 12:
        raise Invalid("bad-years", f"{request.fiscal_year_start_month} is not a month (1 to 12).")


def _budgets(request: NewPlan) -> dict[int, int]:
    years = range(request.years[0], request.years[1] + 1)
    missing = [str(year) for year in years if year not in request.budgets]
    if missing:
        raise Invalid("missing-budget", f"No budget is given for {', '.join(missing)}; write 0 for none.")
    foreign = [str(year) for year in sorted(request.budgets) if year not in years]
    if foreign:
        raise Invalid("bad-budget", f"A budget is given for {', '.join(foreign)}, outside the plan's years.")
    return {
        year: budget_minor(f"The budget of {year}", request.budgets[year], request.currency) for year in years
    }


def budget_minor(what: str, amount: Decimal, currency: str, code: str = "bad-budget") -> int:
    """An amount in minor units, when it can be planned; `what` begins the sentence of a refusal.

    Raises:
        Invalid: it is negative, too large, or has parts that cannot be paid.
    """
    if not amount.is_finite() or amount < 0:
        raise Invalid(code, f"{what} is {amount}; it must be 0 or more.")
    if amount > LARGEST_MAJOR:
        raise Invalid(code, f"{what} is {amount}; at most {LARGEST_MAJOR:,} can be planned.")
    try:
        minor = to_minor(amount)
    except ValueError as error:
        raise Invalid(code, f"{what}: {error}.") from error
    if not is_payable(minor, currency):
        raise Invalid(code, f"{what} is {amount}; {currency} is planned in whole units.")
    return minor
