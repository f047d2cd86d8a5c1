"""Working on findings through the pages: chosen ones and whole filters, waivers by two persons, one with its history."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tests.web.conftest import Pages
from tracker.identity.models import Role

UNTIL = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
WAIVER = {
    "act": "ask-waiver",
    "reason": "No money before spring",
    "control": "Off the network",
    "until": UNTIL,
}


def numbers(page: str) -> list[str]:
    """The findings that can be ticked."""
    return re.findall(r'name="finding-(\d+)"', page)


def test_ticked_findings_are_handled_and_say_so(stocked: Pages) -> None:
    first, *others = numbers(stocked.get("/findings"))
    ticked = {f"finding-{first}": "yes", "which": "chosen"}
    assert "Done for 1 findings." in stocked.submit("/findings/act", "/findings", act="acknowledge", **ticked)
    assert numbers(stocked.get("/findings?handling=acknowledged")) == [first]
    assert numbers(stocked.get("/findings?handling=new")) == others
    assert "No finding was chosen." in stocked.submit("/findings/act", "/findings", act="acknowledge")
    again = stocked.submit("/findings/act", "/findings", act="acknowledge", **ticked)
    assert "Nothing was changed: the step fits none" in again
    page = stocked.get(f"/findings/{first}")
    assert "Acknowledged · admin@example.org" in page
    assert "Found by a scan" in page


def test_all_findings_of_a_filter_are_assigned_with_what_is_wrong_said(stocked: Pages) -> None:
    rule = "lifecycle-unknown"
    chosen = {"which": "all", "rule": rule, "act": "assign", "next": f"/findings?rule={rule}"}
    wrong = stocked.submit("/findings/act", "/findings", **chosen, to="nobody@example.org")
    assert "Nothing was changed: No user" in wrong
    done = stocked.submit("/findings/act", "/findings", **chosen, to="admin@example.org", due_on=UNTIL)
    of_rule = numbers(done)
    assert f"Done for {len(of_rule)} findings." in done
    assert "Assigned to: admin@example.org" in done
    assert numbers(stocked.get("/findings?assignee=admin%40example.org")) == of_rule
    assert len(numbers(stocked.get("/findings?assignee=nobody"))) < len(numbers(stocked.get("/findings")))


def test_a_waiver_is_asked_for_by_one_and_approved_by_another(stocked: Pages) -> None:
    first = numbers(stocked.get("/findings"))[0]
    one = {f"finding-{first}": "yes", "next": f"/findings/{first}"}
    assert "Nothing was changed: " in stocked.submit(
        "/findings/act", "/findings", **{**WAIVER, "until": ""}, **one
    )
    stocked.submit("/findings/act", "/findings", **WAIVER, **one)
    own = stocked.submit("/findings/act", "/findings", act="grant-waiver", **one)
    assert "Nothing was changed: the step fits none" in own
    manager = stocked.sign_in("manager@example.org", Role.IT_MANAGER)
    assert "Approve" not in manager.get(f"/findings/{first}")
    assert manager.post("/findings/act", "/findings", act="grant-waiver", **one).status_code == 403
    second = stocked.sign_in("second@example.org")
    done = second.submit("/findings/act", "/findings", act="grant-waiver", words="Agreed", **one)
    assert "Waiver approved · second@example.org" in done
    assert "Reason: No money before spring · Compensating control: Off the network" in done
    assert numbers(second.get("/findings?handling=waived")) == [first]
    assert first in numbers(second.get("/findings")), "waived stays counted"
    assert re.search(r"Waived findings.*?figure-value\">1<", second.get("/"), re.S)
    asset = re.search(r'href="(/assets/\d+)"', done)
    assert asset
    assert "Waived" in second.get(asset[1])


def test_auditors_read_and_others_see_nothing(stocked: Pages) -> None:
    first = numbers(stocked.get("/findings"))[0]
    auditor = stocked.sign_in("auditor@example.org", Role.AUDITOR)
    assert numbers(auditor.get("/findings")) == []
    assert "How it stands" in auditor.get(f"/findings/{first}")
    answer = auditor.post("/findings/act", "/profile", act="acknowledge", **{f"finding-{first}": "yes"})
    assert answer.status_code == 403
    stocked.sign_in("other@example.org", Role.ADMIN, "OTHER").get(f"/findings/{first}", status=404)


def test_a_finding_is_linked_to_the_line_of_its_asset(stocked: Pages) -> None:
    form = {"agency": "PROV", "first": "2027", "length": "1", "currency": "IDR", "method": "ranked"}
    answer = stocked.post(
        "/plans", "/plans/new?first=2027&length=1", name="Refresh", budget_2027="90000000", **form
    )
    plan = answer.headers["location"].rsplit("/", 1)[1]
    done = stocked.submit(
        "/findings/act", "/findings", act="link-plan", plan=plan, which="all", rule="past-useful-life"
    )
    assert re.search(r"Done for [1-9]\d* findings\.", done)
    linked = numbers(stocked.get("/findings?rule=past-useful-life"))[0]
    page = stocked.get(f"/findings/{linked}")
    assert f'href="/plans/{plan}"' in page
    assert "Plan: Refresh" in page
