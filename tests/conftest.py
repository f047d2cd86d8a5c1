"""Shared fixtures: both databases migrated once and copied per test; what is left out is said loudly."""

from __future__ import annotations

import itertools
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine

import tracker.budgeting.models
import tracker.catalogue.models
import tracker.catalogue.override_models
import tracker.identity.models
import tracker.inventory.decision_models
import tracker.inventory.models
import tracker.inventory.source_models
import tracker.inventory.suggestion_models
import tracker.inventory.task_models
import tracker.lifecycle.models
import tracker.lifecycle.work_models
import tracker.notifications.models
import tracker.work.models  # noqa: F401
from tests.postgres import create_database, drop_database, find_server
from tracker.db import make_engine, migrate

#: Tests that were left out, by reason; filled where reports arrive, which is one process however many run tests.
_left_out: dict[str, set[str]] = defaultdict(set)
_numbers = itertools.count()
CHROMIUM = next(
    (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None
)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, otherwise empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    with engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[tuple[URL, str] | None]:
    """Server and name of a migrated PostgreSQL database, to be copied; None without a server."""
    server = find_server()
    if server.url is None:
        yield None
        return
    name = f"tracker_template_{os.getpid()}"
    engine = make_engine(create_database(server.url, name).render_as_string(hide_password=False))
    migrate.upgrade(engine)
    engine.dispose()
    yield server.url, name
    drop_database(server.url, name)


@pytest.fixture
def sqlite_engine(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "tracker.db"
    shutil.copy(migrated_sqlite, path)
    engine = make_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_engine(
    request: pytest.FixtureRequest, migrated_postgres: tuple[URL, str] | None
) -> Iterator[Engine]:
    """A migrated PostgreSQL database of this test's own; without a server it is left out, and counted."""
    if migrated_postgres is None:
        pytest.skip(find_server().missing)
    assert migrated_postgres is not None
    server, template = migrated_postgres
    name = f"tracker_test_{os.getpid()}_{next(_numbers)}"
    engine = make_engine(create_database(server, name, template).render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    drop_database(server, name)


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each database in turn, migrated and empty."""
    chosen: Engine = request.getfixturevalue(f"{request.param}_engine")
    return chosen


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium instead of a downloaded one, and no connections of its own."""
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update"]  # fmt: skip
    return {"executable_path": CHROMIUM, "args": quiet, "headless": True}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a Chromium, browser tests are left out, and counted."""
    if CHROMIUM:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium was found"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note each test that was left out, with its reason."""
    if report.skipped and isinstance(report.longrepr, tuple) and not hasattr(report, "wasxfail"):
        _left_out[report.longrepr[2].removeprefix("Skipped: ")].add(report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was left out, with its count."""
    for reason, tests in sorted(_left_out.items()):
        terminalreporter.write_line(f"!!! {len(tests)} tests LEFT OUT: {reason}", red=True, bold=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where nothing may be left out (TRACKER_TEST_REQUIRE_ALL=1), leaving out is failing."""
    if os.environ.get("TRACKER_TEST_REQUIRE_ALL") == "1" and _left_out:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
