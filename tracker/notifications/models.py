"""Tables of the notifications room: who is told what, what each was told, and secret addresses of calendars."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from tracker.db.conventions import BigInt, id_field, ref_field
from tracker.identity.models import one_of
from tracker.lifecycle.models import Severity


class Cadence(StrEnum):
    """How often a digest may come."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Reason(StrEnum):
    """Why a finding is in a digest: it is new, its due date is near, or its waiver ends soon."""

    NEW = "new"
    DUE = "due"
    WAIVER_ENDS = "waiver-ends"


class DeliveryState(StrEnum):
    """How a delivery stands. `claimed` is on its way; where its process died it becomes `uncertain`: it may have
    arrived, and is not sent again. After `failed` nothing arrived, and it is tried again."""

    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Subscription(SQLModel, table=True):
    """A digest about an agency and all below it, to a user, or to an address that the agency's administrator gave.

    A user is told no more than the user may see. Findings from before `starts_on` are not news.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        CheckConstraint("(user_id IS NULL) <> (address IS NULL)", name="recipient"),
        CheckConstraint(one_of("cadence", Cadence), name="cadence"),
        CheckConstraint(one_of("least_severity", Severity), name="least_severity"),
        UniqueConstraint("agency_id", "user_id"),
        UniqueConstraint("agency_id", "address"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    user_id: int | None = ref_field("app_user.id", nullable=True, index=True)
    address: str | None = Field(default=None, max_length=254)
    cadence: str
    least_severity: str
    language: str
    starts_on: date
    created_at: datetime
    created_by: str


class Delivery(SQLModel, table=True):
    """One digest of a subscription. (subscription, slot) is unique: whoever inserts the row sends it."""

    __tablename__ = "delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "subscription_id"],
            ["subscription.agency_id", "subscription.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("agency_id", "subscription_id", "slot"),
        CheckConstraint(one_of("state", DeliveryState), name="state"),
        Index("ix_delivery_state", "state", "claimed_at"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    subscription_id: int = Field(sa_type=BigInt)
    slot: str
    state: str
    attempt: int = 1
    items: int
    claimed_at: datetime
    finished_at: datetime | None = None
    error: str | None = None


class DeliveredItem(SQLModel, table=True):
    """The ledger: that a subscription was told of a finding for a reason, and of which day. Claimed before sending,
    so that nothing is told twice; given back where the delivery failed for sure."""

    __tablename__ = "delivered_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "delivery_id"], ["delivery.agency_id", "delivery.id"], ondelete="CASCADE"
        ),
        CheckConstraint(one_of("reason", Reason), name="reason"),
        Index("ix_delivered_item_delivery", "agency_id", "delivery_id"),
        {"sqlite_with_rowid": False},
    )
    agency_id: int = id_field()
    subscription_id: int = id_field()
    finding_id: int = id_field()
    reason: str = Field(primary_key=True)
    about_on: date = Field(primary_key=True)
    delivery_id: int = Field(sa_type=BigInt)


class CalendarFeed(SQLModel, table=True):
    """The secret address of a user's calendar: only its hash is stored."""

    __tablename__ = "calendar_feed"
    __table_args__ = (UniqueConstraint("token_hash"),)
    user_id: int = Field(sa_type=BigInt, foreign_key="app_user.id", primary_key=True, ondelete="CASCADE")
    token_hash: str
    created_at: datetime
