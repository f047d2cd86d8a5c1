"""The planner of a database that nobody has counted yet finds the rows of one asset by their index."""

from __future__ import annotations

from sqlalchemy import Engine, text

from tracker.db import migrate


def _plan(engine: Engine, query: str) -> str:
    with engine.connect() as connection:
        return " | ".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))


def test_rows_of_an_asset_are_found_by_asset(sqlite_engine: Engine) -> None:
    plan = _plan(sqlite_engine, "SELECT role FROM installation WHERE agency_id = 5 AND asset_id = 7")
    assert plan == "SEARCH installation USING INDEX ix_installation_asset (agency_id=? AND asset_id=?)"


def test_rows_of_an_agency_are_read_in_key_order(sqlite_engine: Engine) -> None:
    plan = _plan(sqlite_engine, "SELECT role FROM installation WHERE agency_id = 5 ORDER BY id")
    assert plan == "SEARCH installation USING PRIMARY KEY (agency_id=?)"


def test_a_second_upgrade_keeps_statistics_that_were_counted(sqlite_engine: Engine) -> None:
    counted = text("SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx")
    with sqlite_engine.begin() as connection:
        connection.execute(
            text("UPDATE sqlite_stat1 SET stat = '10 5 1' WHERE idx = 'ix_installation_asset'")
        )
        before = connection.execute(counted).all()
    migrate.upgrade(sqlite_engine)
    with sqlite_engine.connect() as connection:
        assert connection.execute(counted).all() == before
    assert migrate.differences(sqlite_engine) == []
