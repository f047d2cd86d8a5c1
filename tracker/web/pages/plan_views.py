"""What the pages of a plan show: years with their money, lines with their reasons, what differs between two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tracker.budgeting.history import PlanEventView
from tracker.budgeting.models import PlanState
from tracker.budgeting.schemas import PlanLineView, PlanSummary, PlanView
from tracker.identity.rules import Permission
from tracker.web.charts import Chart, Group, Legend, Words, axis_values, column_chart, nice_top
from tracker.web.choices import Column, Option, Tab, address, columns
from tracker.web.formats import NOTHING, Formats
from tracker.web.i18n import N_
from tracker.web.rendering import translate
from tracker.web.terms import TERMS
from tracker.web.visitor import Visitor

DEFERRED = "deferred"
LINES_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class PlansPage:
    """Saved plans, newest first."""

    plans: tuple[PlanSummary, ...]
    columns: tuple[Column, ...]
    options: tuple[Option, ...]
    may_plan: bool
    first_url: str | None
    next_url: str | None


@dataclass(frozen=True, slots=True)
class YearLine:
    """One fiscal year in words."""

    label: str
    budget: str
    cost: str
    remaining: str
    actions: str
    url: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of a plan in words; `postponed` says why it comes late or not at all."""

    line: PlanLineView
    unit_price: str
    total: str
    reason: str
    postponed: str | None
    risk: str
    tags: str
    url: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """A step of the plan in words."""

    event: PlanEventView
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Steps:
    """Where the plan stands, what was done with it, and what the visitor may do next."""

    tone: str
    events: tuple[EventRow, ...]
    may_adjust: bool
    may_submit: bool
    may_decide: bool
    may_plan: bool
    has_progress: bool
    supersedable: tuple[Option, ...]
    supersedes: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    """One plan: its years, and the lines of one year or the deferred ones."""

    plan: PlanView
    years: tuple[YearLine, ...]
    total: YearLine
    years_title: str
    year_columns: tuple[Column, ...]
    chart: Chart
    tabs: tuple[Tab, ...]
    is_deferred: bool
    lines: tuple[LineRow, ...]
    line_columns: tuple[Column, ...]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    coverage: str
    objective: str
    gap: str | None
    baseline: str | None
    steps: Steps
    first_url: str | None
    next_url: str | None


def list_page(
    visitor: Visitor, plans: Sequence[PlanSummary], per_page: int, may_plan: bool, before: int | None
) -> PlansPage:
    """A page of plans; one more than a page means that there is a next one."""
    shown = plans[:per_page]
    labels = (N_("Plan"), N_("Agency"), N_("State"), N_("Years"), N_("Method"), N_("Made"), N_("By"), N_("Budget"),
              N_("Cost"), N_("Actions"), N_("Deferred units"))  # fmt: skip
    return PlansPage(
        tuple(shown),
        columns(visitor, *labels, numbers=range(7, 11)),
        plan_options(shown),
        may_plan,
        "/plans" if before else None,
        f"/plans?before={shown[-1].id}" if len(plans) > per_page else None,
    )


def plan_options(plans: Iterable[PlanSummary]) -> tuple[Option, ...]:
    """Plans to choose from, by id: names may repeat between agencies."""
    return tuple(Option(str(plan.id), f"{plan.name} · {plan.agency}") for plan in plans)


_TONES = {"draft": "plain", "submitted": "info", "approved": "good", "superseded": "plain"}


