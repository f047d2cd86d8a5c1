"""Loads the shipped snapshot: all of it into an empty catalogue, what is newer into a filled one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from tracker.catalogue import stored, writing
from tracker.catalogue.comparison import compare_products
from tracker.catalogue.snapshot import Snapshot, Source
from tracker.catalogue.stored import StoredProduct
from tracker.catalogue.supplement import supplement_products, supplement_slugs, supplement_source
from tracker.catalogue.writing import Origin


def _wanted(sources: Iterable[Source], loaded: Iterable[Any]) -> list[Source]:
    """The sources that are newer than what is loaded of their kind, or of another making that day."""
    newest: dict[str, date] = {}
    hashes: set[str] = set()
    for row in loaded:
        newest[row.kind] = max(newest.get(row.kind, row.as_of), row.as_of)
        hashes.add(row.sha256)
    return [
        source
        for source in sources
        if source.sha256 not in hashes and source.as_of >= newest.get(source.kind, source.as_of)
    ]


def load_snapshot(session: Session, now: datetime, path: Path | None = None) -> bool:
    """Load what the snapshot has and the catalogue lacks; False where there was nothing to do.

    One statement when there is nothing to do; at most 32 for a first load, however many rows.
    """
    shipped = Snapshot(path)
    # Another snapshot than the shipped one stands for itself.
    offered = shipped.sources if path is not None else (*shipped.sources, supplement_source())
    loaded = stored.read_snapshots(session)
    if not _wanted(offered, loaded):
        return _renew_keys(session, loaded)
    writing.lock_catalogue(session)
    loaded = stored.read_snapshots(session)
    wanted = _wanted(offered, loaded)
    if not wanted:
        return False
    ids = writing.write_sources(session, wanted, now)
    _load(session, shipped, {source.kind: source for source in wanted}, ids, now)
    writing.note_counts(session, ids.values())
    return True


def _load(
    session: Session, shipped: Snapshot, wanted: dict[str, Source], ids: dict[str, int], now: datetime
) -> None:
    known = stored.read_products(session)
    fresh = not known
    products = shipped.read_products()
    if "lifecycle" in wanted:
        origin = Origin(ids["lifecycle"], wanted["lifecycle"].source, now)
        difference = compare_products(known, products)
        writing.write_difference(session, known, difference, origin)
        if any(change.field == "version_scheme" for change in difference.changes):
            # The versions of such a product stand in another order now; those below come in the new one.
            writing.renew_keys(session)
    if "supplement" in wanted:
        _load_supplement(session, known, Origin(ids["supplement"], wanted["supplement"].source, now))
    versions = shipped.read_versions(products)
    dated = next((ids[kind] for kind in ("versions", "builds", "lifecycle") if kind in ids), None)
    if dated is not None:
        # Newer dates bring versions too: the latest of each release.
        there = {} if fresh else stored.read_versions(session)
        told = ((slug, each) for slug, each in versions if slug in known)
        writing.write_versions(session, known, told, dated, there)
    else:
        shipped.skip()
    if "exploited" in wanted:
        origin = Origin(ids["exploited"], wanted["exploited"].source, now)
        writing.write_exploited(session, known, shipped.read_exploited(), origin)


def _load_supplement(session: Session, known: dict[str, StoredProduct], origin: Origin) -> None:
    """Our own products, without those that endoflife.date has taken up in the meantime: its word outranks ours."""
    taken = stored.read_told_slugs(session, "lifecycle", supplement_slugs())
    ours = [product for product in supplement_products() if product.slug not in taken]
    mine = {slug: one for slug, one in known.items() if slug in supplement_slugs()}
    difference = compare_products(mine, ours)
    writing.write_difference(session, mine, difference, origin)
    known.update(mine)


def _renew_keys(session: Session, loaded: list[Any]) -> bool:
    """Make the version keys anew when a newer program orders versions in another way."""
    if not loaded or loaded[-1].counts.get("keys", writing.key_fingerprint()) == writing.key_fingerprint():
        return False
    writing.lock_catalogue(session)
    writing.renew_keys(session)
    writing.note_counts(session, [loaded[-1].id])
    return True
