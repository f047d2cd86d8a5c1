"""Working on findings through the API: acts over a filter, rights, and the history of one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.api.conftest import Api

UNTIL = (datetime.now(UTC).date() + timedelta(days=10)).isoformat()


def _ids(api: Api, who: str, **wanted: str) -> set[int]:
    return {one["id"] for one in api.get(who, "/findings", **wanted)["items"]}


def test_a_waiver_from_asking_to_its_end(api: Api) -> None:
    everything = {"agency": "A"}
    ask = {"act": "ask-waiver", "findings": everything, "reason": "r", "control": "c", "until": UNTIL}
    asked = api.post("manager-a", "/findings/acts", ask)["findings"]
    assert asked == len(_ids(api, "manager-a")) > 0
    grant = {"act": "grant-waiver", "findings": {"handling": "waiver-asked"}}
    assert api.call("manager-a", "POST", "/findings/acts", json=grant).status_code == 403
    assert api.post("admin-b", "/findings/acts", grant) == {"findings": 0}
    assert api.post("admin-a", "/findings/acts", grant) == {"findings": asked}
    (first, *_) = sorted(_ids(api, "auditor-a", handling="waived"))
    told = api.get("auditor-a", f"/findings/{first}")
    assert told["waived_until"] == UNTIL
    assert [(one["act"], one["detail"].get("reason")) for one in told["history"]] == [
        ("waiver-asked", "r"), ("waiver-granted", None)
    ]  # fmt: skip
    assert api.get("auditor-a", "/dashboard")["handled"] == {"waived": asked, "asked": 0, "overdue": 0}
    assert api.call("admin-b", "GET", f"/findings/{first}").status_code == 404
    ended = {"act": "end-waiver", "findings": {"ids": [first]}, "comment": "no longer"}
    assert api.post("admin-a", "/findings/acts", ended) == {"findings": 1}
    assert api.get("auditor-a", f"/findings/{first}")["waived_until"] is None


def test_acts_need_findings_rights_and_parts(api: Api) -> None:
    for body in (
        {"act": "acknowledge", "findings": {}},
        {"act": "ask-waiver", "findings": {"agency": "A"}, "reason": "r", "control": "c"},
        {"act": "comment", "findings": {"agency": "A"}},
        {"act": "whatever", "findings": {"agency": "A"}},
    ):
        assert api.call("manager-a", "POST", "/findings/acts", json=body).status_code == 422
    seen = {"act": "acknowledge", "findings": {"agency": "A"}}
    assert api.call("auditor-a", "POST", "/findings/acts", json=seen).status_code == 403
    assert api.call("admin-b", "POST", "/findings/acts", json=seen).status_code == 404
    link = {"act": "link-plan", "findings": {"agency": "A"}, "plan": 1}
    assert api.call("manager-a", "POST", "/findings/acts", json=link).status_code == 404
