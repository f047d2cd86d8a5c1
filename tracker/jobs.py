"""The jobs, and what runs them inside `serve` or alone in `worker`.

When a job runs stands in the table of schedules. APScheduler only wakes every process now and then; the process
then looks which firings are due, and the database decides: whoever claims (job, slot) in job_run runs it. So any number
of processes may hold the same schedules, and a clock that is moved fires nothing twice. Of missed firings the
latest is caught up once.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine

from tracker.catalogue import actions as catalogue
from tracker.db import reading, transaction
from tracker.identity import audit
from tracker.identity.actions import ROOT_ID
from tracker.identity.errors import Forbidden, Invalid
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal, operator
from tracker.lifecycle import actions as lifecycle
from tracker.notifications import actions as notifications
from tracker.settings import Settings
from tracker.work import actions as work
from tracker.work import queries
from tracker.work.models import Outcome
from tracker.work.schemas import RunView, ScheduleView
from tracker.work.triggers import parse_trigger

log = logging.getLogger(__name__)

#: How often a process looks for firings that are due, were missed, or whose run was lost.
LOOK_SECONDS = 30
#: How often a run looks whether it is to stop.
_WATCH_SECONDS = 5.0


class Stopped(Exception):
    """The run was asked to stop, and did at a safe point."""


@dataclass(frozen=True, slots=True)
class Control:
    """What a handler is given: its parameters, and `check` to be called where it may safely stop."""

    parameters: Mapping[str, object] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raises: Stopped: a person cancelled the run, or its time is over."""
        if self.stopping.is_set():
            raise Stopped


