"""Records taken by column and one by one end as the same spooled rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import importers
from importers.columnar import RecordBlock
from importers.rows import Record
from tracker.inventory.collecting import collect
from tracker.inventory.key_policy import load_key_policy
from tracker.inventory.spool import Spool
from tracker.inventory.staging import Wanted, find_rejected

HEADERS = (
    "Asset tag", "Serial number", "Name", "Manufacturer", "Model", "Category", "Acquired on", "Cost", "Currency",
    "Condition", "Location", "Hostname", "Status", "Notes", "Operating system", "Office suite", "Installed software",
    "Favourite colour",
)  # fmt: skip
CHOICES: tuple[tuple[Any, ...], ...] = (
    ("SN{n}", "sn-{n}", "N/A", None, "Default string", "S 1"),
    ("Laptop {n}", "PC", None, "Kursi rapat", 'Server "A" {n}', "UPS"),
    ("Dell", "HP", None, "-"),
    ("Latitude 7420", None, "ProDesk\u00a0600"),
    ("Laptop", "Desktop", None, "Server", "Furniture"),
    ("2019-05-06", "31-02-2020", "2018", None, "05/06/2017"),
    (1_000_000, "Rp 2.500.000", 0, None, "-5", 12.5, "n/a"),
    ("IDR", "USD", None, "???"),
    ("Baik", "RB", None, "sort of"),
    ("Room 1", "  Room   2 ", None, "Ruang “Ä”"),
    ("host-{n}", None, "localhost", "HOST-1."),
    ("in use", "retired", None, "lent"),
    (None, "a\tnote", "-"),
    ("Windows 10 Pro 22H2", "Ubuntu 22.04", None),
    ("Microsoft Office 2016", None),
    ("PHP 7.4; PHP 7.4; Python 3.9", "OpenSSL 1.1", None),
    ("red", None, True),
)


def write(path: Path, seed: int, count: int = 400) -> None:
    """A list in which most rows are common and some are odd in every way."""
    chance = random.Random(seed)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if seed % 2:
        sheet.append(["Instansi : Dinas Kominfo"])
        sheet.append(["Ruangan : Lab"])
    sheet.append(list(HEADERS))
    for n in range(count):
        # The odd ones stand close together, so that long runs of common rows lie between them.
        odd = n % 100 > 80
        tag = chance.choice((f"AT-{n}", None, "AT-7", "3100102001-8", True)) if odd else f"at  {n}"
        cells = [
            chance.choice(options) if odd or chance.random() < 0.02 else options[0] for options in CHOICES
        ]
        sheet.append([tag, *(cell.format(n=n) if isinstance(cell, str) else cell for cell in cells)])
        if odd and chance.random() < 0.1:
            sheet.append(["Total", None, None, 5])
    book.save(path)


FORM: dict[str, tuple[Any, ...]] = {
    "Kode Barang": ("3100102001", "1.3.2.10.01.02.002", "02.06.03.02.01", "3050201009", None, "3060101048"),
    "NUP": ("{n}", "000{n}", "7", "0001 s/d 0003", None),
    "Kode Inventaris": (None, "3100102001-7", "INV {n}"),
    "Nama Barang": ("P.C Unit", "Lap Top", "Meja", None),
    "Merk/Type": ("Acer Veriton", "HP", None, "Rakitan"),
    "No Seri": ("SN{n}", None, "-", "SN 1"),
    "Jumlah": (1, 4, None),
    "Harga Satuan": (9_000_000, None, "Rp 5.000"),
    "Keterangan": (None, "RB", "baik"),
    "Instansi": (None, "Dinas A"),
}


def write_form(path: Path, seed: int, count: int = 400) -> None:
    """A form of agencies: item codes and register numbers, half of it furniture."""
    chance = random.Random(seed)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(FORM))
    for n in range(1, count):
        odd = n % 100 > 80
        cells = [chance.choice(options) if odd else options[0] for options in FORM.values()]
        if not odd and n % 100 > 40:
            cells[0], cells[3] = "3050201009", "Meja Komputer"
        sheet.append([cell.format(n=n) if isinstance(cell, str) else cell for cell in cells])
    book.save(path)


def spooled(batches: Iterable[Iterable[Record]], wanted: Wanted) -> list[tuple[Any, ...]]:
    """The spooled rows with titles by name instead of number."""
    with Spool() as spool:
        collected = collect(batches, wanted, load_key_policy(), spool)
        names = list(collected.titles)
        rows: list[tuple[Any, ...]] = []
        for first, block in spool:
            for n, row in enumerate(map(block.row, range(len(block))), start=first):
                row["software"] = [names[number] for number in row.get("software", ())]
                row["model"] = names[row["model"]] if "model" in row else None
                rows.append((n, block.sheet, block.rows[n - first], row))
        known = {scheme: (list(names.hashes), list(names.rows)) for scheme, names in collected.names.items()}
        find_rejected(collected)
        summary = (
            collected.problems,
            known,
            collected.content,
            collected.nameless,
            collected.agencies,
            set(names),
        )
        return [*rows, summary]


@pytest.mark.parametrize("make", [write, write_form])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("wanted", [Wanted(False, False), Wanted(True, True)])
def test_by_column_as_one_by_one(
    tmp_path: Path, make: Callable[[Path, int], None], seed: int, wanted: Wanted
) -> None:
    path = tmp_path / "list.xlsx"
    make(path, seed)
    with importers.read(path) as reading:
        batches = list(reading.batches())
    assert sum(len(batch) for batch in batches if isinstance(batch, RecordBlock)) > 200
    assert spooled(batches, wanted) == spooled([list(batch) for batch in batches], wanted)


def test_records_of_a_block(tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    write(path, 1)
    with importers.read(path) as reading:
        blocks = [batch for batch in reading.batches() if isinstance(batch, RecordBlock)]
    for block in blocks:
        records = list(block)
        assert [block[at] for at in range(len(block))] == records
        assert list(block[2:5]) == records[2:5]
        for name in (
            "asset_tag",
            "name",
            "asset_class",
            "it_scope",
            "currency",
            "cost",
            "acquired_on",
            "location",
        ):
            values, codes = block.columns[name]
            told = zip([values[code] for code in codes], records, block.common, strict=True)
            assert [value for value, _, common in told if common] == [
                getattr(record, name) for record, common in zip(records, block.common, strict=True) if common
            ], name
        assert not any(
            record.problems for record, common in zip(records, block.common, strict=True) if common
        )
