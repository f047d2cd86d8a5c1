"""Rows as they cross from the reading child: column by column, each distinct value once.

A register repeats itself: what is done once per distinct value of a column costs a fraction of what is done
once per cell. Whoever wants rows iterates.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

#: The distinct values of a column, and for each row which of them it holds.
Coded = tuple[list[Any], Sequence[int]]
#: Numbers of distinct values fit in two bytes each: a block has fewer rows.
_CODES = "H"
MAX_ROWS = 65_535


class Block:
    """Rows of one sheet. Iterating gives (row number, list of values) without trailing blanks."""

    __slots__ = ("columns", "numbers")

    def __init__(self, numbers: Sequence[int], columns: list[Coded]) -> None:
        self.numbers = numbers
        self.columns = columns

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[tuple[int, list[Any]]]:
        for number, cells in zip(self.numbers, zip(*map(expand, self.columns), strict=True), strict=True):
            values = list(cells)
            while values and values[-1] is None:
                values.pop()
            yield number, values

    def part(self, start: int, end: int) -> Block:
        """The rows from `start` up to `end`, counted from 0; distinct values are shared."""
        return Block(self.numbers[start:end], [(values, codes[start:end]) for values, codes in self.columns])


def expand(column: Coded) -> Iterator[Any]:
    """The column's value in each row."""
    values, codes = column
    return map(values.__getitem__, codes)


def encode(column: Sequence[Any]) -> Coded:
    """A column from its value in each row."""
    index = dict.fromkeys(column)
    values = list(index)
    places = dict(zip(values, range(len(values)), strict=True))
    return values, array(_CODES, map(places.__getitem__, column))


def encode_rows(rows: Sequence[tuple[int, list[Any]]], convert: Callable[[Any], Any] | None = None) -> Block:
    """A block of at most MAX_ROWS rows; `convert` is applied to each distinct value."""
    numbers = [number for number, _ in rows]
    cells = zip_longest(*(values for _, values in rows))
    return Block(numbers, [_encode(column, convert) for column in cells])


def _encode(column: Sequence[Any], convert: Callable[[Any], Any] | None) -> Coded:
    kinds = set(map(type, column))
    codes: Sequence[int]
    # TRUE equals 1 for a dictionary; what is no plain value may not fit into one.
    if (bool in kinds and kinds - {bool, str, type(None)}) or kinds & {list, dict}:
        values, codes = list(column), array(_CODES, range(len(column)))
    else:
        values, codes = encode(column)
    return (values if convert is None else list(map(convert, values))), codes


def to_message(block: Block) -> tuple[list[int], list[tuple[list[Any], bytes]]]:
    """The block as plain values."""
    columns = [(values, array(_CODES, codes).tobytes()) for values, codes in block.columns]
    return list(block.numbers), columns


def from_message(numbers: Any, columns: Any) -> Block:
    """The block of a message. Raises ValueError when its parts do not fit together."""
    count = len(numbers)
    if not columns or not all(type(number) is int for number in numbers):
        raise ValueError("a block without rows")
    return Block(numbers, [_checked(values, packed, count) for values, packed in columns])


def _checked(values: Any, packed: Any, count: int) -> Coded:
    codes = array(_CODES)
    codes.frombytes(packed)
    if type(values) is not list or len(codes) != count or max(codes) >= len(values):
        raise ValueError("a column that does not fit its rows")
    return values, codes
