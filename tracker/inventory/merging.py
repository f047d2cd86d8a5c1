"""Giving assets the decided names: a fixed number of statements, however many names and assets there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, MetaData, Table, Text, bindparam, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from tracker.db import create_temporary, insert_rows, is_sqlite, reserve_ids, table_of
from tracker.db.conventions import BigInt
from tracker.inventory.locking import lock_inventory
from tracker.inventory.models import HardwareModel
from tracker.inventory.suggestion_models import NameKind

_model = table_of(HardwareModel)
_pair = Table("merge_pair", MetaData(), Column("kind", Text), Column("before", Text), Column("after", Text),
              Column("before_id", BigInt), Column("after_id", BigInt))  # fmt: skip
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Merge:
    """One decided name and what it becomes. Manufacturers are those of models, '' for other kinds."""

    kind: str
    manufacturer: str
    value: str
    target_manufacturer: str
    target: str


def merge_names(session: Session, agency_id: int, merges: Iterable[Merge], actor: str, now: datetime) -> int:
    """Rename what the agency's assets bear, one row of history for each change; how many changes there were.

    At most eleven statements (and one per 500 models that are new).
    """
    chosen = list(merges)
    if not chosen:
        return 0
    lock_inventory(session, agency_id)
    create_temporary(
        session,
        "merge_pair",
        "kind TEXT NOT NULL, before TEXT, after TEXT, before_id BIGINT, after_id BIGINT",
    )
    plain = [
        (one.kind, one.value, one.target, None, None)
        for one in chosen
        if one.kind in (NameKind.LOCATION, NameKind.CLASS)
    ]
    models = _model_pairs(
        session, [one for one in chosen if one.kind in (NameKind.MAKER, NameKind.MODEL)], now
    )
    insert_rows(
        session,
        _pair,
        tuple(_pair.c.keys()),
        [*plain, *(("model", None, None, *ids) for ids in models.items())],
    )
    return _write(session, agency_id, actor, now)


def _model_pairs(session: Session, merges: list[Merge], now: datetime) -> dict[int, int]:
    """{model: model that replaces it}; models that do not exist yet are made."""
    if not merges:
        return {}
    makers: dict[str, str] = {one.value: one.target for one in merges if one.kind == NameKind.MAKER}
    models = {
        (one.manufacturer, one.value): (one.target_manufacturer, one.target)
        for one in merges
        if one.kind == NameKind.MODEL
    }
    columns = (_model.c.id, _model.c.manufacturer, _model.c.name)
    pairs = tuple_(_model.c.manufacturer, _model.c.name)
    wanted = _model.c.manufacturer.in_(list(makers)) | pairs.in_(list(models))
    targets: dict[int, tuple[str, str]] = {}
    for number, maker, name in session.execute(select(*columns).where(wanted)):
        became: tuple[str, str] = models.get((maker, name), (maker, name))
        targets[number] = (makers.get(became[0], became[0]), became[1])
    ids = _ensure_models(session, set(targets.values()), now)
    return {number: ids[pair] for number, pair in targets.items() if ids[pair] != number}


def _ensure_models(
    session: Session, pairs: set[tuple[str, str]], now: datetime
) -> Mapping[tuple[str, str], int]:
    """{(manufacturer, name): id} of models, of which those that are missing are made."""
    if not pairs:
        return {}
    ordered = sorted(pairs)
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    ids = reserve_ids(session, len(ordered))
    rows = [
        {"id": at, "manufacturer": maker, "name": name, "created_at": now}
        for at, (maker, name) in zip(ids, ordered, strict=True)
    ]
    for start in range(0, len(rows), _AT_ONCE):
        session.execute(make(_model).values(rows[start : start + _AT_ONCE]).on_conflict_do_nothing())
    found = tuple_(_model.c.manufacturer, _model.c.name).in_(ordered)
    query = select(_model.c.manufacturer, _model.c.name, _model.c.id).where(found)
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


_CHANGES = """
INSERT INTO merge_change (asset_id, field, before, after)
SELECT a.id, 'location', a.location, p.after FROM merge_pair p JOIN asset a ON a.location = p.before
  WHERE p.kind = 'location' AND a.agency_id = :agency AND a.location <> p.after
UNION ALL
SELECT a.id, 'asset_class', a.asset_class, p.after FROM merge_pair p JOIN asset a ON a.name = p.before
  WHERE p.kind = 'class' AND a.agency_id = :agency AND a.asset_class = 'other' AND p.after <> 'other'
UNION ALL
SELECT a.id, 'hardware_model_id', CAST(p.before_id AS TEXT), CAST(p.after_id AS TEXT)
  FROM merge_pair p JOIN asset a ON a.hardware_model_id = p.before_id
  WHERE p.kind = 'model' AND a.agency_id = :agency
"""
_HISTORY = """
INSERT INTO asset_change (agency_id, id, asset_id, field, before, after, actor, at)
SELECT :agency, :first + ROW_NUMBER() OVER (ORDER BY c.asset_id, c.field), c.asset_id, c.field, c.before, c.after,
  :actor, :now FROM merge_change c
"""
_ASSETS = """
UPDATE asset SET
  location = COALESCE((SELECT c.after FROM merge_change c WHERE c.asset_id = asset.id AND c.field = 'location'),
    location),
  asset_class = COALESCE((SELECT c.after FROM merge_change c WHERE c.asset_id = asset.id
    AND c.field = 'asset_class'), asset_class),
  hardware_model_id = COALESCE((SELECT CAST(c.after AS BIGINT) FROM merge_change c WHERE c.asset_id = asset.id
    AND c.field = 'hardware_model_id'), hardware_model_id),
  row_version = row_version + 1, updated_at = :now
WHERE agency_id = :agency AND id IN (SELECT c.asset_id FROM merge_change c)
"""


def _write(session: Session, agency_id: int, actor: str, now: datetime) -> int:
    create_temporary(
        session,
        "merge_change",
        "asset_id BIGINT NOT NULL, field TEXT NOT NULL, before TEXT, after TEXT, PRIMARY KEY (asset_id, field)",
    )
    session.execute(text(_CHANGES), {"agency": agency_id})
    count: int = session.execute(text("SELECT COUNT(*) FROM merge_change")).scalar_one()
    if count:
        moment = bindparam("now", type_=UTCDateTime())
        first = reserve_ids(session, count + 1).start
        values = {"agency": agency_id, "first": first, "actor": actor, "now": now}
        session.execute(text(_HISTORY).bindparams(moment), values)
        session.execute(text(_ASSETS).bindparams(moment), {"agency": agency_id, "now": now})
    return count
