"""The same facts as `sheetscan` for worksheet parts of any legal shape, by parser events."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable

from importers.reading.messages import NEVER_CALCULATED
from importers.reading.sheetscan import (
    LAST_COLUMN,
    LAST_ROW,
    OUTSIDE_FORMULA,
    SheetFacts,
    check_order,
    check_width,
    column_number,
    is_program_call,
)
from importers.reading.xmlparts import walk
from importers.rows import Limits, RefusedFile

_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9]\d{0,6})$")


def scan_events(chunks: Iterable[bytes], name: str, limits: Limits, lengths: array[int]) -> SheetFacts:
    """The facts of one worksheet part; `lengths` are those of the shared strings. Raises RefusedFile."""
    scan = _EventScan(name, lengths)
    walk(chunks, name, limits, scan.start, scan.end, scan.text)
    check_width(scan.facts, name, limits)
    return scan.facts


class _EventScan:
    """Follows rows and cells by events, with the positions that missing references stand for."""

    def __init__(self, name: str, lengths: array[int]) -> None:
        self.facts = SheetFacts(regular=False)
        self._name = name
        self._lengths = lengths
        self._row = 0
        self._column = 0
        self._kind = ""
        self._formula: str | None = None
        self._value: str | None = None
        self._target = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if tag == "c":
            self._start_cell(attributes)
        elif tag == "row":
            self._start_row(attributes)
        elif tag in {"v", "t"}:
            self._target = "value"
            self._value = self._value or ""
        elif tag == "f":
            self._target = "formula"
            self._formula = ""

    def text(self, text: str) -> None:
        """Characters of a value or a formula."""
        if self._target == "value":
            self._value = (self._value or "") + text
        elif self._target == "formula":
            self._formula = (self._formula or "") + text

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag in {"v", "t", "f"}:
            self._target = ""
        elif tag == "c":
            self._end_cell()

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r", str(self._row + 1))
        if not number.isdecimal() or len(number) > 9:
            raise RefusedFile("bad_cell_ref", f"{self._name} has a row numbered {number[:20]!r}.")
        check_order(int(number), self._row, self._name)
        self._row = int(number)
        self._column = 0
        self.facts.rows += 1
        if attributes.get("hidden") in {"1", "true"}:
            self.facts.hidden_rows.append(self._row)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._column += 1
        self._kind = attributes.get("t", "")
        self._formula = self._value = None
        reference = attributes.get("r")
        if reference is None:
            return
        match = _REFERENCE.match(reference)
        column = column_number(match[1].upper()) if match else 0
        if match is None or int(match[2]) > LAST_ROW or column > LAST_COLUMN:
            raise RefusedFile(
                "bad_cell_ref", f"{self._name} has a cell {reference[:20]!r}, which no sheet has."
            )
        if int(match[2]) != self._row:
            raise RefusedFile("bad_cell_ref", f"{self._name} has cell {reference[:20]} in row {self._row}.")
        self._column = column

    def _end_cell(self) -> None:
        facts = self.facts
        value = self._value or ""
        if self._formula is not None and is_program_call(self._formula):
            facts.fix(self._row, self._column, OUTSIDE_FORMULA)
        elif self._kind == "e":
            facts.fix(self._row, self._column, value)
        elif self._formula is not None and not value and (self._kind != "str" or self._value is None):
            facts.fix(self._row, self._column, NEVER_CALCULATED)
        elif not value:
            return
        facts.last_row = self._row
        facts.last_column = max(facts.last_column, self._column)
        facts.escapes = facts.escapes or "_x" in value
        if self._kind == "s" and value.isdecimal() and int(value) < len(self._lengths):
            facts.text_bytes += self._lengths[int(value)]
        else:
            facts.text_bytes += len(value)
