"""Subscriptions through the API."""

from __future__ import annotations

from tests.api.conftest import Api


def test_subscriptions_come_and_go(api: Api) -> None:
    assert api.get("auditor-a", "/notifications/subscriptions") == []
    number = api.post("auditor-a", "/notifications/subscriptions", {"agency": "A", "cadence": "weekly"}, 201)[
        "id"
    ]
    (mine,) = api.get("auditor-a", "/notifications/subscriptions")
    assert (mine["id"], mine["agency"], mine["cadence"], mine["least_severity"]) == (
        number,
        "A",
        "weekly",
        "medium",
    )
    again = api.call("auditor-a", "POST", "/notifications/subscriptions", json={"agency": "A"})
    assert again.status_code == 409
    mailbox = {"agency": "A", "address": "it@example.org"}
    assert api.call("auditor-a", "POST", "/notifications/subscriptions", json=mailbox).status_code == 404
    assert api.call("admin-b", "POST", "/notifications/subscriptions", json=mailbox).status_code == 404
    api.post("admin-a", "/notifications/subscriptions", mailbox, 201)
    assert [one["to"] for one in api.get("root", "/notifications/subscriptions")] == ["it@example.org"]
    assert api.get("admin-b", "/notifications/subscriptions") == []
    assert api.call("admin-a", "DELETE", f"/notifications/subscriptions/{number}").status_code == 404
    assert api.call("auditor-a", "DELETE", f"/notifications/subscriptions/{number}").status_code == 204
    assert api.get("auditor-a", "/notifications/subscriptions") == []
    assert api.get("auditor-a", "/notifications/deliveries") == []
    wrong = api.call(
        "admin-a", "POST", "/notifications/subscriptions", json={"agency": "A", "address": "a@b, c@d"}
    )
    assert wrong.status_code == 422
