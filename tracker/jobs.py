"""The schedule: one table of jobs, and what runs them inside `serve` or alone in `worker`.

APScheduler fires, the database decides: a firing has a slot (the local day it was due), and whoever claims
(job, slot) in job_run runs it. So any number of processes may hold the same schedule.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import Engine

from tracker.catalogue import actions as catalogue
from tracker.db import reading
from tracker.identity.schemas import operator
from tracker.lifecycle import actions as lifecycle
from tracker.settings import Settings
from tracker.work import actions as work

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

log = logging.getLogger(__name__)

#: How often a process looks for firings that were missed or whose run was lost.
CATCH_UP_SECONDS = 300

Handler = Callable[[Engine, Settings], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the schedule: due every day at `at`, local time; None, only when a person asks for it.

    `handler` returns counts for the run.
    """

    id: str
    at: Callable[[Settings], time | None]
    handler: Handler


def _scan(engine: Engine, settings: Settings) -> Mapping[str, object]:
    return lifecycle.scan(engine, operator(), settings.today(), datetime.now(UTC)).to_json()


def _check_catalogue_age(engine: Engine, settings: Settings) -> Mapping[str, object]:
    with reading(engine) as session:
        status = catalogue.status(session, settings.today())
    ages = {source.source: source.age_days for source in status.sources}
    if status.stale:
        log.warning("the catalogue is older than 90 days: %s", ages)
    return {"stale": status.stale, "age_days": ages}


def _sync_catalogue(engine: Engine, settings: Settings) -> Mapping[str, object]:
    told = settings.catalogue
    result = catalogue.sync(engine, operator(), told.source, datetime.now(UTC), told)
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


def _nightly(settings: Settings) -> time:
    return time.fromisoformat(settings.nightly_scan_at)


def _sync_at(settings: Settings) -> time | None:
    at = settings.catalogue.sync_at
    return time.fromisoformat(at) if at is not None else None


JOBS: tuple[Job, ...] = (
    Job("nightly-scan", _nightly, _scan),
    Job("catalogue-age-check", lambda _settings: time(1, 0), _check_catalogue_age),
    Job("catalogue-sync", _sync_at, _sync_catalogue),
)


def get_job(job_id: str) -> Job:
    """The job named `job_id`. Raises: KeyError."""
    return {job.id: job for job in JOBS}[job_id]


def due_slot(at: time, now: datetime, timezone: ZoneInfo) -> str:
    """The latest firing that is due: the local day, as 2026-11-25, whose time `at` is not after `now`."""
    local = now.astimezone(timezone)
    day = local.date() if local.time() >= at else local.date() - timedelta(days=1)
    return day.isoformat()


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def run_job(engine: Engine, settings: Settings, job_id: str, slot: str) -> int | None:
    """Run one firing here unless it is taken: the run's id, or None where another process has it.

    An error of the job is stored in the run and logged, not raised.
    """
    job, worker = get_job(job_id), _worker_name()
    lease = settings.job_lease_seconds
    run_id = work.claim(engine, job_id, slot, worker, datetime.now(UTC), lease)
    if run_id is None:
        return None
    counts: Mapping[str, object] = {}
    error: str | None = None
    with _renewing(engine, run_id, worker, lease):
        try:
            counts = job.handler(engine, settings)
        except Exception as failure:
            log.exception("job %s (%s) failed", job_id, slot)
            error = f"{type(failure).__name__}: {failure}"
    if not work.finish(engine, run_id, worker, datetime.now(UTC), counts, error):
        log.warning("job %s (%s): the lease ended before the run did", job_id, slot)
    return run_id


@contextmanager
def _renewing(engine: Engine, run_id: int, worker: str, lease_seconds: int) -> Iterator[None]:
    done = threading.Event()

    def renew() -> None:
        while not done.wait(lease_seconds / 3):
            try:
                work.renew(engine, run_id, worker, datetime.now(UTC), lease_seconds)
            except Exception:
                # The next round tries again; a lease that really ends is noticed when the run finishes.
                log.exception("the lease of run %s could not be renewed", run_id)

    thread = threading.Thread(target=renew, name=f"lease-{run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def run_due(engine: Engine, settings: Settings, job_id: str) -> int | None:
    """Run the latest due firing of a job unless it was run: catching up once, however many were missed.

    None where it was run, runs elsewhere, or is never due.
    """
    at = get_job(job_id).at(settings)
    if at is None:
        return None
    return run_job(engine, settings, job_id, due_slot(at, datetime.now(UTC), settings.timezone))


def run_now(engine: Engine, settings: Settings, job_id: str) -> int | None:
    """Run a job because a person asked: None where it is running already."""
    return run_job(engine, settings, job_id, f"manual-{datetime.now(UTC).isoformat(timespec='microseconds')}")


def _catch_up(engine: Engine, settings: Settings) -> None:
    for job in JOBS:
        run_due(engine, settings, job.id)


def start_scheduler(engine: Engine, settings: Settings) -> BackgroundScheduler:
    """Start the schedule in this process: each job at its time, and a catch-up now and every five minutes.

    The caller shuts the returned scheduler down.
    """
    scheduler = BackgroundScheduler(
        timezone=settings.timezone,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    for job in JOBS:
        at = job.at(settings)
        if at is None:
            continue
        scheduler.add_job(
            run_due, CronTrigger(hour=at.hour, minute=at.minute, timezone=settings.timezone),
            args=(engine, settings, job.id), id=job.id,
        )  # fmt: skip
    scheduler.add_job(
        _catch_up, IntervalTrigger(seconds=CATCH_UP_SECONDS, timezone=settings.timezone),
        args=(engine, settings), id="catch-up", next_run_time=datetime.now(UTC),
    )  # fmt: skip
    scheduler.start()
    return scheduler
