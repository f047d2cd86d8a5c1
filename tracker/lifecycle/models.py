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
    """Useful lives, thresholds, severities, a ruleset, risk weights: one version of the policy, as data.

    In force on a day is the version with the latest `effective_on` (null: ever) not after it, of those the one recorded
    last. A version that somebody used is never changed: an edit is a new one.
    """

    __tablename__ = "refresh_policy"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("superseded_at IS NULL OR superseded_at >= recorded_at", name="period"),
    )
    id: int = id_field()
    name: str
    version: int
    effective_on: date | None = None
    document: dict[str, object] = json_field()
    source: str
    note: str = ""
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
    """What the last scan concluded about a title (or model): phase, patch facts, dates, evidence.

    `phase` holds without an extended-support contract, `contract_phase` with one. A row changes only
    when the conclusion does: `evaluated_on` is the day of the scan that wrote it, and days behind are
    counted from `behind_since_on`, so that a night without news writes nothing.
    """

    __tablename__ = "title_state"
    __table_args__ = (UniqueConstraint("subject_kind", "subject_id", "scope_agency_id"),)
    id: int = id_field()
    subject_kind: str
    subject_id: int = Field(sa_type=BigInt)
    scope_agency_id: int = Field(default=0, sa_type=BigInt)
    product_id: int | None = ref_field("product.id", nullable=True)
    release_id: int | None = ref_field("release.id", nullable=True)
    phase: str
    contract_phase: str
    patch_state: str
    security_support_ends_on: date | None = None
    behind_versions: int | None = None
    behind_since_on: date | None = None
    evidence: dict[str, object] = json_field()
    evaluated_on: date


class Condition(SQLModel, table=True):
    """What a finding is about, apart from the asset: rule, subject and threshold. Few rows, shared.

    `subject_id` is a product's or a hardware model's id, 0 where the subject is the asset itself.
    """

    __tablename__ = "finding_condition"
    __table_args__ = (
        UniqueConstraint("rule", "subject_kind", "subject_id", "threshold"),
        CheckConstraint("subject_kind IN ('product', 'model', 'asset')", name="subject_kind"),
    )
    id: int = id_field()
    rule: str
    subject_kind: str
    subject_id: int = Field(default=0, sa_type=BigInt)
    threshold: int = 0


class Verdict(SQLModel, table=True):
    """Why a condition holds: one row per distinct title (or date), shared by all findings that rest on it.

    `key` names everything that makes two verdicts the same; a verdict that is no longer reached
    stays for the findings that rested on it. Evidence of the title itself is in TitleState.
    """

    __tablename__ = "finding_verdict"
    __table_args__ = (
        UniqueConstraint("key"),
        UniqueConstraint("id", "condition_id"),
        CheckConstraint(one_of("severity", Severity), name="severity"),
        Index("ix_finding_verdict_title_id", "title_id"),
    )
    id: int = id_field()
    condition_id: int = ref_field("finding_condition.id", index=True)
    key: str
    severity: str
    since_on: date | None = None
    ends_on: date | None = None
    title_id: int | None = ref_field("software_title.id", nullable=True)
    scope_agency_id: int = Field(default=0, sa_type=BigInt)
    release_id: int | None = ref_field("release.id", nullable=True)
    version: str | None = None
    evidence: dict[str, object] = json_field()
    recorded_at: datetime


class Finding(SQLModel, table=True):
    """One rule holding for one asset. Identity: agency, asset and condition (rule, subject, threshold);
    a recurrence after `resolved_on` is a new row. `opened_on` is the scan that saw it first.

    Rows are many and narrow: title, version, dates and evidence stand once in the verdict. Rule,
    severity and end date are repeated here because lists filter and sort by them.
    """

    __tablename__ = "finding"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "asset_id"], ["asset.agency_id", "asset.id"]),
        ForeignKeyConstraint(
            ["verdict_id", "condition_id"], ["finding_verdict.id", "finding_verdict.condition_id"]
        ),
        CheckConstraint(one_of("severity", Severity), name="severity"),
        CheckConstraint("resolved_on IS NULL OR resolved_on >= opened_on", name="period"),
        Index(
            "uq_finding_open",
            "agency_id",
            "asset_id",
            "condition_id",
            unique=True,
            sqlite_where=text("resolved_on IS NULL"),
            postgresql_where=text("resolved_on IS NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    agency_id: int = id_field()
    id: int = id_field()
    asset_id: int = Field(sa_type=BigInt)
    condition_id: int = Field(sa_type=BigInt)
    verdict_id: int = Field(sa_type=BigInt)
    rule: str
    severity: str
    ends_on: date | None = None
    opened_on: date
    resolved_on: date | None = None


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


class AssetRisk(SQLModel, table=True):
    """The risk of an asset as the last scan saw it. `profile` holds what the score is made of (profiles.py),
    so that its parts can be told again; `score` (0-100) is null in the band unknown."""

    __tablename__ = "asset_risk"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "asset_id"], ["asset.agency_id", "asset.id"]),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("(band = 'unknown') = (score IS NULL)", name="band"),
        Index("ix_asset_risk_score", "agency_id", "score"),
        {"sqlite_with_rowid": False},
    )
    agency_id: int = id_field()
    asset_id: int = id_field()
    profile: int = Field(sa_type=BigInt)
    score: int | None = None
    band: str


class DailyRollup(SQLModel, table=True):
    """Counts of an agency on a day, for trends and past-day dashboards."""

    __tablename__ = "daily_rollup"
    agency_id: int = Field(sa_type=BigInt, foreign_key="agency.id", primary_key=True)
    day: date = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    value: int = Field(sa_type=BigInt)


class ScanMark(SQLModel, table=True):
    """What the last scan of an agency rested on: where nothing of it changed, nothing is scanned again.

    `assets` are those that rules looked at. See fingerprints.py.
    """

    __tablename__ = "scan_mark"
    agency_id: int = Field(sa_type=BigInt, foreign_key="agency.id", primary_key=True)
    fingerprint: str
    assets: int
