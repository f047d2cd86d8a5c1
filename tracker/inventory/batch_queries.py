"""Reading batches and their rows, limited to what the principal may see."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.blocks import StagedBlock, label_of, record_of, unpack
from tracker.inventory.models import BatchBlock, ImportBatch
from tracker.inventory.schemas import BatchRowView, BatchView, KeptRow

_agency, _batch, _block = table_of(Agency), table_of(ImportBatch), table_of(BatchBlock)
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
    return list(islice(iterate_batch_rows(session, principal, batch_id, outcome, after_id), limit))


def iterate_batch_rows(
    session: Session, principal: Principal, batch_id: int, outcome: str | None = None, after_id: int = 0
) -> Iterator[BatchRowView]:
    """All of the batch's rows in file order, after row id `after_id`, in bounded memory. One statement.

    Nothing else may be written by the session meanwhile.
    """
    owner = select(_batch.c.agency_id).where(_batch.c.id == batch_id).scalar_subquery()
    conditions = [
        _block.c.agency_id == owner,
        in_scope(_block.c.agency_id, principal.scope(Permission.VIEW)),
        _block.c.batch_id == batch_id,
        _block.c.id + _block.c.rows > after_id + 1,
    ]
    if outcome is not None:
        conditions.append(_block.c[outcome] > 0)
    query = select(_block.c.id, _block.c.payload).where(*conditions).order_by(_block.c.id)
    with session.execute(query, execution_options={"yield_per": 2}) as found:
        for first, payload in found:
            yield from _rows(unpack(payload), first, outcome, after_id)


def _rows(block: StagedBlock, first: int, outcome: str | None, after_id: int) -> Iterator[BatchRowView]:
    outcomes = block.outcomes()
    for at in range(max(after_id + 1 - first, 0), len(block)):
        if outcome is None or outcomes[at] == outcome:
            row = block.row(at)
            yield BatchRowView(
                first + at, block.sheet, block.rows[at], outcomes[at], label_of(row), row.get("reason"),
                row.get("diff"), record_of(row),
            )  # fmt: skip


def list_kept(session: Session, principal: Principal, batch_id: int, most: int = 500) -> list[KeptRow]:
    """Values that the batch's undo left alone because they changed later, at most `most`. One statement.

    Empty before an undo, and for a batch out of sight.
    """
    seen = in_scope(_batch.c.agency_id, principal.scope(Permission.VIEW))
    report = session.execute(select(_batch.c.undo_report).where(_batch.c.id == batch_id, seen)).scalar()
    return [KeptRow(**kept) for kept in (report or {}).get("kept", [])[:most]]
