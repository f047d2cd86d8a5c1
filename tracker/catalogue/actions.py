"""The use-cases of the catalogue room: load what ships, say how old it is, bring it up to date, build it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from tracker.catalogue import building, stored
from tracker.catalogue.exploited import is_exploited_feed
from tracker.catalogue.fetching import read_document
from tracker.catalogue.loading import load_snapshot
from tracker.catalogue.schemas import STALE_AFTER_DAYS, CatalogueStatus, SourceView, SyncResult
from tracker.catalogue.syncing import sync_exploited, sync_lifecycle
from tracker.catalogue.upstream import read_lifecycle
from tracker.identity import audit
from tracker.identity.actions import ROOT_ID
from tracker.identity.errors import Forbidden
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal


def ensure_loaded(session: Session, now: datetime) -> None:
    """Load the shipped facts that are not loaded yet; facts of a later sync stay. See load_snapshot."""
    load_snapshot(session, now)


def status(session: Session, today: date) -> CatalogueStatus:
    """Counts, ages and sources of the catalogue on `today`. One statement."""
    loaded = stored.read_snapshots(session)
    newest: dict[str, Any] = {}
    for row in loaded:
        if row.kind not in newest or row.as_of >= newest[row.kind].as_of:
            newest[row.kind] = row
    views = tuple(
        SourceView(row.source, row.kind, row.licence, row.as_of, row.loaded_at, (today - row.as_of).days)
        for row in newest.values()
    )
    of_dates = [newest["lifecycle"]] if "lifecycle" in newest else newest.values()
    as_of = max((row.as_of for row in of_dates), default=None)
    age = (today - as_of).days if as_of else None
    counts = loaded[-1].counts if loaded else {}
    return CatalogueStatus(
        products=int(counts.get("products", 0)),
        releases=int(counts.get("releases", 0)),
        versions=int(counts.get("versions", 0)),
        exploited=int(counts.get("exploited", 0)),
        sources=views,
        stale=age is None or age > STALE_AFTER_DAYS,
        as_of=as_of,
        age_days=age,
    )


def sync(
    session: Session, principal: Principal, source: str, now: datetime, *, dry_run: bool = False
) -> SyncResult:
    """Bring the catalogue up to date from `source`.

    That is an answer of endoflife.date's /api/v1/products/full, or CISA's list of known exploited
    vulnerabilities; a path or an https address, gzipped or plain. With `dry_run` nothing is written: the
    result is what would change. Whatever is in the catalogue and not in the source stays.

    Raises:
        Forbidden: the principal is no administrator of all agencies: the catalogue is everyone's.
        Refused: the source cannot be reached or read, or has another shape; names it and the cause.
        Conflict: the catalogue has newer dates already.
    """
    if not principal.scope(Permission.ADMIN).is_everything:
        raise Forbidden("catalogue_admin", "only an administrator of all agencies may sync the catalogue")
    # Nothing is asked of the database yet: a slow download holds no lock.
    document = read_document(source)
    name = source if "://" in source else Path(source).name
    if is_exploited_feed(document):
        result = sync_exploited(session, document, name, now, dry_run=dry_run)
    else:
        told = read_lifecycle(document, name)
        result = sync_lifecycle(session, document, told, name, now, dry_run=dry_run)
    if not dry_run:
        detail: dict[str, object] = {
            "source": name,
            "as_of": result.as_of.isoformat(),
            "products_added": len(result.products_added),
            "releases_added": len(result.releases_added),
            "changes": len(result.changes),
            "versions_added": len(result.versions_added),
            "exploited_added": len(result.exploited_added),
        }
        audit.record(session, principal, "catalogue.sync", "catalogue", None, ROOT_ID, detail, now)
    return result


def build(upstream_dir: Path, output: Path) -> dict[str, object]:
    """Make a snapshot from recorded answers of the sources; see building.build_snapshot."""
    return building.build_snapshot(upstream_dir, output)
