"""Rows of a file between parsing and writing: kept in a temporary file, so that memory does not grow with
them and no database lock is held while a file is read."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

from tracker.inventory.blocks import StagedBlock, block_of_rows, pack, unpack

_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Packed:
    """A block as text: the number of its first row, its rows, its counts by outcome, its titles on rows."""

    first: int
    rows: int
    counts: Counter[str]
    installations: int
    text: str

    def block(self) -> StagedBlock:
        """The block itself."""
        return unpack(self.text)


class Spool:
    """Add rows or blocks of rows, then read blocks back in order, as often as needed. A context manager."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._index: list[tuple[int, Counter[str], int, int]] = []
        self._written = 0
        self._rows: list[Mapping[str, Any]] = []
        self._sheet = ""
        #: Is told how many rows each block has, when it was read.
        self.when_read: Callable[[int], None] | None = None

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self._written + len(self._rows)

    def add(self, sheet: str, row: Mapping[str, Any]) -> None:
        """Append one row: its number in the sheet as `row`, and its values."""
        if sheet != self._sheet or len(self._rows) >= _ROWS:
            self._flush()
        self._sheet = sheet
        self._rows.append(row)

    def add_block(self, block: StagedBlock) -> None:
        """Append many rows."""
        self._flush()
        self._write(len(block), block.counts(), block.installations(), pack(block))

    def add_packed(self, packed: Packed) -> None:
        """Append the rows of a block as it is."""
        self._flush()
        self._write(packed.rows, packed.counts, packed.installations, packed.text)

    def _flush(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            self.add_block(block_of_rows(self._sheet, rows))

    def _write(self, rows: int, counts: Counter[str], installations: int, text: str) -> None:
        self._file.seek(0, 2)
        written = self._file.write(text.encode())
        self._index.append((rows, counts, installations, written))
        self._written += rows

    def packed(self) -> Iterator[Packed]:
        """The blocks as text."""
        self._flush()
        at = first = 0
        for rows, counts, installations, size in self._index:
            self._file.seek(at)
            yield Packed(first, rows, counts, installations, self._file.read(size).decode())
            at += size
            first += rows
            if self.when_read is not None:
                self.when_read(rows)

    def __iter__(self) -> Iterator[tuple[int, StagedBlock]]:
        """(number of its first row, block)."""
        for packed in self.packed():
            yield packed.first, packed.block()
