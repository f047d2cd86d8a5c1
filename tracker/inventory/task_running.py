"""Doing the imports of the queue: one at a time, each held by a lease that its process renews.

The transaction that stores a preview or applies a batch also ends the task, if it is still this process's:
whatever dies when, the work is done once or not at all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select, update
from sqlmodel import Session

from tracker.db import reading, table_of, transaction
from tracker.identity.audit import record as audit
from tracker.identity.errors import Conflict, Forbidden, TrackerError
from tracker.identity.queries import load_principal
from tracker.identity.schemas import Principal, nobody, operator
from tracker.inventory import actions
from tracker.inventory.task_models import ImportTask, TaskKind, TaskState
from tracker.inventory.tasks import OPEN, choices_of, get_task, subject_of
from tracker.inventory.uploads import drop_upload
from tracker.inventory.watching import Phase
from tracker.settings import Settings
from tracker.work import progress
from tracker.work.progress import ProgressView

log = logging.getLogger(__name__)
_task = table_of(ImportTask)

#: A process that has said nothing for so long is dead: its task is taken over.
LEASE_SECONDS = 60.0
#: How often it says how far it is, and looks whether it is to stop.
TELL_SECONDS = 0.5
#: How often a worker looks for something to do.
LOOK_SECONDS = 1.0
#: How often a task is begun whose process dies, before it counts as failed.
ATTEMPTS = 5
_LOOKED_AT = 20
_COUNTED = {Phase.READING: "read", Phase.MATCHING: "matched", Phase.WRITING: "written"}


class Cancelled(Exception):
    """A person stopped the import."""


class LostTask(Exception):
    """Another process has taken the task over, or this one is about to end."""


@dataclass(frozen=True, slots=True)
class Held:
    """A task that this process holds."""

    id: int
    agency_id: int
    attempt: int


@dataclass
class TaskWatch:
    """Is told by an import how far it is; a second thread passes it on and hears of wishes to stop."""

    held: Held
    stopping: threading.Event
    cancelled_by: str | None = None
    phase: Phase | None = None
    done: int = 0
    total: int | None = None
    passes: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    began_at: datetime | None = None

    def begin(self, phase: Phase, total: int | None = None, passes: int = 1) -> None:
        """The next phase begins."""
        self._check()
        self._count()
        self.phase, self.total, self.passes, self.done = phase, total, passes, 0
        self.began_at = datetime.now(UTC)

    def advance(self, rows: int) -> None:
        """Rows were gone through."""
        self._check()
        self.done += rows
        self._count()

    def settle(self, session: Session, batch_id: int) -> None:
        """End the task in the transaction that does its work. One statement.

        Raises:
            LostTask: it is not this process's any more; what was done is rolled back.
        """
        self._check()
        if not _end(session, self.held, TaskState.DONE, {"batch_id": batch_id}):
            raise LostTask

    def view(self) -> ProgressView:
        """How far it is."""
        total = self.total * self.passes if self.total is not None else None
        done = self.done if total is None else min(self.done, total)
        return ProgressView(self.phase, done, total, dict(self.counts), self.began_at)

    def _check(self) -> None:
        if self.cancelled_by is not None:
            raise Cancelled(self.cancelled_by)
        if self.stopping.is_set():
            raise LostTask

    def _count(self) -> None:
        if self.phase in _COUNTED:
            rows = self.done // self.passes
            self.counts[_COUNTED[self.phase]] = rows if self.total is None else min(rows, self.total)


def run_task(
    engine: Engine, settings: Settings, stopping: threading.Event | None = None, lease: float = LEASE_SECONDS
) -> int | None:
    """Take the oldest task that nobody works on, and do it; its id, None where there is none.

    How it ends is stored, never raised.
    """
    held = _claim(engine, lease)
    if held is None:
        return None
    watch = TaskWatch(held, stopping or threading.Event())
    try:
        with _told(engine, watch, lease):
            _do(engine, settings, watch)
        progress.forget(engine, subject_of(held.id))
    except Cancelled as cancelled:
        _close(engine, settings, held, TaskState.CANCELLED, "cancelled", f"stopped by {cancelled}")
    except LostTask:
        if watch.stopping.is_set():
            progress.hold(engine, subject_of(held.id), None)
    except TrackerError as error:
        _close(engine, settings, held, TaskState.FAILED, error.code, error.message)
    except Exception as error:
        log.exception("import job %s failed", held.id)
        _close(
            engine, settings, held, TaskState.FAILED, "unexpected", f"{type(error).__name__}: {error}"[:2000]
        )
    return held.id


def _claim(engine: Engine, lease: float) -> Held | None:
    """Hold the oldest task that waits, or whose process died; those that died too often are closed."""
    now = datetime.now(UTC)
    query = select(_task.c.id, _task.c.agency_id, _task.c.attempt, _task.c.state).where(
        _task.c.state.in_(OPEN)
    )
    with reading(engine) as session:
        rows = session.execute(query.order_by(_task.c.id).limit(_LOOKED_AT)).all()
    told = progress.find_progress(engine, [subject_of(row.id) for row in rows])
    for row in rows:
        view = told.get(subject_of(row.id), ProgressView())
        if row.state == TaskState.RUNNING and view.lease_until is not None and view.lease_until > now:
            continue
        found = _take(engine, Held(row.id, row.agency_id, row.attempt), str(row.state), now, lease)
        if found is not None:
            return found
    return None


def _take(engine: Engine, seen: Held, state: str, now: datetime, lease: float) -> Held | None:
    """Make the task as it was seen this process's; None where another was first.

    The lease is written first: once the task is taken, nobody finds it without one.
    """
    progress.hold(engine, subject_of(seen.id), now + timedelta(seconds=lease))
    mine = (_task.c.agency_id == seen.agency_id, _task.c.id == seen.id, _task.c.attempt == seen.attempt,
            _task.c.state == state)  # fmt: skip
    taking = update(_task).where(*mine).values(
        state=TaskState.RUNNING, attempt=seen.attempt + 1, started_at=now
    )  # fmt: skip
    with transaction(engine) as session:
        taken = session.execute(taking.returning(_task.c.id)).scalar() is not None
    return Held(seen.id, seen.agency_id, seen.attempt + 1) if taken else None


def _do(engine: Engine, settings: Settings, watch: TaskWatch) -> None:
    held, now = watch.held, datetime.now(UTC)
    task = get_task(engine, operator(), held.id)
    if task.progress.cancel_requested_by is not None:
        raise Cancelled(task.progress.cancel_requested_by)
    if held.attempt > ATTEMPTS:
        raise Conflict("worker-lost", f"the process that did this ended {ATTEMPTS} times; nothing was done")
    principal = _principal(engine, task.user_id, task.actor)
    if task.kind == TaskKind.PREVIEW:
        choices = choices_of(task.choices)
        actions.preview_kept(
            engine, principal, task.stored, task.filename, task.agency_code, now,
            settings=settings, choices=choices, watch=watch,
        )  # fmt: skip
        return
    assert task.batch_id is not None, "a CHECK of the table"
    try:
        actions.apply(
            engine, principal, task.batch_id, now, confirmed=bool(task.choices.get("confirmed")),
            retire_pct=settings.import_retire_pct, watch=watch,
        )  # fmt: skip
    except Conflict as error:
        # Applied by hand meanwhile: what was asked for is done.
        if error.detail.get("state") != "applied":
            raise
        with transaction(engine) as session:
            watch.settle(session, task.batch_id)


def _principal(engine: Engine, user_id: int | None, actor: str) -> Principal:
    """Whoever asked, with the rights that they have by now."""
    if user_id is None:
        return operator() if actor == operator().name else nobody()
    with reading(engine) as session:
        found = load_principal(session, user_id)
    if found is None:
        raise Forbidden("forbidden", "whoever asked for this import may not sign in any more")
    return found


def _end(session: Session, held: Held, state: TaskState, more: Mapping[str, object]) -> bool:
    """End a task that is still this process's; False where it is not."""
    mine = (_task.c.agency_id == held.agency_id, _task.c.id == held.id, _task.c.attempt == held.attempt,
            _task.c.state == TaskState.RUNNING)  # fmt: skip
    ending = update(_task).where(*mine).values(state=state, finished_at=datetime.now(UTC), **more)
    return session.execute(ending.returning(_task.c.id)).scalar() is not None


