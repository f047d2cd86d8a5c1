"""A plan as an xlsx workbook: summary with chart, lines, deferred lines, assumptions; English or Indonesian.

Formulas are live and carry the value that they compute, so that a preview that does not calculate shows the
same totals. Text is written as text: nothing that a spreadsheet or a user brought in can become a formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from tracker.budgeting import texts
from tracker.budgeting.money import ROUNDING_MINOR
from tracker.budgeting.schemas import PlanLineView, PlanView, PlanYearView
from tracker.identity.errors import Invalid

_LONGEST_TEXT = 32_000
_SIGNERS = ("prepared", "reviewed", "approved")
_HEAD_ROW = 0
#: Columns of the sheet of lines, by word, with their widths; the deferred sheet has no year.
_LINES = (
    ("number", 6), ("agency-code", 14), ("agency", 28), ("class", 14), ("group", 30), ("cohort", 10),
    ("action", 20), ("due", 8), ("year", 9), ("mandatory", 10), ("quantity", 10), ("unit-price", 18),
    ("line-total", 20), ("risk", 8), ("risk-parts", 40), ("risk-removed", 12), ("reason", 60),
    ("evidence", 40), ("postponed", 50),
)  # fmt: skip
_DEFERRED = tuple(
    ("deferral", width) if word == "postponed" else (word, width) for word, width in _LINES if word != "year"
)


@dataclass(frozen=True, slots=True)
class _Book:
    """The workbook being written, its formats, the language, and where the amounts of the lines stand."""

    file: Any
    plan: PlanView
    language: str
    formats: dict[str, Any]

    def word(self, code: str, **more: object) -> str:
        """A word in the workbook's language."""
        return texts.word(code, self.language).format_map(more)

    def text(self, sheet: Any, row: int, column: int, value: str, style: str = "text") -> None:
        """Write `value` as text, whatever it begins with."""
        clean = value.encode("utf-8", "replace").decode("utf-8")
        sheet.write_string(row, column, clean[:_LONGEST_TEXT], self.formats[style])

    def number(self, sheet: Any, row: int, column: int, value: Decimal | int, style: str = "money") -> None:
        """Write a number."""
        sheet.write_number(row, column, _exact(value), self.formats[style])

    def formula(
        self, sheet: Any, row: int, column: int, formula: str, value: Decimal | int, style: str = "money"
    ) -> None:
        """Write a formula with the value that it computes."""
        sheet.write_formula(row, column, formula, self.formats[style], _exact(value))


def _exact(value: Decimal | int) -> int | float:
    """`value` as a number of a spreadsheet: whole amounts stay whole."""
    return int(value) if value == int(value) else float(value)


def write_plan(plan: PlanView, path: Path, language: str = "en") -> None:
    """Write `plan` as an xlsx workbook at `path`; totals equal the plan's to the last rupiah.

    Raises:
        Invalid: the language is neither English nor Indonesian.
        OSError: `path` cannot be written.
    """
    if language not in texts.LANGUAGES:
        raise Invalid(
            "unknown-language", f"There is no {language!r}; there is: {', '.join(texts.LANGUAGES)}."
        )
    with path.open("wb") as stream:
        file = Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
        # The instant of the plan, not of the writing: the same plan gives the same file.
        created = plan.created_at.astimezone(UTC).replace(tzinfo=None)
        file.set_properties({"title": plan.name, "author": "", "created": created})
        book = _Book(file, plan, language, _formats(file, plan.currency))
        sheets = [file.add_worksheet(book.word(f"sheet-{name}"))
                  for name in ("summary", "lines", "deferred", "assumptions")]  # fmt: skip
        _write_summary(book, sheets[0])
        _write_lines(book, sheets[1], plan.lines, _LINES)
        _write_lines(book, sheets[2], plan.deferred, _DEFERRED)
        _write_assumptions(book, sheets[3])
        file.close()


def _formats(file: Any, currency: str) -> dict[str, Any]:
    money = "#,##0" if ROUNDING_MINOR.get(currency, 1) == 100 else "#,##0.00"
    top: dict[str, object] = {"valign": "top"}
    kinds: dict[str, dict[str, object]] = {
        "text": top,
        "wrapped": top | {"text_wrap": True},
        "title": {"bold": True, "font_size": 16},
        "label": top | {"bold": True},
        "head": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#DDE6EE"},
        "money": top | {"num_format": money},
        "count": top | {"num_format": "#,##0"},
        "year": top | {"num_format": "0", "align": "left"},
        "money-total": top | {"num_format": money, "bold": True, "top": 1},
        "count-total": top | {"num_format": "#,##0", "bold": True, "top": 1},
        "label-total": top | {"bold": True, "top": 1},
        "warning": top | {"bold": True, "font_color": "#9C2A00", "text_wrap": True},
        "line": {"bottom": 1},
    }
    return {name: file.add_format(properties) for name, properties in kinds.items()}


