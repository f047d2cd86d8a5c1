"""Assets as a spreadsheet headed like our own list, which the importers read back without any change.

Every text is protected against formula injection; rows go to disk one at a time.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from xlsxwriter import Workbook

from importers.own import SOFTWARE_FIELDS, OwnColumn, own_list, protect, software_line
from tracker.identity.errors import Refused
from tracker.inventory.export_queries import ExportedAsset

Cell = str | int | float | date | None
#: What a sheet of a workbook holds under its header.
MOST_ROWS = 1_048_575
#: Whole numbers up to this are exact in a cell; larger amounts are written as text.
_EXACT = 10**15
_FIRST_YEAR = 1900
_PRECISION = {"year": 4, "month": 7}
WORKBOOK_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}
#: Fields of the list that stand under another name in the asset.
_STORED = {"register": "register_number", "stated_class": "asset_class", "stated_scope": "it_scope"}


class ListFormat(StrEnum):
    """What an export of assets is written as."""

    XLSX = "xlsx"
    CSV = "csv"


def _acquired(asset: ExportedAsset) -> Cell:
    day, precision = asset.values["acquired_on"], asset.values["acquired_precision"]
    if day is None or precision not in _PRECISION:
        return day  # type: ignore[no-any-return]
    return str(day.isoformat()[: _PRECISION[precision]])


def _amount(asset: ExportedAsset) -> Decimal | None:
    minor = asset.values["cost_minor"]
    return None if minor is None else Decimal(minor).scaleb(-2)


_SPECIAL: Mapping[str, Callable[[ExportedAsset], Any]] = {
    "brand": lambda asset: asset.manufacturer or None,
    "model": lambda asset: asset.model or None,
    "uuid": lambda asset: asset.uuid,
    "content_key": lambda asset: asset.content_key,
    "agency_text": lambda asset: asset.agency,
    "acquired_on": _acquired,
    "cost": _amount,
}


def _software(asset: ExportedAsset, role: str) -> str | None:
    lines = [software_line(*title) for title in asset.software.get(role, ())]
    return "\n".join(lines) or None


def _value(asset: ExportedAsset, column: OwnColumn, language: str) -> Any:
    field = column.field
    if field in _SPECIAL:
        return _SPECIAL[field](asset)
    if field in SOFTWARE_FIELDS:
        return _software(asset, SOFTWARE_FIELDS[field].value)
    value = asset.values[_STORED.get(field, field)]
    return own_list().word(field, value, language) if column.kind == "choice" else value


def _plain(value: Any) -> str:
    return "" if value is None else protect(str(value))


def write_assets_csv(assets: Iterable[ExportedAsset], target: TextIO, language: str = "en") -> int:
    """Write `assets` as csv (RFC 4180), dates as ISO, amounts with two decimals; how many there were."""
    writer = csv.writer(target, lineterminator="\r\n")
    columns = own_list().columns
    writer.writerow([column.names[language] for column in columns])
    count = 0
    for asset in assets:
        writer.writerow([_plain(_value(asset, column, language)) for column in columns])
        count += 1
    return count


def write_assets_xlsx(assets: Iterable[ExportedAsset], path: Path, language: str = "en") -> int:
    """Write `assets` to the workbook `path`; how many there were.

    Raises:
        Refused: there are more than a sheet holds.
    """
    own = own_list()
    count = 0
    with Workbook(str(path), WORKBOOK_OPTIONS) as book:
        sheet = book.add_worksheet(own.list_sheet[language])
        write_header(book, sheet, own.columns, language)
        for count, asset in enumerate(assets, start=1):
            if count > MOST_ROWS:
                raise Refused("too_many_rows", f"a workbook holds {MOST_ROWS} assets; export them as csv")
            for at, column in enumerate(own.columns):
                _write(sheet, count, at, _value(asset, column, language))
        sheet.autofilter(0, 0, count, len(own.columns) - 1)
    return count


def write_assets(assets: Iterable[ExportedAsset], path: Path, form: ListFormat, language: str = "en") -> int:
    """Write `assets` to `path`; how many there were. Raises Refused as `write_assets_xlsx` does."""
    if form is ListFormat.XLSX:
        return write_assets_xlsx(assets, path, language)
    with path.open("w", encoding="utf-8-sig", newline="") as target:
        return write_assets_csv(assets, target, language)


def write_header(book: Any, sheet: Any, columns: Iterable[OwnColumn], language: str) -> None:
    """Widths and the row of headings of our own list."""
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#DCE6F1"})
    for at, column in enumerate(columns):
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.names[language], bold)
    sheet.freeze_panes(1, 1)


def _write(sheet: Any, row: int, at: int, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, date) and value.year >= _FIRST_YEAR:
        sheet.write_datetime(row, at, value)
    elif isinstance(value, int | Decimal) and -_EXACT < value < _EXACT:
        sheet.write_number(row, at, float(value))
    else:
        sheet.write_string(row, at, _plain(value))
