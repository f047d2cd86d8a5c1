"""Tables of the work room: runs of jobs. Names and JSON only; no business word."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import SQLModel

from tracker.db.conventions import id_field, json_field


class Outcome(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


class JobRun(SQLModel, table=True):
    """One firing of a job. (job, slot) is unique: whoever inserts the row has claimed the firing."""

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        CheckConstraint("outcome IN ('running', 'done', 'failed', 'lost')", name="outcome"),
        Index("ix_job_run_started_at", "started_at"),
        # At most one run of a job at a time, whatever its slot: the database says so, not the processes.
        Index(
            "uq_job_run_running",
            "job",
            unique=True,
            sqlite_where=text("outcome = 'running'"),
            postgresql_where=text("outcome = 'running'"),
        ),
    )
    id: int = id_field()
    job: str
    slot: str
    attempt: int = 1
    worker: str
    started_at: datetime
    lease_until: datetime
    finished_at: datetime | None = None
    outcome: str = Outcome.RUNNING
    counts: dict[str, object] | None = json_field(nullable=True)
    error: str | None = None
