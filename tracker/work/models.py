"""Tables of the work room: schedules and runs of jobs. Names and JSON only; no business word."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import id_field, json_field


class Outcome(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"


class JobSchedule(SQLModel, table=True):
    """When a job runs, with which parameters, how long it may take, and how often a failure is tried again.

    `changed_at` is null while a schedule is as it was shipped; firings from before a change are not caught up.
    """

    __tablename__ = "job_schedule"
    __table_args__ = (
        CheckConstraint("timeout_seconds > 0", name="timeout_seconds"),
        CheckConstraint("attempts BETWEEN 1 AND 20", name="attempts"),
    )
    id: str = Field(primary_key=True, max_length=100)
    job: str
    trigger: str
    enabled: bool = True
    parameters: dict[str, object] = json_field()
    timeout_seconds: int
    attempts: int
    changed_at: datetime | None = None
    changed_by: str | None = None


class JobRun(SQLModel, table=True):
    """One firing of a job. (job, slot) is unique: whoever inserts the row has claimed the firing."""

    __tablename__ = "job_run"
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        CheckConstraint(
            "outcome IN ('running', 'done', 'failed', 'lost', 'cancelled', 'timed-out')", name="outcome"
        ),
        # What waits to be tried again: few rows, asked for every half minute.
        Index(
            "ix_job_run_retry_at",
            "retry_at",
            sqlite_where=text("retry_at IS NOT NULL"),
            postgresql_where=text("retry_at IS NOT NULL"),
        ),
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
    #: The schedule that asked for it, null where a person did.
    schedule: str | None = None
    retry_at: datetime | None = None
    cancel_requested_by: str | None = None


class JobProgress(SQLModel, table=True):
    """How far something long has come, who asked it to stop, and until when its process counts as alive.

    On SQLite this table is used in a file of its own beside the database: what it says is written while
    another transaction holds the database. `counts` are numbers of rows by what was done with them.
    """

    __tablename__ = "job_progress"
    subject: str = Field(primary_key=True, max_length=100)
    phase: str | None = None
    done: int = 0
    total: int | None = None
    counts: dict[str, int] = json_field()
    phase_began_at: datetime | None = None
    lease_until: datetime | None = None
    cancel_requested_by: str | None = None
