"""Taking an applied batch back, field by field: what was edited afterwards stays and is named.

A fixed number of set-based statements in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from tracker.db import create_temporary, reserve_ids
from tracker.inventory.applying import Applied, kind_of, run
from tracker.inventory.diffing import ASSET_FIELDS
from tracker.inventory.json_sql import JsonSql
from tracker.inventory.keys import FIELDS_OF_SCHEME
from tracker.inventory.schemas import KeptRow

EDITED = "changed after the import"
#: Fields of the asset table that an undo can restore, with the SQL kind of each.
RESTORED = {**{field: kind_of(field) for field in ASSET_FIELDS}, "hardware_model_id": "bigint"}


@dataclass(frozen=True, slots=True)
class Undone:
    """Counts of an undo, and what it left alone."""

    restored: int
    withdrawn: int
    kept: list[KeptRow]


def undo_batch(session: Session, undone: Applied) -> Undone:
    """Restore, withdraw and supersede what the batch did, with history; see the module."""
    kept = [KeptRow(*row, EDITED) for row in _stage(session, undone)]
    withdrawn = _withdraw(session, undone)
    restored = _restore_fields(session, undone)
    _restore_names(session, undone)
    restored += _restore_installations(session, undone)
    return Undone(restored, withdrawn, kept)


def _stage(session: Session, undone: Applied) -> list[tuple[int, str | None, str]]:
    """Fill undo_change (asset_id, field, before, after, kept); returns the kept ones by asset and field.

    A field is kept when its value is no longer the batch's; a created asset when anything else was
    recorded about it since; an asset's installations when one was added or ended since. What an undone
    batch did does not count: its undo took it back.
    """
    create_temporary(
        session,
        "undo_change",
        "asset_id BIGINT NOT NULL, field TEXT NOT NULL, before TEXT, after TEXT, kept INTEGER NOT NULL",
    )
    held = " ".join(f"WHEN c.field = '{field}' THEN CAST(a.{field} AS TEXT)" for field in RESTORED)
    later = """EXISTS (SELECT 1 FROM asset_change l WHERE l.agency_id = c.agency_id
        AND l.asset_id = c.asset_id AND l.id > c.id AND (l.batch_id IS NULL OR l.batch_id <> :batch){more}
        AND NOT EXISTS (SELECT 1 FROM import_batch o WHERE o.agency_id = l.agency_id AND o.id = l.batch_id
          AND o.state = 'undone'))"""
    run(
        session,
        f"""INSERT INTO undo_change (asset_id, field, before, after, kept)
        SELECT c.asset_id, c.field, c.before, c.after, CASE
          WHEN c.field = '*' THEN CASE WHEN {later.format(more="")} THEN 1 ELSE 0 END
          WHEN c.field = 'installation' THEN
            CASE WHEN {later.format(more=" AND l.field = 'installation'")} THEN 1 ELSE 0 END
          WHEN (CASE {held} END) = c.after OR ((CASE {held} END) IS NULL AND c.after IS NULL) THEN 0
          ELSE 1 END
        FROM asset_change c JOIN asset a ON a.agency_id = c.agency_id AND a.id = c.asset_id
        WHERE c.agency_id = :agency AND c.batch_id = :batch""",  # noqa: S608
        undone,
    )
    rows = run(
        session,
        """SELECT DISTINCT a.id, a.asset_tag, u.field FROM undo_change u
        JOIN asset a ON a.agency_id = :agency AND a.id = u.asset_id WHERE u.kept = 1 ORDER BY a.id, u.field""",
        undone,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def _record(session: Session, undone: Applied, source: str) -> int:
    """Write history rows that `source` selects as (asset_id, field, before, after); returns how many."""
    count: int = run(session, f"SELECT COUNT(*) FROM ({source}) s", undone).scalar_one()  # noqa: S608
    run(
        session,
        f"""INSERT INTO asset_change (agency_id, id, asset_id, field, before, after, batch_id, actor, at)
        SELECT :agency, :first + ROW_NUMBER() OVER (ORDER BY s.asset_id, s.field, s.before, s.after),
          s.asset_id, s.field, s.before, s.after, :batch, :actor, :now FROM ({source}) s""",  # noqa: S608
        undone,
        first=reserve_ids(session, count + 1).start,
    )
    return count


_WITHDRAWN = "SELECT asset_id FROM undo_change WHERE field = '*' AND kept = 0"


def _withdraw(session: Session, undone: Applied) -> int:
    """Created assets become withdrawn; their names and installations end."""
    count = _record(
        session,
        undone,
        f"""SELECT a.id AS asset_id, 'status' AS field, a.status AS before, 'withdrawn' AS after
        FROM asset a WHERE a.agency_id = :agency AND a.id IN ({_WITHDRAWN})""",  # noqa: S608
    )
    run(
        session,
        f"""UPDATE asset SET status = 'withdrawn', status_changed_on = :today, updated_at = :now,
          row_version = row_version + 1 WHERE agency_id = :agency AND id IN ({_WITHDRAWN})""",  # noqa: S608
        undone,
        today=undone.now.date(),
    )
    for table in ("asset_identifier", "installation"):
        run(
            session,
            f"""UPDATE {table} SET superseded_at = :now, superseded_batch_id = NULL
            WHERE agency_id = :agency AND superseded_at IS NULL AND asset_id IN ({_WITHDRAWN})""",  # noqa: S608
            undone,
        )
    return count


def _restore_fields(session: Session, undone: Applied) -> int:
    """Put earlier values back where the batch's are still there."""
    fields = ", ".join(f"'{field}'" for field in RESTORED)
    mine = f"u.kept = 0 AND u.field IN ({fields})"
    count = _record(
        session,
        undone,
        f"""SELECT u.asset_id, u.field, u.after AS before, u.before AS after
        FROM undo_change u WHERE {mine}""",  # noqa: S608
    )
    json = JsonSql.of(session)
    picked = ", ".join(
        f"MAX(CASE WHEN u.field = '{f}' THEN 1 ELSE 0 END) AS has_{f}, "
        f"MAX(CASE WHEN u.field = '{f}' THEN u.before END) AS {f}"
        for f in RESTORED
    )
    sets = ", ".join(
        f"{f} = CASE WHEN p.has_{f} = 1 THEN {json.cast(f'p.{f}', kind)} ELSE asset.{f} END"
        for f, kind in RESTORED.items()
    )
    run(
        session,
        f"""UPDATE asset SET {sets},
          sort_tag = CASE WHEN p.has_asset_tag = 1 THEN COALESCE(p.asset_tag, '') ELSE asset.sort_tag END,
          row_version = asset.row_version + 1, updated_at = :now
        FROM (SELECT u.asset_id, {picked} FROM undo_change u WHERE {mine} GROUP BY u.asset_id) p
        WHERE asset.agency_id = :agency AND asset.id = p.asset_id""",  # noqa: S608
        undone,
    )
    return count


