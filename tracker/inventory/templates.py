"""The workbook that an agency fills in: our own list with choices, an example, and a sheet of explanations."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from importers.own import OwnColumn, OwnList, own_list
from tracker.inventory.exporting import write_header

#: Rows below the header in which choices and dates are offered and checked.
_CHECKED_ROWS = 5_000
#: What Excel takes as a list of choices within a rule.
_MOST_LISTED = 255
_INPUT_TITLE, _INPUT_TEXT = 32, 255


def write_template(path: Path, language: str = "en") -> None:
    """Write the empty template to `path`, in `language` (en or id)."""
    own = own_list()
    columns = own.template_columns()
    with Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(own.list_sheet[language])
        write_header(book, sheet, columns, language)
        _write_example(book, sheet, own, columns, language)
        for at, column in enumerate(columns):
            sheet.data_validation(1, at, _CHECKED_ROWS, at, _rule(own, column, language))
        _format_columns(book, sheet, columns)
        _write_guide(book, own, columns, language)


def _write_example(
    book: Any, sheet: Any, own: OwnList, columns: tuple[OwnColumn, ...], language: str
) -> None:
    grey = book.add_format({"italic": True, "font_color": "#595959", "bg_color": "#F2F2F2"})
    for at, column in enumerate(columns):
        value = own.example_mark[language] if at == 0 else column.example[language]
        if isinstance(value, int):
            sheet.write_number(1, at, value, grey)
        else:
            sheet.write_string(1, at, value, grey)


def _rule(own: OwnList, column: OwnColumn, language: str) -> dict[str, Any]:
    """What may be typed into a column, with its explanation shown beside the cell."""
    rule: dict[str, Any] = {
        "validate": "any",
        "input_title": column.names[language][:_INPUT_TITLE],
        "input_message": column.about[language][:_INPUT_TEXT],
        "ignore_blank": True,
        # What is odd is pointed out by the preview, so that a cell may be left until later.
        "error_type": "warning",
    }
    choices = [words[language] for words in own.words.get(column.field, {}).values()]
    if choices and len(",".join(choices)) <= _MOST_LISTED:
        return rule | {"validate": "list", "source": choices}
    if column.kind == "whole":
        return rule | {"validate": "integer", "criteria": "between", "minimum": 1, "maximum": 1_000_000}
    if column.kind == "amount":
        return rule | {"validate": "decimal", "criteria": ">=", "value": 0}
    # A month or a year alone is no date for a spreadsheet: only days of the exact kind are checked.
    if column.kind == "date" and column.field != "acquired_on":
        limits = {"minimum": date(1950, 1, 1), "maximum": date(2100, 12, 31)}
        return rule | {"validate": "date", "criteria": "between", **limits}
    return rule


def _format_columns(book: Any, sheet: Any, columns: tuple[OwnColumn, ...]) -> None:
    """Numbers that name things stay text, dates show as dates."""
    formats = {
        "text": book.add_format({"num_format": "@"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "amount": book.add_format({"num_format": "#,##0.00"}),
    }
    for at, column in enumerate(columns):
        if column.kind in formats:
            sheet.set_column(at, at, column.width, formats[column.kind])


def _write_guide(book: Any, own: OwnList, columns: tuple[OwnColumn, ...], language: str) -> None:
    sheet = book.add_worksheet(own.guide_sheet[language])
    bold = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for at, (label, width) in enumerate(zip(own.guide_headers[language], (26, 60, 30, 44), strict=True)):
        sheet.set_column(at, at, width, wrapped)
        sheet.write_string(0, at, label, bold)
    for row, column in enumerate(columns, start=1):
        choices = ", ".join(words[language] for words in own.words.get(column.field, {}).values())
        texts = (column.names[language], column.about[language], str(column.example[language]), choices)
        for at, text in enumerate(texts):
            sheet.write_string(row, at, text, wrapped)
    sheet.freeze_panes(1, 0)
