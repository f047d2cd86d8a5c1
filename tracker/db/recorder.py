"""Counting statements: what tests of hot paths assert, and what the slow-statement log reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Engine, event

_recorded: ContextVar[list[str] | None] = ContextVar("recorded", default=None)


def note_statement(sql: str) -> None:
    """Add a statement that went to the driver directly (COPY, streamed executemany) to the recording."""
    statements = _recorded.get()
    if statements is not None:
        statements.append(sql)


def _note_cursor(_conn: Any, _cursor: Any, sql: str, _params: Any, _context: Any, _many: bool) -> None:
    note_statement(sql)


@contextmanager
def record_statements(engine: Engine) -> Iterator[list[str]]:
    """The list of statements that run on `engine` inside the block, in order; an executemany is one."""
    statements: list[str] = []
    token = _recorded.set(statements)
    event.listen(engine, "before_cursor_execute", _note_cursor)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", _note_cursor)
        _recorded.reset(token)
