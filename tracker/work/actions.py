"""Claiming, renewing and finishing runs of jobs.

A firing is a row: whoever inserts it runs the job, everybody else finds it taken. A run holds a lease;
when its process dies, the lease ends, the run counts as lost, and the same firing may be claimed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine, literal, or_, select, update
from sqlmodel import Session

from tracker.db import insert_unless_taken, new_id, table_of, transaction
from tracker.identity.errors import Invalid, NotFound
from tracker.work.models import JobRun, JobSchedule, Outcome
from tracker.work.queries import get_schedule
from tracker.work.schemas import ScheduleView
from tracker.work.triggers import TriggerError, parse_trigger

job_run, schedule = table_of(JobRun), table_of(JobSchedule)

#: Longest error text kept in a run.
ERROR_CHARS = 2_000


def claim(
    engine: Engine,
    job: str,
    slot: str,
    worker: str,
    now: datetime,
    lease_seconds: int,
    schedule: str | None = None,
) -> int | None:
    """Claim the firing `slot` of `job`: the run's id, or None where it was run, runs, or the job runs now.

    One transaction of at most five statements. A lost run of the same slot, or a failed one whose next try is
    due, is taken over with the next attempt number.
    """
    lease = now + timedelta(seconds=lease_seconds)
    with transaction(engine) as session:
        expire_lost(session, now)
        taken = _take_over(session, job, slot, worker, now, lease)
        return taken if taken is not None else _insert(session, job, slot, worker, now, lease, schedule)


def _take_over(
    session: Session, job: str, slot: str, worker: str, now: datetime, lease: datetime
) -> int | None:
    open_again = or_(job_run.c.outcome == Outcome.LOST, job_run.c.retry_at <= now)
    lost = (job_run.c.job == job, job_run.c.slot == slot, open_again)
    other = job_run.alias()
    busy = select(literal(1)).where(other.c.job == job, other.c.outcome == Outcome.RUNNING).exists()
    again = update(job_run).where(*lost, ~busy).values(
        attempt=job_run.c.attempt + 1, worker=worker, started_at=now, lease_until=lease,
        outcome=Outcome.RUNNING, finished_at=None, error=None, retry_at=None, cancel_requested_by=None,
    )  # fmt: skip
    return session.execute(again.returning(job_run.c.id)).scalar()


def _insert(
    session: Session,
    job: str,
    slot: str,
    worker: str,
    now: datetime,
    lease: datetime,
    schedule: str | None,
) -> int | None:
    # Both unique indexes may say no: the slot was claimed, or the job runs under another slot.
    run_id = new_id(session)
    values = {"id": run_id, "job": job, "slot": slot, "attempt": 1, "worker": worker,
              "started_at": now, "lease_until": lease, "outcome": Outcome.RUNNING, "schedule": schedule}  # fmt: skip
    return run_id if insert_unless_taken(session, JobRun, values) else None


def renew(engine: Engine, run_id: int, worker: str, now: datetime, lease_seconds: int) -> bool:
    """Move the lease of a run that still belongs to `worker`; False where it was lost meanwhile."""
    lease = now + timedelta(seconds=lease_seconds)
    mine = (job_run.c.id == run_id, job_run.c.worker == worker, job_run.c.outcome == Outcome.RUNNING)
    with transaction(engine) as session:
        moved = session.execute(
            update(job_run).where(*mine).values(lease_until=lease).returning(job_run.c.id)
        )
        return moved.scalar() is not None


def finish(
    engine: Engine,
    run_id: int,
    worker: str,
    now: datetime,
    counts: Mapping[str, object],
    error: str | None = None,
    outcome: Outcome | None = None,
    retry_at: datetime | None = None,
) -> bool:
    """Store how a run ended, and when it is tried again; False where it was lost meanwhile and is not this
    worker's any more."""
    outcome = outcome or (Outcome.FAILED if error else Outcome.DONE)
    mine = (job_run.c.id == run_id, job_run.c.worker == worker, job_run.c.outcome == Outcome.RUNNING)
    ended = update(job_run).where(*mine).values(
        finished_at=now, outcome=outcome, counts=dict(counts), error=error[:ERROR_CHARS] if error else None,
        retry_at=retry_at,
    )  # fmt: skip
    with transaction(engine) as session:
        return session.execute(ended.returning(job_run.c.id)).scalar() is not None


def expire_lost(session: Session, now: datetime) -> int:
    """Mark runs whose lease ended before `now` as lost; their number. One statement."""
    gone = update(job_run).where(job_run.c.outcome == Outcome.RUNNING, job_run.c.lease_until < now)
    lost = session.execute(gone.values(outcome=Outcome.LOST, finished_at=now).returning(job_run.c.id))
    return len(lost.all())


def request_cancel(session: Session, run_id: int, who: str) -> bool:
    """Ask a running run to stop at its next safe point; False where it does not run. One statement."""
    running = (job_run.c.id == run_id, job_run.c.outcome == Outcome.RUNNING)
    asked = update(job_run).where(*running).values(cancel_requested_by=who).returning(job_run.c.id)
    return session.execute(asked).scalar() is not None


def retry_pause(attempt: int) -> timedelta:
    """How long to wait after attempt number `attempt` failed: 1, 4, 16 minutes …, an hour at most."""
    return timedelta(minutes=min(4 ** (attempt - 1), 60))


def ensure_schedules(session: Session, shipped: Iterable[ScheduleView]) -> int:
    """Store the shipped schedules that are not there yet; those that are there are left alone. How many."""
    columns = ("id", "job", "trigger", "enabled", "parameters", "timeout_seconds", "attempts")
    values = ({name: getattr(one, name) for name in columns} for one in shipped)
    return sum(insert_unless_taken(session, JobSchedule, row) for row in values)


def change_schedule(
    session: Session, schedule_id: str, changes: Mapping[str, object], who: str, now: datetime
) -> ScheduleView:
    """Change a schedule: any of trigger, enabled, parameters, timeout_seconds, attempts. Two statements.

    Raises:
        NotFound: there is none of this name.
        Invalid: the trigger is none.
    """
    if "trigger" in changes:
        try:
            parse_trigger(str(changes["trigger"]))
        except TriggerError as error:
            raise Invalid("bad_trigger", str(error)) from error
    changed = update(schedule).where(schedule.c.id == schedule_id)
    changed = changed.values(**changes, changed_at=now, changed_by=who)
    if session.execute(changed.returning(schedule.c.id)).scalar() is None:
        raise NotFound("unknown_schedule", f"there is no schedule {schedule_id!r}")
    return get_schedule(session, schedule_id)
