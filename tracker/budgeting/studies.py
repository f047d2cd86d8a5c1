"""Sensitivity of a saved plan: computed on demand under no lock, kept with the revision that it was computed of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update
from sqlmodel import Session

from tracker.budgeting import frozen, study
from tracker.budgeting.frozen import Kept
from tracker.budgeting.models import Plan, PlanLine, PlanStudy
from tracker.budgeting.schemas import plain_values
from tracker.budgeting.study import Bought, Chance, CurvePoint, Lack, Worth
from tracker.db import reading, table_of, transaction
from tracker.identity import audit
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal

plan, line, kept_study = table_of(Plan), table_of(PlanLine), table_of(PlanStudy)


@dataclass(frozen=True, slots=True)
class StudyView:
    """What was computed of a revision of a plan. `is_exact`: by the best plan itself, else by its relaxation.
    Amounts are minor units of `currency`; `is_current`: the plan has not been changed since."""

    revision: int
    is_current: bool
    actor: str
    created_at: datetime
    currency: str
    is_exact: bool
    best: int
    objective: int
    worths: tuple[Worth, ...]
    curve: tuple[CurvePoint, ...]
    lacks: tuple[Lack, ...]
    chance: Chance
    draws: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Plain values; money as whole minor units, named `_minor`."""
        found: dict[str, Any] = plain_values(self)
        return found


def study_plan(engine: Engine, principal: Principal, plan_id: int, now: datetime) -> StudyView:
    """Compute the sensitivity of a plan and keep it with its present revision.

    Raises:
        NotFound: no such plan within what the principal may plan for.
    """
    with reading(engine) as session:
        kept = frozen.get_kept(session, principal, plan_id, Permission.PLAN)
        lines = _bought(session, kept)
    document = _document(kept, lines)
    with transaction(engine) as session:
        _keep(session, principal, kept, document, now)
    with reading(engine) as session:
        found = find_study(session, principal, plan_id)
    assert found is not None, "it was just kept"
    return found


def _bought(session: Session, kept: Kept) -> list[Bought]:
    query = select(
        line.c.fiscal_year,
        line.c.total_minor,
        line.c.need_no,
        line.c.quantity,
        line.c.risk_removed,
        line.c.action,
    ).where(
        line.c.agency_id == kept.row.agency_id,
        line.c.plan_id == kept.row.id,
        line.c.fiscal_year.is_not(None),
    )
    found = []
    for row in session.execute(query.order_by(line.c.position)):
        need = kept.problem.needs[row.need_no]
        name = f"{need.price_key or need.asset_class}|{row.action}"
        risk = need.risk * row.quantity
        found.append(
            Bought(row.fiscal_year, row.total_minor, name, risk, need.due_year, int(row.risk_removed))
        )
    return found


def _document(kept: Kept, lines: Sequence[Bought]) -> dict[str, Any]:
    problem = kept.problem
    best = study.best_objective(problem)
    first = kept.row.as_of.year
    found: dict[str, Any] = {
        "is_exact": study.is_exact(problem),
        "best": best,
        "objective": int(kept.row.objective),
        "worths": study.worths(problem, best),
        "curve": study.curve(problem),
        "lacks": study.lacks(problem),
        "chance": study.chance(problem, lines, first),
        "draws": study.DRAWS,
        "seed": study.SEED,
    }
    return {name: plain_values(value) for name, value in found.items()}


def _keep(
    session: Session, principal: Principal, kept: Kept, document: Mapping[str, Any], now: datetime
) -> None:
    row = kept.row
    here = (kept_study.c.agency_id == row.agency_id, kept_study.c.plan_id == row.id)
    session.execute(delete(kept_study).where(*here, kept_study.c.revision == row.revision))
    values = {
        "agency_id": row.agency_id, "plan_id": row.id, "revision": row.revision, "actor": principal.name,
        "created_at": now, "document": dict(document),
    }  # fmt: skip
    session.execute(insert(kept_study).values(**values))
    if document["is_exact"] and row.result["optimal_objective"] is None:
        _tell_optimum(session, kept, document["best"])
    detail: dict[str, object] = {"name": row.name, "revision": row.revision}
    audit.record(session, principal, "plan.studied", "plan", row.id, row.agency_id, detail, now)


def _tell_optimum(session: Session, kept: Kept, best: int) -> None:
    """Let the plan say how much the optimum removes, if it is still the one that was studied."""
    row = kept.row
    result = {**row.result, "optimal_objective": best}
    session.execute(
        update(plan)
        .where(plan.c.agency_id == row.agency_id, plan.c.id == row.id, plan.c.revision == row.revision)
        .values(result=result)
    )


def find_study(session: Session, principal: Principal, plan_id: int) -> StudyView | None:
    """The newest sensitivity of a plan. Two statements.

    Raises:
        NotFound: no such plan within what the principal may see.
    """
    row = frozen.get_row(session, principal, plan_id)
    query = select(*kept_study.c).where(
        kept_study.c.agency_id == row.agency_id, kept_study.c.plan_id == row.id
    )
    found = session.execute(query.order_by(kept_study.c.revision.desc()).limit(1)).first()
    if found is None:
        return None
    kept = found.document
    return StudyView(
        revision=found.revision,
        is_current=found.revision == row.revision,
        actor=found.actor,
        created_at=found.created_at,
        currency=row.currency,
        is_exact=kept["is_exact"],
        best=kept["best"],
        objective=kept["objective"],
        worths=tuple(Worth(**one) for one in kept["worths"]),
        curve=tuple(CurvePoint(**one) for one in kept["curve"]),
        lacks=tuple(Lack(**one) for one in kept["lacks"]),
        chance=Chance(
            {int(year): tuple(values) for year, values in kept["chance"]["cost_minor"].items()},
            {int(year): share for year, share in kept["chance"]["suffices"].items()},
            tuple(kept["chance"]["removed"]),
        ),
        draws=kept["draws"],
        seed=kept["seed"],
    )
