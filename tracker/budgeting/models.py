"""Tables of the budgeting room: price book, plans and their lines. Amounts are minor units."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from tracker.db.conventions import BigInt, id_field, json_field, money_field, ref_field
from tracker.identity.models import one_of


class PlanAction(StrEnum):
    """What a plan does with a group of assets."""

    REPLACE = "replace"
    UPGRADE = "upgrade"
    EXTEND_SUPPORT = "extend-support"
    RETIRE = "retire"
    ACCEPT = "accept"


class PlanState(StrEnum):
    """Where a plan stands: worked on, waiting for approval, in force, or replaced by a later one."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class PlanStep(StrEnum):
    """What happened to a plan."""

    ADJUSTED = "adjusted"
    UNDONE = "undone"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    SUPERSEDED = "superseded"
    COMMENTED = "commented"


class ProgressStep(StrEnum):
    """How far the units of an approved line are."""

    ORDERED = "ordered"
    DELIVERED = "delivered"
    REPLACED = "replaced"


class PriceBook(SQLModel, table=True):
    """One version of the prices and of the assumptions beside them (inflation, taxes), with its source."""

    __tablename__ = "price_book"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: int = id_field()
    name: str
    version: int
    currency: str = Field(max_length=3)
    inflation_pct: str
    terms: dict[str, object] = json_field()
    source: str
    recorded_at: datetime
    superseded_at: datetime | None = None


class Price(SQLModel, table=True):
    """What one unit costs: an action on an asset class, from `valid_from` on. `subject`: only of this model or
    title ('' of the whole class); `min_quantity`: for groups of so many units and more; `parts`: what comes
    besides, see pricing.Parts."""

    __tablename__ = "price"
    __table_args__ = (
        UniqueConstraint("price_book_id", "asset_class", "subject", "action", "min_quantity", "valid_from"),
        CheckConstraint(one_of("action", PlanAction), name="action"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint("min_quantity > 0", name="min_quantity"),
    )
    id: int = id_field()
    price_book_id: int = ref_field("price_book.id")
    asset_class: str
    subject: str = ""
    action: str
    min_quantity: int = 1
    amount_minor: int = money_field(nullable=False)
    currency: str = Field(max_length=3)
    parts: dict[str, object] = json_field()
    valid_from: date
    source: str


class Plan(SQLModel, table=True):
    """A saved scenario. `inputs` and `told` (why each need is one) are frozen: the plan can be shown and made again
    to the last rupiah. `revision` counts what was adjusted by hand since; `based_on_id` is the plan cloned."""

    __tablename__ = "plan"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        UniqueConstraint("agency_id", "name"),
        CheckConstraint("last_year >= first_year", name="years"),
        CheckConstraint(one_of("state", PlanState), name="state"),
        Index("ix_plan_id", "id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    name: str = Field(max_length=200)
    state: str = "draft"
    revision: int = 0
    based_on_id: int | None = ref_field(nullable=True)
    method: str
    currency: str = Field(max_length=3)
    first_year: int
    last_year: int
    as_of: date
    actor: str
    created_at: datetime
    policy_id: int = ref_field("refresh_policy.id")
    price_book_id: int = ref_field("price_book.id")
    catalogue_as_of: date | None = None
    objective: str
    bound: str | None = None
    gap: str | None = None
    inputs: dict[str, object] = json_field()
    told: dict[str, object] = json_field()
    result: dict[str, object] = json_field()


class PlanYear(SQLModel, table=True):
    """A fiscal year of a plan (named by the calendar year it ends in) with its budget and cost."""

    __tablename__ = "plan_year"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "plan_id"], ["plan.agency_id", "plan.id"]),
        CheckConstraint("budget_minor >= 0", name="budget_minor"),
    )
    agency_id: int = id_field()
    plan_id: int = id_field()
    fiscal_year: int = Field(primary_key=True)
    budget_minor: int = money_field(nullable=False)
    cost_minor: int = money_field(nullable=False)
    actions: int


