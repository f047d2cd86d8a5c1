"""The schedule: which firing is due, that each runs once, and that failures are kept."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from tracker import jobs
from tracker.db import reading
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
