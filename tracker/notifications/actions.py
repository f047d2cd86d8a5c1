"""Subscribing, and sending digests: each finding once, whatever dies in between and however many processes send.

A digest is claimed first, with everything it tells, in one transaction; then it is handed over; then noted as sent. Where the
process dies in between, nobody can know whether it arrived: it is shown as uncertain and not sent again.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, delete, func, insert, literal, select, update
from sqlmodel import Session

from tracker.db import insert_unless_taken, new_id, reading, transaction
from tracker.identity import audit
from tracker.identity.errors import Conflict, Forbidden, Invalid, NotFound
from tracker.identity.models import Role
from tracker.identity.queries import get_agency_by_code, load_principal
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.lifecycle.models import Severity
from tracker.lifecycle.queries import list_findings
from tracker.lifecycle.schemas import FindingFilter
from tracker.notifications.digest import MOST_LINES, Digest, Item, make_mail, write_digest
from tracker.notifications.mail import NotSent, PerhapsSent, send_mail
from tracker.notifications.models import Cadence, Delivery, DeliveryState, Reason, Subscription
from tracker.notifications.queries import (
    SubscriptionView,
    delivery,
    item,
    list_all_subscriptions,
    list_subscriptions,
    select_items,
    subscription,
)
from tracker.notifications.texts import text
from tracker.settings import MailSettings, Settings

#: After so long a claim belongs to a process that died: a mail is handed over within `mail.seconds`.
_CLAIM = timedelta(minutes=15)
_MOST_ATTEMPTS = 10


class NewSubscription(BaseModel):
    """A digest about `agency` (code) and all below it: to oneself, or to `address` for whoever administers it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    agency: str = Field(max_length=64)
    cadence: Cadence = Cadence.DAILY
    least_severity: Severity = Severity.MEDIUM
    address: str | None = Field(default=None, max_length=254, pattern=r"^[^@\s<>,]+@[^@\s<>,]+$")


def subscribe(
    session: Session, principal: Principal, new: NewSubscription, today: date, now: datetime
) -> int:
    """Add a subscription; its id. What is found from today on is news.

    Raises: NotFound for an agency that the principal may not see (or, with an address, not administer); Conflict
    where the same is subscribed already; Invalid for the operator without an address.
    """
    needed = Permission.VIEW if new.address is None else Permission.ADMIN
    agency = get_agency_by_code(session, principal, new.agency, needed)
    if new.address is None and principal.user_id is None:
        raise Invalid("no_user", "only users have mail of their own: name an address")
    row_id = new_id(session)
    values = {
        "agency_id": agency.id, "id": row_id, "user_id": None if new.address else principal.user_id,
        "address": new.address.lower() if new.address else None, "cadence": new.cadence.value,
        "least_severity": new.least_severity.value, "language": principal.language, "starts_on": today,
        "created_at": now, "created_by": principal.name,
    }  # fmt: skip
    if not insert_unless_taken(session, Subscription, values):
        raise Conflict("subscribed-already", "this is subscribed already")
    told: dict[str, object] = new.model_dump(mode="json")
    audit.record(session, principal, "subscribed", "subscription", row_id, agency.id, told, now)
    return row_id


def unsubscribe(session: Session, principal: Principal, subscription_id: int, now: datetime) -> None:
    """End a subscription of one's own, or of an agency that one administers; its deliveries go with it.

    Raises: NotFound where there is none.
    """
    mine = {one.id: one for one in list_subscriptions(session, principal)}
    one = mine.get(subscription_id)
    if one is None:
        raise NotFound("subscription-not-found", f"There is no subscription {subscription_id}.")
    session.execute(
        delete(subscription).where(subscription.c.agency_id == one.agency_id, subscription.c.id == one.id)
    )
    told: dict[str, object] = {"to": one.to}
    audit.record(session, principal, "unsubscribed", "subscription", one.id, one.agency_id, told, now)


