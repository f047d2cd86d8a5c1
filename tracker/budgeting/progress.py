"""What became of an approved plan: units ordered, delivered and replaced, and planned against actual money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row, func, insert, or_, select
from sqlmodel import Session

from tracker.budgeting import frozen
from tracker.budgeting.models import PlanLine, PlanProgress, PlanState, ProgressStep
from tracker.budgeting.money import to_major
from tracker.budgeting.requests import budget_minor
from tracker.budgeting.schemas import plain_values
from tracker.db import new_id, table_of
from tracker.identity import audit
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.inventory.models import Asset

line, progress, asset = table_of(PlanLine), table_of(PlanProgress), table_of(Asset)


class NewProgress(BaseModel):
    """What happened to units of a line (by its position): the step, the day, what it cost in major units, and
    the tag or serial number of the asset that came."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    position: int
    step: ProgressStep
    happened_on: date
    units: int
    amount: Decimal | None = None
    new_asset: str | None = Field(default=None, max_length=200)


@dataclass(frozen=True, slots=True)
class ProgressEntry:
    """One thing that happened; `new_asset` is the tag of the asset that came."""

    step: ProgressStep
    happened_on: date
    units: int
    amount: Decimal | None
    new_asset: str | None
    new_asset_id: int | None
    actor: str


@dataclass(frozen=True, slots=True)
class LineProgress:
    """A line of an approved plan: planned quantity and total, units by step, money ordered and paid for what
    was delivered."""

    position: int
    year: int
    agency: str
    label: str
    quantity: int
    planned: Decimal
    ordered: int
    delivered: int
    replaced: int
    committed: Decimal
    paid: Decimal
    entries: tuple[ProgressEntry, ...]


