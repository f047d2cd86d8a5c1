"""Which reader a file needs, told from its content; its name only has to agree."""

from __future__ import annotations

import re
from pathlib import Path

from importers.reading.messages import Send
from importers.reading.sink import Sink
from importers.rows import Limits, Problem, RefusedFile

_ZIP = b"PK\3\4"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Beginnings of files that are certainly no table, with the name a person knows them by.
_OTHER = {
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"GIF8": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Rar!": "an archive",
    b"7z\xbc\xaf": "an archive",
    b"BZh": "an archive",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"{\\rtf": "a text document",
    b"SQLite format 3": "a database",
}
_ZIP_NAMES = {".xlsx", ".xlsm", ".xltx", ".xltm", ".ods", ".ots", ".xlsb"}
_TEXT_NAMES = {".csv", ".tsv", ".tab", ".txt"}
_HTML = re.compile(
    rb"(?:<\?xml[^>]*>)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style|div)\b",
    re.I | re.S,
)


def read_file(path: Path, limits: Limits, include_hidden: bool, send: Send, *, ahead: bool = False) -> None:
    """Read one file and send its format, its problems and its sheets. Raises RefusedFile."""
    size = path.stat().st_size
    if size == 0:
        raise RefusedFile("empty_file", "The file is empty.")
    if size > limits.upload_bytes:
        message = f"The file has {size / 1e6:.1f} MB; {limits.upload_bytes / 1e6:.1f} MB may be. Split it."
        raise RefusedFile("file_too_large", message)
    data = path.read_bytes()
    sink = Sink(send, limits, ahead=ahead)
    suffix = path.suffix.lower()
    if data.startswith(_ZIP):
        _read_zip(data, suffix, sink, include_hidden)
    elif data.startswith(_OLE):
        _read_ole(data, sink, include_hidden)
    else:
        _read_text(data, path, suffix, sink)


def _read_zip(data: bytes, suffix: str, sink: Sink, include_hidden: bool) -> None:
    """A zip container: an Office Open XML workbook or an OpenDocument spreadsheet."""
    from importers.reading import workbook

    if suffix in _TEXT_NAMES or suffix in {".json", ".html", ".htm"}:
        raise RefusedFile("type_mismatch", f"The file is named {suffix} but is a zip archive or a workbook.")
    if data[30:38] == b"mimetype" and b"opendocument.spreadsheet" in data[38:140]:
        sink.format("ods")
        workbook.read_ods(data, sink, include_hidden)
    else:
        sink.format("xlsx")
        workbook.read_xlsx(data, sink, include_hidden)


def _read_ole(data: bytes, sink: Sink, include_hidden: bool) -> None:
    """An OLE container: a workbook of Excel 97 to 2003, or an encrypted newer one."""
    from importers.reading import workbook

    if _ole_name("EncryptedPackage") in data:
        raise RefusedFile("encrypted", "The file is protected by a password; remove the password first.")
    if _ole_name("WordDocument") in data or _ole_name("PowerPoint Document") in data:
        raise RefusedFile("type_mismatch", "The file is a text document or a presentation, not a workbook.")
    if _ole_name("Workbook") not in data and _ole_name("Book") not in data:
        raise RefusedFile("unsupported_type", "The file is an old Office container without a workbook.")
    if _ole_name("_VBA_PROJECT") in data:
        raise RefusedFile("macro_workbook", "The workbook contains macros; save it as .xlsx without them.")
    sink.format("xls")
    try:
        workbook.read_unscanned(data, sink, include_hidden)
    except RefusedFile as error:
        if error.code != "bad_workbook":
            raise
        message = "The old workbook (.xls) cannot be read; save it as .xlsx."
        raise RefusedFile("unsupported_type", f"{message} {error.message}") from None


def _ole_name(name: str) -> bytes:
    """How a container's directory spells the name of a stream, with its closing zero."""
    return (name + "\0").encode("utf-16-le")


def _read_text(data: bytes, path: Path, suffix: str, sink: Sink) -> None:
    """Text: HTML, JSON or delimited; anything else is refused by its name."""
    for start, kind in _OTHER.items():
        if data.startswith(start):
            raise RefusedFile("type_mismatch", f"The file is {kind}, not a spreadsheet.")
    if suffix in _ZIP_NAMES:
        raise RefusedFile(
            "type_mismatch", f"The file is named {suffix} but is no such workbook; save it again."
        )
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(head):
        from importers.reading.markup import read_html

        sink.format("html")
        sink.problem(Problem("", None, None, "html_table", "The file is a web page; its table was read."))
        read_html(data, path.stem, sink)
    elif head.startswith((b"MIME-Version:", b"<?xml")):
        raise RefusedFile("unsupported_type", "Web archives and XML are not read; save the file as .xlsx.")
    elif head.startswith((b"{", b"[")) and suffix not in _TEXT_NAMES:
        from importers.reading.objects import read_json

        sink.format("json")
        read_json(data, path.stem, sink)
    else:
        from importers.reading.delimited import read_delimited

        if suffix == ".xls":
            message = "The file is named .xls but is plain text; it was read as such."
            sink.problem(Problem("", None, None, "type_mismatch", message))
        sink.format("csv")
        read_delimited(data, path.stem, sink)
