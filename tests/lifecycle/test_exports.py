"""Findings in xlsx and csv: every text harmless, dates real, old data warned about."""

from __future__ import annotations

import csv
import dataclasses
import io
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook

from tracker.catalogue.schemas import CatalogueStatus
from tracker.lifecycle.exports import (
    COLUMNS,
    escaped,
    evidence_text,
    finding_cells,
    stale_notice,
    write_findings_csv,
    write_findings_xlsx,
)
from tracker.lifecycle.schemas import FindingRow

ROW = FindingRow(
    id=1, agency_id=2, asset_id=3, asset_tag="00123", asset_name="=1+1", agency="DISDIK",
    rule="security-support-ended", severity="high", opened_on=date(2026, 11, 25), resolved_on=None,
    since_on=date(2025, 10, 15), title='=HYPERLINK("http://x","y")', product="windows", release="10",
    version="1E5", ends_on=date(2025, 10, 14), waived_until=None,
    evidence={"policy": "default v1", "dates": {"security_support_ends": "2025-10-14"}, "unknown": [{"title": "K"}]},
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Windows 10", "Windows 10"),
        ("00123", "00123"),
        ("", ""),
        ("=1+1", "'=1+1"),
        ("+62 21", "'+62 21"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1+1", "'  =1+1"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("＝1+1", "'＝1+1"),
        ("a=1", "a=1"),
        ("a\x00b\x0bc", "a b c"),
    ],
)
def test_no_text_becomes_a_formula(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_text_longer_than_a_cell_is_cut() -> None:
    assert len(escaped("x" * 40_000)) == 32_767


def test_evidence_in_one_line() -> None:
    assert evidence_text(ROW.evidence) == (
        "policy: default v1; dates.security_support_ends: 2025-10-14; unknown 1.title: K"
    )


def test_cells_are_in_the_order_of_the_columns() -> None:
    cells = dict(zip(COLUMNS, finding_cells(ROW), strict=True))
    assert cells["asset_tag"] == "00123"
    assert cells["ends_on"] == date(2025, 10, 14)
    assert cells["title"] == '\'=HYPERLINK("http://x","y")'
    assert cells["waived_until"] is None


def test_csv_keeps_texts_as_they_are_and_warns_first() -> None:
    target = io.StringIO(newline="")
    assert write_findings_csv([ROW], target, "The catalogue is 120 days old.") == 1
    notice, header, row = csv.reader(io.StringIO(target.getvalue()))
    assert notice == ["The catalogue is 120 days old."]
    assert header == list(COLUMNS)
    assert row[:8] == [
        "00123", "'=1+1", "DISDIK", "security-support-ended", "high", "2025-10-15", "2026-11-25", ""
    ]  # fmt: skip


@pytest.mark.parametrize("notice", [None, "=The catalogue is old"])
def test_xlsx_holds_strings_and_dates_and_no_formula(tmp_path: Path, notice: str | None) -> None:
    path = tmp_path / "findings.xlsx"
    rows = [ROW, dataclasses.replace(ROW, asset_tag="http://example.org")]
    assert write_findings_xlsx(iter(rows), path, notice) == 2
    book = load_workbook(path)
    sheet = book["findings"]
    first = 1
    if notice:
        assert sheet["A1"].value == f"'{notice}"
        first = 2
    assert [cell.value for cell in sheet[first]] == list(COLUMNS)
    cells = dict(zip(COLUMNS, sheet[first + 1], strict=True))
    assert (cells["asset_tag"].value, cells["asset_tag"].data_type) == ("00123", "s")
    assert (cells["version"].value, cells["version"].data_type) == ("1E5", "s")
    assert cells["title"].data_type == "s"
    assert str(cells["ends_on"].value) == "2025-10-14 00:00:00"
    assert cells["ends_on"].number_format == "yyyy-mm-dd"
    assert sheet.max_row == first + 2
    book.close()
    with ZipFile(path) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in text
        assert "hyperlink" not in text


def test_xlsx_without_a_finding_is_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "findings.xlsx"
    assert write_findings_xlsx([], path) == 0
    assert load_workbook(path)["findings"].max_row == 1


@pytest.mark.parametrize(
    ("language", "head", "rule", "severity"),
    [
        (None, "asset_tag", "security-support-ended", "high"),
        ("en", "Asset tag", "Security support ended", "high"),
        ("id", "Kode aset", "Dukungan keamanan berakhir", "tinggi"),
        ("fr", "Asset tag", "Security support ended", "high"),
    ],
)
def test_headings_and_words_in_both_languages(
    language: str | None, head: str, rule: str, severity: str
) -> None:
    target = io.StringIO(newline="")
    write_findings_csv([ROW], target, None, language)
    header, row = csv.reader(io.StringIO(target.getvalue()))
    assert header[0] == head
    assert row[3:5] == [rule, severity]
    assert len(header) == len(row) == len(COLUMNS)


@pytest.mark.parametrize(
    ("as_of", "stale", "notice"),
    [
        (date(2026, 11, 1), False, None),
        (
            date(2026, 8, 22), True,
            "Katalog bertanggal 2026-08-22, lebih dari 90 hari yang lalu: tanggal dukungan mungkin sudah berubah.",
        ),
        (None, True, "Katalog belum dimuat: tidak ada yang diketahui tentang dukungan."),
    ],
)  # fmt: skip
def test_an_old_catalogue_is_said_first(as_of: date | None, stale: bool, notice: str | None) -> None:
    status = CatalogueStatus(0, 0, 0, 0, (), stale, as_of, None)
    assert stale_notice(status, "id") == notice
