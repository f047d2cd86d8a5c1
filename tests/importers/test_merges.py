"""Merged cells among the rows of a table, and nested values of JSON."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import importers
from tests.importers.sheets import understand


def test_a_merged_cell_speaks_of_all_its_rows_but_a_merged_amount_of_the_first() -> None:
    records, _ = understand(
        [
            ["Lokasi", "Nama Barang", "No Seri", "Harga"],
            ["Aula", "PC Unit", "S1", 20_000_000],
            [None, None, "S2", None],
            ["Gudang", "Printer", "S3", 1_500_000],
            [None, "Laptop", "S4", 9_000_000],
        ],
        merged=((2, 1, 3, 1), (2, 2, 3, 2), (2, 4, 3, 4)),
    )
    assert [(r.location, r.name, r.serial, r.cost) for r in records] == [
        ("Aula", "PC Unit", "S1", Decimal(20_000_000)),
        ("Aula", "PC Unit", "S2", None),
        ("Gudang", "Printer", "S3", Decimal(1_500_000)),
        (None, "Laptop", "S4", Decimal(9_000_000)),
    ]


def test_objects_and_lists_inside_json_are_read_by_what_they_say(tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    path.write_text(
        '{"rows": [{"asset_tag": "A1", "model": {"id": 2, "name": "ThinkPad T480"}, "manufacturer": {"id": 1,'
        ' "name": "Lenovo"}, "purchase_date": {"date": "2019-01-02", "formatted": "Jan 2"}, "os": {"name": "Debian",'
        ' "version": "10"}, "software": [{"name": "nginx", "version": "1.14"}, "php 7.3"], "custodian": {"x": 1}}]}',
        encoding="utf-8",
    )
    with importers.read(path) as reading:
        (record,) = [record for batch in reading.batches() for record in batch]
    assert (record.brand, record.model, record.os) == ("Lenovo", "ThinkPad T480", "Debian 10")
    assert str(record.acquired_on) == "2019-01-02"
    assert [item.name for item in record.software] == ["nginx 1.14", "php 7.3"]
    assert record.custodian == '{"x": 1}'
