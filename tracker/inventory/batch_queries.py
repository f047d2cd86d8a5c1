"""Reading batches and their rows, limited to what the principal may see."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.models import BatchRow, ImportBatch
from tracker.inventory.schemas import BatchRowView, BatchView, KeptRow

_agency, _batch, _row = table_of(Agency), table_of(ImportBatch), table_of(BatchRow)
_PLAIN = ("filename", "format", "state", "created", "updated", "unchanged", "skipped", "rejected", "sheets",
          "problems", "created_at", "applied_at", "undone_at", "actor")  # fmt: skip


def _batches(condition: ColumnElement[bool]) -> Select[Any]:
    columns = [_batch.c.id, _agency.c.code.label("agency_code"), *(_batch.c[name] for name in _PLAIN)]
    joined = _batch.join(_agency, _agency.c.id == _batch.c.agency_id)
    return select(*columns).select_from(joined).where(condition)


def _view(row: Row[Any]) -> BatchView:
    return BatchView(**row._mapping)


def get_batch(
    session: Session, principal: Principal, batch_id: int, permission: Permission = Permission.VIEW
) -> BatchView:
    """The batch. One statement.

    Raises:
        NotFound: there is none, or not where `principal` has `permission`.
    """
    seen = in_scope(_batch.c.agency_id, principal.scope(permission))
    row = session.execute(_batches(and_(_batch.c.id == batch_id, seen))).one_or_none()
    if row is None:
        raise NotFound("batch-not-found", f"there is no import batch {batch_id}")
    return _view(row)


def list_batches(
    session: Session, principal: Principal, limit: int = 50, before_id: int | None = None
) -> list[BatchView]:
    """Batches, newest first; the next page begins before the last one's id. One statement."""
    condition = in_scope(_batch.c.agency_id, principal.scope(Permission.VIEW))
    if before_id is not None:
        condition = and_(condition, _batch.c.id < before_id)
    query = _batches(condition).order_by(_batch.c.id.desc()).limit(limit)
    return [_view(row) for row in session.execute(query)]


def list_batch_rows(
    session: Session,
    principal: Principal,
    batch_id: int,
    outcome: str | None = None,
    after_id: int = 0,
    limit: int = 50,
) -> list[BatchRowView]:
    """The batch's rows in file order, after row id `after_id`. Empty for a batch out of sight. One statement."""
    names = ("id", "sheet", "row", "outcome", "label", "reason", "diff", "record")
    owner = select(_batch.c.agency_id).where(_batch.c.id == batch_id).scalar_subquery()
    conditions = [
        _row.c.agency_id == owner,
        in_scope(_row.c.agency_id, principal.scope(Permission.VIEW)),
        _row.c.batch_id == batch_id,
        _row.c.id > after_id,
    ]
    if outcome is not None:
        conditions.append(_row.c.outcome == outcome)
    query = select(*(_row.c[name] for name in names)).where(*conditions).order_by(_row.c.id).limit(limit)
    return [BatchRowView(*row) for row in session.execute(query)]


def list_kept(session: Session, principal: Principal, batch_id: int, most: int = 500) -> list[KeptRow]:
    """Values that the batch's undo left alone because they changed later, at most `most`. One statement.

    Empty before an undo, and for a batch out of sight.
    """
    seen = in_scope(_batch.c.agency_id, principal.scope(Permission.VIEW))
    report = session.execute(select(_batch.c.undo_report).where(_batch.c.id == batch_id, seen)).scalar()
    return [KeptRow(**kept) for kept in (report or {}).get("kept", [])[:most]]
