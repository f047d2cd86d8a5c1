"""Updates of the catalogue by API: shown first, applied once, refused when the catalogue has changed."""

from __future__ import annotations

import json

from tests.api.conftest import Api, problem
from tests.catalogue.upstream import find_product, later, lifecycle


def propose(api: Api, document: object) -> dict[str, object]:
    files = {"file": ("full.json", json.dumps(document).encode())}
    response = api.client.post("/api/v1/catalogue/updates", files=files, headers=api.headers("root"))
    assert response.status_code == 201, response.text
    found: dict[str, object] = response.json()
    return found


def test_an_update_is_proposed_and_applied(api: Api) -> None:
    first, second = propose(api, lifecycle()), propose(api, lifecycle())
    assert first["name"] == "full.json"
    shown = api.get("root", f"/catalogue/updates/{first['id']}")
    assert shown == first
    # The small world has a title that is Windows 7, and no asset that carries it.
    phases = [{"before": "unknown", "after": "ended", "subjects": 1}]
    assert shown["consequences"] == {"assets": 0, "phases": phases, "agencies": [], "findings": []}
    assert api.get("clerk-a", "/catalogue/products")["items"] == []
    done = api.post("root", f"/catalogue/updates/{first['id']}/apply", None, 200)
    assert (done["written"], len(done["products_added"])) == (True, 4)
    problem(api.call("root", "POST", f"/catalogue/updates/{second['id']}/apply"), 409, "catalogue_changed")
    assert api.call("root", "DELETE", f"/catalogue/updates/{second['id']}").status_code == 204
    problem(api.call("root", "GET", f"/catalogue/updates/{second['id']}"), 404, "proposal_gone")
    told = later()
    find_product(told, "ubuntu")["label"] = "Ubuntu Linux"
    assert [one["field"] for one in propose(api, told)["result"]["changes"]] == ["label"]  # type: ignore[index]


def test_others_may_not(api: Api) -> None:
    for method, path in (
        ("POST", "/catalogue/updates"), ("GET", "/catalogue/updates/1"), ("POST", "/catalogue/updates/1/apply"),
        ("DELETE", "/catalogue/updates/1"),
    ):  # fmt: skip
        problem(api.call("admin-a", method, path), 403, "catalogue_admin")
