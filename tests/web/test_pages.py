"""Lists, one of each, exports and forms, through the application."""

from __future__ import annotations

import io
import re

from openpyxl import load_workbook

from tests.web.conftest import CSV, Pages
from tracker.identity.models import Role

HOME = ("/", "/assets", "/findings", "/plans", "/imports", "/catalogue", "/profile")


def link(page: str, pattern: str) -> str:
    found = re.search(rf'href="({pattern})"', page)
    assert found, pattern
    return found[1].replace("&amp;", "&")


def test_an_empty_installation_says_what_to_do_first(admin: Pages) -> None:
    assert "Upload a spreadsheet" in admin.get("/")
    assert "No assets yet" in admin.get("/assets")
    assert "No plans yet" in admin.get("/plans")
    assert "No imports yet" in admin.get("/imports")


def test_an_old_or_empty_catalogue_is_told_on_every_page(admin: Pages) -> None:
    for url in (*HOME, "/jobs", "/agencies", "/users"):
        assert "The catalogue of products is empty" in admin.get(url), url


def test_the_dashboard_shows_figures_with_their_coverage(stocked: Pages) -> None:
    page = stocked.get("/")
    assert "Obsolete share by agency" in page
    assert "Coverage:" in page
    assert re.search(r'figure-value">1<.*?50\.0% of 2 · coverage', page, re.DOTALL)


def test_assets_are_searched_filtered_and_sorted(stocked: Pages) -> None:
    assert "2 assets found" in stocked.get("/assets")
    page = stocked.get("/assets?q=front&class=desktop&sort=-cost")
    assert "1 assets found" in page
    assert "PC-001" in page
    assert "PC-002" not in page
    assert 'aria-sort="descending"' in page
    assert "No asset fits this filter." in stocked.get("/assets?q=nothing-like-this")
    for url in ("/assets?sort=evil", "/assets?after=evil", "/assets?class=evil", "/assets?q=%25"):
        stocked.get(url)


def test_one_asset_has_names_software_timeline_and_reasons(stocked: Pages) -> None:
    page = stocked.get(link(stocked.get("/assets?q=PC-001"), r"/assets/\d+"))
    for text in (
        "OptiPlex 3070",
        "SER001",
        "Windows 10 Pro",
        "Past its useful life",
        "Timeline",
        "Recorded by",
    ):
        assert text in page


def test_findings_are_filtered_and_asked_for_another_day(stocked: Pages) -> None:
    assert "Past its useful life" in stocked.get("/findings?rule=past-useful-life")
    assert "No finding fits this filter." in stocked.get("/findings?rule=unpatchable")
    future = stocked.get("/findings?as_of=2040-01-01&rule=past-useful-life")
    assert "Worked out for 1 Jan 2040; nothing is stored." in future
    assert "Worked out" not in stocked.get("/findings?as_of=31-02", status=422)
    stocked.get("/findings?after=evil")


