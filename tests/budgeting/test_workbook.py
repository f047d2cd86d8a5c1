"""The workbook of a plan: totals to the last rupiah, live formulas that carry their values, inert text."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, func, select

from tests.budgeting.conftest import Recalculate
from tests.budgeting.test_plans import FLEET, plan
from tests.budgeting.world import NOW, TODAY, Thing, build, request
from tracker.budgeting.actions import preview_plan
from tracker.budgeting.models import Plan
from tracker.budgeting.schemas import PlanView
from tracker.budgeting.workbook import write_plan
from tracker.db import reading, table_of
from tracker.identity.errors import Invalid
from tracker.identity.schemas import operator

SHORT = {2027: Decimal(50_000_000), 2028: Decimal(0), 2029: Decimal(30_000_000)}


def sheets(path: Path, *, values: bool) -> list[list[list[Any]]]:
    """The cells of every sheet in order: values as stored, or formulas."""
    book = openpyxl.load_workbook(path, data_only=values)
    return [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets]


def years_of(summary: list[list[Any]], head: str = "Fiscal year", total: str = "Total") -> list[list[Any]]:
    """The table of years: one row a year, then the total."""
    names = [row[0] for row in summary]
    start, end = names.index(head) + 1, names.index(total)
    return [row[:5] for row in summary[start : end + 1]]


def expected(view: PlanView) -> list[list[Any]]:
    """The same table from the plan itself."""
    rows: list[list[Any]] = [[y.year, y.budget, y.cost, y.remaining, y.actions] for y in view.years]
    return [*rows, ["Total", *(sum(row[column] for row in rows) for column in range(1, 5))]]


def without_values(path: Path, target: Path) -> Path:
    """A copy in which no formula carries a value, so that only calculation can give one."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
            copy.writestr(name, content)
    return target


def test_totals_equal_the_plan(engine: Engine, tmp_path: Path) -> None:
    build(engine, FLEET)
    view = plan(engine)
    write_plan(view, tmp_path / "plan.xlsx", "en")
    summary, lines, deferred, _ = sheets(tmp_path / "plan.xlsx", values=True)
    assert years_of(summary) == expected(view)
    assert years_of(summary)[0] == [2027, 1_000_000_000, 100_682_500, 899_317_500, 12]
    assert years_of(summary)[-1] == ["Total", 3_000_000_000, 344_026_440, 2_655_973_560, 18]
    head = lines[0]
    total, quantity, price = (head.index(name) for name in ("Total", "Quantity", "Unit price"))
    assert [(row[quantity], row[price], row[total]) for row in lines[1:]] == [
        (line.quantity, line.unit_price, line.total) for line in view.lines
    ]
    assert len(deferred) == 1


def test_formulas_are_live(engine: Engine, tmp_path: Path) -> None:
    build(engine, FLEET)
    view = plan(engine)
    write_plan(view, tmp_path / "plan.xlsx", "en")
    summary, lines, _, _ = sheets(tmp_path / "plan.xlsx", values=False)
    first = years_of(summary)[0]
    assert first[2].startswith("=ROUND(SUMIFS('Plan lines'!$M$2:$M$8,'Plan lines'!$I$2:$I$8,A")
    assert first[4].startswith("=SUMIFS('Plan lines'!$K$2:$K$8,")
    assert lines[1][lines[0].index("Total")] == "=ROUND(K2*L2,2)"
    assert openpyxl.load_workbook(tmp_path / "plan.xlsx").worksheets[0]._charts  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("currency", "budgets"),
    [("IDR", SHORT), ("USD", {2027: Decimal("3210.05"), 2028: Decimal("0.07"), 2029: Decimal("9000.11")})],
)
def test_libreoffice_calculates_the_same(
    sqlite_engine: Engine,
    tmp_path: Path,
    recalculate: Recalculate,
    currency: str,
    budgets: dict[int, Decimal],
) -> None:
    build(sqlite_engine, FLEET)
    view = plan(sqlite_engine, request(budgets=budgets, currency=currency))
    assert view.lines and view.deferred
    write_plan(view, tmp_path / "plan.xlsx", "en")
    calculated = recalculate(without_values(tmp_path / "plan.xlsx", tmp_path / "bare.xlsx"))
    bare = years_of(sheets(tmp_path / "bare.xlsx", values=True)[0])
    assert {row[2] for row in bare} == {None}
    shown = years_of(sheets(calculated, values=True)[0])
    assert [[str(cell) for cell in row] for row in shown] == [
        [str(cell if isinstance(cell, str | int) else _plain(cell)) for cell in row] for row in expected(view)
    ]


