"""Bulk writes of the catalogue: one statement per set, facts superseded and never overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, select, text, update
from sqlmodel import Session

from tracker.catalogue import stored
from tracker.catalogue.comparison import Difference, product_values
from tracker.catalogue.facts import VALUE_NAMES, ExploitedRecord, ReleaseRecord, VersionRecord
from tracker.catalogue.models import (
    CatalogueSnapshot,
    ExploitedEntry,
    ExploitedProduct,
    Product,
    Release,
    ReleaseFact,
    Version,
)
from tracker.catalogue.snapshot import Source
from tracker.catalogue.stored import (
    StoredProduct,
    StoredRelease,
    StoredVersions,
    entry,
    fact,
    product,
    release,
    version,
)
from tracker.catalogue.versions import version_key
from tracker.db import insert_rows, is_sqlite, reserve_ids
from tracker.db.bulk import Row

_LOCK = 7_246_113


@dataclass(frozen=True, slots=True)
class Origin:
    """What the rows of one write say about where they come from."""

    snapshot_id: int
    source: str
    now: datetime


def lock_catalogue(session: Session) -> None:
    """Let one writer at a time change the catalogue, until its transaction ends (SQLite: always so)."""
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def write_sources(session: Session, sources: Iterable[Source], now: datetime) -> dict[str, int]:
    """Note the loaded sources; {kind: snapshot id}. Two statements."""
    kept = list(sources)
    ids = dict(zip((each.kind for each in kept), reserve_ids(session, len(kept)), strict=True))
    columns = ("id", "source", "kind", "licence", "as_of", "sha256", "loaded_at", "counts")
    rows: list[Row] = [(ids[s.kind], s.source, s.kind, s.licence, s.as_of, s.sha256, now, {}) for s in kept]
    insert_rows(session, CatalogueSnapshot, columns, rows)
    return ids


def note_counts(session: Session, snapshot_ids: Iterable[int]) -> None:
    """Keep the catalogue's totals beside the sources just loaded, so that a page need not count."""
    counts = {**stored.count_all(session), "keys": key_fingerprint()}
    table = stored.snapshot
    session.execute(update(table).where(table.c.id.in_(list(snapshot_ids))).values(counts=counts))


def key_fingerprint() -> str:
    """A short text that changes when the order of versions changes: stored keys must then be made anew."""
    probes = (
        "1.0", "v1.10.2", "10.0.26100.2033", "11-24h2-e", "1.8.0_392", "8u302-b08", "2.0-rc1", "3.0b2",
        "15.2(7)E5", "2008 R2 SP1", "9.00-sp2", "1:2.3~beta-4", "cos-85-13310-1041-161", "20H2", "6.4.0-pre",
    )  # fmt: skip
    schemes = (None, "java", "windows-feature", "deb", "rpm")
    keys = "\n".join(version_key(probe, scheme) for probe in probes for scheme in schemes)
    return hashlib.sha256(keys.encode()).hexdigest()[:16]


def write_difference(
    session: Session, known: dict[str, StoredProduct], difference: Difference, origin: Origin
) -> None:
    """Write products, releases and facts; `known` then holds the new ones too. At most eight statements."""
    _insert_products(session, known, difference, origin)
    fresh = _insert_releases(session, known, difference)
    _update_names(session, difference)
    changed = [(before, told) for _, before, told in difference.changed_facts]
    outdated = [{"fact": before.fact_id} for before, _ in changed if before.fact_id is not None]
    if outdated:
        session.execute(
            update(fact).where(fact.c.id == bindparam("fact")).values(superseded_at=origin.now), outdated
        )
    _insert_facts(session, [*fresh, *changed], origin)


def _insert_products(
    session: Session, known: dict[str, StoredProduct], difference: Difference, origin: Origin
) -> None:
    if not difference.new_products:
        return
    columns = ("id", "slug", *stored.PRODUCT_FIELDS, "snapshot_id")
    rows: list[Row] = []
    for product_id, record in zip(
        reserve_ids(session, len(difference.new_products)), difference.new_products, strict=True
    ):
        values = product_values(record)
        known[record.slug] = StoredProduct(product_id, values)
        rows.append((product_id, record.slug, *values.values(), origin.snapshot_id))
    insert_rows(session, Product, columns, rows)


def _insert_releases(
    session: Session, known: dict[str, StoredProduct], difference: Difference
) -> list[tuple[StoredRelease, ReleaseRecord]]:
    if not difference.new_releases:
        return []
    made, rows = [], []
    ids = reserve_ids(session, len(difference.new_releases))
    for release_id, (parent, told) in zip(ids, difference.new_releases, strict=True):
        owner = known[parent.slug]
        kept = StoredRelease(release_id, told.label, told.codename, None, told.values)
        owner.releases[told.name] = kept
        made.append((kept, told))
        key = version_key(told.name, parent.version_scheme)
        rows.append((release_id, owner.id, told.name, told.label, told.codename, key))
    insert_rows(session, Release, ("id", "product_id", "name", "label", "codename", "version_key"), rows)
    return made


def _update_names(session: Session, difference: Difference) -> None:
    if difference.changed_products:
        session.execute(
            update(product).where(product.c.id == bindparam("this")),
            [{"this": product_id, **values} for product_id, values in difference.changed_products],
        )
    if difference.relabelled:
        session.execute(
            update(release).where(release.c.id == bindparam("this")),
            [
                {"this": i, "label": told.label, "codename": told.codename}
                for i, told in difference.relabelled
            ],
        )


