"""The application as a process serves it: scheduler with it, and a database that is away or busy."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.api.conftest import Api, add_people, make_app, problem
from tests.budgeting.world import build
from tracker.db import make_engine


def test_the_scheduler_catches_up_while_the_application_runs(sqlite_engine: Engine, tmp_path: Path) -> None:
    world = build(sqlite_engine)
    tokens = add_people(sqlite_engine)
    app = make_app(sqlite_engine, tmp_path, TRACKER_SCHEDULER="on")
    with TestClient(app, raise_server_exceptions=False) as client:
        api = Api(client, sqlite_engine, world, tokens)
        runs: list[dict[str, object]] = []
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(runs) < 3:
            runs = [run for run in api.get("root", "/jobs")["items"] if run["finished_at"]]
            time.sleep(0.1)
    assert {(run["job"], run["outcome"], run["attempt"]) for run in runs} == {
        ("nightly-scan", "done", 1),
        ("catalogue-age-check", "done", 1),
        ("notifications", "done", 1),
    }


def test_a_database_that_is_away(tmp_path: Path) -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/none")
    with TestClient(make_app(engine, tmp_path), raise_server_exceptions=False) as client:
        response = client.get("/api/v1/me", headers={"Authorization": "Bearer trk_x"})
        body = problem(response, 503, "database_unavailable")
        assert "nobody" not in response.text and "127.0.0.1" not in body["detail"]
        assert response.headers["retry-after"] == "5"
        assert client.get("/healthz").status_code == 503


def test_a_write_waits_for_another_and_reads_do_not(sqlite_api: Api) -> None:
    path = sqlite_api.engine.url.database
    assert path is not None
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert len(sqlite_api.get("root", "/agencies")) == 4
    other.execute("ROLLBACK")
    other.close()
    sqlite_api.post("root", "/agencies", {"code": "NEW", "name": "New"}, 201)
    assert len(sqlite_api.get("root", "/agencies")) == 5
