"""Use-cases of the budgeting room: shipping prices, making and saving a plan."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tracker.budgeting import parameters, queries, stored, texts
from tracker.budgeting.drafting import METHODS, Draft, draft_plan
from tracker.budgeting.models import Plan, PlanLine, PlanLineAsset, PlanYear, Price, PriceBook
from tracker.budgeting.money import to_minor
from tracker.budgeting.needs import FillLine, Member
from tracker.budgeting.schemas import NewPlan, PlanView
from tracker.db import insert_rows, new_id, reserve_ids, table_of
from tracker.identity import audit
from tracker.identity.errors import Conflict
from tracker.identity.schemas import Principal

__all__ = ["METHODS", "ensure_prices", "make_plan", "preview_plan"]

_SHOWN_TAGS = 10
_LINE_COLUMNS = (
    "agency_id", "id", "plan_id", "position", "owner_agency_id", "asset_class", "group_label", "action",
    "fiscal_year", "mandatory", "quantity", "unit_price_minor", "total_minor", "risk_removed", "reason",
    "deferral_reason", "evidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line of the fill with its ids, its place in the plan and the assets that it takes."""

    plan_id: int
    line_id: int
    position: int
    line: FillLine
    members: list[Member]


def ensure_prices(session: Session, now: datetime) -> int:
    """Add the shipped price books that are not there yet; returns how many. One statement to look, a few more
    per book added. A book that exists is never changed."""
    known = set(queries.list_book_versions(session))
    books = parameters.shipped_prices()["books"]
    missing = [book for book in books if (book["name"], book["version"]) not in known]
    for book in missing:
        _add_book(session, book, now)
    return len(missing)


def _add_book(session: Session, book: Mapping[str, Any], now: datetime) -> None:
    ids = reserve_ids(session, 1 + len(book["prices"]))
    row = {name: book[name] for name in ("name", "version", "currency", "inflation_pct", "source")}
    session.execute(insert(table_of(PriceBook)).values(id=ids[0], recorded_at=now, **row))
    valid_from = date.fromisoformat(book["valid_from"])
    columns = ("id", "price_book_id", "asset_class", "action", "amount_minor", "valid_from", "source")
    rows = (
        (
            at,
            ids[0],
            price["asset_class"],
            price["action"],
            to_minor(Decimal(price["amount"])),
            valid_from,
            price["source"],
        )
        for at, price in zip(ids[1:], book["prices"], strict=True)
    )
    insert_rows(session, Price, columns, rows)


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
    if queries.has_plan(session, draft.agency.id, request.name):
        raise _name_taken(draft)
    plan_id = _save(session, principal, draft, (now, started))
    detail: dict[str, object] = {"name": request.name, "years": list(request.years), "method": request.method}
    audit.record(session, principal, "plan.made", "plan", plan_id, draft.agency.id, detail, now)
    return queries.get_plan(session, principal, plan_id)


def _save(session: Session, principal: Principal, draft: Draft, times: tuple[datetime, float]) -> int:
    plan_id = new_id(session)
    _save_plan(session, plan_id, principal, draft, times)
    _save_years(session, plan_id, draft)
    _save_lines(session, plan_id, draft)
    return plan_id


def preview_plan(
    engine: Engine, principal: Principal, request: NewPlan, today: date, now: datetime
) -> PlanView:
    """The plan that `make_plan` would make on `today`; nothing stays stored and its id means nothing.

    It rests on the findings of the last scan, as every plan does; where `today` is more than a week later,
    the plan's warnings say so. Its name may be taken.
    Raises: as make_plan, but for Conflict.
    """
    started = time.monotonic()
    with Session(engine, expire_on_commit=False) as session:
        try:
            draft = draft_plan(session, principal, request, today)
            unnamed = draft.request.model_copy(update={"name": uuid4().hex})
            plan_id = _save(session, principal, replace(draft, request=unnamed), (now, started))
            return replace(queries.get_plan(session, principal, plan_id), name=request.name)
        finally:
            session.rollback()


def _name_taken(draft: Draft) -> Conflict:
    return Conflict(
        "plan-name-taken", f"Agency {draft.agency.code} already has a plan named {draft.request.name!r}."
    )


def _save_plan(
    session: Session, plan_id: int, principal: Principal, draft: Draft, times: tuple[datetime, float]
) -> None:
    request, fill = draft.request, draft.fill
    row = insert(table_of(Plan)).values(
        agency_id=draft.agency.id,
        id=plan_id,
        name=request.name,
        method=request.method,
        currency=request.currency,
        first_year=request.years[0],
        last_year=request.years[1],
        as_of=draft.today,
        actor=principal.name,
        created_at=times[0],
        policy_id=draft.policy_id,
        price_book_id=draft.price_book_id,
        catalogue_as_of=draft.made_from.catalogue_as_of,
        objective=str(fill.objective),
        bound=fill.bound,
        gap=fill.gap,
        inputs=stored.problem_json(draft.problem),
        result=_result(draft, time.monotonic() - times[1]),
    )
    try:
        with session.begin_nested():
            session.execute(row)
    except IntegrityError as error:
        raise _name_taken(draft) from error


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
    }


def _save_years(session: Session, plan_id: int, draft: Draft) -> None:
    costs, units = Counter[int](), Counter[int]()
    for line in draft.fill.lines:
        assert line.year is not None
        costs[line.year] += line.total_minor
        units[line.year] += line.quantity
    budgets = draft.problem.budgets_minor
    columns = ("agency_id", "plan_id", "fiscal_year", "budget_minor", "cost_minor", "actions")
    rows = (
        (draft.agency.id, plan_id, year, budgets[year], costs[year], units[year])
        for year in draft.problem.years
    )
    insert_rows(session, PlanYear, columns, rows)


def _save_lines(session: Session, plan_id: int, draft: Draft) -> None:
    lines = draft.fill.lines + draft.fill.deferred
    ids = reserve_ids(session, len(lines))
    placed = [
        _Placed(
            plan_id,
            line_id,
            position,
            line,
            members_of(draft.problem.needs[line.need].assets, line.first_unit, line.quantity),
        )
        for position, (line_id, line) in enumerate(zip(ids, lines, strict=True), start=1)
    ]
    rows = (_line_row(draft, one) for one in placed)
    insert_rows(session, PlanLine, _LINE_COLUMNS, rows)
    members = (
        (draft.agency.id, one.line_id, member.asset_id, member.units)
        for one in placed
        for member in one.members
    )
    insert_rows(session, PlanLineAsset, ("agency_id", "plan_line_id", "asset_id", "units"), members)


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


def _line_row(draft: Draft, placed: _Placed) -> tuple[Any, ...]:
    line, members = placed.line, placed.members
    need = draft.problem.needs[line.need]
    currency = draft.request.currency
    reason = texts.sentences(need.reasons, currency, "en")
    postponed = None if line.postponed is None else texts.sentence(line.postponed, currency, "en")
    tags = [member.tag for member in members[:_SHOWN_TAGS]]
    evidence = stored.line_evidence(need, draft.agencies[need.agency_id], line.postponed, tags)
    return (
        draft.agency.id, placed.line_id, placed.plan_id, placed.position, need.agency_id, need.asset_class,
        need.label, str(need.action), line.year, need.mandatory, line.quantity, line.unit_price_minor,
        line.total_minor, str(line.risk_removed), reason, postponed, evidence,
    )  # fmt: skip
