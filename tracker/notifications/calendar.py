"""A calendar of end and order-by dates under a secret address (iCalendar, RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event
from sqlalchemy import delete, func, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.passwords import digest, new_secret
from tracker.identity.queries import load_principal
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as within
from tracker.lifecycle.details import Detail, load_details
from tracker.lifecycle.handling import finding
from tracker.notifications.digest import one_line
from tracker.notifications.models import CalendarFeed
from tracker.notifications.texts import text

feed = table_of(CalendarFeed)


def make_feed(session: Session, principal: Principal, now: datetime) -> str:
    """A new secret for the principal's calendar, shown only now; the one before ends.

    Raises: Invalid for the operator, who has no calendar.
    """
    if principal.user_id is None:
        raise Invalid("no_user", "only users have a calendar")
    end_feed(session, principal)
    secret = new_secret()
    session.execute(
        feed.insert().values(user_id=principal.user_id, token_hash=digest(secret), created_at=now)
    )
    return secret


def end_feed(session: Session, principal: Principal) -> None:
    """End the principal's calendar: its address answers nothing any more."""
    session.execute(delete(feed).where(feed.c.user_id == principal.user_id))


def find_feed(session: Session, principal: Principal) -> datetime | None:
    """When the principal's calendar was made, None without one."""
    made = select(feed.c.created_at).where(feed.c.user_id == principal.user_id)
    return session.execute(made).scalar_one_or_none()


def read_feed(session: Session, secret: str, now: datetime) -> bytes:
    """The calendar behind a secret: what its user may see now. At most seven statements.

    Raises: NotFound for a secret that is none, or of a user who is no longer active.
    """
    user_id = session.execute(
        select(feed.c.user_id).where(feed.c.token_hash == digest(secret))
    ).scalar_one_or_none()
    principal = load_principal(session, user_id) if user_id is not None else None
    if principal is None:
        raise NotFound("not_found", "There is nothing at this address.")
    calendar = Calendar()
    calendar.add("prodid", "-//IT Asset Lifecycle//EN")
    calendar.add("version", "2.0")
    calendar.add("name", text("calendar", principal.language))
    calendar.add("x-wr-calname", text("calendar", principal.language))
    for event in _events(session, principal, now):
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(session: Session, principal: Principal, now: datetime) -> Iterator[Event]:
    """One event for each distinct thing and day, not for each asset."""
    query = (
        select(finding.c.verdict_id, func.count(finding.c.asset_id.distinct()).label("assets"))
        .where(finding.c.resolved_on.is_(None), finding.c.ends_on >= now.date())
        .where(within(finding.c.agency_id, principal.scope(Permission.VIEW)))
        .group_by(finding.c.verdict_id)
        .order_by(finding.c.verdict_id)
    )
    counts = {row.verdict_id: row.assets for row in session.execute(query)}
    details = load_details(session, sorted(counts)).by_verdict if counts else {}
    # Several windows of one end are one event.
    merged: dict[tuple[str, date, str], int] = {}
    for verdict_id, detail in details.items():
        for code, day in _days(detail):
            key = (code, day, one_line(detail.title or detail.product or "–"))
            merged[key] = merged.get(key, 0) + counts[verdict_id]
    for (code, day, subject), assets in sorted(merged.items(), key=lambda pair: (pair[0][1], pair[0])):
        yield _event(code, day, subject, assets, principal.language, now)


def _days(detail: Detail) -> Iterator[tuple[str, date]]:
    if detail.ends_on is not None:
        yield "ends", detail.ends_on
    order_by = detail.evidence.get("order_by_on")
    if isinstance(order_by, str):
        yield "order", date.fromisoformat(order_by)


def _event(code: str, day: date, subject: str, assets: int, language: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{digest(f'{code} {day} {subject}')[:32]}@asset-lifecycle")
    event.add("dtstamp", now)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", text(code, language, subject=subject))
    event.add("description", text("assets", language, count=assets))
    event.add("transp", "TRANSPARENT")
    return event
