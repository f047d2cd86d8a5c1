"""Applying a previewed batch: a fixed number of set-based statements, all in the caller's transaction.

Created assets are in `creating`; here are titles, and what becomes of assets that are there: their rows, in
the temporary table batch_row (see `pending`), are read by every statement; none is run per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, text
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from tracker.db import create_temporary, reserve_ids
from tracker.inventory.diffing import ASSET_FIELDS, CLEARABLE, DATE_FIELDS, NUMBER_FIELDS
from tracker.inventory.json_sql import JsonSql
from tracker.inventory.models import InstallationRole

ROLES = ", ".join(f"'{role.value}'" for role in InstallationRole)
_BATCH = "b.agency_id = :agency AND b.batch_id = :batch"


@dataclass(frozen=True, slots=True)
class Applied:
    """The batch that is applied, by whom and when."""

    agency_id: int
    batch_id: int
    actor: str
    now: datetime


def run(session: Session, sql: str, applied: Applied, **more: object) -> Any:
    """Run one statement with the batch's values bound where it names them; returns the result."""
    known = {
        "agency": applied.agency_id,
        "batch": applied.batch_id,
        "actor": applied.actor,
        "now": applied.now,
    }
    values = {name: value for name, value in (known | more).items() if f":{name}" in sql}
    clause = text(sql)
    if "now" in values:
        # Bound by the tables' own type, so that instants are stored alike by every path.
        clause = clause.bindparams(bindparam("now", type_=UTCDateTime()))
    return session.execute(clause, values)


def kind_of(field: str) -> str:
    """The SQL kind of an asset's column: text, bigint or date."""
    return "date" if field in DATE_FIELDS else "bigint" if field in NUMBER_FIELDS else "text"


def resolve_titles(session: Session, applied: Applied) -> None:
    """Make the batch's new titles and models, and the temporary table batch_target (n, kind, target_id)."""
    count = run(session, f"SELECT COUNT(*) FROM batch_title b WHERE {_BATCH}", applied).scalar_one()  # noqa: S608
    for table, publisher, name, version, kinds in (
        ("software_title", "publisher", "name", "version", "<> 'model'"),
        ("hardware_model", "manufacturer", "name", None, "= 'model'"),
    ):
        columns = f"{publisher}, {name}" + (f", {version}" if version else "")
        picked = "b.publisher, b.name" + (", b.version" if version else "")
        same = f"t.{publisher} = b.publisher AND t.{name} = b.name" + (
            " AND t.version = b.version" if version else ""
        )
        run(
            session,
            f"""INSERT INTO {table} (id, {columns}, created_at)
            SELECT :first + ROW_NUMBER() OVER (ORDER BY {picked}), {picked}, :now
            FROM (SELECT DISTINCT {picked} FROM batch_title b WHERE {_BATCH} AND b.kind {kinds}
                  AND NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})) b
            WHERE 1 = 1 ON CONFLICT DO NOTHING""",  # noqa: S608
            applied,
            first=reserve_ids(session, count + 1).start,
        )
    create_temporary(
        session, "batch_target", "n BIGINT PRIMARY KEY, kind TEXT NOT NULL, target_id BIGINT NOT NULL"
    )
    run(
        session,
        f"""INSERT INTO batch_target (n, kind, target_id)
        SELECT b.n, b.kind, t.id FROM batch_title b JOIN software_title t
          ON t.publisher = b.publisher AND t.name = b.name AND t.version = b.version
        WHERE {_BATCH} AND b.kind <> 'model'
        UNION ALL
        SELECT b.n, b.kind, m.id FROM batch_title b JOIN hardware_model m
          ON m.manufacturer = b.publisher AND m.name = b.name
        WHERE {_BATCH} AND b.kind = 'model'""",  # noqa: S608
        applied,
    )


_UPDATED = f"{_BATCH} AND b.outcome = 'updated'"
_HELD = "i.agency_id = b.agency_id AND i.asset_id = b.asset_id AND i.superseded_at IS NULL"


def _change(session: Session, applied: Applied, source: str) -> None:
    """Write the asset_change rows that `source` selects as (asset_id, field, before, after): two statements."""
    count = run(session, f"SELECT COUNT(*) FROM ({source}) s", applied).scalar_one()  # noqa: S608
    if not count:
        return
    run(
        session,
        f"""INSERT INTO asset_change (agency_id, id, asset_id, field, before, after, batch_id, actor, at)
        SELECT :agency, :first + ROW_NUMBER() OVER (ORDER BY s.asset_id, s.field, s.before, s.after),
          s.asset_id, s.field, s.before, s.after, :batch, :actor, :now FROM ({source}) s""",  # noqa: S608
        applied,
        first=reserve_ids(session, count + 1).start,
    )


