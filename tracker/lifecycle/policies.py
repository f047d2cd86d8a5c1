"""The stored versions of the refresh policy: seeding the shipped one, and the one in force."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlmodel import Session

from tracker.db import new_id, table_of
from tracker.lifecycle.models import RefreshPolicy
from tracker.lifecycle.policy import Policy, default_document, parse_policy

policy = table_of(RefreshPolicy)


def ensure_policy(session: Session, now: datetime) -> Policy:
    """The policy in force; stores the shipped one where none is, or where an older shipped one is.

    A policy that an organisation edited carries another name and is left alone. One to four statements.
    """
    shipped = default_document()
    row = session.execute(
        select(policy.c.id, policy.c.name, policy.c.version, policy.c.document)
        .where(policy.c.superseded_at.is_(None))
        .order_by(policy.c.recorded_at.desc(), policy.c.id.desc())
    ).first()
    fresh = parse_policy(shipped)
    if row is not None and (row.name != fresh.name or row.version >= fresh.version):
        return parse_policy(row.document, row.id)
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


def get_policy(session: Session, known_at: datetime | None = None) -> Policy:
    """The policy in force at `known_at` (None: now); before the first recorded one, that one; with none
    recorded, the shipped one. One or two statements."""
    columns = select(policy.c.id, policy.c.document)
    oldest_first = columns.order_by(policy.c.recorded_at, policy.c.id)
    if known_at is None:
        newest = columns.order_by(policy.c.recorded_at.desc(), policy.c.id.desc())
        row = session.execute(newest.where(policy.c.superseded_at.is_(None))).first()
    else:
        then = columns.where(policy.c.recorded_at <= known_at)
        row = session.execute(then.order_by(policy.c.recorded_at.desc(), policy.c.id.desc())).first()
        row = row or session.execute(oldest_first).first()
    return parse_policy(row.document, row.id) if row is not None else parse_policy(default_document())
