"""Rows of a file between parsing and writing: kept in a temporary file, so that memory does not grow with
them and no database lock is held while a file is read."""

from __future__ import annotations

import marshal
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import IO, Any, Generic, TypeVar

Spooled = TypeVar("Spooled", bound=tuple[Any, ...])
#: (sheet, row, outcome, label, reason, record as JSON, names {scheme: value}).
SpooledRow = tuple[str, int, str, str, str | None, str | None, dict[str, str]]
_CHUNK = 512


class Spool(Generic[Spooled]):
    """Add tuples of plain values, then read them back in order, as often as needed. A context manager."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._chunk: list[Spooled] = []
        self.count = 0

    def __enter__(self) -> Spool[Spooled]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: Spooled) -> None:
        """Append one row."""
        self._chunk.append(row)
        self.count += 1
        if len(self._chunk) >= _CHUNK:
            self._write()

    def extend(self, rows: Sequence[Spooled]) -> None:
        """Append many rows."""
        self._chunk += rows
        self.count += len(rows)
        if len(self._chunk) >= _CHUNK:
            self._write()

    def _write(self) -> None:
        # marshal, because the file never leaves this process: it is the fastest for plain values.
        chunk = marshal.dumps(self._chunk)
        self._file.write(len(chunk).to_bytes(8, "big"))
        self._file.write(chunk)
        self._chunk = []

    def __iter__(self) -> Iterator[Spooled]:
        if self._chunk:
            self._write()
        self._file.seek(0)
        read = 0
        while read < self.count:
            size = int.from_bytes(self._file.read(8), "big")
            chunk: list[Spooled] = marshal.loads(self._file.read(size))  # noqa: S302 - written by this object
            read += len(chunk)
            yield from chunk
