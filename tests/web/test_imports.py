"""A file's way through the pages: refused, looked at, applied once, taken back."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, select

from tests.web.conftest import CSV, Pages, populate
from tracker.app import create_app
from tracker.db import reading, table_of
from tracker.identity.models import Role
from tracker.inventory.models import Asset, ImportBatch
from tracker.settings import Settings


def count(engine: Engine, model: type) -> int:
    with reading(engine) as session:
        return int(session.execute(select(func.count()).select_from(table_of(model))).scalar_one())


def test_the_whole_way_on_both_databases(engine: Engine, settings: Settings) -> None:
    populate(engine)
    with TestClient(create_app(settings, engine)) as client:
        pages = Pages(client, engine).sign_in()
        answer = pages.upload(CSV)
        place = answer.headers["location"]
        assert (answer.status_code, place.startswith("/imports/")) == (303, True)
        page = pages.get(place)
        assert "Nothing is written yet." in page
        assert "Apply 2 rows" in page
        assert count(engine, Asset) == 0
        applied = pages.submit(f"{place}/apply", place)
        assert "Applied: 2 created, 0 updated." in applied
        assert count(engine, Asset) == 2
        undone = pages.submit(f"{place}/undo", place)
        assert "Undone: 0 values restored, 2 assets withdrawn, 0 values kept." in undone


def test_every_row_and_every_problem_is_shown_with_its_place(admin: Pages) -> None:
    place = admin.upload(CSV).headers["location"]
    page = admin.get(place)
    for text in ("Front desk", "PC-001", "IDR\xa012,500,000", "1 Mar 2015", "Desktop"):
        assert text in page
    rejected = admin.get(f"{place}?view=rejected")
    assert "The amount is negative." in rejected
    assert "Front desk" not in rejected
    problems = admin.get(f"{place}?view=problems")
    assert "31-02-2020" in problems
    assert "Purchase Date" in problems
    assert '<td class="num">3</td>' in problems


def test_what_a_file_says_is_only_text(admin: Pages) -> None:
    page = admin.get(admin.upload(CSV, name="<img src=x>.csv").headers["location"])
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;img src=x&gt;.csv" in page


def test_applying_or_undoing_twice_is_harmless_and_says_so(admin: Pages) -> None:
    place = admin.upload(CSV).headers["location"]
    admin.submit(f"{place}/apply", place)
    assert "already applied. Nothing was done a second time." in admin.submit(f"{place}/apply", place)
    assert count(admin.engine, Asset) == 2
    admin.submit(f"{place}/undo", place)
    assert "already undone. Nothing was done a second time." in admin.submit(f"{place}/undo", place)
    late = admin.post(f"{place}/apply", place)
    assert late.status_code == 409
    assert "is undone" in late.text


def test_a_preview_of_what_changed_meanwhile_is_refused_naming_rows(admin: Pages) -> None:
    first = admin.upload(CSV).headers["location"]
    admin.submit(f"{first}/apply", first)
    changed = CSV.replace("Lobby", "Hall")
    one, two = (admin.upload(changed.replace("Hall", word)).headers["location"] for word in ("Hall", "Attic"))
    page = admin.get(one)
    assert "<del>Lobby</del>" in page
    assert "<ins>Hall</ins>" in page
    admin.submit(f"{one}/apply", one)
    late = admin.post(f"{two}/apply", two)
    assert late.status_code == 409
    assert "PC-001" in late.text


def test_an_undo_names_what_it_kept(admin: Pages) -> None:
    first = admin.upload(CSV).headers["location"]
    admin.submit(f"{first}/apply", first)
    moved = admin.upload(CSV.replace("Lobby", "Hall")).headers["location"]
    admin.submit(f"{moved}/apply", moved)
    page = admin.submit(f"{first}/undo", first)
    assert "0 values restored, 1 assets withdrawn, 1 values kept." in page
    # It is stored: another look shows it again.
    kept = admin.get(first).split('id="s-kept"')[1].split("</table>")[0]
    for text in ("PC-001", "Whole asset", "changed after the import"):
        assert text in kept


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "empty.csv", "empty"),
        (b"%PDF-1.4 nothing", "list.xlsx", "The file is"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old.xls", "The file was refused"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_written(
    admin: Pages, content: bytes, name: str, said: str
) -> None:
    answer = admin.upload(content, name)
    assert answer.status_code == 422
    assert "The file was refused. Nothing was written." in answer.text
    assert said in answer.text
    assert count(admin.engine, ImportBatch) == 0


def test_a_refusal_is_told_in_indonesian(admin: Pages) -> None:
    admin.post("/language", "/", language="id", next="/")
    answer = admin.upload(b"", "kosong.csv")
    assert "Berkas ditolak. Tidak ada yang ditulis." in answer.text
    assert "Berkas kosong." in answer.text


def test_a_file_above_the_limit_is_refused(admin: Pages) -> None:
    most = admin.client.app.state.settings.import_limits["upload_bytes"]  # type: ignore[attr-defined]
    answer = admin.upload(b"x" * (most + 1), "big.csv")
    assert (answer.status_code, "larger" in answer.text or "bytes" in answer.text) == (422, True)
    answer = admin.upload(b"x" * (most + 100_000), "bigger.csv")
    assert (answer.status_code, "Too large" in answer.text) == (413, True)
    assert count(admin.engine, ImportBatch) == 0


def test_no_file_no_agency_no_right(pages: Pages) -> None:
    pages.sign_in()
    data = {"csrf_token": pages.token("/imports/new"), "agency": "PROV"}
    assert "Choose a file first." in pages.client.post("/imports", data=data, files={}).text
    assert pages.upload(CSV, agency="NOWHERE").status_code == 422
    pages.sign_in("auditor@example.org", Role.AUDITOR, "PROV")
    assert pages.client.get("/imports/new").status_code == 403
    data = {"csrf_token": "csrf-auditor@example.org", "agency": "PROV"}
    answer = pages.client.post("/imports", data=data, files={"file": ("a.csv", CSV.encode())})
    assert answer.status_code == 403
    assert count(pages.engine, ImportBatch) == 0


def test_another_agencys_import_does_not_exist(pages: Pages) -> None:
    place = pages.sign_in().upload(CSV).headers["location"]
    pages.sign_in("other@example.org", Role.IT_MANAGER, "OTHER")
    assert pages.client.get(place).status_code == 404
    answer = pages.post(f"{place}/apply", "/imports")
    assert answer.status_code == 404
    assert "assets.csv" not in pages.get("/imports")


def test_a_replacement_lists_what_it_retires_and_asks(admin: Pages) -> None:
    first = admin.upload(CSV).headers["location"]
    admin.submit(f"{first}/apply", first)
    less = admin.upload("\n".join(CSV.splitlines()[:2]), policy="replace").headers["location"]
    page = admin.get(less)
    assert "Retire 1 asset that is not in the file" in page
    assert "PC-002" in admin.get(f"{less}?view=retired")
    asked = admin.post(f"{less}/apply", less)
    assert (asked.status_code, "would be retired" in asked.text) == (409, True)
    assert "Applied: 0 created, 0 updated." in admin.submit(f"{less}/apply", less, confirm="yes")
    assert "1 values restored" in admin.submit(f"{less}/undo", less)
