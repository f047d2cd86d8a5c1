"""Progress, leases and wishes to stop of long work, outside the transaction in which the work is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from tracker.db import reading, table_of, transaction
from tracker.db.engine import make_engine_beside
from tracker.work.models import JobProgress

_progress = table_of(JobProgress)
_sides: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far something has come: `done` of `total` rows of its phase (None: not known how many)."""

    phase: str | None = None
    done: int = 0
    total: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    phase_began_at: datetime | None = None
    lease_until: datetime | None = None
    cancel_requested_by: str | None = None

    def seconds_left(self, now: datetime) -> int | None:
        """How long the phase will still take at its pace so far; None where nothing can be said."""
        if not self.total or not self.done or self.phase_began_at is None:
            return None
        elapsed = (now - self.phase_began_at).total_seconds()
        return max(round(elapsed * (self.total - self.done) / self.done), 0)


def _side(engine: Engine) -> Engine:
    """Where progress is kept: on PostgreSQL the database itself, on SQLite a file beside it."""
    found = _sides.get(engine)
    if found is None:
        found = make_engine_beside(engine, "progress")
        if found is not engine:
            _progress.create(found, checkfirst=True)
        _sides[engine] = found
    return found


def _put(engine: Engine, subject: str, values: Mapping[str, object]) -> str | None:
    """Set some columns of a subject, which may be new; who asked it to stop. One statement."""
    side = _side(engine)
    insert = postgresql.insert if side.dialect.name == "postgresql" else sqlite.insert
    new = insert(_progress).values({"subject": subject, "counts": {}, "done": 0, **values})
    stored = new.on_conflict_do_update(index_elements=["subject"], set_=dict(values))
    with transaction(side) as session:
        asked_by: str | None = session.execute(stored.returning(_progress.c.cancel_requested_by)).scalar_one()
        return asked_by


def tell(engine: Engine, subject: str, view: ProgressView, now: datetime, lease_seconds: float) -> str | None:
    """Store how far `subject` is and that its process lives; who asked it to stop, None where nobody did."""
    return _put(
        engine,
        subject,
        {
            "phase": view.phase, "done": view.done, "total": view.total, "counts": dict(view.counts),
            "phase_began_at": view.phase_began_at, "lease_until": now + timedelta(seconds=lease_seconds),
        },
    )  # fmt: skip


def hold(engine: Engine, subject: str, until: datetime | None) -> None:
    """Say until when the process that works on `subject` counts as alive; None: it let it go."""
    _put(engine, subject, {"lease_until": until})


def ask_to_stop(engine: Engine, subject: str, who: str) -> None:
    """Ask whoever works on `subject`, now or later, to stop. Waits for no other transaction."""
    _put(engine, subject, {"cancel_requested_by": who})


def forget(engine: Engine, subject: str) -> None:
    """Nothing is to be said about `subject` any more. One statement."""
    with transaction(_side(engine)) as session:
        session.execute(delete(_progress).where(_progress.c.subject == subject))


def find_progress(engine: Engine, subjects: Iterable[str]) -> dict[str, ProgressView]:
    """{subject: how far it is} of those that were told about. One statement, none without subjects."""
    wanted = list(subjects)
    if not wanted:
        return {}
    names = list(ProgressView.__dataclass_fields__)
    query = select(_progress.c.subject, *(_progress.c[name] for name in names))
    with reading(_side(engine)) as session:
        rows = session.execute(query.where(_progress.c.subject.in_(wanted))).mappings()
        return {row["subject"]: ProgressView(**{name: row[name] for name in names}) for row in rows}