Handler = Callable[[Engine, Settings, Control], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Job:
    """A job and its schedule as shipped. `handler` returns counts for the run; `parameters` are those it knows."""

    id: str
    trigger: Callable[[Settings], str | None]
    handler: Handler
    timeout_seconds: int = 4 * 3600
    attempts: int = 3
    parameters: frozenset[str] = frozenset()


def _scan(engine: Engine, settings: Settings, control: Control) -> Mapping[str, object]:
    now = datetime.now(UTC)
    return lifecycle.scan(engine, operator(), settings.today(), now, control.check).to_json()


def _check_catalogue_age(engine: Engine, settings: Settings, control: Control) -> Mapping[str, object]:
    with reading(engine) as session:
        status = catalogue.status(session, settings.today())
    ages = {source.source: source.age_days for source in status.sources}
    if status.stale:
        log.warning("the catalogue is older than 90 days: %s", ages)
    return {"stale": status.stale, "age_days": ages}


def _sync_catalogue(engine: Engine, settings: Settings, control: Control) -> Mapping[str, object]:
    told = settings.catalogue
    source = str(control.parameters.get("source") or told.source)
    result = catalogue.sync(engine, operator(), source, datetime.now(UTC), told)
    if result is None:
        return {"written": False, "not_modified": True}
    for problem in result.problems:
        log.warning("left out of the catalogue: %s", problem)
    return {
        "written": result.written,
        "as_of": result.as_of.isoformat(),
        "changes": len(result.changes),
        "products_added": len(result.products_added),
        "releases_added": len(result.releases_added),
        "versions_added": len(result.versions_added),
        "exploited_added": len(result.exploited_added),
        "products_missing": len(result.products_missing),
        "problems": len(result.problems),
    }


def _send_notifications(engine: Engine, settings: Settings, control: Control) -> Mapping[str, object]:
    now = datetime.now(UTC)
    sent = notifications.send_digests(engine, settings, settings.today(), now, control.check)
    for error in sent.errors:
        log.warning("a digest was not sent: %s", error)
    return sent.to_json()


def _sync_at(settings: Settings) -> str | None:
    return f"daily {settings.catalogue.sync_at}" if settings.catalogue.sync_at else None


JOBS: tuple[Job, ...] = (
    Job("nightly-scan", lambda settings: f"daily {settings.nightly_scan_at}", _scan),
    Job("catalogue-age-check", lambda _settings: "daily 01:00", _check_catalogue_age, 600),
    Job("notifications", lambda _settings: "hourly 40", _send_notifications, 1800),
    Job("catalogue-sync", _sync_at, _sync_catalogue, 1800, parameters=frozenset({"source"})),
)


def get_job(job_id: str) -> Job:
    """The job named `job_id`. Raises: KeyError."""
    return {job.id: job for job in JOBS}[job_id]


def ensure_schedules(engine: Engine, settings: Settings) -> None:
    """Store the shipped schedules that are not there yet: one per job, at the times that the settings say.

    A job without a time has a schedule that is switched off. One statement per job.
    """
    shipped = (
        ScheduleView(
            job.id, job.id, job.trigger(settings) or "daily 02:15", job.trigger(settings) is not None, {},
            job.timeout_seconds, job.attempts,
        )
        for job in JOBS
    )  # fmt: skip
    with transaction(engine) as session:
        work.ensure_schedules(session, shipped)


def _need_admin(principal: Principal) -> None:
    if not principal.scope(Permission.ADMIN).is_everything:
        raise Forbidden("forbidden", "only an administrator of all agencies may change or stop jobs")


def change_schedule(
    engine: Engine, principal: Principal, schedule_id: str, changes: Mapping[str, object], now: datetime
) -> ScheduleView:
    """Change a schedule: any of trigger, enabled, parameters, timeout_seconds, attempts.

    Firings from before the change are not caught up.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        NotFound: there is no such schedule.
        Invalid: the trigger is none, or the job knows no such parameter.
    """
    _need_admin(principal)
    with transaction(engine) as session:
        before = queries.get_schedule(session, schedule_id)
        parameters = changes.get("parameters", {})
        assert isinstance(parameters, Mapping)
        _check_parameters(get_job(before.job), parameters)
        after = work.change_schedule(session, schedule_id, changes, principal.name, now)
        detail: dict[str, object] = {"schedule": schedule_id, **changes}
        audit.record(session, principal, "job.schedule", "job_schedule", None, ROOT_ID, detail, now)
    return after


def _check_parameters(job: Job, parameters: Mapping[str, object]) -> None:
    unknown = sorted(parameters.keys() - job.parameters)
    if unknown:
        raise Invalid("bad_parameters", f"{job.id} knows no parameter {', '.join(unknown)}")
    source = parameters.get("source", "https://")
    # Whoever edits a schedule is not thereby given the files of the machine.
    if not isinstance(source, str) or not source.startswith("https://") or len(source) > 1_000:
        raise Invalid("bad_parameters", "the source must be an https address")


def cancel_run(engine: Engine, principal: Principal, run_id: int, now: datetime) -> bool:
    """Ask a running run to stop at its next safe point; False where it does not run any more.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
    """
    _need_admin(principal)
    with transaction(engine) as session:
        asked = work.request_cancel(session, run_id, principal.name)
        if asked:
            audit.record(session, principal, "job.cancel", "job_run", run_id, ROOT_ID, {}, now)
    return asked


@dataclass(frozen=True, slots=True)
class Wanted:
    """A firing to be run: of which job, under which slot, and by which schedule."""

    job: str
    slot: str
    schedule: ScheduleView


def list_wanted(engine: Engine, settings: Settings, now: datetime) -> list[Wanted]:
    """The firings that are due and were not run, whose next try is due, or whose process died. Four statements."""
    with reading(engine) as session:
        schedules = {one.id: one for one in queries.list_schedules(session) if one.enabled}
        due = [one for one in (_latest(s, settings, now) for s in schedules.values()) if one is not None]
        taken = queries.list_taken(session, [(one.job, one.slot) for one in due])
        again = [*queries.list_retries(session, now), *queries.list_lost(session, now)]
    found = [one for one in due if (one.job, one.slot) not in taken]
    for run in again:
        schedule = schedules.get(run.schedule or "")
        if schedule is not None and run.attempt < schedule.attempts:
            found.append(Wanted(run.job, run.slot, schedule))
    return found


def _latest(schedule: ScheduleView, settings: Settings, now: datetime) -> Wanted | None:
    firing = parse_trigger(schedule.trigger).latest(now, settings.timezone)
    if schedule.changed_at is not None and firing.due_at < schedule.changed_at:
        return None
    # Several schedules of one job have slots of their own.
    slot = firing.slot if schedule.id == schedule.job else f"{schedule.id} {firing.slot}"
    return Wanted(schedule.job, slot, schedule)


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def run_job(
    engine: Engine,
    settings: Settings,
    job_id: str,
    slot: str,
    schedule: ScheduleView | None = None,
    now: datetime | None = None,
) -> int | None:
    """Run one firing here unless it is taken: the run's id, or None where another process has it.

    An error of the job is stored in the run and logged, not raised; where a schedule asked for the run, it is
    tried again after a pause that grows.
    """
    job, worker = get_job(job_id), _worker_name()

    def clock() -> datetime:
        return now or datetime.now(UTC)

    lease = settings.job_lease_seconds
    run_id = work.claim(engine, job_id, slot, worker, clock(), lease, schedule.id if schedule else None)
    if run_id is None:
        return None
    control = Control(dict(schedule.parameters) if schedule else {})
    most = schedule.timeout_seconds if schedule else job.timeout_seconds
    counts: Mapping[str, object] = {}
    error: str | None = None
    outcome = Outcome.DONE
    with _watched(engine, run_id, worker, lease, most, control) as watched:
        try:
            counts = job.handler(engine, settings, control)
        except Stopped:
            outcome, error = watched.ended()
        except Exception as failure:
            log.exception("job %s (%s) failed", job_id, slot)
            outcome, error = Outcome.FAILED, f"{type(failure).__name__}: {failure}"
    retry_at = _retry_at(engine, run_id, schedule, clock()) if outcome is Outcome.FAILED else None
    if not work.finish(engine, run_id, worker, clock(), counts, error, outcome, retry_at):
        log.warning("job %s (%s): the lease ended before the run did", job_id, slot)
    return run_id


def _retry_at(engine: Engine, run_id: int, schedule: ScheduleView | None, now: datetime) -> datetime | None:
    if schedule is None:
        return None
    with reading(engine) as session:
        run = queries.find_run(session, run_id)
    if run is None or run.attempt >= schedule.attempts:
        return None
    return now + work.retry_pause(run.attempt)


@dataclass
class _Watch:
    """Why a run was asked to stop."""

    cancelled_by: str | None = None

    def ended(self) -> tuple[Outcome, str]:
        if self.cancelled_by is not None:
            return Outcome.CANCELLED, f"cancelled by {self.cancelled_by}"
        return Outcome.TIMED_OUT, "took longer than its schedule allows"


@contextmanager
def _watched(
    engine: Engine, run_id: int, worker: str, lease_seconds: int, most_seconds: int, control: Control
) -> Iterator[_Watch]:
    """Renew the lease of a run, and ask it to stop when a person does or its time is over."""
    done, watch = threading.Event(), _Watch()
    thread = threading.Thread(
        target=_keep_watch,
        args=(engine, run_id, worker, lease_seconds, most_seconds, control, done, watch),
        name=f"lease-{run_id}",
        daemon=True,
    )
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()


def _keep_watch(
    engine: Engine,
    run_id: int,
    worker: str,
    lease_seconds: int,
    most_seconds: int,
    control: Control,
    done: threading.Event,
    watch: _Watch,
) -> None:
    started = renewed = time.monotonic()
    while not done.wait(min(_WATCH_SECONDS, lease_seconds / 3)):
        try:
            if time.monotonic() - renewed >= lease_seconds / 3:
                work.renew(engine, run_id, worker, datetime.now(UTC), lease_seconds)
                renewed = time.monotonic()
            with reading(engine) as session:
                run = queries.find_run(session, run_id)
        except Exception:
            # The next round tries again; a lease that really ends is noticed when the run finishes.
            log.exception("the lease of run %s could not be renewed", run_id)
            continue
        if run is not None and run.cancel_requested_by is not None:
            watch.cancelled_by = run.cancel_requested_by
            control.stopping.set()
        elif time.monotonic() - started > most_seconds:
            control.stopping.set()


def run_due(engine: Engine, settings: Settings, now: datetime | None = None) -> list[RunView]:
    """Run here, one after the other, every firing that is due and that no other process takes; the runs."""
    at = now or datetime.now(UTC)
    made = [
        run_job(engine, settings, one.job, one.slot, one.schedule, now)
        for one in list_wanted(engine, settings, at)
    ]
    with reading(engine) as session:
        found = [queries.find_run(session, run_id) for run_id in made if run_id is not None]
    return [run for run in found if run is not None]


def run_now(engine: Engine, settings: Settings, job_id: str) -> int | None:
    """Run a job because a person asked: None where it is running already. Raises: KeyError."""
    return run_job(engine, settings, job_id, f"manual-{datetime.now(UTC).isoformat(timespec='microseconds')}")


def _look(scheduler: BackgroundScheduler, engine: Engine, settings: Settings) -> None:
    for one in list_wanted(engine, settings, datetime.now(UTC)):
        scheduler.add_job(
            run_job, args=(engine, settings, one.job, one.slot, one.schedule), id=f"{one.job} {one.slot}",
            replace_existing=True, misfire_grace_time=None,
        )  # fmt: skip


def start_scheduler(engine: Engine, settings: Settings) -> BackgroundScheduler:
    """Look for due firings in this process, now and every half minute. The caller shuts it down."""
    ensure_schedules(engine, settings)
    scheduler = BackgroundScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_job(
        _look, IntervalTrigger(seconds=LOOK_SECONDS, timezone=UTC), args=(scheduler, engine, settings),
        id="look", next_run_time=datetime.now(UTC),
    )  # fmt: skip
    scheduler.start()
    return scheduler
