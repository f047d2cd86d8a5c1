"""The table of a web page, which many applications hand out under the name of a spreadsheet."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from importers.reading.delimited import decode
from importers.reading.messages import CellError, Values
from importers.reading.sink import Sink
from importers.rows import Limits, RawSheet, RefusedFile

_ENTITY = re.compile(r"<!ENTITY|<!DOCTYPE[^>]*\[", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*['\"]?\s*([\w.:-]{2,30})", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_BREAKS = {"br", "p", "div", "li"}
_SILENT = {"script", "style", "head", "title", "noscript", "template"}
_MAX_SPAN = 1_000

Cells = dict[int, str]


def read_html(data: bytes, name: str, sink: Sink) -> None:
    """Send the rows of every table of the page as one sheet, in order. Raises RefusedFile.

    Rows count from 1 over all tables; a cell that spans others stands in its first place, and its range is
    told as merged. Nothing of a script is kept.
    """
    text = _decode(data)
    if _ENTITY.search(text):
        raise RefusedFile("xml_dtd", "The page declares entities, which a table never needs.")
    parser = _Tables(sink.limits)
    try:
        parser.feed(text)
        parser.close()
    except (AssertionError, RecursionError) as error:
        raise RefusedFile("bad_workbook", f"The page is damaged: {error}.") from None
    parser.end_row()
    if sum(1 for row in parser.rows if row) < 2:
        raise RefusedFile("unsupported_type", "The file is a web page without a table of rows.")
    sink.begin(RawSheet(name, False, tuple(parser.merged)))
    for number, cells in enumerate(parser.rows, 1):
        sink.row(number, _values(cells, sink.limits))
    sink.end()


def _decode(data: bytes) -> str:
    """The page's text, in the encoding it names when that fits."""
    named = _CHARSET.search(data[:4096])
    if named:
        try:
            return data.decode(named[1].decode("ascii")).replace("\0", "")
        except (LookupError, UnicodeDecodeError, ValueError):
            pass
    return decode(data)


def _values(cells: Cells, limits: Limits) -> Values:
    """A row's cells as a list from column A on."""
    values: Values = [None] * (max(cells, default=0))
    for column, text in cells.items():
        too_long = len(text) > limits.cell_chars
        values[column - 1] = CellError(f"text of {len(text)} characters") if too_long else text or None
    return values


class _Tables(HTMLParser):
    """Collects the cells of tables in document order; a table inside a cell is text of that cell."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[Cells] = []
        self.merged: list[tuple[int, int, int, int]] = []
        self._limits = limits
        self._cells: Cells | None = None
        self._parts: list[str] | None = None
        self._column = 0
        self._spans: dict[int, int] = {}
        self._taken: dict[int, int] = {}
        self._tables = 0
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        if self._silent:
            return
        if tag in _SILENT:
            self._silent = tag
        elif tag == "table":
            self._tables += 1
            self._taken = self._taken if self._tables > 1 else {}
        elif self._tables > 1:
            return
        elif tag == "tr":
            self.end_row()
            self._begin_row()
        elif tag in {"td", "th"}:
            self._begin_cell(dict(attrs))
        elif tag in _BREAKS and self._parts is not None:
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """A tag closes."""
        if self._silent:
            # A head that is never closed must not hide the page.
            self._silent = "" if tag == self._silent else self._silent
            return
        if tag == "table":
            self._tables = max(self._tables - 1, 0)
            if not self._tables:
                self.end_row()
        elif self._tables > 1:
            return
        elif tag in {"td", "th"}:
            self._end_cell()
        elif tag == "tr":
            self.end_row()

    def handle_data(self, data: str) -> None:
        """Text, kept inside cells alone."""
        if self._parts is not None and not self._silent:
            self._parts.append(data)

    def end_row(self) -> None:
        """The current row has no further cells."""
        self._end_cell()
        if self._cells is not None:
            self.rows.append(self._cells)
            self._taken = {column: left - 1 for column, left in self._taken.items() if left > 1}
            self._taken |= self._spans
        self._cells = None

    def _begin_row(self) -> None:
        self._cells = {}
        self._spans = {}
        self._column = 0
        if len(self.rows) > self._limits.data_rows + 1_000:
            raise RefusedFile(
                "too_many_rows", f"The file has more than {self._limits.data_rows} rows; split it."
            )

    def _begin_cell(self, attributes: dict[str, str | None]) -> None:
        self._end_cell()
        if self._cells is None:
            self._begin_row()
        self._column += 1
        while self._column in self._taken:
            self._column += 1
        width = _span(attributes.get("colspan"))
        height = _span(attributes.get("rowspan"))
        first, row = self._column, len(self.rows) + 1
        self._column += width - 1
        if self._column > self._limits.columns:
            raise RefusedFile(
                "too_many_columns", f"Row {row} reaches column {self._column}; {self._limits.columns} may be."
            )
        if width > 1 or height > 1:
            self._merge((row, first, row + height - 1, self._column))
        self._first = first
        self._parts = []

    def _merge(self, area: tuple[int, int, int, int]) -> None:
        self.merged.append(area)
        if len(self.merged) > self._limits.merged_ranges:
            raise RefusedFile(
                "too_many_merged", f"The page has more than {self._limits.merged_ranges} merged cells."
            )
        top, left, bottom, right = area
        if bottom > top:
            self._spans |= dict.fromkeys(range(left, right + 1), bottom - top)

    def _end_cell(self) -> None:
        if self._parts is not None and self._cells is not None:
            self._cells[self._first] = _SPACES.sub(" ", "".join(self._parts)).strip()
        self._parts = None


def _span(text: str | None) -> int:
    """A colspan or rowspan as a browser takes it."""
    cleaned = (text or "").strip()
    return min(max(int(cleaned), 1), _MAX_SPAN) if cleaned.isdecimal() and len(cleaned) < 6 else 1