@dataclass
class Sent:
    """What a run of sending did."""

    is_configured: bool = True
    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    quiet: int = 0
    errors: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, object]:
        """Counts for the run of the job."""
        return {
            "configured": self.is_configured, "sent": self.sent, "failed": self.failed,
            "uncertain": self.uncertain, "quiet": self.quiet,
        }  # fmt: skip


def _go_on() -> None:
    """Nobody asks to stop."""


def send_digests(
    engine: Engine, settings: Settings, today: date, now: datetime, check: Callable[[], None] = _go_on
) -> Sent:
    """Send every digest that is due and has something to tell; where nobody can be told, nothing is claimed.

    Some statements for each subscription, whatever is told. `check` is called between two of them.
    """
    done = Sent(is_configured=bool(settings.mail.host and settings.mail.sender))
    if not done.is_configured:
        return done
    done.uncertain = _give_up_lost(engine, now)
    with reading(engine) as session:
        due = list_all_subscriptions(session)
    for one in due:
        check()
        _send_one(engine, settings, one, today, now, done)
    return done


def _give_up_lost(engine: Engine, now: datetime) -> int:
    """Digests that a process claimed and never finished are uncertain."""
    lost = (delivery.c.state == DeliveryState.CLAIMED, delivery.c.claimed_at < now - _CLAIM)
    with transaction(engine) as session:
        given_up = update(delivery).where(*lost).values(state=DeliveryState.UNCERTAIN, finished_at=now)
        return len(session.execute(given_up.returning(delivery.c.id)).all())


def slot_of(cadence: str, today: date) -> str:
    """The digest of a day or of an ISO week."""
    year, week, _ = today.isocalendar()
    return today.isoformat() if cadence == Cadence.DAILY else f"{year}-W{week:02}"


def _send_one(
    engine: Engine, settings: Settings, one: SubscriptionView, today: date, now: datetime, done: Sent
) -> None:
    with transaction(engine) as session:
        principal = _recipient(session, one)
        claimed = _claim(session, one, principal, today, now)
        digest = _digest(session, one, principal, claimed, today) if claimed is not None else None
    if claimed is None or digest is None:
        done.quiet += 1
        return
    subject, body = write_digest(digest, settings.public_url)
    mail = make_mail(
        settings.mail.sender, one.to, subject, body, f"<{claimed}.{one.id}@{socket.gethostname()}>"
    )
    try:
        send_mail(settings.mail, mail)
    except NotSent as error:
        done.failed += 1
        done.errors.append(str(error))
        _finish(engine, one, claimed, DeliveryState.FAILED, now, str(error))
    except PerhapsSent as error:
        done.uncertain += 1
        _finish(engine, one, claimed, DeliveryState.UNCERTAIN, now, str(error))
    else:
        done.sent += 1
        _finish(engine, one, claimed, DeliveryState.SENT, now)


def _recipient(session: Session, one: SubscriptionView) -> Principal:
    """With whose eyes is looked: the user's as they are now, or a reader of the agency."""
    if one.user_id is None:
        return Principal(None, one.to, ((one.path, Role.AUDITOR),), one.language)
    return load_principal(session, one.user_id) or Principal(None, one.to, ())


def _claim(
    session: Session, one: SubscriptionView, principal: Principal, today: date, now: datetime
) -> int | None:
    """Claim the digest of the slot with all it tells; None where it is quiet, or was claimed already."""
    slot = slot_of(one.cadence, today)
    wanted = select_items(one, principal.scope(Permission.VIEW), today)
    count = session.execute(select(func.count()).select_from(wanted.subquery())).scalar_one()
    if not count:
        return None
    delivery_id = _take(session, one, slot, count, now)
    if delivery_id is None:
        return None
    named = wanted.with_only_columns(
        literal(one.agency_id), literal(one.id), *wanted.selected_columns, literal(delivery_id)
    )
    columns = ["agency_id", "subscription_id", "finding_id", "reason", "about_on", "delivery_id"]
    session.execute(insert(item).from_select(columns, named))
    return delivery_id


