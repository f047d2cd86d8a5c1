"""Rows in columns: what goes in comes out, and what does not fit together is refused."""

from __future__ import annotations

from array import array
from datetime import date
from typing import Any

import pytest

from importers.reading.blocks import encode_rows, from_message, to_message
from importers.reading.messages import CellError

ROWS: list[tuple[int, list[Any]]] = [
    (2, ["a", 1, True, None, date(2020, 1, 2)]),
    (3, ["a", True, 1, CellError("#REF!")]),
    (7, [None, 1.5, False, 0]),
    (9, ["", 0, "x"]),
]


def typed(rows: Any) -> list[Any]:
    """The rows with the kind of each value, because True equals 1."""
    return [(number, [(type(value), value) for value in values]) for number, values in rows]


def test_rows_come_out_as_they_went_in() -> None:
    block = from_message(*to_message(encode_rows(ROWS)))
    assert typed(block) == typed(ROWS)
    assert typed(block.part(1, 3)) == typed(ROWS[1:3])


def test_each_distinct_value_is_converted_once() -> None:
    seen: list[object] = []

    def convert(value: object) -> object:
        seen.append(value)
        return value or None

    block = encode_rows([(1, ["a", "b"]), (2, ["a", ""]), (3, ["a"])], convert)
    assert list(block) == [(1, ["a", "b"]), (2, ["a"]), (3, ["a"])]
    assert seen == ["a", "b", "", None]


@pytest.mark.parametrize(
    ("numbers", "columns"),
    [
        ([1], []),
        (["1"], [(["a"], b"\0\0")]),
        ([1], [(["a"], b"\1\0")]),
        ([1, 2], [(["a"], b"\0\0")]),
        ([1], [("a", b"\0\0")]),
        ([1], [(["a"], b"\0")]),
        (1, 2),
    ],
)
def test_a_message_that_does_not_fit_together_is_refused(numbers: Any, columns: Any) -> None:
    assert array("H", [1]).tobytes() == b"\1\0"
    with pytest.raises((ValueError, TypeError)):
        from_message(numbers, columns)
