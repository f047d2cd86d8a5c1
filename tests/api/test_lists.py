"""The template and the export of assets, through HTTP."""

from __future__ import annotations

import io

import openpyxl
import pytest

from importers.own import own_list
from tests.api.conftest import Api, problem
from tests.api.test_imports import ROWS, upload, workbook


@pytest.mark.parametrize("language", ["en", "id"])
def test_the_template_comes_in_both_languages(api: Api, language: str) -> None:
    answer = api.call("clerk-a", "GET", f"/imports/template?language={language}")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    own = own_list()
    assert book.sheetnames == [own.list_sheet[language], own.guide_sheet[language]]
    headers = [cell.value for cell in book.worksheets[0][1]]
    assert headers == [column.names[language] for column in own.template_columns()]


def test_a_template_in_another_language_is_refused(api: Api) -> None:
    problem(api.call("clerk-a", "GET", "/imports/template?language=fr"), 422, "invalid_request")


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_what_is_exported_can_be_uploaded_unchanged(api: Api, form: str) -> None:
    batch = upload(api, "clerk-a", workbook(ROWS)).json()["batch"]
    api.call("clerk-a", "POST", f"/imports/{batch}/apply")
    answer = api.call("clerk-a", "GET", f"/assets/export?format={form}&agency=A")
    assert answer.status_code == 200
    again = upload(api, "clerk-a", answer.content, filename=f"assets.{form}").json()
    assert [one["code"] for one in again["problems"]] == ["other-agency"]
    # The world's own assets were never imported and so have no names to be found by; one is of an agency below.
    counts = {name: again[name] for name in ("created", "updated", "unchanged", "rejected")}
    assert counts == {"created": 3, "updated": 0, "unchanged": 3, "rejected": 1}


def test_the_file_comes_back_with_its_problems(api: Api) -> None:
    rows = [*ROWS, ["X-001", "Again", "SN0009", "Dell", "Latitude 5420", "2021-03-01", 1, "Windows 10"]]
    batch = upload(api, "clerk-a", workbook(rows)).json()["batch"]
    answer = api.call("clerk-a", "GET", f"/imports/{batch}/problems.xlsx?language=id")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Sheet", own_list().problem_sheet["id"]]
    assert book["Sheet"]["A5"].comment is not None
    problem(api.call("admin-b", "GET", f"/imports/{batch}/problems.xlsx"), 404, "batch-not-found")


def test_names_are_listed_merged_and_carried_elsewhere(api: Api) -> None:
    rows = [
        [f"Y-{at}", "Laptop", f"SY{at}", "Lenvo", "T1", "2021-03-01", 1_000_000, "Windows 10"]
        for at in (1, 2)
    ]
    batch = upload(api, "clerk-a", workbook(rows)).json()["batch"]
    api.call("clerk-a", "POST", f"/imports/{batch}/apply")
    makers = api.call("clerk-a", "GET", "/suggestions?kind=maker").json()["items"]
    found = [one for one in makers if one["value"] == "Lenvo"]
    assert [(one["assets"], one["nearest"][0]["value"]) for one in found] == [(2, "Lenovo")]
    path = f"/suggestions/{found[0]['id']}/merge"
    problem(api.call("admin-b", "POST", path, json={"target": "Lenovo"}), 404, "suggestion-not-found")
    assert api.call("clerk-a", "POST", path, json={"target": "Lenovo"}).json() == {"names": 1, "changed": 2}
    decided = api.call("clerk-a", "GET", "/suggestions/export?agency=A").json()
    assert [(one["kind"], one["value"], one["target"]) for one in decided] == [("maker", "Lenvo", "Lenovo")]
    assert api.call("admin-b", "POST", "/suggestions/import?agency=B", json=decided).json()["names"] == 1
    models = api.call("clerk-a", "GET", "/suggestions?kind=model").json()["items"]
    chosen = {"ids": [one["id"] for one in models], "state": "accepted"}
    assert api.call("clerk-a", "POST", "/suggestions/decide", json=chosen).json()["names"] == len(models)
