"""What a source says about products and releases, as plain values, and how two tellings differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date

#: The category of products that the organisation itself added.
LOCAL = "local"

#: endoflife.date's columns and ours, in the order of the snapshot's rows.
PHASES = {
    "eoas": "active_support",
    "eol": "security_support",
    "eoes": "extended_support",
    "discontinued": "discontinued",
}


@dataclass(frozen=True, slots=True)
class ReleaseValues:
    """The dates of a release. A flag stands only where the source gives no date: true, ended on an
    unknown day; false, none announced."""

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


VALUE_NAMES = tuple(field.name for field in fields(ReleaseValues))


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """A release as a source tells it; `source` is its own page, where it is another than the whole telling's."""

    name: str
    label: str
    codename: str | None
    values: ReleaseValues
    source: str | None = None


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product as a source tells it, its releases in the source's order."""

    slug: str
    label: str
    category: str
    version_scheme: str | None
    aliases: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    labels: Mapping[str, str]
    link: str | None
    releases: tuple[ReleaseRecord, ...]


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A dated version; `releases` are the names of those that take it, none where no release does."""

    name: str
    released_on: date | None
    releases: tuple[str, ...]
    article: str | None = None


@dataclass(frozen=True, slots=True)
class ExploitedRecord:
    """A known exploited vulnerability; `slugs` are the products of ours that it means for sure."""

    cve_id: str
    vendor: str
    product_name: str
    slugs: tuple[str, ...]
    added_on: date
    due_on: date | None
    ransomware: bool


def find_differences(before: ReleaseValues, after: ReleaseValues) -> Iterator[tuple[str, object, object]]:
    """(field, before, after) of each field that differs, in a fixed order."""
    for name in VALUE_NAMES:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield name, old, new
