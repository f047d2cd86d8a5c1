"""Verdicts spread over assets: the SQL of a scan, one statement per set, inside one chunk of agencies.

Joins are written in the order in which SQLite shall run them (CROSS JOIN keeps it); PostgreSQL orders
them itself by the statistics of `temporary.analyze`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session

from tracker.db import is_sqlite, reserve_ids, table_of
from tracker.inventory.models import Installation
from tracker.lifecycle import temporary

_INSTANT = table_of(Installation).c.recorded_at.type


@dataclass(slots=True)
class Source:
    """Which inventory is evaluated: today's, or the one that was known at an instant.

    `skips`: scan_skipped may hold assets of the chunk; where it is known to hold none, no row is looked up.
    `facets`: which facts of assets have verdicts at all (None: any may); the others are not looked at.
    """

    known_at: datetime | None = None
    skips: bool = True
    facets: frozenset[str] | None = None

    def has(self, facet: str) -> bool:
        """Whether a verdict rests on `facet`."""
        return self.facets is None or facet in self.facets

    @property
    def asset(self) -> str:
        """The table that holds the assets."""
        return "asset" if self.known_at is None else temporary.ASSET.name

    @property
    def held(self) -> str:
        """SQL: the installation `i` is there."""
        if self.known_at is None:
            return "i.superseded_at IS NULL"
        return "i.recorded_at <= :known_at AND (i.superseded_at IS NULL OR i.superseded_at > :known_at)"

    def kept(self, column: str) -> str:
        """SQL: rules look at the asset whose id is in `column`."""
        if not self.skips:
            return "1 = 1"
        return f"NOT EXISTS (SELECT 1 FROM scan_skipped s WHERE s.asset_id = {column})"  # noqa: S608

    def run(self, session: Session, sql: str, **values: object) -> Any:
        """Execute `sql` with `values`, and with the instant where it asks for it."""
        statement = text(sql)
        if ":known_at" in sql:
            statement = statement.bindparams(bindparam("known_at", type_=_INSTANT))
            values["known_at"] = self.known_at
        return session.execute(statement, values)


def _write(session: Session, sql: str, values: Mapping[str, object] | None = None) -> int:
    """Execute a statement that writes; how many rows it wrote."""
    made: Any = session.execute(text(sql), values or {})
    return int(made.rowcount)


def cover_contracts(session: Session, day: date) -> None:
    """Which agencies hold an extended-support contract on `day`, for which releases. One statement.

    A contract covers the agency that holds it and all below; without a release, every release.
    """
    session.execute(
        text(
            """
            INSERT INTO scan_covered (agency_id, release_id)
            SELECT DISTINCT below.id, r.id
            FROM support_contract s
            JOIN agency holder ON holder.id = s.agency_id
            JOIN agency below ON below.path >= holder.path
              AND below.path < substr(holder.path, 1, length(holder.path) - 1) || '0'
            JOIN release r ON r.product_id = s.product_id AND (s.release_id IS NULL OR r.id = s.release_id)
            WHERE s.starts_on <= :day AND s.ends_on >= :day
            """
        ),
        {"day": day.isoformat() if is_sqlite(session) else day},
    )


#: Conditions on a pick `p` for the agency of `{at}`: the agency's own match outranks the shared one, and
#: verdicts that differ with a contract are taken by whether one covers the agency.
_CHOSEN_SCOPE = """(p.scope_id = {at}.agency_id OR (p.scope_id = 0 AND NOT EXISTS (
        SELECT 1 FROM scan_scoped o
        WHERE o.subject_kind = '{kind}' AND o.subject_id = p.subject_id AND o.agency_id = {at}.agency_id)))"""
_CONTRACT = """(p.contract = -1 OR p.contract = CASE WHEN EXISTS (
        SELECT 1 FROM scan_covered c WHERE c.agency_id = {at}.agency_id AND c.release_id = p.release_id)
        THEN 1 ELSE 0 END)"""
CHOSEN_BOTH = f"{_CHOSEN_SCOPE} AND {_CONTRACT}"
_CHOSEN = f"(p.plain = 1 OR ({CHOSEN_BOTH}))"


def _titles(source: Source) -> str:
    return f"""
        SELECT i.agency_id, i.asset_id, p.condition_id, p.no
        FROM scan_chunk k CROSS JOIN installation i CROSS JOIN scan_title_pick p
        WHERE i.agency_id = k.agency_id AND {source.held} AND {source.kept("i.asset_id")}
          AND p.subject_id = i.title_id AND {_CHOSEN.format(at="i", kind="title")}"""  # noqa: S608


def _models(source: Source) -> str:
    return f"""
        SELECT a.agency_id, a.id, p.condition_id, p.no
        FROM scan_chunk k CROSS JOIN {source.asset} a CROSS JOIN scan_model_pick p
        WHERE a.agency_id = k.agency_id AND {source.kept("a.id")}
          AND p.subject_id = a.hardware_model_id AND {_CHOSEN.format(at="a", kind="model")}"""  # noqa: S608


def _ages(source: Source) -> str:
    return f"""
        SELECT a.agency_id, a.id, p.condition_id, p.no
        FROM scan_chunk k CROSS JOIN {source.asset} a CROSS JOIN scan_age_pick p
        WHERE a.agency_id = k.agency_id AND {source.kept("a.id")}
          AND p.asset_class = a.asset_class AND p.acquired_on = a.acquired_on
          AND p.acquired_precision = COALESCE(a.acquired_precision, 'day')
        UNION ALL
        SELECT a.agency_id, a.id, p.condition_id, p.no
        FROM scan_chunk k CROSS JOIN {source.asset} a CROSS JOIN scan_undated_pick p
        WHERE a.agency_id = k.agency_id AND {source.kept("a.id")}
          AND a.acquired_on IS NULL AND a.status <> 'planned' AND p.asset_class = a.asset_class
          AND NOT EXISTS (SELECT 1 FROM scan_dated_model d WHERE d.model_id = a.hardware_model_id)"""  # noqa: S608


#: Facts of an asset that verdicts of scan_day_pick rest on: kind, column and further condition.
_DAYS = {
    "warranty": "p.day = a.warranty_ends_on",
    "seen": "p.day = a.last_seen_on AND a.status = 'in-use'",
}
#: The same for scan_flag_pick.
_FLAGS = {
    "broken": "a.condition = 'broken' AND a.status <> 'planned'",
    "custody": "a.custodian IS NULL AND a.location IS NULL AND a.status = 'in-use'",
}


def _facts(source: Source) -> list[str]:
    kinds = [("scan_day_pick", kind, test) for kind, test in _DAYS.items()]
    kinds += [("scan_flag_pick", kind, test) for kind, test in _FLAGS.items()]
    return [
        f"""
        SELECT a.agency_id, a.id, p.condition_id, p.no
        FROM scan_chunk k CROSS JOIN {source.asset} a CROSS JOIN {table} p
        WHERE a.agency_id = k.agency_id AND {source.kept("a.id")} AND p.kind = '{kind}' AND {test}"""  # noqa: S608
        for table, kind, test in kinds
        if source.has(kind)
    ]


def _processors(source: Source) -> str:
    chosen = _CHOSEN_SCOPE.format(at="i", kind="title")
    return f"""
        SELECT a.agency_id, a.id, q.condition_id, q.no
        FROM scan_chunk k CROSS JOIN {source.asset} a CROSS JOIN scan_processor_pick q
        WHERE a.agency_id = k.agency_id AND {source.kept("a.id")}
          AND q.processor = COALESCE(a.processor, '') AND q.model_id = COALESCE(a.hardware_model_id, 0)
          AND EXISTS (SELECT 1 FROM installation i CROSS JOIN scan_followed p
            WHERE i.agency_id = a.agency_id AND i.asset_id = a.id AND {source.held}
              AND p.subject_id = i.title_id AND {chosen})"""  # noqa: S608


def _parts(source: Source) -> list[str]:
    """The sources of findings that have any."""
    found = [_titles(source), _models(source), _ages(source), *_facts(source)]
    return found + ([_processors(source)] if source.has("processor") else [])


def stage_wanted(session: Session, source: Source, skipped: Sequence[str]) -> int:
    """Fill scan_wanted with what should be open in the chunk; how many. Where several verdicts meet in
    one condition of an asset, the heaviest (lowest number) stands. Six statements."""
    temporary.empty(session, temporary.SKIPPED, temporary.WANTED)
    statuses = ", ".join(f":status_{at}" for at in range(len(skipped)))
    skipping = _write(
        session,
        f"""INSERT INTO scan_skipped (asset_id) SELECT a.id FROM {source.asset} a
            WHERE a.agency_id IN (SELECT agency_id FROM scan_chunk)
              AND (a.it_scope = 'other' OR a.status IN ({statuses}))""",  # noqa: S608
        {f"status_{at}": status for at, status in enumerate(skipped)},
    )
    source.skips = skipping > 0
    temporary.analyze(session, temporary.SKIPPED)
    parts = " UNION ALL ".join(_parts(source))
    made = source.run(
        session,
        f"""INSERT INTO scan_wanted (agency_id, asset_id, condition_id, no)
        SELECT h.agency_id, h.asset_id, h.condition_id, MIN(h.no) FROM ({parts}) AS h
        GROUP BY h.agency_id, h.asset_id, h.condition_id
        ORDER BY h.agency_id, h.asset_id, h.condition_id""",  # noqa: S608
    )
    temporary.analyze(session, temporary.WANTED)
    return int(made.rowcount)


_COLUMNS = (
    "agency_id, id, asset_id, condition_id, verdict_id, rule, severity, ends_on, opened_on, resolved_on"
)


@dataclass(frozen=True, slots=True)
class Changes:
    """How many findings a chunk opened, resolved and gave another verdict."""

    opened: int = 0
    resolved: int = 0
    changed: int = 0


def reconcile(session: Session, wanted: int, day: date) -> Changes:
    """Make the open findings of the chunk equal to scan_wanted, writing differences only.

    At most nine statements; three and no write of ours where nothing differs.
    """
    was_open = session.execute(
        text(
            """SELECT COUNT(*) FROM finding
            WHERE resolved_on IS NULL AND agency_id IN (SELECT agency_id FROM scan_chunk)"""
        )
    ).scalar_one()
    bound = {"day": day.isoformat() if is_sqlite(session) else day}
    if was_open == 0:
        return Changes(opened=_open(session, temporary.WANTED.name, wanted, bound))
    missing, changed = _stage_difference(session)
    resolved = _resolve(session, bound) if was_open != wanted - missing else 0
    if changed:
        _change(session)
    if missing:
        _open(session, temporary.DIFFERENCE.name, missing, bound)
    return Changes(missing, resolved, changed)


def _stage_difference(session: Session) -> tuple[int, int]:
    """Fill scan_difference; how many findings are missing and how many rest on another verdict now."""
    temporary.empty(session, temporary.DIFFERENCE)
    written = _write(
        session,
        """INSERT INTO scan_difference (agency_id, asset_id, condition_id, no, finding_id)
        SELECT w.agency_id, w.asset_id, w.condition_id, w.no, f.id
        FROM scan_wanted w CROSS JOIN scan_verdict v LEFT JOIN finding f
          ON f.agency_id = w.agency_id AND f.asset_id = w.asset_id
          AND f.condition_id = w.condition_id AND f.resolved_on IS NULL
        WHERE v.no = w.no AND (f.id IS NULL OR f.verdict_id <> v.verdict_id)""",
    )
    if not written:
        return 0, 0
    missing = session.execute(
        text("SELECT COUNT(*) FROM scan_difference WHERE finding_id IS NULL")
    ).scalar_one()
    return int(missing), written - int(missing)


def _open(session: Session, table: str, count: int, bound: Mapping[str, object]) -> int:
    """Insert the `count` findings of `table` that are not there, their ids from a block of exactly as many."""
    if not count:
        return 0
    ids = reserve_ids(session, count)
    temporary.empty(session, temporary.NUMBERED)
    fresh = "" if table == temporary.WANTED.name else "WHERE d.finding_id IS NULL"
    _write(
        session,
        f"""INSERT INTO scan_numbered (agency_id, asset_id, no) SELECT d.agency_id, d.asset_id, d.no
            FROM {table} d {fresh} ORDER BY d.agency_id, d.asset_id, d.condition_id""",  # noqa: S608
    )
    return _write(
        session,
        f"""INSERT INTO finding ({_COLUMNS})
            SELECT d.agency_id, :before + d.n, d.asset_id, v.condition_id, v.verdict_id, v.rule, v.severity,
              v.ends_on, :day, NULL
            FROM scan_numbered d CROSS JOIN scan_verdict v WHERE v.no = d.no ORDER BY d.n""",  # noqa: S608
        {"before": ids.start - 1, **bound},
    )


def _change(session: Session) -> None:
    session.execute(
        text(
            """UPDATE finding SET verdict_id = x.verdict_id, severity = x.severity, ends_on = x.ends_on
            FROM (SELECT d.agency_id, d.finding_id, v.verdict_id, v.severity, v.ends_on
                  FROM scan_difference d JOIN scan_verdict v ON v.no = d.no
                  WHERE d.finding_id IS NOT NULL) AS x
            WHERE finding.agency_id = x.agency_id AND finding.id = x.finding_id"""
        )
    )


def _resolve(session: Session, bound: Mapping[str, object]) -> int:
    """Close what is open and no longer wanted; it stays, and a recurrence will be a new row."""
    return _write(
        session,
        """UPDATE finding SET resolved_on = CASE WHEN opened_on > :day THEN opened_on ELSE :day END
            WHERE resolved_on IS NULL AND agency_id IN (SELECT agency_id FROM scan_chunk)
              AND NOT EXISTS (SELECT 1 FROM scan_wanted w WHERE w.agency_id = finding.agency_id
                AND w.asset_id = finding.asset_id AND w.condition_id = finding.condition_id)""",
        bound,
    )
