"""Workbooks through calamine, after the checks: its values made those of the contract."""

from __future__ import annotations

import contextlib
import io
import math
import re
import threading
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine

from importers.reading.archive import Member, open_archive, unpack
from importers.reading.messages import CellError, Values
from importers.reading.ooxml import Inspection, SheetPart, inspect
from importers.reading.opendocument import inspect_ods
from importers.reading.sheetscan import SheetFacts
from importers.reading.sink import Sink
from importers.rows import Limits, RawSheet, RefusedFile

# Above this a float no longer holds every whole number.
_WHOLE = 2.0**53
# calamine keeps so many bytes for each cell of the box around the filled ones, blank or not; the box may
# take this share of the memory, the rest is for strings and for Python.
_CELL_BYTES = 24
_BOX_SHARE = 0.4
_MAX_MERGED_AREA = 1_100_000
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Escapes that calamine leaves as they are: halves of surrogate pairs, and what is no character.
_ESCAPED = re.compile("_x(?i:(d[89ab][0-9a-f]{2})__x(d[c-f][0-9a-f]{2})|(d[89a-f][0-9a-f]{2}|fff[ef]))_")
_SST_COUNTS = re.compile(rb'\s(?:uniqueCount|count)="\d+"')

Convert = Callable[[Any], Any]


def converter(limits: Limits, *, control: bool) -> Convert:
    """A function from calamine's values to those of the contract; `control` also looks inside texts."""
    longest = limits.cell_chars

    def convert(value: Any) -> Any:
        kind = type(value)
        if kind is str:
            if not value:
                return None
            if len(value) > longest:
                return CellError(f"text of {len(value)} characters; {longest} may be")
            return _checked(value) if control else value
        if kind is float:
            if value.is_integer() and -_WHOLE <= value <= _WHOLE:
                return int(value)
            return value if math.isfinite(value) else CellError("#NUM!")
        if kind is time or kind is timedelta:
            return str(value)
        return value

    return convert


def _checked(text: str) -> CellError | str:
    """The text with escaped pairs of surrogates as characters, or what no text may hold."""
    if "_x" in text:
        text = _ESCAPED.sub(_unescape, text)
    match = _CONTROL.search(text)
    return CellError(f"forbidden character U+{ord(match[0]):04X}") if match else text


def _unescape(match: re.Match[str]) -> str:
    if match[3]:
        return chr(int(match[3], 16))
    return bytes.fromhex(match[1] + match[2]).decode("utf-16-be")


def read_xlsx(data: bytes, sink: Sink, include_hidden: bool) -> None:
    """Check an Office Open XML workbook and send its sheets. Raises RefusedFile."""
    members = open_archive(data, sink.limits)
    early = _Ahead(data) if sink.ahead else None
    found = inspect(members, sink.limits)
    for problem in found.problems:
        sink.problem(problem)
    if found.shared.claimed > 2 * len(found.shared.lengths) + 1_000:
        data, early = _without_counts(members), None
    book = (early.book() if early is not None else None) or open_book(data)
    if len(book.sheet_names) != len(found.sheets):
        raise RefusedFile("bad_workbook", "The file is damaged: its lists of sheets differ.")
    for index, part in enumerate(found.sheets):
        facts = found.facts.get(part.name, SheetFacts())
        _send_sheet(book, index, part, facts, found, data, sink, include_hidden)


def read_ods(data: bytes, sink: Sink, include_hidden: bool) -> None:
    """Check an OpenDocument spreadsheet and send its sheets. Raises RefusedFile."""
    inspect_ods(open_archive(data, sink.limits), sink.limits)
    read_unscanned(data, sink, include_hidden)


def read_unscanned(data: bytes, sink: Sink, include_hidden: bool) -> None:
    """Send the sheets of a workbook of a kind whose cells were not looked at before."""
    book = open_book(data)
    if len(book.sheet_names) > sink.limits.sheets:
        raise RefusedFile("too_many_sheets", f"The workbook has more than {sink.limits.sheets} sheets.")
    for index, metadata in enumerate(book.sheets_metadata):
        hidden = metadata.visible != calamine.SheetVisibleEnum.Visible
        if metadata.typ != calamine.SheetTypeEnum.WorkSheet or (hidden and not include_hidden):
            sink.begin(RawSheet(metadata.name, hidden))
        else:
            sheet = _get_sheet(book, index)
            if sheet.end is not None and sheet.end[1] >= sink.limits.columns:
                raise RefusedFile(
                    "too_many_columns",
                    f"Sheet {metadata.name[:60]!r} reaches column {sheet.end[1] + 1}; {sink.limits.columns} may be.",
                )
            sink.begin(RawSheet(metadata.name, hidden, _merged(sheet, sink.limits)))
            _send_rows(sheet, {}, sink, control=True)
        sink.end()


def open_book(data: bytes) -> calamine.CalamineWorkbook:
    """calamine's view of the workbook, with its errors as refusals."""
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        raise RefusedFile(
            "encrypted", "The file is protected by a password; remove the password first."
        ) from None
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise RefusedFile("bad_workbook", f"The file is damaged: {error}.") from None
    if not book.sheet_names:
        raise RefusedFile("bad_workbook", "The file is damaged: it has no sheets.")
    return book


class _Book:
    """A workbook whose first sheet is parsed already."""

    def __init__(self, book: calamine.CalamineWorkbook, first: calamine.CalamineSheet) -> None:
        self._book = book
        self._first: calamine.CalamineSheet | None = first
        self.sheet_names = book.sheet_names

    def get_sheet_by_index(self, index: int) -> calamine.CalamineSheet:
        """The sheet; the first is given away once, so that it is not kept beside the others."""
        if index or self._first is None:
            return self._book.get_sheet_by_index(index)
        first, self._first = self._first, None
        return first


