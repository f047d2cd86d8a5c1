"""Tables of the lifecycle room: policy, verdicts about titles, findings about assets, scans."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import BigInt, id_field, json_field, ref_field
from tracker.identity.models import one_of


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class RefreshPolicy(SQLModel, table=True):
    """Useful lives, warning thresholds, risk weights: one version of the policy, as data."""

    __tablename__ = "refresh_policy"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: int = id_field()
    name: str
    version: int
    document: dict[str, object] = json_field()
    source: str
    recorded_at: datetime
    superseded_at: datetime | None = None


class SupportContract(SQLModel, table=True):
    """An agency's contract for extended support of a product (or one release of it)."""

    __tablename__ = "support_contract"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        CheckConstraint("ends_on >= starts_on", name="period"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    product_id: int = ref_field("product.id")
    release_id: int | None = ref_field("release.id", nullable=True)
    starts_on: date
    ends_on: date
    reference: str | None = None
    recorded_at: datetime


class TitleState(SQLModel, table=True):
    """What the last scan concluded about a matched title (or model): phase, patch facts, dates, evidence."""

    __tablename__ = "title_state"
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "scope_agency_id"),)
    id: int = id_field()
    subject_kind: str
    subject_id: int = Field(sa_type=BigInt)
    scope_agency_id: int = Field(default=0, sa_type=BigInt)
    phase: str
    patch_state: str
    security_support_ends_on: date | None = None
    behind_versions: int | None = None
    behind_days: int | None = None
    evidence: dict[str, object] = json_field()
    evaluated_on: date


class Finding(SQLModel, table=True):
    """One rule holding for one asset. Identity: agency, asset, rule, subject and threshold; a recurrence
    after `resolved_on` is a new row. `since_on` is when the condition began, `opened_on` the scan that saw it."""

    __tablename__ = "finding"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "asset_id"], ["asset.agency_id", "asset.id"]),
        CheckConstraint(one_of("severity", Severity), name="severity"),
        CheckConstraint("subject_kind IN ('product', 'model', 'asset')", name="subject_kind"),
        Index(
            "uq_finding_open",
            "agency_id",
            "asset_id",
            "rule",
            "subject_kind",
            "subject_id",
            "threshold",
            unique=True,
            sqlite_where=text("resolved_on IS NULL"),
            postgresql_where=text("resolved_on IS NULL"),
        ),
        Index("ix_finding_rule", "rule", "agency_id", "id"),
        Index("ix_finding_id", "id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    asset_id: int = Field(sa_type=BigInt)
    rule: str
    subject_kind: str
    subject_id: int = Field(default=0, sa_type=BigInt)
    threshold: int = 0
    severity: str
    since_on: date | None = None
    opened_on: date
    resolved_on: date | None = None
    title_id: int | None = ref_field("software_title.id", nullable=True)
    release_id: int | None = ref_field("release.id", nullable=True)
    version: str | None = None
    ends_on: date | None = None
    evidence: dict[str, object] | None = json_field(nullable=True)


class ScanRun(SQLModel, table=True):
    """One stored scan: the day, what it saw and changed, and what made it."""

    __tablename__ = "scan_run"
    id: int = id_field()
    as_of: date
    started_at: datetime
    finished_at: datetime | None = None
    policy_id: int | None = ref_field("refresh_policy.id", nullable=True)
    matcher_version: str
    catalogue_as_of: date | None = None
    result: dict[str, object] | None = json_field(nullable=True)


class DailyRollup(SQLModel, table=True):
    """Counts of an agency on a day, for trends and past-day dashboards."""

    __tablename__ = "daily_rollup"
    agency_id: int = Field(sa_type=BigInt, foreign_key="agency.id", primary_key=True)
    day: date = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInt)
