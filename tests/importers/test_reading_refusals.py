"""Files that must not be read are refused with a stable code, before anything of them is used."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from importers.reading import open_sheets, process
from importers.rows import Limits, RefusedFile
from tests.importers.books import (
    KIND,
    MAIN,
    ROWS,
    SHEET_PART,
    TYPES,
    book,
    pack,
    parts,
    sheet_xml,
    workbook_xml,
)

ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def code_of(path: Path, limits: Limits | None = None) -> str:
    """The code that reading the whole file is refused with."""
    with pytest.raises(RefusedFile) as caught, open_sheets(path, limits or Limits()) as file:
        for _, blocks in file.sheets():
            list(blocks)
    assert caught.value.message == str(caught.value)
    return caught.value.code


def cell(reference: str, value: str = "<v>1</v>") -> str:
    return sheet_xml(f'<row r="1"><c r="{reference}">{value}</c></row>')


def damaged(old: bytes, new: bytes) -> bytes:
    """A workbook of stored members with some bytes changed."""
    content = pack(parts(), zipfile.ZIP_STORED)
    assert old in content
    return content.replace(old, new, 1)


def with_duplicate() -> bytes:
    return pack({**parts(), "xl/worksheets/SHEET1.xml": sheet_xml()})


def flagged(offset: int, value: int) -> bytes:
    """A workbook with a field of its first directory entry changed."""
    content = bytearray(book())
    at = content.index(b"PK\1\2")
    struct.pack_into("<H", content, at + offset, value)
    return bytes(content)


def ole(name: str) -> bytes:
    return OLE + (name + "\0").encode("utf-16-le") + bytes(200)


CASES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "nothing": ("a.xlsx", lambda: b"", "empty_file"),
    "noise": ("a.xlsx", lambda: b"\x93\x11" * 400, "type_mismatch"),
    "text named xlsx": ("a.xlsx", lambda: b"a,b\n1,2\n", "type_mismatch"),
    "workbook named csv": ("a.csv", book, "type_mismatch"),
    "gzip named csv": ("a.csv", lambda: b"\x1f\x8b\x08" + bytes(90), "type_mismatch"),
    "page before the archive": ("a.xlsx", lambda: b"<html>" + book(), "type_mismatch"),
    "document": (
        "a.xlsx",
        lambda: pack({"[Content_Types].xml": TYPES, "word/document.xml": "<x/>"}),
        "type_mismatch",
    ),
    "binary workbook": ("a.xlsx", lambda: pack({"xl/workbook.bin": b"x"}), "unsupported_type"),
    "cut off": ("a.xlsx", lambda: book()[:-30], "bad_workbook"),
    "more after the end": ("a.xlsx", lambda: book() + b"x" * 99, "trailing_data"),
    "checksum": ("a.xlsx", lambda: damaged(b"<v>7</v>", b"<v>8</v>"), "bad_workbook"),
    "two names": ("a.xlsx", lambda: damaged(b"xl/styles.xml", b"xl/stylez.xml"), "bad_workbook"),
    "outside name": ("a.xlsx", lambda: pack({**parts(), "../../x": b""}), "zip_member_name"),
    "same name": ("a.xlsx", with_duplicate, "zip_duplicate"),
    "encrypted members": ("a.xlsx", lambda: flagged(8, 1), "encrypted"),
    "unusual packing": ("a.xlsx", lambda: flagged(10, 12), "zip_method"),
    "encrypted workbook": ("a.xlsx", lambda: ole("EncryptedPackage"), "encrypted"),
    "old container": ("a.xls", lambda: ole("Contents"), "unsupported_type"),
    "old macros": ("a.xls", lambda: ole("Workbook") + ole("_VBA_PROJECT"), "macro_workbook"),
    "macros": ("a.xlsx", lambda: pack({**parts(), "xl/vbaProject.bin": b"x"}), "macro_workbook"),
    "macros by kind": (
        "a.xlsx",
        lambda: book(types=TYPES.replace(f"{KIND}.worksheet", "application/vnd.ms-excel.macrosheet")),
        "macro_workbook",
    ),
    "entities in strings": ("a.xlsx", lambda: book(shared=f'{ENTITY}<sst xmlns="{MAIN}"/>'), "xml_dtd"),
    "entities in a sheet": ("a.xlsx", lambda: book(sheet_xml().replace("?>", "?>" + ENTITY)), "xml_dtd"),
    "entities in UTF-16": (
        "a.xlsx",
        lambda: book(sheet_xml().replace("?>", "?>" + ENTITY).encode("utf-16")),
        "xml_dtd",
    ),
    "a sheet in UTF-16": ("a.xlsx", lambda: book(sheet_xml().encode("utf-16")), "xml_encoding"),
    "entities in a page": (
        "a.xls",
        lambda: b"<!DOCTYPE html [<!ENTITY a 'b'>]><table><tr></table>",
        "xml_dtd",
    ),
    "deep": ("a.xlsx", lambda: book(sheet_xml("<a>" * 9_000 + "</a>" * 9_000)), "xml_depth"),
    "control character": ("a.xlsx", lambda: book(sheet_xml().replace("kode", "ko\1de")), "bad_workbook"),
    "half a sheet": ("a.xlsx", lambda: book(sheet_xml()[:-40]), "bad_workbook"),
    "missing sheet": (
        "a.xlsx",
        lambda: pack({k: v for k, v in parts().items() if k != SHEET_PART}),
        "bad_workbook",
    ),
    "no such string": ("a.xlsx", lambda: book(cell("A1").replace('"A1"', '"A1" t="s"')), "bad_workbook"),
    "far corner": (
        "a.xlsx",
        lambda: book(cell("XFD1048576").replace('r="1"', 'r="1048576"')),
        "too_many_columns",
    ),
    "far column": ("a.xlsx", lambda: book(cell("IW1")), "too_many_columns"),
    "beyond the sheet": ("a.xlsx", lambda: book(cell("XFE1")), "bad_cell_ref"),
    "row nought": ("a.xlsx", lambda: book(cell("A0")), "bad_cell_ref"),
    "row beyond the sheet": ("a.xlsx", lambda: book(sheet_xml('<row r="1048577"/>')), "bad_cell_ref"),
    "rows out of order": ("a.xlsx", lambda: book(sheet_xml(ROWS + ROWS)), "bad_row_order"),
    "merged sheet": (
        "a.xlsx",
        lambda: book(sheet_xml(after='<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>')),
        "merged_too_large",
    ),
    "many sheets": (
        "a.xlsx",
        lambda: book(workbook=workbook_xml(sheets='<sheet name="A" sheetId="1" r:id="r1"/>' * 65)),
        "too_many_sheets",
    ),
    "neither encoding": ("a.csv", lambda: b"a,b\nA\xc0\xaf\xff\xfe\x80,b\n", "csv_encoding"),
    "nul": ("a.csv", lambda: b"a,b\nx\0y,b\n", "csv_control"),
    "open quote": ("a.csv", lambda: b'a,b\n1,"2\n3,4\n', "csv_quote"),
    "open quote, long": ("a.csv", lambda: b'a,b\n1,"2\n' + b"3,4\n" * 20_000, "cell_too_long"),
    "wide text": ("a.csv", lambda: b"a," * 300 + b"\n", "too_many_columns"),
    "page without rows": ("a.xls", lambda: b"<html><table><tr><td>a<td>b</table></html>", "unsupported_type"),
    "broken json": ("a.json", lambda: b'{"a": ', "bad_json"),
    "deep json": ("a.json", lambda: b"[" * 100_000, "json_depth"),
    "json without a table": ("a.json", lambda: b"[1, 2]", "unsupported_type"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_refused_by_the_code_of_its_fault(tmp_path: Path, case: str) -> None:
    name, content, code = CASES[case]
    path = tmp_path / name
    path.write_bytes(content())
    assert code_of(path) == code


def test_a_file_that_is_parsed_while_it_is_checked_is_refused_by_the_same_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the parser does with the file meanwhile."""
    monkeypatch.setattr(process, "_AHEAD_BYTES", 0)
    told = {}
    for case, (name, content, _) in CASES.items():
        if name.endswith(".xlsx"):
            (tmp_path / name).write_bytes(content())
            told[case] = code_of(tmp_path / name)
    assert told == {case: code for case, (name, _, code) in CASES.items() if name.endswith(".xlsx")}


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"upload_bytes": 100}, "file_too_large"),
        ({"zip_entries": 3}, "zip_entries"),
        ({"expanded_bytes": 500}, "expands_too_much"),
        ({"part_bytes": 200}, "expands_too_much"),
        ({"columns": 1}, "too_many_columns"),
        ({"styles": 1}, "too_many_styles"),
        ({"merged_ranges": 0}, "too_many_merged"),
    ],
)
def test_each_limit_is_held_to(tmp_path: Path, limits: dict[str, int], code: str) -> None:
    path = tmp_path / "a.xlsx"
    merged = '<mergeCells count="1"><mergeCell ref="A1:B1"/></mergeCells>'
    styles = (
        f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    )
    path.write_bytes(book(sheet_xml('<row r="1"><c r="B1"><v>1</v></c></row>', merged), styles=styles))
    assert code_of(path, replace(Limits(), **limits)) == code


