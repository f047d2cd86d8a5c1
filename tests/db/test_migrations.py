"""Migrations: up, checked, down, up again, with rows in the tables, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, text

from tracker.db import migrate, transaction

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def test_the_migrated_schema_is_the_one_of_the_code(engine: Engine) -> None:
    assert migrate.differences(engine) == []
    assert migrate.current_revision(engine) == migrate.head_revision()


def test_down_and_up_again(engine: Engine) -> None:
    migrate.downgrade(engine, "base")
    assert migrate.current_revision(engine) is None
    migrate.upgrade(engine)
    assert migrate.differences(engine) == []


def test_an_upgrade_of_a_current_schema_keeps_rows_and_their_children(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(
            text("INSERT INTO agency (id, code, name, path, created_at) VALUES (7, 'A', 'A', '/7/', :now)"),
            {"now": NOW},
        )
        session.execute(
            text(
                "INSERT INTO daily_rollup (agency_id, day, measure, value) VALUES (7, '2026-01-01', 'assets', 3)"
            )
        )
    migrate.upgrade(engine)
    with transaction(engine) as session:
        assert session.execute(text("SELECT count(*) FROM daily_rollup")).scalar_one() == 1


def test_a_batch_change_of_a_parent_table_keeps_its_children(sqlite_engine: Engine) -> None:
    """On SQLite a batch change rebuilds the table: with foreign keys on, the children would go with it."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy import Column, String

    with transaction(sqlite_engine) as session:
        session.execute(
            text("INSERT INTO app_user (id, email, password_hash, must_change_password, language, active, "
                 "created_at) VALUES (1, 'a@b', 'x', 0, 'en', 1, :now)"), {"now": NOW},
        )  # fmt: skip
        session.execute(
            text("INSERT INTO user_session (token_hash, user_id, csrf_token, created_at, expires_at) "
                 "VALUES ('h', 1, 'c', :now, :now)"), {"now": NOW},
        )  # fmt: skip

    def change(_config: object) -> None:
        with Operations(MigrationContext.configure(connection)).batch_alter_table(
            "app_user", recreate="always"
        ) as batch:
            batch.add_column(Column("nickname", String(), nullable=True))

    with sqlite_engine.connect() as connection, migrate.foreign_keys_off(connection):
        change(None)
        connection.commit()
    with transaction(sqlite_engine) as session:
        assert session.execute(text("SELECT count(*) FROM user_session")).scalar_one() == 1
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
