"""A file in the background through the pages: its progress, on to the preview, large ones unasked, stopping."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.web.conftest import CSV, Pages, populate
from tracker.app import create_app
from tracker.inventory.task_running import run_task
from tracker.settings import Settings
from tracker.work import progress
from tracker.work.progress import ProgressView


def test_a_file_in_the_background_on_both_databases(engine: Engine, settings: Settings) -> None:
    populate(engine)
    settings = replace(settings, import_job_rows=2)
    with TestClient(create_app(settings, engine)) as client:
        pages = Pages(client, engine).sign_in()
        place = pages.upload(CSV, background="yes").headers["location"]
        answer = client.get(place)
        assert (answer.headers["refresh"], "Waiting" in answer.text) == ("3", True)
        assert place in pages.get("/imports")
        run_task(engine, settings)
        read = client.get(place)
        assert "Nothing is written yet." in read.text
        batch = read.url.path
        job = pages.post(f"{batch}/apply", batch).headers["location"]
        assert job.startswith("/imports/jobs/")
        run_task(engine, settings)
        assert "Applied: 2 created, 0 updated." in pages.get(job)
        assert "/imports/jobs/" not in pages.get("/imports")


def test_progress_is_shown_and_it_can_be_stopped(admin: Pages) -> None:
    place = admin.upload(CSV, background="yes").headers["location"]
    subject = f"import-{place.rsplit('/', 1)[1]}"
    began = datetime.now(UTC) - timedelta(seconds=90)
    view = ProgressView(
        "writing", 10_000, 20_000, {"read": 20_000, "matched": 20_000, "written": 10_000}, began
    )
    progress.tell(admin.engine, subject, view, datetime.now(UTC), 60)
    page = admin.get(place)
    assert '<progress class="wide" aria-label="Progress" max="20000" value="10000">' in page
    assert "about 1 min 30 s" in page or "about 1 min 31 s" in page
    assert "10,000" in page
    assert "asked to stop" in admin.submit(f"{place}/cancel", place)


def test_a_failure_says_why(admin: Pages, settings: Settings) -> None:
    place = admin.upload(b"PK\x03\x04 nothing", "a.xlsx", background="yes").headers["location"]
    run_task(admin.engine, settings)
    answer = admin.client.get(place)
    assert "Failed" in answer.text
    assert "refresh" not in answer.headers
