"""An import in the background: how far it is, stopping it, and on to what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

from tracker.db import reading
from tracker.identity.rules import Permission
from tracker.inventory import queries, tasks
from tracker.inventory.tasks import TaskView
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form
from tracker.web.i18n import N_
from tracker.web.rendering import formats_for, render, translate
from tracker.web.translation import code_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_REFRESH_SECONDS = "3"
TONES = {"waiting": "plain", "running": "info", "done": "good", "failed": "bad", "cancelled": "warn"}


@dataclass(frozen=True, slots=True)
class ImportJobPage:
    """An import in the background; `left` is the time left in words, `steps` of `total` the bar."""

    task: TaskView
    tone: str
    steps: int
    total: int | None
    rows_read: int
    rows_matched: int
    rows_written: int
    left: str | None
    why: str | None
    may_cancel: bool


def job_address(task_id: int) -> str:
    """The page of an import in the background."""
    return f"/imports/jobs/{task_id}"


@router.get("/imports/jobs/{task_id}")
def show_job(request: Request, visitor: SignedIn, task_id: int) -> Response:
    """How far it is, asked again by the browser itself while it goes on; once done, what came of it."""
    task = tasks.get_task(get_engine(request), visitor.principal, task_id)
    if task.state == "done":
        return _done(request, visitor, task)
    response = render(request, visitor, "import_job.html", _page(request, visitor, task))
    if task.is_open:
        response.headers["Refresh"] = _REFRESH_SECONDS
    return response


def _done(request: Request, visitor: Visitor, task: TaskView) -> Response:
    flash = Flash("batch-previewed")
    if task.kind == "apply":
        with reading(get_engine(request)) as session:
            batch = queries.get_batch(session, visitor.principal, task.batch_id or 0)
        formats = formats_for(request, visitor)
        told = {"created": formats.number(batch.created), "updated": formats.number(batch.updated)}
        flash = Flash("batch-applied", told)
    return redirect(f"/imports/{task.batch_id}", flash, secure=get_settings(request).cookie_secure)


def _page(request: Request, visitor: Visitor, task: TaskView) -> ImportJobPage:
    told, formats = task.progress, formats_for(request, visitor)
    seconds = told.seconds_left(visitor.now)
    left = None
    if seconds is not None:
        minutes, rest = divmod(seconds, 60)
        text = N_("about %(minutes)s min %(seconds)s s") if minutes else N_("about %(seconds)s s")
        left = translate(visitor, text, minutes=formats.number(minutes), seconds=formats.number(rest))
    return ImportJobPage(
        task=task,
        tone=TONES.get(task.state, "plain"),
        steps=told.done,
        total=told.total,
        rows_read=told.counts.get("read", 0),
        rows_matched=told.counts.get("matched", 0),
        rows_written=told.counts.get("written", 0),
        left=left,
        why=code_text(visitor, task.error_code, task.error or "") if task.error_code else None,
        may_cancel=task.is_open and told.cancel_requested_by is None and visitor.may(Permission.IMPORT),
    )


@router.post("/imports/jobs/{task_id}/cancel")
def cancel_job(request: Request, visitor: SignedIn, form: Form, task_id: int) -> Response:
    """Ask it to stop; what it did so far is taken back."""
    visitor.need(Permission.IMPORT)
    tasks.cancel_task(get_engine(request), visitor.principal, task_id)
    return redirect(job_address(task_id), secure=get_settings(request).cookie_secure)
