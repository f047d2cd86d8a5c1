"""The queue, decisions, files of names and overridden dates through the API."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.api.conftest import Api, problem
from tests.api.test_openapi import add_products
from tracker.db import transaction
from tracker.inventory.matching import match_titles


def test_a_name_is_decided_listed_exported_and_taken_back(api: Api) -> None:
    with transaction(api.engine) as session:
        match_titles(session, datetime.now(UTC))
    new = {"agency": "A", "text": "Kantorku Pro 3", "outcome": "not-tracked", "reason": "ours"}
    made = api.post("manager-a", "/matching/decisions", new, 201)["decisions"][0]
    assert (made["agency"], made["key"], made["outcome"]) == ("A", "kantorku pro", "not-tracked")
    assert [one["id"] for one in api.get("manager-a", "/matching/decisions")] == [made["id"]]
    assert api.get("admin-b", "/matching/decisions") == []
    assert api.get("admin-b", "/matching/aliases") == []
    rows = api.get("manager-a", "/matching/aliases")
    assert [(row["agency"], row["key"]) for row in rows] == [("A", "kantorku pro")]
    assert api.post("manager-a", "/matching/aliases", rows)["unchanged"] == 1
    assert "kantorku pro" in api.call("manager-a", "GET", "/matching/aliases?format=csv").text
    problem(api.call("admin-b", "DELETE", f"/matching/decisions/{made['id']}"), 404, "unknown_decision")
    assert api.call("manager-a", "DELETE", f"/matching/decisions/{made['id']}").status_code == 200
    assert api.get("manager-a", "/matching/decisions") == []


def test_the_queue_is_of_ones_own_agencies(api: Api) -> None:
    assert api.get("manager-a", "/matching/queue").keys() == {"items", "next_cursor", "total", "confident"}
    problem(api.call("manager-a", "GET", "/matching/queue?agency=B"), 404, "unknown_agency")
    problem(api.call("manager-a", "GET", "/matching/queue?after=x"), 422, "bad-cursor")
    problem(
        api.call("auditor-a", "POST", "/matching/queue/accept", json={"agency": "A"}), 404, "unknown_agency"
    )
    assert api.post("manager-a", "/matching/queue/accept", {"agency": "A"}) == {"decisions": [], "titles": 0}


def test_an_organisation_wide_decision_is_the_roots(api: Api) -> None:
    new = {"agency": "ROOT", "text": "Kantorku Pro", "outcome": "ignored"}
    problem(api.call("admin-a", "POST", "/matching/decisions", json=new), 404, "unknown_agency")
    assert api.post("root", "/matching/decisions", new, 201)["decisions"][0]["agency"] == "ROOT"


def test_a_date_is_overridden_and_let_go(api: Api) -> None:
    add_products(api)
    new = {
        "agency": "A",
        "product": "windows",
        "release": "10-22h2",
        "value": "2030-01-31",
        "reason": "contract",
    }
    made = api.post("manager-a", "/matching/overrides", new, 201)
    assert (made["agency"], made["value"], made["author"]) == ("A", "2030-01-31", "manager-a@example.org")
    assert api.get("admin-b", "/matching/overrides") == []
    problem(api.call("admin-b", "DELETE", f"/matching/overrides/{made['id']}"), 404, "unknown_override")
    assert api.call("manager-a", "DELETE", f"/matching/overrides/{made['id']}").status_code == 200
    assert api.get("manager-a", "/matching/overrides") == []
    assert [one["id"] for one in api.get("manager-a", "/matching/overrides", history=True)] == [made["id"]]