class PlanLine(SQLModel, table=True):
    """A group of like assets, what is done with it, and when; `fiscal_year` is null when deferred. `need_no` is
    the number of its need in the plan's inputs; `by_hand`: a person put it there."""

    __tablename__ = "plan_line"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "plan_id"], ["plan.agency_id", "plan.id"]),
        CheckConstraint(one_of("action", PlanAction), name="action"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_plan_line_plan", "agency_id", "plan_id", "position"),
        Index("ix_plan_line_need", "agency_id", "plan_id", "need_no"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    plan_id: int = Field(sa_type=BigInt)
    position: int
    need_no: int
    owner_agency_id: int = ref_field("agency.id")
    asset_class: str
    group_label: str
    action: str
    fiscal_year: int | None = None
    mandatory: bool = False
    by_hand: bool = False
    quantity: int
    unit_price_minor: int = money_field(nullable=False)
    total_minor: int = money_field(nullable=False)
    risk_removed: str
    reason: str
    deferral_reason: str | None = None
    evidence: dict[str, object] = json_field()


class PlanLineAsset(SQLModel, table=True):
    """An asset that a plan line stands for, with how many of its units (a line may take a part of them)."""

    __tablename__ = "plan_line_asset"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "plan_line_id"], ["plan_line.agency_id", "plan_line.id"]),
        CheckConstraint("units > 0", name="units"),
        Index("ix_plan_line_asset_asset", "asset_id"),
    )
    agency_id: int = id_field()
    plan_line_id: int = id_field()
    asset_id: int = id_field()
    units: int


class PlanEvent(SQLModel, table=True):
    """What was done with a plan, in order. An adjustment keeps the lines and totals before and after it, so that
    every earlier state can be had again; `undone` says that it was taken back."""

    __tablename__ = "plan_event"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "plan_id"], ["plan.agency_id", "plan.id"]),
        CheckConstraint(one_of("step", PlanStep), name="step"),
    )
    agency_id: int = id_field()
    plan_id: int = id_field()
    number: int = Field(primary_key=True)
    step: str
    actor: str
    at: datetime
    comment: str = ""
    undone: bool = False
    changes: dict[str, object] | None = json_field(nullable=True)


class PlanStudy(SQLModel, table=True):
    """What was computed about a revision of a plan on demand: sensitivity, marginal values; frozen."""

    __tablename__ = "plan_study"
    __table_args__ = (ForeignKeyConstraint(["agency_id", "plan_id"], ["plan.agency_id", "plan.id"]),)
    agency_id: int = id_field()
    plan_id: int = id_field()
    revision: int = Field(primary_key=True)
    actor: str
    created_at: datetime
    document: dict[str, object] = json_field()


class PlanProgress(SQLModel, table=True):
    """What happened to units of an approved line: ordered, delivered or replaced, on a day, for an amount, and
    the asset that came (of the line's owner)."""

    __tablename__ = "plan_progress"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "plan_id"], ["plan.agency_id", "plan.id"]),
        ForeignKeyConstraint(["agency_id", "plan_line_id"], ["plan_line.agency_id", "plan_line.id"]),
        ForeignKeyConstraint(["new_agency_id", "new_asset_id"], ["asset.agency_id", "asset.id"]),
        CheckConstraint(one_of("step", ProgressStep), name="step"),
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("amount_minor >= 0", name="amount_minor"),
        Index("ix_plan_progress_plan", "agency_id", "plan_id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    plan_id: int = Field(sa_type=BigInt)
    plan_line_id: int = Field(sa_type=BigInt)
    step: str
    happened_on: date
    units: int
    amount_minor: int | None = money_field()
    new_agency_id: int | None = ref_field(nullable=True)
    new_asset_id: int | None = ref_field(nullable=True)
    actor: str
    recorded_at: datetime
