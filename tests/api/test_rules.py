"""Rules, policies and contracts through HTTP."""

from __future__ import annotations

from sqlalchemy import text

from tests.api.conftest import Api, problem
from tracker.db import transaction


def test_rules_and_rulesets_are_told_in_both_languages(sqlite_api: Api) -> None:
    rules = {one["rule"]: one for one in sqlite_api.get("auditor-a", "/rules")}
    assert rules["security-support-ends-soon"]["severity"] == "low (365 d), medium (180 d), high (90 d)"
    assert rules["not-repairable"]["id"]["title"] == "Tidak dapat diperbaiki lagi"
    names = [one["id"] for one in sqlite_api.get("auditor-a", "/rulesets")]
    assert names == ["default", "au-pspf-legacy", "uk-legacy-risk", "us-cisa-bod-26-02", "us-gao-points"]


def test_only_an_administrator_of_everything_changes_the_policy(sqlite_api: Api) -> None:
    wanted = {"name": "ours", "effective_on": "2999-01-01", "changes": {"not_seen_days": 7}}
    for who in ("admin-a", "manager-a", "budget-a"):
        problem(sqlite_api.call(who, "POST", "/policies", json=wanted), 403, "forbidden")
    made = sqlite_api.post("root", "/policies", wanted, 201)
    assert (made["name"], made["version"], made["effective_on"]) == ("ours", 1, "2999-01-01")
    assert sqlite_api.get("auditor-a", f"/policies/{made['id']}")["not_seen_days"] == 7
    assert [one["is_in_force"] for one in sqlite_api.get("auditor-a", "/policies")] == [False, True]
    wrong = {**wanted, "changes": {"ends_soon": "often"}}
    problem(sqlite_api.call("root", "POST", "/policies", json=wrong), 422, "bad-policy")
    problem(sqlite_api.call("root", "GET", "/policies/999999999"), 404, "policy-not-found")


def test_contracts_stay_within_the_subtree(sqlite_api: Api) -> None:
    with transaction(sqlite_api.engine) as session:
        session.execute(
            text(
                "INSERT INTO product (id, slug, label, category, aliases, identifiers, tags, labels, snapshot_id) "
                "SELECT 900001, 'windows', 'Windows', 'os', '[]', '[]', '[]', '{}', MIN(id) FROM catalogue_snapshot"
            )
        )
    wanted = {"agency": "A1", "product": "windows", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    made = sqlite_api.post("manager-a", "/contracts", wanted, 201)
    problem(sqlite_api.call("auditor-a", "POST", "/contracts", json=wanted), 404, "agency-not-found")
    problem(sqlite_api.call("admin-b", "POST", "/contracts", json=wanted), 404, "agency-not-found")
    assert [one["agency"] for one in sqlite_api.get("auditor-a", "/contracts")] == ["A1"]
    assert sqlite_api.get("admin-b", "/contracts") == []
    place = f"/contracts/{made['id']}"
    problem(
        sqlite_api.call("admin-b", "PATCH", place, json={"ends_on": "2026-06-30"}), 404, "contract-not-found"
    )
    assert sqlite_api.call("manager-a", "PATCH", place, json={"ends_on": "2026-06-30"}).status_code == 204
    assert [one["ends_on"] for one in sqlite_api.get("manager-a", "/contracts")] == ["2026-06-30"]


def test_findings_the_worst_first(sqlite_api: Api) -> None:
    order = ("critical", "high", "medium", "low", "info")
    seen: list[str] = []
    after = None
    while True:
        more: dict[str, str] = {"after": after} if after else {}
        page = sqlite_api.get("root", "/findings", sort="severity", limit=3, **more)
        seen += [one["severity"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == sorted(seen, key=order.index)
    assert seen[0] == "critical"
    response = sqlite_api.call("root", "GET", "/findings", params={"sort": "severity", "after": "1-2"})
    problem(response, 422, "cursor")
