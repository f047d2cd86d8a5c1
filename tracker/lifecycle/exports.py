"""Findings as spreadsheets: the same rows as the page and the JSON, in xlsx and csv.

Every text is escaped against formula injection (OWASP: CSV injection): a cell that a spreadsheet would
read as a formula begins with an apostrophe. Files are written as a stream, memory does not grow with rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from xlsxwriter import Workbook

from tracker.catalogue.schemas import STALE_AFTER_DAYS, CatalogueStatus
from tracker.lifecycle.policy import rule_texts, word
from tracker.lifecycle.schemas import FindingRow

Cell = str | date | None

COLUMNS = (
    "asset_tag",
    "asset_name",
    "agency",
    "rule",
    "severity",
    "since_on",
    "opened_on",
    "resolved_on",
    "title",
    "product",
    "release",
    "version",
    "ends_on",
    "waived_until",
    "evidence",
)
_WIDTHS = {"asset_name": 28, "rule": 26, "title": 32, "product": 18, "evidence": 80}
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: What Excel holds in a cell; more makes the file unreadable.
_CELL_CHARACTERS = 32_767


def escaped(text: str) -> str:
    """`text` for a cell: with an apostrophe before it where a spreadsheet would take it for a formula."""
    shown = "".join(" " if character < " " and character not in "\t\r\n" else character for character in text)
    shown = f"'{shown}" if shown.lstrip(" ").startswith(_DANGEROUS) else shown
    return shown[:_CELL_CHARACTERS]


def evidence_text(evidence: Mapping[str, object]) -> str:
    """Evidence in one line: "policy: default v1; dates.security_support_ends: 2025-10-14; …"."""
    return "; ".join(_flat("", evidence))


def _flat(prefix: str, value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), inner)
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value, start=1):
            yield from _flat(f"{prefix} {at}", inner)
    elif value is not None:
        yield f"{prefix}: {value}"


def finding_cells(row: FindingRow, language: str | None = None) -> list[Cell]:
    """The cells of a finding in the order of COLUMNS: dates stay dates, texts are escaped.

    Rule and severity are in words of `language` (en, id); None leaves them as they are in the JSON.
    """
    values: dict[str, Cell] = {name: getattr(row, name) for name in COLUMNS if name != "evidence"}
    if language is not None:
        values["rule"] = rule_texts(language)[row.rule].title
        values["severity"] = word(row.severity, language)
    values["evidence"] = evidence_text(row.evidence)
    return [escaped(value) if isinstance(value, str) else value for value in values.values()]


def headings(language: str | None = None) -> tuple[str, ...]:
    """COLUMNS in words of `language` (en, id); None leaves the names that programs know."""
    return COLUMNS if language is None else tuple(word(name, language) for name in COLUMNS)


def stale_notice(catalogue: CatalogueStatus, language: str = "en") -> str | None:
    """What an export says first when the catalogue behind it is old or missing; None when it is neither."""
    if not catalogue.stale:
        return None
    if catalogue.as_of is None:
        return word("empty", language)
    return word("stale", language).format(as_of=catalogue.as_of.isoformat(), days=STALE_AFTER_DAYS)


def write_findings_csv(
    rows: Iterable[FindingRow], target: TextIO, notice: str | None = None, language: str | None = None
) -> int:
    """Write `rows` as csv (RFC 4180) under a row of headings, below `notice` where there is one; how many."""
    writer = csv.writer(target, lineterminator="\r\n")
    if notice:
        writer.writerow([escaped(notice)])
    writer.writerow(headings(language))
    count = 0
    for row in rows:
        writer.writerow(finding_cells(row, language))
        count += 1
    return count


def write_findings_xlsx(
    rows: Iterable[FindingRow], path: Path, notice: str | None = None, language: str | None = None
) -> int:
    """Write `rows` to the workbook `path` under a row of headings, below `notice` where there is one; how many.

    Strings are never turned into formulas, links or numbers. Rows go to disk one at a time.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with Workbook(str(path), options) as book:
        sheet = book.add_worksheet("findings")
        first = _write_head(book, sheet, notice, language)
        last = first
        for last, row in enumerate(rows, start=first + 1):
            for at, value in enumerate(finding_cells(row, language)):
                _write_cell(sheet, last, at, value)
        sheet.autofilter(first, 0, last, len(COLUMNS) - 1)
    return last - first


def _write_head(book: Any, sheet: Any, notice: str | None, language: str | None) -> int:
    """Widths, the notice and the row of headings; the number of that row, from 0."""
    for at, name in enumerate(COLUMNS):
        sheet.set_column(at, at, _WIDTHS.get(name, 14))
    first = 0
    if notice:
        sheet.write_string(0, 0, escaped(notice), book.add_format({"bold": True, "font_color": "#9C0006"}))
        first = 1
    sheet.freeze_panes(first + 1, 0)
    bold = book.add_format({"bold": True, "bottom": 1})
    for at, name in enumerate(headings(language)):
        sheet.write_string(first, at, name, bold)
    return first


def _write_cell(sheet: Any, row: int, column: int, value: Cell) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif value is not None:
        sheet.write_datetime(row, column, value)
