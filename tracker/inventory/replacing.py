"""A full replacement: the agency's assets that no row of the file means are proposed for retirement.

The proposal is made with the preview and stored; an apply retires exactly those, and an undo brings them back
like any other changed field. Only what the file could have named is proposed: near-IT and other things only
where they were read too. A fixed number of statements, whatever the number of assets.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, select, text
from sqlmodel import Session

from tracker.db import reserve_ids, table_of
from tracker.identity.errors import Conflict
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.applying import Applied, run
from tracker.inventory.models import Asset, AssetStatus, ItScope
from tracker.inventory.source_models import BatchRetirement, UpdatePolicy
from tracker.inventory.sources import Choices

_asset, _retirement = table_of(Asset), table_of(BatchRetirement)
_NAMED = 20
_OWNED = ", ".join(
    f"'{one.value}'" for one in (AssetStatus.PLANNED, AssetStatus.IN_USE, AssetStatus.IN_STORE)
)


@dataclass(frozen=True, slots=True)
class RetiringView:
    """An asset that a batch retires."""

    asset_id: int
    asset_tag: str | None
    name: str
    location: str | None


def _scopes(choices: Choices) -> str:
    read = [ItScope.IT] + [ItScope.NEAR_IT] * choices.near_it + [ItScope.OTHER] * choices.other
    return ", ".join(f"'{scope.value}'" for scope in read)


def propose_retirements(
    session: Session, agency_id: int, batch_id: int, choices: Choices, *, any_found: bool
) -> int:
    """Store which assets the batch would retire; how many. Two statements, none unless it replaces.

    `any_found`: rows mean assets, which then stand in the temporary table batch_match of this preview.
    """
    if choices.policy != UpdatePolicy.REPLACE:
        return 0
    missing = "AND a.id NOT IN (SELECT m.asset_id FROM batch_match m)" if any_found else ""
    session.execute(
        text(
            f"""INSERT INTO batch_retirement (agency_id, batch_id, asset_id, row_version)
            SELECT a.agency_id, :batch, a.id, a.row_version FROM asset a
            WHERE a.agency_id = :agency AND a.status IN ({_OWNED})
              AND a.it_scope IN ({_scopes(choices)}) {missing}"""  # noqa: S608
        ),
        {"agency": agency_id, "batch": batch_id},
    )
    counting = text("SELECT COUNT(*) FROM batch_retirement WHERE agency_id = :agency AND batch_id = :batch")
    return int(session.execute(counting, {"agency": agency_id, "batch": batch_id}).scalar_one())


def check_confirmed(
    session: Session, applied: Applied, retiring: int, rejected: int, most_pct: int, *, confirmed: bool
) -> None:
    """Let a large replacement, or one with rows that could not be read, pass only when confirmed.

    One statement, none without anything to retire.

    Raises:
        Conflict: a confirmation is needed; its detail has `retiring` and `owned`.
    """
    if not retiring or confirmed:
        return
    counting = f"SELECT COUNT(*) FROM asset WHERE agency_id = :agency AND status IN ({_OWNED})"  # noqa: S608
    owned = int(run(session, counting, applied).scalar_one())
    if retiring * 100 <= most_pct * owned and not rejected:
        return
    raise Conflict(
        "confirmation-needed",
        f"{retiring} of the agency's {owned} assets are not in the file and would be retired"
        + (f", and {rejected} rows of the file could not be used" if rejected else "")
        + "; apply it with a confirmation",
        retiring=retiring,
        owned=owned,
    )


_MINE = "r.agency_id = :agency AND r.batch_id = :batch"


def retire_missing(session: Session, applied: Applied) -> None:
    """Retire what was proposed, with history. Four statements.

    Raises:
        Conflict: one of the assets changed since the preview; the first are named.
    """
    changed = run(
        session,
        f"""SELECT a.asset_tag, a.name FROM batch_retirement r
        JOIN asset a ON a.agency_id = r.agency_id AND a.id = r.asset_id
        WHERE {_MINE} AND a.row_version <> r.row_version ORDER BY a.id LIMIT :most""",  # noqa: S608
        applied,
        most=_NAMED,
    ).all()
    if changed:
        raise _changed([" ".join(filter(None, row)) for row in changed])
    count = int(
        run(session, f"SELECT COUNT(*) FROM batch_retirement r WHERE {_MINE}", applied).scalar_one()  # noqa: S608
    )
    run(
        session,
        f"""INSERT INTO asset_change (agency_id, id, asset_id, field, before, after, batch_id, actor, at)
        SELECT r.agency_id, :first + ROW_NUMBER() OVER (ORDER BY r.asset_id), r.asset_id, 'status', a.status,
          'retired', r.batch_id, :actor, :now
        FROM batch_retirement r JOIN asset a ON a.agency_id = r.agency_id AND a.id = r.asset_id
        WHERE {_MINE}""",  # noqa: S608
        applied,
        first=reserve_ids(session, count + 1).start,
    )
    run(
        session,
        f"""UPDATE asset SET status = 'retired', status_changed_on = :today, updated_at = :now,
          row_version = row_version + 1
        WHERE agency_id = :agency AND id IN (SELECT r.asset_id FROM batch_retirement r WHERE {_MINE})""",  # noqa: S608
        applied,
        today=applied.now.date(),
    )


def _changed(labels: list[str]) -> Conflict:
    rows = [{"sheet": "–", "row": "–", "label": label} for label in labels]
    return Conflict(
        "rows-changed",
        "assets that would be retired changed since the preview, so nothing was applied; preview the file "
        f"again: {'; '.join(labels)}",
        rows=rows,
    )


def list_retiring(
    session: Session, principal: Principal, batch_id: int, after_id: int = 0, limit: int = 50
) -> list[RetiringView]:
    """Assets that the batch retires, by id after `after_id`. Empty for a batch out of sight. One statement."""
    joined = _retirement.join(
        _asset, and_(_asset.c.agency_id == _retirement.c.agency_id, _asset.c.id == _retirement.c.asset_id)
    )
    seen = in_scope(_retirement.c.agency_id, principal.scope(Permission.VIEW))
    query = (
        select(_asset.c.id, _asset.c.asset_tag, _asset.c.name, _asset.c.location)
        .select_from(joined)
        .where(_retirement.c.batch_id == batch_id, seen, _asset.c.id > after_id)
        .order_by(_asset.c.id)
        .limit(limit)
    )
    return [RetiringView(*row) for row in session.execute(query)]
