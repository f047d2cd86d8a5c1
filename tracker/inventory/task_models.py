"""Imports that are done in the background: what is to be read or applied, for whom, and how it ended."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import id_field, json_field, ref_field
from tracker.identity.models import one_of

_OPEN = text("state IN ('waiting', 'running')")
_OPEN_APPLY = text("kind = 'apply' AND state IN ('waiting', 'running')")


class TaskKind(StrEnum):
    """What is done: a file is read and previewed, or a previewed batch is applied."""

    PREVIEW = "preview"
    APPLY = "apply"


class TaskState(StrEnum):
    """How a task stands; the last three are its end."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ImportTask(SQLModel, table=True):
    """An import for the background.

    `stored` is the upload's name among the kept files. `batch_id` is what is applied, or what came of a preview:
    it is set in the transaction that stores the preview, as `state` is in the one that applies. Whoever runs a
    task holds it by `attempt`: a taken over task cannot be settled by the one that had it before.
    """

    __tablename__ = "import_task"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "batch_id"], ["import_batch.agency_id", "import_batch.id"]),
        CheckConstraint(one_of("kind", TaskKind), name="kind"),
        CheckConstraint(one_of("state", TaskState), name="state"),
        CheckConstraint("kind <> 'apply' OR batch_id IS NOT NULL", name="applies_a_batch"),
        CheckConstraint("attempt >= 0", name="attempt"),
        # What is waiting or runs: few rows, asked for every second.
        Index("ix_import_task_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(
            "uq_import_task_open_apply", "agency_id", "batch_id", unique=True,
            sqlite_where=_OPEN_APPLY, postgresql_where=_OPEN_APPLY,
        ),
    )  # fmt: skip
    agency_id: int = id_field(foreign_key="agency.id")
    id: int = id_field()
    kind: str
    state: str = TaskState.WAITING
    filename: str
    stored: str | None = None
    batch_id: int | None = ref_field(nullable=True)
    choices: dict[str, object] = json_field()
    #: Who asked; null is the operator. The rights are those at the time when the task runs.
    user_id: int | None = ref_field(nullable=True)
    actor: str
    attempt: int = Field(default=0)
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error_code: str | None = None
    error: str | None = None
