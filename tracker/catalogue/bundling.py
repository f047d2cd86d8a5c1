"""The catalogue's facts out into a signed bundle, and those of a bundle in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlmodel import Session

from tracker.catalogue import stored, writing
from tracker.catalogue.bundles import Bundle, pack_bundle
from tracker.catalogue.comparison import Difference, compare_products
from tracker.catalogue.facts import ExploitedRecord, ProductRecord, ReleaseRecord, VersionRecord
from tracker.catalogue.schemas import ReleaseName, SyncResult, VersionName
from tracker.catalogue.snapshot import Source, snapshot_lines
from tracker.catalogue.stored import (
    StoredProduct,
    StoredVersions,
    entry,
    exploited_product,
    fact,
    product,
    release,
    snapshot,
    version,
)
from tracker.catalogue.syncing import held_days, mark_missing, place_versions, refuse_future
from tracker.catalogue.writing import Origin
from tracker.identity.errors import Conflict

#: What a bundle holds; our own supplement ships with the program.
KINDS = ("lifecycle", "versions", "builds", "exploited")


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """All that a bundle tells."""

    sources: tuple[Source, ...]
    products: tuple[ProductRecord, ...]
    versions: tuple[tuple[str, VersionRecord], ...]
    exploited: tuple[ExploitedRecord, ...]
    signed_by: str


def read_bundle(bundle: Bundle) -> BundleFacts:
    """The facts of a bundle whose signature held."""
    products = bundle.facts.read_products()
    versions = tuple(bundle.facts.read_versions(products))
    exploited = tuple(bundle.facts.read_exploited())
    return BundleFacts(bundle.facts.sources, products, versions, exploited, bundle.key_id)


def export_bundle(session: Session, private_key: str, now: datetime) -> bytes:
    """The catalogue as a signed bundle. Six statements.

    Raises:
        Conflict: the catalogue has no dates yet.
        Refused: this is no private key.
    """
    sources = {row.kind: row for row in stored.read_snapshots(session) if row.kind in KINDS}
    if "lifecycle" not in sources:
        raise Conflict("catalogue_empty", "the catalogue has no dates yet")
    told = _told_slugs(session)
    known = {slug: one for slug, one in stored.read_products(session).items() if slug in told}
    products = [_record(slug, known[slug]) for slug in sorted(known)]
    exploited = list(_exploited(session, set(known)))
    versions = _versions(session, known)
    counts = {"lifecycle": sum(len(each.releases) for each in products), "exploited": len(exploited)}
    counts["versions"] = sum(len(each) for each in versions.values())
    named = [
        Source(row.kind, row.source, row.licence, row.as_of, counts.get(row.kind, 0), row.sha256)
        for row in sources.values()
    ]
    return pack_bundle(named, snapshot_lines(named, products, versions, exploited), private_key, now)


def _told_slugs(session: Session) -> set[str]:
    """Products of the public source, not those of our own or of the office."""
    first = snapshot.alias()
    query = (
        select(product.c.slug)
        .distinct()
        .select_from(
            product.join(first, first.c.id == product.c.snapshot_id)
            .outerjoin(release, release.c.product_id == product.c.id)
            .outerjoin(fact, fact.c.release_id == release.c.id)
            .outerjoin(snapshot, snapshot.c.id == fact.c.snapshot_id)
        )
        .where(or_(first.c.kind == "lifecycle", snapshot.c.kind == "lifecycle"))
    )
    return set(session.execute(query).scalars())


def _record(slug: str, kept: StoredProduct) -> ProductRecord:
    values = kept.values
    releases = sorted(kept.releases.items(), key=lambda pair: pair[1].id)
    return ProductRecord(
        slug, values["label"], values["category"], values["version_scheme"], tuple(values["aliases"]),
        tuple((kind, name) for kind, name in values["identifiers"]), tuple(values["tags"]), dict(values["labels"]),
        values["link"],
        tuple(ReleaseRecord(name, one.label, one.codename, one.values) for name, one in releases),
    )  # fmt: skip


def _versions(session: Session, known: Mapping[str, StoredProduct]) -> dict[str, list[VersionRecord]]:
    slugs = {one.id: slug for slug, one in known.items()}
    names = {one.id: name for kept in known.values() for name, one in kept.releases.items()}
    columns = ("product_id", "name", "release_id", "released_on", "article")
    query = select(*(version.c[name] for name in columns))
    found: dict[int, dict[str, tuple[list[str], date | None, str | None]]] = defaultdict(dict)
    for product_id, name, release_id, on, article in session.execute(
        query.order_by(version.c.product_id, version.c.version_key, version.c.name, version.c.id)
    ):
        releases, _, _ = found[product_id].setdefault(name, ([], on, article))
        if release_id is not None and product_id in slugs:
            releases.append(names[release_id])
    return {
        slugs[product_id]: [
            VersionRecord(name, on, tuple(releases), article)
            for name, (releases, on, article) in rows.items()
        ]
        for product_id, rows in found.items()
        if product_id in slugs
    }


def _exploited(session: Session, slugs: set[str]) -> Iterator[ExploitedRecord]:
    link = exploited_product
    meant: dict[int, list[str]] = defaultdict(list)
    query = select(link.c.entry_id, product.c.slug).join(product, product.c.id == link.c.product_id)
    for entry_id, slug in session.execute(query.order_by(link.c.entry_id, product.c.slug)):
        if slug in slugs:
            meant[entry_id].append(slug)
    columns = ("id", "cve_id", "vendor", "product_name", "added_on", "due_on", "ransomware")
    for row in session.execute(select(*(entry.c[name] for name in columns)).order_by(entry.c.cve_id)):
        yield ExploitedRecord(
            row.cve_id, row.vendor, row.product_name, tuple(meant[row.id]), row.added_on, row.due_on,
            row.ransomware,
        )  # fmt: skip


def sync_bundle(
    session: Session,
    facts: BundleFacts,
    name: str,
    now: datetime,
    *,
    dry_run: bool,
    allow_older: bool = False,
) -> SyncResult:
    """Compare the facts of a bundle with the catalogue and, unless `dry_run`, write the differences.

    At most 40 statements. A source of which the catalogue has a newer telling is left out.

    Raises:
        Conflict: the catalogue already has newer dates of support, and `allow_older` does not hold.
        Refused: a source of the bundle says that it is from the future.
    """
    for source in facts.sources:
        refuse_future(source.as_of, name, now)
    if not dry_run:
        writing.lock_catalogue(session)
    held = held_days(session)
    days = {source.kind: source.as_of for source in facts.sources}
    if not dry_run and not allow_older and days["lifecycle"] < held.get("lifecycle", date.min):
        raise Conflict(
            "catalogue_older",
            f"{name}: the bundle is of {days['lifecycle']}, the catalogue is of {held['lifecycle']} already",
        )
    taken = [
        one for one in facts.sources if allow_older or dry_run or one.as_of >= held.get(one.kind, date.min)
    ]
    change = _compare(session, facts, {source.kind for source in taken})
    result = _result(facts, name, change, days["lifecycle"], held.get("lifecycle"), dry_run=dry_run)
    newer = any(source.as_of != held.get(source.kind) for source in taken)
    if dry_run or not (newer or change.is_something):
        return result
    _write(session, facts, taken, change, now)
    return replace(result, written=True)


@dataclass(frozen=True, slots=True)
class _Change:
    """What a bundle changes."""

    known: dict[str, StoredProduct]
    difference: Difference
    there: StoredVersions
    versions: tuple[tuple[str, VersionRecord], ...]
    exploited: tuple[ExploitedRecord, ...]

    @property
    def is_something(self) -> bool:
        return bool(not self.difference.is_empty or self.versions or self.exploited)


def _compare(session: Session, facts: BundleFacts, kinds: set[str]) -> _Change:
    known = stored.read_products(session)
    there = stored.read_versions(session)
    names = {slug: there.get(one.id, {}) for slug, one in known.items()}
    versions = ((slug, one) for slug, one in facts.versions if one.name not in names.get(slug, {}))
    cves = stored.read_cve_ids(session)
    entries = (one for one in facts.exploited if one.cve_id not in cves) if "exploited" in kinds else ()
    return _Change(known, compare_products(known, facts.products), there, tuple(versions), tuple(entries))


def _result(
    facts: BundleFacts, name: str, change: _Change, as_of: date, previous: date | None, *, dry_run: bool
) -> SyncResult:
    difference = change.difference
    return SyncResult(
        source=name,
        kind="bundle",
        as_of=as_of,
        previous_as_of=previous,
        dry_run=dry_run,
        products=len(facts.products),
        releases=sum(len(each.releases) for each in facts.products),
        products_added=tuple(each.slug for each in difference.new_products),
        releases_added=tuple(ReleaseName(p.slug, r.name) for p, r in difference.new_releases),
        changes=tuple(difference.changes),
        versions_added=tuple(
            VersionName(slug, one.releases[0] if one.releases else "", one.name)
            for slug, one in change.versions
        ),
        products_missing=tuple(difference.products_missing),
        releases_missing=tuple(difference.releases_missing),
        exploited_added=tuple(one.cve_id for one in change.exploited),
        signed_by=facts.signed_by,
    )


def _write(session: Session, facts: BundleFacts, taken: list[Source], change: _Change, now: datetime) -> None:
    ids = writing.write_sources(session, taken, now)
    sources = {source.kind: source for source in taken}
    origin = Origin(ids["lifecycle"], sources["lifecycle"].source, now)
    writing.write_difference(session, change.known, change.difference, origin)
    writing.write_versions(session, change.known, change.versions, origin.snapshot_id, change.there)
    place_versions(session, change.known, change.difference)
    mark_missing(
        session, change.difference, (each.slug for each in facts.products), sources["lifecycle"].as_of
    )
    if change.exploited:
        listed = Origin(ids["exploited"], sources["exploited"].source, now)
        writing.write_exploited(session, change.known, change.exploited, listed)
    writing.note_counts(session, ids.values())
