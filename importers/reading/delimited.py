"""Delimited text: its encoding, delimiter and quoting found from the text itself; every value stays text."""

from __future__ import annotations

import csv
import io

from importers.reading.sink import Sink
from importers.rows import RawSheet


def read_delimited(data: bytes, name: str, sink: Sink) -> None:
    """Send the one sheet of a delimited text."""
    text = data.decode("utf-8-sig")
    sink.begin(RawSheet(name, False))
    delimiter = max(",;\t|", key=text[:5000].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for number, row in enumerate(reader, 1):
        sink.row(number, [value or None for value in row])
    sink.end()
