"""How headline figures went, day by day, from the counts that scans keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit
from tracker.lifecycle.models import DailyRollup
from tracker.lifecycle.rollups import latest_counts

agency = table_of(Agency)
rollup = table_of(DailyRollup)
MEASURES = ("assets", "obsolete", "unpatched", "unknown")


@dataclass(frozen=True, slots=True)
class TrendDay:
    """Units on a day: all, obsolete, not patched, unknown."""

    day: date
    assets: int
    obsolete: int
    unpatched: int
    unknown: int


def list_trend(session: Session, principal: Principal, today: date, days: int) -> list[TrendDay]:
    """The last `days` days up to `today` on which anything was counted, the oldest first.

    An agency that was not counted on a day stands as it was counted last. Two statements.
    """
    scope = principal.scope(Permission.VIEW)
    first = today - timedelta(days=days - 1)
    standing: dict[str, dict[str, int]] = {}
    for code, _, measure, value in latest_counts(session, scope, first - timedelta(days=1)):
        standing.setdefault(code, {})[measure] = value
    query = (
        select(rollup.c.day, agency.c.code, rollup.c.measure, rollup.c.value)
        .join(agency, agency.c.id == rollup.c.agency_id)
        .where(limit(rollup.c.agency_id, scope), rollup.c.measure.in_(MEASURES))
        .where(rollup.c.day >= first, rollup.c.day <= today)
        .order_by(rollup.c.day)
    )
    found = []
    for day, rows in groupby(session.execute(query), key=lambda row: row.day):
        counted: dict[str, dict[str, int]] = {}
        for _, code, measure, value in rows:
            counted.setdefault(code, {})[measure] = value
        standing.update(counted)
        sums = (sum(one.get(name, 0) for one in standing.values()) for name in MEASURES)
        found.append(TrendDay(day, *sums))
    return found
