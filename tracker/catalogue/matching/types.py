"""What goes into the matcher and what comes out: frozen values, no session, no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What a name turned out to be."""

    MATCHED = "matched"
    """A product and its release."""
    PRODUCT_ONLY = "product-only"
    """The product is known; `reason` says why the release is not."""
    NOT_TRACKED = "not-tracked"
    """A thing that has no lifecycle of its own here: component, update, driver, hardware."""
    UNRECOGNISED = "unrecognised"


class Tier(StrEnum):
    """Who may rely on an answer."""

    AUTO = "auto"
    """Sure enough to raise findings by itself."""
    REVIEW = "review"
    """A person should look at it first."""
    NONE = "none"
    """No product was found."""


@dataclass(frozen=True, slots=True)
class CatalogueRelease:
    """A release of a product as far as the matcher needs it.

    `ends_on` is the end of security support, null when unknown; `latest` the newest version's name.
    """

    name: str
    label: str = ""
    codename: str | None = None
    latest: str | None = None
    released_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class CatalogueProduct:
    """A product with its names; `identifiers` are pairs (type, id) such as ("purl", "pkg:npm/vue")."""

    slug: str
    label: str
    category: str = ""
    aliases: tuple[str, ...] = ()
    identifiers: tuple[tuple[str, str], ...] = ()
    releases: tuple[CatalogueRelease, ...] = ()
    version_scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """The answer for one name.

    `product` is the catalogue's slug, `release` a release's name of it, `version` the version that the
    name or its version column states. `evidence` is a JSON document: `spans` [[start, end, what], …]
    into the text, `rules` (ids of alias and other rules), `version_source`, `conflicts`, and for several
    possible releases `earliest_end` and `latest_end`. `candidates` are the releases that remain possible.
    """

    outcome: Outcome
    product: str | None = None
    release: str | None = None
    version: str | None = None
    confidence: float = 0.0
    tier: Tier = Tier.NONE
    method: str = ""
    reason: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
