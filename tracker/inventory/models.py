"""Tables of the inventory room: assets, what is installed on them, and the batches that brought them.

Tables that grow with assets have the primary key (agency_id, id) and foreign keys that carry agency_id.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import BigInt, id_field, json_field, key_field, money_field, ref_field
from tracker.identity.models import one_of

#: SQLite keeps a narrow table in its primary key's order alone, instead of that and a hidden one beside it.
NARROW = {"sqlite_with_rowid": False}
_LIVE_SERIAL = text("scheme = 'serial' AND superseded_at IS NULL")


class AssetClass(StrEnum):
    """What an asset is."""

    LAPTOP = "laptop"
    DESKTOP = "desktop"
    SERVER = "server"
    NETWORK = "network"
    STORAGE = "storage"
    PRINTER = "printer"
    MOBILE = "mobile"
    UPS = "ups"
    PERIPHERAL = "peripheral"
    VIRTUAL_MACHINE = "virtual-machine"
    OTHER = "other"


class ItScope(StrEnum):
    """Whether a thing is information technology."""

    IT = "it"
    NEAR_IT = "near-it"
    OTHER = "other"


class AssetStatus(StrEnum):
    """Where an asset is in its life; rules and plans skip the last two."""

    PLANNED = "planned"
    IN_USE = "in-use"
    IN_STORE = "in-store"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


class Condition(StrEnum):
    """State of repair (B, RR/KB, RB in Indonesian registers)."""

    GOOD = "good"
    FAIR = "fair"
    BROKEN = "broken"


class Precision(StrEnum):
    """How exact a date is."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Criticality(StrEnum):
    """How much depends on the service that an asset carries."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class InstallationRole(StrEnum):
    """What a title does on an asset."""

    OPERATING_SYSTEM = "operating-system"
    OFFICE = "office"
    DATABASE = "database"
    APPLICATION = "application"


class BatchState(StrEnum):
    """Where an uploaded file stands."""

    PREVIEWED = "previewed"
    APPLIED = "applied"
    UNDONE = "undone"
    REFUSED = "refused"


class RowOutcome(StrEnum):
    """What becomes of a source row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REJECTED = "rejected"


class MatchOutcome(StrEnum):
    """What a title turned out to be."""

    MATCHED = "matched"
    PRODUCT_ONLY = "product-only"
    NOT_TRACKED = "not-tracked"
    UNRECOGNISED = "unrecognised"


class HardwareModel(SQLModel, table=True):
    """A distinct manufacturer + model, shared by all agencies. Absent parts are ''."""

    __tablename__ = "hardware_model"
    __table_args__ = (UniqueConstraint("manufacturer", "name"),)
    id: int = id_field()
    manufacturer: str = ""
    name: str = ""
    created_at: datetime


class SoftwareTitle(SQLModel, table=True):
    """A distinct publisher + name + version, shared by all agencies. Absent parts are ''."""

    __tablename__ = "software_title"
    __table_args__ = (UniqueConstraint("publisher", "name", "version"),)
    id: int = id_field()
    publisher: str = ""
    name: str
    version: str = ""
    created_at: datetime


class TitleMatch(SQLModel, table=True):
    """What a title (or a hardware model) is, in a scope: agency 0 is shared, an agency's row outranks it.

    `subject_key` is what names of one thing share (`catalogue.matching.group_key`), '' for models. An
    agency's row comes from what a person decided (decision_models.py).
    """

    __tablename__ = "title_match"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "scope_agency_id"),
        CheckConstraint("subject_kind IN ('title', 'model')", name="subject_kind"),
        CheckConstraint(one_of("outcome", MatchOutcome), name="outcome"),
        CheckConstraint("tier IN ('auto', 'review', 'none')", name="tier"),
        CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence"),
        Index("ix_title_match_product_id", "product_id"),
        Index("ix_title_match_key", "subject_key"),
    )
    id: int = id_field()
    subject_kind: str
    subject_id: int = Field(sa_type=BigInt)
    scope_agency_id: int = Field(default=0, sa_type=BigInt)
    subject_key: str = key_field(default="", sa_column_kwargs={"server_default": ""})
    outcome: str
    product_id: int | None = ref_field("product.id", nullable=True)
    release_id: int | None = ref_field("release.id", nullable=True)
    version: str | None = None
    version_key: str | None = key_field(nullable=True, default=None)
    confidence: float
    tier: str
    method: str
    reason: str | None = None
    evidence: dict[str, object] = json_field()
    matcher_version: str
    matched_at: datetime