def make_steps(
    visitor: Visitor,
    formats: Formats,
    plan: PlanView,
    events: Sequence[PlanEventView],
    approved: Sequence[tuple[int, str]],
) -> Steps:
    """What was done with a plan, newest first, and what the visitor may do with it."""
    may_plan, is_draft = visitor.may(Permission.PLAN), plan.state is PlanState.DRAFT
    based = str(plan.based_on_id or "")
    others = tuple(Option(str(number), name) for number, name in approved if number != plan.id)
    return Steps(
        tone=_TONES[plan.state],
        events=tuple(
            EventRow(one, formats.instant(one.at), _told(visitor, formats, plan, one)) for one in events
        ),
        may_adjust=may_plan and is_draft,
        may_submit=may_plan and is_draft,
        may_decide=visitor.may(Permission.APPROVE) and plan.state is PlanState.SUBMITTED,
        may_plan=may_plan,
        has_progress=plan.state in (PlanState.APPROVED, PlanState.SUPERSEDED),
        supersedable=others,
        supersedes=based if any(one.value == based for one in others) else "",
    )


def _told(visitor: Visitor, formats: Formats, plan: PlanView, event: PlanEventView) -> str:
    """What an adjustment changed, in a few words."""
    if event.edit is None:
        return event.comment
    edit = event.edit
    parts = [translate(visitor, TERMS["edit_kind"][edit["kind"]])]
    if edit["units"] is not None:
        parts.append(translate(visitor, N_("%(units)s units"), units=formats.number(edit["units"])))
    if edit["kind"] == "move":
        parts.append(str(edit["year"] or translate(visitor, N_("Deferred"))))
    if edit["price"] is not None:
        parts.append(formats.amount(Decimal(edit["price"]), plan.currency))
    return " · ".join(part for part in (*parts, event.comment) if part)


def _baseline(visitor: Visitor, formats: Formats, plan: PlanView) -> str | None:
    """The plan against the ranked fill and, where the optimum is known, against that."""
    parts = []
    if plan.method != "ranked" or plan.adjustments:
        more = plan.objective - plan.ranked_objective
        text = (
            N_("%(number)s risk-years more than the ranked fill")
            if more >= 0
            else N_("%(number)s risk-years less than the ranked fill")
        )
        parts.append(translate(visitor, text, number=formats.number(abs(more))))
    if plan.optimal_objective is not None and plan.optimal_objective > plan.objective:
        left = formats.number(plan.optimal_objective - plan.objective)
        text = N_("leaves %(number)s risk-years that the optimum removes")
        parts.append(translate(visitor, text, number=left))
    return " · ".join(parts) or None


def make_page(
    visitor: Visitor, formats: Formats, plan: PlanView, view: str, start: int, steps: Steps
) -> PlanPage:
    """One plan with the lines of the year named by `view`, or the deferred ones, from line `start` on."""
    years = tuple(
        _year_line(formats, plan, year.year, year.budget, year.cost, year.actions) for year in plan.years
    )
    is_deferred = view == DEFERRED
    chosen = view if is_deferred else _chosen_year(plan, view)
    lines = plan.deferred if is_deferred else tuple(one for one in plan.lines if str(one.year) == chosen)
    path, end = f"/plans/{plan.id}", start + LINES_PER_PAGE
    more = address(path, {"view": chosen, "after": str(end)}) if len(lines) > end else None
    labels = (
        N_("Agency"),
        N_("Group"),
        N_("Action"),
        N_("Why"),
        N_("Due"),
        N_("Units"),
        N_("Unit price"),
        N_("Total"),
    )
    return PlanPage(
        plan=plan,
        years=years,
        total=_totals(visitor, formats, plan),
        years_title=translate(visitor, N_("Fiscal years, in %(currency)s"), currency=plan.currency),
        year_columns=columns(
            visitor, N_("Year"), N_("Budget"), N_("Cost"), N_("Remaining"), N_("Actions"), numbers=range(1, 5)
        ),
        chart=_chart(visitor, formats, plan),
        tabs=_tabs(visitor, plan, chosen),
        is_deferred=is_deferred,
        lines=tuple(_line_row(visitor, formats, plan, line) for line in lines[start:end]),
        line_columns=columns(visitor, *labels, numbers=range(4, 8)),
        warnings=tuple(plan.warnings(visitor.language)),
        assumptions=tuple(plan.assumptions(visitor.language)),
        coverage=_coverage(visitor, formats, plan),
        objective=formats.number(plan.objective),
        gap=None if plan.gap is None else formats.percent(float(plan.gap)),
        baseline=_baseline(visitor, formats, plan),
        steps=steps,
        first_url=address(path, {"view": chosen}) if start else None,
        next_url=more,
    )  # fmt: skip


