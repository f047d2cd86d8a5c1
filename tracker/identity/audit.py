"""The audit log: every event carries the hash of the one before, so that a change or a gap shows."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from sqlalchemy import Row, select, update
from sqlmodel import Session

from tracker.db import is_sqlite, new_id, table_of
from tracker.identity.models import AuditEvent, AuditHead
from tracker.identity.schemas import AuditCheck, Principal

_event, _head = table_of(AuditEvent), table_of(AuditHead)
_COVERED = ("seq", "at", "actor", "action", "agency_id", "subject_kind", "subject_id", "detail")


def _hash(values: dict[str, object], previous: str) -> str:
    at = values["at"]
    assert isinstance(at, datetime)
    document = {**values, "at": at.astimezone(UTC).isoformat(timespec="microseconds"), "previous": previous}
    text = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def record(
    session: Session,
    principal: Principal,
    action: str,
    subject_kind: str,
    subject_id: int | None,
    agency_id: int,
    detail: dict[str, object],
    now: datetime,
) -> None:
    """Append one event to the chain, in the caller's transaction. `detail` holds JSON values only.

    The head row is locked until that transaction ends: two writers cannot take the same place.
    """
    locked = select(_head.c.seq, _head.c.hash).where(_head.c.id == 1)
    head = session.execute(locked if is_sqlite(session) else locked.with_for_update()).one()
    values: dict[str, object] = {
        "seq": head.seq + 1,
        "at": now,
        "actor": principal.name,
        "action": action,
        "agency_id": agency_id,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "detail": json.loads(json.dumps(detail, default=str)),
    }
    digest = _hash(values, head.hash)
    session.execute(
        _event.insert().values(id=new_id(session), previous_hash=head.hash, hash=digest, **values)
    )
    session.execute(update(_head).where(_head.c.id == 1).values(seq=head.seq + 1, hash=digest))


def _fits(row: Row[tuple[object, ...]], seq: int, previous: str) -> bool:
    stored = row._mapping
    values = {name: stored[name] for name in _COVERED}
    right = (seq, previous, _hash(values, previous))
    return (stored["seq"], stored["previous_hash"], stored["hash"]) == right


def verify(session: Session) -> AuditCheck:
    """Walk the whole chain: an edited, removed, inserted or cut-off event is found. Two statements."""
    head = session.execute(select(_head.c.seq, _head.c.hash).where(_head.c.id == 1)).one_or_none()
    columns = [_event.c[name] for name in (*_COVERED, "previous_hash", "hash")]
    previous, seq = "", 0
    for row in session.execute(select(*columns).order_by(_event.c.seq)).yield_per(2_000):
        seq += 1
        if not _fits(row, seq, previous):
            return AuditCheck(seq, seq)
        previous = row.hash
    if head is None or head.seq != seq or head.hash != previous:
        return AuditCheck(seq, seq + 1)
    return AuditCheck(seq, None)
