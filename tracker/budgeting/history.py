"""What was done with a plan, step by step, and by whom; beside the audit log, which nobody can change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select
from sqlmodel import Session

from tracker.budgeting.models import PlanEvent, PlanStep
from tracker.db import table_of
from tracker.identity import audit
from tracker.identity.schemas import Principal

event = table_of(PlanEvent)


@dataclass(frozen=True, slots=True)
class PlanEventView:
    """A step of a plan. `edit` is what an adjustment changed."""

    number: int
    step: PlanStep
    actor: str
    at: datetime
    comment: str
    undone: bool
    edit: dict[str, Any] | None


def list_events(session: Session, agency_id: int, plan_id: int) -> list[PlanEventView]:
    """The steps of a plan, newest first; the caller has found the plan within its scope. One statement."""
    query = select(
        event.c.number, event.c.step, event.c.actor, event.c.at, event.c.comment, event.c.undone,
        event.c.changes["edit"].label("edit"),
    ).where(event.c.agency_id == agency_id, event.c.plan_id == plan_id)  # fmt: skip
    rows = session.execute(query.order_by(event.c.number.desc()))
    return [
        PlanEventView(row.number, PlanStep(row.step), row.actor, row.at, row.comment, row.undone, row.edit)
        for row in rows
    ]


def record_step(
    session: Session,
    principal: Principal,
    row: Row[Any],
    step: PlanStep,
    comment: str,
    now: datetime,
    changes: dict[str, Any] | None = None,
) -> None:
    """Write what was done with a plan into its history and the audit log."""
    key = (event.c.agency_id == row.agency_id, event.c.plan_id == row.id)
    number = int(session.execute(select(func.coalesce(func.max(event.c.number), 0)).where(*key)).scalar_one())
    values = {
        "agency_id": row.agency_id, "plan_id": row.id, "number": number + 1, "step": step.value,
        "actor": principal.name, "at": now, "comment": comment, "undone": False, "changes": changes,
    }  # fmt: skip
    session.execute(insert(event).values(**values))
    detail: dict[str, object] = {"name": row.name, "comment": comment}
    if changes is not None:
        detail |= {"edit": changes["edit"]}
    audit.record(session, principal, f"plan.{step.value}", "plan", row.id, row.agency_id, detail, now)
