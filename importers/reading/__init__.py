"""From bytes to sheets of plain values, read in a child process that a hostile file may kill.

`open_sheets` is the only way in. What a value means is not decided here.
"""

from __future__ import annotations

from pathlib import Path

from importers.reading.blocks import Block
from importers.reading.messages import BLOCK_ROWS, CellError, CellValue, Row
from importers.reading.process import RawFile
from importers.rows import Limits

__all__ = ["BLOCK_ROWS", "Block", "CellError", "CellValue", "RawFile", "Row", "open_sheets"]


def open_sheets(path: Path, limits: Limits, *, include_hidden: bool = False) -> RawFile:
    """Begin to read a spreadsheet, and return once its kind is known.

    Values are str, int, float, bool, date, datetime, None or CellError; the first value of a row stands in
    column A; trailing blanks and empty rows are left out, row numbers are the spreadsheet's own. Hidden
    sheets are listed without rows unless `include_hidden`. Raises RefusedFile.
    """
    return RawFile(path, limits, include_hidden=include_hidden)
