"""Upload → preview → apply → undo, and files that are refused, through HTTP on both databases."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from tests.api.conftest import Api, make_app, problem
from tracker.db import reading, table_of
from tracker.inventory.models import Asset, BatchBlock, ImportBatch

HEADER = [
    "Asset Tag",
    "Name",
    "Serial Number",
    "Brand",
    "Model",
    "Purchase Date",
    "Price",
    "Operating System",
]
ROWS = [
    ["X-001", "Laptop", "SN0001", "Dell", "Latitude 5420", "2021-03-01", 14500000, "Windows 10 Pro 22H2"],
    ["X-002", "Laptop", "SN0002", "Dell", "Latitude 5420", "2022-04-01", 15500000, "Windows 11 Pro 23H2"],
    ["X-003", "Server", "SN0003", "HPE", "DL380", "2019-01-15", 165000000, "Windows Server 2016"],
]


def workbook(rows: list[list[Any]]) -> bytes:
    """An xlsx of HEADER and `rows`."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEADER, *rows):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def upload(
    api: Api, who: str, content: bytes, agency: str = "A", filename: str = "list.xlsx", **more: str
) -> Response:
    """Upload a file."""
    files = {"file": (filename, content, "application/octet-stream")}
    return api.call(who, "POST", "/imports", files=files, data={"agency": agency, **more})


def count(api: Api, model: type) -> int:
    """Rows in a table."""
    with reading(api.engine) as session:
        return int(session.execute(select(func.count()).select_from(table_of(model))).scalar_one())


def tags(api: Api, who: str = "clerk-a") -> list[str]:
    """Tags of the assets in use."""
    found = api.get(who, "/assets", status="in-use", limit=200)["items"]
    return [one["asset_tag"] for one in found]


