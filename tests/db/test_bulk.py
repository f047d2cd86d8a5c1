"""Bulk writes: one statement whatever the number of rows, values as the column types store them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from tracker.catalogue.models import CatalogueSnapshot
from tracker.db import insert_rows, new_id, reading, record_statements, reserve_ids, transaction

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
COLUMNS = ["id", "source", "kind", "licence", "as_of", "sha256", "loaded_at", "counts"]


def row(number: int) -> tuple[object, ...]:
    return (number, "a 'source'\t\\", "kind", "", date(2026, 8, 22), "00", NOW, {"products": number})


@pytest.mark.parametrize("count", [0, 1, 2_000])
def test_rows_arrive_unchanged_by_one_statement(engine: Engine, count: int) -> None:
    with record_statements(engine) as statements, transaction(engine) as session:
        inserted = insert_rows(session, CatalogueSnapshot, COLUMNS, (row(n) for n in range(1, count + 1)))
    assert inserted == count
    assert len([sql for sql in statements if "catalogue_snapshot" in sql]) == 1
    with reading(engine) as session:
        stored = session.exec(select(CatalogueSnapshot).order_by(CatalogueSnapshot.id)).all()  # type: ignore[arg-type]
    assert [(s.id, s.source, s.as_of, s.loaded_at, s.counts) for s in stored] == [
        (n, "a 'source'\t\\", date(2026, 8, 22), NOW, {"products": n}) for n in range(1, count + 1)
    ]


def test_an_error_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), transaction(engine) as session:
        insert_rows(session, CatalogueSnapshot, COLUMNS, [row(1)])
        raise ZeroDivisionError
    with reading(engine) as session:
        assert session.exec(select(CatalogueSnapshot)).all() == []


def test_ids_are_blocks_that_never_overlap(engine: Engine) -> None:
    with transaction(engine) as session:
        first = reserve_ids(session, 10)
        second = reserve_ids(session, 5)
        third = new_id(session)
    assert (len(first), len(second)) == (10, 5)
    assert len({*first, *second, third}) == 16


def test_foreign_keys_hold(engine: Engine) -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO daily_rollup (agency_id, day, measure, value) VALUES (99, '2026-01-01', 'x', 1)"
            )
        )


def test_a_reading_session_cannot_keep_writes(engine: Engine) -> None:
    def write(session: Session) -> None:
        session.execute(text("UPDATE id_counter SET next_id = 999999"))

    from sqlalchemy.exc import InternalError, OperationalError

    try:
        with reading(engine) as session:
            write(session)
    except (InternalError, OperationalError):
        pass
    with transaction(engine) as session:
        assert new_id(session) < 999_999
