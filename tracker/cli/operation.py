"""Commands that run the installation: db, serve, worker, backup, restore, audit."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy import make_url

from tracker.cli.catalogue import Json
from tracker.cli.context import open_context, open_database
from tracker.cli.output import FAILED, REFUSED, explained, print_json, say, stop
from tracker.db import make_engine, migrate, reading, transaction
from tracker.identity import audit as chain
from tracker.identity.actions import ensure_first_admin
from tracker.inventory.task_running import ImportWorker
from tracker.jobs import start_scheduler
from tracker.settings import load_settings
from tracker.startup import prepare

db = typer.Typer(help="The schema.", no_args_is_help=True)
audit = typer.Typer(help="The audit log.", no_args_is_help=True)


@db.command("upgrade")
@explained
def upgrade() -> None:
    """Bring the schema to this program's and load the data it ships with."""
    engine = open_database()
    migrate.upgrade(engine)
    prepare(engine, datetime.now(UTC))
    say(f"schema is at {migrate.current_revision(engine)}")


@db.command("downgrade")
@explained
def downgrade(revision: Annotated[str, typer.Argument(help="A revision, -1 or base.")] = "-1") -> None:
    """Take the schema back."""
    engine = open_database()
    migrate.downgrade(engine, revision)
    say(f"schema is at {migrate.current_revision(engine) or 'nothing'}")


@db.command("check")
@explained
def check() -> None:
    """Whether the schema is exactly the one of the code."""
    engine = open_database()
    if engine.dialect.name == "sqlite":
        migrate.upgrade(engine)
    found = migrate.differences(engine)
    for difference in found:
        say(difference)
    if found or migrate.current_revision(engine) != migrate.head_revision():
        stop("schema_differs", "the schema is not the one of the code", as_json=False, exit_code=FAILED)
    say(f"schema is at {migrate.current_revision(engine)} and matches the code")


@explained
def serve(
    host: Annotated[str | None, typer.Option(help="Default: TRACKER_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Default: TRACKER_PORT or 8000.")] = None,
) -> None:
    """Web pages and API, with the scheduler unless TRACKER_SCHEDULER=off."""
    settings = load_settings()
    engine = make_engine(settings.database_url)
    now = datetime.now(UTC)
    prepare(engine, now)
    with transaction(engine) as session:
        password = ensure_first_admin(session, now)
    engine.dispose()
    if password:
        say(f"created admin@localhost with the one-time password {password}; change it after signing in")
    address = f"http://{host or settings.host}:{port or settings.port}/"
    say(f"serving on {address}")
    uvicorn.run(
        "tracker.app:create",
        factory=True,
        host=host or settings.host,
        port=port or settings.port,
        log_level="warning",
    )


@explained
def worker() -> None:
    """The scheduler and the imports in the background, without pages, until stopped."""
    context = open_context()
    scheduler = start_scheduler(context.engine, context.settings)
    importing = ImportWorker(context.engine, context.settings).start()
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    say("worker started")
    done.wait()
    importing.stop()
    scheduler.shutdown(wait=True)


@audit.command("verify")
@explained
def verify(as_json: Json = False) -> None:
    """Whether the audit log is whole: every event chained to the one before."""
    context = open_context()
    with reading(context.engine) as session:
        result = chain.verify(session)
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        say(
            f"{result.events} events, "
            + ("whole" if result.broken_at is None else f"broken at {result.broken_at}")
        )
    if result.broken_at is not None:
        raise typer.Exit(FAILED)


def _postgres_environment(url: str) -> tuple[list[str], dict[str, str]]:
    parsed = make_url(url)
    words = ["--dbname", parsed.database or "postgres"]
    for option, value in (("--host", parsed.host), ("--port", parsed.port), ("--username", parsed.username)):
        if value:
            words += [option, str(value)]
    return words, {**os.environ, **({"PGPASSWORD": str(parsed.password)} if parsed.password else {})}


def _run_tool(words: list[str], environment: dict[str, str]) -> None:
    try:
        subprocess.run(words, check=True, env=environment, capture_output=True, text=True)
    except FileNotFoundError:
        stop("tool_missing", f"{words[0]} is needed and was not found", as_json=False, exit_code=FAILED)
    except subprocess.CalledProcessError as error:
        stop("tool_failed", error.stderr.strip(), as_json=False, exit_code=FAILED)


@explained
def backup(file: Path) -> None:
    """Write a consistent copy of the database to FILE, also while it is in use."""
    if file.exists():
        stop("exists", f"{file} exists already", as_json=False, exit_code=REFUSED)
    settings = load_settings()
    engine = open_database()
    if engine.dialect.name == "sqlite":
        connection = sqlite3.connect(str(engine.url.database))
        connection.execute("VACUUM INTO ?", (str(file),))
        connection.close()
    else:
        words, environment = _postgres_environment(settings.database_url)
        _run_tool(["pg_dump", "--format=custom", "--no-owner", "--file", str(file), *words], environment)
    say(f"wrote {file}")


@explained
def restore(
    file: Path, force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False
) -> None:
    """Replace the database by the backup FILE."""
    if not file.is_file():
        stop("not_found", f"{file} does not exist", as_json=False, exit_code=REFUSED)
    settings = load_settings()
    engine = open_database()
    if engine.dialect.name == "sqlite":
        _restore_sqlite(file, Path(str(engine.url.database)), force)
    else:
        if not force and migrate.current_revision(engine):
            stop(
                "not_empty",
                "the database is not empty; --force replaces it",
                as_json=False,
                exit_code=REFUSED,
            )
        engine.dispose()
        words, environment = _postgres_environment(settings.database_url)
        _run_tool(["pg_restore", "--clean", "--if-exists", "--no-owner", "--exit-on-error", "--single-transaction",
                   *words, str(file)], environment)  # fmt: skip
    say(f"restored {file}")


def _restore_sqlite(file: Path, target: Path, force: bool) -> None:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as source:
        try:
            sound = source.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            ours = source.execute("SELECT count(*) FROM sqlite_master WHERE name = 'id_counter'").fetchone()[
                0
            ]
        except sqlite3.DatabaseError:
            sound, ours = False, 0
        if not (sound and ours):
            stop(
                "not_a_backup", f"{file} is no sound backup of this program", as_json=False, exit_code=REFUSED
            )
        if target.exists() and not force:
            stop(
                "not_empty", f"{target} exists already; --force replaces it", as_json=False, exit_code=REFUSED
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        destination = sqlite3.connect(target)
        source.backup(destination)
        destination.close()
