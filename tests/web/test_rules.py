"""Pages of rules, policy versions and support contracts, and the form of an asset."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from tests.web.conftest import NOW, Pages
from tests.web.test_pages import link
from tracker.db import transaction
from tracker.identity.models import Role

POLICY = {
    "name": "ours", "effective_on": (NOW + timedelta(days=3)).date().isoformat(), "ruleset": "us-gao-points",
    "behind_versions": "2", "behind_days": "30", "lead_days": "120", "approval_days": "45", "closing_days": "31",
    "fiscal_year_end": "06-30", "dates_moved_days": "30", "not_seen_days": "60", "waiver_days": "180",
    "two_persons": "no", "window_0": "200",
    "window_severity_0": "high", "severity_unpatchable": "critical",
}  # fmt: skip


def test_rules_are_told_in_words_of_both_languages(admin: Pages) -> None:
    page = admin.get("/rules")
    for words in (
        "Security support ended",
        "Australia: legacy IT (PSPF)",
        "To be verified",
        "Policy in force: default v2",
    ):
        assert words in page
    admin.client.cookies.set("tracker_language", "id")
    assert "Usang menurut aturan" in admin.get("/rules")


def test_a_new_version_of_the_policy_by_form(admin: Pages) -> None:
    page = admin.submit("/rules", "/rules", **POLICY)
    assert "Policy ours v1 holds from" in page
    with transaction(admin.engine) as session:
        row = session.execute(text("SELECT document FROM refresh_policy WHERE name = 'ours'")).scalar_one()
    for told in (
        '"not_seen_days": 60',
        '"fiscal_year_end": "06-30"',
        '"us-gao-points"',
        '"unpatchable": "critical"',
    ):
        assert told in row
    assert "warranty-ended" in row.split('"rules_off"')[1].split("]")[0]
    for wrong in (
        {"behind_days": "many"},
        {"name": "default"},
        {"effective_on": "2001-01-01"},
        {"fiscal_year_end": "x"},
    ):
        assert admin.post("/rules", "/rules", **{**POLICY, **wrong}).status_code == 422


def test_who_may_not_change_the_policy_sees_no_form(admin: Pages) -> None:
    admin.sign_in("manager@example.org", Role.IT_MANAGER, "PROV")
    assert "Save the new version" not in admin.get("/rules")
    token = admin.token("/profile")
    answer = admin.client.post("/rules", data={"csrf_token": token, **POLICY})
    assert answer.status_code == 403


def test_a_contract_by_form(stocked: Pages) -> None:
    form = {"agency": "PROV", "product": "nothing", "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    assert stocked.post("/contracts", "/contracts", **form).status_code == 422
    assert stocked.post("/contracts", "/contracts", **{**form, "starts_on": ""}).status_code == 422
    with transaction(stocked.engine) as session:
        session.execute(
            text(
                "INSERT INTO catalogue_snapshot (id, source, kind, licence, as_of, sha256, loaded_at, counts) "
                "VALUES (900000, 's', 'lifecycle', 'MIT', '2026-01-01', '0', '2026-01-01 00:00:00', '{}')"
            )
        )
        session.execute(
            text(
                "INSERT INTO product (id, slug, label, category, aliases, identifiers, tags, labels, snapshot_id) "
                "VALUES (900001, 'nothing', 'Nothing OS', 'os', '[]', '[]', '[]', '{}', 900000)"
            )
        )
    page = stocked.submit("/contracts", "/contracts", **form)
    assert "Nothing OS" in page
    place = link(page.replace("action=", "href="), r"/contracts/\d+")
    assert "30 Jun 2026" in stocked.submit(place, "/contracts", ends_on="2026-06-30")


def test_an_asset_is_changed_by_form_and_says_what_to_do(stocked: Pages) -> None:
    place = link(stocked.get("/assets?q=PC-001"), r"/assets/\d+")
    form = {"name": "Front desk", "asset_tag": "PC-001", "asset_class": "desktop", "status": "in-use", "units": "1",
            "is_edge": "yes", "internet_facing": "no", "criticality": "high", "condition": "broken",
            "processor": "Intel Core i5-7200U", "acquired_on": "2015-03-01", "row_version": "1"}  # fmt: skip
    assert 'value="PC-001"' in stocked.get(f"{place}/edit")
    page = stocked.submit(f"{place}/edit", f"{place}/edit", **form)
    assert "The asset is saved." in page
    assert "Intel Core i5-7200U" in page
    stocked.submit("/scan", "/", next="/")
    page = stocked.get(place)
    for words in (
        "What to do next",
        "No longer repairable",
        "Repair it, or retire it",
        "Edge of the network",
        "/100",
    ):
        assert words in page
    assert "changed meanwhile" in stocked.post(f"{place}/edit", f"{place}/edit", **form, serial="X").text
    assert stocked.post(f"{place}/edit", f"{place}/edit", **{**form, "units": "none"}).status_code == 422
    stocked.sign_in("auditor@example.org", Role.AUDITOR, "PROV")
    stocked.get(f"{place}/edit", 403)
    assert f'{place}/edit"' not in stocked.get(place)
