"""Rows that say nothing new, break off or hold what no cell may hold, and lists that name no machine."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from importers.reading import Row
from importers.reading.messages import CellError
from tests.importers.books import book, read_bytes, sheet_xml
from tests.importers.sheets import codes, understand

_INSTALLED: list[object] = ["Asset Tag", "Hostname", "Software Name", "Version"]


def test_an_installation_named_again_rejects_its_row() -> None:
    rows: list[list[object]] = [
        _INSTALLED,
        ["A-1", "pc-1", "Firefox", "128.0"],
        ["a-1", "pc-1", "Firefox", "128.0"],
        ["A-1", "pc-1", "LibreOffice", "7.3"],
        ["A-2", "pc-2", "Firefox", "128.0"],
    ]
    records, reader = understand(rows)
    assert [(r.row, r.rejected, codes(r), [s.name for s in r.software]) for r in records] == [
        (3, True, ["duplicate-row"], ["Firefox"]),
        (2, False, [], ["Firefox", "LibreOffice"]),
        (5, False, [], ["Firefox"]),
    ]
    assert (
        records[0].problems[0].message
        == "the row says again what row 2 and those joined to it say of this asset"
    )
    assert (reader.rows, reader.records) == (4, 3)


def test_a_list_of_software_without_its_machines_is_left_out() -> None:
    records, reader = understand(
        [["Name", "Vendor", "Software Name", "Version"], ["x", "Mozilla", "Firefox", "128.0"]]
    )
    assert (records, reader.not_inventory) == ([], True)
    assert [p.message for p in reader.problems] == [
        "rows name software, but no column names its machine (asset tag, serial number or host name)"
    ]


def test_errors_of_a_spreadsheet_spoil_a_field_and_damaged_cells_a_row() -> None:
    head: list[object] = ["Asset Tag", "Name", "Location", "Cost (Rp)"]
    rows: list[list[object]] = [
        head,
        ["A-1", "PC", CellError("#N/A"), 5],
        ["A-2", "PC", "x", CellError("#N/A")],
        ["A-3", "PC", "x", CellError("#NUM!")],
        ["A-4", "PC", CellError("text of 40000 characters; 32767 may be"), 5],
        ["A-5", CellError("forbidden character U+0007"), "x", 5],
        [CellError("formula without a value"), "PC", "x", 5],
    ]
    records, _ = understand(rows)
    assert [(r.cost, r.rejected, codes(r)) for r in records] == [
        (Decimal(5), False, ["cell-error"]),
        (None, False, ["cell-error"]),
        (None, True, ["money-absurd"]),
        (Decimal(5), True, ["cell-unusable"]),
        (Decimal(5), True, ["cell-unusable"]),
        (Decimal(5), True, ["cell-error-in-key"]),
    ]
    assert records[0].problems[0].message == "the cell holds the error #N/A; it stays unknown"


def test_a_line_that_breaks_off_rejects_its_row() -> None:
    broken = CellError("the line ends after 2 of 6 values")
    rows: list[list[object]] = [
        ["asset_tag", "name", "location", "brand", "model", "cost"],
        ["A-1", "PC", "x", "Dell", "D1", "5"],
        ["A-2", "PC", broken],
    ]
    records, _ = understand(rows, delimited=True)
    assert [(r.rejected, codes(r)) for r in records] == [(False, []), (True, ["row-too-short"])]
    assert records[1].problems[0].message == "the line ends after 2 of 6 values; is it broken off?"


def test_short_lines_of_text_are_marked_but_not_titles_and_left_out_blanks(tmp_path: Path) -> None:
    lines = [
        "Inventaris,2026",
        "tag,name,place,brand,model,cost",
        "A-1,PC,x,Dell,D1,5",
        "A-2,PC,x,HP",
        "A-3,P",
        "Catatan",
    ]
    rows: list[Row] = read_bytes(tmp_path, "a.csv", "\n".join([*lines, "A-4,PC,x,HP,E,5"]).encode())
    assert [values for number, values in rows if number in (1, 4, 5, 6)] == [
        ["Inventaris", "2026"],
        ["A-2", "PC", "x", "HP"],
        ["A-3", "P", CellError("the line ends after 2 of 6 values")],
        ["Catatan"],
    ]


def test_escapes_of_no_characters_are_errors_and_pairs_are_one_character(tmp_path: Path) -> None:
    texts = ["a_xD800_b", "a_xfffe_b", "a_xD83D__xDE00_b", "a_x0041_b"]
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c></row>'
        for n, text in enumerate(texts, 1)
    )
    rows = read_bytes(tmp_path, "a.xlsx", book(sheet_xml(cells)))
    assert [values[0] for _, values in rows] == [
        CellError("forbidden character U+D800"),
        CellError("forbidden character U+FFFE"),
        "a\U0001f600b",
        "aAb",
    ]


def test_what_cannot_be_seen_is_shown_as_a_mark() -> None:
    records, _ = understand([["Asset Tag", "Name", "Location"], ["AST\u200b-5", "PC", "x"]])
    assert (records[0].problems[0].code, records[0].problems[0].value) == (
        "tag-unseen-character",
        "AST<U+200B>-5",
    )
