"""Which reader a file needs, told from its content."""

from __future__ import annotations

from pathlib import Path

from importers.reading.messages import Send
from importers.reading.sink import Sink
from importers.rows import Limits


def read_file(path: Path, limits: Limits, include_hidden: bool, send: Send) -> None:
    """Read one file and send its format, its problems and its sheets. Raises RefusedFile."""
    sink = Sink(send, limits)
    data = path.read_bytes()
    if data[:4] == b"PK\3\4":
        from importers.reading.workbook import read_workbook

        send("format", "xlsx")
        read_workbook(path, sink, include_hidden)
        return
    from importers.reading.delimited import read_delimited

    send("format", "csv")
    read_delimited(data, path.stem, sink)
