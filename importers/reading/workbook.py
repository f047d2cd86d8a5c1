"""Workbooks through calamine: its values made those of the contract."""

from __future__ import annotations

import math
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import python_calamine as calamine

from importers.reading.messages import CellError
from importers.reading.sink import Sink
from importers.rows import RawSheet

# Above this a float no longer holds every whole number.
_WHOLE = 2.0**53


def plain(value: Any) -> Any:
    """A value of calamine as one of the contract: blanks to None, whole floats to int."""
    if value == "" and type(value) is str:
        return None
    if type(value) is float:
        if value.is_integer() and -_WHOLE <= value <= _WHOLE:
            return int(value)
        return value if math.isfinite(value) else CellError("#NUM!")
    if isinstance(value, time | timedelta):
        return str(value)
    return value


def read_workbook(path: Path, sink: Sink, include_hidden: bool) -> None:
    """Send every sheet of a workbook. Raises RefusedFile."""
    book = calamine.load_workbook(str(path))
    for index, metadata in enumerate(book.sheets_metadata):
        hidden = metadata.visible != calamine.SheetVisibleEnum.Visible
        sheet = book.get_sheet_by_index(index)
        sink.begin(RawSheet(metadata.name, hidden))
        if not hidden or include_hidden:
            _send_rows(sheet, sink)
        sink.end()


def _send_rows(sheet: Any, sink: Sink) -> None:
    """Send the filled rows of one sheet with their own numbers."""
    if sheet.start is None:
        return
    # Rows come from the top of the sheet on, but columns only from the first filled one.
    margin: list[Any] = [None] * sheet.start[1]
    for number, row in enumerate(sheet.iter_rows(), 1):
        sink.row(number, margin + [plain(value) for value in row])
