"""What people decided about names: kept for good, one row superseding another."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import id_field, key_field, ref_field
from tracker.identity.models import one_of


class DecisionOutcome(StrEnum):
    """What a person says of a name."""

    PRODUCT = "product"
    """It is this product, of this release or of the one that its version tells."""
    NOT_TRACKED = "not-tracked"
    """A thing without a lifecycle of its own: it leaves the coverage."""
    IGNORED = "ignored"
    """Nobody need look at it; what the matcher says of it stands."""


class TitleDecision(SQLModel, table=True):
    """A name as an agency and all below it understand it; the root's holds for the whole organisation.

    `key` is the name without numbers and noise (`catalogue.matching.group_key`). With `name` it is about
    exactly that name and `version` column; with '' there, about every name of the key. It holds from
    `recorded_at` until `superseded_at` (null: still).
    """

    __tablename__ = "title_decision"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        CheckConstraint(one_of("outcome", DecisionOutcome), name="outcome"),
        CheckConstraint("(outcome = 'product') = (product_id IS NOT NULL)", name="product"),
        CheckConstraint("release_id IS NULL OR product_id IS NOT NULL", name="release"),
        CheckConstraint("superseded_at IS NULL OR superseded_at >= recorded_at", name="period"),
        # At any moment an agency has one opinion of a name.
        Index(
            "uq_title_decision_current",
            "agency_id",
            "key",
            "name",
            "version",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_title_decision_key", "key"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    key: str = key_field()
    name: str = ""
    version: str = ""
    outcome: str
    product_id: int | None = ref_field("product.id", nullable=True)
    release_id: int | None = ref_field("release.id", nullable=True)
    reason: str = Field(default="", max_length=1_000)
    author: str
    recorded_at: datetime
    superseded_at: datetime | None = None
    superseded_by: str | None = None
