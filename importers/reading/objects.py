"""JSON: a list of objects becomes a header row and one row for each object."""

from __future__ import annotations

import json
import math
from typing import Any

from importers.reading.delimited import decode
from importers.reading.messages import CellError, Values
from importers.reading.sink import Sink
from importers.rows import Limits, RawSheet, RefusedFile

_MAX_DIGITS = 15


def read_json(data: bytes, name: str, sink: Sink) -> None:
    """Send a list of objects, or of lists, as a sheet. Raises RefusedFile.

    The list may stand alone, as the longest list of objects inside one object, or as one object a line.
    Keys become the header in row 1 in the order in which they first appear; nested values become JSON text.
    """
    items = _find_items(_parse(decode(data)))
    sink.begin(RawSheet(name, False))
    if items and all(isinstance(item, list) for item in items):
        for number, item in enumerate(items, 1):
            sink.row(number, _row(item, sink.limits))
    else:
        header = _header(items, sink.limits)
        sink.row(1, list(header))
        for number, item in enumerate(items, 2):
            sink.row(number, _row([item.get(key) for key in header], sink.limits))
    sink.end()


def _parse(text: str) -> Any:
    """The value of a JSON text, or the list of values of a text with one a line."""
    decoder = json.JSONDecoder(parse_int=_number, parse_constant=lambda name: CellError("#NUM!"))
    try:
        return decoder.decode(text)
    except RecursionError:
        raise RefusedFile("json_depth", "The JSON text nests too deeply.") from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise RefusedFile("bad_json", f"The JSON text is damaged: {error}.") from None
    try:
        return [decoder.decode(line) for line in lines]
    except (ValueError, RecursionError):
        raise RefusedFile("bad_json", "The JSON text is damaged, or holds no list of objects.") from None


def _number(text: str) -> int | str:
    """Whole numbers with more digits than a spreadsheet holds are identifiers, and stay text."""
    return int(text) if len(text) <= _MAX_DIGITS else text


def _find_items(value: Any) -> list[Any]:
    """The list that is the table: of objects alone, or of lists alone."""
    if isinstance(value, list) and _is_table(value):
        return value
    if isinstance(value, dict):
        tables = [item for item in value.values() if isinstance(item, list) and item and _is_table(item)]
        if tables:
            return max(tables, key=len)
        return [value]
    raise RefusedFile("unsupported_type", "The JSON text holds no list of objects.")


def _is_table(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items) or all(isinstance(item, list) for item in items)


def _header(items: list[dict[str, Any]], limits: Limits) -> list[str]:
    """The keys in the order in which they first appear."""
    header: dict[str, None] = {}
    for item in items:
        header |= dict.fromkeys(item)
        if len(header) > limits.columns:
            raise RefusedFile("too_many_columns", f"The objects have more than {limits.columns} keys.")
    return list(header)


def _row(items: list[Any], limits: Limits) -> Values:
    """One row of plain values."""
    if len(items) > limits.columns:
        raise RefusedFile("too_many_columns", f"A row has {len(items)} values; {limits.columns} may be.")
    return [_plain(item, limits) for item in items]


def _plain(value: Any, limits: Limits) -> Any:
    """A value of JSON as one of the contract."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str) if value else None
    if isinstance(value, float):
        if not math.isfinite(value):
            return CellError("#NUM!")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, str):
        if len(value) > limits.cell_chars:
            return CellError(f"text of {len(value)} characters; {limits.cell_chars} may be")
        if "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            return CellError("forbidden character")
        return value or None
    return value
