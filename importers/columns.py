"""What is known of the columns of a table: which field each holds, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EXTRA, IGNORE = "extra", "ignore"
#: A second column of serial numbers: kept under its header, and used where the first one is blank.
SERIAL_OTHER = "serial_other"
_INNER = frozenset({IGNORE, SERIAL_OTHER})
#: Why a column has its field: the agency said so, a known export, the words of its header, or its values.
BY_MAPPING, BY_FORMAT, BY_HEADER, BY_VALUES = "mapping", "format", "header", "values"
DATES = frozenset({"acquired_on", "warranty_ends_on", "support_ends_on"})
MONEY = frozenset({"cost", "unit_cost"})
TICKS = frozenset({"condition_good", "condition_fair", "condition_broken"})
#: The field of a record that a column's field fills, where the names differ.
PRESENT: Mapping[str, tuple[str, ...]] = {
    "code_register": ("item_code", "register"),
    "brand_model": ("brand", "model"),
    "condition_good": ("conditions", "condition"),
    "condition_fair": ("conditions", "condition"),
    "condition_broken": ("conditions", "condition"),
    "serial_other": ("serial",),
    "office": ("software",),
    "database": ("software",),
    "software_name": ("software",),
    "software_version": ("software",),
    "os_version": ("os",),
    "category": ("asset_class",),
    "stated_class": ("asset_class",),
    "stated_scope": ("it_scope",),
    "own_system": ("os", "software"),
    "own_office": ("software",),
    "own_database": ("software",),
    "own_software": ("software",),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where, what it is called, its field, how sure that is, and how its values are read."""

    at: int
    label: str
    field: str
    confidence: float
    multiplier: int = 1
    currency: str | None = None
    month_first: bool = False
    reason: str = BY_HEADER


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a table, what kind of table it is, and what is odd about them."""

    columns: tuple[Column, ...]
    kind: str
    problems: tuple[tuple[str | None, str, str], ...] = ()
    coded: bool = False
    reach: int = 0
    code_digits: int = 5

    def fields(self) -> dict[str, Column]:
        """{field: first column with it}."""
        found: dict[str, Column] = {}
        for column in self.columns:
            found.setdefault(column.field, column)
        return found

    def shown(self) -> dict[str, Column]:
        """{source header: column} as shown to people; a header that comes twice carries its letter."""
        found: dict[str, Column] = {}
        for column in sorted(self.columns, key=lambda c: (c.field in (EXTRA, IGNORE), c.at)):
            label = column.label or f"({column_letter(column.at)})"
            if label in found:
                label = f"{label} ({column_letter(column.at)})"
            found[label] = column
        return found

    def named(self) -> dict[str, str]:
        """{source header: field} as shown to people."""
        return {
            label: EXTRA if column.field in _INNER else column.field for label, column in self.shown().items()
        }

    def reasons(self) -> dict[str, str]:
        """{source header: why the column has its field}; columns that are not used are left out."""
        return {
            label: column.reason
            for label, column in self.shown().items()
            if column.field not in (EXTRA, IGNORE, SERIAL_OTHER) or column.reason == BY_MAPPING
        }

    def sure(self) -> dict[str, float]:
        """{source header: confidence from 0 to 1}; a remembered or a format's own column is certain."""
        return {label: round(min(column.confidence, 1.0), 2) for label, column in self.shown().items()}


def column_letter(at: int) -> str:
    """The spreadsheet's name of a column, counted from 0: 0 is 'A', 26 is 'AA'."""
    name = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(65 + rest) + name
    return name
