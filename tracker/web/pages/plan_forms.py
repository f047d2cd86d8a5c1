"""The form for a new plan: years first, then a budget for each; no script needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from babel.numbers import NumberFormatError, parse_decimal

from tracker.budgeting import limit_texts
from tracker.budgeting.requests import MOST_YEARS
from tracker.budgeting.schemas import NewLimits, NewPlan
from tracker.identity.errors import Invalid
from tracker.web.choices import Option
from tracker.web.formats import Formats
from tracker.web.forms import Posted
from tracker.web.i18n import N_
from tracker.web.rendering import translate
from tracker.web.visitor import Visitor

#: Currencies of the shipped price books.
CURRENCIES = ("IDR", "USD")
DEFAULT_YEARS = 5
_FURTHEST_YEAR = 2200


@dataclass(frozen=True, slots=True)
class BudgetField:
    """The amount of one fiscal year, as typed."""

    year: int
    name: str
    label: str
    typed: str
    error: str | None


@dataclass(frozen=True, slots=True)
class NewPlanPage:
    """The form, with what was typed and what is wrong with it."""

    first: int
    last: int
    first_years: tuple[Option, ...]
    lengths: tuple[Option, ...]
    length: str
    budgets: tuple[BudgetField, ...]
    agencies: tuple[Option, ...]
    currencies: tuple[Option, ...]
    methods: tuple[Option, ...]
    example: str
    typed: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    has_limits: bool = False


def read_years(first: str | None, length: str | None, this_year: int) -> tuple[int, int]:
    """First and last fiscal year of what was chosen; the next five without a choice that fits."""
    start = int(first) if first and first.isascii() and first.isdigit() and len(first) == 4 else this_year + 1
    start = min(max(start, 2000), _FURTHEST_YEAR - MOST_YEARS)
    count = (
        int(length) if length and length.isascii() and length.isdigit() and len(length) < 3 else DEFAULT_YEARS
    )
    return start, start + min(max(count, 1), MOST_YEARS) - 1


def read_amount(text: str, language: str) -> Decimal | None:
    """An amount as people of the language type it ('2.500.000.000' or '2,500,000,000'); None when it is none."""
    plain = text.replace("Rp", "").replace("\u00a0", "").replace(" ", "")
    if plain.isascii() and plain.isdigit():
        return Decimal(plain)
    try:
        return Decimal(parse_decimal(plain, locale=language, strict=True))
    except NumberFormatError:
        return None


def read_limits(visitor: Visitor, form: Posted) -> NewLimits:
    """The limits of a form.

    Raises:
        Invalid: a line is not written as the form asks; the message shows it.
    """
    smoothing = form.text("smoothing").removesuffix("%").strip()
    if smoothing and not (smoothing.isascii() and smoothing.isdigit() and len(smoothing) < 6):
        raise Invalid("bad-smoothing", f"{smoothing!r} is no whole percentage.")
    return NewLimits(
        caps=limit_texts.read_caps(form.text("caps"), lambda text: read_amount(text, visitor.language)),
        floors=limit_texts.read_floors(form.text("floors")),
        capacity=limit_texts.read_units(form.text("capacity")) if form.find("capacity") else {},
        smoothing_pct=int(smoothing) if smoothing else None,
    )


def read_percent(visitor: Visitor, form: Posted) -> Decimal | None:
    """The inflation of a form, None when blank.

    Raises:
        Invalid: it is no number.
    """
    typed = form.text("inflation").removesuffix("%").strip()
    percent = read_amount(typed.replace(".", ",") if visitor.language == "id" else typed, visitor.language)
    if typed and percent is None:
        raise Invalid("bad-inflation", f"{typed!r} is no percentage.")
    return percent if typed else None


def read_budgets(visitor: Visitor, form: Posted, years: tuple[int, int]) -> dict[int, Decimal]:
    """The budgets of a form by year; a year whose amount cannot be read is left out."""
    found = {}
    for year in range(years[0], years[1] + 1):
        amount = read_amount(form.text(f"budget_{year}"), visitor.language)
        if amount is not None:
            found[year] = amount
    return found


def read_plan(visitor: Visitor, form: Posted) -> tuple[NewPlan, dict[int, str]]:
    """What the form asks for, and {year: what is wrong with its amount}.

    Raises:
        Invalid: a line of the limits cannot be read.
    """
    first, last = read_years(form.find("first"), form.find("length"), visitor.today.year)
    budgets: dict[int, Decimal] = {}
    errors: dict[int, str] = {}
    for year in range(first, last + 1):
        typed = form.text(f"budget_{year}")
        amount = read_amount(typed, visitor.language) if typed else None
        if amount is None or amount < 0:
            errors[year] = translate(visitor, N_("An amount is needed; 0 for none."))
        else:
            budgets[year] = amount
    request = NewPlan(
        name=form.text("name"),
        agency_code=form.find("agency"),
        years=(first, last),
        budgets=budgets,
        currency=form.text("currency") or CURRENCIES[0],
        method=form.text("method") or "ranked",
        limits=read_limits(visitor, form),
        inflation_pct=read_percent(visitor, form),
    )
    return request, errors


def budget_fields(
    visitor: Visitor, years: tuple[int, int], typed: Mapping[str, str], errors: Mapping[int, str]
) -> tuple[BudgetField, ...]:
    """A field for the budget of each year."""
    return tuple(
        BudgetField(
            year,
            f"budget_{year}",
            translate(visitor, N_("Budget %(year)s"), year=year),
            typed.get(f"budget_{year}", ""),
            errors.get(year),
        )
        for year in range(years[0], years[1] + 1)
    )


def make_form(
    visitor: Visitor,
    formats: Formats,
    agencies: tuple[Option, ...],
    methods: tuple[Option, ...],
    years: tuple[int, int],
    typed: Mapping[str, str],
    errors: Mapping[int, str],
    error: str | None = None,
) -> NewPlanPage:
    """The form for `years`."""
    first, last = years
    this_year = visitor.today.year
    budgets = budget_fields(visitor, years, typed, errors)
    starts = sorted({*range(this_year, this_year + 6), first})
    return NewPlanPage(
        first=first,
        last=last,
        first_years=tuple(Option(str(year), str(year)) for year in starts),
        lengths=tuple(Option(str(count), formats.number(count)) for count in range(1, MOST_YEARS + 1)),
        length=str(last - first + 1),
        budgets=budgets,
        agencies=agencies,
        currencies=tuple(Option(code, code) for code in CURRENCIES),
        methods=methods,
        example=formats.number(2_500_000_000),
        typed=typed,
        error=error,
        has_limits=any(typed.get(name) for name in ("caps", "floors", "capacity", "smoothing", "inflation")),
    )
