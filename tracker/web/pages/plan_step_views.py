"""What the pages around a saved plan show: a line to change, a scenario to make, planned against actual."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tracker.budgeting.drafting import METHODS
from tracker.budgeting.frozen import Kept
from tracker.budgeting.limit_texts import write_limits
from tracker.budgeting.models import PlanState
from tracker.budgeting.progress import LineProgress, PlanProgressView, ProgressEntry, YearProgress
from tracker.budgeting.schemas import PlanLineView, PlanView
from tracker.identity.rules import Permission
from tracker.web.choices import Column, Option, columns, term_options
from tracker.web.formats import Formats
from tracker.web.i18n import N_
from tracker.web.pages.plan_forms import BudgetField, budget_fields
from tracker.web.rendering import translate
from tracker.web.visitor import Visitor


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One thing that happened to units of a line."""

    entry: ProgressEntry
    amount: str


@dataclass(frozen=True, slots=True)
class LinePage:
    """A line; what may be changed in a draft, and recorded of an approved plan."""

    plan: PlanView
    line: PlanLineView
    view: str
    back: str
    unit_price: str
    total: str
    reason: str
    postponed: str | None
    risk: str
    tags: str
    years: tuple[Option, ...]
    may_change: bool
    may_record: bool
    steps: tuple[Option, ...]
    today: str
    entries: tuple[EntryRow, ...]
    entry_columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class YearRow:
    """Planned against actual of a year, in words."""

    year: YearProgress
    planned: str
    committed: str
    paid: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """Planned against actual of a line, in words."""

    line: LineProgress
    planned: str
    paid: str
    came: str
    url: str


@dataclass(frozen=True, slots=True)
class ProgressPage:
    """Planned against actual of a plan."""

    plan_id: int
    name: str
    title: str
    years: tuple[YearRow, ...]
    year_columns: tuple[Column, ...]
    lines: tuple[LineRow, ...]
    line_columns: tuple[Column, ...]
    more: int


@dataclass(frozen=True, slots=True)
class ScenarioPage:
    """The form for another plan made from a saved one."""

    plan_id: int
    plan_name: str
    as_of: str
    first: int
    last: int
    budgets: tuple[BudgetField, ...]
    methods: tuple[Option, ...]
    bases: tuple[Option, ...]
    typed: Mapping[str, str]
    has_limits: bool
    example: str
    error: str | None


def line_page(
    visitor: Visitor,
    formats: Formats,
    plan: PlanView,
    line: PlanLineView,
    entries: Sequence[ProgressEntry],
) -> LinePage:
    """One line of a plan."""
    may_plan = visitor.may(Permission.PLAN)
    view = "deferred" if line.year is None else str(line.year)
    years = [Option(str(year.year), str(year.year)) for year in plan.years if year.year != line.year]
    if line.year is not None:
        years.append(Option("deferred", translate(visitor, N_("Deferred"))))
    in_force = plan.state in (PlanState.APPROVED, PlanState.SUPERSEDED)
    return LinePage(
        plan=plan,
        line=line,
        view=view,
        back=f"/plans/{plan.id}?view={view}",
        unit_price=formats.amount(line.unit_price, line.currency),
        total=formats.amount(line.total, line.currency),
        reason=line.reason(visitor.language),
        postponed=line.deferral_reason(visitor.language),
        risk=line.risk_explained(visitor.language),
        tags=", ".join(line.asset_tags),
        years=tuple(years),
        may_change=may_plan and plan.state is PlanState.DRAFT,
        may_record=may_plan and in_force and line.year is not None,
        steps=term_options(visitor, "progress_step"),
        today=visitor.today.isoformat(),
        entries=tuple(EntryRow(one, formats.amount(one.amount, line.currency)) for one in entries),
        entry_columns=columns(
            visitor, N_("Step"), N_("Day"), N_("Units"), N_("Amount"), N_("New asset"), N_("By"), numbers=(2, 3)
        ),
    )  # fmt: skip


_MOST_LINES = 500


def progress_page(
    visitor: Visitor, formats: Formats, plan_id: int, name: str, found: PlanProgressView
) -> ProgressPage:
    """Planned against actual."""
    return ProgressPage(
        plan_id=plan_id,
        name=name,
        title=translate(visitor, N_("Fiscal years, in %(currency)s"), currency=found.currency),
        years=tuple(
            YearRow(
                one,
                formats.bare_amount(one.planned, found.currency),
                formats.bare_amount(one.committed, found.currency),
                formats.bare_amount(one.paid, found.currency),
            )
            for one in found.years
        ),
        year_columns=columns(
            visitor, N_("Year"), N_("Units"), N_("Ordered"), N_("Delivered"), N_("Replaced"), N_("Planned cost"),
            N_("Amount ordered"), N_("Amount paid"), numbers=range(1, 8),
        ),
        lines=tuple(_line_row(formats, plan_id, one, found.currency) for one in found.lines[:_MOST_LINES]),
        line_columns=columns(
            visitor, N_("Year"), N_("Group"), N_("Units"), N_("Ordered"), N_("Delivered"), N_("Replaced"),
            N_("Planned cost"), N_("Amount paid"), N_("New assets"), numbers=range(2, 8),
        ),
        more=max(0, len(found.lines) - _MOST_LINES),
    )  # fmt: skip


def _line_row(formats: Formats, plan_id: int, line: LineProgress, currency: str) -> LineRow:
    return LineRow(
        line,
        formats.bare_amount(line.planned, currency),
        formats.bare_amount(line.paid, currency),
        ", ".join(one.new_asset for one in line.entries if one.new_asset),
        f"/plans/{plan_id}/lines/{line.position}",
    )


def scenario_page(
    visitor: Visitor, formats: Formats, kept: Kept, typed: Mapping[str, str] | None, error: str | None
) -> ScenarioPage:
    """The form, filled with what the plan has or with what was typed."""
    request, currency = kept.request, kept.row.currency

    def shown(amount: Decimal) -> str:
        return formats.bare_amount(amount, currency)

    filled = dict(typed) if typed is not None else _filled(visitor, kept, shown)
    first, last = request.years
    return ScenarioPage(
        plan_id=kept.row.id,
        plan_name=kept.row.name,
        as_of=formats.day(kept.row.as_of),
        first=first,
        last=last,
        budgets=budget_fields(visitor, request.years, filled, {}),
        methods=term_options(visitor, "method", sorted(METHODS, reverse=True)),
        bases=term_options(visitor, "plan_basis"),
        typed=filled,
        has_limits=any(filled.get(name) for name in ("caps", "floors", "capacity", "smoothing", "inflation")),
        example=formats.number(2_500_000_000),
        error=error,
    )


def _filled(visitor: Visitor, kept: Kept, shown: Callable[[Decimal], str]) -> dict[str, str]:
    request = kept.request
    budgets = {f"budget_{year}": shown(amount) for year, amount in request.budgets.items()}
    name = translate(visitor, N_("%(name)s, other scenario"), name=kept.row.name)
    inflation = "" if request.inflation_pct is None else str(request.inflation_pct)
    return {
        **budgets,
        **write_limits(request.limits, shown),
        "name": name[:200],
        "method": request.method,
        "basis": "frozen",
        "keep": "yes",
        "inflation": inflation,
    }
