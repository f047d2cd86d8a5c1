"""Counts per agency and day: for trends, past days and the dashboard. Written only where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import delete, func, select
from sqlmodel import Session

from tracker.db import insert_rows, table_of
from tracker.identity.models import Agency
from tracker.identity.schemas import Scope
from tracker.identity.scope import limit
from tracker.lifecycle.models import DailyRollup

agency = table_of(Agency)
rollup = table_of(DailyRollup)


def keep_rollups(
    session: Session, agencies: Iterable[int], day: date, counted: Mapping[int, Mapping[str, int]]
) -> int:
    """Make the day's counts of `agencies` equal to `counted`; how many agencies differed.

    One statement where nothing differs, else three. Agencies that differ are written whole.
    """
    wanted = list(agencies)
    stored: dict[int, dict[str, int]] = {}
    rows = session.execute(
        select(rollup.c.agency_id, rollup.c.measure, rollup.c.value).where(
            rollup.c.day == day, rollup.c.agency_id.in_(wanted)
        )
    )
    for agency_id, measure, value in rows:
        stored.setdefault(agency_id, {})[measure] = value
    differing = [one for one in wanted if stored.get(one, {}) != counted.get(one, {})]
    if not differing:
        return 0
    session.execute(delete(rollup).where(rollup.c.day == day, rollup.c.agency_id.in_(differing)))
    fresh = ((one, day, name, value) for one in differing for name, value in counted.get(one, {}).items())
    insert_rows(session, DailyRollup, ("agency_id", "day", "measure", "value"), fresh)
    return len(differing)


def latest_counts(session: Session, scope: Scope, day: date) -> list[tuple[str, date, str, int]]:
    """(agency code, day, measure, value) of each agency's newest counts on or before `day`, by agency path.

    One statement.
    """
    newest = (
        select(rollup.c.agency_id, func.max(rollup.c.day).label("day"))
        .where(rollup.c.day <= day, limit(rollup.c.agency_id, scope))
        .group_by(rollup.c.agency_id)
        .subquery()
    )
    rows = session.execute(
        select(agency.c.code, rollup.c.day, rollup.c.measure, rollup.c.value)
        .join(newest, (newest.c.agency_id == rollup.c.agency_id) & (newest.c.day == rollup.c.day))
        .join(agency, agency.c.id == rollup.c.agency_id)
        .order_by(agency.c.path, rollup.c.measure)
    )
    return [(code, on, measure, value) for code, on, measure, value in rows]
