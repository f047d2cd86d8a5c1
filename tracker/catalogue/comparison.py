"""What a telling of products would change in the catalogue. Pure: stored values in, differences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tracker.catalogue.facts import LOCAL, ProductRecord, ReleaseRecord, find_differences
from tracker.catalogue.matching.hardware import HARDWARE
from tracker.catalogue.schemas import FieldChange, ReleaseName
from tracker.catalogue.stored import PRODUCT_FIELDS, StoredProduct, StoredRelease
from tracker.catalogue.supplement import supplement_slugs


@dataclass(slots=True)
class Difference:
    """All that differs, ready to be written."""

    new_products: list[ProductRecord] = field(default_factory=list)
    changed_products: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    new_releases: list[tuple[ProductRecord, ReleaseRecord]] = field(default_factory=list)
    relabelled: list[tuple[int, ReleaseRecord]] = field(default_factory=list)
    changed_facts: list[tuple[ProductRecord, StoredRelease, ReleaseRecord]] = field(default_factory=list)
    changes: list[FieldChange] = field(default_factory=list)
    products_missing: list[str] = field(default_factory=list)
    releases_missing: list[ReleaseName] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be written."""
        return not (self.new_products or self.new_releases or self.changes)


def product_values(told: ProductRecord) -> dict[str, Any]:
    """The columns of a product as the database gives them back: JSON has lists only."""
    return {
        "label": told.label,
        "category": told.category,
        "version_scheme": told.version_scheme,
        "aliases": list(told.aliases),
        "identifiers": [list(pair) for pair in told.identifiers],
        "tags": list(told.tags),
        "labels": dict(told.labels),
        "link": told.link,
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def compare_products(stored: Mapping[str, StoredProduct], told: Iterable[ProductRecord]) -> Difference:
    """What `told` changes; what is stored but not told is named as missing, unless it is our own, and stays."""
    found = Difference()
    told = list(told)
    for record in told:
        before = stored.get(record.slug)
        if before is None:
            found.new_products.append(record)
            found.new_releases.extend((record, release) for release in record.releases)
        else:
            _compare_product(found, before, record)
    own = {slug for slug, one in stored.items() if one.values["category"] in (HARDWARE, LOCAL)}
    ours = supplement_slugs() | own
    found.products_missing = sorted(set(stored) - {record.slug for record in told} - ours)
    return found


def _compare_product(found: Difference, before: StoredProduct, told: ProductRecord) -> None:
    values = product_values(told)
    changed = [name for name in PRODUCT_FIELDS if before.values[name] != values[name]]
    if changed:
        found.changed_products.append((before.id, values))
        found.changes.extend(
            FieldChange(told.slug, None, name, before.values[name], values[name]) for name in changed
        )
    for release in told.releases:
        known = before.releases.get(release.name)
        if known is None:
            found.new_releases.append((told, release))
        else:
            found.changes.extend(_compare_release(found, told, known, release))
    missing = set(before.releases) - {release.name for release in told.releases}
    found.releases_missing.extend(ReleaseName(told.slug, name) for name in sorted(missing))


def _compare_release(
    found: Difference, parent: ProductRecord, before: StoredRelease, told: ReleaseRecord
) -> Iterator[FieldChange]:
    if (before.label, before.codename) != (told.label, told.codename):
        found.relabelled.append((before.id, told))
    for name in ("label", "codename"):
        old, new = getattr(before, name), getattr(told, name)
        if old != new:
            yield FieldChange(parent.slug, told.name, name, old, new)
    differences = list(find_differences(before.values, told.values))
    if differences or before.fact_id is None:
        found.changed_facts.append((parent, before, told))
    for name, old_value, new_value in differences:
        yield FieldChange(parent.slug, told.name, name, _plain(old_value), _plain(new_value))
