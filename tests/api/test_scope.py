"""An agency sees its own subtree only: lists hold nothing else, and what lies outside looks absent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from tests.api.conftest import Api, problem
from tracker.db import reading, table_of
from tracker.inventory.models import Asset
from tracker.lifecycle.models import Finding

BUDGETS = {"2027": "1000000000", "2028": "1000000000"}


def wanted(name: str, agency: str | None = None) -> dict[str, Any]:
    """A plan to make."""
    return {"name": name, "agency_code": agency, "years": [2027, 2028], "budgets": BUDGETS}


def asset_id(api: Api, tag: str) -> int:
    """The id of an asset by its tag."""
    with reading(api.engine) as session:
        asset = table_of(Asset)
        return int(session.execute(select(asset.c.id).where(asset.c.asset_tag == tag)).scalar_one())


def test_lists_hold_the_subtree_only(api: Api) -> None:
    assert {one["agency"] for one in api.get("admin-a", "/assets")["items"]} == {"A", "A1"}
    assert {one["agency"] for one in api.get("admin-b", "/assets")["items"]} == {"B"}
    assert len(api.get("root", "/assets")["items"]) == 5
    assert {one["agency"] for one in api.get("admin-a", "/findings")["items"]} == {"A", "A1"}
    assert [one["rule"] for one in api.get("admin-b", "/findings")["items"]] == ["exploited-possible"]
    assert [one["code"] for one in api.get("admin-b", "/agencies")] == ["B"]
    assert [one["email"] for one in api.get("admin-b", "/users")] == ["admin-b@example.org"]
    assert "admin-b" not in str(api.get("admin-a", "/users"))
    assert api.get("clerk-a", "/users") == []
    api.post("root", "/plans", wanted("all"), 201)
    api.post("budget-a", "/plans", wanted("ours"), 201)
    assert [one["name"] for one in api.get("budget-a", "/plans")["items"]] == ["ours"]
    assert [one["name"] for one in api.get("root", "/plans")["items"]] == ["ours", "all"]
    assert api.get("admin-b", "/plans")["items"] == []


def test_what_lies_outside_looks_absent(api: Api) -> None:
    made = api.post("budget-a", "/plans", wanted("ours"), 201)
    foreign, absent = asset_id(api, "L0"), 999_999
    pairs = [
        ("GET", "/assets/{}", foreign),
        ("GET", "/assets/{}/lifecycle", foreign),
        ("PATCH", "/assets/{}", foreign),
        ("GET", "/plans/{}", made["id"]),
        ("GET", "/plans/{}/workbook", made["id"]),
        ("GET", "/plans/compare?a={0}&b={0}", made["id"]),
        ("GET", "/agencies/{}", "A"),
        ("GET", "/assets?agency={}", "A"),
        ("GET", "/findings?agency={}", "A"),
        ("GET", "/findings/export?agency={}", "A"),
        ("GET", "/findings?agency={}&as_of=2026-01-01", "A"),
    ]
    for method, path, there in pairs:
        body = {"json": {"location": "x"}} if method == "PATCH" else {}
        seen = api.call("admin-b", method, path.format(there), **body)
        unseen = api.call("admin-b", method, path.format(absent if isinstance(there, int) else "ZZ"), **body)
        assert seen.status_code == (200 if path.startswith("/assets?") else 404), (path, seen.text)
        shown = seen.text.replace(str(there), "?").replace(f"'{there}'", "?")
        hidden = unseen.text.replace(str(absent), "?").replace("ZZ", "?")
        assert shown == hidden, path


def test_rights_within_the_subtree(api: Api) -> None:
    here = asset_id(api, "L0")
    problem(api.call("auditor-a", "PATCH", f"/assets/{here}", json={"location": "x"}), 404, "asset-not-found")
    problem(api.call("clerk-a", "POST", "/plans", json=wanted("no")), 403, "may-not-plan")
    problem(api.call("admin-b", "POST", "/plans", json=wanted("no", "A")), 404, "unknown_agency")
    problem(api.call("clerk-a", "POST", "/scan"), 403, "forbidden")
    problem(
        api.call("admin-a", "POST", "/agencies", json={"code": "X", "name": "X", "parent_code": "B"}),
        404,
        "unknown_agency",
    )
    problem(
        api.call("admin-a", "POST", "/users", json={"email": "x@y", "role": "admin"}), 404, "unknown_agency"
    )
    problem(
        api.call("admin-a", "PATCH", "/users/admin-b@example.org", json={"active": False}),
        404,
        "unknown_user",
    )
    problem(api.call("admin-a", "GET", "/jobs"), 403, "forbidden")
    problem(api.call("auditor-a", "GET", "/audit/verify"), 403, "forbidden")
    assert api.get("root", "/audit/verify")["broken_at"] is None
    assert api.get("root", "/jobs") == {"items": [], "next": None}


def test_the_audit_log_of_a_subtree(api: Api) -> None:
    api.call("manager-a", "PATCH", f"/assets/{asset_id(api, 'L0')}", json={"location": "Gudang"})
    events = api.get("auditor-a", "/audit")["items"]
    assert events[0]["action"] == "asset-updated"
    assert events[0]["actor"] == "manager-a@example.org"
    assert {event["agency_code"] for event in events} <= {"A", "A1"}
    assert api.get("manager-a", "/audit")["items"] == []


def test_pages_join_without_gap_or_repetition(api: Api) -> None:
    for code in ("C1", "C2", "C3", "C4"):
        api.post("root", "/agencies", {"code": code, "name": code}, 201)
    for path in ("/assets", "/findings", "/audit"):
        _check_pages(api, path)


def _check_pages(api: Api, path: str) -> None:
    whole = api.get("root", path, limit=200)
    assert whole["next"] is None
    found: list[Any] = []
    after: str | None = None
    while True:
        page = api.get("root", path, limit=2, **({"after": after} if after else {}))
        assert len(page["items"]) <= 2
        found += page["items"]
        after = page["next"]
        if after is None:
            break
    assert found == whole["items"]
    assert len(found) > 4


def test_an_edit_keeps_its_history(api: Api) -> None:
    here = asset_id(api, "L0")
    before = api.get("manager-a", f"/assets/{here}")
    change = {
        "row_version": before["row_version"],
        "cost": "14500000.50",
        "currency": "IDR",
        "location": "Gudang",
    }
    changed = api.call("manager-a", "PATCH", f"/assets/{here}", json=change)
    assert changed.status_code == 200, changed.text
    after = changed.json()
    assert (after["cost"], after["currency"], after["location"]) == ("14500000.50", "IDR", "Gudang")
    assert {one["field"] for one in after["changes"]} == {"cost_minor", "currency", "location"}
    problem(api.call("manager-a", "PATCH", f"/assets/{here}", json=change), 409, "asset-changed")
    problem(
        api.call("manager-a", "PATCH", f"/assets/{here}", json={"currency": None}), 422, "currency-missing"
    )
    cleared = api.call("manager-a", "PATCH", f"/assets/{here}", json={"cost": None}).json()
    assert cleared["cost"] is None


def test_findings_are_never_empty_by_accident(api: Api) -> None:
    with reading(api.engine) as session:
        assert len(session.execute(select(table_of(Finding).c.id)).all()) == 8
