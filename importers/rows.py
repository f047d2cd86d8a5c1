"""The contract of the importers: what a file becomes, what is wrong with it, and what it may cost to read.

Nothing here knows a database. A reader in a child process sends cells; everything else is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum


class ItScope(StrEnum):
    """Whether a row stands for information technology."""

    IT = "it"
    NEAR_IT = "near-it"
    OTHER = "other"


class SoftwareRole(StrEnum):
    """What a named software does on the asset."""

    OPERATING_SYSTEM = "operating-system"
    OFFICE = "office"
    DATABASE = "database"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost: bytes, counts, seconds, MB. A file above one of them is refused, naming it."""

    upload_bytes: int = 10_000_000
    expanded_bytes: int = 150_000_000
    part_bytes: int = 120_000_000
    ratio_above_1mb: int = 250
    zip_entries: int = 1_000
    data_rows: int = 100_000
    columns: int = 256
    cell_chars: int = 32_767
    decoded_text_bytes: int = 64_000_000
    sheets: int = 64
    xml_depth: int = 64
    merged_ranges: int = 10_000
    styles: int = 65_000
    seconds: int = 10
    child_rss_mb: int = 512


class RefusedFile(Exception):
    """The file cannot be read, or must not be; nothing of it was used. `code` is stable and for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the file that a person should look at. `row` counts from 1 as the spreadsheet does."""

    sheet: str
    row: int | None
    column: str | None
    code: str
    message: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is no asset: reason is a stable word such as subtotal, group-title, signature, repeated-header."""

    sheet: str
    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """What was understood of one sheet. `columns` maps the source header to a field, `confidence` to how
    sure that is, from 0 to 1, `places` to where it stands (column A is 1),
    `reasons` to why it was assigned: 'mapping', 'format', 'header' or 'values'."""

    name: str
    hidden: bool
    header_rows: tuple[int, ...]
    columns: Mapping[str, str]
    rows: int
    records: int
    skipped: int
    confidence: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SoftwareName:
    """A software as the file names it."""

    name: str
    version: str | None = None
    publisher: str | None = None
    role: SoftwareRole = SoftwareRole.APPLICATION


@dataclass(slots=True)
class Record:
    """One asset row. Dates are the first day of their precision ('day', 'month', 'year'); unknown is None.

    `rejected` rows carry at least one problem that says why they cannot become an asset.
    `content_key` is how our own export names a thing without identifiers; `content_base` is the fingerprint
    of such a thing before its maker, model or class were given other names.
    `columns_present` names the fields that the sheet has a column for, so that a blank cell can be
    told from a missing column.
    """

    sheet: str
    row: int
    item_code: str | None = None
    register: str | None = None
    asset_tag: str | None = None
    serial: str | None = None
    name: str = ""
    brand: str | None = None
    model: str | None = None
    asset_class: str = "other"
    it_scope: str = ItScope.OTHER
    units: int = 1
    acquired_on: date | None = None
    acquired_precision: str | None = None
    cost: Decimal | None = None
    unit_cost: Decimal | None = None
    currency: str | None = None
    condition: str | None = None
    conditions: dict[str, int] | None = None
    source: str | None = None
    location: str | None = None
    custodian: str | None = None
    hostname: str | None = None
    uuid: str | None = None
    warranty_ends_on: date | None = None
    support_ends_on: date | None = None
    status: str | None = None
    agency_text: str | None = None
    content_key: str | None = None
    content_base: str | None = None
    os: str | None = None
    software: tuple[SoftwareName, ...] = ()
    notes: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    columns_present: frozenset[str] = frozenset()
    rejected: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a sheet as a reader gives it: str, int, float, bool, date, datetime or None.

    Text stays text ('00123', '1E5', 'NA'); whole floats are ints. `error` holds a spreadsheet error
    such as '#REF!'.
    """

    value: object
    error: str | None = None


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet as a reader gives it, before any meaning: rows of plain values, in order, from row 1.

    `merged` holds (first_row, first_column, last_row, last_column), 1-based, of at most the limit's ranges.
    `date_1904` says which of the two spreadsheet calendars serial numbers belong to.
    """

    name: str
    hidden: bool
    merged: tuple[tuple[int, int, int, int], ...] = ()
    date_1904: bool = False


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """A sum per currency."""

    currency: str
    amount: Decimal
