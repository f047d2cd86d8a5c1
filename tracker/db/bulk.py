"""Writing many rows with one statement: a streamed executemany on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import Dialect, Table, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from tracker.db.engine import is_sqlite
from tracker.db.recorder import note_statement

Row = Sequence[Any]


def table_of(model: type[SQLModel] | Table) -> Table:
    """The table behind a SQLModel class."""
    return model if isinstance(model, Table) else model.__table__  # type: ignore[attr-defined]


def insert_rows(
    session: Session, model: type[SQLModel] | Table, columns: Sequence[str], rows: Iterable[Row]
) -> int:
    """Insert `rows` (tuples in the order of `columns`, Python values) and return how many there were.

    Rows are consumed as a stream: memory does not grow with them. One statement on either database.
    """
    table = table_of(model)
    session.flush()
    bound = _bind(session.get_bind().dialect, table, columns, rows)
    if is_sqlite(session):
        return _executemany(session, table, columns, bound)
    return _copy(session, table, columns, bound)


def insert_unless_taken(session: Session, model: type[SQLModel] | Table, values: Mapping[str, Any]) -> bool:
    """Insert one row unless a unique constraint says that it is taken: True where it was inserted."""
    table = table_of(model)
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    inserting = make(table).values(dict(values)).on_conflict_do_nothing()
    return session.execute(inserting.returning(*table.primary_key)).first() is not None


def create_temporary(session: Session, name: str, columns: str) -> None:
    """A temporary table `name` with the column definitions `columns`, empty, gone at the end of the session.

    Two statements. On PostgreSQL it is dropped at commit, on SQLite emptied here when it exists.
    """
    session.execute(text(f"DROP TABLE IF EXISTS {name}"))
    suffix = "" if is_sqlite(session) else " ON COMMIT DROP"
    session.execute(text(f"CREATE TEMPORARY TABLE {name} ({columns}){suffix}"))


def _processors(dialect: Dialect, table: Table, columns: Sequence[str]) -> list[Callable[[Any], Any] | None]:
    found: list[Callable[[Any], Any] | None] = []
    for name in columns:
        kind = table.c[name].type.dialect_impl(dialect)
        found.append(kind.bind_processor(dialect))
    return found


def _bind(dialect: Dialect, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> Iterable[Row]:
    processors = _processors(dialect, table, columns)
    active = [(at, process) for at, process in enumerate(processors) if process is not None]
    return _processed(rows, active) if active else rows


def _processed(rows: Iterable[Row], active: Sequence[tuple[int, Callable[[Any], Any]]]) -> Iterator[Row]:
    for row in rows:
        values = list(row)
        for at, process in active:
            if values[at] is not None:
                values[at] = process(values[at])
        yield values


def _executemany(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    places = ", ".join("?" for _ in columns)
    sql = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of ours
    note_statement(sql)
    cursor = session.connection().connection.cursor()
    try:
        cursor.executemany(sql, rows)  # type: ignore[arg-type]
        return max(cursor.rowcount, 0)
    except sqlite3.Error as error:
        raise _wrapped(sql, error, sqlite3.Error) from error
    finally:
        cursor.close()


def _wrapped(sql: str, error: Exception, base: type[Exception]) -> BaseException:
    """The driver's error as SQLAlchemy's own, as every other statement raises it."""
    return DBAPIError.instance(sql, None, error, base)


def _copy(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    sql = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN"
    counter = 0
    note_statement(sql)
    driver: Any = session.connection().connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row(row)
                counter += 1
    except psycopg.Error as error:
        raise _wrapped(sql, error, psycopg.Error) from error
    return counter
