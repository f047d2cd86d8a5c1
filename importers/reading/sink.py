"""How a reader hands over its sheets: rows gathered into blocks, counted against the limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from importers.reading.blocks import encode_rows, to_message
from importers.reading.messages import BLOCK_ROWS, Row, Send, Values
from importers.rows import Limits, Problem, RawSheet, RefusedFile

# Titles, headers, group titles, subtotals and signatures stand beside the data rows of a register.
EXTRA_ROWS = 1_000


class Sink:
    """Sends sheets in blocks of at most BLOCK_ROWS rows, and refuses a file with too many filled rows."""

    def __init__(self, send: Send, limits: Limits, *, ahead: bool = False) -> None:
        self._send = send
        self.limits = limits
        #: Whether a file may be parsed while it is still checked; nothing is sent before it is.
        self.ahead = ahead
        self._block: list[Row] = []
        self._rows = 0
        #: Makes a value that was handed over one of the contract; once for each distinct value of a block.
        self.convert: Callable[[Any], Any] | None = None

    def format(self, name: str) -> None:
        """Tell what kind of file it is; once, before any sheet."""
        self._send("format", name)

    def begin(self, sheet: RawSheet) -> None:
        """Announce a sheet; its rows follow."""
        self._send("sheet", sheet)

    def row(self, number: int, values: Values) -> None:
        """Hand over one row; trailing blanks are cut, and a row of blanks is left out."""
        while values and values[-1] is None:
            values.pop()
        if not values:
            return
        self._block.append((number, values))
        if len(self._block) >= BLOCK_ROWS:
            self._flush()

    def expect(self, rows: int) -> None:
        """Refuse a sheet of more filled rows than may follow, before any of them is understood."""
        if self._rows + rows > self.limits.data_rows + EXTRA_ROWS:
            raise RefusedFile(
                "too_many_rows", f"The file has more than {self.limits.data_rows} rows; split it."
            )

    def may_hold(self, rows: int) -> bool:
        """Whether so many rows, blank ones included, are within the limit anyhow: nobody need count them."""
        return rows <= self.limits.data_rows

    def end(self) -> None:
        """The sheet has no further rows."""
        self._flush()
        self.convert = None
        self._send("end")

    def problem(self, problem: Problem) -> None:
        """Tell of something a person should look at."""
        self._send("problem", problem)

    def _flush(self) -> None:
        self.expect(len(self._block))
        self._rows += len(self._block)
        if self._block:
            self._send("block", *to_message(encode_rows(self._block, self.convert)))
            self._block = []
