"""From findings to an approved plan with three compared scenarios, in the pages alone; and what became of it."""

from __future__ import annotations

import re

from tests.web.conftest import Pages
from tracker.identity.models import Role

FORM = {"agency": "PROV", "first": "2027", "length": "2", "currency": "IDR", "method": "ranked"}
BUDGETS = {"budget_2027": "90,000,000", "budget_2028": "90,000,000"}


def made(pages: Pages, **more: str) -> str:
    """The address of a new plan."""
    answer = pages.post("/plans", "/plans/new?first=2027&length=2", **(FORM | BUDGETS | more))
    assert answer.status_code == 303, answer.text[:3000]
    return answer.headers["location"]


def scenario(pages: Pages, plan: str, **more: str) -> str:
    """The address of a scenario of a plan."""
    form = {"basis": "frozen", "keep": "yes", "method": "ranked", **BUDGETS, **more}
    answer = pages.post(f"{plan}/scenario", f"{plan}/scenario", **form)
    assert answer.status_code == 303, answer.text[:3000]
    return answer.headers["location"]


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_three_scenarios_one_approved_by_another_person(stocked: Pages) -> None:
    first = made(stocked, name="Refresh")
    assert 'value="Refresh, other scenario"' in stocked.get(f"{first}/scenario")
    poor = scenario(stocked, first, name="Poor", budget_2027="0", budget_2028="14,000,000")
    best = scenario(
        stocked, first, name="Best", method="optimal", basis="today", caps="PROV: 2027=20,000,000"
    )
    numbers = [plan.rsplit("/", 1)[1] for plan in (first, poor, best)]
    page = stocked.get("/plans/compare?a={}&b={}&c={}".format(*numbers))
    assert page.count("<rect") >= 6
    for text in ("Poor against Refresh", "Best against Refresh", "Cost by fiscal year"):
        assert text in page
    assert "PROV spends at most IDR\xa020,000,000 in 2027." in stocked.get(best)
    page = stocked.get(best)
    line = re.search(rf'href="({best}/lines/\d+)"', page)
    assert line
    revision = hidden(stocked.get(line[1]), "revision")
    moved = stocked.submit(line[1], line[1], kind="move", year="2028", units="1", revision=revision)
    assert "The line is changed and the totals are counted anew." in moved
    assert moved.count("Adjusted by hand") >= 2
    stale = stocked.submit(line[1], line[1], kind="move", year="2028", units="1", revision=revision)
    assert "The plan has been changed since" in stale
    assert "The last adjustment is taken back." in stocked.submit(f"{best}/undo", best)
    assert "No adjustment is left" in stocked.submit(f"{best}/undo", best)
    stocked.sign_in("officer@example.org", Role.BUDGET_OFFICER)
    assert "Approve</button>" not in stocked.get(best)
    page = stocked.submit(f"{best}/steps", best, step="submitted", comment="for the council")
    assert "The plan is submitted." in page and "for the council" in page
    assert "own-plan" not in page and "Approve</button>" not in page
    stocked.sign_in("head@example.org", Role.IT_MANAGER)
    page = stocked.submit(f"{best}/steps", best, step="approved")
    assert "From now on it cannot be changed" in page
    stocked.sign_in("officer2@example.org", Role.BUDGET_OFFICER)
    assert "Move or split" not in stocked.get(line[1])
    form = {"step": "ordered", "happened_on": "2027-02-01", "units": "1", "amount": "12,000,000"}
    page = stocked.submit(f"{line[1]}/progress", line[1], **form)
    assert "12,000,000" in stocked.get(line[1])
    assert "Planned against actual" in page
    refused = stocked.submit(f"{line[1]}/progress", line[1], **(form | {"units": "99"}))
    assert "units cannot be ordered" in refused


def test_limits_that_cannot_be_kept_are_said_and_what_was_typed_stays(stocked: Pages) -> None:
    for field, typed, message in (
        ("caps", "NOWHERE: 2027=1", "there is no agency"),
        ("caps", "PROV: 2027=-1", "must be 0 or more"),
        ("caps", "PROV 2027", "is not AGENCY: YEAR=AMOUNT"),
        ("floors", "moon=3", "names none of urban"),
        ("floors", "agency:PROV=300", "0 to 100"),
        ("capacity", "many", "is not YEAR=VALUE"),
        ("smoothing", "x", "no whole percentage"),
        ("inflation", "x", "no percentage"),
        ("inflation", "900", "0 to 100 can be assumed"),
    ):
        wanted = FORM | BUDGETS | {"name": "X", field: typed}
        answer = stocked.post("/plans", "/plans/new?first=2027&length=2", **wanted)
        assert (answer.status_code, message in answer.text) == (422, True), (
            field,
            typed,
            answer.text[-3000:],
        )
        assert typed in answer.text and '<details class="fold" open>' in answer.text


def test_the_sensitivity_is_computed_on_demand_and_kept(stocked: Pages) -> None:
    plan = made(stocked, name="Studied")
    assert "Not computed yet" in stocked.get(f"{plan}/sensitivity")
    page = stocked.submit(f"{plan}/sensitivity", f"{plan}/sensitivity")
    for text in ("Computed and kept with the plan.", "What more money is worth", "draws with the seed"):
        assert text in page
    auditor = stocked.sign_in("auditor@example.org", Role.AUDITOR)
    assert "What more money is worth" in auditor.get(f"{plan}/sensitivity")
    assert "<button>" not in auditor.get(f"{plan}/sensitivity").split("<main")[1].split("</main")[0]
    assert auditor.post(f"{plan}/sensitivity", f"{plan}").status_code == 403