def _kept_name() -> str:
    """SQL condition: a field behind this row of asset_identifier is kept."""
    fields = " OR ".join(
        f"(asset_identifier.scheme = '{scheme}' AND u.field = '{field}')"
        for scheme, names in FIELDS_OF_SCHEME.items()
        for field in names
    )
    return f"""EXISTS (SELECT 1 FROM undo_change u WHERE u.asset_id = asset_identifier.asset_id
        AND u.kept = 1 AND (u.field = '*' OR {fields}))"""  # noqa: S608


def _restore_names(session: Session, undone: Applied) -> None:
    """Names that the batch ended live again, names it added end; not where the field behind one is kept."""
    created = "SELECT asset_id FROM undo_change WHERE field = '*'"
    run(
        session,
        f"""UPDATE asset_identifier SET superseded_at = :now
        WHERE agency_id = :agency AND batch_id = :batch AND superseded_at IS NULL
          AND asset_id NOT IN ({created}) AND NOT {_kept_name()}""",  # noqa: S608
        undone,
    )
    run(
        session,
        f"""UPDATE asset_identifier SET superseded_at = NULL, superseded_batch_id = NULL
        WHERE agency_id = :agency AND superseded_batch_id = :batch AND NOT {_kept_name()}""",  # noqa: S608
        undone,
    )


def _restore_installations(session: Session, undone: Applied) -> int:
    """Titles that the batch added end; titles that it ended begin again as rows of their own."""
    free = "SELECT asset_id FROM undo_change WHERE field = 'installation' AND kept = 0"
    count = _record(
        session,
        undone,
        """SELECT u.asset_id, u.field, u.after AS before, u.before AS after
        FROM undo_change u WHERE u.kept = 0 AND u.field = 'installation'""",
    )
    if not count:
        return 0
    run(
        session,
        f"""UPDATE installation SET superseded_at = :now WHERE agency_id = :agency AND batch_id = :batch
          AND superseded_at IS NULL AND asset_id IN ({free})""",  # noqa: S608
        undone,
    )
    run(
        session,
        f"""INSERT INTO installation (agency_id, id, asset_id, title_id, role, batch_id, recorded_at)
        SELECT i.agency_id, :first + ROW_NUMBER() OVER (ORDER BY i.id), i.asset_id, i.title_id, i.role, NULL, :now
        FROM installation i
        WHERE i.agency_id = :agency AND i.superseded_batch_id = :batch AND i.asset_id IN ({free})""",  # noqa: S608
        undone,
        first=reserve_ids(session, count + 1).start,
    )
    return count
