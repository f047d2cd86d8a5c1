"""The stored versions of the refresh policy: seeding the shipped one, and the one in force on a day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, or_, select, update
from sqlmodel import Session

from tracker.db import new_id, table_of
from tracker.lifecycle.models import RefreshPolicy
from tracker.lifecycle.policy import Policy, default_document, parse_policy

policy = table_of(RefreshPolicy)


def ensure_policy(session: Session, now: datetime, day: date | None = None) -> Policy:
    """The policy in force on `day` (None: that of `now`); stores the shipped one where none is, or where the
    one in force is an older shipped one.

    A policy that an organisation edited carries another name and is left alone. One to four statements.
    """
    shipped = default_document()
    row = _in_force(session, None, day or now.date())
    fresh = parse_policy(shipped)
    if row is not None and (row.name != fresh.name or row.version >= fresh.version):
        return parse_policy(row.document, row.id, row.effective_on)
    if row is not None:
        session.execute(update(policy).where(policy.c.id == row.id).values(superseded_at=now))
    policy_id = new_id(session)
    session.execute(
        policy.insert().values(
            id=policy_id,
            name=fresh.name,
            version=fresh.version,
            document=shipped,
            source="shipped",
            recorded_at=now,
        )
    )
    return parse_policy(shipped, policy_id)


def get_policy(session: Session, known_at: datetime | None = None, day: date | None = None) -> Policy:
    """The policy in force on `day` (None: the latest that has begun or will) as known at `known_at` (None:
    now); before the first recorded one, that one; with none recorded, the shipped one. One or two statements.
    """
    row = _in_force(session, known_at, day)
    if row is None and known_at is not None:
        row = session.execute(_COLUMNS.order_by(policy.c.recorded_at, policy.c.id)).first()
    if row is None:
        return parse_policy(default_document())
    return parse_policy(row.document, row.id, row.effective_on)


_COLUMNS = select(policy.c.id, policy.c.name, policy.c.version, policy.c.document, policy.c.effective_on)


def _in_force(session: Session, known_at: datetime | None, day: date | None) -> Row[Any] | None:
    """The version that begins last, not after `day`; of those that begin on one day the one recorded last."""
    query = _COLUMNS.order_by(
        policy.c.effective_on.is_(None),
        policy.c.effective_on.desc(),
        policy.c.recorded_at.desc(),
        policy.c.id.desc(),
    )
    if day is not None:
        query = query.where(or_(policy.c.effective_on.is_(None), policy.c.effective_on <= day))
    current = policy.c.superseded_at.is_(None)
    if known_at is None:
        return session.execute(query.where(current)).first()
    then = or_(current, policy.c.superseded_at > known_at)
    return session.execute(query.where(policy.c.recorded_at <= known_at, then)).first()
