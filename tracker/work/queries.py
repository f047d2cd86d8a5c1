"""All SQL of the work room that only reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, tuple_
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import NotFound
from tracker.work.models import JobRun, JobSchedule, Outcome
from tracker.work.schemas import RunView, ScheduleView

job_run, schedule = table_of(JobRun), table_of(JobSchedule)
_SCHEDULES = select(*(schedule.c[name] for name in ScheduleView.__dataclass_fields__)).order_by(schedule.c.id)
_COLUMNS = (
    job_run.c.id, job_run.c.job, job_run.c.slot, job_run.c.attempt, job_run.c.worker, job_run.c.started_at,
    job_run.c.finished_at, job_run.c.outcome, job_run.c.counts, job_run.c.error, job_run.c.schedule,
    job_run.c.retry_at, job_run.c.cancel_requested_by,
)  # fmt: skip


def list_runs(
    session: Session,
    limit: int = 50,
    before_id: int | None = None,
    job: str | None = None,
    outcome: str | None = None,
) -> list[RunView]:
    """Runs, newest first; one statement. `before_id` continues after an earlier page."""
    wanted = select(*_COLUMNS).order_by(job_run.c.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(job_run.c.id < before_id)
    if job is not None:
        wanted = wanted.where(job_run.c.job == job)
    if outcome is not None:
        wanted = wanted.where(job_run.c.outcome == outcome)
    return [_run(row) for row in session.execute(wanted).mappings()]


def _run(row: Any) -> RunView:
    return RunView(**{**row, "counts": row["counts"] or {}})


def find_run(session: Session, run_id: int) -> RunView | None:
    """One run, None where there is none. One statement."""
    row = session.execute(select(*_COLUMNS).where(job_run.c.id == run_id)).mappings().one_or_none()
    return _run(row) if row is not None else None


def list_retries(session: Session, now: datetime) -> list[RunView]:
    """Failed runs whose next try is due, the oldest first. One statement."""
    due = select(*_COLUMNS).where(job_run.c.retry_at <= now).order_by(job_run.c.retry_at, job_run.c.id)
    return [_run(row) for row in session.execute(due).mappings()]


def list_lost(session: Session, now: datetime) -> list[RunView]:
    """Runs of schedules of the last week whose process died: the lease has ended, or the run counts as lost.

    One statement.
    """
    gone = or_(
        job_run.c.outcome == Outcome.LOST,
        and_(job_run.c.outcome == Outcome.RUNNING, job_run.c.lease_until < now),
    )
    # Older ones stay as they are: nobody misses them any more.
    recent = job_run.c.started_at > now - timedelta(days=7)
    query = select(*_COLUMNS).where(recent, gone, job_run.c.schedule.is_not(None)).order_by(job_run.c.id)
    return [_run(row) for row in session.execute(query).mappings()]


def list_taken(session: Session, firings: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the (job, slot) that have a run. One statement."""
    pair = tuple_(job_run.c.job, job_run.c.slot)
    rows = session.execute(select(job_run.c.job, job_run.c.slot).where(pair.in_(list(firings))))
    return {(row[0], row[1]) for row in rows}


def list_schedules(session: Session) -> list[ScheduleView]:
    """Every schedule by name. One statement."""
    return [ScheduleView(**row) for row in session.execute(_SCHEDULES).mappings()]


def get_schedule(session: Session, schedule_id: str) -> ScheduleView:
    """One schedule. One statement.

    Raises:
        NotFound: there is none of this name.
    """
    row = session.execute(_SCHEDULES.where(schedule.c.id == schedule_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("unknown_schedule", f"there is no schedule {schedule_id!r}")
    return ScheduleView(**row)


def count_runs(session: Session) -> list[tuple[str, str, int, float | None]]:
    """(job, outcome, runs, start of the last as a Unix time) of all runs. One statement."""
    query = select(job_run.c.job, job_run.c.outcome, func.count(), func.max(job_run.c.started_at))
    rows = session.execute(
        query.group_by(job_run.c.job, job_run.c.outcome).order_by(job_run.c.job, job_run.c.outcome)
    )
    return [(row[0], row[1], row[2], row[3].timestamp() if row[3] else None) for row in rows]
