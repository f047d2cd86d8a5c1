"""A copy of a workbook in which doubtful cells are coloured and commented, and a sheet lists them.

`annotate` works on the workbook itself, in a child process with limits: openpyxl holds all of it in memory.
`rebuild` writes a new workbook of the rows as they were read, for files of other kinds and for large ones.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import importers
from importers.columns import column_letter
from importers.own import own_list, protect
from importers.reading import CellError, open_sheets
from importers.rows import Limits

#: Fill of a cell for which its row was rejected, and of one that is only doubtful.
REJECTED, DOUBTFUL = "FFC7CE", "FFEB9C"
#: Larger workbooks are not held in memory.
_MOST_UNPACKED = 20_000_000
_MOST_COMMENTS = 2_000
_AUTHOR = "tracker"
_SHEET_NAME = 31
_FORBIDDEN_IN_NAMES = re.compile(r"[\[\]:*?/\\']")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDTHS = (20, 8, 24, 30, 70, 18)
_FIRST_YEAR = 1900


@dataclass(frozen=True, slots=True)
class Mark:
    """One problem of a cell. `row` and `at` (column A is 1) count from 1; None where there is no such place."""

    sheet: str
    row: int | None
    at: int | None
    column: str
    value: str
    why: str
    rejected: bool

    @property
    def fill(self) -> str:
        """The colour of the cell."""
        return REJECTED if self.rejected else DOUBTFUL


def mark_workbook(
    source: Path, kind: str, target: Path, marks: Sequence[Mark], language: str, limits: Limits
) -> None:
    """Write the marked copy of `source` to `target`, always as xlsx.

    Raises:
        RefusedFile: the file cannot be read (any more).
    """
    if (
        kind == "xlsx"
        and _unpacked(source) <= _MOST_UNPACKED
        and _annotated(source, target, marks, language, limits)
    ):
        return
    rebuild(source, target, marks, language, limits)


def _unpacked(source: Path) -> int:
    with zipfile.ZipFile(source) as archive:
        return sum(part.file_size for part in archive.infolist())


def _annotated(source: Path, target: Path, marks: Sequence[Mark], language: str, limits: Limits) -> bool:
    """Run `annotate` in a child; False where that did not work within its limits."""
    task = {"source": str(source), "target": str(target), "language": language, "limits": asdict(limits),
            "marks": [asdict(mark) for mark in marks]}  # fmt: skip
    root = str(Path(importers.__file__).parent.parent)
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": root, "OPENBLAS_NUM_THREADS": "1"}
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "importers.marking"],
            input=json.dumps(task).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=limits.seconds * 6,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def main() -> int:
    """Annotate one workbook, as the task on standard input says."""
    task = json.load(sys.stdin)
    limits = Limits(**task["limits"])
    memory = limits.child_rss_mb * 2_000_000
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds * 3, limits.seconds * 3 + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    marks = [Mark(**mark) for mark in task["marks"]]
    annotate(Path(task["source"]), Path(task["target"]), marks, task["language"])
    return 0


def annotate(source: Path, target: Path, marks: Sequence[Mark], language: str) -> None:
    """Colour and comment the cells of a workbook; formulas stay, macros and links to other files go."""
    import openpyxl  # the parent never needs it

    with source.open("rb") as opened:
        book = openpyxl.load_workbook(opened, keep_vba=False, keep_links=False)
    for name in list(book.sheetnames):
        if is_problem_sheet(name):
            del book[name]
    for sheet in book.worksheets:
        _unmark(sheet)
    for (name, row, at), found in _by_cell(marks):
        if name in book.sheetnames:
            _mark(book[name].cell(row, at), found)
    _list_problems(book.create_sheet(own_list().problem_sheet[language]), marks, language)
    book.save(target)


def is_problem_sheet(name: str) -> bool:
    """Whether a sheet is the list of problems of an earlier copy."""
    return name in own_list().problem_sheet.values()


def _by_cell(marks: Iterable[Mark]) -> Iterator[tuple[tuple[str, int, int], list[Mark]]]:
    """The marked cells, at most so many as a spreadsheet still opens quickly."""
    found: dict[tuple[str, int, int], list[Mark]] = {}
    for mark in marks:
        if mark.row is not None and mark.at is not None:
            found.setdefault((mark.sheet, mark.row, mark.at), []).append(mark)
    yield from list(found.items())[:_MOST_COMMENTS]


def _comment(found: Sequence[Mark]) -> str:
    return "\n".join(dict.fromkeys(mark.why for mark in found))


def _unmark(sheet: Any) -> None:
    """Take away what an earlier copy marked."""
    from openpyxl.styles import PatternFill

    for row in sheet.iter_rows():
        for cell in row:
            if cell.comment is not None and cell.comment.author == _AUTHOR:
                cell.comment, cell.fill = None, PatternFill()


def _mark(cell: Any, found: Sequence[Mark]) -> None:
    from openpyxl.cell.cell import MergedCell
    from openpyxl.comments import Comment
    from openpyxl.styles import PatternFill

    if isinstance(cell, MergedCell):
        return
    worst = max(found, key=lambda mark: mark.rejected)
    cell.fill = PatternFill("solid", start_color=worst.fill)
    cell.comment = Comment(_comment(found), _AUTHOR, width=320, height=120)


def _list_problems(sheet: Any, marks: Sequence[Mark], language: str) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    sheet.append(own_list().problem_headers[language])
    for at, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[column_letter(at - 1)].width = width
        sheet.cell(1, at).font = Font(bold=True)
    for row, mark in enumerate(marks, start=2):
        for at, value in enumerate(_cells(mark), start=1):
            cell = sheet.cell(row, at, value)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(row, 5).fill = PatternFill("solid", start_color=mark.fill)
        place = _place(mark)
        if place:
            sheet.cell(row, 6, place).hyperlink = f"#{_quoted(mark.sheet)}!{place}"
            sheet.cell(row, 6).style = "Hyperlink"
    sheet.freeze_panes = "A2"


def _cells(mark: Mark) -> tuple[str | int | None, ...]:
    texts = (mark.column, mark.value, mark.why)
    return (protect(mark.sheet), mark.row, *map(protect, texts))


def _place(mark: Mark) -> str | None:
    if mark.row is None:
        return None
    return f"{column_letter((mark.at or 1) - 1)}{mark.row}"


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def rebuild(source: Path, target: Path, marks: Sequence[Mark], language: str, limits: Limits) -> None:
    """Write the rows of `source`, as they are read, to a new workbook with the marks; rows are streamed.

    Raises:
        RefusedFile: the file cannot be read.
    """
    from xlsxwriter import Workbook

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    cells = dict(_by_cell(marks))
    with open_sheets(source, limits) as file, Workbook(str(target), options) as book:
        writer = _Rebuilt(book, cells)
        names = {
            raw.name: writer.copy(raw.name, blocks)
            for raw, blocks in file.sheets()
            if not raw.hidden and not is_problem_sheet(raw.name)
        }
        writer.list_problems(marks, language, names)


class _Rebuilt:
    """Writes sheets of a new workbook."""

    def __init__(self, book: Any, cells: Mapping[tuple[str, int, int], list[Mark]]) -> None:
        self._book = book
        self._cells = cells
        self._formats: dict[tuple[Any, ...], Any] = {}
        self._names: set[str] = set()

    def _format(self, fill: str | None, dated: bool, quoted: bool) -> Any:
        key = (fill, dated, quoted)
        if key not in self._formats:
            told: dict[str, Any] = {"quote_prefix": quoted}
            if fill:
                told |= {"bg_color": f"#{fill}"}
            if dated:
                told |= {"num_format": "yyyy-mm-dd"}
            self._formats[key] = self._book.add_format(told)
        return self._formats[key] if any(key) else None

    def _name(self, name: str) -> str:
        """A name that a sheet may have and no other sheet has."""
        plain = _FORBIDDEN_IN_NAMES.sub("_", name).strip() or "Sheet"
        found, number = plain[:_SHEET_NAME], 2
        while found.casefold() in self._names:
            found = f"{plain[: _SHEET_NAME - 4]} ({number})"
            number += 1
        self._names.add(found.casefold())
        return found

    def copy(self, name: str, blocks: Iterable[Iterable[tuple[int, list[Any]]]]) -> str:
        """Write one sheet; its name in the new workbook."""
        shown = self._name(name)
        sheet = self._book.add_worksheet(shown)
        marked: dict[int, list[int]] = {}
        for key in self._cells:
            if key[0] == name:
                marked.setdefault(key[1], []).append(key[2])
        for block in blocks:
            for number, values in block:
                places = marked.get(number, [])
                for at in range(max([len(values), *places])):
                    value = values[at] if at < len(values) else None
                    found = self._cells.get((name, number, at + 1)) if places else None
                    self._write(sheet, number - 1, at, value, found)
        return shown

    def _write(self, sheet: Any, row: int, at: int, value: Any, found: Sequence[Mark] | None) -> None:
        fill = max(found, key=lambda mark: mark.rejected).fill if found else None
        if found:
            sheet.write_comment(row, at, _comment(found), {"author": _AUTHOR, "x_scale": 2})
        dated = isinstance(value, date) and value.year >= _FIRST_YEAR
        quoted = isinstance(value, str) and value.startswith(_DANGEROUS)
        shape = self._format(fill, dated, quoted)
        if value is None or isinstance(value, CellError):
            sheet.write_blank(row, at, None, shape)
        elif isinstance(value, bool):
            sheet.write_boolean(row, at, value, shape)
        elif dated:
            sheet.write_datetime(row, at, value, shape)
        elif isinstance(value, int | float) and abs(value) < 10**15:
            sheet.write_number(row, at, value, shape)
        else:
            text = value.isoformat() if isinstance(value, date | datetime) else str(value)
            sheet.write_string(row, at, text, shape)

    def list_problems(self, marks: Sequence[Mark], language: str, names: Mapping[str, str]) -> None:
        """Write the sheet of problems with links to their cells."""
        own = own_list()
        sheet = self._book.add_worksheet(own.problem_sheet[language])
        bold = self._book.add_format({"bold": True, "bottom": 1})
        for at, (label, width) in enumerate(zip(own.problem_headers[language], _WIDTHS, strict=True)):
            sheet.set_column(at, at, width)
            sheet.write_string(0, at, label, bold)
        for row, mark in enumerate(marks, start=1):
            shown = names.get(mark.sheet)
            for at, value in enumerate(_cells(mark)):
                sheet.write(row, at, value, self._format(mark.fill if at == 4 else None, False, False))
            place = _place(mark)
            if place and shown:
                sheet.write_url(row, 5, f"internal:{_quoted(shown)}!{place}", string=place)
        sheet.freeze_panes(1, 0)


if __name__ == "__main__":
    sys.exit(main())
