"""Which field each column gets, how sure that is, and why."""

from __future__ import annotations

import pytest

from tests.importers.sheets import understand


def _told(
    header: list[object], *rows: list[object], mapping: dict[str, str] | None = None
) -> dict[str, tuple[str, float, str | None]]:
    """{header: (field, confidence, reason)} of a sheet."""
    _, reader = understand([header, *rows], mapping=mapping)
    info = reader.info()
    return {
        name: (field, info.confidence[name], info.reasons.get(name)) for name, field in info.columns.items()
    }


def test_each_column_says_why_it_has_its_field() -> None:
    told = _told(
        ["Kode Barang", "NUP", "Nama Barang", "No. Serie", "Umum", "Zzz"],
        ["3100102001", 1, "P.C Unit", "S1", "Baik", "a"],
        ["3100102002", 1, "Lap Top", "S2", "Rusak Berat", "b"],
        ["3100203003", 1, "Printer", "S3", "Baik", "c"],
    )
    assert told == {
        "Kode Barang": ("item_code", 1.0, "header"),
        "NUP": ("register", 1.0, "header"),
        "Nama Barang": ("name", 1.0, "header"),
        "No. Serie": ("serial", 0.55, "header"),
        "Umum": ("condition", 0.6, "values"),
        "Zzz": ("extra", 0.0, None),
    }


def test_the_columns_of_a_known_export_are_certain() -> None:
    told = _told(["AssetName", "AssetType", "Domain", "Serialnumber"], ["PC1", "Windows", "CORP", "S1"])
    assert told["AssetName"] == ("hostname", 1.0, "format")
    assert told["Serialnumber"] == ("serial", 1.0, "header")


def test_the_mapping_outranks_header_format_and_values() -> None:
    mapping = {"Nama Barang": "model", "Umum": "location", "Kode Barang": "asset_tag", "Merk": "extra"}
    header: list[object] = ["Kode Barang", "Nama Barang", "Umum", "Merk"]
    row: list[object] = ["3100102001", "Latitude 5400", "Baik", "Dell"]
    told = _told(header, row, mapping=mapping)
    assert told == {
        "Kode Barang": ("asset_tag", 1.0, "mapping"),
        "Nama Barang": ("model", 1.0, "mapping"),
        "Umum": ("location", 1.0, "mapping"),
        "Merk": ("extra", 1.0, "mapping"),
    }
    records, _ = understand([header, row], mapping=mapping)
    assert (records[0].asset_tag, records[0].model, records[0].location) == (
        "3100102001",
        "Latitude 5400",
        "Baik",
    )
    assert (records[0].brand, records[0].extra) == (None, {"Merk": "Dell"})


@pytest.mark.parametrize(
    ("label", "cells", "field"),
    [
        ("Xyz", ["3100102001", "3100102002", "3100203003"], "item_code"),
        ("Xyz", ["1.3.2.10.01.02.001", "1.3.2.10.01.02.002.", "02.06.03.02.01"], "item_code"),
        ("Xyz", ["B", "RR", "B"], "condition"),
        ("Xyz", ["B", "B", "B"], "extra"),
        ("Xyz", ["Dell", "HP", "Lenovo"], "brand"),
        ("Xyz", ["Dell Vostro", "HP 280", "Acer M200"], "brand_model"),
        ("Xyz", ["PC Unit", "Lap Top", "Meja Komputer"], "name"),
        ("Xyz", ["Rp 1.000.000", "Rp 2.500.000", "Rp 900.000"], "cost"),
        ("Xyz (Rp)", [1_000_000, 2_500_000, 900_000], "cost"),
        ("Xyz", [1_000_000, 2_500_000, 900_000], "extra"),
        ("Tahun Xyz", [2015, 2016, "2017"], "acquired_on"),
        ("Xyz", [2015, 2016, 2017], "extra"),
        ("Xyz", ["5CG9123ABC", "PF3XYZ12", "MXL1234567"], "serial"),
        ("Xyz", ["INV001", "INV002", "INV003"], "extra"),
        ("Offices", ["Ani", "Budi", "Citra"], "extra"),
    ],
)
def test_what_values_suggest_where_the_header_says_nothing(
    label: str, cells: list[object], field: str
) -> None:
    rows: list[list[object]] = [[f"T-{at}", f"host{at}", cell] for at, cell in enumerate(cells)]
    assert _told(["Asset Tag", "Hostname", label], *rows)[label][0] == field


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (["Name", "Brand", "Type"], ["Notebook", "Fujitsu", "U749"], {"Type": "model"}),
        (["Name", "Brand", "Type"], ["a", "Fujitsu", "Notebook"], {"Type": "category"}),
        (["Nama", "Tipe", "Model", "Serial"], ["a", "Desktop", "M75", "1"], {"Tipe": "category", "Model": "model"}),
        (["Nama", "Merk", "Tipe"], ["Notebook", "Fujitsu", "Lifebook"], {"Tipe": "model"}),
        (["Nama Barang", "Kode Barang", "Jumlah/Register"], ["PC", "02.06.03.02.01", "0001-0003"],
         {"Jumlah/Register": "register"}),
    ],
)  # fmt: skip
def test_words_with_two_meanings(header: list[object], row: list[object], expected: dict[str, str]) -> None:
    told = _told(header, row)
    assert {name: told[name][0] for name in expected} == expected
