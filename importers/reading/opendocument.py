"""An OpenDocument spreadsheet looked at before calamine: repeats, which a few bytes can make billions of."""

from __future__ import annotations

from importers.reading.archive import Member, unpack
from importers.reading.xmlparts import walk
from importers.rows import Limits, RefusedFile

_LAST_ROW = 1_048_576
_BOX = 10_000_000


def inspect_ods(members: dict[str, Member], limits: Limits) -> None:
    """Refuse encryption, document types, and filled cells that repeat beyond the limits."""
    manifest = members.get("META-INF/manifest.xml")
    if manifest is not None and any(b"encryption-data" in chunk for chunk in unpack(manifest)):
        raise RefusedFile("encrypted", "The file is protected by a password; remove the password first.")
    content = members.get("content.xml")
    if content is None:
        raise RefusedFile("bad_workbook", "The file is damaged: its content is missing.")
    for name in ("META-INF/manifest.xml", "styles.xml", "meta.xml", "settings.xml"):
        if name in members:
            walk(unpack(members[name]), name, limits, lambda tag, attributes: None)
    scan = _Scan(limits)
    walk(unpack(content), "content.xml", limits, scan.start, scan.end, scan.text)


class _Scan:
    """Follows tables, rows and cells with their repeats, and adds up what they come to."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._row = self._column = self._last_column = self._wide = 0
        self._row_repeat = self._cell_repeat = 1
        self._filled_rows = self._sheets = self._text = self._row_text = self._cell_text = 0
        self._filled = False
        self._in_cell = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if tag == "table":
            self._sheets += 1
            self._row = self._wide = 0
            if self._sheets > self._limits.sheets:
                raise RefusedFile("too_many_sheets", f"The file has more than {self._limits.sheets} sheets.")
        elif tag == "table-row":
            self._row_repeat = _repeat(attributes, "number-rows-repeated")
            self._column = self._last_column = self._row_text = 0
        elif tag in {"table-cell", "covered-table-cell"}:
            self._cell_repeat = _repeat(attributes, "number-columns-repeated")
            self._filled = any(key.rpartition(":")[2] == "value-type" for key in attributes)
            self._in_cell = True
            self._cell_text = 0

    def text(self, text: str) -> None:
        """Characters; those of a cell count as often as the cell repeats."""
        if self._in_cell:
            self._filled = True
            self._cell_text += len(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag in {"table-cell", "covered-table-cell"}:
            self._column += self._cell_repeat
            self._in_cell = False
            if self._filled:
                self._last_column = self._column
                self._row_text += self._cell_text * self._cell_repeat
        elif tag == "table-row":
            self._row += self._row_repeat
            if self._last_column:
                self._end_filled_row()

    def _end_filled_row(self) -> None:
        limits = self._limits
        self._wide = max(self._wide, self._last_column)
        self._filled_rows += self._row_repeat
        self._text += self._row_text * self._row_repeat
        if self._row_repeat > limits.data_rows or self._last_column > 16_384:
            raise RefusedFile("unsupported_type", "The file repeats filled cells over a whole sheet.")
        if self._last_column > limits.columns:
            raise RefusedFile(
                "too_many_columns", f"A sheet reaches column {self._last_column}; {limits.columns} may be."
            )
        if self._row > _LAST_ROW:
            raise RefusedFile("bad_cell_ref", f"A sheet has a row {self._row}; a sheet has {_LAST_ROW}.")
        if self._filled_rows > limits.data_rows + 1_000 or self._row * self._wide > _BOX:
            raise RefusedFile("too_many_rows", f"The file has more than {limits.data_rows} rows; split it.")
        if self._text > limits.decoded_text_bytes:
            raise RefusedFile(
                "text_too_large", f"The file holds more than {limits.decoded_text_bytes} bytes of text."
            )


def _repeat(attributes: dict[str, str], name: str) -> int:
    """A repeat count; 1 when it is missing. RefusedFile when it is no count."""
    text = next((value for key, value in attributes.items() if key.rpartition(":")[2] == name), "1")
    if not text.isdecimal() or len(text) > 9:
        raise RefusedFile("bad_workbook", f"The file is damaged: a repeat of {text[:20]!r}.")
    return int(text)
