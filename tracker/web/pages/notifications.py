"""What one is told by mail, the secret address of one's calendar, and what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.db import reading, transaction
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.notifications import actions, calendar
from tracker.notifications.actions import NewSubscription
from tracker.notifications.queries import DeliveryView, SubscriptionView, list_deliveries, list_subscriptions
from tracker.web.choices import Column, Option, agency_options, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form
from tracker.web.i18n import N_
from tracker.web.rendering import render, translate
from tracker.web.translation import error_text
from tracker.web.visitor import Guest, SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_HERE = "/profile/notifications"


@dataclass(frozen=True, slots=True)
class NotificationsPage:
    """Subscriptions, the calendar, deliveries; `has_mail` says whether a mail server is set."""

    subscriptions: tuple[SubscriptionView, ...]
    columns: tuple[Column, ...]
    deliveries: tuple[DeliveryView, ...]
    delivery_columns: tuple[Column, ...]
    agencies: tuple[Option, ...]
    cadences: tuple[Option, ...]
    severities: tuple[Option, ...]
    has_mail: bool
    has_feed: bool
    is_admin: bool
    email: str
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def _page(
    request: Request, visitor: Visitor, typed: Mapping[str, str] | None = None, problem: str | None = None
) -> NotificationsPage:
    mail = get_settings(request).mail
    with reading(get_engine(request)) as session:
        return NotificationsPage(
            subscriptions=tuple(list_subscriptions(session, visitor.principal)),
            columns=columns(visitor, N_("Agency"), N_("To"), N_("How often"), N_("From severity"), tools=True),
            deliveries=tuple(list_deliveries(session, visitor.principal)),
            delivery_columns=columns(visitor, N_("Sent on"), N_("Agency"), N_("To"), N_("State"), N_("Items"), numbers=(4,)),
            agencies=agency_options(list_agencies(session, visitor.principal)),
            cadences=term_options(visitor, "cadence"),
            severities=term_options(visitor, "severity"),
            has_mail=bool(mail.host and mail.sender),
            has_feed=calendar.find_feed(session, visitor.principal) is not None,
            is_admin=visitor.may(Permission.ADMIN),
            email=visitor.principal.name,
            typed=typed or {},
            problem=problem,
        )  # fmt: skip


@router.get(_HERE)
def show_notifications(request: Request, visitor: SignedIn) -> Response:
    """One's subscriptions, calendar and deliveries."""
    return render(request, visitor, "notifications.html", _page(request, visitor))


@router.post(_HERE)
def subscribe(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Subscribe oneself, or an address of an agency that one administers."""
    names = ("agency", "cadence", "least_severity", "address")
    try:
        new = NewSubscription.model_validate({name: value for name in names if (value := form.find(name))})
        with transaction(get_engine(request)) as session:
            actions.subscribe(session, visitor.principal, new, visitor.today, visitor.now)
    except (ValidationError, Conflict, Invalid, NotFound) as error:
        problem = (
            translate(visitor, N_("An agency is needed, and an address that can be written to."))
            if isinstance(error, ValidationError)
            else error_text(visitor, error)
        )
        page = _page(request, visitor, dict(form.fields), problem)
        return render(request, visitor, "notifications.html", page, status=422)
    return redirect(_HERE, Flash("subscribed"), secure=get_settings(request).cookie_secure)


@router.post("/profile/notifications/{subscription_id:int}/end")
def unsubscribe(request: Request, visitor: SignedIn, form: Form, subscription_id: int) -> Response:
    """End a subscription."""
    with transaction(get_engine(request)) as session:
        actions.unsubscribe(session, visitor.principal, subscription_id, visitor.now)
    return redirect(_HERE, Flash("unsubscribed"), secure=get_settings(request).cookie_secure)


@router.post("/profile/notifications/test")
def send_test(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Send a mail to oneself."""
    settings = get_settings(request)
    try:
        actions.send_test(settings.mail, visitor.principal)
    except Invalid as error:
        return redirect(
            _HERE, Flash("test-failed", {"why": error_text(visitor, error)}), secure=settings.cookie_secure
        )
    return redirect(_HERE, Flash("test-sent", {"to": visitor.principal.name}), secure=settings.cookie_secure)


@router.post("/profile/notifications/calendar")
def make_calendar(request: Request, visitor: SignedIn, form: Form) -> Response:
    """A new secret address for one's calendar, or none."""
    settings = get_settings(request)
    with transaction(get_engine(request)) as session:
        if form.text("act") == "end":
            calendar.end_feed(session, visitor.principal)
            return redirect(_HERE, Flash("calendar-ended"), secure=settings.cookie_secure)
        secret = calendar.make_feed(session, visitor.principal, visitor.now)
    base = settings.public_url or str(request.base_url).rstrip("/")
    flash = Flash("calendar-made", secret=f"{base}/calendar/{secret}.ics")
    return redirect(_HERE, flash, secure=settings.cookie_secure)


@router.get("/calendar/{secret}.ics")
def read_calendar(request: Request, visitor: Guest, secret: str) -> Response:
    """The calendar behind a secret address; no session is needed, the address is the key."""
    with reading(get_engine(request)) as session:
        found = calendar.read_feed(session, secret[:200], visitor.now)
    headers = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
    return Response(found, media_type="text/calendar; charset=utf-8", headers=headers)
