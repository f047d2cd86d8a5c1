"""The rows of a sheet in order, with a look ahead: as rows for finding a header, in columns for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from importers.layout import Row
from importers.reading.blocks import Block, encode_rows


@dataclass(slots=True)
class RowStream:
    """The rows of a sheet, with a look ahead."""

    blocks: Iterator[Iterable[Row]]
    held: list[Row] = field(default_factory=list)

    def peek(self, count: int) -> list[Row]:
        """Up to `count` rows that are not taken yet."""
        while len(self.held) < count:
            block = next(self.blocks, None)
            if block is None:
                break
            self.held = self.held + list(block) if self.held else list(block)
        return self.held[:count]

    def take(self) -> list[Row] | None:
        """The next rows, or None at the end."""
        if self.held:
            rows, self.held = self.held, []
            return rows
        block = next(self.blocks, None)
        return list(block) if block is not None else None

    def take_block(self) -> Block | None:
        """The next rows in columns, or None at the end."""
        if self.held:
            rows, self.held = self.held, []
            return encode_rows(rows)
        block = next(self.blocks, None)
        return block if block is None or isinstance(block, Block) else encode_rows(list(block))

    def put_back(self, rows: list[Row]) -> None:
        """Give back rows that were taken."""
        self.held = rows + self.held
