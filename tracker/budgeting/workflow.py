"""The way of a plan: draft → submitted → approved → superseded, by two people, each step kept with its comment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Session

from tracker.budgeting import frozen
from tracker.budgeting.history import record_step
from tracker.budgeting.models import Plan, PlanEvent, PlanState, PlanStep
from tracker.db import table_of
from tracker.identity.errors import Conflict, Forbidden, Invalid
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit

plan, event = table_of(Plan), table_of(PlanEvent)


@dataclass(frozen=True, slots=True)
class Move:
    """From which state a step leads to which (None: it stays), and who may take it."""

    before: tuple[PlanState, ...]
    after: PlanState | None
    permission: Permission


#: Every step that a person takes by itself; a plan is superseded by the approval of the one that replaces it.
MOVES: Mapping[PlanStep, Move] = {
    PlanStep.SUBMITTED: Move((PlanState.DRAFT,), PlanState.SUBMITTED, Permission.PLAN),
    PlanStep.RETURNED: Move((PlanState.SUBMITTED,), PlanState.DRAFT, Permission.APPROVE),
    PlanStep.APPROVED: Move((PlanState.SUBMITTED,), PlanState.APPROVED, Permission.APPROVE),
    PlanStep.COMMENTED: Move(tuple(PlanState), None, Permission.VIEW),
}


def take_step(
    session: Session,
    principal: Principal,
    plan_id: int,
    step: PlanStep,
    now: datetime,
    comment: str = "",
    supersedes: int | None = None,
) -> None:
    """Take a step with a plan. Approving may name the approved plan of the same agency that it supersedes.

    Raises:
        Invalid: nobody takes this step by itself.
        NotFound: no such plan where the principal may take this step.
        Conflict: the plan is not in the state that the step begins with, or `supersedes` is not approved.
        Forbidden: whoever submitted a plan does not approve it.
    """
    move = MOVES.get(step)
    if move is None:
        raise Invalid("bad-step", f"A plan is not {step} by a step of its own.")
    kept = frozen.get_row(session, principal, plan_id, move.permission)
    frozen.check_state(kept, *move.before)
    if step is PlanStep.APPROVED:
        _check_other_person(session, principal, kept)
    if move.after is not None:
        _enter(session, kept, move.before, move.after)
    record_step(session, principal, kept, step, comment, now)
    if step is PlanStep.APPROVED and supersedes is not None:
        _supersede(session, principal, kept, supersedes, now)


def _enter(session: Session, row: Row[Any], before: tuple[PlanState, ...], after: PlanState) -> None:
    """Change the state if it is still as it was read: of two people one comes too late."""
    changed = session.execute(
        update(plan)
        .where(plan.c.agency_id == row.agency_id, plan.c.id == row.id, plan.c.state.in_(before))
        .values(state=after.value)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("plan-state", f"The plan {row.name!r} was changed by someone else.")


def _check_other_person(session: Session, principal: Principal, row: Row[Any]) -> None:
    query = select(event.c.actor).where(
        event.c.agency_id == row.agency_id,
        event.c.plan_id == row.id,
        event.c.step == PlanStep.SUBMITTED.value,
    )
    submitter = session.execute(query.order_by(event.c.number.desc()).limit(1)).scalar()
    if submitter == principal.name:
        raise Forbidden("own-plan", "Who submitted a plan does not approve it: another person must.")


def _supersede(session: Session, principal: Principal, row: Row[Any], plan_id: int, now: datetime) -> None:
    old = frozen.get_row(session, principal, plan_id, Permission.APPROVE)
    if old.agency_id != row.agency_id or old.id == row.id:
        raise Conflict("plan-state", "A plan supersedes another plan of its own agency.")
    frozen.check_state(old, PlanState.APPROVED)
    _enter(session, old, (PlanState.APPROVED,), PlanState.SUPERSEDED)
    record_step(session, principal, old, PlanStep.SUPERSEDED, row.name, now)


def list_approved(session: Session, principal: Principal, agency_id: int) -> list[tuple[int, str]]:
    """(id, name) of the approved plans of an agency, newest first. One statement."""
    query = select(plan.c.id, plan.c.name).where(
        plan.c.agency_id == agency_id,
        plan.c.state == PlanState.APPROVED.value,
        limit(plan.c.agency_id, principal.scope(Permission.VIEW)),
    )
    return [(row.id, row.name) for row in session.execute(query.order_by(plan.c.id.desc()))]