def test_a_part_that_unpacks_to_a_multiple_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(pack({**parts(), "xl/media/a.bin": bytes(1_100_000)}))
    assert code_of(path) == "expands_too_much"


def test_a_size_that_lies_is_refused_where_it_is_passed(tmp_path: Path) -> None:
    content = bytearray(pack(parts()))
    entry = content.rindex(SHEET_PART.encode()) - 46
    struct.pack_into("<I", content, entry + 24, 20)
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    assert code_of(path) == "zip_size_mismatch"


def test_a_text_used_by_many_cells_counts_as_often_as_it_is_used(tmp_path: Path) -> None:
    shared = f'<sst xmlns="{MAIN}"><si><t>{"x" * 1000}</t></si></sst>'
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 101))
    path = tmp_path / "a.xlsx"
    path.write_bytes(book(sheet_xml(rows), shared=shared))
    assert code_of(path, replace(Limits(), decoded_text_bytes=99_000)) == "text_too_large"
    with open_sheets(path, replace(Limits(), decoded_text_bytes=101_000)) as file:
        assert [len(block) for _, blocks in file.sheets() for block in blocks] == [100]


def test_filled_rows_are_counted_over_all_sheets_and_blank_ones_are_not(tmp_path: Path) -> None:
    filled = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 1_102))
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(1, 1_102))
    path = tmp_path / "a.xlsx"
    path.write_bytes(book(sheet_xml(filled)))
    assert code_of(path, replace(Limits(), data_rows=100)) == "too_many_rows"
    path.write_bytes(book(sheet_xml(blank)))
    with open_sheets(path, replace(Limits(), data_rows=100)) as file:
        assert [list(map(list, blocks)) for _, blocks in file.sheets()] == [[]]


def test_opendocument_cells_that_repeat_over_the_sheet_are_refused(tmp_path: Path) -> None:
    from tests.importers.test_reading import ods

    repeated = (
        '<table:table-cell table:number-columns-repeated="{}" office:value-type="float" office:value="1"/>'
    )
    path = tmp_path / "a.ods"
    for rows, columns, code in ((1_048_576, 1, "unsupported_type"), (1, 300, "too_many_columns")):
        row = f'<table:table-row table:number-rows-repeated="{rows}">{repeated.format(columns)}</table:table-row>'
        path.write_bytes(ods(row))
        assert code_of(path) == code
