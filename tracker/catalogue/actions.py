"""The use-cases of the catalogue room: load what ships, say how old it is, bring it up to date, build it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from tracker.catalogue import building, stored
from tracker.catalogue.loading import load_snapshot
from tracker.catalogue.schemas import STALE_AFTER_DAYS, CatalogueStatus, SourceView


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
        *(int(counts.get(name, 0)) for name in ("products", "releases", "versions", "exploited")),
        sources=views,
        stale=age is None or age > STALE_AFTER_DAYS,
        as_of=as_of,
        age_days=age,
    )


def build(upstream_dir: Path, output: Path) -> dict[str, object]:
    """Make a snapshot from recorded answers of the sources; see building.build_snapshot."""
    return building.build_snapshot(upstream_dir, output)
