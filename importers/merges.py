"""Merged cells among the rows of a table: what stands in the first row holds for all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from importers.columns import Columns
from importers.layout import Range, is_blank
from importers.reading.blocks import Block, encode_rows

#: Fields whose merged cell speaks of every row beside it. A merged amount or quantity is that of the whole
#: group, and stays with the first row; identifiers are never shared.
_SHARED = frozenset(
    {
        "name",
        "category",
        "item_code",
        "brand",
        "model",
        "brand_model",
        "specification",
        "acquired_on",
        "warranty_ends_on",
        "support_ends_on",
        "condition",
        "source",
        "location",
        "custodian",
        "agency_text",
        "currency",
        "status",
        "os",
    }
)


class Merges:
    """Fills the rows of one table down its merged cells, block by block from top to bottom."""

    def __init__(self, merged: Iterable[Range], columns: Columns, header_row: int) -> None:
        shared = {column.at for column in columns.columns if column.field in _SHARED}
        self._spans = sorted(
            (top, bottom, left - 1)
            for top, left, bottom, _ in merged
            if bottom > top > header_row and left - 1 in shared
        )
        self._bottoms = sorted(bottom for _, bottom, _ in self._spans)
        self._values: dict[tuple[int, int], object] = {}

    def fill(self, block: Block) -> Block:
        """The block with the blanks of merged cells filled; the same block where there are none."""
        numbers = block.numbers
        if not self._spans or not len(block) or bisect_left(self._bottoms, numbers[0]) == len(self._bottoms):
            return block
        spans = [span for span in self._spans if span[0] <= numbers[-1] and span[1] >= numbers[0]]
        if not spans:
            return block
        by_row: dict[int, list[tuple[int, int]]] = {}
        for top, bottom, at in spans:
            for row in range(max(top, numbers[0]), min(bottom, numbers[-1]) + 1):
                by_row.setdefault(row, []).append((top, at))
        return encode_rows([(number, self._filled(number, row, by_row)) for number, row in block])

    def _filled(
        self, number: int, values: list[object], by_row: dict[int, list[tuple[int, int]]]
    ) -> list[object]:
        places = by_row.get(number, ())
        own = any(not is_blank(value) for value in values)
        for top, at in places:
            if number == top:
                self._values[top, at] = values[at] if at < len(values) else None
            elif own and (at >= len(values) or is_blank(values[at])):
                values += [None] * (at + 1 - len(values))
                values[at] = self._values.get((top, at))
        return values
