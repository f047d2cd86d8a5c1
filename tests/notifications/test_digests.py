"""Digests over a real mail server on this machine: what is told, once, also by two at once and after a crash."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from icalendar import Calendar
from sqlalchemy import Engine, text

from tests.lifecycle.test_workflow import do, person, rows
from tests.lifecycle.world import NOW, OPERATOR, TODAY, Thing, World, build
from tracker.db import reading, transaction
from tracker.identity.errors import Conflict, NotFound
from tracker.identity.models import Role
from tracker.identity.schemas import Principal
from tracker.lifecycle import workflow
from tracker.lifecycle.actions import scan
from tracker.notifications import actions, calendar
from tracker.notifications.actions import NewSubscription, Sent, send_digests
from tracker.notifications.models import Cadence
from tracker.notifications.queries import list_deliveries, list_subscriptions
from tracker.settings import MailSettings, Settings, load_settings


@dataclass
class Post:
    """A mail server that keeps what it is given; `refuses` says no, `dies` breaks off after the mail."""

    mails: list[Message] = field(default_factory=list)
    refuses: bool = False
    dies: bool = False

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuses:
            return "550 no"
        self.mails.append(message_from_bytes(envelope.content))
        if self.dies:
            server.transport.abort()
        return "250 taken"


@pytest.fixture
def post() -> Iterator[Post]:
    yield Post()


@pytest.fixture
def settings(post: Post) -> Iterator[Settings]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    mail = MailSettings("127.0.0.1", port, "off", sender="tracker@example.org", seconds=10)
    yield replace(load_settings({}), mail=mail, public_url="https://assets.example.org")
    server.stop()


@pytest.fixture
def world(engine: Engine) -> World:
    things = [
        Thing("A", "A-1", ["Windows 10 Pro"]),
        Thing("A1", "A1-1", ["Office 2021"]),
        Thing("B", "B-1", ["Windows 10 Pro"]),
    ]
    return build(engine, things)


def subscribe(engine: Engine, who: Principal, agency: str, **more: Any) -> int:
    with transaction(engine) as session:
        return actions.subscribe(session, who, NewSubscription(agency=agency, **more), TODAY, NOW)


def send(engine: Engine, settings: Settings, day: date = TODAY) -> Sent:
    return send_digests(engine, settings, day, NOW + (day - TODAY))


def states(engine: Engine, who: Principal) -> list[tuple[str, str, int, int]]:
    with reading(engine) as session:
        return [(one.slot, one.state, one.items, one.attempt) for one in list_deliveries(session, who)]


def body(mail: Message) -> str:
    payload = mail.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_each_finding_is_told_once_and_nothing_is_said_of_nothing(
    engine: Engine, world: World, settings: Settings, post: Post
) -> None:
    reader = person(engine, world, "reader", "A", Role.AUDITOR)
    subscribe(engine, reader, "A")
    assert send(engine, settings).to_json() == {
        "configured": True, "sent": 0, "failed": 0, "uncertain": 0, "quiet": 1,
    }  # fmt: skip
    scan(engine, OPERATOR, TODAY, NOW)
    assert send(engine, settings).sent == 1
    (mail,) = post.mails
    assert (mail["To"], mail["Auto-Submitted"]) == ("reader@example.org", "auto-generated")
    told = body(mail)
    assert "A-1" in told and "A1-1" in told and "B-1" not in told
    assert "https://assets.example.org/findings" in told
    for later in range(3):
        assert send(engine, settings, TODAY + timedelta(days=later)).sent == 0
    assert len(post.mails) == 1
    ((slot, state, _, attempt),) = states(engine, reader)
    assert (slot, state, attempt) == ("2026-11-25", "sent", 1)


def test_two_at_once_send_one_mail(engine: Engine, world: World, settings: Settings, post: Post) -> None:
    scan(engine, OPERATOR, TODAY, NOW)
    for code in ("A", "B"):
        subscribe(engine, OPERATOR, code, address=f"it@{code}.example.org")
    gate, found = threading.Barrier(3), []

    def run() -> None:
        gate.wait()
        found.append(send(engine, settings).sent)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(found), sorted(mail["To"] for mail in post.mails)) == (
        2,
        ["it@a.example.org", "it@b.example.org"],
    )


def test_what_surely_failed_is_tried_again_and_what_may_have_arrived_is_not(
    engine: Engine, world: World, settings: Settings, post: Post
) -> None:
    scan(engine, OPERATOR, TODAY, NOW)
    subscribe(engine, OPERATOR, "A", address="it@example.org")
    post.refuses = True
    assert send(engine, settings).failed == 1
    assert send(engine, replace(settings, mail=replace(settings.mail, port=1))).failed == 1
    post.refuses = False
    assert send(engine, settings).sent == 1
    assert [(state, attempt) for _, state, _, attempt in states(engine, OPERATOR)] == [("sent", 3)]
    subscribe(engine, OPERATOR, "B", address="other@example.org")
    post.dies = True
    assert send(engine, settings).uncertain == 1
    post.dies = False
    assert send(engine, settings, TODAY + timedelta(days=1)).sent == 0
    assert len(post.mails) == 2


def test_a_digest_whose_process_died_is_uncertain_and_not_sent_again(
    engine: Engine, world: World, settings: Settings, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(engine, OPERATOR, TODAY, NOW)
    subscribe(engine, OPERATOR, "A", address="it@example.org")

    class Killed(BaseException):
        """The process ends here."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as broken, pytest.raises(Killed):
        broken.setattr(actions, "send_mail", die)
        send(engine, settings)
    assert [one[1] for one in states(engine, OPERATOR)] == ["claimed"]
    assert send(engine, settings).quiet == 1, "somebody may still be sending it"
    assert send(engine, settings, TODAY + timedelta(days=1)).uncertain == 1
    assert [one[1] for one in states(engine, OPERATOR)] == ["uncertain"]
    assert post.mails == []


