"""A draft as the rows that it is saved as, pure; and the view of a draft that is not saved."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from tracker.budgeting import stored, texts
from tracker.budgeting.drafting import Draft
from tracker.budgeting.models import PlanAction, PlanState
from tracker.budgeting.needs import FillLine, Member
from tracker.budgeting.schemas import PlanView

#: How many assets of a line are named.
SHOWN_TAGS = 10
YEAR_COLUMNS = ("agency_id", "plan_id", "fiscal_year", "budget_minor", "cost_minor", "actions")
LINE_COLUMNS = (
    "agency_id", "id", "plan_id", "position", "need_no", "owner_agency_id", "asset_class", "group_label", "action",
    "fiscal_year", "mandatory", "by_hand", "quantity", "unit_price_minor", "total_minor", "risk_removed", "reason",
    "deferral_reason", "evidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Making:
    """Who makes a plan, when, and how long computing it took."""

    actor: str
    now: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A line of the fill with its ids, its place in the plan and the assets that it takes."""

    plan_id: int
    line_id: int
    position: int
    line: FillLine
    members: list[Member]


def plan_values(plan_id: int, draft: Draft, making: Making) -> dict[str, Any]:
    """The row of `plan`, but for the frozen inputs."""
    request, fill = draft.request, draft.fill
    return {
        "agency_id": draft.agency.id,
        "id": plan_id,
        "name": request.name,
        "state": PlanState.DRAFT.value,
        "revision": 0,
        "based_on_id": draft.based_on_id,
        "method": request.method,
        "currency": request.currency,
        "first_year": request.years[0],
        "last_year": request.years[1],
        "as_of": draft.today,
        "actor": making.actor,
        "created_at": making.now,
        "policy_id": draft.policy_id,
        "price_book_id": draft.price_book_id,
        "catalogue_as_of": draft.made_from.catalogue_as_of,
        "objective": str(fill.objective),
        "bound": fill.bound,
        "gap": fill.gap,
        "result": _result(draft, making.seconds),
    }


def _result(draft: Draft, seconds: float) -> dict[str, Any]:
    return {
        "agency": draft.agency.code,
        "agency_name": draft.agency.name,
        "possible": draft.fill.possible,
        "deferred_units": sum(line.quantity for line in draft.fill.deferred),
        "made_from": stored.made_from_json(draft.made_from),
        "prices": [stored.price_json(price) for price in draft.prices],
        "assumptions": [stored.reason_json(reason) for reason in draft.assumptions],
        "warnings": [stored.reason_json(reason) for reason in draft.warnings],
        "seconds": round(seconds, 3),
        "request": draft.request.model_dump(mode="json"),
        "ranked_objective": draft.ranked_objective,
        "optimal_objective": draft.fill.objective if draft.request.method == "optimal" else None,
        "adjustments": 0,
    }


def year_rows(plan_id: int, draft: Draft) -> Iterator[tuple[int, ...]]:
    """The rows of `plan_year`, see YEAR_COLUMNS, in year order."""
    costs, units = Counter[int](), Counter[int]()
    for line in draft.fill.lines:
        assert line.year is not None
        costs[line.year] += line.total_minor
        units[line.year] += line.quantity
    budgets = draft.problem.budgets_minor
    for year in draft.problem.years:
        yield draft.agency.id, plan_id, year, budgets[year], costs[year], units[year]


def place_lines(plan_id: int, ids: Iterable[int], draft: Draft) -> list[Placed]:
    """Lines with their ids, positions from 1 and assets: those done, then those deferred."""
    lines = draft.fill.lines + draft.fill.deferred
    return [
        Placed(
            plan_id,
            line_id,
            position,
            line,
            members_of(draft.problem.needs[line.need].assets, line.first_unit, line.quantity),
        )
        for position, (line_id, line) in enumerate(zip(ids, lines, strict=True), start=1)
    ]


def members_of(members: tuple[Member, ...], first: int, quantity: int) -> list[Member]:
    """The assets behind units `first` to `first + quantity` of a group; one may be cut in two."""
    found, start = [], 0
    for member in members:
        overlap = min(start + member.units, first + quantity) - max(start, first)
        if overlap > 0:
            found.append(member._replace(units=overlap))
        start += member.units
        if start >= first + quantity:
            break
    return found


def line_row(draft: Draft, placed: Placed) -> tuple[Any, ...]:
    """The row of `plan_line`, see LINE_COLUMNS."""
    line, members = placed.line, placed.members
    need = draft.problem.needs[line.need]
    action = PlanAction.EXTEND_SUPPORT if line.is_bridge else need.action
    currency = draft.request.currency
    reason = texts.sentences(need.reasons, currency, "en")
    postponed = None if line.postponed is None else texts.sentence(line.postponed, currency, "en")
    tags = [member.tag for member in members[:SHOWN_TAGS]]
    evidence = stored.line_evidence(need, draft.agencies[need.agency_id], line.postponed, tags)
    return (
        draft.agency.id, placed.line_id, placed.plan_id, placed.position, line.need, need.agency_id,
        need.asset_class, need.label, str(action), line.year, need.mandatory, False, line.quantity, line.unit_price_minor,
        line.total_minor, str(line.risk_removed), reason, postponed, evidence,
    )  # fmt: skip


def view_of(draft: Draft, making: Making) -> PlanView:
    """The view that the draft would have once saved; its id is 0."""
    count = len(draft.fill.lines) + len(draft.fill.deferred)
    placed = place_lines(0, range(count), draft)
    # Through JSON and back, as the database does it: what is shown must not depend on having been saved.
    plan = _as_row(plan_values(0, draft, making), "result")
    years = [SimpleNamespace(**dict(zip(YEAR_COLUMNS, row, strict=True))) for row in year_rows(0, draft)]
    lines = [
        _as_row(dict(zip(LINE_COLUMNS, line_row(draft, one), strict=True)), "evidence") for one in placed
    ]
    return stored.read_plan(plan, years, lines)


def _as_row(values: dict[str, Any], document: str) -> SimpleNamespace:
    return SimpleNamespace(**{**values, document: json.loads(json.dumps(values[document]))})