@dataclass(frozen=True, slots=True)
class YearProgress:
    """Planned against actual of a fiscal year: units and money."""

    year: int
    units: int
    planned: Decimal
    ordered: int
    delivered: int
    replaced: int
    committed: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class PlanProgressView:
    """What became of a plan, by year and by line."""

    currency: str
    years: tuple[YearProgress, ...]
    lines: tuple[LineProgress, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values: days ISO, amounts decimal strings."""
        found: dict[str, Any] = plain_values(self)
        return found


def record_progress(
    session: Session, principal: Principal, plan_id: int, new: NewProgress, now: datetime
) -> None:
    """Record what happened to units of a line of an approved plan.

    Raises:
        NotFound: no such plan within what the principal may plan for, or no such line.
        Conflict: the plan is not approved.
        Invalid: more units than the line has, an amount that cannot be, or no such asset.
    """
    row = frozen.get_row(session, principal, plan_id, Permission.PLAN)
    frozen.check_state(row, PlanState.APPROVED, PlanState.SUPERSEDED)
    planned = _line(session, row, new.position)
    _check_units(session, planned, new)
    came = None if new.new_asset is None else _find_asset(session, planned.owner_agency_id, new.new_asset)
    amount = (
        None if new.amount is None else budget_minor("The amount", new.amount, row.currency, "bad-progress")
    )
    values = {
        "agency_id": row.agency_id, "id": new_id(session), "plan_id": row.id, "plan_line_id": planned.id,
        "step": new.step.value, "happened_on": new.happened_on, "units": new.units, "amount_minor": amount,
        "new_agency_id": None if came is None else planned.owner_agency_id, "new_asset_id": came,
        "actor": principal.name, "recorded_at": now,
    }  # fmt: skip
    session.execute(insert(progress).values(**values))
    detail: dict[str, object] = {"name": row.name, **new.model_dump(mode="json")}
    audit.record(session, principal, "plan.progress", "plan", row.id, row.agency_id, detail, now)


def _line(session: Session, row: Row[Any], position: int) -> Row[Any]:
    query = select(line.c.id, line.c.agency_id, line.c.owner_agency_id, line.c.quantity).where(
        line.c.agency_id == row.agency_id,
        line.c.plan_id == row.id,
        line.c.position == position,
        line.c.fiscal_year.is_not(None),
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound("line-not-found", "The plan has no such line.")
    return found


def _check_units(session: Session, planned: Row[Any], new: NewProgress) -> None:
    query = select(func.coalesce(func.sum(progress.c.units), 0)).where(
        progress.c.agency_id == planned.agency_id,
        progress.c.plan_line_id == planned.id,
        progress.c.step == new.step.value,
    )
    done = int(session.execute(query).scalar_one())
    if new.units < 1 or done + new.units > planned.quantity:
        raise Invalid(
            "bad-progress",
            f"{new.units} units cannot be {new.step}: of {planned.quantity} units {done} are so already.",
        )


def _find_asset(session: Session, agency_id: int, text: str) -> int:
    named = or_(asset.c.asset_tag == text, asset.c.serial == text)
    query = select(asset.c.id).where(asset.c.agency_id == agency_id, named)
    found = session.execute(query.order_by(asset.c.id).limit(2)).scalars().all()
    if len(found) != 1:
        count = "no asset" if not found else "several assets"
        raise Invalid(
            "bad-progress", f"The line's agency has {count} with the tag or serial number {text!r}."
        )
    return int(found[0])


def get_progress(session: Session, principal: Principal, plan_id: int) -> PlanProgressView:
    """What became of a plan. Three statements.

    Raises:
        NotFound: no such plan within what the principal may see.
    """
    row = frozen.get_row(session, principal, plan_id)
    entries = _entries(session, row)
    query = (
        select(
            line.c.id, line.c.position, line.c.fiscal_year, line.c.group_label, line.c.asset_class,
            line.c.quantity, line.c.total_minor, line.c.evidence["agency"].as_string().label("agency"),
        )
        .where(
            line.c.agency_id == row.agency_id, line.c.plan_id == row.id, line.c.fiscal_year.is_not(None)
        )
        .order_by(line.c.fiscal_year, line.c.position)
    )  # fmt: skip
    lines = tuple(_progress(one, entries.get(one.id, [])) for one in session.execute(query))
    return PlanProgressView(row.currency, _years(lines), lines)


def _entries(session: Session, row: Row[Any]) -> dict[int, list[ProgressEntry]]:
    tag = func.coalesce(asset.c.asset_tag, asset.c.serial, asset.c.name)
    came = (asset.c.agency_id == progress.c.new_agency_id) & (asset.c.id == progress.c.new_asset_id)
    query = (
        select(*progress.c, tag.label("tag"))
        .select_from(progress.outerjoin(asset, came))
        .where(progress.c.agency_id == row.agency_id, progress.c.plan_id == row.id)
        .order_by(progress.c.happened_on, progress.c.id)
    )
    found: dict[int, list[ProgressEntry]] = defaultdict(list)
    for one in session.execute(query):
        amount = None if one.amount_minor is None else to_major(one.amount_minor)
        found[one.plan_line_id].append(
            ProgressEntry(
                ProgressStep(one.step),
                one.happened_on,
                one.units,
                amount,
                one.tag,
                one.new_asset_id,
                one.actor,
            )
        )
    return found


def _progress(row: Row[Any], entries: Sequence[ProgressEntry]) -> LineProgress:
    units = {step: sum(one.units for one in entries if one.step is step) for step in ProgressStep}
    money = {step: _sum(one.amount for one in entries if one.step is step) for step in ProgressStep}
    return LineProgress(
        position=row.position,
        year=row.fiscal_year,
        agency=row.agency,
        label=row.group_label or row.asset_class,
        quantity=row.quantity,
        planned=to_major(row.total_minor),
        ordered=units[ProgressStep.ORDERED],
        delivered=units[ProgressStep.DELIVERED],
        replaced=units[ProgressStep.REPLACED],
        committed=money[ProgressStep.ORDERED],
        paid=money[ProgressStep.DELIVERED],
        entries=tuple(entries),
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((one for one in amounts if one is not None), Decimal("0.00"))


def _years(lines: Sequence[LineProgress]) -> tuple[YearProgress, ...]:
    found = []
    for year in sorted({one.year for one in lines}):
        mine = [one for one in lines if one.year == year]
        found.append(
            YearProgress(
                year=year,
                units=sum(one.quantity for one in mine),
                planned=_sum(one.planned for one in mine),
                ordered=sum(one.ordered for one in mine),
                delivered=sum(one.delivered for one in mine),
                replaced=sum(one.replaced for one in mine),
                committed=_sum(one.committed for one in mine),
                paid=_sum(one.paid for one in mine),
            )
        )
    return tuple(found)
