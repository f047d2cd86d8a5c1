"""Findings, scans, figures, plans, catalogue and jobs through HTTP on both databases."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
from fastapi.testclient import TestClient

from tests.api.conftest import Api, make_app, problem
from tests.api.test_scope import wanted
from tracker.db import transaction
from tracker.jobs import ensure_schedules
from tracker.lifecycle.exports import COLUMNS
from tracker.settings import load_settings
from tracker.work.actions import claim, finish


def test_findings_as_list_and_spreadsheet(api: Api) -> None:
    found = api.get("manager-a", "/findings")["items"]
    assert len(found) == 7
    ended = api.get("manager-a", "/findings", rule="security-support-ended", agency="A1")["items"]
    assert [(one["agency"], one["asset_tag"], one["severity"]) for one in ended] == [("A1", "D0", "high")]
    assert api.get("manager-a", "/findings", state="resolved")["items"] == []
    assert api.get("manager-a", "/findings", severity="critical")["items"] == []
    response = api.call("manager-a", "GET", "/findings/export", params={"format": "csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    start = rows.index(list(COLUMNS))
    assert len(rows) - start - 1 == 7
    title = COLUMNS.index("title")
    assert '\'=HYPERLINK("x") Office 2013' in [row[title] for row in rows[start + 1 :]]
    response = api.call("manager-a", "GET", "/findings/export", params={"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert sum(1 for row in sheet.iter_rows(values_only=True) if row[0] in ("L0", "L1", "L2", "D0")) == 7


def test_a_scan_of_another_day_stores_nothing(api: Api) -> None:
    before = api.get("manager-a", "/findings", limit=200)
    seen = api.post("manager-a", "/scan", {"as_of": "2030-01-01"})
    assert (seen["as_of"], seen["assets"], seen["opened"]) == ("2030-01-01", 4, 0)
    assert seen["open"]["past-useful-life"] == 3
    then = api.get("manager-a", "/findings", as_of="2030-01-01", rule="past-useful-life")
    assert len(then["items"]) == 3 and then["next"] is None
    assert {one["id"] for one in then["items"]} == {None}
    assert api.get("manager-a", "/findings", limit=200) == before


def test_a_scan_writes_differences_of_its_agencies(api: Api) -> None:
    other = api.get("admin-b", "/findings")
    done = api.post("manager-a", "/scan")
    assert done["opened"] > 0 and done["resolved"] > 0
    assert done["open"]["past-useful-life"] == 3
    # Titles, and so the evidence about them, are everybody's; what is open in B is not A's to change.
    assert _open(api.get("admin-b", "/findings")) == _open(other) != []
    again = api.post("manager-a", "/scan", {})
    assert (again["opened"], again["resolved"]) == (0, 0)
    figures = api.get("manager-a", "/dashboard")
    assert figures["assets"] == 4
    assert figures["open"]["past-useful-life"] == 3
    assert {one["agency"] for one in figures["obsolete_by_agency"]} <= {"A", "A1"}
    assert set(figures["catalogue"]) == {"as_of", "stale"}
    assert set(figures["coverage"]) == {"tracked", "matched", "dated", "not_tracked"}


def _open(page: dict[str, list[dict[str, object]]]) -> list[tuple[object, ...]]:
    return [(one["id"], one["rule"], one["opened_on"], one["resolved_on"]) for one in page["items"]]


def test_plans(api: Api) -> None:
    seen = api.post("budget-a", "/plans/preview", wanted("trial"))
    assert seen["id"] is None
    assert api.get("budget-a", "/plans")["items"] == []
    made = api.post("budget-a", "/plans", wanted("first"), 201)
    assert made["id"] is not None
    assert {name: made[name] for name in seen if name not in ("id", "plan", "seconds")} == {
        name: seen[name] for name in seen if name not in ("id", "plan", "seconds")
    }
    # 3 laptops of 15,000,000 × 1.03 and an upgrade of 2,750,000 × 1.03.
    assert made["years"]["2027"] == {"budget": "1000000000.00", "cost": "49182500.00", "actions": 4}
    whole = api.get("budget-a", f"/plans/{made['id']}", language="id")
    totals = {line["asset_class"]: line["total"] for line in whole["lines"]}
    assert totals == {"laptop": "46350000.00", "desktop": "2832500.00"}
    reasons = {line["asset_class"]: line["reason"] for line in whole["lines"]}
    assert reasons["laptop"].startswith("Masa manfaat 4 tahun")
    problem(api.call("budget-a", "POST", "/plans", json=wanted("first")), 409, "plan-name-taken")
    problem(
        api.call("budget-a", "POST", "/plans", json=wanted("x") | {"method": "magic"}), 422, "unknown-method"
    )
    late = wanted("late") | {"budgets": {"2027": "0", "2028": "1000000000"}}
    api.post("budget-a", "/plans", late, 201)
    compared = api.get("budget-a", "/plans/compare", a="first", b="late")
    assert {change["asset_class"] for change in compared["moved"]} == {"laptop", "desktop"}
    response = api.call("budget-a", "GET", f"/plans/{made['id']}/workbook", params={"language": "id"})
    book = openpyxl.load_workbook(io.BytesIO(response.content), data_only=True)
    assert book.sheetnames == ["Ringkasan", "Rincian", "Ditunda", "Asumsi"]
    cells = [row for row in book.worksheets[0].iter_rows(values_only=True) if row[0] == "Jumlah"]
    assert cells[0][1:5] == (2_000_000_000, 49_182_500, 1_950_817_500, 4)
    problem(api.call("budget-a", "GET", f"/plans/{made['id']}/workbook?language=fr"), 422, "invalid_request")


def test_versions_and_status(api: Api) -> None:
    def order(a: str, b: str, **more: str) -> object:
        return api.get("clerk-a", "/catalogue/versions/compare", a=a, b=b, **more)["order"]

    assert (order("1.10", "1.9"), order("2004", "20H2", scheme="windows-feature")) == (1, -1)
    assert (order("1.0", "1.0"), order("1.8.0_392", "8u392", scheme="java")) == (0, 0)
    status = api.get("clerk-a", "/catalogue")
    assert (status["as_of"], [one["kind"] for one in status["sources"]]) == ("2026-11-01", ["test"])
    problem(api.call("admin-a", "POST", "/catalogue/sync", json={"dry_run": True}), 403, "catalogue_admin")
    problem(
        api.call("root", "POST", "/catalogue/sync", json={"source": "/etc/passwd"}), 422, "invalid_request"
    )
    problem(api.call("clerk-a", "GET", "/catalogue/products/none"), 404, "product_unknown")
    assert api.get("clerk-a", "/catalogue/products") == {"items": [], "next": None}
    answers = api.post("clerk-a", "/catalogue/match", [{"text": "No Such Thing"}, {"text": ""}])
    assert [(one["text"], one["product"]) for one in answers] == [("No Such Thing", None), ("", None)]


def test_job_runs(api: Api) -> None:
    now = datetime.now(UTC)
    for slot in ("2026-11-23", "2026-11-24", "2026-11-25"):
        run_id = claim(api.engine, "nightly-scan", slot, "worker", now, 60)
        assert run_id is not None
        finish(api.engine, run_id, "worker", now, {"opened": 3}, None)
    first = api.get("root", "/jobs", limit=2)
    assert [one["slot"] for one in first["items"]] == ["2026-11-25", "2026-11-24"]
    assert first["items"][0]["counts"] == {"opened": 3}
    rest = api.get("root", "/jobs", limit=2, after=first["next"])
    assert [one["slot"] for one in rest["items"]] == ["2026-11-23"]
    assert api.get("root", "/jobs", job="other")["items"] == []
    assert len(api.get("root", "/jobs", outcome="done")["items"]) == 3
    assert api.get("root", "/jobs", outcome="failed")["items"] == []


def test_schedules(api: Api) -> None:
    ensure_schedules(api.engine, load_settings({}))
    listed = api.get("root", "/jobs/schedules")
    assert [(one["id"], one["trigger"], one["enabled"]) for one in listed] == [
        ("catalogue-age-check", "daily 01:00", True), ("catalogue-sync", "daily 02:15", False),
        ("nightly-scan", "daily 01:30", True), ("notifications", "hourly 40", True),
    ]  # fmt: skip
    path, change = "/jobs/schedules/catalogue-sync", {"trigger": "weekly mon 06:00", "enabled": True}
    response = api.call("root", "PATCH", path, json=change)
    assert response.status_code == 200, response.text
    changed = response.json()
    assert (changed["trigger"], changed["enabled"], changed["changed_by"]) == (
        "weekly mon 06:00", True, "root@example.org",
    )  # fmt: skip
    problem(api.call("root", "PATCH", path, json={"trigger": "soon"}), 422, "bad_trigger")
    problem(api.call("root", "PATCH", path, json={}), 422, "nothing_to_change")
    problem(api.call("root", "PATCH", "/jobs/schedules/none", json=change), 404, "unknown_schedule")
    problem(api.call("admin-a", "PATCH", path, json=change), 403, "forbidden")
    problem(api.call("admin-a", "GET", "/jobs/schedules"), 403, "forbidden")
    run_id = claim(api.engine, "nightly-scan", "2026-11-25", "worker", datetime.now(UTC), 60)
    problem(api.call("admin-a", "POST", f"/jobs/{run_id}/cancel"), 403, "forbidden")
    assert api.call("root", "POST", f"/jobs/{run_id}/cancel").status_code == 202
    assert api.get("root", "/jobs")["items"][0]["cancel_requested_by"] == "root@example.org"
    problem(api.call("root", "POST", "/jobs/999999/cancel"), 409, "not_running")


def test_metrics_are_shown_to_whoever_has_the_token(api: Api, tmp_path: Path) -> None:
    assert api.client.get("/metrics").status_code == 404
    client = TestClient(make_app(api.engine, tmp_path, TRACKER_METRICS_TOKEN="secret-of-prometheus"))
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=api.headers("root")).status_code == 401
    run_id = claim(api.engine, "nightly-scan", "2026-11-25", "w", datetime(2026, 11, 25, tzinfo=UTC), 60)
    assert run_id is not None
    finish(api.engine, run_id, "w", datetime(2026, 11, 25, tzinfo=UTC), {}, None)
    ensure_schedules(api.engine, load_settings({}))
    answer = client.get("/metrics", headers={"Authorization": "Bearer secret-of-prometheus"})
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'tracker_job_runs{job="nightly-scan",outcome="done"} 1.0\n' in answer.text
    assert 'tracker_job_last_start_seconds{job="nightly-scan",outcome="done"} 1795564800.0\n' in answer.text
    assert 'tracker_job_schedule_enabled{schedule="catalogue-sync"} 0.0\n' in answer.text


def test_agencies_and_users(api: Api) -> None:
    new = {"code": "A9", "name": "Puskesmas", "parent_code": "A1", "region": "Jawa", "service_area": "remote"}
    added = api.post("admin-a", "/agencies", new, 201)
    assert (added["code"], added["parent_code"], added["service_area"]) == ("A9", "A1", "remote")
    assert api.get("clerk-a", "/agencies/A9") == added
    problem(api.call("admin-a", "POST", "/agencies", json=new), 409, "agency_exists")
    user = api.post(
        "admin-a", "/users", {"email": "New@A9.example", "role": "uploader", "agency_code": "A9"}, 201
    )
    assert user["user"]["email"] == "new@a9.example" and len(user["password"]) >= 12
    assert api.call("admin-a", "PATCH", "/users/new@a9.example", json={"active": False}).status_code == 204
    [listed] = [one for one in api.get("admin-a", "/users") if one["email"] == "new@a9.example"]
    assert listed["active"] is False
    me = api.get("clerk-a", "/me")
    assert me == {"user": "clerk-a@example.org", "language": "en", "permissions": ["view", "import"]}


def test_a_failed_write_leaves_nothing(api: Api) -> None:
    before = api.get("root", "/audit", limit=200)
    body = {"email": "x@y.example", "role": "uploader", "agency_code": "NONE"}
    problem(api.call("admin-a", "POST", "/users", json=body), 404, "unknown_agency")
    with transaction(api.engine):
        pass
    assert api.get("root", "/audit", limit=200) == before
