"""Tables of the catalogue room: what the world knows about products, with where and when it was learnt."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import BigInt, id_field, json_field, key_field, ref_field


class CatalogueSnapshot(SQLModel, table=True):
    """One loaded set of facts: where it came from, under which licence, as of which day."""

    __tablename__ = "catalogue_snapshot"
    id: int = id_field()
    source: str
    kind: str
    licence: str
    as_of: date
    sha256: str
    loaded_at: datetime
    counts: dict[str, object] = json_field()


class Product(SQLModel, table=True):
    """A product by its slug (endoflife.date's name, or ours in the supplement)."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("slug"),)
    id: int = id_field()
    slug: str = Field(max_length=120)
    label: str
    category: str
    version_scheme: str | None = None
    aliases: list[str] = json_field()
    identifiers: list[list[str]] = json_field()
    tags: list[str] = json_field()
    labels: dict[str, str] = json_field()
    link: str | None = None
    snapshot_id: int = ref_field("catalogue_snapshot.id")
    #: The day of the first telling of its source in which it was gone; it stays, with what was known of it.
    missing_since: date | None = None


class Release(SQLModel, table=True):
    """A release cycle of a product; its dates are facts of their own (ReleaseFact)."""

    __tablename__ = "release"
    __table_args__ = (UniqueConstraint("product_id", "name"),)
    id: int = id_field()
    product_id: int = ref_field("product.id")
    name: str
    label: str
    codename: str | None = None
    version_key: str = key_field()


class ReleaseFact(SQLModel, table=True):
    """The dates of a release as known from `recorded_at` until `superseded_at` (null: still).

    A `…_flag` holds what the source says where it gives no date: true, ended on an unknown day;
    false, none announced; null, the source says nothing or gives the date.
    """

    __tablename__ = "release_fact"
    __table_args__ = (
        Index("ix_release_fact_release_id", "release_id", "recorded_at"),
        # At any moment one set of dates holds for a release.
        Index(
            "uq_release_fact_current",
            "release_id",
            unique=True,
            sqlite_where=text("superseded_at IS NULL"),
            postgresql_where=text("superseded_at IS NULL"),
        ),
        CheckConstraint("superseded_at IS NULL OR superseded_at >= recorded_at", name="period"),
    )
    id: int = id_field()
    release_id: int = ref_field("release.id")
    released_on: date | None = None
    active_support_ends_on: date | None = None
    active_support_flag: bool | None = None
    security_support_ends_on: date | None = None
    security_support_flag: bool | None = None
    extended_support_ends_on: date | None = None
    extended_support_flag: bool | None = None
    discontinued_on: date | None = None
    discontinued_flag: bool | None = None
    is_lts: bool = False
    lts_starts_on: date | None = None
    latest_version: str | None = None
    latest_released_on: date | None = None
    latest_link: str | None = None
    source: str
    snapshot_id: int = ref_field("catalogue_snapshot.id")
    recorded_at: datetime
    superseded_at: datetime | None = None


class Version(SQLModel, table=True):
    """A dated version (patch) of a product; `release_id` is null where no release takes it.

    One version can belong to several releases (a Windows build to each edition that gets it): a row each.
    """

    __tablename__ = "version"
    __table_args__ = (
        UniqueConstraint("product_id", "release_id", "name"),
        Index(
            "uq_version_unassigned",
            "product_id",
            "name",
            unique=True,
            sqlite_where=text("release_id IS NULL"),
            postgresql_where=text("release_id IS NULL"),
        ),
        Index("ix_version_release_key", "release_id", "version_key"),
    )
    id: int = id_field()
    product_id: int = ref_field("product.id")
    release_id: int | None = ref_field("release.id", nullable=True)
    name: str
    version_key: str = key_field()
    released_on: date | None = None
    article: str | None = None
    snapshot_id: int = ref_field("catalogue_snapshot.id")


class ExploitedEntry(SQLModel, table=True):
    """A known exploited vulnerability; which products of ours it means stands in ExploitedProduct."""

    __tablename__ = "exploited_entry"
    __table_args__ = (UniqueConstraint("cve_id"),)
    id: int = id_field()
    cve_id: str
    vendor: str
    product_name: str
    added_on: date
    due_on: date | None = None
    ransomware: bool = False
    snapshot_id: int = ref_field("catalogue_snapshot.id")
    recorded_at: datetime


class ExploitedProduct(SQLModel, table=True):
    """A product that an entry of the exploited list means for sure; an entry can mean several, or none."""

    __tablename__ = "exploited_product"
    __table_args__ = (Index("ix_exploited_product_product_id", "product_id"),)
    entry_id: int = Field(sa_type=BigInt, foreign_key="exploited_entry.id", primary_key=True)
    product_id: int = Field(sa_type=BigInt, foreign_key="product.id", primary_key=True)


class CatalogueFetch(SQLModel, table=True):
    """What an address said of its last answer that was taken: sent back, so that it need not be sent again."""

    __tablename__ = "catalogue_fetch"
    address: str = Field(primary_key=True)
    etag: str | None = None
    last_modified: str | None = None
    kind: str
    as_of: date
    fetched_at: datetime


class CatalogueProposal(SQLModel, table=True):
    """An update that was shown and waits to be applied: the source as it came, and what it was compared with.

    `base` is the catalogue's version then: when it has changed since, what was shown is not what would happen.
    """

    __tablename__ = "catalogue_proposal"
    id: int = id_field()
    name: str
    content: bytes
    base: str
    shown: dict[str, object] = json_field()
    made_by: str
    made_at: datetime


class ExploitedRange(SQLModel, table=True):
    """Versions of a product that an entry of the exploited list affects, where a CVE record tells them.

    From one ('' is from the first) to another, included or not; without the other the one alone.
    """

    __tablename__ = "exploited_range"
    __table_args__ = (
        UniqueConstraint("entry_id", "product_id", "from_version", "to_version", "to_included"),
        Index("ix_exploited_range_product_id", "product_id"),
        CheckConstraint("from_version <> '' OR to_version <> ''", name="bounded"),
    )
    id: int = id_field()
    entry_id: int = ref_field("exploited_entry.id")
    product_id: int = ref_field("product.id")
    from_version: str = ""
    to_version: str = ""
    to_included: bool = False
    snapshot_id: int = ref_field("catalogue_snapshot.id")
    recorded_at: datetime


class ProductAlias(SQLModel, table=True):
    """A name people use for a product; a row of an agency outranks the shared ones (agency_id 0)."""

    __tablename__ = "product_alias"
    __table_args__ = (UniqueConstraint("agency_id", "alias"),)
    id: int = id_field()
    agency_id: int = Field(default=0, sa_type=BigInt)
    alias: str
    product_id: int = ref_field("product.id")
    recorded_at: datetime
