"""What the reading child and its parent say to each other, and the values that cross between them.

A message is a pickled tuple behind a four-byte length. The parent unpickles with an allow-list of value
types, so that a child that a hostile file has taken over cannot name code for the parent to run.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO

from importers.rows import Problem, RawSheet

CellValue = str | int | float | bool | date | datetime | None
#: What a cell error says of a formula whose result the file does not hold.
NEVER_CALCULATED = "formula without a value"
#: How a cell error begins that stands where a line of delimited text ends too soon.
BROKEN_OFF = "the line ends after "
BLOCK_ROWS = 5_000
# A block of 5,000 rows of 256 cells of ordinary text stays far below this; a longer frame is a broken child.
MAX_FRAME_BYTES = 256_000_000
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell without a usable value: a spreadsheet error such as '#REF!', or why nothing can be read."""

    text: str


Values = list[Any]
Row = tuple[int, Values]
Send = Callable[..., None]

_ALLOWED: dict[tuple[str, str], object] = {
    ("datetime", "date"): date,
    ("datetime", "datetime"): datetime,
    (CellError.__module__, "CellError"): CellError,
    (Problem.__module__, "Problem"): Problem,
    (RawSheet.__module__, "RawSheet"): RawSheet,
}


class _Unpickler(pickle.Unpickler):
    """Loads plain values and the few classes of the contract, and nothing else."""

    def find_class(self, module: str, name: str) -> object:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is no value of a sheet") from None


def write_message(stream: BinaryIO, message: tuple[object, ...]) -> None:
    """Write one message and flush it."""
    body = pickle.dumps(message, protocol=5)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def message_length(header: bytes) -> int:
    """Length in bytes of the body that follows a header of `HEADER_BYTES` bytes."""
    length: int = _LENGTH.unpack(header)[0]
    return length


HEADER_BYTES = _LENGTH.size


def load_message(body: bytes) -> tuple[Any, ...]:
    """One message from its body. Raises pickle.UnpicklingError for anything that is not plain values."""
    message = _Unpickler(io.BytesIO(body)).load()
    if not isinstance(message, tuple) or not message:
        raise pickle.UnpicklingError("not a message")
    return message
