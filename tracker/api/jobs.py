"""Runs of scheduled jobs, and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tracker.api.access import AfterId, Caller, Limit, ReadSession
from tracker.api.pages import Page, cut
from tracker.identity import audit, queries
from tracker.identity.errors import Forbidden
from tracker.identity.rules import Permission
from tracker.identity.schemas import AuditCheck, AuditView, Principal
from tracker.work.queries import list_runs
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


def _need_everything(caller: Principal, permission: Permission) -> None:
    """Jobs and the chain belong to the whole installation, so their figures are not for a part of it."""
    if not caller.scope(permission).is_everything:
        raise Forbidden("forbidden", f"{permission.value} of the whole installation is needed to see this.")


@router.get("/jobs", tags=["jobs"], response_model=Page[Run])
def list_job_runs(
    session: ReadSession,
    caller: Caller,
    job: Annotated[str | None, Query(max_length=100)] = None,
    after: AfterId = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Runs of scheduled jobs, newest first."""
    _need_everything(caller, Permission.VIEW)
    rows = list_runs(session, limit + 1, after, job)
    return cut(rows, limit, lambda row: row.id, RunView.to_json)


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
