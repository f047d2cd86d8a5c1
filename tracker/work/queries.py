"""All SQL of the work room that only reads."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session

from tracker.db import table_of
from tracker.work.models import JobRun
from tracker.work.schemas import RunView

job_run = table_of(JobRun)
_COLUMNS = (
    job_run.c.id, job_run.c.job, job_run.c.slot, job_run.c.attempt, job_run.c.worker, job_run.c.started_at,
    job_run.c.finished_at, job_run.c.outcome, job_run.c.counts, job_run.c.error,
)  # fmt: skip


def list_runs(
    session: Session, limit: int = 50, before_id: int | None = None, job: str | None = None
) -> list[RunView]:
    """Runs, newest first; one statement. `before_id` continues after an earlier page."""
    wanted = select(*_COLUMNS).order_by(job_run.c.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(job_run.c.id < before_id)
    if job is not None:
        wanted = wanted.where(job_run.c.job == job)
    rows = session.execute(wanted).mappings()
    return [RunView(**{**row, "counts": row["counts"] or {}}) for row in rows]