class _Ahead:
    """The workbook and its first sheet, parsed by a thread while the parts are looked at.

    calamine works without Python's lock. What goes wrong here is met again, and told, by who asks then.
    """

    def __init__(self, data: bytes) -> None:
        self._found: _Book | None = None
        self._thread = threading.Thread(target=self._parse, args=(data,), daemon=True)
        self._thread.start()

    def _parse(self, data: bytes) -> None:
        with contextlib.suppress(RefusedFile, MemoryError):
            book = open_book(data)
            self._found = _Book(book, _get_sheet(book, 0))

    def book(self) -> _Book | None:
        """The workbook when it is ready; None when it could not be parsed."""
        self._thread.join()
        return self._found


def _get_sheet(book: calamine.CalamineWorkbook | _Book, index: int) -> calamine.CalamineSheet:
    try:
        return book.get_sheet_by_index(index)
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise RefusedFile("bad_workbook", f"The file is damaged: {error}.") from None


def _send_sheet(
    book: calamine.CalamineWorkbook | _Book,
    index: int,
    part: SheetPart,
    facts: SheetFacts,
    found: Inspection,
    data: bytes,
    sink: Sink,
    include_hidden: bool,
) -> None:
    """Send one inspected worksheet by the reader that can hold it."""
    if not part.part or (part.hidden and not include_hidden):
        sink.begin(RawSheet(part.name, part.hidden, (), found.date_1904))
    elif facts.last_row * facts.last_column * _CELL_BYTES > sink.limits.child_rss_mb * 1_000_000 * _BOX_SHARE:
        sink.begin(RawSheet(part.name, part.hidden, (), found.date_1904))
        _send_sparse(data, part.name, facts, sink)
    else:
        sheet = _get_sheet(book, index)
        merged = _merged(sheet, sink.limits)
        sink.begin(RawSheet(part.name, part.hidden, merged, found.date_1904))
        _send_rows(sheet, facts.fixes, sink, control=facts.escapes)
    sink.end()


def _merged(sheet: calamine.CalamineSheet, limits: Limits) -> tuple[tuple[int, int, int, int], ...]:
    """The merged ranges, counted from 1, each of a size that a person could have made."""
    ranges = sheet.merged_cell_ranges or []
    if len(ranges) > limits.merged_ranges:
        raise RefusedFile(
            "too_many_merged",
            f"Sheet {sheet.name[:60]!r} has {len(ranges)} merged ranges; {limits.merged_ranges} may be.",
        )
    merged = tuple((top + 1, left + 1, bottom + 1, right + 1) for (top, left), (bottom, right) in ranges)
    for top, left, bottom, right in merged:
        if (bottom - top + 1) * (right - left + 1) > _MAX_MERGED_AREA:
            raise RefusedFile(
                "merged_too_large",
                f"Sheet {sheet.name[:60]!r} merges rows {top} to {bottom} over {right - left + 1} columns.",
            )
    return merged


def _send_rows(
    sheet: calamine.CalamineSheet, fixes: dict[int, dict[int, CellError]], sink: Sink, *, control: bool
) -> None:
    """Send the filled rows of a sheet with their own numbers."""
    # Rows come from the top of the sheet on, but columns only from the first filled one.
    start = sheet.start
    margin: Values = [None] * start[1] if start is not None else []
    blank = [""] * sheet.width
    sink.convert = converter(sink.limits, control=control)
    if start is not None and not sink.may_hold(sheet.height):
        sink.expect(sum(1 for row in sheet.iter_rows() if row != blank))
    last = 0
    for number, row in enumerate(sheet.iter_rows() if start is not None else (), 1):
        last = number
        if fixes and number in fixes:
            sink.row(number, _overlay(margin + row, fixes[number]))
        elif row != blank:
            sink.row(number, margin + row if margin else row)
    for number in sorted(row for row in fixes if row > last):
        sink.row(number, _overlay([], fixes[number]))


def _overlay(values: Values, fixes: dict[int, CellError]) -> Values:
    """The row with its error cells, which calamine gives as blanks, in their columns."""
    width = max(fixes)
    values.extend([None] * (width - len(values)))
    for column, error in fixes.items():
        values[column - 1] = error
    return values


def _send_sparse(data: bytes, name: str, facts: SheetFacts, sink: Sink) -> None:
    """Send a sheet with few cells far apart through openpyxl, which builds no grid."""
    from openpyxl import load_workbook

    convert = converter(sink.limits, control=facts.escapes)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book[name]
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            values = (
                [_as_calamine(convert(value)) for value in row]
                if any(value is not None for value in row)
                else []
            )
            if number in facts.fixes:
                _overlay(values, facts.fixes[number])
            sink.row(number, values)
    except (ValueError, LookupError, TypeError, ArithmeticError, SyntaxError, OSError) as error:
        raise RefusedFile("bad_workbook", f"Sheet {name[:60]!r} is damaged: {error}.") from None


def _as_calamine(value: Any) -> Any:
    """openpyxl has no plain dates: midnight is one."""
    if type(value) is datetime and value.time() == time(0):
        return date(value.year, value.month, value.day)
    return value


def _without_counts(members: dict[str, Member]) -> bytes:
    """The same workbook without the counts of its shared strings, which calamine would believe."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, member in members.items():
            content = b"".join(unpack(member))
            if name == "xl/sharedStrings.xml":
                content = _SST_COUNTS.sub(b"", content[:2000]) + content[2000:]
            archive.writestr(name, content)
    return buffer.getvalue()