def update_assets(session: Session, applied: Applied) -> None:
    """Write the previewed diffs of the updated assets, with history."""
    json = JsonSql.of(session)
    _change(
        session,
        applied,
        f"""SELECT b.asset_id, e.key AS field, e.value->>0 AS before, e.value->>1 AS after
        FROM batch_row b, {json.members("b.diff", "e")}
        WHERE {_UPDATED} AND e.key NOT IN ('hardware_model', {ROLES})
        UNION ALL
        SELECT b.asset_id, 'hardware_model_id', CAST(a.hardware_model_id AS TEXT), CAST(m.target_id AS TEXT)
        FROM batch_row b JOIN asset a ON a.agency_id = b.agency_id AND a.id = b.asset_id
        JOIN batch_target m ON m.n = {json.value("b.record", "model", "bigint")}
        WHERE {_UPDATED} AND b.diff->'hardware_model' IS NOT NULL""",  # noqa: S608
    )
    fields = ", ".join(f"{field} = {_new_value(json, field)}" for field in ASSET_FIELDS)
    model = json.value("b.record", "model", "bigint")
    run(
        session,
        f"""UPDATE asset SET {fields}, sort_tag = COALESCE({json.after("b.diff", "asset_tag")}, asset.sort_tag),
          hardware_model_id = COALESCE((SELECT m.target_id FROM batch_target m
            WHERE b.diff->'hardware_model' IS NOT NULL AND m.n = {model}), asset.hardware_model_id),
          status_changed_on = CASE WHEN b.diff->'status' IS NOT NULL THEN :today ELSE asset.status_changed_on END,
          row_version = asset.row_version + 1, updated_at = :now
        FROM batch_row b
        WHERE {_UPDATED} AND asset.agency_id = b.agency_id AND asset.id = b.asset_id""",  # noqa: S608
        applied,
        today=applied.now.date(),
    )
    _update_identifiers(session, applied, json)
    _update_installations(session, applied, json)


def _new_value(json: JsonSql, field: str) -> str:
    """SQL of a field's value after the update: a diff without an 'after' clears it."""
    value = f"COALESCE({json.after('b.diff', field, kind_of(field))}, asset.{field})"
    if field not in CLEARABLE:
        return value
    cleared = f"b.diff->'{field}' IS NOT NULL AND {json.after('b.diff', field)} IS NULL"
    return f"CASE WHEN {cleared} THEN NULL ELSE {value} END"


def _update_identifiers(session: Session, applied: Applied, json: JsonSql) -> None:
    """A changed name ends the old value of its scheme; new names are added, returning ones live again."""
    matched = f"{_BATCH} AND b.outcome IN ('updated', 'unchanged')"
    stated = json.value("b.record->'keys'", "{}").replace("'{}'", "i.scheme")
    run(
        session,
        f"""UPDATE asset_identifier SET superseded_at = :now, superseded_batch_id = :batch
        WHERE agency_id = :agency AND (scheme, value, asset_id) IN (
          SELECT i.scheme, i.value, i.asset_id FROM batch_row b JOIN asset_identifier i ON {_HELD}
          WHERE {matched} AND {stated} <> i.value)""",  # noqa: S608
        applied,
    )
    run(
        session,
        f"""INSERT INTO asset_identifier (agency_id, scheme, value, asset_id, batch_id, recorded_at)
        SELECT b.agency_id, e.key, e.value, b.asset_id, b.batch_id, :now
        FROM batch_row b, {json.pairs("b.record", "keys", "e")} WHERE {matched}
        ON CONFLICT (agency_id, scheme, value, asset_id) DO UPDATE
          SET superseded_at = NULL, superseded_batch_id = NULL, batch_id = excluded.batch_id
          WHERE asset_identifier.superseded_at IS NOT NULL""",  # noqa: S608
        applied,
    )


def _update_installations(session: Session, applied: Applied, json: JsonSql) -> None:
    """Roles in a diff: titles no longer stated end, titles newly stated begin."""
    stated = f"""SELECT b.asset_id, t.target_id AS title_id, t.kind AS role
        FROM batch_row b CROSS JOIN {json.numbers("b.record", "software", "e")} JOIN batch_target t ON t.n = e.value
        WHERE {_UPDATED} AND b.diff->t.kind IS NOT NULL"""  # noqa: S608
    ending = f"""SELECT i.id, i.asset_id, i.title_id FROM batch_row b JOIN installation i ON {_HELD}
        WHERE {_UPDATED} AND b.diff->i.role IS NOT NULL AND (i.asset_id, i.title_id, i.role) NOT IN ({stated})"""  # noqa: S608
    _change(
        session,
        applied,
        f"""SELECT e.asset_id, 'installation' AS field, CAST(e.title_id AS TEXT) AS before,
          CAST(NULL AS TEXT) AS after FROM ({ending}) e""",  # noqa: S608
    )
    run(
        session,
        f"""UPDATE installation SET superseded_at = :now, superseded_batch_id = :batch
        WHERE agency_id = :agency AND id IN (SELECT e.id FROM ({ending}) e)""",  # noqa: S608
        applied,
    )
    beginning = f"""SELECT DISTINCT s.asset_id, s.title_id, s.role FROM ({stated}) s WHERE NOT EXISTS (
        SELECT 1 FROM installation i WHERE i.agency_id = :agency AND i.asset_id = s.asset_id
        AND i.title_id = s.title_id AND i.role = s.role AND i.superseded_at IS NULL)"""  # noqa: S608
    _change(
        session,
        applied,
        f"""SELECT s.asset_id, 'installation' AS field, CAST(NULL AS TEXT) AS before,
          CAST(s.title_id AS TEXT) AS after FROM ({beginning}) s""",  # noqa: S608
    )
    count = run(session, f"SELECT COUNT(*) FROM ({beginning}) s", applied).scalar_one()  # noqa: S608
    run(
        session,
        f"""INSERT INTO installation (agency_id, id, asset_id, title_id, role, batch_id, recorded_at)
        SELECT :agency, :first + ROW_NUMBER() OVER (ORDER BY s.asset_id, s.role, s.title_id),
          s.asset_id, s.title_id, s.role, :batch, :now FROM ({beginning}) s""",  # noqa: S608
        applied,
        first=reserve_ids(session, count + 1).start,
    )
