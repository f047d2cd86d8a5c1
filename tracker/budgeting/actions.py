"""Use-cases of the budgeting room: making and saving a plan."""

from __future__ import annotations

import time
from datetime import date, datetime

from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tracker.budgeting import queries, stored
from tracker.budgeting.drafting import METHODS, Draft, draft_plan, staged_basis
from tracker.budgeting.models import Plan, PlanLine, PlanLineAsset, PlanYear
from tracker.budgeting.pricebooks import ensure_prices
from tracker.budgeting.rows import (
    LINE_COLUMNS,
    YEAR_COLUMNS,
    Making,
    line_row,
    place_lines,
    plan_values,
    view_of,
    year_rows,
)
from tracker.budgeting.schemas import NewPlan, PlanView
from tracker.db import insert_rows, new_id, reading, reserve_ids, table_of, transaction
from tracker.identity import audit
from tracker.identity.errors import Conflict
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.lifecycle.actions import staged_scan

__all__ = ["METHODS", "create_plan", "ensure_prices", "keep_draft", "make_plan", "plan_as_of", "preview_plan"]


def make_plan(
    session: Session, principal: Principal, request: NewPlan, today: date, now: datetime
) -> PlanView:
    """Make and save a plan; the view is read back from what was saved.

    The number of statements does not depend on the number of assets.

    Raises:
        Invalid: a part of the request cannot be used, or no refresh policy is stored.
        Forbidden: the principal may not plan for the agency.
        NotFound: the agency is not within what the principal may see.
        Conflict: the agency has a plan of this name.
    """
    started = time.monotonic()
    draft = draft_plan(session, principal, request, today)
    making = Making(principal.name, now, round(time.monotonic() - started, 3))
    return keep_draft(session, principal, draft, making)


def create_plan(
    engine: Engine, principal: Principal, request: NewPlan, today: date, now: datetime
) -> PlanView:
    """The same as make_plan, but computed under no lock: only saving it is a transaction that writes.

    Raises: as make_plan.
    """
    started = time.monotonic()
    with reading(engine) as session:
        draft = draft_plan(session, principal, request, today)
    making = Making(principal.name, now, round(time.monotonic() - started, 3))
    with transaction(engine) as session:
        return keep_draft(session, principal, draft, making)


def preview_plan(
    engine: Engine, principal: Principal, request: NewPlan, today: date, now: datetime
) -> PlanView:
    """The plan that make_plan would make; nothing is written, its id is 0 and its name may be taken.

    Raises: as make_plan, but for Conflict.
    """
    started = time.monotonic()
    with reading(engine) as session:
        draft = draft_plan(session, principal, request, today)
    return view_of(draft, Making(principal.name, now, round(time.monotonic() - started, 3)))


def plan_as_of(
    engine: Engine, principal: Principal, request: NewPlan, as_of: date, now: datetime
) -> PlanView:
    """The plan that the findings of another day make, evaluated anew for that day; nothing is written.

    Raises: as make_plan, but for Conflict.
    """
    started = time.monotonic()
    scope = principal.scope(Permission.PLAN)
    with staged_scan(engine, scope, as_of, request.agency_code) as staged:
        draft = draft_plan(staged.session, principal, request, as_of, staged_basis(staged, as_of))
    return view_of(draft, Making(principal.name, now, round(time.monotonic() - started, 3)))


def keep_draft(session: Session, principal: Principal, draft: Draft, making: Making) -> PlanView:
    """Save the draft and read it back."""
    request = draft.request
    if queries.has_plan(session, draft.agency.id, request.name):
        raise _name_taken(draft)
    plan_id = new_id(session)
    _save_plan(session, plan_id, draft, making)
    insert_rows(session, PlanYear, YEAR_COLUMNS, year_rows(plan_id, draft))
    _save_lines(session, plan_id, draft)
    detail: dict[str, object] = {"name": request.name, "years": list(request.years), "method": request.method}
    audit.record(session, principal, "plan.made", "plan", plan_id, draft.agency.id, detail, making.now)
    return queries.get_plan(session, principal, plan_id)


def _name_taken(draft: Draft) -> Conflict:
    return Conflict(
        "plan-name-taken", f"Agency {draft.agency.code} already has a plan named {draft.request.name!r}."
    )


def _save_plan(session: Session, plan_id: int, draft: Draft, making: Making) -> None:
    values = plan_values(plan_id, draft, making)
    row = insert(table_of(Plan)).values(
        **values, inputs=stored.problem_json(draft.problem), told=stored.told_json(draft.problem)
    )
    try:
        with session.begin_nested():
            session.execute(row)
    except IntegrityError as error:
        raise _name_taken(draft) from error


def _save_lines(session: Session, plan_id: int, draft: Draft) -> None:
    ids = reserve_ids(session, len(draft.fill.lines) + len(draft.fill.deferred))
    placed = place_lines(plan_id, ids, draft)
    insert_rows(session, PlanLine, LINE_COLUMNS, (line_row(draft, one) for one in placed))
    members = (
        (draft.agency.id, one.line_id, member.asset_id, member.units)
        for one in placed
        for member in one.members
    )
    insert_rows(session, PlanLineAsset, ("agency_id", "plan_line_id", "asset_id", "units"), members)
