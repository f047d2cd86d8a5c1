"""What the catalogue room gives: frozen results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

STALE_AFTER_DAYS = 90


@dataclass(frozen=True, slots=True)
class SourceView:
    """One source of facts: `as_of` is the day it was told, `age_days` counts from that day to today."""

    source: str
    kind: str
    licence: str
    as_of: date
    loaded_at: datetime
    age_days: int


@dataclass(frozen=True, slots=True)
class CatalogueStatus:
    """Counts, ages and sources. `as_of` is the day of the lifecycle dates, None while nothing is loaded.

    `stale` holds when those dates are more than 90 days old, or when there are none.
    """

    products: int
    releases: int
    versions: int
    exploited: int
    sources: tuple[SourceView, ...]
    stale: bool
    as_of: date | None
    age_days: int | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a product (`release` None) or release that a sync changes; dates in ISO form."""

    product: str
    release: str | None
    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """A release by its names."""

    product: str
    release: str


@dataclass(frozen=True, slots=True)
class VersionName:
    """A version by its names."""

    product: str
    release: str
    version: str


@dataclass(frozen=True, slots=True)
class SourceProblem:
    """A product (`release` None) or release of a source that makes no sense and was left out; why."""

    product: str
    release: str | None
    message: str


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync changed, or would change (`dry_run`). `kind` is lifecycle, exploited or bundle, by what the source is.

    `products_missing` and `releases_missing` are in the catalogue but not in the source any more: they stay.
    `problems` are parts of the source that make no sense and were left out: what was known of them stays.
    `written` says whether anything was; `signed_by` is the id of the key of a bundle.
    """

    source: str
    kind: str
    as_of: date
    previous_as_of: date | None
    dry_run: bool
    products: int = 0
    releases: int = 0
    products_added: tuple[str, ...] = ()
    releases_added: tuple[ReleaseName, ...] = ()
    changes: tuple[FieldChange, ...] = ()
    versions_added: tuple[VersionName, ...] = ()
    products_missing: tuple[str, ...] = ()
    releases_missing: tuple[ReleaseName, ...] = ()
    exploited_added: tuple[str, ...] = ()
    problems: tuple[SourceProblem, ...] = ()
    written: bool = False
    signed_by: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """A release with the dates known at the time asked for. Flags as in models.ReleaseFact.

    `source` and `as_of` say who told the dates, and on which day; `recorded_at` when we learnt them.
    """

    release_id: int
    product_id: int
    product: str
    product_label: str
    release: str
    release_label: str
    codename: str | None
    released_on: date | None
    active_support_ends_on: date | None
    active_support_flag: bool | None
    security_support_ends_on: date | None
    security_support_flag: bool | None
    extended_support_ends_on: date | None
    extended_support_flag: bool | None
    discontinued_on: date | None
    discontinued_flag: bool | None
    is_lts: bool
    lts_starts_on: date | None
    latest_version: str | None
    latest_released_on: date | None
    latest_link: str | None
    source: str
    as_of: date
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class VersionsBehind:
    """How far a version is behind: newer versions out by the day, the newest, since when one is due."""

    newer: int
    latest: str | None
    latest_on: date | None
    newer_since_on: date | None
    installed_on: date | None
    known: bool


@dataclass(frozen=True, slots=True)
class ProductSummary:
    """A product as listed; `releases` counts them."""

    id: int
    slug: str
    label: str
    category: str
    releases: int
    link: str | None


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A page of products; ask for the next one `after` the slug `next_after`, None at the end."""

    rows: tuple[ProductSummary, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class ExploitedView:
    """A known exploited vulnerability of a product, without version range: `added_on` by the feed."""

    cve_id: str
    vendor: str
    product_name: str
    added_on: date
    due_on: date | None
    ransomware: bool


@dataclass(frozen=True, slots=True)
class ProductView:
    """A product with its releases, newest first, and its known exploited vulnerabilities."""

    id: int
    slug: str
    label: str
    category: str
    version_scheme: str | None
    aliases: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    labels: dict[str, str]
    link: str | None
    releases: tuple[ReleaseFacts, ...]
    exploited: tuple[ExploitedView, ...]
