"""Who writes an agency's inventory: one transaction at a time."""

from __future__ import annotations

from sqlalchemy import select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.models import Agency

_agency = table_of(Agency)


def lock_inventory(session: Session, agency_id: int) -> None:
    """Hold the agency's inventory for writing until the transaction ends. One statement.

    SQLite has one writer anyway. The lock leaves rows that refer to the agency free to be written.
    """
    session.execute(select(_agency.c.id).where(_agency.c.id == agency_id).with_for_update(key_share=True))