def _insert_facts(session: Session, pairs: list[tuple[StoredRelease, ReleaseRecord]], origin: Origin) -> None:
    if not pairs:
        return
    ids = reserve_ids(session, len(pairs))
    columns = ("id", "release_id", *VALUE_NAMES, "source", "snapshot_id", "recorded_at")
    rows = []
    for fact_id, (kept, told) in zip(ids, pairs, strict=True):
        kept.fact_id, kept.values = fact_id, told.values
        values = (getattr(told.values, name) for name in VALUE_NAMES)
        source = told.source or origin.source
        rows.append((fact_id, kept.id, *values, source, origin.snapshot_id, origin.now))
    insert_rows(session, ReleaseFact, columns, rows)


def write_versions(
    session: Session,
    known: Mapping[str, StoredProduct],
    told: Iterable[tuple[str, VersionRecord]],
    snapshot_id: int,
    there: StoredVersions,
) -> int:
    """Insert the versions (a row per release that takes it) that `there` lacks; how many. ≤ 3 statements.

    A version that no release took so far moves to the first that does; one that a release took stays there.
    """
    rows: list[Row] = []
    moved: list[dict[str, object]] = []
    for slug, record in told:
        owner = known[slug]
        have = there.get(owner.id, {}).get(record.name, set())
        # A newer sync may have left out a release that this source still has.
        found = [owner.releases[name].id for name in record.releases if name in owner.releases]
        wanted: list[int | None] = [*found]
        if wanted and None in have:
            moved.append({"p": owner.id, "n": record.name, "release_id": wanted.pop(0)})
        elif have and len(wanted) < 2:
            continue
        key = version_key(record.name, owner.values["version_scheme"])
        for release_id in wanted or ([] if have else [None]):
            if release_id not in have:
                rows.append((owner.id, release_id, record.name, key, record.released_on, record.article))
    _move_versions(session, moved)
    return _insert_versions(session, rows, snapshot_id)


def _insert_versions(session: Session, rows: list[Row], snapshot_id: int) -> int:
    if not rows:
        return 0
    ids = reserve_ids(session, len(rows))
    columns = (
        "id", "product_id", "release_id", "name", "version_key", "released_on", "article", "snapshot_id",
    )  # fmt: skip
    numbered = ((number, *row, snapshot_id) for number, row in zip(ids, rows, strict=True))
    return insert_rows(session, Version, columns, numbered)


def _move_versions(session: Session, moved: list[dict[str, object]]) -> None:
    if not moved:
        return
    unplaced = and_(
        version.c.product_id == bindparam("p"),
        version.c.name == bindparam("n"),
        version.c.release_id.is_(None),
    )
    session.execute(update(version).where(unplaced), moved)


def write_exploited(
    session: Session,
    known: Mapping[str, StoredProduct],
    told: Iterable[ExploitedRecord],
    origin: Origin,
) -> int:
    """Insert the entries that are not there, and set the products of all told; new ones. ≤ 6 statements."""
    kept = list(told)
    there: dict[str, int] = {row[0]: row[1] for row in session.execute(select(entry.c.cve_id, entry.c.id))}
    fresh = [each for each in kept if each.cve_id not in there]
    rows: list[Row] = []
    for number, each in zip(reserve_ids(session, len(fresh)), fresh, strict=True):
        there[each.cve_id] = number
        rows.append(
            (number, each.cve_id, each.vendor, each.product_name, each.added_on, each.due_on, each.ransomware,
             origin.snapshot_id, origin.now)
        )  # fmt: skip
    columns = (
        "id", "cve_id", "vendor", "product_name", "added_on", "due_on", "ransomware", "snapshot_id", "recorded_at",
    )  # fmt: skip
    written = insert_rows(session, ExploitedEntry, columns, rows) if rows else 0
    _link_exploited(
        session, {there[each.cve_id]: {known[s].id for s in each.slugs if s in known} for each in kept}
    )
    return written


def _link_exploited(session: Session, wanted: Mapping[int, set[int]]) -> None:
    """Make the products of these entries equal to `wanted`; differences only."""
    link = stored.exploited_product
    held = {(row[0], row[1]) for row in session.execute(select(link.c.entry_id, link.c.product_id))}
    pairs = {(entry_id, product_id) for entry_id, ids in wanted.items() for product_id in ids}
    gone = [{"entry": one, "product": other} for one, other in held - pairs if one in wanted]
    if gone:
        either = (link.c.entry_id == bindparam("entry"), link.c.product_id == bindparam("product"))
        session.connection().execute(link.delete().where(*either), gone)
    if pairs - held:
        insert_rows(session, ExploitedProduct, ("entry_id", "product_id"), sorted(pairs - held))


def renew_keys(session: Session) -> int:
    """Compute the stored version keys anew where they differ; how many changed. At most four statements."""
    changed = 0
    for table in (release, version):
        query = select(table.c.id, table.c.name, table.c.version_key, product.c.version_scheme).join(
            product, product.c.id == table.c.product_id
        )
        fresh = [
            {"this": row_id, "version_key": key}
            for row_id, name, old, scheme in session.execute(query)
            if (key := version_key(name, scheme)) != old
        ]
        if fresh:
            session.execute(update(table).where(table.c.id == bindparam("this")), fresh)
        changed += len(fresh)
    return changed
