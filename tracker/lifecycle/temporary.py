"""Temporary tables of a scan: they live as long as its connection, on either database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)
from sqlmodel import Session

from tracker.db import is_sqlite
from tracker.db.conventions import BigInt
from tracker.db.engine import READ_ONLY
from tracker.lifecycle.rules import Rule

_metadata = MetaData()


def _table(name: str, *columns: Column[Any], rowid: bool = False) -> Table:
    return Table(name, _metadata, *columns, prefixes=["TEMPORARY"], sqlite_with_rowid=rowid)


def _id(name: str, *, key: bool = False) -> Column[Any]:
    return Column(name, BigInteger().with_variant(Integer(), "sqlite"), primary_key=key, autoincrement=False)


def _pick(name: str, *key: Column[Any]) -> Table:
    return _table(
        name, *key, Column("no", Integer, primary_key=True, autoincrement=False), _id("condition_id")
    )


#: Counts of findings by rule are summed in few numbers, four rules in each: a sum per rule takes twice as long.
RULES_PER_PACK = 4
PACKS = -(-len(Rule) // RULES_PER_PACK)
#: The verdicts of this scan in order of weight: the lowest number wins where several meet in a finding.
VERDICT = _table(
    "scan_verdict",
    Column("no", Integer, primary_key=True),
    _id("verdict_id"),
    _id("condition_id"),
    Column("rule", String),
    Column("severity", String),
    Column("ends_on", Date),
    Column("years", Integer),
    Column("weight", Integer),
    _id("severities"),
    *(_id(f"pack_{n}") for n in range(PACKS)),
    rowid=True,
)


def _subject_picks(name: str) -> Table:
    return _table(
        name,
        _id("subject_id", key=True),
        Column("no", Integer, primary_key=True, autoincrement=False),
        _id("condition_id"),
        Column("plain", Integer),
        _id("scope_id", key=True),
        Column("contract", Integer, primary_key=True, autoincrement=False),
        _id("release_id"),
    )


#: Verdicts by title and by model. plain: neither scope nor contract matters. contract: -1 either way,
#: 1 only where an extended-support contract covers the agency, 0 only where none does.
TITLE_PICK = _subject_picks("scan_title_pick")
MODEL_PICK = _subject_picks("scan_model_pick")
AGE_PICK = _pick(
    "scan_age_pick",
    Column("asset_class", String, primary_key=True),
    Column("acquired_on", Date, primary_key=True),
    Column("acquired_precision", String, primary_key=True),
)
UNDATED_PICK = _pick("scan_undated_pick", Column("asset_class", String, primary_key=True))
#: Verdicts by a day of the asset: kind is warranty or seen.
DAY_PICK = _pick(
    "scan_day_pick",
    Column("kind", String, primary_key=True),
    Column("day", Date, primary_key=True),
)
#: Verdicts that need no value: kind is broken or custody.
FLAG_PICK = _pick("scan_flag_pick", Column("kind", String, primary_key=True))
#: Verdicts by processor ('' where none is recorded) and model (0 where none is): hardware that the next operating
#: system does not take; and the titles (with the scope of their match) that it would replace.
PROCESSOR_PICK = _pick(
    "scan_processor_pick", Column("processor", String, primary_key=True), _id("model_id", key=True)
)
FOLLOWED = _table("scan_followed", _id("subject_id", key=True), _id("scope_id", key=True))
#: What ends in a month of the next twelve; contract as above.
ENDING = _table(
    "scan_ending",
    Column("is_model", Integer, primary_key=True, autoincrement=False),
    _id("subject_id", key=True),
    _id("scope_id", key=True),
    Column("contract", Integer, primary_key=True, autoincrement=False),
    _id("release_id"),
    Column("month", String),
)
DATED_MODEL = _table("scan_dated_model", _id("model_id", key=True))
#: (kind, subject, agency): the agency has a match of its own that outranks the shared one.
SCOPED = _table(
    "scan_scoped",
    Column("subject_kind", String, primary_key=True),
    _id("subject_id", key=True),
    _id("agency_id", key=True),
)
COVERED = _table("scan_covered", _id("agency_id", key=True), _id("release_id", key=True))
MEASURES = ("tracked", "matched", "dated", "not_tracked")
#: Coverage class of every title by its shared match: 0 or 1 each.
TITLE = _table(
    "scan_title", _id("title_id", key=True), *(Column(name, Integer) for name in MEASURES), rowid=True
)
#: Where an agency's own match says otherwise: its class less the shared one, -1, 0 or 1 each.
OWN_TITLE = _table(
    "scan_own_title",
    _id("agency_id", key=True),
    _id("title_id", key=True),
    *(Column(name, Integer) for name in MEASURES),
)
CHUNK = _table("scan_chunk", _id("agency_id", key=True), rowid=True)
SKIPPED = _table("scan_skipped", _id("asset_id", key=True), rowid=True)
#: Assets as they stood at `known_at`; only for scans of the past.
ASSET = _table(
    "scan_asset",
    _id("agency_id", key=True),
    _id("id", key=True),
    Column("asset_class", String),
    Column("it_scope", String),
    Column("status", String),
    _id("hardware_model_id"),
    Column("units", Integer),
    Column("acquired_on", Date),
    Column("acquired_precision", String),
    Column("warranty_ends_on", Date),
    Column("condition", String),
    Column("custodian", String),
    Column("location", String),
    Column("processor", String),
    Column("is_edge", Boolean),
    Column("internet_facing", Boolean),
    Column("criticality", String),
    Column("last_seen_on", Date),
)


def _wanted(name: str, *more: Column[Any]) -> Table:
    # In the order of its key on SQLite, which so groups, numbers and compares without sorting again.
    # PostgreSQL hashes, and an index would only cost.
    columns = [_id("agency_id"), _id("asset_id"), _id("condition_id"), Column("no", Integer), *more]
    key = PrimaryKeyConstraint("agency_id", "asset_id", "condition_id").ddl_if(dialect="sqlite")
    return Table(name, _metadata, *columns, key, prefixes=["TEMPORARY"], sqlite_with_rowid=False)


#: What should be open in the chunk; what of it is not, or rests on another verdict (then of which finding).
WANTED = _wanted("scan_wanted")
DIFFERENCE = _wanted("scan_difference", _id("finding_id"))
#: Findings to insert, numbered from 1: a window function would take three times as long on SQLite.
NUMBERED = _table(
    "scan_numbered",
    Column("n", BigInt, primary_key=True, autoincrement=True),
    _id("agency_id"),
    _id("asset_id"),
    Column("no", Integer),
    rowid=True,
)
#: Every asset of the chunk: its units, its findings by severity and by rule, and its profile (profiles.py).
PROFILE = Table(
    "scan_profile",
    _metadata,
    _id("agency_id"),
    _id("asset_id"),
    Column("units", Integer),
    _id("severities"),
    *(_id(f"pack_{n}") for n in range(PACKS)),
    _id("profile"),
    PrimaryKeyConstraint("agency_id", "asset_id"),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
#: Distinct profiles with their risk, and the number of what the ruleset says of them (0: nothing).
JUDGED = _table(
    "scan_judged",
    _id("profile", key=True),
    Column("score", Integer),
    Column("band", String),
    Column("no", Integer),
)
TABLES = tuple(_metadata.tables.values())
FILLED = (
    VERDICT,
    TITLE_PICK,
    MODEL_PICK,
    AGE_PICK,
    UNDATED_PICK,
    DAY_PICK,
    FLAG_PICK,
    PROCESSOR_PICK,
    FOLLOWED,
    ENDING,
    DATED_MODEL,
    SCOPED,
    TITLE,
    OWN_TITLE,
)


def create_all(session: Session) -> None:
    """Create every table, empty. Two statements per table, whatever the size of the inventory."""
    drop_all(session)
    for table in TABLES:
        table.create(session.connection())


def drop_all(session: Session) -> None:
    """Drop what an earlier scan on this connection left."""
    for table in TABLES:
        session.execute(text(f"DROP TABLE IF EXISTS {table.name}"))


def empty(session: Session, *tables: Table) -> None:
    """Empty `tables`; their numbers start at 1 again, but in a transaction that is read-only: PostgreSQL
    refuses TRUNCATE there, and nothing needs the numbers."""
    truncates = not (is_sqlite(session) or session.connection().get_execution_options().get(READ_ONLY))
    for table in tables:
        session.execute(text(f"TRUNCATE {table.name} RESTART IDENTITY") if truncates else table.delete())


def analyze(session: Session, *tables: Table) -> None:
    """Tell PostgreSQL's planner what the tables hold; SQLite is told by the order of the joins."""
    if not is_sqlite(session):
        for table in tables:
            session.execute(text(f"ANALYZE {table.name}"))
