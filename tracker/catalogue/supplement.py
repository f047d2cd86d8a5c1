"""Products that offices have and endoflife.date lacks: our own file, in the words of the catalogue. No database.

Each product names its vendor's page of such dates; a release names in `source` the page that was read for it.
What nobody could confirm is left out: then nothing is known, and nothing is claimed. `"checked": false` marks
what its vendor announced widely but whose page was not read; pages show that. A support entry is a day (the
last day of support), true (ended, the day unknown) or false (supported, no end announced).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from tracker.catalogue.facts import ProductRecord, ReleaseRecord, ReleaseValues
from tracker.catalogue.snapshot import Source

SUPPLEMENT_SOURCE = "Tracker supplement"
SUPPLEMENT_LICENCE = "Apache-2.0"
_PHASES = ("active_support", "security_support", "extended_support")


@cache
def _content() -> tuple[dict[str, Any], str]:
    """The parsed file and the SHA-256 of its bytes."""
    content = resources.files("tracker.catalogue.data").joinpath("supplement.json").read_bytes()
    document: dict[str, Any] = json.loads(content)
    return document, hashlib.sha256(content).hexdigest()


@cache
def supplement_products() -> tuple[ProductRecord, ...]:
    """Every product of the supplement, its releases newest first."""
    return tuple(_product(row) for row in _content()[0]["products"])


def supplement_source() -> Source:
    """What the supplement is as a source of facts."""
    document, digest = _content()
    count = sum(len(product.releases) for product in supplement_products())
    as_of = date.fromisoformat(document["as_of"])
    return Source("supplement", SUPPLEMENT_SOURCE, SUPPLEMENT_LICENCE, as_of, count, digest, digest)


@cache
def supplement_slugs() -> frozenset[str]:
    """The slugs that only the supplement has."""
    return frozenset(row["slug"] for row in _content()[0]["products"])


@cache
def unchecked_releases() -> frozenset[tuple[str, str]]:
    """(slug, release) of those whose dates were not compared with their vendor's page."""
    return frozenset(
        (row["slug"], each["name"])
        for row in _content()[0]["products"]
        for each in row["releases"]
        if each.get("checked") is False
    )


def is_unchecked(product: str, release: str, source: str) -> bool:
    """Whether dates from `source` are ours and were not compared with their vendor's page."""
    return (product, release) in unchecked_releases() and source in _vendor_pages()


@cache
def _vendor_pages() -> frozenset[str]:
    return frozenset(row["source"] for row in _content()[0]["products"])


@cache
def older_parts() -> Mapping[str, str]:
    """{slug of endoflife.date: slug of ours that holds the releases it left out}: office → office-older."""
    return {row["part_of"]: row["slug"] for row in _content()[0]["products"] if "part_of" in row}


def upstream_answer(product: str | None, release: str | None) -> tuple[str | None, str | None]:
    """A matched pair in endoflife.date's names alone: without what only the supplement has.

    "office-older", "2003" is ("office", None); "cisco-asa", "9.8" is (None, None).
    """
    if product not in supplement_slugs():
        return product, release
    return next((whole for whole, part in older_parts().items() if part == product), None), None


def _product(row: Mapping[str, Any]) -> ProductRecord:
    return ProductRecord(
        row["slug"],
        row["label"],
        row["category"],
        row.get("scheme"),
        tuple(row.get("aliases", ())),
        tuple((kind, name) for kind, name in row.get("identifiers", ())),
        (),
        row.get("labels", {}),
        row["source"],
        tuple(_release(row, each) for each in row["releases"]),
    )


def _release(product: Mapping[str, Any], row: Mapping[str, Any]) -> ReleaseRecord:
    said: dict[str, Any] = {"released_on": _day(row.get("released_on"))}
    for phase in _PHASES:
        value = row.get(phase)
        said[f"{phase}_flag" if isinstance(value, bool) else f"{phase}_ends_on"] = (
            value if isinstance(value, bool) else _day(value)
        )
    label = row.get("label") or row["name"]
    return ReleaseRecord(
        row["name"], label, row.get("codename"), ReleaseValues(**said), row.get("source", product["source"])
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
