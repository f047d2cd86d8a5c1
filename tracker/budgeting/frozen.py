"""A saved plan's inputs with all that a plan is made from again: needs with reasons and assets, decisions, prices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlmodel import Session

from tracker.budgeting.models import Plan, PlanLine, PlanLineAsset, PlanState
from tracker.budgeting.needs import Member, Need, Problem
from tracker.budgeting.schemas import NewPlan, NewWish
from tracker.budgeting.stored import read_problem, read_told
from tracker.db import table_of
from tracker.identity.errors import Conflict, NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit
from tracker.inventory.models import Asset

agency, asset, plan = table_of(Agency), table_of(Asset), table_of(Plan)
line, line_asset = table_of(PlanLine), table_of(PlanLineAsset)


_Members = tuple[Member, ...] | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a plan: its row (all columns, with the agency's path), the request and the problem."""

    row: Row[Any]
    request: NewPlan
    problem: Problem


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided by hand, by the key of a group: wishes, and unit prices (minor) by year."""

    wishes: Mapping[str, NewWish]
    prices_minor: Mapping[str, Mapping[int, int]]


def get_kept(
    session: Session, principal: Principal, plan_id: int, permission: Permission = Permission.VIEW
) -> Kept:
    """A plan with its frozen inputs. One statement.

    Raises:
        NotFound: no such plan within what the principal may do this to.
    """
    row = session.execute(_joined(plan.c, principal, permission).where(plan.c.id == plan_id)).first()
    if row is None:
        raise NotFound("plan-not-found", f"There is no plan {plan_id!r} that you may use so.")
    return Kept(row, NewPlan.model_validate(row.result["request"]), read_problem(row.inputs))


def get_row(
    session: Session, principal: Principal, plan_id: int, permission: Permission = Permission.VIEW
) -> Row[Any]:
    """A plan's row without its frozen inputs, with the agency's path and code. One statement.

    Raises:
        NotFound: no such plan within what the principal may do this to.
    """
    columns = [column for column in plan.c if column.name not in ("inputs", "told")]
    query = _joined(columns, principal, permission).where(plan.c.id == plan_id)
    row = session.execute(query).first()
    if row is None:
        raise NotFound("plan-not-found", f"There is no plan {plan_id!r} that you may use so.")
    return row


def _joined(
    columns: Iterable[ColumnElement[Any]], principal: Principal, permission: Permission
) -> Select[Any]:
    query = select(*columns, agency.c.path, agency.c.code).join(agency, agency.c.id == plan.c.agency_id)
    return query.where(limit(plan.c.agency_id, principal.scope(permission)))


def check_state(row: Row[Any], *allowed: PlanState) -> None:
    """Refuse what cannot be done with a plan in its state.

    Raises:
        Conflict: the plan is in none of the states `allowed`.
    """
    if row.state not in allowed:
        wanted = " or ".join(allowed)
        raise Conflict(
            "plan-state", f"The plan {row.name!r} is {row.state}; this needs one that is {wanted}."
        )


def with_reasons(session: Session, kept: Kept) -> Problem:
    """The problem whose needs know their reasons and assets again. One statement for the assets."""
    told = read_told(kept.row.told)
    members = _members(session, kept)
    covering = {need.covers: at for at, need in enumerate(kept.problem.needs) if need.covers is not None}
    needs = tuple(
        replace(
            need,
            parts=parts,
            reasons=reasons,
            assets=_of(need, members.get(at), members.get(covering.get(at))),
        )
        for at, (need, (parts, reasons)) in enumerate(zip(kept.problem.needs, told, strict=True))
    )
    return replace(kept.problem, needs=needs)


def _of(need: Need, own: _Members, covering: _Members) -> tuple[Member, ...]:
    """The assets of a need. Where a replacement makes an upgrade needless the upgrade has no lines for all of its
    units; they are those of the replacement, which has."""
    if own is not None and sum(member.units for member in own) == need.units:
        return own
    return covering or own or ()


def _members(session: Session, kept: Kept) -> dict[int | None, tuple[Member, ...]]:
    """The assets of every need, by id, units summed over its lines (a bridged unit counts once)."""
    tag = func.coalesce(asset.c.asset_tag, asset.c.serial, asset.c.hostname, asset.c.name)
    query = (
        select(line.c.need_no, line_asset.c.asset_id, func.sum(line_asset.c.units), func.min(tag))
        .join(
            line_asset,
            (line_asset.c.agency_id == line.c.agency_id) & (line_asset.c.plan_line_id == line.c.id),
        )
        .join(asset, (asset.c.agency_id == line.c.owner_agency_id) & (asset.c.id == line_asset.c.asset_id))
        .where(
            line.c.agency_id == kept.row.agency_id,
            line.c.plan_id == kept.row.id,
            line.c.action != "extend-support",
        )
        .group_by(line.c.need_no, line_asset.c.asset_id)
        .order_by(line.c.need_no, line_asset.c.asset_id)
    )
    found: dict[int, list[Member]] = defaultdict(list)
    for need_no, asset_id, units, name in session.execute(query):
        found[need_no].append(Member(asset_id, int(units), name or ""))
    return {need_no: tuple(members) for need_no, members in found.items()}


def get_decisions(session: Session, kept: Kept) -> Decisions:
    """What was decided by hand in a plan, and what was asked for when it was made. One statement."""
    query = select(
        line.c.need_no, line.c.fiscal_year, line.c.quantity, line.c.unit_price_minor, line.c.by_hand
    ).where(
        line.c.agency_id == kept.row.agency_id,
        line.c.plan_id == kept.row.id,
        line.c.action != "extend-support",
    )
    rows = session.execute(query.order_by(line.c.position)).all()
    return Decisions(_wishes(kept, rows), _prices(kept, rows))


def _wishes(kept: Kept, rows: Iterable[Row[Any]]) -> dict[str, NewWish]:
    needs = kept.problem.needs
    pinned: dict[str, dict[int, int]] = defaultdict(dict)
    excluded = set[str]()
    for row in rows:
        if row.by_hand and row.fiscal_year is not None:
            pinned[needs[row.need_no].key][row.fiscal_year] = row.quantity
        elif row.by_hand:
            excluded.add(needs[row.need_no].key)
    asked = dict(kept.request.limits.wishes)
    # Where a part of a group is pinned by hand, the rest stays free: a part cannot be excluded.
    decided = {key: NewWish(excluded=True) for key in excluded if key not in pinned}
    return asked | decided | {key: NewWish(pinned=dict(years)) for key, years in pinned.items()}


def _prices(kept: Kept, rows: Iterable[Row[Any]]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        need = kept.problem.needs[row.need_no]
        if row.fiscal_year is None:
            continue
        if row.unit_price_minor != (kept.problem.price(need, row.fiscal_year) or 0):
            found[need.key][row.fiscal_year] = row.unit_price_minor
    return dict(found)


def repriced(problem: Problem, prices_minor: Mapping[str, Mapping[int, int]]) -> Problem:
    """The problem with other unit prices for some groups (by key and year)."""
    prices = dict(problem.prices_minor)
    needs = []
    for need in problem.needs:
        own = prices_minor.get(need.key)
        if not own:
            needs.append(need)
            continue
        for (name, action), by_year in problem.prices_minor.items():
            if name == (need.price_key or need.asset_class):
                prices[need.key, action] = {**by_year, **(own if action == need.action else {})}
        if (need.key, need.action) not in prices:
            prices[need.key, need.action] = dict(own)
        needs.append(replace(need, price_key=need.key))
    return replace(problem, needs=tuple(needs), prices_minor=prices)
