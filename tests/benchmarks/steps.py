"""What is measured, one step a process: `python -m tests.benchmarks.steps STEP FOLDER ROWS` prints one JSON object."""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import python_calamine
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from tests.benchmarks import files, world
from tracker.app import create_app
from tracker.db import make_engine, record_statements, transaction
from tracker.identity.actions import add_agency, add_user, create_token
from tracker.identity.models import Role
from tracker.identity.queries import load_principal
from tracker.identity.schemas import NewAgency, NewUser, operator
from tracker.inventory import actions as inventory
from tracker.lifecycle import actions as lifecycle
from tracker.settings import IMPORT_LIMITS, Settings, load_settings
from tracker.startup import prepare

Figures = dict[str, Any]
#: Above the shipped limits: 100,000 × 20 cells are more than an upload over the web may hold.
RAISED = {"upload_bytes": 100_000_000, "expanded_bytes": 2_000_000_000, "part_bytes": 2_000_000_000,
          "data_rows": 2_000_000, "decoded_text_bytes": 1_000_000_000, "seconds": 600, "child_rss_mb": 2_048}  # fmt: skip


def _engine(folder: Path, name: str) -> Engine:
    engine = make_engine(f"sqlite:///{folder / name}.db")
    prepare(engine, world.NOW)
    return engine


def _settings(folder: Path) -> Settings:
    return replace(
        load_settings({"TRACKER_DATA_DIR": str(folder)}), import_limits={**IMPORT_LIMITS, **RAISED}
    )


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = act()
    return time.perf_counter() - started, result


