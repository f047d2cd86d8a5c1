"""Adjusting a draft by hand: one group's lines are written anew, totals and warnings follow, the earlier state is kept.

The number of statements depends neither on the plan's lines nor on its assets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlmodel import Session

from tracker.budgeting import adjusting, frozen, stored, texts
from tracker.budgeting.adjusting import Held, Impossible, Settled, Slot
from tracker.budgeting.frozen import Kept
from tracker.budgeting.history import record_step
from tracker.budgeting.models import (
    Plan,
    PlanAction,
    PlanEvent,
    PlanLine,
    PlanLineAsset,
    PlanState,
    PlanStep,
    PlanYear,
)
from tracker.budgeting.needs import Member, Problem
from tracker.budgeting.requests import budget_minor
from tracker.budgeting.rows import LINE_COLUMNS, SHOWN_TAGS, members_of
from tracker.budgeting.schemas import EditKind, PlanEdit
from tracker.budgeting.totals import GroupRows, finish, of_plan
from tracker.db import insert_rows, reserve_ids, table_of
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.inventory.models import Asset

plan, line, line_asset = table_of(Plan), table_of(PlanLine), table_of(PlanLineAsset)
plan_year, event, asset = table_of(PlanYear), table_of(PlanEvent), table_of(Asset)
_ASSET_COLUMNS = ("agency_id", "plan_line_id", "asset_id", "units")


def adjust_plan(session: Session, principal: Principal, plan_id: int, edit: PlanEdit, now: datetime) -> None:
    """Change one line of a draft by hand.

    Raises:
        NotFound: no such plan within what the principal may plan for, or no such line.
        Conflict: the plan is no draft, or has been changed since it was looked at.
        Invalid: the change cannot be made; the message says why.
    """
    kept = frozen.get_kept(session, principal, plan_id, Permission.PLAN)
    frozen.check_state(kept.row, PlanState.DRAFT)
    if edit.revision != kept.row.revision:
        raise Conflict("plan-changed", "The plan has been changed since. Look at it again.")
    need_no = _need_of(session, kept, edit.position)
    group = _group(kept.problem, need_no)
    before = _read(session, kept, group)
    chosen = next(row for row in before.lines if row["position"] == edit.position)
    slots = {_slot(row): _held(row) for row in before.lines}
    try:
        changed = _edited(kept, slots, _slot(chosen), edit)
    except Impossible as error:
        raise Invalid("bad-adjustment", str(error)) from error
    lines = adjusting.settle(kept.problem, changed, group)
    after = _rows(session, kept, before, lines)
    _write(session, kept, before, after)
    was = adjusting.settle(kept.problem, slots, group)
    shorter = _difference(kept.problem, was, lines)
    finish(session, kept, (before, after), shorter, 1)
    _log(session, principal, kept, edit, before, now)


def undo_adjustment(session: Session, principal: Principal, plan_id: int, now: datetime) -> None:
    """Take back the last adjustment that stands.

    Raises:
        NotFound: no such plan within what the principal may plan for.
        Conflict: the plan is no draft, or nothing is left to undo.
    """
    kept = frozen.get_kept(session, principal, plan_id, Permission.PLAN)
    frozen.check_state(kept.row, PlanState.DRAFT)
    last = _last_adjustment(session, kept)
    if last is None:
        raise Conflict("nothing-to-undo", "No adjustment is left to undo.")
    changes = last.changes
    group = tuple(changes["group"])
    now_there = _read(session, kept, group)
    then = GroupRows(changes["lines"], changes["assets"])
    _write(session, kept, now_there, then)
    slots = [{_slot(row): _held(row) for row in rows.lines} for rows in (now_there, then)]
    here, there = (adjusting.settle(kept.problem, one, group) for one in slots)
    finish(session, kept, (now_there, then), _difference(kept.problem, here, there), -1)
    key = (event.c.agency_id == kept.row.agency_id, event.c.plan_id == kept.row.id)
    session.execute(update(event).where(*key, event.c.number == last.number).values(undone=True))
    record_step(session, principal, kept.row, PlanStep.UNDONE, "", now)


def _last_adjustment(session: Session, kept: Kept) -> Row[Any] | None:
    query = select(event.c.number, event.c.changes).where(
        event.c.agency_id == kept.row.agency_id,
        event.c.plan_id == kept.row.id,
        event.c.step == PlanStep.ADJUSTED.value,
        event.c.undone.is_(False),
    )
    return session.execute(query.order_by(event.c.number.desc()).limit(1)).first()


def _need_of(session: Session, kept: Kept, position: int) -> int:
    query = select(line.c.need_no).where(*of_plan(line, kept), line.c.position == position)
    found = session.execute(query).scalar()
    if found is None:
        raise NotFound("line-not-found", "The plan has no such line.")
    return int(found)


def _group(problem: Problem, need_no: int) -> tuple[int, ...]:
    covers = problem.needs[need_no].covers
    if covers is not None:
        return covers, need_no
    partner = [at for at, need in enumerate(problem.needs) if need.covers == need_no]
    return (need_no, *partner)


def _read(session: Session, kept: Kept, group: Sequence[int]) -> GroupRows:
    lines = session.execute(
        select(*line.c).where(*of_plan(line, kept), line.c.need_no.in_(group)).order_by(line.c.position)
    )
    found = [dict(row._mapping) for row in lines]
    ids = [row["id"] for row in found]
    assets = session.execute(
        select(*line_asset.c)
        .where(line_asset.c.agency_id == kept.row.agency_id, line_asset.c.plan_line_id.in_(ids))
        .order_by(line_asset.c.plan_line_id, line_asset.c.asset_id)
    )
    return GroupRows(found, [dict(row._mapping) for row in assets])


def _slot(row: Mapping[str, Any]) -> Slot:
    return Slot(row["need_no"], row["fiscal_year"], row["action"] == PlanAction.EXTEND_SUPPORT)


def _held(row: Mapping[str, Any]) -> Held:
    postponed = row["evidence"]["postponed"]
    why = None if postponed is None else stored.read_reason(postponed)
    return Held(row["quantity"], row["unit_price_minor"], row["by_hand"], why)


def _edited(kept: Kept, slots: Mapping[Slot, Held], slot: Slot, edit: PlanEdit) -> adjusting.Plan:
    problem, units = kept.problem, edit.units
    every = slots[slot].units
    does: Mapping[EditKind, Callable[[], adjusting.Plan]] = {
        EditKind.MOVE: lambda: adjusting.move(
            problem, slots, slot, edit.year, every if units is None else units
        ),
        EditKind.QUANTITY: lambda: adjusting.resize(problem, slots, slot, -1 if units is None else units),
        EditKind.PRICE: lambda: adjusting.reprice(slots, slot, _minor(kept, edit.price)),
        EditKind.PIN: lambda: adjusting.pin(slots, slot, by_hand=True),
        EditKind.RELEASE: lambda: adjusting.pin(slots, slot, by_hand=False),
        EditKind.EXCLUDE: lambda: _excluded(problem, slots, slot),
    }
    return does[edit.kind]()


def _excluded(problem: Problem, slots: Mapping[Slot, Held], slot: Slot) -> adjusting.Plan:
    if slot.year is None:
        return adjusting.pin(slots, slot, by_hand=True)
    return adjusting.move(problem, slots, slot, None, slots[slot].units)


def _minor(kept: Kept, price: Decimal | None) -> int:
    if price is None:
        raise Impossible("A price above 0 is needed.")
    return budget_minor("The price", price, kept.row.currency, "bad-adjustment")


def _rows(session: Session, kept: Kept, before: GroupRows, lines: Sequence[Settled]) -> GroupRows:
    """The group's rows after the change: what stays in its place keeps its position, the rest goes to the end."""
    positions = {_slot(row): row["position"] for row in before.lines}
    free = _last_position(session, kept)
    samples = {row["need_no"]: row for row in before.lines}
    members = _members(session, before)
    ids = reserve_ids(session, len(lines))
    rows, assets = [], []
    for line_id, one in zip(ids, lines, strict=True):
        place = positions.get(one.slot)
        if place is None:
            place = free = free + 1
        own = members_of(members, one.first_unit, one.held.units)
        rows.append(
            _line_row(kept, one, (line_id, place), samples, [member.tag for member in own[:SHOWN_TAGS]])
        )
        assets += [
            dict(zip(_ASSET_COLUMNS, (kept.row.agency_id, line_id, at, units), strict=True))
            for at, units, _ in own
        ]
    return GroupRows(rows, assets)