def _take(session: Session, one: SubscriptionView, slot: str, count: int, now: datetime) -> int | None:
    fresh = new_id(session)
    values = {"agency_id": one.agency_id, "id": fresh, "subscription_id": one.id, "slot": slot, "attempt": 1,
              "state": DeliveryState.CLAIMED.value, "items": count, "claimed_at": now}  # fmt: skip
    if insert_unless_taken(session, Delivery, values):
        return fresh
    failed = (
        delivery.c.agency_id == one.agency_id,
        delivery.c.subscription_id == one.id,
        delivery.c.slot == slot,
        delivery.c.state == DeliveryState.FAILED,
        delivery.c.attempt < _MOST_ATTEMPTS,
    )
    again = update(delivery).where(*failed).values(
        state=DeliveryState.CLAIMED, attempt=delivery.c.attempt + 1, items=count, claimed_at=now, error=None,
        finished_at=None,
    )  # fmt: skip
    return session.execute(again.returning(delivery.c.id)).scalar_one_or_none()


def _digest(
    session: Session, one: SubscriptionView, principal: Principal, delivery_id: int, today: date
) -> Digest:
    told = (item.c.agency_id == one.agency_id, item.c.delivery_id == delivery_id)
    rows = session.execute(select(item.c.finding_id, item.c.reason, item.c.about_on).where(*told)).all()
    wanted = FindingFilter(ids=tuple(sorted({row.finding_id for row in rows})[:1_000]), on=today)
    found = {
        r.id: r for r in list_findings(session, principal, wanted, limit=MOST_LINES, sort="severity").items
    }
    order = {finding_id: at for at, finding_id in enumerate(found)}
    shown = sorted((row for row in rows if row.finding_id in found), key=lambda row: order[row.finding_id])
    items = tuple(
        Item(
            row.finding_id, Reason(row.reason), row.about_on, told_of.severity, told_of.rule,
            told_of.asset_tag or told_of.asset_name, told_of.agency, told_of.title,
        )
        for row in shown[:MOST_LINES]
        for told_of in (found[row.finding_id],)
    )  # fmt: skip
    return Digest(one.agency, principal.language, len(rows), items)


def _finish(
    engine: Engine,
    one: SubscriptionView,
    delivery_id: int,
    state: DeliveryState,
    now: datetime,
    error: str | None = None,
) -> None:
    """Note how it ended; what surely did not arrive is given back to be told later."""
    mine = (delivery.c.agency_id == one.agency_id, delivery.c.id == delivery_id)
    with transaction(engine) as session:
        ended = update(delivery).where(*mine, delivery.c.state == DeliveryState.CLAIMED)
        session.execute(ended.values(state=state, finished_at=now, error=error[:1_000] if error else None))
        if state is DeliveryState.FAILED:
            told = (item.c.agency_id == one.agency_id, item.c.delivery_id == delivery_id)
            session.execute(delete(item).where(*told))


def send_test(settings: MailSettings, principal: Principal) -> None:
    """Send a mail to the principal's own address.

    Raises: Invalid where no mail server is set, or it did not take the mail; Forbidden for the operator.
    """
    if principal.user_id is None:
        raise Forbidden("forbidden", "only users have an address of their own")
    if not (settings.host and settings.sender):
        raise Invalid("mail-unset", "no mail server is set")
    subject, body = text("test-subject", principal.language), text("test", principal.language) + "\n"
    mail = make_mail(
        settings.sender, principal.name, subject, body, f"<test.{principal.user_id}@{socket.gethostname()}>"
    )
    try:
        send_mail(settings, mail)
    except (NotSent, PerhapsSent) as error:
        raise Invalid("mail-refused", f"the mail server did not take it: {error}") from error
