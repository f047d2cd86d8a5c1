"""The file comes back with its problems marked; a corrected copy applies only what had failed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine

from importers.marking import DOUBTFUL, REJECTED
from importers.own import own_list
from tests.inventory.world import LATER, MUCH_LATER, OPERATOR, assets, build, counts
from tracker.identity.errors import Conflict, NotFound
from tracker.inventory import actions
from tracker.inventory.corrections import write_corrected
from tracker.inventory.schemas import BatchView
from tracker.settings import Settings, load_settings

HEADER = ["Asset Tag", "Name", "Category", "Serial Number", "Condition", "Purchase Date", "Cost", "Notes"]
ROWS: list[list[Any]] = [
    ["A-1", "PC one", "Desktop", "SN-1", "Good", "2020-01-05", 9_000_000, "- keep"],
    ["A-2", "PC two", "Desktop", "SN-2", "wobbly", "2020-01-05", 9_000_000, None],
    ["A-3", "PC three", "Desktop", "SN-3", "Good", "2020-01-05", -5, None],
    ["A-1", "PC four", "Desktop", "SN-4", "Good", "31-02-2020", 9_000_000, None],
]


def _settings(folder: Path) -> Settings:
    return load_settings({"TRACKER_DATA_DIR": str(folder / "data")})


def _workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Inventory"
    for row in (HEADER, *ROWS):
        sheet.append(row)
    sheet["J2"] = "=G2*2"
    book.save(path)
    return path


def _text(path: Path) -> Path:
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([HEADER, *ROWS])
    return path


def _preview(engine: Engine, path: Path, folder: Path) -> BatchView:
    return actions.preview(engine, OPERATOR, path, path.name, "A", LATER, settings=_settings(folder))


def _copy(engine: Engine, batch: BatchView, folder: Path, language: str = "en") -> Path:
    target = folder / "copy.xlsx"
    write_corrected(
        engine, OPERATOR, batch.id, target, settings=_settings(folder), language=language,
        explain=lambda code, message: f"[{code}]",
    )  # fmt: skip
    return target


def _marks(sheet: Any) -> dict[str, tuple[str, str]]:
    """{cell: (fill, comment)} of the cells with a comment."""
    return {
        cell.coordinate: (cell.fill.start_color.rgb[-6:], cell.comment.text)
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment is not None
    }


@pytest.mark.parametrize("make", [_workbook, _text])
def test_each_doubtful_cell_is_coloured_and_says_why(make: Any, engine: Engine, tmp_path: Path) -> None:
    build(engine)
    batch = _preview(engine, make(tmp_path / f"list.{'xlsx' if make is _workbook else 'csv'}"), tmp_path)
    assert counts(batch) == (2, 0, 0, 0, 2)
    book = openpyxl.load_workbook(_copy(engine, batch, tmp_path))
    marks = _marks(book.worksheets[0])
    assert {place: fill for place, (fill, _) in marks.items()} == {
        "E3": DOUBTFUL, "G4": REJECTED, "A2": DOUBTFUL, "A5": REJECTED, "F5": REJECTED,
    } | ({"G1": DOUBTFUL} if "G1" in marks else {})  # fmt: skip
    assert marks["G4"][1] == "[money-negative]"
    assert marks["A5"][1] == "[duplicate-key]"


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_sheet_lists_the_problems_with_links(language: str, engine: Engine, tmp_path: Path) -> None:
    build(engine)
    batch = _preview(engine, _workbook(tmp_path / "list.xlsx"), tmp_path)
    book = openpyxl.load_workbook(_copy(engine, batch, tmp_path, language))
    own = own_list()
    assert book.sheetnames == ["Inventory", own.problem_sheet[language]]
    sheet: Any = book.worksheets[1]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == own.problem_headers[language]
    assert ("Inventory", 4, "Cost", "'-5", "[money-negative]", "G4") in rows
    assert len(rows) == len(batch.problems) + 1
    link = next(row[5].hyperlink for row in sheet.iter_rows(min_row=2) if row[5].value == "G4")
    assert (link.location or link.target) in ("'Inventory'!G4", "#'Inventory'!G4")


def test_formulas_stay_and_nothing_else_of_the_workbook_changes(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    batch = _preview(engine, _workbook(tmp_path / "list.xlsx"), tmp_path)
    sheet = openpyxl.load_workbook(_copy(engine, batch, tmp_path)).worksheets[0]
    assert sheet["J2"].value == "=G2*2"
    values = [[cell.value for cell in row[:8]] for row in sheet.iter_rows()]
    assert values == [HEADER, *ROWS]


@pytest.mark.parametrize("make", [_workbook, _text])
def test_a_corrected_copy_applies_only_what_had_failed(make: Any, engine: Engine, tmp_path: Path) -> None:
    build(engine)
    batch = _preview(engine, make(tmp_path / f"list.{'xlsx' if make is _workbook else 'csv'}"), tmp_path)
    actions.apply(engine, OPERATOR, batch.id, LATER)
    path = _copy(engine, batch, tmp_path)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet["G4"], sheet["A5"], sheet["F5"] = 7_000_000, "A-4", "2020-02-28"
    book.save(path)
    again = _preview(engine, path, tmp_path)
    problems = len(list(book.worksheets[1].iter_rows(min_row=2)))
    assert counts(again) == (2, 0, 2, problems, 0)
    actions.apply(engine, OPERATOR, again.id, MUCH_LATER)
    assert [asset.asset_tag for asset in assets(engine)] == ["A-1", "A-2", "A-3", "A-4"]
    third = _preview(engine, path, tmp_path)
    assert counts(third) == (0, 0, 4, problems, 0)


def test_marks_of_an_earlier_copy_do_not_stay(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    path = _copy(engine, _preview(engine, _workbook(tmp_path / "list.xlsx"), tmp_path), tmp_path)
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["G4"] = 7_000_000
    book.save(path)
    again = openpyxl.load_workbook(_copy(engine, _preview(engine, path, tmp_path), tmp_path))
    marks = _marks(again.worksheets[0])
    assert "G4" not in marks
    assert again.worksheets[0]["G4"].fill.fill_type is None
    assert len(again.sheetnames) == 2


def test_a_file_that_is_gone_is_named(engine: Engine, tmp_path: Path) -> None:
    people = build(engine)
    batch = _preview(engine, _workbook(tmp_path / "list.xlsx"), tmp_path)
    elsewhere = load_settings({"TRACKER_DATA_DIR": str(tmp_path / "other")})
    with pytest.raises(Conflict, match="not kept any more"):
        write_corrected(engine, OPERATOR, batch.id, tmp_path / "x.xlsx", settings=elsewhere)
    with pytest.raises(NotFound):
        write_corrected(engine, people["B"], batch.id, tmp_path / "x.xlsx", settings=_settings(tmp_path))