class Asset(SQLModel, table=True):
    """One thing (or `units` like things) that an agency owns. Never deleted; see `status`.

    `acquired_on` is the first day of its precision. `sort_tag` is the tag, '' without one: what lists
    are ordered by, in byte order, on either database's index. `row_version` counts changes: a preview
    remembers it and an apply refuses a row whose number moved. `is_edge` (at the boundary of the network)
    and `internet_facing` are null where nobody said.
    """

    __tablename__ = "asset"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        CheckConstraint(one_of("asset_class", AssetClass), name="asset_class"),
        CheckConstraint(one_of("it_scope", ItScope), name="it_scope"),
        CheckConstraint(one_of("status", AssetStatus), name="status"),
        CheckConstraint(one_of("condition", Condition, nullable=True), name="condition"),
        CheckConstraint(one_of("acquired_precision", Precision, nullable=True), name="acquired_precision"),
        CheckConstraint(one_of("criticality", Criticality, nullable=True), name="criticality"),
        CheckConstraint("units > 0", name="units"),
        CheckConstraint("cost_minor IS NULL OR cost_minor >= 0", name="cost_minor"),
        CheckConstraint("(cost_minor IS NULL) OR (currency IS NOT NULL)", name="currency"),
        Index("ix_asset_id", "id"),
        Index("ix_asset_list", "sort_tag", "id"),
        Index("ix_asset_model", "hardware_model_id"),
        Index("ix_asset_class", "asset_class", "agency_id", "id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    asset_tag: str | None = None
    sort_tag: str = key_field(default="", sa_column_kwargs={"server_default": ""})
    item_code: str | None = None
    register_number: str | None = None
    serial: str | None = None
    name: str = ""
    asset_class: str
    it_scope: str = ItScope.IT
    hardware_model_id: int | None = ref_field("hardware_model.id", nullable=True)
    status: str = AssetStatus.IN_USE
    units: int = 1
    condition: str | None = None
    acquired_on: date | None = None
    acquired_precision: str | None = None
    cost_minor: int | None = money_field()
    currency: str | None = Field(default=None, max_length=3)
    source: str | None = None
    location: str | None = None
    custodian: str | None = None
    hostname: str | None = None
    warranty_ends_on: date | None = None
    support_ends_on: date | None = None
    notes: str | None = None
    processor: str | None = None
    is_edge: bool | None = None
    internet_facing: bool | None = None
    criticality: str | None = None
    last_seen_on: date | None = None
    row_version: int = 1
    recorded_at: datetime
    updated_at: datetime
    status_changed_on: date | None = None
    transferred_from_id: int | None = ref_field(nullable=True)


class AssetIdentifier(SQLModel, table=True):
    """A normalised name of an asset within its agency: tag, bmn, bmd-17, serial, hostname, uuid, content.

    Held from `recorded_at` until `superseded_at` (null: still); a name that comes back is the same row,
    live again. Two live assets may share a weak name such as a serial: such a name then finds nothing.
    """

    __tablename__ = "asset_identifier"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "asset_id"], ["asset.agency_id", "asset.id"]),
        Index("ix_asset_identifier_asset", "agency_id", "asset_id"),
        # Serial numbers are looked for in all agencies.
        Index(
            "ix_asset_identifier_serial", "value", sqlite_where=_LIVE_SERIAL, postgresql_where=_LIVE_SERIAL
        ),
        NARROW,
    )
    agency_id: int = id_field()
    scheme: str = Field(primary_key=True)
    value: str = key_field(primary_key=True)
    asset_id: int = id_field()
    batch_id: int | None = ref_field(nullable=True)
    recorded_at: datetime
    superseded_at: datetime | None = None
    superseded_batch_id: int | None = ref_field(nullable=True)