def _close(engine: Engine, settings: Settings, held: Held, state: TaskState, code: str, why: str) -> None:
    """Store that nothing came of a task."""
    with transaction(engine) as session:
        if not _end(session, held, state, {"error_code": code, "error": why}):
            return
        detail: dict[str, object] = {"code": code, "message": why}
        now = datetime.now(UTC)
        audit(session, operator(), f"import-job-{state}", "import_task", held.id, held.agency_id, detail, now)
    task = get_task(engine, operator(), held.id)
    if task.kind == TaskKind.PREVIEW:
        drop_upload(settings, task.stored)
    progress.forget(engine, subject_of(held.id))


@contextmanager
def _told(engine: Engine, watch: TaskWatch, lease: float) -> Iterator[None]:
    """While the block runs, tell how far the import is, renew its lease, and hear of wishes to stop."""
    done = threading.Event()
    thread = threading.Thread(
        target=_keep_telling, args=(engine, watch, lease, done), name=f"import-{watch.held.id}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _keep_telling(engine: Engine, watch: TaskWatch, lease: float, done: threading.Event) -> None:
    while True:
        try:
            who = progress.tell(engine, subject_of(watch.held.id), watch.view(), datetime.now(UTC), lease)
            watch.cancelled_by = watch.cancelled_by or who
        except Exception:
            # The next round tries again; a lease that really ends is noticed when the work is settled.
            log.exception("the progress of import job %s could not be stored", watch.held.id)
        if done.wait(TELL_SECONDS):
            return


class ImportWorker:
    """A thread that does the tasks of the queue, one after the other, until it is stopped."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)

    def start(self) -> ImportWorker:
        """Begin; returns itself."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End at the next safe point: what is not done yet is taken up by the next worker."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and run_task(self._engine, self._settings, self._stopping):
                    pass
            except Exception:
                log.exception("the queue of imports could not be read")
            self._stopping.wait(LOOK_SECONDS)