def _write_summary(book: _Book, sheet: Any) -> None:
    plan = book.plan
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 4, 24)
    book.text(sheet, 0, 0, book.word("title", name=plan.name), "title")
    row = _write_pairs(book, sheet, 1, _identity(book))
    for warning in plan.warnings(book.language):
        sheet.merge_range(row, 0, row, 4, "", book.formats["warning"])
        book.text(sheet, row, 0, warning, "warning")
        row += 1
    head = row + 1
    _write_years(book, sheet, head)
    _add_chart(book, sheet, head)
    _write_signatures(book, sheet, head + len(plan.years) + 22)


def _identity(book: _Book) -> list[tuple[str, str]]:
    plan = book.plan
    return [
        ("agency", f"{plan.agency_name} ({plan.agency})"),
        ("currency", plan.currency),
        ("method", book.word(plan.method)),
        ("as-of", texts.day(plan.as_of, book.language)),
        ("prepared", plan.actor),
        ("catalogue-date", _day(book, plan.catalogue_as_of)),
    ]


def _day(book: _Book, day: Any) -> str:
    return book.word("unknown") if day is None else texts.day(day, book.language)


def _write_pairs(book: _Book, sheet: Any, row: int, pairs: Sequence[tuple[str, str]]) -> int:
    """Write labels with their texts below each other; returns the row after them."""
    for at, (label, value) in enumerate(pairs, start=row):
        book.text(sheet, at, 0, book.word(label), "label")
        book.text(sheet, at, 1, value)
    return row + len(pairs)


def _write_years(book: _Book, sheet: Any, head: int) -> None:
    for column, word in enumerate(("year", "budget", "cost", "remaining", "actions")):
        book.text(sheet, head, column, book.word(word), "head")
    years = book.plan.years
    for row, year in enumerate(years, start=head + 1):
        _write_year(book, sheet, row, year)
    total = head + 1 + len(years)
    book.text(sheet, total, 0, book.word("total"), "label-total")
    sums: tuple[Decimal | int, ...] = (
        sum((year.budget for year in years), Decimal(0)),
        sum((year.cost for year in years), Decimal(0)),
        sum((year.remaining for year in years), Decimal(0)),
        sum(year.actions for year in years),
    )
    for column, value in enumerate(sums, start=1):
        span = f"{xl_rowcol_to_cell(head + 1, column)}:{xl_rowcol_to_cell(total - 1, column)}"
        style = "count-total" if column == 4 else "money-total"
        book.formula(sheet, total, column, f"=ROUND(SUM({span}),2)", value, style)


def _write_year(book: _Book, sheet: Any, row: int, year: PlanYearView) -> None:
    book.number(sheet, row, 0, year.year, "year")
    book.number(sheet, row, 1, year.budget)
    own = xl_rowcol_to_cell(row, 0)
    years = _lines_range(book, "year")
    cost = f"=ROUND(SUMIFS({_lines_range(book, 'line-total')},{years},{own}),2)"
    book.formula(sheet, row, 2, cost, year.cost)
    left = f"=ROUND({xl_rowcol_to_cell(row, 1)}-{xl_rowcol_to_cell(row, 2)},2)"
    book.formula(sheet, row, 3, left, year.remaining)
    units = f"=SUMIFS({_lines_range(book, 'quantity')},{years},{own})"
    book.formula(sheet, row, 4, units, year.actions, "count")


def _lines_range(book: _Book, word: str) -> str:
    """The cells of a column of the sheet of lines, as a formula names them."""
    column = xl_col_to_name(_column(_LINES, word))
    last = max(len(book.plan.lines), 1) + _HEAD_ROW + 1
    return f"'{book.word('sheet-lines')}'!${column}${_HEAD_ROW + 2}:${column}${last}"


def _column(columns: Sequence[tuple[str, int]], word: str) -> int:
    return [name for name, _ in columns].index(word)


def _add_chart(book: _Book, sheet: Any, head: int) -> None:
    chart = book.file.add_chart({"type": "column"})
    last, name = head + len(book.plan.years), book.word("sheet-summary")
    for column, color in ((1, "#9DB4C8"), (2, "#1F4E79")):
        chart.add_series(
            {
                "name": [name, head, column],
                "categories": [name, head + 1, 0, last, 0],
                "values": [name, head + 1, column, last, column],
                "fill": {"color": color},
            }
        )
    chart.set_title({"name": book.word("chart"), "name_font": {"size": 12}})
    chart.set_x_axis({"name": book.word("year")})
    chart.set_y_axis({"name": book.plan.currency, "num_format": "#,##0"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 820, "height": 360})
    sheet.insert_chart(last + 3, 0, chart, {"description": book.word("chart")})


def _write_signatures(book: _Book, sheet: Any, row: int) -> None:
    book.text(sheet, row, 0, book.word("signoff"), "label")
    for column, word in enumerate(("name", "position", "date", "signature"), start=1):
        book.text(sheet, row, column, book.word(word), "head")
    for at, signer in enumerate(_SIGNERS, start=row + 1):
        sheet.set_row(at, 28)
        book.text(sheet, at, 0, book.word(signer))
        for column in range(1, 5):
            book.text(sheet, at, column, "", "line")