def test_exports_hold_the_same_rows_and_no_formula(stocked: Pages) -> None:
    answer = stocked.client.get("/findings/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert "more than 90 days old" in lines[0]
    book = load_workbook(io.BytesIO(stocked.client.get("/findings/xlsx").content))
    cells = [cell for row in book.active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert sum(1 for line in lines if line.startswith("PC-")) == sum(
        1 for cell in cells if cell.column == 1 and str(cell.value).startswith("PC-")
    )


def test_a_plan_is_made_shown_by_year_downloaded_and_compared(stocked: Pages) -> None:
    form = {
        "name": "First",
        "agency": "PROV",
        "first": "2027",
        "length": "2",
        "currency": "IDR",
        "method": "ranked",
    }
    budgets = {"budget_2027": "2,500,000,000", "budget_2028": "0"}
    page = stocked.submit("/plans", "/plans/new?first=2027&length=2", **form, **budgets)
    assert "The plan is made and saved." in page
    assert "2,500,000,000" in page
    assert "OptiPlex 3070" in page
    twice = stocked.post("/plans", "/plans/new?first=2027&length=2", **form, **budgets)
    assert (twice.status_code, "already has a plan named" in twice.text) == (409, True)
    place = link(stocked.get("/plans"), r"/plans/\d+")
    assert "Deferred" in stocked.get(f"{place}?view=deferred")
    download = stocked.client.get(f"{place}/xlsx")
    assert 'filename="plan-First.xlsx"' in download.headers["content-disposition"]
    assert load_workbook(io.BytesIO(download.content)).sheetnames
    number = place.rsplit("/", 1)[1]
    assert "Both plans do the same." in stocked.get(f"/plans/compare?a={number}&b={number}")


def test_a_plan_form_keeps_what_was_typed_and_names_what_is_wrong(stocked: Pages) -> None:
    form = {
        "name": "Second",
        "agency": "PROV",
        "first": "2027",
        "length": "2",
        "currency": "IDR",
        "method": "ranked",
    }
    answer = stocked.post("/plans", "/plans/new", **form, budget_2027="1.500.00", budget_2028="")
    assert answer.status_code == 422
    assert answer.text.count("An amount is needed; 0 for none.") == 2
    assert 'value="1.500.00"' in answer.text
    assert 'value="Second"' in answer.text


def test_agencies_are_added_and_refused_with_the_reason_beside_the_field(admin: Pages) -> None:
    page = admin.submit("/agencies", "/agencies", code="HEALTH", name="Health", parent="PROV")
    assert "Agency Health is added." in page
    taken = admin.post("/agencies", "/agencies", code="HEALTH", name="Again", parent="PROV")
    assert (taken.status_code, "is taken" in taken.text) == (422, True)
    blank = admin.post("/agencies", "/agencies", code="a b", name=" ", parent="PROV")
    assert "A code without spaces is needed." in blank.text
    assert "This must not be blank." in blank.text


def test_users_are_added_only_for_a_chosen_agency_and_disabled(admin: Pages) -> None:
    missing = admin.post("/users", "/users", email="x@example.org", role="admin")
    assert (missing.status_code, "Choose an agency." in missing.text) == (422, True)
    admin.submit("/users", "/users", email="x@example.org", role="uploader", agency="PROV")
    page = admin.submit("/users/active", "/users", email="x@example.org", active="no")
    assert "is disabled and signed out everywhere." in page
    assert "Disabled" in page


def test_a_role_sees_only_what_it_may(pages: Pages) -> None:
    pages.sign_in("it@example.org", Role.IT_MANAGER, "PROV")
    page = pages.get("/")
    assert 'href="/users"' not in page
    for url in ("/users", "/agencies", "/plans/new"):
        assert pages.client.get(url).status_code == 403, url
    assert pages.post("/jobs/nightly-scan/run", "/jobs").status_code == 403
    pages.sign_in("auditor@example.org", Role.AUDITOR, "PROV")
    assert pages.client.get("/jobs").status_code == 403
    assert pages.post("/scan", "/").status_code == 403


def test_another_agencys_things_do_not_exist(pages: Pages) -> None:
    pages.sign_in()
    place = pages.upload(CSV).headers["location"]
    pages.submit(f"{place}/apply", place)
    asset = link(pages.get("/assets"), r"/assets/\d+")
    pages.sign_in("other@example.org", Role.IT_MANAGER, "OTHER")
    assert pages.client.get(asset).status_code == 404
    assert "No assets yet" in pages.get("/assets")
    assert "PC-001" not in pages.get("/findings")
    assert pages.client.get("/findings?agency=PROV").status_code == 404


def test_jobs_are_started_by_an_administrator_and_listed(admin: Pages) -> None:
    page = admin.submit("/jobs/catalogue-age-check/run", "/jobs")
    assert "The job was started." in page
    listed = admin.get("/jobs")
    assert "Catalogue age check" in listed
    assert "Done" in listed
    assert admin.post("/jobs/evil/run", "/jobs").status_code == 404


def test_errors_are_pages_in_the_readers_language(admin: Pages) -> None:
    missing = admin.client.get("/nothing")
    assert (missing.status_code, "Not found" in missing.text) == (404, True)
    admin.post("/language", "/", language="id", next="/")
    missing = admin.client.get("/assets/999999")
    assert "Tidak ada aset demikian yang boleh Anda lihat." in missing.text
    assert '<html lang="id">' in missing.text
    assert admin.client.get("/assets/evil").status_code == 422


def test_pages_load_nothing_from_elsewhere(stocked: Pages) -> None:
    for url in (*HOME, "/imports/new", "/plans/new", "/users", "/agencies", "/jobs"):
        page = stocked.get(url)
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//[^"]*"', page) == [], url
        assert re.findall(r"<(?:script|style)(?![^>]*src=)[^>]*>|\sstyle=|\son\w+=", page) == [], url
