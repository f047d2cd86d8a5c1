"""Who writes an agency's inventory: one transaction at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.models import Agency

_agency = table_of(Agency)


def lock_inventory(session: Session, agency_id: int) -> None:
    """Hold the agency's inventory for writing until the transaction ends. One statement.

    SQLite has one writer anyway. The lock leaves rows that refer to the agency free to be written.
    """
    session.execute(select(_agency.c.id).where(_agency.c.id == agency_id).with_for_update(key_share=True))


_turn = threading.Lock()


@contextmanager
def writer_turn(engine: Engine) -> Iterator[None]:
    """Wait in this process for the long writers before: SQLite has one at a time, and lets others wait for
    half a minute only. PostgreSQL needs no turns."""
    if engine.dialect.name != "sqlite":
        yield
        return
    with _turn:
        yield