def _write_lines(
    book: _Book, sheet: Any, lines: Sequence[PlanLineView], columns: Sequence[tuple[str, int]]
) -> None:
    shown = max((len(line.asset_tags) for line in lines), default=0)
    for column, (word, width) in enumerate(columns):
        sheet.set_column(column, column, width)
        book.text(sheet, _HEAD_ROW, column, book.word(word, n=shown), "head")
    sheet.freeze_panes(_HEAD_ROW + 1, 5)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD_ROW)
    for row, line in enumerate(lines, start=_HEAD_ROW + 1):
        values = _values(book, line)
        for column, (word, _) in enumerate(columns):
            if word == "line-total" and line.unit_price is not None:
                book.formula(sheet, row, column, f"=ROUND({_product(row, columns)},2)", line.total)
            else:
                _write_cell(book, sheet, (row, column), values[word], is_year=word in {"year", "due"})
    if lines:
        sheet.autofilter(_HEAD_ROW, 0, _HEAD_ROW + len(lines), len(columns) - 1)


def _product(row: int, columns: Sequence[tuple[str, int]]) -> str:
    """Quantity × unit price of a row, as a formula says it."""
    return "*".join(xl_rowcol_to_cell(row, _column(columns, word)) for word in ("quantity", "unit-price"))


def _write_cell(
    book: _Book, sheet: Any, at: tuple[int, int], value: str | int | Decimal, *, is_year: bool
) -> None:
    if isinstance(value, str):
        book.text(sheet, *at, value, "wrapped")
    elif isinstance(value, Decimal):
        book.number(sheet, *at, value)
    else:
        book.number(sheet, *at, value, "year" if is_year else "count")


def _values(book: _Book, line: PlanLineView) -> dict[str, str | int | Decimal]:
    """What a line says, by column."""
    language = book.language
    unpriced = book.word("unpriced")
    why_late = line.deferral_reason(language) or ""
    return {
        "number": line.position,
        "agency-code": line.agency,
        "agency": line.agency_name,
        "class": book.word(line.asset_class),
        "group": line.label,
        "cohort": line.cohort,
        "action": book.word(str(line.action)),
        "due": line.due_year,
        "year": line.year or 0,
        "mandatory": book.word("yes" if line.mandatory else "no"),
        "quantity": line.quantity,
        "unit-price": unpriced if line.unit_price is None else line.unit_price,
        "line-total": unpriced if line.unit_price is None else line.total,
        "risk": line.risk,
        "risk-parts": line.risk_explained(language),
        "risk-removed": line.risk_removed,
        "reason": line.reason(language),
        "evidence": ", ".join(line.asset_tags),
        "postponed": why_late,
        "deferral": why_late,
    }


def _write_assumptions(book: _Book, sheet: Any) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 3, 22)
    sheet.set_column(4, 4, 70)
    row = _write_pairs(book, sheet, 0, _sources(book)) + 1
    for heading, sentences, style in (
        ("warnings", book.plan.warnings(book.language), "warning"),
        ("assumptions", book.plan.assumptions(book.language), "wrapped"),
    ):
        if not sentences:
            continue
        book.text(sheet, row, 0, book.word(heading), "head")
        for at, sentence in enumerate(sentences, start=row + 1):
            sheet.merge_range(at, 0, at, 4, "", book.formats[style])
            book.text(sheet, at, 0, sentence, style)
            sheet.set_row(at, 15 * (1 + len(sentence) // 150))
        row += len(sentences) + 2
    _write_prices(book, sheet, row)


def _sources(book: _Book) -> list[tuple[str, str]]:
    plan, made = book.plan, book.plan.made_from
    coverage = [
        (f"coverage-{name}", f"{made.coverage[name]:.1%}")
        for name in ("matched", "dated")
        if isinstance(made.coverage.get(name), float)
    ]
    return [
        ("policy", f"{made.policy} {made.policy_version}: {made.policy_source}"),
        ("price-book", f"{made.price_book} {made.price_book_version}: {made.price_book_source}"),
        ("inflation", str(made.inflation_pct)),
        ("catalogue-date", _day(book, plan.catalogue_as_of)),
        ("scan-date", _day(book, made.scan_as_of)),
        ("method", book.word(plan.method)),
        *coverage,
    ]


def _write_prices(book: _Book, sheet: Any, row: int) -> None:
    book.text(sheet, row, 0, book.word("prices"), "label")
    for column, word in enumerate(("class", "action", "unit-price", "price-date", "source")):
        book.text(sheet, row + 1, column, book.word(word), "head")
    for at, price in enumerate(book.plan.prices, start=row + 2):
        book.text(sheet, at, 0, book.word(price.asset_class))
        book.text(sheet, at, 1, book.word(price.action))
        book.number(sheet, at, 2, price.amount)
        book.text(sheet, at, 3, texts.day(price.valid_from, book.language))
        book.text(sheet, at, 4, price.source, "wrapped")