def _computed(act: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, processor seconds of this process (what other work on the machine disturbs least), result."""
    before = time.process_time()
    seconds, result = _timed(act)
    return seconds, time.process_time() - before, result


def make_file(folder: Path, rows: int) -> Figures:
    """Write the workbook."""
    files.write_workbook(folder / f"{rows}.xlsx", rows)
    return {"bytes": (folder / f"{rows}.xlsx").stat().st_size}


def read_floor(folder: Path, rows: int) -> Figures:
    """The fastest reader alone: every cell of the workbook as a Python value."""
    book = python_calamine.CalamineWorkbook.from_path(str(folder / f"{rows}.xlsx"))
    seconds, cells = _timed(lambda: sum(len(row) for row in book.get_sheet_by_index(0).iter_rows()))
    return {"seconds": seconds, "cells": cells}


def insert_floor(folder: Path, rows: int) -> Figures:
    """The same rows into one plain table of 20 columns: one executemany, one commit."""
    given = [tuple(str(v) if v.__class__.__name__ == "date" else v for v in row) for row in files.rows(rows)]
    connection = sqlite3.connect(folder / "floor.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"CREATE TABLE bare ({', '.join(f'c{n}' for n in range(20))})")
    statement = f"INSERT INTO bare VALUES ({', '.join('?' * 20)})"

    def insert() -> None:
        connection.executemany(statement, given)
        connection.commit()

    return {"seconds": _timed(insert)[0]}


_STORED = ("asset", "asset_identifier", "installation", "asset_change")


def stored_floor(folder: Path, rows: int) -> Figures:
    """The rows that the import stores, into plain tables without keys or constraints: what any import writes."""
    source = sqlite3.connect(folder / f"import-{rows}.db")
    given = {name: source.execute(f"SELECT * FROM {name}").fetchall() for name in _STORED}
    connection = sqlite3.connect(folder / "floor.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    for name, held in given.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'c{n}' for n in range(len(held[0])))})")

    def insert() -> None:
        for name, held in given.items():
            connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(held[0]))})", held)
        connection.commit()

    return {"seconds": _timed(insert)[0], "rows": sum(len(held) for held in given.values())}


def import_file(folder: Path, rows: int) -> Figures:
    """Preview and apply of the workbook into an empty inventory."""
    engine, settings = _engine(folder, f"import-{rows}"), _settings(folder)
    with transaction(engine) as session:
        add_agency(session, operator(), NewAgency(code="A", name="A"), world.NOW)
    path = folder / f"{rows}.xlsx"
    with record_statements(engine) as statements:
        previewing, batch = _timed(
            lambda: inventory.preview(engine, operator(), path, path.name, "A", world.NOW, settings=settings)
        )
        previewed = len(statements)
        applying, batch = _timed(lambda: inventory.apply(engine, operator(), batch.id, world.NOW))
    again, same = _timed(
        lambda: inventory.preview(engine, operator(), path, path.name, "A", world.NOW, settings=settings)
    )
    assert (batch.created, same.unchanged) == (rows, rows), (batch, same)
    return {"preview": previewing, "apply": applying, "seconds": previewing + applying, "again": again,
            "preview_statements": previewed, "apply_statements": len(statements) - previewed}  # fmt: skip


def make_world(folder: Path, rows: int) -> Figures:
    """`rows` assets with ten installations each of at most 12,000 titles, matched."""
    engine = _engine(folder, "world")
    world.build(engine, rows, rows * 10, min(12_000, rows))

    def match() -> int:
        with transaction(engine) as session:
            return int(inventory.match_titles(session, world.NOW) or 0)

    return {"match_seconds": _timed(match)[0]}


def scan(folder: Path, rows: int) -> Figures:
    """A first scan and, on the same day, a second one."""
    engine = _engine(folder, "world")
    first, first_cpu, result = _computed(lambda: lifecycle.scan(engine, operator(), world.TODAY, world.NOW))
    data_version = _data_version(engine)
    second, second_cpu, again = _computed(lambda: lifecycle.scan(engine, operator(), world.TODAY, world.NOW))
    return {"seconds": first, "cpu": first_cpu, "second": second, "second_cpu": second_cpu, "opened": result.opened, "opened_again": again.opened,
            "open": sum(result.open.values()), "titles": result.titles,
            "wrote_again": _data_version(engine) != data_version}  # fmt: skip


def _data_version(engine: Engine) -> tuple[int, ...]:
    """Row counts and last ids of all tables that a scan writes."""
    tables = (
        "finding",
        "finding_verdict",
        "finding_condition",
        "title_state",
        "scan_run",
        "daily_rollup",
        "scan_mark",
    )
    with engine.connect() as connection:
        return tuple(connection.execute(text(f"SELECT COUNT(*) FROM {name}")).scalar_one() for name in tables)


def scan_floor(folder: Path, rows: int) -> Figures:
    """The bare join that a scan cannot do without: installations × verdicts of titles into a table like finding."""
    engine = _engine(folder, "world")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bare_finding"))
        connection.execute(
            text(
                "CREATE TABLE bare_finding (agency_id INTEGER, id INTEGER, asset_id INTEGER, condition_id INTEGER, "
                "verdict_id INTEGER, rule TEXT, severity TEXT, ends_on DATE, opened_on DATE, "
                "PRIMARY KEY (agency_id, id)) WITHOUT ROWID"
            )
        )

    def insert() -> int:
        with engine.begin() as connection:
            return connection.execute(
                text(
                    "INSERT INTO bare_finding SELECT i.agency_id, i.id * 10 + v.id % 10, i.asset_id, v.condition_id, v.id, "
                    "c.rule, v.severity, v.ends_on, '2026-11-25' FROM installation i "
                    "JOIN asset a ON a.agency_id = i.agency_id AND a.id = i.asset_id "
                    "JOIN finding_verdict v ON v.title_id = i.title_id JOIN finding_condition c ON c.id = v.condition_id "
                    "WHERE i.superseded_at IS NULL ON CONFLICT DO NOTHING"
                )
            ).rowcount

    seconds, cpu, written = _computed(insert)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE bare_finding"))
    return {"seconds": seconds, "cpu": cpu, "rows": written}


def lists(folder: Path, rows: int) -> Figures:
    """Pages of 50 assets, filtered and sorted, as HTML and as JSON: 60 requests each."""
    engine = _engine(folder, "world")
    settings = replace(_settings(folder), scheduler_enabled=False)
    with transaction(engine) as session:
        user, _password = add_user(
            session, operator(), NewUser(email="bench@example.org", role=Role.IT_MANAGER, password="long-enough-1"),
            world.NOW,
        )  # fmt: skip
        principal = load_principal(session, user.id)
        assert principal is not None
        _view, secret = create_token(session, principal, "bench", world.NOW)
    client = TestClient(create_app(settings, engine))
    queries = ("asset_class=server&sort=acquired_on", "q=AT-0500&sort=asset_tag", "agency=OFFICE-07&sort=name",
               "sort=cost", "asset_class=laptop&q=Room 12", "")  # fmt: skip
    headers = {"Authorization": f"Bearer {secret}"}
    figures = {"api": _latencies(client, "/api/v1/assets", queries, headers)}
    cookies = _sign_in(client)
    figures["page"] = _latencies(client, "/assets", queries, cookies)
    return {"rows": rows, **figures}


def _sign_in(client: TestClient) -> dict[str, str]:
    page = client.get("/sign-in")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    client.post(
        "/sign-in", data={"email": "bench@example.org", "password": "long-enough-1", "csrf_token": token}
    )
    return {}


def _latencies(client: TestClient, path: str, queries: tuple[str, ...], headers: dict[str, str]) -> Figures:
    taken = []
    for number in range(60):
        query = queries[number % len(queries)]
        seconds, answer = _timed(partial(client.get, f"{path}?{query}&limit=50", headers=headers))
        assert answer.status_code == 200, (path, query, answer.status_code, answer.text[:300])
        taken.append(seconds * 1_000)
    cuts = statistics.quantiles(taken, n=20)
    return {"median_ms": statistics.median(taken), "p95_ms": cuts[18]}


STEPS: dict[str, Callable[[Path, int], Figures]] = {
    step.__name__: step
    for step in (
        make_file,
        read_floor,
        insert_floor,
        stored_floor,
        import_file,
        make_world,
        scan,
        scan_floor,
        lists,
    )
}

if __name__ == "__main__":
    name, where, count = sys.argv[1:]
    print(json.dumps(STEPS[name](Path(where), int(count))))