def _last_position(session: Session, kept: Kept) -> int:
    query = select(func.max(line.c.position)).where(*of_plan(line, kept))
    return int(session.execute(query).scalar() or 0)


def _members(session: Session, before: GroupRows) -> tuple[Member, ...]:
    """The group's assets by id: those of its replacement, or of its only need."""
    most = max(before.lines, key=lambda row: (row["action"] == PlanAction.REPLACE, row["need_no"]))["need_no"]
    ids = {
        row["id"]
        for row in before.lines
        if row["need_no"] == most and row["action"] != PlanAction.EXTEND_SUPPORT
    }
    units: dict[int, int] = {}
    for row in before.assets:
        if row["plan_line_id"] in ids:
            units[row["asset_id"]] = units.get(row["asset_id"], 0) + row["units"]
    tag = func.coalesce(asset.c.asset_tag, asset.c.serial, asset.c.hostname, asset.c.name)
    owner = before.lines[0]["owner_agency_id"]
    inner = select(line_asset.c.asset_id).where(
        line_asset.c.agency_id == before.lines[0]["agency_id"], line_asset.c.plan_line_id.in_(ids)
    )
    query = select(asset.c.id, tag).where(asset.c.agency_id == owner, asset.c.id.in_(inner))
    tags = {row[0]: row[1] for row in session.execute(query)}
    return tuple(Member(at, count, tags.get(at) or "") for at, count in sorted(units.items()))


