"""Imports in the background: how far they are, how they ended, and stopping them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from tracker.api.access import AfterId, Caller, Clock, Database, Id, Limit
from tracker.api.pages import Page, cut
from tracker.api.problems import problems
from tracker.inventory import tasks
from tracker.inventory.task_models import TaskKind, TaskState
from tracker.inventory.tasks import TaskView

router = APIRouter(prefix="/imports/jobs", tags=["imports"])
_PLACE = "/api/v1/imports/jobs"
_EXAMPLE: JsonDict = {
    "job": 77, "kind": "preview", "state": "running", "agency": "DINKES", "filename": "kib-b.xlsx", "batch": None,
    "phase": "writing", "rows_read": 80000, "rows_matched": 80000, "rows_written": 30000, "done": 30000,
    "total": 80000, "seconds_left": 5, "attempt": 1, "cancel_requested_by": None, "actor": "budi@dinkes.example",
    "created_at": "2026-11-25T03:00:00Z", "started_at": "2026-11-25T03:00:01Z", "finished_at": None,
    "error_code": None, "error": None,
}  # fmt: skip


class ImportJob(BaseModel):
    """A file that is read, or a previewed one that is applied, in the background.

    `done` of `total` steps of the present `phase` (reading, matching, checking, writing) are made; `total` and
    `seconds_left` are null where nobody knows yet. `batch` is the import that is applied, or that came of reading.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    job: int
    kind: TaskKind
    state: TaskState
    agency: str
    filename: str
    batch: int | None
    phase: str | None
    rows_read: int
    rows_matched: int
    rows_written: int
    done: int
    total: int | None
    seconds_left: int | None
    attempt: int
    cancel_requested_by: str | None
    actor: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None
    error: str | None


def job_json(task: TaskView, now: datetime) -> dict[str, object]:
    """A task as the API tells it."""
    told = task.progress
    same = ("kind", "state", "filename", "attempt", "actor", "created_at", "started_at", "finished_at",
            "error_code", "error")  # fmt: skip
    return {
        **{name: getattr(task, name) for name in same},
        "job": task.id, "agency": task.agency_code, "batch": task.batch_id, "phase": told.phase,
        **{f"rows_{name}": told.counts.get(name, 0) for name in ("read", "matched", "written")},
        "done": told.done, "total": told.total, "seconds_left": told.seconds_left(now),
        "cancel_requested_by": told.cancel_requested_by,
    }  # fmt: skip


def accepted(task: TaskView, now: datetime) -> JSONResponse:
    """202 with the job and where it is found."""
    body = ImportJob.model_validate(job_json(task, now)).model_dump(mode="json")
    return JSONResponse(body, status.HTTP_202_ACCEPTED, headers={"Location": f"{_PLACE}/{task.id}"})


@router.get("", response_model=Page[ImportJob])
def list_import_jobs(
    engine: Database,
    caller: Caller,
    open: Annotated[bool, Query(description="Only those that wait or run.")] = False,
    after: AfterId = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Imports in the background of your agencies, newest first."""
    found = tasks.list_tasks(engine, caller, only_open=open, limit=limit + 1, after=after)
    now = datetime.now(UTC)
    return cut(found, limit, lambda task: task.id, lambda task: job_json(task, now))


@router.get("/{job}", response_model=ImportJob, responses=problems(404))
def get_import_job(engine: Database, caller: Caller, clock: Clock, job: Id) -> dict[str, object]:
    """How far one is."""
    return job_json(tasks.get_task(engine, caller, job), clock.now)


@router.post("/{job}/cancel", response_model=ImportJob, status_code=202, responses=problems(404))
def cancel_import_job(engine: Database, caller: Caller, clock: Clock, job: Id) -> dict[str, object]:
    """Ask one to stop; what it did so far is taken back. One that has ended stays as it is."""
    return job_json(tasks.cancel_task(engine, caller, job), clock.now)
