"""Ids: 64-bit integers unique in the installation, reserved in blocks before bulk writes."""

from __future__ import annotations

from sqlalchemy import Engine, text
from sqlmodel import Field, Session, SQLModel

from tracker.db.conventions import BigInt
from tracker.db.engine import is_sqlite

_ADVANCE = text("UPDATE id_counter SET next_id = next_id + :count WHERE name = 'all' RETURNING next_id")


class IdCounter(SQLModel, table=True):
    """One row: the next free id."""

    __tablename__ = "id_counter"
    name: str = Field(primary_key=True)
    next_id: int = Field(sa_type=BigInt)


def reserve_ids(session: Session, count: int) -> range:
    """Reserve `count` ids, one statement. Ids of a transaction that fails are never used again.

    On PostgreSQL the counter moves in a transaction of its own, so that two long writers do not
    wait for each other; SQLite has one writer at a time anyway.
    """
    if count <= 0:
        return range(0)
    if is_sqlite(session):
        end = session.execute(_ADVANCE, {"count": count}).scalar_one()
        return range(end - count, end)
    bind = session.get_bind()
    engine = bind if isinstance(bind, Engine) else bind.engine
    with engine.begin() as connection:
        end = connection.execute(_ADVANCE, {"count": count}).scalar_one()
    return range(end - count, end)


def new_id(session: Session) -> int:
    """One id; use reserve_ids for more."""
    return reserve_ids(session, 1)[0]
