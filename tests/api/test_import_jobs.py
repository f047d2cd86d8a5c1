"""Imports in the background through HTTP: accepted, looked at, applied, stopped, out of sight of others."""

from __future__ import annotations

from dataclasses import replace

from tests.api.conftest import Api, problem
from tests.api.test_imports import ROWS, upload, workbook
from tracker.inventory.task_running import run_task


def run(api: Api) -> None:
    """What the worker does."""
    while run_task(api.engine, api.client.app.state.settings):  # type: ignore[attr-defined]
        pass


def test_the_whole_way_in_the_background(api: Api) -> None:
    answer = upload(api, "clerk-a", workbook(ROWS), background="true")
    place = answer.headers["location"].removeprefix("/api/v1")
    job = answer.json()
    assert (answer.status_code, place) == (202, f"/imports/jobs/{job['job']}")
    assert (job["kind"], job["state"], job["agency"], job["batch"]) == ("preview", "waiting", "A", None)
    assert api.get("clerk-a", "/imports/jobs", open=True)["items"] == [job]
    run(api)
    done = api.get("clerk-a", place)
    assert (done["state"], done["attempt"], done["error"]) == ("done", 1, None)
    assert api.get("clerk-a", f"/imports/{done['batch']}")["created"] == 3
    applying = api.call("clerk-a", "POST", f"/imports/{done['batch']}/apply?background=true")
    assert applying.status_code == 202
    run(api)
    assert api.get("clerk-a", applying.headers["location"].removeprefix("/api/v1"))["state"] == "done"
    assert api.get("clerk-a", f"/imports/{done['batch']}")["state"] == "applied"
    again = api.call("clerk-a", "POST", f"/imports/{done['batch']}/apply?background=true")
    problem(again, 409, "batch-not-previewed")


def test_large_files_are_read_in_the_background_unasked(api: Api) -> None:
    state = api.client.app.state  # type: ignore[attr-defined]
    usual = state.settings
    state.settings = replace(usual, import_job_bytes=100, import_job_rows=2)
    try:
        assert upload(api, "clerk-a", workbook(ROWS)).status_code == 202
        batch = upload(api, "clerk-a", workbook(ROWS), background="false")
        assert batch.status_code == 201
        applied = api.call("clerk-a", "POST", f"/imports/{batch.json()['batch']}/apply")
        assert (applied.status_code, applied.json()["kind"]) == (202, "apply")
    finally:
        state.settings = usual
    run(api)


def test_a_job_is_stopped_and_out_of_sight_of_others(api: Api) -> None:
    job = upload(api, "clerk-a", workbook(ROWS), background="true").json()["job"]
    for method, path in (("GET", f"/imports/jobs/{job}"), ("POST", f"/imports/jobs/{job}/cancel")):
        problem(api.call("admin-b", method, path), 404, "task-not-found")
    assert api.get("admin-b", "/imports/jobs")["items"] == []
    problem(api.call("auditor-a", "POST", f"/imports/jobs/{job}/cancel"), 404, "task-not-found")
    asked = api.post("clerk-a", f"/imports/jobs/{job}/cancel", expected=202)
    assert (asked["state"], asked["cancel_requested_by"] is None) == ("waiting", False)
    run(api)
    assert api.get("clerk-a", f"/imports/jobs/{job}")["state"] == "cancelled"
