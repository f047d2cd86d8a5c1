"""Staged rows by column: what a file says of some thousand assets, each repeated value once.

Pure: no session, no clock, no I/O. A row's values stand under the names of the asset's columns; beside them
`cleared` (fields that a blank clears),
`model` (the number of a BatchTitle), `software` (numbers of such), `key:SCHEME` (a normalised name), and where
there is something to say `outcome` (absent: created), `reason`, `label`, `asset_id`, `row_version`, `diff`, `weak`.
"""

from __future__ import annotations

import json
from array import array
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from tracker.inventory.diffing import ASSET_FIELDS
from tracker.inventory.models import RowOutcome

#: The values of a column, and for each row which of them it has; None: each row has its own, in order.
Column = tuple[list[Any], Sequence[int] | None]
KEY = "key:"
_CREATED = RowOutcome.CREATED.value
_STATED = (*ASSET_FIELDS, "model", "software")
_NO_TITLES: tuple[int, ...] = ()
#: Longest label of a row, in characters.
LABEL = 120
#: JSON without spaces; the values are plain, so that the check for cycles only costs time.
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class StagedBlock:
    """Rows of one sheet; `rows` are the sheet's own numbers."""

    __slots__ = ("columns", "rows", "sheet")

    def __init__(self, sheet: str, rows: Sequence[int], columns: dict[str, Column]) -> None:
        self.sheet = sheet
        self.rows = rows
        self.columns = columns

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, name: str, default: Any = None) -> list[Any]:
        """The column's value in each row; `default` where it is absent or blank."""
        if name not in self.columns:
            return [default] * len(self.rows)
        values, codes = self.columns[name]
        if default is not None:
            values = [default if value is None else value for value in values]
        return values if codes is None else list(map(values.__getitem__, codes))

    def mapped(self, name: str, act: Callable[[Any], Any]) -> list[Any]:
        """`act` of each row's value, worked out once for each distinct one."""
        values, codes = self.columns.get(name) or ([None], bytes(len(self.rows)))
        told = list(map(act, values))
        return told if codes is None else list(map(told.__getitem__, codes))

    def put(self, name: str, changed: Mapping[int, Any]) -> None:
        """Set the column's value in some rows, by place in the block."""
        if changed:
            cells = list(self.cells(name))
            for at, value in changed.items():
                cells[at] = value
            self.columns[name] = (cells, None)

    def row(self, at: int) -> dict[str, Any]:
        """The values of one row; blank ones are absent."""
        found = {
            name: values[at if codes is None else codes[at]] for name, (values, codes) in self.columns.items()
        }
        return {name: value for name, value in found.items() if value is not None}

    def part(self, start: int, end: int) -> StagedBlock:
        """The rows from `start` up to `end`, with no more values than they need."""
        columns = {name: _part(column, start, end) for name, column in self.columns.items()}
        return StagedBlock(self.sheet, self.rows[start:end], columns)

    def pick(self, places: Sequence[int]) -> StagedBlock:
        """The rows at some places."""
        columns: dict[str, Column] = {}
        for name, (values, codes) in self.columns.items():
            if codes is None:
                columns[name] = [values[at] for at in places], None
            else:
                columns[name] = values, array("H", [codes[at] for at in places])
        return StagedBlock(self.sheet, [self.rows[at] for at in places], columns)

    def keys(self) -> dict[str, list[str | None]]:
        """{scheme: each row's normalised name}."""
        return {name[len(KEY) :]: self.cells(name) for name in self.columns if name.startswith(KEY)}

    def outcomes(self) -> list[str]:
        """What becomes of each row."""
        return self.cells("outcome", _CREATED)

    def counts(self) -> Counter[str]:
        """How many rows have each outcome."""
        return Counter(self.outcomes()) if "outcome" in self.columns else Counter({_CREATED: len(self)})

    def installations(self) -> int:
        """How many titles the rows name."""
        return (
            sum(self.mapped("software", lambda titles: len(titles or ())))
            if "software" in self.columns
            else 0
        )


def _part(column: Column, start: int, end: int) -> Column:
    values, codes = column
    if codes is None:
        return values[start:end], None
    codes = codes[start:end]
    if len(values) <= len(codes):
        return values, codes
    return [values[code] for code in codes], None


def block_of_rows(sheet: str, rows: Sequence[Mapping[str, Any]]) -> StagedBlock:
    """A block of rows given one by one, each with its number in the sheet as `row`."""
    numbers = [row["row"] for row in rows]
    names = dict.fromkeys(chain.from_iterable(rows))
    columns = {name: coded([row.get(name) for row in rows]) for name in names if name != "row"}
    return StagedBlock(sheet, numbers, columns)


def coded(cells: list[Any]) -> Column:
    """A column from its cells, each value once where values repeat."""
    try:
        index = dict.fromkeys(cells)
    except TypeError:  # A diff is no key of a dictionary.
        return cells, None
    if 2 * len(index) > len(cells) or len(index) >= 1 << 16:
        return cells, None
    places = {value: at for at, value in enumerate(index)}
    return list(index), array("H", map(places.__getitem__, cells))


def pack(block: StagedBlock) -> str:
    """The block as text."""
    columns = {
        name: [values, None if codes is None else b64encode(array("H", codes).tobytes()).decode("ascii")]
        for name, (values, codes) in block.columns.items()
    }
    return encode([block.sheet, list(block.rows), columns])


def unpack(text: str | bytes) -> StagedBlock:
    """The block that `pack` made into `text`."""
    sheet, rows, packed = json.loads(text)
    return StagedBlock(sheet, rows, {name: (values, _codes(codes)) for name, (values, codes) in packed.items()})  # fmt: skip


def _codes(packed: str | None) -> array[int] | None:
    if packed is None:
        return None
    codes = array("H")
    codes.frombytes(b64decode(packed))
    return codes


def label_of(row: Mapping[str, Any]) -> str:
    """A short text by which a person finds the row."""
    told = row.get("label")
    if told is not None:
        return str(told)
    parts = (row.get("asset_tag"), row.get("name"), row.get("serial"))
    return " ".join(filter(None, parts))[:LABEL]


def record_of(row: Mapping[str, Any], order: Iterable[str] = ()) -> dict[str, Any] | None:
    """What the row states, as {column: value}, with `keys` ({scheme: name}); None for a row set aside."""
    keys = {name[len(KEY) :]: value for name, value in row.items() if name.startswith(KEY)}
    if not keys:
        return None
    ranked = {scheme: keys[scheme] for scheme in order if scheme in keys} | keys
    stated = {name: row[name] for name in _STATED if name in row}
    if "software" in stated:
        stated["software"] = list(stated["software"])
    return {**stated, "keys": dict(ranked)}
