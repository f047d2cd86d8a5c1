"""What every process does first: schema, root agency, shipped catalogue, policy and prices.

Each step finds its work done and does nothing on the second start.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from tracker.budgeting.actions import ensure_prices
from tracker.catalogue.actions import ensure_loaded
from tracker.db import migrate, transaction
from tracker.identity.actions import ensure_root
from tracker.lifecycle.actions import ensure_policy


class SchemaBehindError(RuntimeError):
    """A PostgreSQL schema is older than the code: an operator upgrades it, no command does so by itself."""


class SchemaUnknownError(RuntimeError):
    """The schema is of a program that this one does not know; nothing is changed."""


def ensure_schema(engine: Engine) -> None:
    """Upgrade an older or empty SQLite schema; on PostgreSQL only check.

    Raises:
        SchemaBehindError: the PostgreSQL schema is not the one this code needs.
        SchemaUnknownError: the schema is of a newer program.
    """
    current, wanted = migrate.current_revision(engine), migrate.head_revision()
    if current == wanted:
        return
    if current is not None and not migrate.is_known(current):
        raise SchemaUnknownError(
            f"the database is at revision {current}, which this program (at {wanted}) does not know: "
            "it was made by a newer program"
        )
    if engine.dialect.name != "sqlite":
        raise SchemaBehindError(
            f"the database is at revision {current or 'none'}, this program needs {wanted}: "
            "run 'tracker db upgrade'"
        )
    migrate.upgrade(engine)


def prepare(engine: Engine, now: datetime) -> None:
    """Make the database ready for use: schema, then the data that ships with the program."""
    ensure_schema(engine)
    with transaction(engine) as session:
        ensure_root(session, now)
        ensure_loaded(session, now)
        ensure_policy(session, now)
        ensure_prices(session, now)
