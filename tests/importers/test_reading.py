"""Files become sheets of plain values through the child process."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from importers.reading import CellError, open_sheets
from importers.rows import Limits, RawSheet
from tests.importers.books import MAIN, book, pack, read_all, read_bytes, sheet_xml, workbook_xml


def test_a_workbook_keeps_text_and_places_values_by_their_own_row_and_column(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "Aset"
    moment = datetime.fromisoformat("2021-01-02T03:04:05")
    values: dict[str, str | float] = {
        "C2": "00123",
        "D2": "1E5",
        "E2": "NA",
        "C5": 12.0,
        "D5": 1.5,
        "E5": True,
    }
    for place, value in values.items():
        sheet[place] = value
    sheet["F5"] = date(2021, 1, 2)
    sheet["G5"] = moment
    sheet.merge_cells("C2:C4")
    path = tmp_path / "a.xlsx"
    made.save(path)
    assert read_all(path) == [
        (
            RawSheet("Aset", False, ((2, 3, 4, 3),)),
            [
                (2, [None, None, "00123", "1E5", "NA"]),
                (5, [None, None, 12, 1.5, True, date(2021, 1, 2), moment]),
            ],
        )
    ]


def test_hidden_sheets_are_listed_and_read_only_when_asked(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active["A1"] = "x"
    for state in ("hidden", "veryHidden"):
        sheet = made.create_sheet(state)
        sheet["A1"] = 1
        sheet.sheet_state = state
    path = tmp_path / "a.xlsx"
    made.save(path)
    shown = (RawSheet("Sheet", False), [(1, ["x"])])
    assert read_all(path) == [shown, (RawSheet("hidden", True), []), (RawSheet("veryHidden", True), [])]
    assert read_all(path, include_hidden=True) == [
        shown,
        (RawSheet("hidden", True), [(1, [1])]),
        (RawSheet("veryHidden", True), [(1, [1])]),
    ]


def test_dates_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    )
    rows = '<row r="1"><c r="A1" s="1"><v>43000</v></c></row>'
    for properties, expected in (("", date(2017, 9, 22)), ('<workbookPr date1904="1"/>', date(2021, 9, 23))):
        path = tmp_path / "a.xlsx"
        path.write_bytes(book(sheet_xml(rows), styles=styles, workbook=workbook_xml(properties)))
        assert read_all(path) == [(RawSheet("A", False, (), bool(properties)), [(1, [expected])])]


def test_errors_and_formulas_without_a_value_are_no_blanks(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="e"><v>#REF!</v></c><c r="B1"><f>1+1</f><v>2</v></c><c r="C1"><f>1+1</f></c>'
        '<c r="D1" t="str"><f>""</f><v></v></c><c r="E1"><f>cmd|\'/c x\'!A1</f><v>5</v></c></row>'
        '<row r="9"><c r="B9"><f>SUM(A1)</f><v/></c></row>'
    )
    expected = [
        (
            1,
            [
                CellError("#REF!"),
                2,
                CellError("formula without a value"),
                None,
                CellError("formula that reads from another program"),
            ],
        ),
        (9, [None, CellError("formula without a value")]),
    ]
    assert read_bytes(tmp_path, "a.xlsx", book(sheet_xml(rows))) == expected
    # The same cells in another legal spelling are scanned by events, and give the same.
    prefixed = sheet_xml(rows).replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:x=")
    assert read_bytes(tmp_path, "a.xlsx", book(prefixed)) == expected


def test_a_cell_far_below_keeps_its_row_and_costs_no_grid(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="Z1048576"><v>2</v></c></row>'
    assert read_bytes(tmp_path, "a.xlsx", book(sheet_xml(rows))) == [(1, [1]), (1048576, [None] * 25 + [2])]


def test_rows_and_cells_without_references_follow_each_other(tmp_path: Path) -> None:
    rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>"
    assert read_bytes(tmp_path, "a.xlsx", book(sheet_xml(rows))) == [(1, [1, 2]), (2, [3])]


def test_a_dimension_is_not_believed_and_neither_is_a_count_of_strings(tmp_path: Path) -> None:
    sheet = sheet_xml('<row r="2"><c r="C2" t="s"><v>0</v></c></row>')
    sheet = sheet.replace("<sheetData>", '<dimension ref="A1:A1"/><sheetData>')
    shared = f'<sst xmlns="{MAIN}" count="1" uniqueCount="4294967295"><si><t>x</t></si></sst>'
    assert read_bytes(tmp_path, "a.xlsx", book(sheet, shared=shared)) == [(2, [None, None, "x"])]


def test_unusable_values_are_errors_of_their_cell_alone(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a_x0007_b</t></is></c><c r="B1"><v>1e999</v></c>'
        '<c r="C1" t="inlineStr"><is><t>' + "n" * 32_768 + '</t></is></c><c r="D1"><v>5</v></c></row>'
    )
    assert read_bytes(tmp_path, "a.xlsx", book(sheet_xml(rows))) == [
        (
            1,
            [
                CellError("forbidden character U+0007"),
                CellError("#NUM!"),
                CellError("text of 32768 characters; 32767 may be"),
                5,
            ],
        )
    ]


def test_links_connections_and_hidden_rows_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet["A1"] = "x"
    sheet["A2"] = "y"
    sheet.row_dimensions[2].hidden = True
    made.save(path)
    with open_sheets(path, Limits()) as file:
        assert [list(map(list, blocks)) for _, blocks in file.sheets()] == [[[(1, ["x"]), (2, ["y"])]]]
        assert [(p.sheet, p.row, p.code, p.value) for p in file.problems] == [
            ("Sheet", None, "hidden_rows", "1")
        ]
        assert file.format == "xlsx"


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (
            b"kode;nilai\r\n00123;1.500,25\r\n\r\nx;\r\n",
            [(1, ["kode", "nilai"]), (2, ["00123", "1.500,25"]), (4, ["x"])],
        ),
        (b"\xef\xbb\xbfa,b\n1,2\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        ("a\tb\n1\té\n".encode("utf-16"), [(1, ["a", "b"]), (2, ["1", "é"])]),
        ("a;b\nLayar 14”;é\n".encode("cp1252"), [(1, ["a", "b"]), (2, ["Layar 14”", "é"])]),
        (b"sep=|\na|b,c\n", [(2, ["a", "b,c"])]),
        (b"a,b\r1,2\r", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b'a,b\n"1\n2","x ""y"""\n3,4\n', [(1, ["a", "b"]), (2, ["1\n2", 'x "y"']), (3, ["3", "4"])]),
        (b'a,b\n14" layar,2\n"x"y,3\n', [(1, ["a", "b"]), (2, ['14" layar', "2"]), (3, ["xy", "3"])]),
        (b"kode\n00123\n", [(1, ["kode"]), (2, ["00123"])]),
        (b"a,b\nx\x07y,1\n", [(1, ["a", "b"]), (2, [CellError("forbidden character U+0007"), "1"])]),
    ],
)
def test_delimited_text_is_found_out_and_stays_text(tmp_path: Path, content: bytes, rows: object) -> None:
    assert read_bytes(tmp_path, "aset.csv", content) == rows


