"""What runs by itself: each run with its outcome, and starting a job now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import BackgroundTasks, Request, Response

from tracker.db import reading
from tracker.identity.errors import Forbidden, NotFound
from tracker.identity.rules import Permission
from tracker.web.choices import Column, Fact, columns
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form
from tracker.web.i18n import N_
from tracker.web.pages.asset_views import flatten
from tracker.web.rendering import formats_for, render
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router
from tracker.work import queries
from tracker.work.schemas import RunView

router = page_router()
_PER_PAGE = 50
TONES = {"running": "info", "done": "good", "failed": "bad", "lost": "warn"}


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run as shown; what it counted and its error only for who sees the whole installation."""

    run: RunView
    tone: str
    seconds: str
    counts: tuple[Fact, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class JobsPage:
    """Runs, newest first, and the jobs that the visitor may start."""

    runs: tuple[RunLine, ...]
    columns: tuple[Column, ...]
    startable: tuple[str, ...]
    first_url: str | None
    next_url: str | None


def startable_jobs(request: Request) -> Mapping[str, Callable[[], object]]:
    """Job → what runs it now, as the application offers them."""
    jobs: Mapping[str, Callable[[], object]] = getattr(request.app.state, "jobs", {})
    return jobs


def _line(visitor: Visitor, formats: Formats, run: RunView, sees_all: bool) -> RunLine:
    seconds = "–" if run.seconds is None else f"{formats.number(round(run.seconds, 1))} s"
    counts = tuple(flatten(visitor, formats, run.counts)) if sees_all else ()
    return RunLine(run, TONES.get(run.outcome, "plain"), seconds, counts, run.error if sees_all else None)


@router.get("/jobs")
def list_jobs(request: Request, visitor: SignedIn, before: str | None = None) -> Response:
    """Runs of the scheduled jobs."""
    visitor.need(Permission.SCAN)
    formats = formats_for(request, visitor)
    # What a job counts is of all agencies: whoever sees only some gets times and outcomes.
    sees_all = visitor.rules_everywhere() or visitor.principal.scope(Permission.AUDIT).is_everything
    last = int(before) if before and before.isascii() and before.isdigit() and len(before) < 19 else None
    with reading(get_engine(request)) as session:
        runs = queries.list_runs(session, _PER_PAGE + 1, last)
    page = JobsPage(
        runs=tuple(_line(visitor, formats, run, sees_all) for run in runs[:_PER_PAGE]),
        columns=columns(visitor, N_("Job"), N_("Outcome"), N_("Started"), N_("Took"), N_("Due"), N_("Result"), numbers=(3,)),
        startable=tuple(startable_jobs(request)) if visitor.rules_everywhere() else (),
        first_url="/jobs" if last else None,
        next_url=f"/jobs?before={runs[_PER_PAGE - 1].id}" if len(runs) > _PER_PAGE else None,
    )  # fmt: skip
    return render(request, visitor, "jobs.html", page)


@router.post("/jobs/{job}/run")
def run_job(
    request: Request, visitor: SignedIn, form: Form, job: str, background: BackgroundTasks
) -> Response:
    """Start a job after this answer; a job that runs already is not started twice."""
    if not visitor.rules_everywhere():
        raise Forbidden("forbidden", "only an administrator of all agencies may start a job")
    start = startable_jobs(request).get(job)
    if start is None:
        raise NotFound("unknown_job", f"there is no job {job!r}")
    background.add_task(start)
    response = redirect("/jobs", Flash("job-started"), secure=get_settings(request).cookie_secure)
    response.background = background
    return response
