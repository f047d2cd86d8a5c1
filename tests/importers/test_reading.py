"""Files become sheets of plain values through the child process."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import openpyxl

from importers.reading import CellError, open_sheets
from importers.rows import Limits, RawSheet


def read_all(path: Path, limits: Limits | None = None, *, include_hidden: bool = False) -> list[object]:
    """Every sheet as (RawSheet, rows)."""
    with open_sheets(path, limits or Limits(), include_hidden=include_hidden) as file:
        return [(sheet, [row for block in blocks for row in block]) for sheet, blocks in file.sheets()]


def test_a_workbook_keeps_text_and_places_values_by_their_own_row_and_column(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Aset"
    sheet["C2"] = "00123"
    sheet["D2"] = "1E5"
    sheet["E2"] = "NA"
    sheet["C5"] = 12.0
    sheet["D5"] = 1.5
    sheet["E5"] = True
    sheet["F5"] = date(2021, 1, 2)
    sheet["G5"] = datetime(2021, 1, 2, 3, 4, 5)
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert read_all(path) == [
        (
            RawSheet("Aset", False),
            [
                (2, [None, None, "00123", "1E5", "NA"]),
                (5, [None, None, 12, 1.5, True, date(2021, 1, 2), datetime(2021, 1, 2, 3, 4, 5)]),
            ],
        )
    ]


def test_delimited_text_keeps_every_value_as_text(tmp_path: Path) -> None:
    path = tmp_path / "aset.csv"
    path.write_bytes(b"kode;nilai\r\n00123;1.500,25\r\n\r\nx;\r\n")
    assert read_all(path) == [
        (RawSheet("aset", False), [(1, ["kode", "nilai"]), (2, ["00123", "1.500,25"]), (4, ["x"])])
    ]


def test_an_error_cell_can_be_told_from_a_blank_one() -> None:
    assert CellError("#REF!") != CellError("#N/A")
