"""Subscribing, the secret calendar and the test mail through the pages."""

from __future__ import annotations

import re

from icalendar import Calendar

from tests.web.conftest import Pages
from tracker.identity.models import Role

HERE = "/profile/notifications"


def test_subscribing_and_ending_it(stocked: Pages) -> None:
    done = stocked.submit(HERE, HERE, agency="PROV", cadence="weekly", least_severity="high")
    assert "You are subscribed." in done
    assert "No mail server is set, so digests are not sent yet." in done
    assert stocked.post(HERE, HERE, agency="PROV").status_code == 422
    assert stocked.post(HERE, HERE, agency="PROV", address="a b@c").status_code == 422
    stocked.submit(HERE, HERE, agency="PROV", address="it@example.org")
    page = stocked.get(HERE)
    assert page.count("/end") == 2
    number = re.search(rf"{HERE}/(\d+)/end", page)
    assert number
    other = stocked.sign_in("other@example.org", Role.AUDITOR, "OTHER")
    assert other.post(f"{HERE}/{number[1]}/end", HERE).status_code == 404
    assert "The subscription is ended." in stocked.sign_in().submit(f"{HERE}/{number[1]}/end", HERE)


def test_the_calendar_is_read_by_its_secret_address_alone(stocked: Pages) -> None:
    made = stocked.submit(f"{HERE}/calendar", HERE)
    found = re.search(r"https?://[^/]+(/calendar/[^<\"]+\.ics)", made)
    assert found
    assert found[1] not in stocked.get(HERE)
    stocked.client.cookies.clear()
    answer = stocked.client.get(found[1])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert Calendar.from_ical(answer.content)["VERSION"] == "2.0"
    assert stocked.client.get("/calendar/wrong.ics").status_code == 404
    stocked.sign_in().submit(f"{HERE}/calendar", HERE, act="end")
    assert stocked.client.get(found[1]).status_code == 404


def test_a_test_without_a_mail_server_says_so(admin: Pages) -> None:
    assert "The test was not sent: No mail server is set." in admin.submit(f"{HERE}/test", HERE)
