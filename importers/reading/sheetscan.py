"""What must be known of a worksheet part before calamine builds its grid: how far it reaches, and which
cells calamine would hand over as blanks though they hold an error or a formula that was never calculated.

The usual shape of a part is scanned by bytes; any other legal shape by parser events, with equal results.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from importers.reading.messages import NEVER_CALCULATED, CellError
from importers.rows import Limits, RefusedFile

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
OUTSIDE_FORMULA = "formula that reads from another program"

_ROW = re.compile(rb'<row r="(\d+)"')
_HIDDEN = re.compile(rb'<row r="(\d+)"[^>]*? hidden="(?:1|true)"')
_ODD_CELL = re.compile(rb'<c(?:>|/>| (?!r="[A-Z]{1,3}[1-9]\d{0,5}"))')
_NOT_NARROW = re.compile(rb'<c(?:>|/>| (?!r="[A-Z][1-9]\d{0,5}"))')
_WIDE = re.compile(rb'<c r="([A-Z]{2,3})\d')
_ERROR = re.compile(
    rb'<c r="([A-Z]+)(\d+)"[^>]*? t="e"[^>]*>\s*(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?\s*<v[^>]*>([^<]*)</v>'
)
_EMPTY_FORMULA = re.compile(
    rb'<c r="([A-Z]+)(\d+)"([^>]*)>\s*(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)\s*(<v\s*/>|<v></v>|)\s*</c>'
)
_PIPE_FORMULA = re.compile(rb'<c r="([A-Z]+)(\d+)"[^>]*>\s*<f[^>]*>([^<]*\|[^<]*)</f>')
_MAIN_PREFIX = re.compile(
    rb'xmlns:\w+="http://(?:schemas\.openxmlformats|purl\.oclc)\.org/[^"]*spreadsheetml[^"]*main"'
)
_PROGRAM = re.compile(r"^[^\"']*\|.*!", re.DOTALL)
_MAX_PIECE = 8_000_000


@dataclass(slots=True)
class SheetFacts:
    """What a scan found. Rows and columns count from 1; `fixes` maps row → column → what the cell is."""

    rows: int = 0
    last_row: int = 0
    last_column: int = 0
    shared_cells: int = 0
    text_bytes: int = 0
    escapes: bool = False
    regular: bool = True
    hidden_rows: list[int] = field(default_factory=list)
    fixes: dict[int, dict[int, CellError]] = field(default_factory=dict)

    def fix(self, row: int, column: int, text: str) -> None:
        """Remember that a cell is an error, whatever calamine says it is."""
        self.fixes.setdefault(row, {})[column] = CellError(text)


def column_number(letters: str) -> int:
    """1 for 'A', 16384 for 'XFD'."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def is_program_call(formula: str) -> bool:
    """Whether a formula asks another program, as =cmd|'/c x'!A1 does."""
    return _PROGRAM.match(formula) is not None


def check_order(row: int, previous: int, name: str) -> None:
    """Rows come in order and inside the sheet."""
    if not 1 <= row <= LAST_ROW:
        raise RefusedFile("bad_cell_ref", f"{name} has a row {row}; a sheet has {LAST_ROW}.")
    if row <= previous:
        raise RefusedFile(
            "bad_row_order", f"{name} has row {row} after row {previous}; it contradicts itself."
        )


def check_width(facts: SheetFacts, name: str, limits: Limits) -> None:
    """No filled cell beyond the columns that may be."""
    if facts.last_column > limits.columns:
        raise RefusedFile(
            "too_many_columns", f"{name} reaches column {facts.last_column}; {limits.columns} may be."
        )


class SheetScan:
    """The scan by bytes. Give it the chunks, then `finish`; `facts.regular` says whether it was enough."""

    def __init__(self, name: str, limits: Limits) -> None:
        self.facts = SheetFacts()
        self._name = name
        self._limits = limits
        self._rest = b""
        self._previous_row = 0
        self._narrow = True

    def add(self, chunk: bytes) -> None:
        """Scan up to the last row that begins in this chunk; the remainder waits for more."""
        if not self.facts.regular:
            return
        self._rest += chunk
        cut = self._rest.rfind(b"<row")
        if cut > 0:
            self._piece(self._rest[:cut])
            self._rest = self._rest[cut:]
        elif len(self._rest) > _MAX_PIECE:
            self.facts.regular = False

    def finish(self) -> SheetFacts:
        """The facts, once every chunk was given."""
        if self.facts.regular:
            self._piece(self._rest)
        if self.facts.regular:
            check_width(self.facts, self._name, self._limits)
        return self.facts

    def _piece(self, piece: bytes) -> None:
        """Scan bytes that hold whole rows."""
        facts = self.facts
        rows = _ROW.findall(piece)
        self._narrow = _NOT_NARROW.search(piece) is None
        if len(rows) != piece.count(b"<row") - piece.count(b"<rowBreaks"):
            facts.regular = False
            return
        if not self._narrow and _ODD_CELL.search(piece):
            facts.regular = False
            return
        if not facts.rows and _MAIN_PREFIX.search(piece):
            facts.regular = False
            return
        for row in map(int, rows):
            check_order(row, self._previous_row, self._name)
            self._previous_row = row
        facts.rows += len(rows)
        self._reach(piece)
        self._oddities(piece)

    def _reach(self, piece: bytes) -> None:
        """How far filled cells reach. A wide but blank cell is told apart by the other scan."""
        facts = self.facts
        facts.shared_cells += piece.count(b't="s"')
        facts.text_bytes += len(piece)
        value_at = max(piece.rfind(b"</v>"), piece.rfind(b"</t>"))
        row_at = piece.rfind(b'<row r="', 0, max(value_at, 0))
        if row_at < 0:
            return
        facts.last_row = int(piece[row_at + 8 : piece.index(b'"', row_at + 8)])
        facts.last_column = max(facts.last_column, 26)
        if not self._narrow:
            wide = set(_WIDE.findall(piece))
            facts.last_column = max(
                facts.last_column, *(column_number(letters.decode()) for letters in wide), 0
            )
        if facts.last_column > self._limits.columns:
            facts.regular = False

    def _oddities(self, piece: bytes) -> None:
        """Errors, formulas without values, hidden rows and escaped characters."""
        facts = self.facts
        if b't="e"' in piece:
            for letters, row, text in _ERROR.findall(piece):
                facts.fix(int(row), column_number(letters.decode()), text.decode("utf-8", "replace"))
        if b"<f" in piece:
            self._formulas(piece)
        if b' hidden="' in piece:
            facts.hidden_rows += map(int, _HIDDEN.findall(piece))
        if b"_x" in piece:
            facts.escapes = True

    def _formulas(self, piece: bytes) -> None:
        """Formulas that hold no value, and those that would start another program."""
        facts = self.facts
        for letters, row, attributes, empty in _EMPTY_FORMULA.findall(piece):
            # A formula that yields an empty text has an empty value of type 'str'.
            if not (empty and b't="str"' in attributes):
                facts.fix(int(row), column_number(letters.decode()), NEVER_CALCULATED)
                facts.last_row = max(facts.last_row, int(row))
        if b"|" in piece:
            for letters, row, text in _PIPE_FORMULA.findall(piece):
                if is_program_call(text.decode("utf-8", "replace")):
                    facts.fix(int(row), column_number(letters.decode()), OUTSIDE_FORMULA)