def _line_row(
    kept: Kept,
    one: Settled,
    place: tuple[int, int],
    samples: Mapping[int, Mapping[str, Any]],
    tags: list[str],
) -> dict[str, Any]:
    need, currency = kept.problem.needs[one.slot.need], kept.row.currency
    sample = samples.get(one.slot.need)
    evidence = _evidence(kept, one, sample, samples) | {"asset_tags": tags}
    postponed = one.held.postponed
    told = None if postponed is None else texts.sentence(postponed, currency, "en")
    reasons = stored.read_reasons(evidence["reasons"])
    values = (
        kept.row.agency_id, place[0], kept.row.id, place[1], one.slot.need, need.agency_id, need.asset_class,
        need.label, str(PlanAction.EXTEND_SUPPORT if one.slot.is_bridge else need.action), one.slot.year,
        need.mandatory, one.held.by_hand, one.held.units, one.held.price_minor, one.total_minor,
        str(one.risk_removed), texts.sentences(reasons, currency, "en"), told, evidence,
    )  # fmt: skip
    return dict(zip(LINE_COLUMNS, values, strict=True))


def _evidence(
    kept: Kept, one: Settled, sample: Mapping[str, Any] | None, samples: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    """The evidence of a need's line; an upgrade that had no line yet takes it from the frozen inputs."""
    if sample is not None:
        return dict(sample["evidence"]) | {"postponed": stored.reason_json(one.held.postponed)}
    other = next(iter(samples.values()))["evidence"]
    need, (parts, reasons) = kept.problem.needs[one.slot.need], kept.row.told["needs"][one.slot.need]
    return {
        **other, "key": need.key, "cohort": need.cohort, "due_year": need.due_year, "risk": need.risk,
        "parts": parts, "reasons": reasons, "postponed": stored.reason_json(one.held.postponed),
    }  # fmt: skip


def _write(session: Session, kept: Kept, before: GroupRows, after: GroupRows) -> None:
    ids = [row["id"] for row in before.lines]
    here = line_asset.c.agency_id == kept.row.agency_id
    session.execute(delete(line_asset).where(here, line_asset.c.plan_line_id.in_(ids)))
    session.execute(delete(line).where(line.c.agency_id == kept.row.agency_id, line.c.id.in_(ids)))
    insert_rows(session, PlanLine, LINE_COLUMNS, (_ordered(row, LINE_COLUMNS) for row in after.lines))
    insert_rows(
        session, PlanLineAsset, _ASSET_COLUMNS, (_ordered(row, _ASSET_COLUMNS) for row in after.assets)
    )


def _ordered(row: Mapping[str, Any], columns: Iterable[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in columns)


def _difference(problem: Problem, was: Sequence[Settled], now: Sequence[Settled]) -> dict[int, int]:
    """How much more mandatory needs lack in each year than before (minor units)."""
    before, after = adjusting.shortfalls(problem, was), adjusting.shortfalls(problem, now)
    return {year: after.get(year, 0) - before.get(year, 0) for year in before.keys() | after.keys()}


def _log(
    session: Session,
    principal: Principal,
    kept: Kept,
    edit: PlanEdit,
    before: GroupRows,
    now: datetime,
) -> None:
    changes = {
        "edit": edit.model_dump(mode="json"),
        "group": list(_group(kept.problem, before.lines[0]["need_no"])),
        "lines": [dict(row) for row in before.lines],
        "assets": [dict(row) for row in before.assets],
    }
    record_step(session, principal, kept.row, PlanStep.ADJUSTED, edit.comment, now, changes)
