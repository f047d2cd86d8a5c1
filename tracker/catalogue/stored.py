"""The catalogue as the database holds it, read whole for comparison and for bulk loading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, distinct, func, select
from sqlmodel import Session

from tracker.catalogue.facts import VALUE_NAMES, ReleaseValues
from tracker.catalogue.models import (
    CatalogueSnapshot,
    ExploitedEntry,
    ExploitedProduct,
    Product,
    Release,
    ReleaseFact,
    Version,
)
from tracker.db import table_of

product = table_of(Product)
release = table_of(Release)
fact = table_of(ReleaseFact)
version = table_of(Version)
entry = table_of(ExploitedEntry)
exploited_product = table_of(ExploitedProduct)
snapshot = table_of(CatalogueSnapshot)

#: {product id: {version name: ids of the releases that take it}}
StoredVersions = Mapping[int, Mapping[str, set[int | None]]]

PRODUCT_FIELDS = (
    "label",
    "category",
    "version_scheme",
    "aliases",
    "identifiers",
    "tags",
    "labels",
    "link",
)


@dataclass(slots=True)
class StoredRelease:
    """A release with its current dates; `fact_id` is None where none are known."""

    id: int
    label: str
    codename: str | None
    fact_id: int | None
    values: ReleaseValues


@dataclass(slots=True)
class StoredProduct:
    """A product with its releases by name."""

    id: int
    values: dict[str, Any]
    releases: dict[str, StoredRelease] = field(default_factory=dict)


def read_products(session: Session) -> dict[str, StoredProduct]:
    """All products by slug, with their releases and current dates. Two statements."""
    columns = [product.c[name] for name in PRODUCT_FIELDS]
    found: dict[str, StoredProduct] = {}
    by_id: dict[int, StoredProduct] = {}
    for product_id, slug, *values in session.execute(select(product.c.id, product.c.slug, *columns)):
        found[slug] = by_id[product_id] = StoredProduct(
            product_id, dict(zip(PRODUCT_FIELDS, values, strict=True))
        )
    current = and_(fact.c.release_id == release.c.id, fact.c.superseded_at.is_(None))
    query = select(
        release.c.product_id,
        release.c.name,
        release.c.id,
        release.c.label,
        release.c.codename,
        fact.c.id.label("fact_id"),
        *(fact.c[name] for name in VALUE_NAMES),
    ).select_from(release.outerjoin(fact, current))
    for product_id, name, release_id, label, codename, fact_id, *values in session.execute(query):
        told = ReleaseValues(*values) if fact_id is not None else ReleaseValues()
        by_id[product_id].releases[name] = StoredRelease(release_id, label, codename, fact_id, told)
    return found


def read_told_slugs(session: Session, kind: str, slugs: Collection[str]) -> set[str]:
    """Those of the slugs whose current dates a source of this kind told. One statement."""
    query = (
        select(product.c.slug)
        .distinct()
        .select_from(
            fact.join(release, release.c.id == fact.c.release_id)
            .join(product, product.c.id == release.c.product_id)
            .join(snapshot, snapshot.c.id == fact.c.snapshot_id)
        )
        .where(product.c.slug.in_(slugs), fact.c.superseded_at.is_(None), snapshot.c.kind == kind)
    )
    return set(session.execute(query).scalars())


def read_versions(session: Session, product_ids: Collection[int] | None = None) -> StoredVersions:
    """{product id: {version name: ids of the releases that take it}}. One statement."""
    query = select(version.c.product_id, version.c.name, version.c.release_id)
    if product_ids is not None:
        query = query.where(version.c.product_id.in_(product_ids))
    found: dict[int, dict[str, set[int | None]]] = defaultdict(lambda: defaultdict(set))
    for product_id, name, release_id in session.execute(query):
        found[product_id][name].add(release_id)
    return found


def read_cve_ids(session: Session) -> set[str]:
    """The CVE ids of all exploited entries. One statement."""
    return set(session.execute(select(entry.c.cve_id)).scalars())


def read_snapshots(session: Session) -> list[Any]:
    """Every loaded set of facts in the order of loading. One statement."""
    return list(session.execute(select(snapshot).order_by(snapshot.c.loaded_at, snapshot.c.id)))


def count_all(session: Session) -> dict[str, object]:
    """Totals of the catalogue; a version that several releases take counts once. One statement."""
    name = product.c.slug + "\n" + version.c.name
    versions = select(func.count(distinct(name))).select_from(
        version.join(product, product.c.id == version.c.product_id)
    )
    row = session.execute(
        select(
            select(func.count()).select_from(product).scalar_subquery(),
            select(func.count()).select_from(release).scalar_subquery(),
            versions.scalar_subquery(),
            select(func.count()).select_from(entry).scalar_subquery(),
            select(func.count(distinct(exploited_product.c.entry_id))).scalar_subquery(),
        )
    ).one()
    return dict(zip(("products", "releases", "versions", "exploited", "mapped"), row, strict=True))
