"""Headline figures of a subtree from the counts that scans keep: few rows, few statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal, Scope
from tracker.identity.scope import limit as within
from tracker.inventory.models import Asset, AssetStatus, ItScope
from tracker.lifecycle.models import ScanRun
from tracker.lifecycle.rollups import latest_counts
from tracker.lifecycle.schemas import Coverage, Dashboard

asset = table_of(Asset)
scan_run = table_of(ScanRun)


def find_last_scan(session: Session) -> Row[Any] | None:
    """The newest stored scan (id, as_of, finished_at, policy_id, result); one statement."""
    columns = (
        scan_run.c.id,
        scan_run.c.as_of,
        scan_run.c.finished_at,
        scan_run.c.policy_id,
        scan_run.c.result,
    )
    return session.execute(select(*columns).order_by(scan_run.c.id.desc()).limit(1)).first()


def dashboard(session: Session, principal: Principal, today: date) -> Dashboard:
    """Headline figures of what the principal may see, from the newest counts on or before `today`.

    Units in service are counted live; everything else is as the last scan of each agency counted it.
    Three statements.
    """
    scope = principal.scope(Permission.VIEW)
    counts = latest_counts(session, scope, today)
    totals: dict[str, int] = {}
    by_agency: dict[str, dict[str, int]] = {}
    for code, _, measure, value in counts:
        totals[measure] = totals.get(measure, 0) + value
        by_agency.setdefault(code, {})[measure] = value
    last = find_last_scan(session)
    return Dashboard(
        assets=_units(session, scope),
        obsolete=totals.get("obsolete", 0),
        obsolete_by_agency=[(c, n.get("obsolete", 0), n.get("assets", 0)) for c, n in by_agency.items()],
        ending_by_month=[(month, totals.get(f"ending:{month}", 0)) for month in next_months(today)],
        unpatched=totals.get("unpatched", 0),
        unpatchable=totals.get("unpatchable", 0),
        unknown=totals.get("unknown", 0),
        coverage=Coverage(*(totals.get(name, 0) for name in ("tracked", "matched", "dated", "not_tracked"))),
        open=_named(totals, "open:"),
        open_by_severity=_named(totals, "severity:"),
        installations=totals.get("installations", 0),
        counted_on=max((on for _, on, _, _ in counts), default=None),
        last_scan=last.finished_at if last is not None else None,
    )


def next_months(today: date) -> Iterator[str]:
    """The month of `today` and the twelve after it, as YYYY-MM: what lies within a year ends in one of them."""
    for ahead in range(13):
        month = today.month - 1 + ahead
        yield f"{today.year + month // 12:04}-{month % 12 + 1:02}"


def _named(totals: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {name.removeprefix(prefix): count for name, count in totals.items() if name.startswith(prefix)}


def _units(session: Session, scope: Scope) -> int:
    gone = (AssetStatus.RETIRED.value, AssetStatus.WITHDRAWN.value)
    held = and_(asset.c.status.not_in(gone), asset.c.it_scope != ItScope.OTHER.value)
    query = select(func.coalesce(func.sum(asset.c.units), 0)).where(held, within(asset.c.agency_id, scope))
    return int(session.execute(query).scalar_one())
