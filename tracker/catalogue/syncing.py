"""Brings the catalogue up to date from an answer of endoflife.date, or shows what that would change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, select, update
from sqlmodel import Session

from tracker.catalogue import stored, writing
from tracker.catalogue.building import assign_releases, is_version
from tracker.catalogue.comparison import Difference, compare_products
from tracker.catalogue.exploited import EXPLOITED_LICENCE, EXPLOITED_SOURCE, read_exploited
from tracker.catalogue.facts import ProductRecord, VersionRecord
from tracker.catalogue.queries import load_index
from tracker.catalogue.schemas import ReleaseName, SyncResult, VersionName
from tracker.catalogue.snapshot import Source
from tracker.catalogue.stored import StoredProduct, StoredVersions, version
from tracker.catalogue.upstream import LIFECYCLE_LICENCE, LIFECYCLE_SOURCE, Told, product_data
from tracker.catalogue.writing import Origin
from tracker.identity.errors import Conflict, Refused


def sync_lifecycle(
    session: Session,
    document: Any,
    told: Told,
    source: str,
    now: datetime,
    *,
    dry_run: bool,
    allow_older: bool = False,
) -> SyncResult:
    """Compare `told` with the catalogue and, unless `dry_run`, write the differences.

    At most 30 statements, however many products. Old facts are superseded at `now` and stay readable.

    Raises:
        Conflict: the catalogue already has newer dates, and `allow_older` does not hold.
        Refused: the document says that it is from the future.
    """
    previous = _check_day(
        session, "lifecycle", told.as_of, source, now, dry_run=dry_run, allow_older=allow_older
    )
    known = stored.read_products(session)
    difference = _clear_only(compare_products(known, told.products), told)
    fresh = list(_new_latest(difference))
    there = stored.read_versions(session, [known[p.slug].id for p, _ in fresh if p.slug in known])
    fresh = [each for each in fresh if not _has(there, known, *each)]
    result = _result(told, source, previous, difference, fresh, dry_run=dry_run)
    if dry_run or (difference.is_empty and told.as_of == previous):
        return result
    _write(session, document, told, known, difference, fresh, there, now)
    return replace(result, written=True)


def _clear_only(difference: Difference, told: Told) -> Difference:
    """What the source names but does not tell clearly is not missing from it."""
    unclear = told.unclear
    difference.products_missing = [
        slug for slug in difference.products_missing if (slug, None) not in unclear
    ]
    difference.releases_missing = [
        one for one in difference.releases_missing if (one.product, one.release) not in unclear
    ]
    return difference


def sync_exploited(
    session: Session,
    document: Any,
    source: str,
    now: datetime,
    *,
    dry_run: bool,
    allow_older: bool = False,
) -> SyncResult:
    """The same for CISA's list of known exploited vulnerabilities: entries are added, none is taken away.

    At most 15 statements.

    Raises:
        Conflict: the catalogue already has a newer list, and `allow_older` does not hold.
        Refused: the document has another shape, or says that it is from the future.
    """
    told = read_exploited(document, source, load_index(session))
    previous = _check_day(
        session, "exploited", told.as_of, source, now, dry_run=dry_run, allow_older=allow_older
    )
    there = stored.read_cve_ids(session)
    fresh = tuple(entry.cve_id for entry in told.entries if entry.cve_id not in there)
    written = not dry_run and (bool(fresh) or told.as_of != previous)
    if written:
        digest, count = _digest(document), len(told.entries)
        wanted = Source("exploited", EXPLOITED_SOURCE, EXPLOITED_LICENCE, told.as_of, count, digest, digest)
        ids = writing.write_sources(session, [wanted], now)
        origin = Origin(ids["exploited"], wanted.source, now)
        writing.write_exploited(session, stored.read_products(session), told.entries, origin)
        writing.note_counts(session, ids.values())
    return SyncResult(
        source, "exploited", told.as_of, previous, dry_run, exploited_added=fresh, written=written
    )


def held_days(session: Session) -> dict[str, date]:
    """{kind: day of what the catalogue has of it}: of what was loaded last. One statement."""
    return {row.kind: row.as_of for row in stored.read_snapshots(session)}


def refuse_future(as_of: date, source: str, now: datetime) -> None:
    """Raises: Refused: the source says that it was told after tomorrow."""
    if as_of > now.date() + timedelta(days=1):
        raise Refused("catalogue_future", f"{source}: generated on {as_of}, which is in the future")


def _check_day(
    session: Session,
    kind: str,
    as_of: date,
    source: str,
    now: datetime,
    *,
    dry_run: bool,
    allow_older: bool,
) -> date | None:
    """The day of what the catalogue has of this kind; locks the catalogue when it is to be written."""
    refuse_future(as_of, source, now)
    if not dry_run:
        writing.lock_catalogue(session)
    previous = held_days(session).get(kind)
    if not dry_run and not allow_older and previous is not None and as_of < previous:
        raise Conflict(
            "catalogue_older", f"{source}: generated on {as_of}, the catalogue is of {previous} already"
        )
    return previous


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _new_latest(difference: Difference) -> Iterator[tuple[ProductRecord, VersionRecord]]:
    """The latest version of each release that is new or whose latest changed, where it is a version."""
    releases = [(parent, told) for parent, told in difference.new_releases]
    releases += [(parent, told) for parent, _, told in difference.changed_facts]
    for parent, told in releases:
        latest = told.values.latest_version
        if latest and is_version(latest) and parent.slug not in product_data()["latest_is_base_build"]:
            yield parent, VersionRecord(latest, told.values.latest_released_on, (told.name,))


def _has(
    there: StoredVersions, known: Mapping[str, StoredProduct], parent: ProductRecord, told: VersionRecord
) -> bool:
    owner = known.get(parent.slug)
    have = there.get(owner.id, {}).get(told.name, set()) if owner else set()
    return bool(have - {None})


def _result(
    told: Told,
    source: str,
    previous: date | None,
    difference: Difference,
    fresh: list[tuple[ProductRecord, VersionRecord]],
    *,
    dry_run: bool,
) -> SyncResult:
    return SyncResult(
        source=source,
        kind="lifecycle",
        as_of=told.as_of,
        previous_as_of=previous,
        dry_run=dry_run,
        products=len(told.products),
        releases=sum(len(product.releases) for product in told.products),
        products_added=tuple(product.slug for product in difference.new_products),
        releases_added=tuple(ReleaseName(p.slug, r.name) for p, r in difference.new_releases),
        changes=tuple(difference.changes),
        versions_added=tuple(VersionName(p.slug, v.releases[0], v.name) for p, v in fresh),
        products_missing=tuple(difference.products_missing),
        releases_missing=tuple(difference.releases_missing),
        problems=told.problems,
    )


def _write(
    session: Session,
    document: Any,
    told: Told,
    known: dict[str, StoredProduct],
    difference: Difference,
    fresh: list[tuple[ProductRecord, VersionRecord]],
    there: StoredVersions,
    now: datetime,
) -> None:
    digest = _digest(document)
    count = sum(len(product.releases) for product in told.products)
    source = Source("lifecycle", LIFECYCLE_SOURCE, LIFECYCLE_LICENCE, told.as_of, count, digest, digest)
    ids = writing.write_sources(session, [source], now)
    origin = Origin(ids["lifecycle"], source.source, now)
    writing.write_difference(session, known, difference, origin)
    writing.write_versions(
        session, known, ((parent.slug, record) for parent, record in fresh), origin.snapshot_id, there
    )
    place_versions(session, known, difference)
    mark_missing(session, difference, (each.slug for each in told.products), told.as_of)
    writing.note_counts(session, ids.values())


def mark_missing(session: Session, difference: Difference, told: Iterable[str], as_of: date) -> None:
    """Mark the products that their source tells no more, and no longer those that it tells again. ≤ 3 statements."""
    product = stored.product
    marked = product.c.missing_since.is_not(None)
    already = set(session.execute(select(product.c.slug).where(marked)).scalars())
    gone = set(difference.products_missing) - already
    for slugs, day in ((gone, as_of), (already & set(told), None)):
        if slugs:
            session.execute(update(product).where(product.c.slug.in_(slugs)).values(missing_since=day))


def place_versions(session: Session, known: Mapping[str, StoredProduct], difference: Difference) -> None:
    """Give the versions of products that got a release to that release, where its name is now the longest fit."""
    skipped = set(product_data()["latest_is_base_build"])
    parents = {parent.slug: parent for parent, _ in difference.new_releases if parent.slug not in skipped}
    if not parents:
        return
    new = {known[parent.slug].releases[told.name].id for parent, told in difference.new_releases}
    slugs = {known[slug].id: slug for slug in parents}
    query = select(version.c.product_id, version.c.id, version.c.name, version.c.release_id)
    rows = session.execute(
        query.where(and_(version.c.product_id.in_(slugs), version.c.article.is_(None)))
    ).all()
    moved = []
    for product_id, slug in slugs.items():
        mine = [row for row in rows if row.product_id == product_id]
        for row, name in zip(mine, assign_releases(parents[slug], [r.name for r in mine]), strict=True):
            wanted = known[slug].releases[name].id if name else None
            if wanted in new and wanted != row.release_id:
                moved.append({"this": row.id, "release_id": wanted})
    if moved:
        session.execute(update(version).where(version.c.id == bindparam("this")), moved)
