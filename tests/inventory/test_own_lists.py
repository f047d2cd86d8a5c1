"""The template filled in, and the export of assets read again without any change."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine

import importers
from importers.own import own_list
from importers.rows import Record
from tests.inventory.world import LATER, OPERATOR, assets, build, counts, load, pc, software
from tracker.db import reading, record_statements, transaction
from tracker.inventory import actions
from tracker.inventory.editing import update_asset
from tracker.inventory.export_queries import iterate_exported
from tracker.inventory.exporting import write_assets_csv, write_assets_xlsx
from tracker.inventory.schemas import AssetEdit, AssetFilter, BatchView
from tracker.inventory.staging import Wanted
from tracker.inventory.templates import write_template
from tracker.settings import load_settings

LANGUAGES = ("en", "id")


def _preview(engine: Engine, path: Path, folder: Path, now: datetime = LATER) -> BatchView:
    settings = load_settings({"TRACKER_DATA_DIR": str(folder / "data")})
    return actions.preview(engine, OPERATOR, path, path.name, "A", now, settings=settings)


def _fill(path: Path, language: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write `rows` ({field: cell}) below the example row of a template."""
    names = {column.field: column.names[language] for column in own_list().columns}
    book = openpyxl.load_workbook(path)
    sheet: Any = book.worksheets[0]
    places = {cell.value: cell.column for cell in sheet[1]}
    for number, row in enumerate(rows, start=3):
        for field, value in row.items():
            sheet.cell(number, places[names[field]], value)
    book.save(path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_empty_template_holds_no_asset_and_nothing_doubtful(language: str, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(path, language)
    with importers.read(path) as file:
        records = [record for batch in file.batches() for record in batch]
        skipped = [(row.sheet, row.row, row.reason) for row in file.skipped]
    own = own_list()
    assert records == []
    assert skipped[0] == (own.list_sheet[language], 2, "example-row")
    assert {reason for _, _, reason in skipped[1:]} == {"explanation"}
    assert [problem.code for problem in file.problems] == ["no-rows"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_of_the_template_is_mapped_with_certainty(language: str, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(path, language)
    with importers.read(path) as file:
        list(file.batches())
        sheet = file.sheets[0]
    wanted = {column.names[language]: column.field for column in own_list().template_columns()}
    assert dict(sheet.columns) == wanted
    assert set(sheet.confidence.values()) == {1.0}
    assert list(sheet.places.values()) == list(range(1, len(wanted) + 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_offers_choices_and_checks_dates(language: str, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(path, language)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rules = {rule.type: str(rule.sqref) for rule in sheet.data_validations.dataValidation if rule.type}
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    words = own_list().words
    offered = ['"' + ",".join(word[language] for word in words[field].values()) + '"'
               for field in ("stated_class", "status", "condition")]  # fmt: skip
    assert sorted(lists) == sorted(offered)
    assert {"list", "date", "whole", "decimal"} <= rules.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filled_template_imports_what_was_written(language: str, engine: Engine, tmp_path: Path) -> None:
    build(engine)
    path, own = tmp_path / "list.xlsx", own_list()
    write_template(path, language)
    rows: list[dict[str, Any]] = [
        {"asset_tag": "Total-1", "name": "Kepala bagian", "stated_class": own.word("stated_class", "ups", language),
         "brand": "APC", "model": "BX 650", "status": own.word("status", "in-store", language),
         "condition": own.word("condition", "fair", language), "units": 3, "acquired_on": "2019-05",
         "cost": 3_600_000.5, "location": "Gudang"},
        {"asset_tag": "T-2", "serial": "00123", "name": "Router", "acquired_on": date(2020, 2, 29),
         "stated_class": own.word("stated_class", "network", language), "currency": "USD", "cost": 99,
         "own_system": "RouterOS 7", "own_software": "7-Zip | 22.01 | Igor Pavlov\nA; B"},
    ]  # fmt: skip
    _fill(path, language, rows)
    batch = _preview(engine, path, tmp_path)
    assert (batch.created, batch.updated, batch.rejected) == (2, 0, 0)
    actions.apply(engine, OPERATOR, batch.id, LATER)
    router, ups = assets(engine)
    assert (ups.asset_class, ups.status, ups.condition, ups.units) == ("ups", "in-store", "fair", 3)
    assert (ups.acquired_on, ups.acquired_precision) == (date(2019, 5, 1), "month")
    assert (ups.cost_minor, ups.currency, ups.name) == (360_000_050, "IDR", "Kepala bagian")
    assert (router.serial, router.asset_class) == ("00123", "network")
    assert (router.cost_minor, router.currency) == (9900, "USD")
    with reading(engine) as session:
        told = list(iterate_exported(session, OPERATOR, AssetFilter(text="T-2")))
    assert told[0].software == {
        "operating-system": [("RouterOS 7", "", "")],
        "application": [("7-Zip", "22.01", "Igor Pavlov"), ("A; B", "", "")],
    }


def _awkward() -> list[Record]:
    """Things whose texts a spreadsheet or a reader would like to change."""
    return [
        pc(2, "0001", serial="1E5", brand="Dell", model="7010", notes="=1+1", location="+62 21", cost=Decimal("0.01"),
           currency="USD", acquired_on=date(2017, 1, 1), acquired_precision="year", os="Windows 10 Pro",
           warranty_ends_on=date(2030, 1, 1), software=(software("Office", "2016", "office"), software("x | y; z"))),
        pc(3, "Total", name="Jumlah", location="'quoted", custodian="-", condition="broken", units=4,
           acquired_on=date(2018, 3, 1), acquired_precision="month", cost=Decimal("12345678901.23"), currency="IDR"),
        pc(4, name="Nameless", uuid="4c4c4544-0042-4710-8058-b4c04f4e3232", status="in-store"),
        pc(5, name="By content", brand="HP", cost=Decimal(5_000_000), currency="IDR"),
        pc(6, name="By content", brand="HP", cost=Decimal(5_000_000), currency="IDR"),
        pc(7, "NIP 5", asset_class="ups", it_scope="near-it", name="APC"),
        pc(8, "MEJA-1", asset_class="other", it_scope="other", name="Meja"),
        pc(9, None, item_code="3100102001", register="8", name="PC", asset_class="laptop"),
        pc(10, "S-1", asset_class="other", it_scope="it", name="Sensor", hostname="s-1"),
    ]  # fmt: skip


def _export(engine: Engine, form: str, language: str, folder: Path) -> Path:
    path = folder / f"assets.{form}"
    with reading(engine) as session:
        rows = iterate_exported(session, OPERATOR, AssetFilter(agency="A"))
        if form == "xlsx":
            write_assets_xlsx(rows, path, language)
        else:
            with path.open("w", encoding="utf-8-sig", newline="") as target:
                write_assets_csv(rows, target, language)
    return path


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_export_reads_back_unchanged(form: str, language: str, engine: Engine, tmp_path: Path) -> None:
    build(engine)
    batch = load(engine, _awkward(), wanted=Wanted(True, True))
    assert counts(batch) == (9, 0, 0, 0, 0)
    first = assets(engine)[0]
    with transaction(engine) as session:
        edit = AssetEdit(notes="@SUM(A1)", name="", custodian="n/a")
        update_asset(session, OPERATOR, first.id, edit, LATER)
    batch = _preview(engine, _export(engine, form, language, tmp_path), tmp_path)
    assert counts(batch) == (0, 0, 9, 0, 0)
    assert {str(problem["code"]) for problem in batch.problems} <= {"currency-assumed"}


def test_a_changed_cell_of_the_export_is_the_only_update(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    load(engine, _awkward(), wanted=Wanted(True, True))
    path = _export(engine, "xlsx", "en", tmp_path)
    book = openpyxl.load_workbook(path)
    sheet: Any = book.worksheets[0]
    places = {cell.value: cell.column for cell in sheet[1]}
    at = next(row[0].row for row in sheet.iter_rows() if row[places["Name"] - 1].value == "By content")
    sheet.cell(at, places["Location"], "Ruang 5")
    book.save(path)
    batch = _preview(engine, path, tmp_path)
    assert counts(batch) == (0, 1, 8, 0, 0)


def test_no_cell_of_an_export_is_taken_for_a_formula(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    load(engine, _awkward(), wanted=Wanted(True, True))
    with _export(engine, "csv", "en", tmp_path).open(encoding="utf-8-sig", newline="") as source:
        cells = [cell for row in csv.reader(source) for cell in row]
    assert [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@"))] == []
    assert "'=1+1" in cells


def test_an_export_takes_the_same_statements_for_any_number_of_assets(engine: Engine) -> None:
    build(engine)

    def statements() -> int:
        with reading(engine) as session, record_statements(engine) as seen:
            list(iterate_exported(session, OPERATOR, AssetFilter()))
        return sum(1 for statement in seen if statement.startswith("SELECT"))

    load(engine, [pc(2, "T1", os="Windows 10")])
    one = statements()
    load(engine, [pc(row, f"U{row}", os="Windows 10") for row in range(2, 60)])
    assert (one, statements()) == (2, 2)


def test_nobody_exports_what_is_out_of_sight(engine: Engine) -> None:
    people = build(engine)
    load(engine, [pc(2, "T1")])
    with reading(engine) as session:
        assert list(iterate_exported(session, people["B"], AssetFilter())) == []
        assert [one.agency for one in iterate_exported(session, people["A"], AssetFilter())] == ["A"]