def test_upload_preview_apply_undo(api: Api) -> None:
    before = tags(api)
    response = upload(api, "clerk-a", workbook(ROWS))
    assert response.status_code == 201, response.text
    batch = response.json()
    counts = {name: batch[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")}
    assert counts == {"created": 3, "updated": 0, "unchanged": 0, "skipped": 0, "rejected": 0}
    assert (batch["state"], batch["agency"], batch["filename"]) == ("previewed", "A", "list.xlsx")
    assert tags(api) == before
    lines = api.get("clerk-a", f"/imports/{batch['batch']}/rows", limit=2)
    assert [(line["row"], line["outcome"]) for line in lines["items"]] == [(2, "created"), (3, "created")]
    rest = api.get("clerk-a", f"/imports/{batch['batch']}/rows", limit=2, after=lines["next"])
    assert [line["row"] for line in rest["items"]] == [4] and rest["next"] is None
    assert api.get("clerk-a", f"/imports/{batch['batch']}/rows", outcome="updated")["items"] == []
    applied = api.post("clerk-a", f"/imports/{batch['batch']}/apply")
    assert (applied["state"], applied["created"]) == ("applied", 3)
    assert sorted(tags(api)) == sorted([*before, "X-001", "X-002", "X-003"])
    found = api.get("clerk-a", "/assets", text="X-001")["items"]
    assert [one["cost"] for one in found] == ["14500000.00"]
    detail = api.get("clerk-a", f"/assets/{found[0]['id']}")
    assert [(one["name"], one["role"]) for one in detail["installations"]] == [
        ("Windows 10 Pro 22H2", "operating-system")
    ]
    problem(api.call("clerk-a", "POST", f"/imports/{batch['batch']}/apply"), 409, "batch-not-previewed")
    undone = api.post("clerk-a", f"/imports/{batch['batch']}/undo")
    assert (undone["batch"]["state"], undone["withdrawn"], undone["kept"]) == ("undone", 3, [])
    assert tags(api) == before
    problem(api.call("clerk-a", "POST", f"/imports/{batch['batch']}/undo"), 409, "batch-not-applied")


def test_another_agency_sees_no_batch(api: Api) -> None:
    batch = upload(api, "clerk-a", workbook(ROWS)).json()["batch"]
    for method, path in (("GET", ""), ("GET", "/rows"), ("POST", "/apply"), ("POST", "/undo")):
        answer = api.call("admin-b", method, f"/imports/{batch}{path}")
        absent = api.call("admin-b", method, f"/imports/999999{path}")
        problem(answer, 404, "batch-not-found")
        assert answer.text.replace(str(batch), "?") == absent.text.replace("999999", "?")
    assert api.get("admin-b", "/imports")["items"] == []
    assert [one["batch"] for one in api.get("auditor-a", "/imports")["items"]] == [batch]
    problem(api.call("auditor-a", "POST", f"/imports/{batch}/apply"), 404, "batch-not-found")
    problem(upload(api, "admin-b", workbook(ROWS)), 404, "unknown_agency")
    problem(upload(api, "auditor-a", workbook(ROWS)), 404, "unknown_agency")
    assert count(api, ImportBatch) == 1


def test_refused_files_write_nothing(api: Api) -> None:
    book = workbook(ROWS)
    for content, filename in (
        (b"", "empty.xlsx"),
        (book[: len(book) // 2], "cut.xlsx"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "picture.xlsx"),
        (b"%PDF-1.7 not a list", "report.pdf"),
    ):
        response = upload(api, "clerk-a", content, filename=filename)
        body = response.json()
        assert (response.status_code, response.headers["content-type"]) == (
            422,
            "application/problem+json",
        ), filename
        assert body["code"] not in ("invalid_request", "unexpected") and filename in body["detail"]
    assert (count(api, ImportBatch), count(api, BatchBlock), count(api, Asset)) == (0, 0, 5)


def test_names_of_files_are_only_shown(api: Api) -> None:
    response = upload(api, "clerk-a", workbook(ROWS), filename="../../etc/pass wd.xlsx")
    assert response.json()["filename"] == "pass wd.xlsx"


def test_too_large_files(sqlite_api: Api) -> None:
    limit = 200_000
    app = sqlite_api.client.app
    settings = app.state.settings  # type: ignore[attr-defined]
    small = make_app(sqlite_api.engine, settings.data_dir, TRACKER_IMPORT_MAX_UPLOAD_BYTES=str(limit))
    client = TestClient(small, raise_server_exceptions=False)
    limited = Api(client, sqlite_api.engine, sqlite_api.world, sqlite_api.tokens)
    # The envelope adds some bytes to what is allowed: a file just above the limit is measured once it is here.
    for size in (limit + 1, limit + 60_000, 3 * limit):
        content = b"a,b\n" * (size // 4 + 1)
        problem(upload(limited, "clerk-a", content, filename="x.csv"), 413, "too_large")
    assert count(sqlite_api, ImportBatch) == 0


def test_missing_parts(sqlite_api: Api) -> None:
    response = sqlite_api.call("clerk-a", "POST", "/imports", data={"agency": "A"})
    problem(response, 422, "invalid_request")
    response = sqlite_api.call("clerk-a", "POST", "/imports", files={"file": ("x.csv", b"a,b\n")})
    problem(response, 422, "invalid_request")


def test_columns_are_assigned_read_again_and_remembered(api: Api) -> None:
    content = b"Asset Tag,Asset Name,Category,Kunci\nK-1,Reception,Desktop,Budi\n"
    first = upload(api, "clerk-a", content, filename="list.csv").json()
    assert first["sheets"][0]["columns"]["Kunci"] == "extra"
    assert first["sheets"][0]["confidence"]["Asset Tag"] == 1.0
    body = {"mapping": {"Kunci": "custodian"}}
    again = api.post("clerk-a", f"/imports/{first['batch']}/read-again", body, expected=201)
    assert again["sheets"][0]["columns"]["Kunci"] == "custodian"
    assert api.get("clerk-a", "/agencies/A/mappings") == []
    api.post("clerk-a", f"/imports/{again['batch']}/apply")
    found = api.get("clerk-a", "/agencies/A/mappings")
    assert [(one["header"], one["field"]) for one in found] == [("Kunci", "custodian")]
    bad = upload(api, "clerk-a", content, filename="list.csv", mapping='{"Kunci": "colour"}')
    assert "asset_tag" in problem(bad, 422, "unknown-field")["detail"]
    problem(upload(api, "clerk-a", content, filename="list.csv", mapping="[1]"), 422, "bad-mapping")
    sent = api.call("clerk-a", "PUT", "/agencies/A/mappings", json={"mapping": {"Ref": "notes"}})
    assert [(one["header"], one["field"]) for one in sent.json()] == [("Ref", "notes")]
    gone = api.call("clerk-a", "DELETE", "/agencies/A/mappings", params={"header": "Ref"})
    assert gone.json() == {"forgotten": 1}
    problem(
        api.call("clerk-a", "DELETE", "/agencies/A/mappings", params={"header": "Ref"}), 404, "unknown-header"
    )
    problem(api.call("admin-b", "GET", "/agencies/A/mappings"), 404, "unknown_agency")
    problem(api.call("auditor-a", "PUT", "/agencies/A/mappings", json=body), 404, "unknown_agency")


def test_a_replacing_file_names_what_it_retires_and_asks(api: Api) -> None:
    whole, rest = workbook(ROWS), workbook(ROWS[:1])
    first = upload(api, "clerk-a", whole, agency="A1").json()
    api.post("clerk-a", f"/imports/{first['batch']}/apply")
    batch = upload(api, "clerk-a", rest, agency="A1", policy="replace").json()
    # A1 has an asset of the small world beside the three of the file.
    assert (batch["policy"], batch["retiring"], batch["unchanged"]) == ("replace", 3, 1)
    path = f"/imports/{batch['batch']}"
    found = api.get("clerk-a", f"{path}/retirements", limit=2)
    assert ([one["asset_tag"] for one in found["items"]], found["next"] is not None) == (
        ["D0", "X-002"],
        True,
    )
    refused = problem(api.call("clerk-a", "POST", f"{path}/apply"), 409, "confirmation-needed")
    assert "3 of the agency's 4 assets" in refused["detail"]
    api.post("clerk-a", f"{path}/apply?confirm=true")
    assert {"X-001"} == set(tags(api)) & {"D0", "X-001", "X-002", "X-003"}
    problem(api.call("admin-b", "GET", f"{path}/retirements"), 404, "batch-not-found")
    problem(upload(api, "clerk-a", rest, policy="burn"), 422, "invalid_request")
