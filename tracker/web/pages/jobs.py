"""What runs by itself: when each job is due, each run with its outcome; starting, stopping and changing them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import BackgroundTasks, Request, Response

from tracker.db import reading
from tracker.identity.errors import Forbidden, Invalid, NotFound
from tracker.identity.rules import Permission
from tracker.web.choices import Column, Fact, Option, address, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form
from tracker.web.i18n import N_
from tracker.web.pages.asset_views import flatten
from tracker.web.rendering import Message, formats_for, render
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router
from tracker.work import queries
from tracker.work.schemas import RunView, ScheduleView

router = page_router()
_PER_PAGE = 50
TONES = {
    "running": "info",
    "done": "good",
    "failed": "bad",
    "lost": "warn",
    "cancelled": "plain",
    "timed-out": "bad",
}


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run as shown; what it counted and its error only for who sees the whole installation."""

    run: RunView
    tone: str
    seconds: str
    counts: tuple[Fact, ...]
    error: str | None
    may_cancel: bool


@dataclass(frozen=True, slots=True)
class JobsPage:
    """Schedules, runs, newest first, and the jobs that the visitor may start."""

    schedules: tuple[ScheduleView, ...]
    schedule_columns: tuple[Column, ...]
    may_change: bool
    runs: tuple[RunLine, ...]
    columns: tuple[Column, ...]
    jobs: tuple[Option, ...]
    outcomes: tuple[Option, ...]
    job: str | None
    outcome: str | None
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
    error = run.error if sees_all else None
    may_cancel = visitor.rules_everywhere() and run.outcome == "running" and not run.cancel_requested_by
    return RunLine(run, TONES.get(run.outcome, "plain"), seconds, counts, error, may_cancel)


@router.get("/jobs")
def list_jobs(
    request: Request,
    visitor: SignedIn,
    before: str | None = None,
    job: str | None = None,
    outcome: str | None = None,
) -> Response:
    """When jobs are due, and their runs."""
    return _show(request, visitor, before, job or None, outcome or None)


def _show(
    request: Request,
    visitor: Visitor,
    before: str | None = None,
    job: str | None = None,
    outcome: str | None = None,
    status: int = 200,
    messages: tuple[Message, ...] = (),
) -> Response:
    visitor.need(Permission.SCAN)
    formats = formats_for(request, visitor)
    # What a job counts is of all agencies: whoever sees only some gets times and outcomes.
    sees_all = visitor.rules_everywhere() or visitor.principal.scope(Permission.AUDIT).is_everything
    last = int(before) if before and before.isascii() and before.isdigit() and len(before) < 19 else None
    with reading(get_engine(request)) as session:
        runs = queries.list_runs(session, _PER_PAGE + 1, last, job, outcome)
        schedules = queries.list_schedules(session) if sees_all else []
    query = {"job": job, "outcome": outcome}
    more = address("/jobs", query, before=str(runs[_PER_PAGE - 1].id)) if len(runs) > _PER_PAGE else None
    page = JobsPage(
        schedules=tuple(schedules),
        schedule_columns=columns(visitor, N_("Job"), N_("When"), N_("Switched on"), N_("Attempts"), numbers=(3,),
                                 tools=visitor.rules_everywhere()),
        may_change=visitor.rules_everywhere(),
        runs=tuple(_line(visitor, formats, run, sees_all) for run in runs[:_PER_PAGE]),
        columns=columns(visitor, N_("Job"), N_("Outcome"), N_("Started"), N_("Took"), N_("Due"), N_("Result"), numbers=(3,)),
        jobs=term_options(visitor, "job"),
        outcomes=term_options(visitor, "run_outcome"),
        job=job,
        outcome=outcome,
        startable=tuple(startable_jobs(request)) if visitor.rules_everywhere() else (),
        first_url=address("/jobs", query) if last else None,
        next_url=more,
    )  # fmt: skip
    return render(request, visitor, "jobs.html", page, status=status, messages=messages)


@router.post("/jobs/schedules/{schedule}")
def change_schedule(request: Request, visitor: SignedIn, form: Form, schedule: str) -> Response:
    """Change when a job is due, or switch it on or off."""
    changes = {"trigger": form.text("trigger"), "enabled": form.find("enabled") is not None}
    try:
        request.app.state.change_schedule(visitor.principal, schedule, changes, visitor.now)
    except Invalid as error:
        return _show(request, visitor, status=422, messages=(Message("bad", error_text(visitor, error)),))
    return redirect("/jobs", Flash("schedule-changed"), secure=get_settings(request).cookie_secure)


@router.post("/jobs/runs/{run}/cancel")
def cancel_run(request: Request, visitor: SignedIn, form: Form, run: int) -> Response:
    """Ask a running run to stop."""
    asked = request.app.state.cancel_run(visitor.principal, run, visitor.now)
    flash = Flash("run-cancelled" if asked else "run-over")
    return redirect("/jobs", flash, secure=get_settings(request).cookie_secure)


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
