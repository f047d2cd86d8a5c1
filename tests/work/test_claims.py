"""Claims of firings, on both databases: one runner each, leases that end, outcomes that stay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from tracker.db import reading
from tracker.work import actions, queries
from tracker.work.schemas import RunView

NOW = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)


def _runs(engine: Engine) -> list[RunView]:
    with reading(engine) as session:
        return queries.list_runs(session)


def _claim(
    engine: Engine, slot: str, worker: str = "a", now: datetime = NOW, job: str = "scan"
) -> int | None:
    return actions.claim(engine, job, slot, worker, now, lease_seconds=60)


def test_a_firing_is_claimed_once(engine: Engine) -> None:
    first = _claim(engine, "2026-11-25")
    assert first is not None
    assert _claim(engine, "2026-11-25", "b") is None
    assert actions.finish(engine, first, "a", NOW + timedelta(seconds=5), {"assets": 3})
    assert _claim(engine, "2026-11-25", "b") is None
    (run,) = _runs(engine)
    assert (run.outcome, run.counts, run.attempt, run.seconds, run.error) == (
        "done",
        {"assets": 3},
        1,
        5.0,
        None,
    )


def test_a_job_runs_once_at_a_time_whatever_the_slot(engine: Engine) -> None:
    first = _claim(engine, "2026-11-25")
    assert first is not None
    assert _claim(engine, "manual-1", "b") is None
    assert _claim(engine, "2026-11-25", "b", job="other") is not None
    actions.finish(engine, first, "a", NOW, {})
    assert _claim(engine, "manual-1", "b") is not None


def test_of_many_processes_exactly_one_wins(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda n: _claim(engine, "2026-11-25", f"w{n}"), range(16)))
    assert len([claim for claim in claims if claim is not None]) == 1
    assert len(_runs(engine)) == 1


def test_a_lost_run_is_taken_over_and_its_old_worker_cannot_end_it(engine: Engine) -> None:
    first = _claim(engine, "2026-11-25")
    assert first is not None
    later = NOW + timedelta(seconds=61)
    assert _claim(engine, "2026-11-25", "b", later) == first
    assert not actions.finish(engine, first, "a", later, {"wrong": 1})
    assert not actions.renew(engine, first, "a", later, 60)
    assert actions.finish(engine, first, "b", later, {"right": 1})
    (run,) = _runs(engine)
    assert (run.attempt, run.worker, run.counts) == (2, "b", {"right": 1})


def test_a_renewed_lease_holds(engine: Engine) -> None:
    first = _claim(engine, "2026-11-25")
    assert first is not None
    assert actions.renew(engine, first, "a", NOW + timedelta(seconds=50), 60)
    assert _claim(engine, "2026-11-25", "b", NOW + timedelta(seconds=100)) is None
    assert _claim(engine, "2026-11-25", "b", NOW + timedelta(seconds=111)) == first


def test_a_failure_is_kept_and_shown(engine: Engine) -> None:
    first = _claim(engine, "2026-11-25")
    assert first is not None
    actions.finish(engine, first, "a", NOW, {}, error="ValueError: " + "x" * 3_000)
    (run,) = _runs(engine)
    assert run.outcome == "failed"
    assert run.error == ("ValueError: " + "x" * 3_000)[: actions.ERROR_CHARS]


def test_runs_are_listed_newest_first_in_pages(engine: Engine) -> None:
    ids = []
    for day in range(1, 6):
        run_id = _claim(engine, f"2026-11-0{day}")
        assert run_id is not None
        actions.finish(engine, run_id, "a", NOW, {})
        ids.append(run_id)
    with reading(engine) as session:
        page = queries.list_runs(session, limit=2)
        rest = queries.list_runs(session, limit=10, before_id=page[-1].id)
    assert [run.id for run in page + rest] == ids[::-1]
