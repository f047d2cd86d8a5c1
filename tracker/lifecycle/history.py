"""The inventory as it was known at an instant: assets that existed, their fields before later changes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, text
from sqlmodel import Session

from tracker.db import is_sqlite, table_of
from tracker.inventory.models import AssetChange
from tracker.lifecycle import temporary

_INSTANT = table_of(AssetChange).c.at.type
_COPIED = (
    "asset_class",
    "it_scope",
    "status",
    "hardware_model_id",
    "units",
    "acquired_on",
    "acquired_precision",
    "warranty_ends_on",
    "condition",
    "custodian",
    "location",
    "processor",
    "is_edge",
    "internet_facing",
    "criticality",
    "last_seen_on",
)
_KINDS = {
    "hardware_model_id": "BIGINT",
    "units": "INTEGER",
    "acquired_on": "DATE",
    "warranty_ends_on": "DATE",
    "last_seen_on": "DATE",
    "is_edge": "BOOLEAN",
    "internet_facing": "BOOLEAN",
}


def stage_assets(session: Session, known_at: datetime) -> None:
    """Fill scan_asset with the chunk's assets as they stood at `known_at`. Seventeen statements and ANALYZE.

    An asset recorded later was not there. A field changed later had the `before` of its first change
    since; values are stored as text in the form of their column.
    """
    temporary.empty(session, temporary.ASSET)
    columns = ", ".join(_COPIED)
    _run(
        session,
        f"""INSERT INTO scan_asset (agency_id, id, {columns}) SELECT agency_id, id, {columns} FROM asset
        WHERE recorded_at <= :known_at AND agency_id IN (SELECT agency_id FROM scan_chunk)""",  # noqa: S608
        known_at,
    )
    for field in _COPIED:
        _run(session, _reverse(field, sqlite=is_sqlite(session)), known_at, field=field)
    temporary.analyze(session, temporary.ASSET)


def _reverse(field: str, *, sqlite: bool) -> str:
    kind = _KINDS.get(field)
    # SQLite keeps dates as text and would cast "2020-01-01" to the number 2020; it knows no word "True".
    cast = kind is not None and not (sqlite and kind in ("DATE", "BOOLEAN"))
    before = f"CAST(c.before AS {kind})" if cast else "c.before"
    if sqlite and kind == "BOOLEAN":
        before = "CASE c.before WHEN 'True' THEN 1 WHEN 'False' THEN 0 END"
    return f"""UPDATE scan_asset SET {field} = {before}
        FROM (SELECT agency_id, asset_id, before,
                ROW_NUMBER() OVER (PARTITION BY agency_id, asset_id ORDER BY at, id) AS place
              FROM asset_change
              WHERE field = :field AND at > :known_at
                AND agency_id IN (SELECT agency_id FROM scan_chunk)) AS c
        WHERE c.place = 1 AND c.agency_id = scan_asset.agency_id AND c.asset_id = scan_asset.id"""  # noqa: S608


def _run(session: Session, sql: str, known_at: datetime, **values: object) -> None:
    statement = text(sql).bindparams(bindparam("known_at", type_=_INSTANT))
    session.execute(statement, {"known_at": known_at, **values})