def test_a_web_page_named_as_a_workbook_gives_its_tables(tmp_path: Path) -> None:
    page = (
        b"<html><head><title>no</title></head><body><h3>KIB B</h3><table><tr><th rowspan=2>No<th colspan=2>Nomor"
        b"<tr><th>Pabrik<th>Mesin</tr><tr><td>1<td>&nbsp;A &amp; B<br>C<td>00123</table>"
        b"<script>document.write('<tr><td>x')</script></body></html>"
    )
    path = tmp_path / "kib.xls"
    path.write_bytes(page)
    assert read_all(path) == [
        (
            RawSheet("kib", False, ((1, 1, 2, 1), (1, 2, 1, 3))),
            [(1, ["No", "Nomor"]), (2, [None, "Pabrik", "Mesin"]), (3, ["1", "A & B C", "00123"])],
        )
    ]


@pytest.mark.parametrize(
    "content",
    [
        b'[{"tag":"00123","cost":1.0},{"tag":"b","x":{"y":1}}]',
        b'{"count":2,"results":[{"tag":"00123","cost":1.0},{"tag":"b","x":{"y":1}}]}',
        b'{"tag":"00123","cost":1.0}\n{"tag":"b","x":{"y":1}}\n',
    ],
)
def test_json_objects_become_a_header_and_rows(tmp_path: Path, content: bytes) -> None:
    assert read_bytes(tmp_path, "a.json", content) == [
        (1, ["tag", "cost", "x"]),
        (2, ["00123", 1]),
        (3, ["b", None, '{"y": 1}']),
    ]


def ods(table: str) -> bytes:
    """A spreadsheet of one OpenDocument table."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{short}="{names}:{short}:1.0"' for short in ("office", "table", "text"))
    sheet = f'<office:body><office:spreadsheet><table:table table:name="A">{table}</table:table>'
    content = f"<office:document-content {spaces}>{sheet}</office:spreadsheet></office:body></office:document-content>"
    manifest = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return pack({"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": content}, 0)


def test_an_opendocument_sheet_is_read_and_its_blank_repeats_are_not(tmp_path: Path) -> None:
    table = (
        '<table:table-row><table:table-cell office:value-type="string"><text:p>00123</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="7"/></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert read_bytes(tmp_path, "a.ods", ods(table)) == [(1, ["00123", 7, 7])]