class Installation(SQLModel, table=True):
    """A title on an asset, from `recorded_at` until `superseded_at` (null: still there)."""

    __tablename__ = "installation"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "asset_id"], ["asset.agency_id", "asset.id"]),
        CheckConstraint(one_of("role", InstallationRole), name="role"),
        Index("ix_installation_asset", "agency_id", "asset_id"),
        Index("ix_installation_title", "title_id"),
        NARROW,
    )
    agency_id: int = id_field()
    id: int = id_field()
    asset_id: int = Field(sa_type=BigInt)
    title_id: int = ref_field("software_title.id")
    role: str
    batch_id: int | None = ref_field(nullable=True)
    recorded_at: datetime
    superseded_at: datetime | None = None
    superseded_batch_id: int | None = ref_field(nullable=True)


class ImportBatch(SQLModel, table=True):
    """One uploaded file: previewed, applied, perhaps undone."""

    __tablename__ = "import_batch"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        CheckConstraint(one_of("state", BatchState), name="state"),
        Index("ix_import_batch_id", "id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    filename: str
    sha256: str
    size_bytes: int = Field(sa_type=BigInt)
    format: str
    state: str
    actor: str
    created_at: datetime
    applied_at: datetime | None = None
    undone_at: datetime | None = None
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    sheets: list[dict[str, object]] = json_field()
    problems: list[dict[str, object]] = json_field()
    undo_report: dict[str, object] | None = json_field(nullable=True)


class BatchBlock(SQLModel, table=True):
    """Up to some thousand rows of a batch and what becomes of them, by column: see blocks.py.

    `id` is the id of its first row, `first_asset_id` that of the asset that a created first row will be;
    those of the next rows follow. Beside them, how many rows have each outcome, and how many titles they name.
    """

    __tablename__ = "batch_block"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "batch_id"], ["import_batch.agency_id", "import_batch.id"]),
        CheckConstraint("rows > 0", name="rows"),
        CheckConstraint("created + updated + unchanged + skipped + rejected = rows", name="outcomes"),
        Index("ix_batch_block_batch", "agency_id", "batch_id", "id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    batch_id: int = Field(sa_type=BigInt)
    rows: int
    first_asset_id: int = Field(sa_type=BigInt)
    installations: int = Field(sa_type=BigInt)
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    payload: str


class BatchTitle(SQLModel, table=True):
    """A distinct software title or hardware model that a batch's rows name by `n`, before it is applied.

    `kind` is an installation role or 'model' (then `publisher` is the manufacturer). Absent parts are ''.
    """

    __tablename__ = "batch_title"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "batch_id"], ["import_batch.agency_id", "import_batch.id"]),
        CheckConstraint("kind = 'model' OR " + one_of("kind", InstallationRole), name="kind"),
    )
    agency_id: int = id_field()
    batch_id: int = id_field()
    n: int = Field(sa_type=BigInt, primary_key=True)
    kind: str
    publisher: str = ""
    name: str
    version: str = ""


class AssetChange(SQLModel, table=True):
    """One field of one asset before and after: history, undo and the way back to a past day.

    A created asset has one row with field '*'; a removed or added installation has field
    'installation' and the title's id in `before` or `after`. Values are the stored ones as text.
    `batch_id` is the batch that an apply or an undo was about; null: an edit by hand.
    """

    __tablename__ = "asset_change"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "asset_id"], ["asset.agency_id", "asset.id"]),
        Index("ix_asset_change_asset", "agency_id", "asset_id", "id"),
        Index("ix_asset_change_batch", "agency_id", "batch_id"),
        NARROW,
    )
    agency_id: int = id_field()
    id: int = id_field()
    asset_id: int = Field(sa_type=BigInt)
    field: str
    before: str | None = None
    after: str | None = None
    batch_id: int | None = ref_field(nullable=True)
    actor: str
    at: datetime


class ColumnMapping(SQLModel, table=True):
    """The agency's remembered assignment of a source column to a field."""

    __tablename__ = "column_mapping"
    agency_id: int = Field(sa_type=BigInt, foreign_key="agency.id", primary_key=True)
    header: str = Field(primary_key=True)
    field: str
    recorded_at: datetime
