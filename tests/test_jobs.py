"""The schedule: which firing is due, that each runs once, and that failures are kept."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from tests.catalogue.upstream import lifecycle, write_document
from tracker import jobs
from tracker.db import reading, transaction
from tracker.identity.actions import ensure_root
from tracker.settings import Settings, load_settings
from tracker.work import queries
from tracker.work.schemas import RunView

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (datetime(2026, 11, 24, 18, 29, tzinfo=UTC), "2026-11-24"),
        (datetime(2026, 11, 24, 18, 30, tzinfo=UTC), "2026-11-25"),
        (datetime(2026, 11, 25, 17, 0, tzinfo=UTC), "2026-11-25"),
    ],
)
def test_a_firing_is_due_from_its_local_time_on(now: datetime, slot: str) -> None:
    assert jobs.due_slot(time(1, 30), now, JAKARTA) == slot


def test_clocks_that_change_give_one_firing_a_day() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    # On 25 October 2026 the hour from two to three comes twice.
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert (
        jobs.due_slot(time(2, 30), first, berlin)
        == jobs.due_slot(time(2, 30), second, berlin)
        == "2026-10-25"
    )


def _runs(engine: Engine) -> list[RunView]:
    with reading(engine) as session:
        return queries.list_runs(session)


def _settings() -> Settings:
    return load_settings({})


def test_a_due_firing_runs_once_whoever_asks(engine: Engine) -> None:
    first = jobs.run_due(engine, _settings(), "catalogue-age-check")
    assert first is not None
    assert jobs.run_due(engine, _settings(), "catalogue-age-check") is None
    (run,) = _runs(engine)
    assert (run.id, run.job, run.outcome, run.error) == (first, "catalogue-age-check", "done", None)
    assert jobs.run_now(engine, _settings(), "catalogue-age-check") is not None
    assert [run.outcome for run in _runs(engine)] == ["done", "done"]


def test_a_job_that_fails_says_why_and_may_be_asked_for_again(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE catalogue_snapshot RENAME TO gone"))
    assert jobs.run_due(engine, _settings(), "catalogue-age-check") is not None
    (run,) = _runs(engine)
    assert run.outcome == "failed"
    assert run.error is not None
    assert "catalogue_snapshot" in run.error
    assert "catalogue-age-check" in caplog.text
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO catalogue_snapshot"))
    assert jobs.run_now(engine, _settings(), "catalogue-age-check") is not None
    assert _runs(engine)[0].outcome == "done"


def test_an_unknown_job_is_an_error(engine: Engine) -> None:
    with pytest.raises(KeyError):
        jobs.run_due(engine, _settings(), "no-such-job")
    assert _runs(engine) == []


def test_the_catalogue_is_synced_only_where_the_operator_says_when(engine: Engine, tmp_path: Path) -> None:
    source = write_document(tmp_path / "full.json", lifecycle())
    with transaction(engine) as session:
        ensure_root(session, datetime.now(UTC))
    off = load_settings({"TRACKER_CATALOGUE_SOURCE": source})
    assert jobs.run_due(engine, off, "catalogue-sync") is None
    assert _runs(engine) == []
    on = load_settings({"TRACKER_CATALOGUE_SOURCE": source, "TRACKER_CATALOGUE_SYNC_AT": "02:15"})
    assert jobs.run_due(engine, on, "catalogue-sync") is not None
    assert jobs.run_due(engine, on, "catalogue-sync") is None
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