def _chosen_year(plan: PlanView, view: str) -> str:
    known = [str(year.year) for year in plan.years]
    return view if view in known else known[0]


def _year_line(
    formats: Formats, plan: PlanView, year: int | str, budget: Decimal, cost: Decimal, actions: int
) -> YearLine:
    planned, spent, left = (
        formats.bare_amount(amount, plan.currency) for amount in (budget, cost, budget - cost)
    )
    return YearLine(str(year), planned, spent, left, formats.number(actions), f"/plans/{plan.id}?view={year}")


def _totals(visitor: Visitor, formats: Formats, plan: PlanView) -> YearLine:
    budget = sum((year.budget for year in plan.years), Decimal(0))
    cost = sum((year.cost for year in plan.years), Decimal(0))
    actions = sum(year.actions for year in plan.years)
    return _year_line(formats, plan, translate(visitor, N_("All years")), budget, cost, actions)


def _coverage(visitor: Visitor, formats: Formats, plan: PlanView) -> str:
    return translate(
        visitor,
        N_("Coverage at the scan of %(day)s: %(matched)s matched, %(dated)s with known dates"),
        day=formats.day(plan.made_from.scan_as_of),
        matched=formats.percent(plan.coverage.get("matched")),
        dated=formats.percent(plan.coverage.get("dated")),
    )


def _tabs(visitor: Visitor, plan: PlanView, chosen: str) -> tuple[Tab, ...]:
    path = f"/plans/{plan.id}"
    counts = {str(year.year): year.actions for year in plan.years}
    tabs = [Tab(address(path, {"view": year}), year, count, year == chosen) for year, count in counts.items()]
    label = translate(visitor, N_("Deferred"))
    tabs.append(Tab(address(path, {"view": DEFERRED}), label, plan.deferred_units, chosen == DEFERRED))
    return tuple(tabs)


def _line_row(visitor: Visitor, formats: Formats, plan: PlanView, line: PlanLineView) -> LineRow:
    language = visitor.language
    return LineRow(
        line=line,
        unit_price=formats.amount(line.unit_price, line.currency),
        total=NOTHING if line.unit_price is None else formats.amount(line.total, line.currency),
        reason=line.reason(language),
        postponed=line.deferral_reason(language),
        risk=line.risk_explained(language),
        tags=", ".join(line.asset_tags),
        url=f"/plans/{plan.id}/lines/{line.position}",
    )


def _chart(visitor: Visitor, formats: Formats, plan: PlanView) -> Chart:
    most = max((float(max(year.budget, year.cost)) for year in plan.years), default=0.0)
    top = nice_top(most)
    budget, cost = translate(visitor, N_("Budget")), translate(visitor, N_("Cost"))
    groups = []
    for year in plan.years:
        planned, spent = formats.amount(year.budget, plan.currency), formats.amount(year.cost, plan.currency)
        pair = (
            (float(year.budget), "rest", f"{year.year} {budget}: {planned}"),
            (float(year.cost), "main", f"{year.year} {cost}: {spent}"),
        )
        groups.append(Group(str(year.year), pair, (planned, spent)))
    words = Words(
        translate(visitor, N_("Budget and cost by fiscal year")),
        translate(
            visitor, N_("Two columns for each fiscal year: its budget and the cost of what is planned in it.")
        ),
        columns(visitor, N_("Fiscal year"), N_("Budget"), N_("Cost"), numbers=(1, 2)),
        plan.currency,
        (Legend("rest", budget), Legend("main", cost)),
    )
    axis = [(value, formats.short_amount(Decimal(value))) for value in axis_values(top)]
    return column_chart(words, groups, axis, top)
