"""The page of jobs: schedules are changed, runs filtered and stopped, by administrators of everything."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.web.conftest import Pages
from tracker.db import reading
from tracker.identity.models import Role
from tracker.jobs import ensure_schedules
from tracker.settings import load_settings
from tracker.work import queries
from tracker.work.actions import claim, finish

NOW = datetime.now(UTC)


def test_a_schedule_is_changed(admin: Pages) -> None:
    ensure_schedules(admin.engine, load_settings({}))
    fields = {"trigger": "weekly mon 06:00", "enabled": "yes"}
    assert "The schedule is changed" in admin.submit("/jobs/schedules/catalogue-sync", "/jobs", **fields)
    with reading(admin.engine) as session:
        found = queries.get_schedule(session, "catalogue-sync")
    assert (found.trigger, found.enabled, found.attempts) == ("weekly mon 06:00", True, 3)
    assert "weekly mon 06:00" in admin.get("/jobs")
    answer = admin.post("/jobs/schedules/catalogue-sync", "/jobs", trigger="<b>soon</b>")
    assert answer.status_code == 422
    assert "&lt;b&gt;soon" in answer.text
    admin.submit("/jobs/schedules/catalogue-sync", "/jobs", trigger="daily 03:00")
    with reading(admin.engine) as session:
        assert not queries.get_schedule(session, "catalogue-sync").enabled


def test_runs_are_filtered_and_stopped(admin: Pages) -> None:
    done = claim(admin.engine, "catalogue-age-check", "2026-11-25", "w", NOW, 60)
    assert done is not None
    finish(admin.engine, done, "w", NOW, {})
    run = claim(admin.engine, "nightly-scan", "2026-11-24", "w", NOW, 600)
    assert "2026-11-24" in admin.get("/jobs?outcome=running")
    assert "2026-11-25" not in admin.get("/jobs?outcome=running")
    assert "2026-11-25" in admin.get("/jobs?job=catalogue-age-check")
    assert "was asked to stop" in admin.submit(f"/jobs/runs/{run}/cancel", "/jobs")
    assert "asked to stop" in admin.get("/jobs")
    assert "has ended already" in admin.submit(f"/jobs/runs/{done}/cancel", "/jobs")


def test_others_change_and_stop_nothing(pages: Pages) -> None:
    ensure_schedules(pages.engine, load_settings({}))
    pages.sign_in("boss@prov.example", Role.ADMIN, "PROV")
    assert "/jobs/schedules/" not in pages.get("/jobs")
    for url in ("/jobs/schedules/nightly-scan", "/jobs/runs/1/cancel"):
        assert pages.post(url, "/profile", trigger="hourly 1").status_code == 403