def _plain(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


def test_text_stays_text(engine: Engine, tmp_path: Path) -> None:
    evil = '=HYPERLINK("http://x","y")'
    things = [
        Thing("A", "laptop", evil, date(2018, 3, 1), findings=("office-ended",), tag="+cmd|' /C calc'!A0"),
        Thing("A", "desktop", "@SUM(1)\x01\ud800"[:-1], date(2018, 3, 1), tag="-1"),
    ]
    build(engine, things)
    view = plan(engine)
    view = dataclasses.replace(view, name="=1+1", agency_name="=cmd", actor="https://example.org/\ud800")
    write_plan(view, tmp_path / "plan.xlsx", "en")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    formulas = [
        cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert all(str(one).startswith(("=ROUND(", "=SUMIFS(")) for one in formulas)
    texts = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert f"Acme {evil}" in texts
    assert "+cmd|' /C calc'!A0" in texts
    assert not any(cell.hyperlink for sheet in book for row in sheet.iter_rows() for cell in row)


def test_deferred_lines_say_why(engine: Engine, tmp_path: Path) -> None:
    build(engine, [*FLEET, Thing("A", "other", "X", date(2015, 1, 1), units=4)])
    view = plan(engine, request(budgets=SHORT))
    write_plan(view, tmp_path / "plan.xlsx", "en")
    deferred = sheets(tmp_path / "plan.xlsx", values=True)[2]
    head = deferred[0]
    assert [row[head.index("Why deferred")] for row in deferred[1:]] == [
        line.deferral_reason() for line in view.deferred
    ]
    [unpriced] = [row for row in deferred[1:] if row[head.index("Unit price")] == "not priced"]
    assert (unpriced[head.index("Class")], unpriced[head.index("Total")]) == ("Other", "not priced")
    assert sum(row[head.index("Quantity")] for row in deferred[1:]) == view.deferred_units


def test_indonesian(engine: Engine, tmp_path: Path) -> None:
    build(engine, FLEET, scanned=False)
    view = plan(engine)
    write_plan(view, tmp_path / "plan.xlsx", "id")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", data_only=True)
    assert book.sheetnames == ["Ringkasan", "Rincian", "Ditunda", "Asumsi"]
    summary, lines, _, assumptions = sheets(tmp_path / "plan.xlsx", values=True)
    rows = years_of(summary, "Tahun anggaran", "Jumlah")
    assert rows[:-1] == expected(view)[:-1]
    assert lines[0][:5] == ["No.", "Kode instansi", "Instansi", "Kelas", "Model atau judul"]
    said = [row[0] for row in assumptions]
    assert {*view.warnings("id"), *view.assumptions("id")} <= set(said)
    assert "Katalog belum dimuat: akhir dukungan tidak termasuk dalam rencana ini." in [r[0] for r in summary]


def test_an_old_catalogue_warns(engine: Engine, tmp_path: Path) -> None:
    build(engine, FLEET)
    view = preview_plan(engine, operator(), request(), date(2027, 3, 1), NOW)
    write_plan(view, tmp_path / "plan.xlsx", "en")
    summary, _, _, assumptions = sheets(tmp_path / "plan.xlsx", values=True)
    warning = (
        "The catalogue is 120 days old (1 Nov 2026): dates of support may have changed. "
        "Synchronise it before this plan is used."
    )
    assert warning in [row[0] for row in summary]
    assert warning in [row[0] for row in assumptions]
    assert ["Catalogue date", "1 Nov 2026"] in [row[:2] for row in assumptions]


def test_an_empty_plan(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    write_plan(plan(engine), tmp_path / "plan.xlsx", "en")
    summary, lines, _, _ = sheets(tmp_path / "plan.xlsx", values=True)
    assert years_of(summary)[0] == [2027, 1_000_000_000, 0, 1_000_000_000, 0]
    assert len(lines) == 1


def test_the_same_plan_gives_the_same_file(engine: Engine, tmp_path: Path) -> None:
    build(engine, FLEET)
    view = plan(engine)
    for name in ("a.xlsx", "b.xlsx"):
        write_plan(view, tmp_path / name, "en")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_unknown_language(sqlite_engine: Engine, tmp_path: Path) -> None:
    build(sqlite_engine)
    with pytest.raises(Invalid, match="'fr'"):
        write_plan(plan(sqlite_engine), tmp_path / "plan.xlsx", "fr")
    assert not (tmp_path / "plan.xlsx").exists()


def test_a_preview_is_not_stored(engine: Engine) -> None:
    build(engine, FLEET)
    seen = preview_plan(engine, operator(), request(), TODAY, NOW)
    with reading(engine) as session:
        assert session.execute(select(func.count()).select_from(table_of(Plan))).scalar_one() == 0
    made = plan(engine)
    cleared = {"id": 0, "seconds": 0.0}
    assert dataclasses.replace(seen, **cleared) == dataclasses.replace(made, **cleared)  # type: ignore[arg-type]
    assert preview_plan(engine, operator(), request(), TODAY, NOW).name == made.name
