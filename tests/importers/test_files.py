"""Files through the whole of the importers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import importers
from importers.rows import RefusedFile

TODAY = date(2026, 11, 25)


def _book(path: Path, sheets: dict[str, list[list[object]]], hidden: tuple[str, ...] = ()) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        assert isinstance(sheet, Worksheet)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    book.save(path)
    return path


SHEETS: dict[str, list[list[object]]] = {
    "Petunjuk": [["PETUNJUK PENGISIAN"], ["1. Isi sheet."]],
    "PC": [
        ["DAFTAR PC"],
        [],
        ["No", "Kode BMN / NUP", "Jenis", "Merk & Tipe", "S/N", "Tgl Beli", "Harga Beli (Rp)", "Kondisi"],
        [1, "3100102001-12", "PC", "HP ProDesk 600 G3", "SGH1", "05/10/2017", 11200000, "B"],
        [2, "3050201009-1", "Meja Komputer", "Olympic", "-", "2016", 800000, "RR"],
        [3, "3060101048-1", "UPS", "APC BX1100CI", None, "2016", 900000, "B"],
        [None, None, None, None, None, "TOTAL", 12900000, None],
    ],
    "Servers": [
        ["Hostname", "Vendor", "Model", "Serial No.", "Cost", "Curr"],
        ["srv-01", "Dell", "PowerEdge R640", "7XJ2PQ3", 9850, "USD"],
    ],
    "PC lama": [["Asset Tag", "Name"], ["X-1", "PC"]],
}


def test_a_workbook_of_many_sheets(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", SHEETS, hidden=("PC lama",))
    with importers.read(path, today=TODAY) as reading:
        document = importers.summarise(reading)
    assert document["format"] == "xlsx"
    assert [(s["name"], s["hidden"], s["header_rows"], s["records"], s["skipped"]) for s in document["sheets"]] == [
        ("Petunjuk", False, [], 0, 0), ("PC", False, [3], 3, 1), ("Servers", False, [1], 1, 0),
        ("PC lama", True, [], 0, 0),
    ]  # fmt: skip
    assert (document["records"], document["units"]) == (4, 4)
    assert document["it"] == {
        "records": 2,
        "units": 2,
        "total_cost": {"IDR": "11200000.00", "USD": "9850.00"},
    }
    assert document["near_it"]["records"] == 1
    assert document["by_class"] == {"desktop": 1, "other": 1, "server": 1, "ups": 1}
    assert [(p["sheet"], p["code"]) for p in document["problems"]] == [
        ("PC lama", "hidden-sheet"),
        ("Petunjuk", "no-header"),
    ]


def test_hidden_sheets_are_read_when_asked(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", SHEETS, hidden=("PC lama",))
    with importers.read(path, include_hidden=True, today=TODAY) as reading:
        records = [record for batch in reading.batches() for record in batch]
    assert records[-1].asset_tag == "X-1"


def test_a_record_as_a_document(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "sep=;\nKode Barang;NUP;Nama Barang;Merk/Tipe;Tahun Perolehan;Nilai Perolehan;Kondisi;Lokasi\n"
        '1.3.2.10.01.02.001.;7;PC Unit;"Dell ""OptiPlex"" 3050; i5";2018;10.250.500,50;Rusak Ringan;"Seksi; lt. 2"\n',
        encoding="utf-8",
    )
    with importers.read(path, today=TODAY) as reading:
        documents = [importers.record_json(record) for batch in reading.batches() for record in batch]
    assert len(documents) == 1
    expected = {
        "item_code": "1.3.2.10.01.02.001", "register": "7", "name": "PC Unit", "brand": "Dell",
        "model": '"OptiPlex" 3050; i5', "acquired_on": "2018", "acquired_precision": "year", "cost": "10250500.50",
        "currency": "IDR", "condition": "fair", "location": "Seksi; lt. 2", "asset_class": "desktop", "units": 1,
        "serial": None, "software": [], "os": None, "conditions": None, "warranty_ends_on": None,
    }  # fmt: skip
    assert {key: documents[0][key] for key in expected} == expected
    json.dumps(documents)


def test_a_file_without_any_header_is_refused(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", {"Notes": [["hello"], ["world"]]})
    with importers.read(path) as reading, pytest.raises(RefusedFile, match="sheet 'Notes'") as refused:
        list(reading.batches())
    assert refused.value.code == "no_header"


def test_a_file_whose_columns_describe_no_assets_is_refused(tmp_path: Path) -> None:
    path = _book(tmp_path / "a.xlsx", {"Rekap": [["Jenis", "Jumlah", "Total (Rp)"], ["PC", 3, 100]]})
    with importers.read(path) as reading, pytest.raises(RefusedFile) as refused:
        list(reading.batches())
    assert refused.value.code == "missing_header"


def test_batches_hold_at_most_five_thousand_records(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    lines = "".join(f"T-{number},Laptop,S{number}\n" for number in range(5_001))
    path.write_text("asset_tag,name,serial\n" + lines, encoding="utf-8")
    with importers.read(path) as reading:
        sizes = [len(batch) for batch in reading.batches()]
    # The reader sends 5,000 rows at a time, the header row among the first.
    assert sizes == [4_999, 2]


def test_the_virtual_machines_of_rvtools(tmp_path: Path) -> None:
    tools = "OS according to the VMware Tools"
    config = "OS according to the configuration file"
    path = _book(
        tmp_path / "rv.xlsx",
        {
            "vInfo": [
                ["VM", "Powerstate", "Template", "CPUs", "Host", config, tools, "VM UUID"],
                ["vm-1", "poweredOn", "False", 2, "10.0.0.1", "Red Hat Enterprise Linux 8 (64-bit)", None, "500b85c1-ef0d"],
                ["vm-2", "poweredOff", "False", 2, "10.0.0.1", "Debian 7", "Debian GNU/Linux 9 (64-bit)", "500b85c1-ef0e"],
            ],
            "vCPU": [["VM", "Powerstate", "Template", "CPUs", config], ["vm-1", "poweredOn", "False", 2, "Debian 7"]],
            "vHost": [
                ["Host", "Datacenter", "CPU Model", "ESX Version", "Vendor", "Model"],
                ["10.0.0.1", "DC", "Xeon", "VMware ESXi 8.0.3 build-24262322", "HPE", "ProLiant DL380 Gen10"],
            ],
        },
    )  # fmt: skip
    with importers.read(path) as reading:
        records = [record for batch in reading.batches() for record in batch]
    assert [(r.hostname, r.asset_class, r.os) for r in records] == [
        ("vm-1", "virtual-machine", "Red Hat Enterprise Linux 8 (64-bit)"),
        ("vm-2", "virtual-machine", "Debian GNU/Linux 9 (64-bit)"),
        ("10.0.0.1", "server", "VMware ESXi 8.0.3 build-24262322"),
    ]
    assert [(s.sheet, s.reason) for s in reading.skipped] == [("vCPU", "not-inventory")]


def test_a_scanner_report_becomes_one_record_per_host(tmp_path: Path) -> None:
    path = tmp_path / "scan.csv"
    path.write_text(
        '"IP","Network","DNS","Tracking Method","OS","QID","Title"\n'
        '"10.0.0.1","Net","a.example.org","QAGENT","Windows Server 2016","1","x"\n'
        '"10.0.0.1","Net","a.example.org","QAGENT","Windows Server 2016","2","y"\n'
        '"10.0.0.2","Net","","QAGENT","Ubuntu 18.04","1","x"\n',
        encoding="utf-8",
    )
    with importers.read(path) as reading:
        records = [record for batch in reading.batches() for record in batch]
    assert [(r.hostname, r.os, r.it_scope) for r in records] == [
        ("a.example.org", "Windows Server 2016", "it"), ("10.0.0.2", "Ubuntu 18.04", "it"),
    ]  # fmt: skip


def test_the_inventory_of_one_machine(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    content = {
        "bios": {"ssn": "640HP72", "smanufacturer": "Dell Inc.", "smodel": "XPS 13 9350"},
        "hardware": {
            "name": "xps",
            "uuid": "4c4c4544",
            "chassis_type": "Laptop",
            "lastloggeduser": "someone",
        },
        "operatingsystem": {"full_name": "Fedora 31 (Workstation Edition)"},
        "softwares": [{"name": "gitg", "version": "3.32.1"}, {"name": "tar"}],
    }
    document = {"action": "inventory", "deviceid": "xps-1", "itemtype": "Computer", "content": content}
    path.write_text(json.dumps(document), encoding="utf-8")
    with importers.read(path) as reading:
        (record,) = [record for batch in reading.batches() for record in batch]
    assert (record.serial, record.hostname, record.model, record.os) == (
        "640HP72", "xps", "XPS 13 9350", "Fedora 31 (Workstation Edition)",
    )  # fmt: skip
    assert [item.name for item in record.software] == ["gitg 3.32.1", "tar"]
    assert (record.asset_class, record.custodian) == ("laptop", None)
