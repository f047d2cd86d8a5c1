"""Small files made for the readers' tests, part by part, so that each may lie in one place."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from importers.reading import Row, open_sheets
from importers.rows import Limits, RawSheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_PART = "xl/worksheets/sheet1.xml"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/{SHEET_PART}" ContentType="{KIND}.worksheet+xml"/></Types>'
)
ROWS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>kode</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
)


def sheet_xml(rows: str = ROWS, after: str = "") -> str:
    """A worksheet part around rows."""
    return f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def parts(sheet: str | bytes = "", **changes: str | bytes) -> dict[str, str | bytes]:
    """The parts of a workbook with one sheet; `workbook`, `styles` and `shared` replace theirs."""
    base = f"{OFFICE.removesuffix('/relationships')}/relationships"
    relations = (
        f'<Relationship Id="r1" Type="{base}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{base}/styles" Target="styles.xml"/>'
        f'<Relationship Id="r3" Type="{base}/sharedStrings" Target="sharedStrings.xml"/>'
    )
    return {
        "[Content_Types].xml": changes.get("types", TYPES),
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{base}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": changes.get("workbook", workbook_xml()),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>',
        "xl/styles.xml": changes.get("styles", f'<styleSheet xmlns="{MAIN}"/>'),
        "xl/sharedStrings.xml": changes.get("shared", f'<sst xmlns="{MAIN}"/>'),
        SHEET_PART: sheet or sheet_xml(),
    }


def workbook_xml(properties: str = "", sheets: str = '<sheet name="A" sheetId="1" r:id="r1"/>') -> str:
    """A workbook part that lists one sheet."""
    return f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>{sheets}</sheets></workbook>'


def pack(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The archive of some members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def book(sheet: str | bytes = "", **changes: str | bytes) -> bytes:
    """A workbook of one sheet, as a file's bytes."""
    return pack(parts(sheet, **changes))


def read_all(
    path: Path, limits: Limits | None = None, *, include_hidden: bool = False
) -> list[tuple[RawSheet, list[Row]]]:
    """Every sheet with its rows."""
    with open_sheets(path, limits or Limits(), include_hidden=include_hidden) as file:
        return [(sheet, [row for block in blocks for row in block]) for sheet, blocks in file.sheets()]


def read_bytes(folder: Path, name: str, content: bytes, limits: Limits | None = None) -> list[Row]:
    """The rows of the first sheet of a file with this content."""
    path = folder / name
    path.write_bytes(content)
    return read_all(path, limits)[0][1]
