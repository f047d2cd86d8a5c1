"""What the office itself holds of releases: dates against the catalogue's, and products of its own."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import id_field, ref_field

#: Dates of a release that can be overridden, by their names in ReleaseFact without "_on".
OVERRIDABLE = ("active_support_ends", "security_support_ends", "extended_support_ends", "discontinued")


class FactOverride(SQLModel, table=True):
    """A date of a release as an agency and all below it hold it; the root's holds for the organisation.

    It wins over the catalogue, whatever a sync brings, from `recorded_at` until `superseded_at` (null: still).
    """

    __tablename__ = "fact_override"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        CheckConstraint(f"date_name IN ({', '.join(repr(name) for name in OVERRIDABLE)})", name="date_name"),
        CheckConstraint("superseded_at IS NULL OR superseded_at >= recorded_at", name="period"),
        Index(
            "uq_fact_override_current",
            "agency_id",
            "release_id",
            "date_name",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_fact_override_release_id", "release_id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    release_id: int = ref_field("release.id")
    date_name: str
    value: date
    reason: str = Field(max_length=1_000)
    document: str = Field(default="", max_length=500)
    author: str
    recorded_at: datetime
    superseded_at: datetime | None = None
    superseded_by: str | None = None


class LocalRelease(SQLModel, table=True):
    """Who told a release of one of the organisation's own products, why and by which document.

    Its dates are facts like any other (ReleaseFact); they hold from `recorded_at` until `superseded_at` (null: still).
    """

    __tablename__ = "local_release"
    __table_args__ = (
        CheckConstraint("superseded_at IS NULL OR superseded_at >= recorded_at", name="period"),
        Index(
            "uq_local_release_current",
            "release_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )
    id: int = id_field()
    release_id: int = ref_field("release.id")
    reason: str = Field(max_length=1_000)
    document: str = Field(max_length=500)
    author: str
    recorded_at: datetime
    superseded_at: datetime | None = None
    superseded_by: str | None = None
