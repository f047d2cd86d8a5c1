"""Reading SQL of the catalogue room: what the matcher, the scan and the pages ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, Row, and_, func, or_, select
from sqlmodel import Session

from tracker.catalogue.matching import CatalogueProduct, CatalogueRelease, Matcher
from tracker.catalogue.models import ProductAlias
from tracker.catalogue.schemas import ReleaseFacts
from tracker.catalogue.stored import fact, product, release, snapshot
from tracker.db import table_of

alias = table_of(ProductAlias)
_CHUNK = 5_000


@dataclass(frozen=True)
class _Made:
    """A matcher with what it was made from."""

    version: tuple[object, ...]
    products: list[CatalogueProduct]
    aliases: list[tuple[str, str | None]]
    matcher: Matcher


_made: WeakKeyDictionary[Engine, _Made] = WeakKeyDictionary()
_making = Lock()


def product_ids(session: Session) -> dict[str, int]:
    """{slug: id} of every product. One statement."""
    return {row[0]: row[1] for row in session.execute(select(product.c.slug, product.c.id))}


def release_ids(session: Session) -> dict[tuple[str, str], int]:
    """{(slug, release name): id} of every release. One statement."""
    query = select(product.c.slug, release.c.name, release.c.id).join(
        product, product.c.id == release.c.product_id
    )
    return {(slug, name): release_id for slug, name, release_id in session.execute(query)}


def version_schemes(session: Session) -> dict[str, str | None]:
    """{slug: version scheme, None is generic}. One statement."""
    query = select(product.c.slug, product.c.version_scheme)
    return {row[0]: row[1] for row in session.execute(query)}


def load_index(session: Session) -> list[CatalogueProduct]:
    """Every product with its releases as the matcher wants them, by slug; releases newest first. Two statements."""
    return [
        CatalogueProduct(
            slug=row.slug,
            label=row.label,
            category=row.category,
            aliases=tuple(row.aliases),
            identifiers=tuple((kind, value) for kind, value in row.identifiers),
            releases=tuple(found),
            version_scheme=row.version_scheme,
        )
        for row, found in _with_releases(session)
    ]


def _with_releases(session: Session) -> Iterable[tuple[Row[Any], list[CatalogueRelease]]]:
    current = and_(fact.c.release_id == release.c.id, fact.c.superseded_at.is_(None))
    query = (
        select(
            release.c.product_id,
            release.c.name,
            release.c.label,
            release.c.codename,
            fact.c.latest_version,
            fact.c.released_on,
            fact.c.security_support_ends_on,
        )
        .select_from(release.outerjoin(fact, current))
        .order_by(release.c.product_id, release.c.id)
    )
    releases: dict[int, list[CatalogueRelease]] = defaultdict(list)
    for product_id, *values in session.execute(query):
        releases[product_id].append(CatalogueRelease(*values))
    columns = ("id", "slug", "label", "category", "aliases", "identifiers", "version_scheme")
    rows = session.execute(select(*(product.c[name] for name in columns)).order_by(product.c.slug))
    return [(row, releases[row.id]) for row in rows]


def get_matcher(session: Session) -> Matcher:
    """The matcher for the catalogue as it is, kept in the process until the catalogue changes.

    One statement while it has not changed, four when it has. The shared aliases of our own table
    (agency 0) are in it.
    """
    version = _catalogue_version(session)
    engine = session.get_bind().engine
    with _making:
        kept = _made.get(engine)
        if kept is None or kept.version != version:
            kept = _made[engine] = _make_matcher(session, version)
        return kept.matcher


def _make_matcher(session: Session, version: tuple[object, ...]) -> _Made:
    products = load_index(session)
    query = select(alias.c.alias, product.c.slug).join(product, product.c.id == alias.c.product_id)
    rows = session.execute(query.where(alias.c.agency_id == 0).order_by(alias.c.alias))
    aliases = [(name, slug) for name, slug in rows]
    for other in list(_made.values()):
        # Two databases with the same facts share one matcher: making it costs more than comparing.
        if other.products == products and other.aliases == aliases:
            return _Made(version, products, aliases, other.matcher)
    return _Made(version, products, aliases, Matcher(products, aliases))


def _catalogue_version(session: Session) -> tuple[object, ...]:
    """What changes when the catalogue or its shared aliases do. One statement."""
    shared = alias.c.agency_id == 0
    row = session.execute(
        select(
            select(func.max(snapshot.c.id)).scalar_subquery(),
            select(func.count()).select_from(product).scalar_subquery(),
            select(func.max(fact.c.id)).scalar_subquery(),
            select(func.count()).select_from(alias).where(shared).scalar_subquery(),
            select(func.max(alias.c.recorded_at)).where(shared).scalar_subquery(),
        )
    ).one()
    return tuple(row)


def _known(known_at: datetime | None) -> ColumnElement[bool]:
    current: ColumnElement[bool] = fact.c.superseded_at.is_(None)
    if known_at is None:
        return current
    return and_(fact.c.recorded_at <= known_at, or_(current, fact.c.superseded_at > known_at))


def list_release_facts(
    session: Session, release_ids: Iterable[int] | None = None, known_at: datetime | None = None
) -> list[ReleaseFacts]:
    """The dates of the releases (None: of all) as known at `known_at` (None: now), by product and release id.

    A release of which nothing was known then is not in the list. One statement per 5,000 ids.
    """
    if release_ids is None:
        return _list_facts(session, _known(known_at))
    wanted = sorted(set(release_ids))
    found: list[ReleaseFacts] = []
    for start in range(0, len(wanted), _CHUNK):
        found += _list_facts(
            session, and_(_known(known_at), fact.c.release_id.in_(wanted[start : start + _CHUNK]))
        )
    return found


def _list_facts(session: Session, condition: ColumnElement[bool]) -> list[ReleaseFacts]:
    names = ReleaseFacts.__dataclass_fields__
    special = {
        "product_id": product.c.id,
        "product": product.c.slug,
        "product_label": product.c.label,
        "release": release.c.name,
        "release_label": release.c.label,
        "codename": release.c.codename,
        "as_of": snapshot.c.as_of,
    }
    columns = [special[name] if name in special else fact.c[name] for name in names]
    query = (
        select(*columns)
        .select_from(
            fact.join(release, release.c.id == fact.c.release_id)
            .join(product, product.c.id == release.c.product_id)
            .join(snapshot, snapshot.c.id == fact.c.snapshot_id)
        )
        .where(condition)
        .order_by(product.c.slug, release.c.id, fact.c.recorded_at, fact.c.id)
    )
    return [ReleaseFacts(*row) for row in session.execute(query)]
