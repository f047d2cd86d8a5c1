"""Reading subscriptions and deliveries, and picking what a digest is to tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, literal, or_, select, union_all
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.models import Agency, User
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal, Scope
from tracker.identity.scope import limit as within
from tracker.lifecycle.handling import finding, is_waived, work, work_of
from tracker.lifecycle.policy import SEVERITIES
from tracker.notifications.models import DeliveredItem, Delivery, Reason, Subscription

agency, user = table_of(Agency), table_of(User)
subscription, delivery, item = table_of(Subscription), table_of(Delivery), table_of(DeliveredItem)
#: A due date or the end of a waiver is near from so many days before.
NEAR_DAYS = 14


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription as shown and as sent: `to` is the e-mail address, `is_own` that of a user."""

    id: int
    agency_id: int
    agency: str
    path: str
    user_id: int | None
    to: str
    cadence: str
    least_severity: str
    language: str
    starts_on: date


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One digest as shown."""

    id: int
    agency: str
    to: str
    slot: str
    state: str
    attempt: int
    items: int
    claimed_at: datetime
    finished_at: datetime | None
    error: str | None


_TO = (user.c.email, subscription.c.address)


def _joined() -> Any:
    return subscription.join(agency, agency.c.id == subscription.c.agency_id).outerjoin(
        user, user.c.id == subscription.c.user_id
    )


def _mine(principal: Principal) -> ColumnElement[bool]:
    """SQL: the principal's own subscriptions, and those of addresses where the principal administers."""
    of_agency = and_(
        subscription.c.user_id.is_(None), within(subscription.c.agency_id, principal.scope(Permission.ADMIN))
    )
    return or_(subscription.c.user_id == principal.user_id, of_agency)


def list_subscriptions(session: Session, principal: Principal) -> list[SubscriptionView]:
    """The principal's own subscriptions, and those of agencies that the principal administers. One statement."""
    return _subscriptions(session, _mine(principal))


def list_all_subscriptions(session: Session) -> list[SubscriptionView]:
    """Every subscription whose user is active; for sending. One statement."""
    active = or_(subscription.c.user_id.is_(None), user.c.active.is_(True))
    return _subscriptions(session, active)


def _subscriptions(session: Session, which: ColumnElement[bool]) -> list[SubscriptionView]:
    query = (
        select(
            subscription.c.id, agency.c.id.label("agency_id"), agency.c.code, agency.c.path, subscription.c.user_id,
            *_TO, subscription.c.cadence, subscription.c.least_severity, subscription.c.language,
            subscription.c.starts_on,
        )
        .select_from(_joined())
        .where(which)
        .order_by(agency.c.path, subscription.c.id)
    )  # fmt: skip
    return [
        SubscriptionView(
            row.id, row.agency_id, row.code, row.path, row.user_id, row.email or row.address, row.cadence,
            row.least_severity, row.language, row.starts_on,
        )
        for row in session.execute(query)
    ]  # fmt: skip


def list_deliveries(session: Session, principal: Principal, most: int = 50) -> list[DeliveryView]:
    """The newest deliveries of the subscriptions that the principal may list. One statement."""
    shown = [
        delivery.c[name]
        for name in ("slot", "state", "attempt", "items", "claimed_at", "finished_at", "error")
    ]
    same = and_(
        delivery.c.agency_id == subscription.c.agency_id, delivery.c.subscription_id == subscription.c.id
    )
    query = (
        select(delivery.c.id, agency.c.code, *_TO, *shown)
        .select_from(_joined().join(delivery, same))
        .where(_mine(principal))
        .order_by(delivery.c.claimed_at.desc(), delivery.c.id.desc())
        .limit(most)
    )
    return [
        DeliveryView(
            row.id, row.code, row.email or row.address, row.slot, row.state, row.attempt, row.items,
            row.claimed_at, row.finished_at, row.error,
        )
        for row in session.execute(query)
    ]  # fmt: skip


def select_items(one: SubscriptionView, scope: Scope, today: date) -> Select[Any]:
    """SQL: (finding_id, reason, about_on) of what the subscription is to be told and was not yet: open findings of
    the agency and all below it within `scope`, waived ones only where their waiver ends soon."""
    near = today + timedelta(days=NEAR_DAYS)
    severe = finding.c.severity.in_(SEVERITIES[: SEVERITIES.index(one.least_severity) + 1])
    below = select(agency.c.id).where(agency.c.path >= one.path, agency.c.path < one.path[:-1] + "0")
    here = and_(
        finding.c.resolved_on.is_(None),
        severe,
        finding.c.agency_id.in_(below),
        within(finding.c.agency_id, scope),
    )
    of_user = work.c.assignee_id == one.user_id if one.user_id is not None else literal(1) == 1
    joined = finding.outerjoin(work, work_of(finding))
    unwaived = or_(work.c.waived_until.is_(None), ~is_waived(today))
    kinds = (
        (Reason.NEW, finding.c.opened_on, and_(finding.c.opened_on >= one.starts_on, unwaived)),
        (Reason.DUE, work.c.due_on, and_(work.c.due_on <= near, of_user, unwaived)),
        (Reason.WAIVER_ENDS, work.c.waived_until, work.c.waived_until.between(today, near)),
    )
    found = union_all(
        *(
            select(
                finding.c.id.label("finding_id"), literal(kind.value).label("reason"), on.label("about_on")
            )
            .select_from(joined)
            .where(here, test)
            for kind, on, test in kinds
        )
    ).subquery("found")
    told = exists().where(
        item.c.agency_id == one.agency_id,
        item.c.subscription_id == one.id,
        item.c.finding_id == found.c.finding_id,
        item.c.reason == found.c.reason,
        item.c.about_on == found.c.about_on,
    )
    return select(found.c.finding_id, found.c.reason, found.c.about_on).where(~told)
