"""Sheets in memory for the tests of understanding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from importers.layout import HeaderWords
from importers.rows import RawSheet, Record
from importers.understanding import SheetReader
from importers.vocabulary import default_vocabulary

TODAY = date(2026, 11, 25)
Rows = Sequence[Sequence[object]]


def understand(
    rows: Rows,
    *,
    merged: tuple[tuple[int, int, int, int], ...] = (),
    mapping: dict[str, str] | None = None,
    delimited: bool = False,
    date_1904: bool = False,
) -> tuple[list[Record], SheetReader]:
    """The records of a sheet, and the reader that says what was understood. Blank rows are left out."""
    reader = SheetReader(
        RawSheet("Sheet1", False, merged, date_1904),
        HeaderWords(default_vocabulary()),
        TODAY,
        mapping,
        delimited,
    )
    numbered = [(number, list(row)) for number, row in enumerate(rows, 1) if any(v is not None for v in row)]
    records: list[Record] = []
    for made in reader.read([numbered]):
        records += [made] if isinstance(made, Record) else made
    return records, reader


def codes(record: Record) -> list[str]:
    """The codes of a record's problems."""
    return [problem.code for problem in record.problems]
