"""Alembic's environment: runs migrations on the connection handed over, or on TRACKER_DATABASE_URL."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

import tracker.budgeting.models
import tracker.catalogue.models
import tracker.catalogue.override_models
import tracker.db.ids
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
from tracker.db import make_engine
from tracker.settings import load_settings

target = SQLModel.metadata


def run(connection: Connection) -> None:
    """Run the asked migrations in one transaction of `connection`.

    A batch change on SQLite rebuilds its table; with foreign keys on, dropping the old table would
    delete or orphan every child row. db.migrate switches them off before the transaction begins,
    and here the result is checked before it is committed.
    """
    context.configure(
        connection=connection,
        target_metadata=target,
        compare_type=True,
        render_as_batch=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"migration would leave rows without their parents: {broken[:5]}")


if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=target, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    handed_over = context.config.attributes.get("connection")
    if handed_over is not None:
        run(handed_over)
    else:
        with make_engine(load_settings().database_url).connect() as own:
            run(own)
            own.commit()
