"""Rows taken by column are the records that are made one by one: random tables of the forms of agencies."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from importers import columnar
from importers.columnar import RecordBlock
from importers.layout import HeaderWords
from importers.rows import RawSheet, Record
from importers.understanding import SheetReader
from importers.vocabulary import default_vocabulary
from tests.importers.sheets import TODAY

Row = list[Any]
#: {heading: what its cells hold; the first is usual}
KIB: dict[str, tuple[Any, ...]] = {
    "Kode Barang": ("3100102001", "1.3.2.10.01.02.002.", 3050201009, None, "abc", "3060101048"),
    "Nomor Register": ("{n}", "000{n}", "0001 s/d 0012", None, "-"),
    "Nama Barang": ("P.C Unit", "Lap Top {n}", "Meja Komputer", None, "UPS"),
    "Merk/Type": ("Dell / OptiPlex 3070", "HP ProBook 440 i5/8GB/256GB SSD", "1", None, "Rakitan 3"),
    "No Pabrik": ("SN{n}", "-", None, "terlampir"),
    "Tahun Pembelian": (2019, "2020", "17-08-2015", None, "entah"),
    "Asal Usul": ("APBD", "Hibah", None),
    "Harga": ("Rp 12.500.000,00", 7_500_000, None, 0, "-5", "USD 100"),
    "Keterangan": ("Baik", "RB, di gudang", None, "pindah"),
}
COUNTED: dict[str, tuple[Any, ...]] = {
    "Kode BMN - NUP": ("3100102001-{n}", "3100102001 - 1-3", "3100203003", None),
    "Uraian": ("P.C Unit", "Printer", None),
    "Merek": ("Acer", "Acer Veriton", None, "Epson L360"),
    "Jumlah": (1, 3, "2 unit", None, "banyak"),
    "Harga Satuan": (1_000_000, "Rp 2.500.000", "USD 5", None, "x"),
    "Total Harga": (None, 5_000_000, "EUR 7"),
    "Kondisi": ("Baik", "RR", None, "entah"),
    "Unit Kerja": ("Sekretariat", None, "Bidang 1"),
}
HOME: dict[str, tuple[Any, ...]] = {
    "Kode Inventaris": ("INV-{n}", None, True),
    "Nama Barang": ("Laptop", "Kursi", "Server {n}"),
    "Merk": ("Asus", "HP EliteDesk 800", None, "Rakitan, i3, 4GB, 1TB HDD"),
    "Jml": (1, 12, None),
    "Nilai": (None, 9_000_000, "12,5 juta"),
    "OS": ("Windows 10 Pro", None, "CentOS 7"),
}


def _rows(columns: dict[str, tuple[Any, ...]], seed: int, count: int = 300) -> list[Row]:
    chance = random.Random(seed)
    rows: list[Row] = [list(columns)]
    for n in range(1, count):
        odd = n % 75 > 50
        cells = [chance.choice(c) if odd or chance.random() < 0.03 else c[0] for c in columns.values()]
        rows.append([cell.format(n=n) if isinstance(cell, str) else cell for cell in cells])
    return rows


def _batches(rows: list[Row]) -> list[Record | RecordBlock]:
    """What a sheet yields."""
    reader = SheetReader(RawSheet("S", False), HeaderWords(default_vocabulary()), TODAY)
    return list(reader.read([list(enumerate(rows, 1))]))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("columns", [KIB, COUNTED, HOME])
def test_by_column_as_one_by_one(
    columns: dict[str, tuple[Any, ...]], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = _rows(columns, seed)
    made = _batches(rows)
    with monkeypatch.context() as patch:
        # No run is long enough to be taken by column.
        patch.setattr(columnar, "SHORTEST", len(rows) + 1)
        expected = _batches(rows)
    blocks = [one for one in made if isinstance(one, RecordBlock)]
    assert sum(map(len, blocks)) > 100
    records = [record for one in made for record in ([one] if isinstance(one, Record) else one)]
    assert records == expected
    for block in blocks:
        assert sum(block.common) > len(block) // 2
        for name, (values, codes) in block.columns.items():
            if name.startswith(".") or name in ("office", "database", "software"):
                continue
            told = zip((values[code] for code in codes), block, block.common, strict=True)
            for value, record, common in told:
                assert not common or value == getattr(record, name), (name, record)
        absent = {"units", "condition", "location", "item_code", "register"} - block.columns.keys()
        for record, common in zip(block, block.common, strict=True):
            assert not common or (not record.problems and not record.software)
            for name in absent if common else ():
                assert getattr(record, name) == getattr(Record("", 0), name), name


def test_the_cost_of_all_is_that_of_one_times_the_units() -> None:
    rows: list[Row] = [["Kode Barang", "NUP", "Nama", "Jumlah", "Harga Satuan (Rp)"]]
    rows += [["3100102001", n, "P.C Unit", 3, 1_500_000] for n in range(1, 60)]
    (block,) = _batches(rows)
    assert isinstance(block, RecordBlock)
    assert all(block.common)
    assert block.columns["units"][0] == [3]
    assert block.columns["cost"][0] == [Decimal(4_500_000)]
    assert block.columns["currency"][0] == ["IDR"]
