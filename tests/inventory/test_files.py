"""Real files through preview and apply: what is read becomes assets, what cannot be read leaves nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine

from tests.inventory.world import LATER, NOW, OPERATOR, assets, build, counts, detail, dump
from tracker.db import reading
from tracker.identity.errors import NotFound, Refused
from tracker.inventory import actions, queries
from tracker.inventory.schemas import BatchView
from tracker.settings import load_settings

_HEADER = (
    "Asset Tag",
    "Serial Number",
    "Name",
    "Brand",
    "Model",
    "Purchase Date",
    "Cost",
    "Operating System",
    "Office",
)
_ROWS = (
    (
        "00123",
        "SN-1",
        "Laptop",
        "Dell",
        "Latitude 5420",
        date(2021, 3, 4),
        15_000_000,
        "Windows 10 Pro 22H2",
        "Office 2019",
    ),
    ("1E5", "SN-2", "Laptop", "HP", "ProBook 440", date(2018, 1, 2), 12_500_000, "Windows 7", ""),
)


def _preview(engine: Engine, path: Path, agency: str = "A") -> BatchView:
    settings = load_settings({"TRACKER_DATA_DIR": str(path.parent / "data")})
    return actions.preview(engine, OPERATOR, path, path.name, agency, NOW, settings=settings)


def _workbook(path: Path, *rows: tuple[Any, ...]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Assets"
    for row in rows:
        sheet.append(row)
    book.save(path)
    book.close()
    return path


def test_a_workbook_becomes_assets(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    path = _workbook(tmp_path / "list.xlsx", ("Office laptops 2026",), (), _HEADER, *_ROWS)
    batch = _preview(engine, path)
    assert counts(batch)[:3] == (2, 0, 0)
    assert (batch.format, batch.filename, batch.state) == ("xlsx", "list.xlsx", "previewed")
    assert [sheet["name"] for sheet in batch.sheets] == ["Assets"]
    actions.apply(engine, OPERATOR, batch.id, LATER)
    first, second = assets(engine)
    assert (first.asset_tag, first.manufacturer, first.model, first.asset_class) == (
        "00123", "Dell", "Latitude 5420", "laptop",
    )  # fmt: skip
    assert (first.acquired_on, first.cost_minor, second.asset_tag) == (date(2021, 3, 4), 1_500_000_000, "1E5")
    assert [(i.role, i.name) for i in detail(engine, "00123").installations] == [
        ("office", "Office 2019"), ("operating-system", "Windows 10 Pro 22H2"),
    ]  # fmt: skip
    assert counts(_preview(engine, path))[:3] == (0, 0, 2)


def test_a_csv_file_becomes_assets(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    path = tmp_path / "daftar.csv"
    lines = ["Kode Aset;Nama Barang;Merk;Harga;Sistem Operasi", "A-1;Laptop;Asus;7.500.000,00;Windows 11 Pro"]
    path.write_text("\n".join(lines), encoding="utf-8")
    batch = _preview(engine, path)
    actions.apply(engine, OPERATOR, batch.id, LATER)
    (asset,) = assets(engine)
    assert (asset.asset_tag, asset.manufacturer, asset.cost_minor) == ("A-1", "Asus", 750_000_000)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.xlsx", b""),
        ("truncated.xlsx", b"PK\x03\x04 and no more"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("words.csv", b"this is a letter\nand not a list\n"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_and_leaves_nothing(
    engine: Engine, tmp_path: Path, name: str, content: bytes
) -> None:
    build(engine)
    path = tmp_path / name
    path.write_bytes(content)
    before = dump(engine)
    with pytest.raises(Refused, match=name):
        _preview(engine, path)
    assert dump(engine) == before


def test_an_unknown_agency_is_told_before_the_file_is_read(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    with pytest.raises(NotFound, match="NOPE"):
        _preview(engine, tmp_path / "missing.xlsx", "NOPE")


def test_rows_that_are_no_assets_are_skipped_rows_of_the_batch(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    chair = ("K-1", "", "Kursi kayu", "", "", date(2020, 1, 1), 500_000, "", "")
    path = _workbook(
        tmp_path / "list.xlsx", _HEADER, *_ROWS, chair, ("Total", "", "", "", "", None, 28_000_000)
    )
    batch = _preview(engine, path)
    assert (batch.created, batch.skipped, batch.rejected) == (2, 2, 0)
    with reading(engine) as session:
        skipped = queries.list_batch_rows(session, OPERATOR, batch.id, "skipped")
    assert next((row.row, row.reason) for row in skipped) == (4, "not-it")
    assert (skipped[1].row, bool(skipped[1].reason)) == (5, True)
