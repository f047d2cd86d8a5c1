"""Schema changes: upgrade, downgrade and check, by Alembic, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from tracker.db.statistics import seed_statistics


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(str(resources.files("migrations")))))
    return config


@contextmanager
def foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Foreign keys of SQLite switched off while its tables are rebuilt, and on again after.

    Only outside a transaction can they be switched; see migrations/env.py for why they must be.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


def _run(engine: Engine, act: Callable[[Config], None]) -> None:
    config = _config()
    with engine.connect() as connection, foreign_keys_off(connection):
        config.attributes["connection"] = connection
        act(config)
        connection.commit()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`."""
    _run(engine, lambda config: command.upgrade(config, revision))
    seed_statistics(engine)


def downgrade(engine: Engine, revision: str = "-1") -> None:
    """Take the schema back to `revision`."""
    _run(engine, lambda config: command.downgrade(config, revision))


def current_revision(engine: Engine) -> str | None:
    """The revision the database has, None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Whether `revision` is one of this program's."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def head_revision() -> str | None:
    """The revision the code wants."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def differences(engine: Engine) -> list[str]:
    """What the tables of the code have that the database has not, or the other way round; empty is good."""

    def compare(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(change) for change in compare_metadata(context, SQLModel.metadata)]

    with engine.connect() as connection:
        return compare(connection)
