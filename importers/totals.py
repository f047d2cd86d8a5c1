"""Printed totals compared with the rows above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from importers.columns import Columns
from importers.drafts import MEMO
from importers.reading.blocks import Block
from importers.rows import Problem
from importers.values.money import parse_money
from importers.values.text import text_of, words_of
from importers.vocabulary import Vocabulary

#: Printed totals are rounded.
_NEAR = Decimal(1)


@dataclass(slots=True)
class _Sum:
    """What rows add up to; `sure` until an amount among them cannot be read."""

    amount: Decimal = Decimal(0)
    rows: int = 0
    sure: bool = True


@dataclass(slots=True)
class Totals:
    """Adds up the cost column of one table: all rows, those since the last subtotal, and the subtotals.

    `at` is the cost's column, counted from 0; None where there is none, or the table counts otherwise.
    """

    at: int | None
    vocabulary: Vocabulary
    whole: _Sum = field(default_factory=_Sum)
    part: _Sum = field(default_factory=_Sum)
    known: dict[object, Decimal | None] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Columns, vocabulary: Vocabulary) -> Totals:
        """The totals of a table with such columns."""
        cost = columns.fields().get("cost")
        return cls(cost.at if cost is not None else None, vocabulary)

    def add_block(self, block: Block, start: int, end: int) -> None:
        """Add the rows from `start` up to `end`."""
        if self.at is None or self.at >= len(block.columns):
            return
        values, codes = block.columns[self.at]
        for code, count in Counter(codes[start:end]).items():
            self._add(values[code], count)

    def add(self, values: Sequence[object]) -> None:
        """Add one row."""
        if self.at is not None and self.at < len(values):
            self._add(values[self.at], 1)

    def problems_of(self, sheet: str, row: int, values: Sequence[object]) -> list[Problem]:
        """What is odd about a row of a total: that it states another amount than the rows above it make."""
        differs = self._differing(values)
        if differs is None:
            return []
        printed, added = differs
        text = f"the total says {printed:f}, the rows above it add up to {added:f}"
        return [Problem(sheet, row, None, "total-differs", text, f"{printed:f}")]

    def _differing(self, values: Sequence[object]) -> tuple[Decimal, Decimal] | None:
        """(printed, added up) where they differ; the sums since this subtotal are begun anew."""
        if self.at is None or self.at >= len(values) or not self._is_total(values):
            return None
        printed = self._amount(values[self.at])
        part, self.part = self.part, _Sum()
        sums = [one for one in (part, self.whole) if one.rows]
        if not printed or not sums or not all(one.sure for one in sums):
            return None
        if any(abs(one.amount - printed) <= _NEAR for one in sums):
            return None
        return printed, sums[0].amount

    def _is_total(self, values: Sequence[object]) -> bool:
        """Whether the row's first words are those of a total; taxes and roundings are none."""
        texts = (words_of(value[:60]) for value in values if type(value) is str)
        worded = next((text for text in texts if any(sign.isalpha() for sign in text)), "")
        return worded.partition(" ")[0] in self.vocabulary.total_words

    def _add(self, value: object, count: int) -> None:
        amount = Decimal(0) if value is None or value == "" else self._amount(value)
        for one in (self.part, self.whole):
            one.rows += count
            if amount is None:
                one.sure = False
            else:
                one.amount += amount * count

    def _amount(self, value: object) -> Decimal | None:
        """The amount of a cell; None where it cannot be read. A dash is none at all."""
        key = (type(value), value) if type(value) in (str, int, float) else None
        if key is not None and key in self.known:
            return self.known[key]
        if text_of(value).casefold() in self.vocabulary.blanks:
            amount: Decimal | None = Decimal(0)
        else:
            amount = parse_money(value, self.vocabulary).amount
        if key is not None and len(self.known) < MEMO:
            self.known[key] = amount
        return amount
