"""What the page of compared plans shows: two or three plans by year, in a chart, and line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tracker.budgeting.comparison import GroupChange, PlanComparison, PlanFigures, Scenarios
from tracker.web.charts import Chart, Group, Legend, Words, axis_values, column_chart, nice_top, shortened
from tracker.web.choices import Column, Option, columns
from tracker.web.formats import NOTHING, Formats
from tracker.web.i18n import N_
from tracker.web.rendering import translate
from tracker.web.visitor import Visitor


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A plan in the table of figures."""

    plan: PlanFigures
    cost: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A group that differs between two plans; years are 'year: units', `prices` where both buy in a year."""

    change: GroupChange
    before: str
    after: str
    total_a: str
    total_b: str
    prices: str


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """The groups that differ in one way."""

    title: str
    rows: tuple[ChangeRow, ...]
    more: int


@dataclass(frozen=True, slots=True)
class PairSection:
    """The first plan against another."""

    title: str
    unchanged: int
    columns: tuple[Column, ...]
    tables: tuple[ChangeTable, ...]


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Two or three plans side by side."""

    options: tuple[Option, ...]
    chosen: tuple[str, str, str]
    plans: tuple[FigureRow, ...]
    plan_columns: tuple[Column, ...]
    chart: Chart | None
    pairs: tuple[PairSection, ...]


_KINDS = (
    ("added", N_("Added")),
    ("dropped", N_("Dropped")),
    ("moved", N_("In other years")),
    ("resized", N_("In other quantities")),
    ("repriced", N_("At other prices")),
)
_MOST_CHANGES = 100
_TONES = ("rest", "main", "warn")


def compare_page(
    visitor: Visitor,
    formats: Formats,
    options: tuple[Option, ...],
    chosen: tuple[str, str, str],
    found: Scenarios | None,
) -> ComparePage:
    """Plans side by side; without a choice only the form."""
    labels = (
        N_("Plan"),
        N_("State"),
        N_("Method"),
        N_("Cost"),
        N_("Risk-years removed"),
        N_("Deferred units"),
    )
    plans = () if found is None else found.plans
    return ComparePage(
        options=options,
        chosen=chosen,
        plans=tuple(FigureRow(plan, formats.amount(plan.cost, plan.currency)) for plan in plans),
        plan_columns=columns(visitor, *labels, numbers=range(3, 6)),
        chart=None if found is None else _chart(visitor, formats, found.plans),
        pairs=() if found is None else tuple(_section(visitor, formats, pair) for pair in found.pairs),
    )


def _chart(visitor: Visitor, formats: Formats, plans: tuple[PlanFigures, ...]) -> Chart | None:
    """Cost by year, a column for each plan; none where currencies differ: they are never put side by side."""
    if len({plan.currency for plan in plans}) > 1:
        return None
    currency = plans[0].currency
    years = sorted({year.year for plan in plans for year in plan.years})
    costs = [{year.year: year.cost for year in plan.years} for plan in plans]
    top = nice_top(max((float(cost) for by_year in costs for cost in by_year.values()), default=0.0))
    groups = []
    for year in years:
        shown = [formats.amount(by_year.get(year), currency) for by_year in costs]
        parts = tuple(
            (float(by_year.get(year, 0)), tone, f"{year} {plan.name}: {text}")
            for by_year, tone, plan, text in zip(costs, _TONES, plans, shown, strict=False)
        )
        groups.append(Group(str(year), parts, tuple(shown)))
    numbers = range(1, len(plans) + 1)
    heads = (Column(translate(visitor, N_("Fiscal year"))), *(Column(plan.name, "number") for plan in plans))
    assert len(heads) == len(numbers) + 1
    words = Words(
        translate(visitor, N_("Cost by fiscal year")),
        translate(visitor, N_("For each fiscal year a column with the cost of each plan.")),
        heads,
        currency,
        tuple(Legend(tone, shortened(plan.name)) for tone, plan in zip(_TONES, plans, strict=False)),
    )
    axis = [(value, formats.short_amount(Decimal(value))) for value in axis_values(top)]
    return column_chart(words, groups, axis, top)


def _section(visitor: Visitor, formats: Formats, pair: PlanComparison) -> PairSection:
    return PairSection(
        title=translate(visitor, N_("%(other)s against %(first)s"), other=pair.b, first=pair.a),
        unchanged=pair.unchanged,
        columns=columns(
            visitor, N_("Agency"), N_("Group"), N_("Action"), N_("Before"), N_("After"), N_("Unit price"),
            N_("Cost before"), N_("Cost after"), numbers=(6, 7),
        ),
        tables=tuple(_change_tables(visitor, formats, pair)),
    )  # fmt: skip


def _change_tables(visitor: Visitor, formats: Formats, found: PlanComparison) -> Iterable[ChangeTable]:
    for name, title in _KINDS:
        changes: tuple[GroupChange, ...] = getattr(found, name)
        if changes:
            rows = tuple(_change_row(formats, found, change) for change in changes[:_MOST_CHANGES])
            yield ChangeTable(translate(visitor, title), rows, max(0, len(changes) - _MOST_CHANGES))


def _change_row(formats: Formats, found: PlanComparison, change: GroupChange) -> ChangeRow:
    prices = (change.unit_price_before, change.unit_price_after)
    differ = prices[0] != prices[1]
    shown = [
        formats.amount(price, currency)
        for price, currency in zip(prices, (found.currency_a, found.currency_b), strict=True)
    ]
    return ChangeRow(
        change,
        _units(formats, change.before),
        _units(formats, change.after),
        formats.amount(change.total_before, found.currency_a),
        formats.amount(change.total_after, found.currency_b),
        " → ".join(shown) if differ else shown[0],
    )


def _units(formats: Formats, by_year: dict[int, int]) -> str:
    return ", ".join(f"{year}: {formats.number(units)}" for year, units in sorted(by_year.items())) or NOTHING
