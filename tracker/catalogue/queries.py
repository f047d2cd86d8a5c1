"""Reading SQL of the catalogue room: what the matcher, the scan and the pages ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Engine, Row, and_, func, or_, select
from sqlmodel import Session

from tracker.catalogue.facts import LOCAL
from tracker.catalogue.matching import CatalogueProduct, CatalogueRelease, Matcher
from tracker.catalogue.models import ProductAlias
from tracker.catalogue.schemas import (
    ExploitedView,
    ProductPage,
    ProductSummary,
    ProductView,
    ReleaseFacts,
    VersionsBehind,
)
from tracker.catalogue.stored import entry, exploited_product, fact, product, release, snapshot, version
from tracker.db import table_of
from tracker.identity.errors import NotFound

alias = table_of(ProductAlias)
_CHUNK = 5_000
#: In the `info` of a session whose changes to the catalogue will be taken back.
PROVISIONAL = "catalogue_provisional"


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
        .select_from(release.join(product, product.c.id == release.c.product_id).outerjoin(fact, current))
        # A release of our own that was ended is nothing any more that a name could mean.
        .where(or_(product.c.category != LOCAL, fact.c.id.is_not(None)))
        .order_by(release.c.product_id, release.c.id)
    )
    releases: dict[int, list[CatalogueRelease]] = defaultdict(list)
    for product_id, *values in session.execute(query):
        releases[product_id].append(CatalogueRelease(*values))
    columns = ("id", "slug", "label", "category", "aliases", "identifiers", "version_scheme")
    rows = session.execute(select(*(product.c[name] for name in columns)).order_by(product.c.slug))
    return [(row, releases[row.id]) for row in rows if row.category != LOCAL or row.id in releases]


def get_matcher(session: Session) -> Matcher:
    """The matcher for the catalogue as it is, kept in the process until the catalogue changes.

    One statement while it has not changed, four when it has. The shared aliases of our own table
    (agency 0) are in it. In a session marked PROVISIONAL the catalogue will be as it was before: its
    matcher is not kept.
    """
    version = catalogue_version(session)
    if session.info.get(PROVISIONAL):
        return _make_matcher(session, version).matcher
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


def catalogue_version(session: Session) -> tuple[object, ...]:
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


def list_products(
    session: Session,
    *,
    search: str = "",
    category: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> ProductPage:
    """Products by slug, `after` a slug, at most `limit` (1 to 500), whose slug or label holds `search`.

    One statement; the counts of releases come with it.
    """
    limit = max(1, min(limit, 500))
    releases = select(func.count()).where(release.c.product_id == product.c.id).scalar_subquery()
    columns = (product.c.id, product.c.slug, product.c.label, product.c.category, releases, product.c.link)
    query = select(*columns).order_by(product.c.slug).limit(limit + 1)
    if words := search.strip().lower():
        query = query.where(
            or_(
                product.c.slug.contains(words, autoescape=True),
                func.lower(product.c.label).contains(words, autoescape=True),
            )
        )
    if category:
        query = query.where(product.c.category == category)
    if after:
        query = query.where(product.c.slug > after)
    found = [ProductSummary(*row) for row in session.execute(query)]
    more = len(found) > limit
    return ProductPage(tuple(found[:limit]), found[limit - 1].slug if more else None)


def list_categories(session: Session) -> list[tuple[str, int]]:
    """(category, number of products) by category. One statement."""
    query = select(product.c.category, func.count()).group_by(product.c.category).order_by(product.c.category)
    return [(row[0], row[1]) for row in session.execute(query)]


def get_product(session: Session, slug: str, known_at: datetime | None = None) -> ProductView:
    """The product with its releases (as known at `known_at`) and known exploited vulnerabilities. Three statements.

    Raises:
        NotFound: no product has this slug.
    """
    row = session.execute(select(product).where(product.c.slug == slug)).one_or_none()
    if row is None:
        raise NotFound("product_unknown", f"no product {slug!r} is in the catalogue")
    return ProductView(
        id=row.id,
        slug=row.slug,
        label=row.label,
        category=row.category,
        version_scheme=row.version_scheme,
        aliases=tuple(row.aliases),
        identifiers=tuple((kind, value) for kind, value in row.identifiers),
        tags=tuple(row.tags),
        labels=dict(row.labels),
        link=row.link,
        releases=tuple(_list_facts(session, and_(_known(known_at), product.c.id == row.id))),
        exploited=_exploited(session, [row.id], None, known_at).get(row.id, ()),
    )


def versions_behind(session: Session, release_id: int, version_key: str, day: date) -> VersionsBehind | None:
    """How far a version of a release is behind on `day`; None where the release has no versions. One statement.

    Versions that came out after `day` do not count; one without a date does.
    """
    query = (
        select(version.c.version_key, version.c.name, version.c.released_on)
        .where(version.c.release_id == release_id)
        .where(or_(version.c.released_on.is_(None), version.c.released_on <= day))
        .order_by(version.c.version_key, version.c.id)
    )
    rows = session.execute(query).all()
    if not rows:
        return None
    newer = [row for row in rows if row.version_key > version_key]
    same = [row for row in rows if row.version_key == version_key]
    return VersionsBehind(
        newer=len({row.version_key for row in newer}),
        latest=rows[-1].name,
        latest_on=rows[-1].released_on,
        newer_since_on=min((row.released_on for row in newer if row.released_on), default=None),
        installed_on=min((row.released_on for row in same if row.released_on), default=None),
        known=bool(same),
    )


def exploited_by_product(
    session: Session,
    product_ids: Iterable[int] | None = None,
    day: date | None = None,
    known_at: datetime | None = None,
) -> dict[int, tuple[ExploitedView, ...]]:
    """Known exploited vulnerabilities per product id, listed by `day` and known at `known_at`, oldest first.

    Entries whose product is none of ours for sure are left out. One statement per 5,000 ids.
    """
    if product_ids is None:
        return _exploited(session, None, day, known_at)
    wanted = sorted(set(product_ids))
    found: dict[int, tuple[ExploitedView, ...]] = {}
    for start in range(0, len(wanted), _CHUNK):
        found |= _exploited(session, wanted[start : start + _CHUNK], day, known_at)
    return found


def _exploited(
    session: Session, wanted: list[int] | None, day: date | None, known_at: datetime | None
) -> dict[int, tuple[ExploitedView, ...]]:
    names = ExploitedView.__dataclass_fields__
    query = select(exploited_product.c.product_id, *(entry.c[name] for name in names)).join(
        exploited_product, exploited_product.c.entry_id == entry.c.id
    )
    if wanted is not None:
        query = query.where(exploited_product.c.product_id.in_(wanted))
    if day is not None:
        query = query.where(entry.c.added_on <= day)
    if known_at is not None:
        query = query.where(entry.c.recorded_at <= known_at)
    grouped: dict[int, list[ExploitedView]] = defaultdict(list)
    for product_id, *values in session.execute(query.order_by(entry.c.added_on, entry.c.cve_id)):
        grouped[product_id].append(ExploitedView(*values))
    return {product_id: tuple(found) for product_id, found in grouped.items()}