def test_due_dates_and_waivers_near_their_end_are_told(
    engine: Engine, world: World, settings: Settings, post: Post
) -> None:
    scan(engine, OPERATOR, TODAY - timedelta(days=1), NOW)
    below = person(engine, world, "below", "A", Role.IT_MANAGER)
    subscribe(engine, below, "A", least_severity="info")
    far, near = TODAY + timedelta(days=30), TODAY + timedelta(days=14)
    do(engine, OPERATOR, workflow.assign, below.name, far, agency="A")
    assert send(engine, settings).quiet == 1
    do(engine, OPERATOR, workflow.assign, below.name, near, agency="A")
    assert send(engine, settings).sent == 1
    assert "Due soon" in body(post.mails[0])
    do(engine, below, workflow.ask_waiver, "r", "c", near, agency="A")
    do(engine, OPERATOR, workflow.grant_waiver)
    assert send(engine, settings, TODAY + timedelta(days=1)).sent == 1
    assert "Waiver ends soon" in body(post.mails[1])
    assert send(engine, settings, TODAY + timedelta(days=2)).quiet == 1
    assert rows(engine, below)


def test_weekly_digests_come_once_a_week(
    engine: Engine, world: World, settings: Settings, post: Post
) -> None:
    subscribe(engine, OPERATOR, "A", address="it@example.org", cadence=Cadence.WEEKLY)
    scan(engine, OPERATOR, TODAY, NOW)
    assert send(engine, settings).sent == 1
    assert states(engine, OPERATOR)[0][0] == "2026-W48"


def test_one_subscribes_to_what_one_sees_and_only_once(engine: Engine, world: World) -> None:
    reader = person(engine, world, "reader", "A", Role.AUDITOR)
    number = subscribe(engine, reader, "A1")
    refused: tuple[tuple[type[Exception], dict[str, str]], ...] = (
        (Conflict, {"agency": "A1"}), (NotFound, {"agency": "B"}), (NotFound, {"agency": "A", "address": "x@y"}),
    )  # fmt: skip
    for error, wanted in refused:
        with pytest.raises(error), transaction(engine) as session:
            actions.subscribe(session, reader, NewSubscription(**wanted), TODAY, NOW)
    other = person(engine, world, "other", "A", Role.ADMIN)
    with pytest.raises(NotFound), transaction(engine) as session:
        actions.unsubscribe(session, other, number, NOW)
    with transaction(engine) as session:
        actions.unsubscribe(session, reader, number, NOW)
    with reading(engine) as session:
        assert list_subscriptions(session, reader) == []


def test_without_a_mail_server_nothing_is_claimed(engine: Engine, world: World) -> None:
    scan(engine, OPERATOR, TODAY, NOW)
    subscribe(engine, OPERATOR, "A", address="it@example.org")
    assert send(engine, load_settings({})).to_json()["configured"] is False
    assert states(engine, OPERATOR) == []


def test_the_calendar_holds_what_its_user_may_see(engine: Engine, world: World) -> None:
    scan(engine, OPERATOR, TODAY, NOW)
    reader = person(engine, world, "reader", "A1", Role.AUDITOR)
    with transaction(engine) as session:
        old = calendar.make_feed(session, reader, NOW)
    with transaction(engine) as session:
        secret = calendar.make_feed(session, reader, NOW)
    read: Callable[[str], Any] = lambda key: Calendar.from_ical(_read(engine, key))  # noqa: E731
    events = [
        (str(e["SUMMARY"]), e["DTSTART"].dt, str(e["DESCRIPTION"])) for e in read(secret).walk("VEVENT")
    ]
    assert ("Support ends: Office 2021", date(2026, 12, 31), "1 assets") in events
    assert [name for name, _, _ in events if "Windows" in name] == []
    assert all(e["UID"] and e["DTSTAMP"] for e in read(secret).walk("VEVENT"))
    for wrong in (old, "", "x"):
        with pytest.raises(NotFound):
            _read(engine, wrong)
    with transaction(engine) as session:
        session.execute(text("UPDATE app_user SET active = FALSE"))
    with pytest.raises(NotFound):
        _read(engine, secret)


def _read(engine: Engine, secret: str) -> bytes:
    with reading(engine) as session:
        return calendar.read_feed(session, secret, NOW)
