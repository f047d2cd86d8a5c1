"""Engines and transactions: the only place that knows how SQLite and PostgreSQL begin, lock and wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool
from sqlmodel import Session

READ_ONLY = "tracker_read_only"


def make_engine(url: str) -> Engine:
    """An engine with this project's rules for the database named by `url` (sqlite:/// or postgresql://)."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        options = "-c timezone=UTC -c lock_timeout=30000 -c idle_in_transaction_session_timeout=600000"
        return create_engine(parsed, pool_pre_ping=True, pool_size=10, connect_args={"options": options})
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 30})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def make_engine_beside(engine: Engine, name: str) -> Engine:
    """An engine whose writes wait for no transaction of `engine`: itself on PostgreSQL, and on SQLite, which has
    one writer at a time, one for a small file `DATABASE.name` of its own."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return engine
    url = engine.url.set(database=f"{database}.{name}")
    beside = create_engine(url, connect_args={"timeout": 30}, poolclass=NullPool)
    event.listen(beside, "connect", _prepare_sqlite)
    event.listen(beside, "begin", _begin_sqlite)
    return beside


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver's own transaction handling is switched off: it would start transactions late and
    # as readers, and a reader that turns writer fails at once with "locked" instead of waiting.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "synchronous=NORMAL",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")


def is_sqlite(session: Session) -> bool:
    """Whether `session` talks to SQLite."""
    return session.get_bind().dialect.name == "sqlite"


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session whose writes are committed together at the end, or not at all when an error leaves it."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session for queries: one consistent snapshot, no write lock, nothing committed."""
    options: dict[str, Any] = {READ_ONLY: True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with (
        engine.connect().execution_options(**options) as connection,
        Session(bind=connection, expire_on_commit=False) as session,
    ):
        yield session
