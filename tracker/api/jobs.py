"""Runs of scheduled jobs, and the audit log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from tracker.api.access import AfterId, Caller, Clock, Id, Limit, ReadSession
from tracker.api.pages import Page, cut
from tracker.api.problems import problems
from tracker.identity import audit, queries
from tracker.identity.errors import Conflict, Forbidden, Invalid
from tracker.identity.rules import Permission
from tracker.identity.schemas import AuditCheck, AuditView, Principal
from tracker.work.models import Outcome
from tracker.work.queries import list_runs, list_schedules
from tracker.work.schemas import RunView

router = APIRouter()


class Run(BaseModel):
    """One run of a job."""

    id: int
    job: str
    slot: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    counts: dict[str, Any]
    error: str | None
    schedule: str | None
    retry_at: datetime | None
    cancel_requested_by: str | None


class Schedule(BaseModel):
    """When a job runs. Triggers: `daily 01:30`, `weekly mon 06:00`, `hourly 15`, `every 10 minutes`."""

    id: str
    job: str
    trigger: str
    enabled: bool
    parameters: dict[str, Any]
    timeout_seconds: int
    attempts: int
    changed_at: datetime | None
    changed_by: str | None


class ScheduleChange(BaseModel):
    """What to change of a schedule; what is absent stays. Firings from before the change are not caught up."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    trigger: str | None = Field(default=None, max_length=100)
    enabled: bool | None = None
    parameters: dict[str, str] | None = Field(default=None, max_length=20)
    timeout_seconds: int | None = Field(default=None, ge=1, le=7 * 86_400)
    attempts: int | None = Field(default=None, ge=1, le=20)


def _need_everything(caller: Principal, permission: Permission) -> None:
    """Jobs and the chain belong to the whole installation, so their figures are not for a part of it."""
    if not caller.scope(permission).is_everything:
        raise Forbidden("forbidden", f"{permission.value} of the whole installation is needed to see this.")


@router.get("/jobs", tags=["jobs"], response_model=Page[Run])
def list_job_runs(
    session: ReadSession,
    caller: Caller,
    job: Annotated[str | None, Query(max_length=100)] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    after: AfterId = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Runs of scheduled jobs, newest first."""
    _need_everything(caller, Permission.VIEW)
    rows = list_runs(session, limit + 1, after, job, outcome)
    return cut(rows, limit, lambda row: row.id, RunView.to_json)


@router.get("/jobs/schedules", tags=["jobs"])
def list_job_schedules(session: ReadSession, caller: Caller) -> list[Schedule]:
    """When each job runs."""
    _need_everything(caller, Permission.VIEW)
    return [Schedule(**asdict(one)) for one in list_schedules(session)]


@router.patch("/jobs/schedules/{schedule}", tags=["jobs"], responses=problems(404))
def change_job_schedule(
    request: Request,
    caller: Caller,
    clock: Clock,
    schedule: Annotated[str, Path(max_length=100)],
    change: Annotated[
        ScheduleChange, Body(openapi_examples={"at six": {"value": {"trigger": "daily 06:00"}}})
    ],
) -> Schedule:
    """Change when a job runs, or switch it off."""
    changes = change.model_dump(exclude_none=True)
    if not changes:
        raise Invalid("nothing_to_change", "say what to change")
    return Schedule(**asdict(request.app.state.change_schedule(caller, schedule, changes, clock.now)))


@router.post("/jobs/{run}/cancel", tags=["jobs"], status_code=202, responses=problems(409))
def cancel_job_run(request: Request, caller: Caller, clock: Clock, run: Id) -> dict[str, bool]:
    """Ask a running run to stop at its next safe point."""
    if not request.app.state.cancel_run(caller, run, clock.now):
        raise Conflict("not_running", "this run does not run (any more)")
    return {"asked": True}


@router.get("/audit", tags=["audit"], response_model=Page[AuditView])
def list_audit_events(
    session: ReadSession, caller: Caller, after: AfterId = None, limit: Limit = 50
) -> dict[str, object]:
    """The audit log of your agencies, newest first."""
    rows = queries.list_audit_events(session, caller, after, limit + 1)
    page = rows[:limit]
    return {"items": page, "next": str(page[-1].seq) if len(rows) > limit else None}


@router.get("/audit/verify", tags=["audit"])
def verify_audit_log(session: ReadSession, caller: Caller) -> AuditCheck:
    """Whether the log is whole: every event chained to the one before."""
    _need_everything(caller, Permission.AUDIT)
    return audit.verify(session)
