"""The schedule: which firing is due, that each runs once, and that failures are kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.catalogue.upstream import lifecycle, write_document
from tests.lifecycle.world import Thing, build, findings
from tracker import jobs
from tracker.db import reading, transaction
from tracker.identity.actions import ensure_root
from tracker.identity.errors import Forbidden, Invalid, NotFound, TrackerError
from tracker.identity.schemas import nobody, operator
from tracker.lifecycle.actions import scan
from tracker.settings import Settings, load_settings
from tracker.work import queries
from tracker.work.actions import claim
from tracker.work.schemas import RunView

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def _runs(engine: Engine) -> list[RunView]:
    with reading(engine) as session:
        return queries.list_runs(session)


def _settings() -> Settings:
    return load_settings({})


def _only(engine: Engine, settings: Settings, schedule: str, **changes: object) -> None:
    """Schedules of which all but one are switched off."""
    with transaction(engine) as session:
        ensure_root(session, LONG_AGO)
    jobs.ensure_schedules(engine, settings)
    with engine.begin() as connection:
        connection.execute(text("UPDATE job_schedule SET enabled = (id = :id)"), {"id": schedule})
    if changes:
        jobs.change_schedule(engine, operator(), schedule, changes, LONG_AGO)


def test_a_due_firing_runs_once_whoever_asks(engine: Engine) -> None:
    _only(engine, _settings(), "catalogue-age-check")
    [first] = jobs.run_due(engine, _settings())
    assert jobs.run_due(engine, _settings()) == []
    (run,) = _runs(engine)
    assert (run.id, run.job, run.outcome, run.error) == (first.id, "catalogue-age-check", "done", None)
    assert run.schedule == "catalogue-age-check"
    assert jobs.run_now(engine, _settings(), "catalogue-age-check") is not None
    assert [run.outcome for run in _runs(engine)] == ["done", "done"]


def test_a_job_that_fails_says_why_and_is_tried_again_after_a_pause(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE catalogue_snapshot RENAME TO gone"))
    _only(engine, _settings(), "catalogue-age-check")
    now = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    (run,) = jobs.run_due(engine, _settings(), now)
    assert (run.outcome, run.attempt, run.retry_at) == ("failed", 1, now + timedelta(minutes=1))
    assert jobs.run_due(engine, _settings(), now + timedelta(seconds=59)) == []
    (run,) = jobs.run_due(engine, _settings(), now + timedelta(seconds=60))
    assert (run.outcome, run.attempt, run.retry_at) == ("failed", 2, now + timedelta(minutes=5))
    assert run.error is not None
    assert "catalogue_snapshot" in run.error
    assert "catalogue-age-check" in caplog.text
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO catalogue_snapshot"))
    (run,) = jobs.run_due(engine, _settings(), now + timedelta(minutes=5))
    assert (run.outcome, run.attempt, run.retry_at, run.error) == ("done", 3, None, None)
    assert len(_runs(engine)) == 1


def test_after_the_last_attempt_a_failure_stays(engine: Engine, tmp_path: Path) -> None:
    settings = load_settings({"TRACKER_CATALOGUE_SOURCE": str(tmp_path / "absent.json")})
    _only(engine, settings, "catalogue-sync", attempts=2, enabled=True)
    now = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    assert [run.attempt for run in jobs.run_due(engine, settings, now)] == [1]
    (run,) = jobs.run_due(engine, settings, now + timedelta(minutes=1))
    assert (run.attempt, run.outcome, run.retry_at) == (2, "failed", None)
    assert jobs.run_due(engine, settings, now + timedelta(hours=9)) == []


def test_a_run_whose_process_died_is_taken_over_also_when_a_later_firing_is_due(engine: Engine) -> None:
    settings = _settings()
    _only(engine, settings, "catalogue-age-check")
    now = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    lost = claim(engine, "catalogue-age-check", "2026-11-25", "dead", now, 60, "catalogue-age-check")
    assert jobs.run_due(engine, settings, now + timedelta(seconds=50)) == []
    done = jobs.run_due(engine, settings, now + timedelta(days=1))
    assert [(run.slot, run.attempt, run.outcome) for run in done] == [
        ("2026-11-26", 1, "done"), ("2026-11-25", 2, "done"),
    ]  # fmt: skip
    assert done[1].id == lost


def test_a_changed_schedule_does_not_catch_up_what_was_due_before(engine: Engine) -> None:
    settings, admin = _settings(), operator()
    _only(engine, settings, "catalogue-age-check")
    now = datetime(2026, 11, 25, 3, 0, 5, tzinfo=UTC)
    view = jobs.change_schedule(engine, admin, "catalogue-age-check", {"trigger": "every 10 minutes"}, now)
    assert (view.trigger, view.changed_by) == ("every 10 minutes", "operator")
    assert jobs.run_due(engine, settings, now + timedelta(minutes=9)) == []
    (run,) = jobs.run_due(engine, settings, now + timedelta(minutes=25))
    assert run.slot == "2026-11-25T03:20Z"
    jobs.change_schedule(engine, admin, "catalogue-age-check", {"enabled": False}, now)
    assert jobs.run_due(engine, settings, now + timedelta(hours=2)) == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"trigger": "daily 25:00"}, Invalid),
        ({"trigger": "* * * * *"}, Invalid),
        ({"parameters": {"command": "rm"}}, Invalid),
        ({"parameters": {"source": "/etc/passwd"}}, Invalid),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    engine: Engine, changes: dict[str, object], error: type[TrackerError]
) -> None:
    jobs.ensure_schedules(engine, _settings())
    with reading(engine) as session:
        before = queries.list_schedules(session)
    with pytest.raises(error):
        jobs.change_schedule(engine, operator(), "catalogue-sync", changes, LONG_AGO)
    with pytest.raises(NotFound):
        jobs.change_schedule(engine, operator(), "no-such", {"enabled": True}, LONG_AGO)
    with pytest.raises(Forbidden):
        jobs.change_schedule(engine, nobody(), "catalogue-sync", {"enabled": True}, LONG_AGO)
    with reading(engine) as session:
        assert queries.list_schedules(session) == before


def test_a_scan_that_is_cancelled_stops_between_agencies(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_WATCH_SECONDS", 0.05)
    build(engine, [Thing("A", "A-1", ["Windows 10 Pro"])])
    started = datetime.now(UTC)

    def cancel_when_running() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with reading(engine) as session:
                running = queries.list_runs(session, outcome="running")
            if running and jobs.cancel_run(engine, operator(), running[0].id, started):
                return
            time.sleep(0.02)

    canceller = threading.Thread(target=cancel_when_running)
    canceller.start()
    waiting = replace(jobs.get_job("nightly-scan"), handler=_wait_then_scan)
    monkeypatch.setattr(jobs, "JOBS", (waiting,))
    jobs.run_now(engine, _settings(), "nightly-scan")
    canceller.join()
    (run,) = _runs(engine)
    assert (run.outcome, run.error) == ("cancelled", "cancelled by operator")
    assert findings(engine) == set()


def _wait_then_scan(engine: Engine, settings: Settings, control: jobs.Control) -> Mapping[str, object]:
    assert control.stopping.wait(20)
    return scan(engine, operator(), settings.today(), datetime.now(UTC), control.check).to_json()


def test_a_run_that_takes_too_long_is_stopped(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_WATCH_SECONDS", 0.05)

    def wait(engine: Engine, settings: Settings, control: jobs.Control) -> Mapping[str, object]:
        assert control.stopping.wait(20)
        control.check()
        return {}

    slow = replace(jobs.get_job("catalogue-age-check"), handler=wait, timeout_seconds=0)
    monkeypatch.setattr(jobs, "JOBS", (slow,))
    jobs.run_now(engine, _settings(), "catalogue-age-check")
    (run,) = _runs(engine)
    assert (run.outcome, run.error) == ("timed-out", "took longer than its schedule allows")


def test_the_catalogue_is_synced_only_where_the_operator_says_when(engine: Engine, tmp_path: Path) -> None:
    source = write_document(tmp_path / "full.json", lifecycle())
    with transaction(engine) as session:
        ensure_root(session, datetime.now(UTC))
    off = load_settings({"TRACKER_CATALOGUE_SOURCE": source})
    jobs.ensure_schedules(engine, off)
    with reading(engine) as session:
        assert [one.id for one in queries.list_schedules(session) if not one.enabled] == ["catalogue-sync"]
        assert queries.get_schedule(session, "nightly-scan").trigger == "daily 01:30"
    on = load_settings({"TRACKER_CATALOGUE_SOURCE": source, "TRACKER_CATALOGUE_SYNC_AT": "02:15"})
    _only(engine, on, "catalogue-sync")
    assert len(jobs.run_due(engine, on)) == 1
    assert jobs.run_due(engine, on) == []
    (run,) = _runs(engine)
    assert (run.outcome, run.counts["written"], run.counts["products_added"]) == ("done", True, 4)
    # Asked for by a person it runs also where it is never due, and with nothing new it writes nothing.
    assert jobs.run_now(engine, off, "catalogue-sync") is not None
    assert _runs(engine)[0].counts["written"] is False


def test_a_source_that_cannot_be_reached_fails_the_run_alone(engine: Engine, tmp_path: Path) -> None:
    settings = load_settings({"TRACKER_CATALOGUE_SOURCE": str(tmp_path / "absent.json")})
    jobs.run_now(engine, settings, "catalogue-sync")
    (run,) = _runs(engine)
    assert run.outcome == "failed"
    assert run.error is not None and "does not exist" in run.error
