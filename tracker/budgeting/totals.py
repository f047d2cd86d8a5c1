"""What follows for a whole plan when lines of a group are exchanged: years, objective, gap, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, bindparam, func, select, update
from sqlmodel import Session

from tracker.budgeting import adjusting, stored
from tracker.budgeting.adjusting import Spending
from tracker.budgeting.frozen import Kept
from tracker.budgeting.models import Plan, PlanAction, PlanLine, PlanYear
from tracker.budgeting.needs import Reason
from tracker.db import table_of

plan, line, plan_year = table_of(Plan), table_of(PlanLine), table_of(PlanYear)


@dataclass(frozen=True, slots=True)
class GroupRows:
    """A group's lines and the assets behind them, as rows."""

    lines: Sequence[Mapping[str, Any]]
    assets: Sequence[Mapping[str, Any]]


def of_plan(table: Table, kept: Kept) -> tuple[Any, ...]:
    """The conditions that hold a table to one plan."""
    return table.c.agency_id == kept.row.agency_id, table.c.plan_id == kept.row.id


def finish(
    session: Session,
    kept: Kept,
    rows: tuple[GroupRows, GroupRows],
    shorter: Mapping[int, int],
    adjustments: int,
) -> None:
    """Totals, objective, gap and warnings after lines were exchanged."""
    spent = _spending(session, kept)
    _update_years(session, kept, spent)
    problem, result = kept.problem, dict(kept.row.result)
    broken = adjusting.breaches(problem.limits, problem.budgets_minor, spent)
    removed = [sum(int(row["risk_removed"]) for row in part.lines) for part in rows]
    objective = int(kept.row.objective) - removed[0] + removed[1]
    result["adjustments"] += adjustments
    result["deferred_units"] += sum(
        sign * row["quantity"]
        for sign, part in zip((-1, 1), rows, strict=True)
        for row in part.lines
        if row["fiscal_year"] is None
    )
    result["warnings"] = [
        stored.reason_json(one) for one in _warnings(stored.read_reasons(result["warnings"]), broken, shorter)
    ]
    values = {"objective": str(objective), "gap": _gap(kept, objective, broken), "result": result}
    session.execute(
        update(plan)
        .where(plan.c.agency_id == kept.row.agency_id, plan.c.id == kept.row.id)
        .values(revision=kept.row.revision + 1, **values)
    )


def _gap(kept: Kept, objective: int, broken: Sequence[Reason]) -> str | None:
    """How far below the proven bound the adjusted plan may be; none where it breaks what the bound rests on."""
    if kept.row.bound is None or broken:
        return None
    bound = Decimal(kept.row.bound)
    return "0.000000" if bound <= 0 else f"{max((bound - objective) / bound, Decimal(0)):.6f}"


def _warnings(told: Iterable[Reason], broken: Sequence[Reason], shorter: Mapping[int, int]) -> list[Reason]:
    lacks = dict.fromkeys(shorter, 0)
    kept = []
    for one in told:
        if one.code == "warn-mandatory":
            lacks[int(str(one.params["year"]))] = int(str(one.params["short_minor"]))
        elif not one.code.startswith("breach-"):
            kept.append(one)
    short = [
        Reason("warn-mandatory", {"year": year, "short_minor": lacks[year] + shorter.get(year, 0)})
        for year in sorted(lacks)
        if lacks[year] + shorter.get(year, 0) > 0
    ]
    return [*broken, *short, *kept]


def _spending(session: Session, kept: Kept) -> list[Spending]:
    """What the plan spends by year and owner. One statement."""
    bridged = line.c.action == PlanAction.EXTEND_SUPPORT.value
    works = func.sum(line.c.quantity).filter(~bridged)
    query = (
        select(
            line.c.fiscal_year, line.c.owner_agency_id, func.sum(line.c.total_minor),
            func.sum(line.c.quantity), works,
        )
        .where(*of_plan(line, kept), line.c.fiscal_year.is_not(None))
        .group_by(line.c.fiscal_year, line.c.owner_agency_id)
        .order_by(line.c.fiscal_year, line.c.owner_agency_id)
    )  # fmt: skip
    return [
        Spending(row[0], row[1], int(row[2]), int(row[3]), int(row[4] or 0)) for row in session.execute(query)
    ]


def _update_years(session: Session, kept: Kept, spent: Sequence[Spending]) -> None:
    statement = (
        update(plan_year)
        .where(*of_plan(plan_year, kept), plan_year.c.fiscal_year == bindparam("in_year"))
        .values(cost_minor=bindparam("cost"), actions=bindparam("units"))
    )
    values = [
        {
            "in_year": year,
            "cost": sum(one.total_minor for one in spent if one.year == year),
            "units": sum(one.units for one in spent if one.year == year),
        }
        for year in kept.problem.years
    ]
    session.connection().execute(statement, values)
