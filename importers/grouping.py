"""Files in which several rows speak of one thing: a row per installation, or per find of a scanner."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import fields
from typing import Any

from importers.columns import Columns
from importers.formats import Format
from importers.rows import Problem, Record

_KEYS = ("asset_tag", "hostname", "serial")
_JOINED = frozenset({"software", "problems", "extra", "columns_present", "rejected", "row", "sheet", "units"})
_FILLED = tuple(f.name for f in fields(Record) if f.name not in _JOINED)


def group_field(columns: Columns, known: Format | None) -> str | None:
    """The field by which rows are joined; None for a table with one row per thing."""
    if known is not None and known.group_by:
        return known.group_by
    if columns.kind != "installations":
        return None
    present = columns.fields()
    return next((name for name in _KEYS if name in present), None)


class Group:
    """Joins records by a field. Holds one record per thing, not one per row; rows without a key pass through.

    Where each row is an installation, one that the thing already has is the same row again, and is rejected.
    """

    def __init__(self, field: str, *, installations: bool = False) -> None:
        self.field = field
        self._installations = installations
        self.rows = 0
        self._held: dict[str, Record] = {}

    @property
    def count(self) -> int:
        """How many things the joined rows speak of."""
        return len(self._held)

    def join(self, records: Generator[Any, None, bool]) -> Generator[Record, None, bool]:
        """Take all records in; yields those that have no key. The value is that of `records`."""
        while True:
            try:
                record = next(records)
            except StopIteration as end:
                return bool(end.value)
            key = getattr(record, self.field)
            if not key:
                yield record
                continue
            held = self._held.setdefault(key.casefold(), record)
            if held is not record and self._installations and _is_repeated(held, record):
                yield _reject(record, held, self.field)
                continue
            self.rows += 1
            if held is not record:
                _merge(held, record)

    def records(self) -> Iterator[Record]:
        """The joined records in the order in which their things first occur."""
        yield from self._held.values()


def _is_repeated(held: Record, other: Record) -> bool:
    return bool(other.software) and set(other.software) <= set(held.software)


def _reject(record: Record, first: Record, field: str) -> Record:
    message = f"the row says again what row {first.row} and those joined to it say of this asset"
    again = Problem(record.sheet, record.row, field, "duplicate-row", message, getattr(record, field))
    record.problems = (*record.problems, again)
    record.rejected = True
    return record


def _merge(held: Record, other: Record) -> None:
    """Add another row's software and problems, and fill what the first row leaves blank."""
    held.software += tuple(item for item in other.software if item not in held.software)
    held.problems += other.problems
    held.rejected = held.rejected or other.rejected
    for name in _FILLED:
        if getattr(held, name) is None:
            setattr(held, name, getattr(other, name))
