"""Brings the catalogue up to date from an answer of endoflife.date, or shows what that would change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
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
    session: Session, document: Any, told: Told, source: str, now: datetime, *, dry_run: bool
) -> SyncResult:
    """Compare `told` with the catalogue and, unless `dry_run`, write the differences.

    At most 30 statements, however many products. Old facts are superseded at `now` and stay readable.

    Raises:
        Conflict: the catalogue already has newer dates.
        Refused: the document says that it is from the future.
    """
    previous = _check_day(session, "lifecycle", told.as_of, source, now, dry_run=dry_run)
    known = stored.read_products(session)
    difference = compare_products(known, told.products)
    fresh = list(_new_latest(difference))
    there = stored.read_versions(session, [known[p.slug].id for p, _ in fresh if p.slug in known])
    fresh = [each for each in fresh if not _has(there, known, *each)]
    result = _result(told, source, previous, difference, fresh, dry_run=dry_run)
    if not dry_run and (not difference.is_empty or told.as_of != previous):
        _write(session, document, told, known, difference, fresh, there, now)
    return result


def sync_exploited(
    session: Session, document: Any, source: str, now: datetime, *, dry_run: bool
) -> SyncResult:
    """The same for CISA's list of known exploited vulnerabilities: entries are added, none is taken away.

    At most 15 statements.

    Raises:
        Conflict: the catalogue already has a newer list.
        Refused: the document has another shape, or says that it is from the future.
    """
    told = read_exploited(document, source, load_index(session))
    previous = _check_day(session, "exploited", told.as_of, source, now, dry_run=dry_run)
    there = stored.read_cve_ids(session)
    fresh = tuple(entry.cve_id for entry in told.entries if entry.cve_id not in there)
    if not dry_run and (fresh or told.as_of != previous):
        digest, count = _digest(document), len(told.entries)
        wanted = Source("exploited", EXPLOITED_SOURCE, EXPLOITED_LICENCE, told.as_of, count, digest, digest)
        ids = writing.write_sources(session, [wanted], now)
        origin = Origin(ids["exploited"], wanted.source, now)
        writing.write_exploited(session, stored.read_products(session), told.entries, origin)
        writing.note_counts(session, ids.values())
    return SyncResult(source, "exploited", told.as_of, previous, dry_run, exploited_added=fresh)


def _check_day(
    session: Session, kind: str, as_of: date, source: str, now: datetime, *, dry_run: bool
) -> date | None:
    """The day of what the catalogue has of this kind; locks the catalogue when it is to be written."""
    if as_of > now.date() + timedelta(days=1):
        raise Refused("catalogue_future", f"{source}: generated on {as_of}, which is in the future")
    if not dry_run:
        writing.lock_catalogue(session)
    loaded = stored.read_snapshots(session)
    previous = max((row.as_of for row in loaded if row.kind == kind), default=None)
    if not dry_run and previous is not None and as_of < previous:
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
    _place_versions(session, known, difference)
    writing.note_counts(session, ids.values())


def _place_versions(session: Session, known: Mapping[str, StoredProduct], difference: Difference) -> None:
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
