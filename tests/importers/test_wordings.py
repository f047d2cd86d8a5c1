"""Wordings of clerks and tools that several columns, or a whole sheet, must tell apart."""

from __future__ import annotations

import pytest

from importers.rows import Record
from tests.importers.sheets import understand


def _one(header: list[object], *rows: list[object]) -> Record:
    return understand([header, *rows])[0][0]


@pytest.mark.parametrize(
    ("cell", "brand", "model"),
    [
        ("HP / ProBook 440 G8", "HP", "ProBook 440 G8"),
        ("HP/ProBook 440 G8", "HP", "ProBook 440 G8"),
        ("Acer, Veriton X275", "Acer", "Veriton X275"),
        ("Dell - Latitude 7400", "Dell", "Latitude 7400"),
        ("TP-Link TL-SF1008D", "TP-Link", "TL-SF1008D"),
    ],
)
def test_maker_and_model_may_be_parted_by_signs(cell: str, brand: str, model: str) -> None:
    record = _one(["Kode Barang", "Merk/Type"], ["3100102001", cell], ["3100102002", cell])
    assert (record.brand, record.model) == (brand, model)


def test_a_unit_of_the_agency_is_the_place_where_no_column_names_one() -> None:
    header: list[object] = ["Asset Tag", "Nama", "Unit Kerja"]
    record = _one(header, ["T-1", "Laptop", "Sekretariat"])
    assert (record.location, record.agency_text) == ("Sekretariat", "Sekretariat")
    record = _one([*header, "Ruangan"], ["T-1", "Laptop", "Sekretariat", None])
    assert (record.location, record.agency_text) == (None, "Sekretariat")


def test_a_satker_is_no_place() -> None:
    record = _one(["Asset Tag", "Nama", "Satker"], ["T-1", "Laptop", "KPP Melati"])
    assert (record.location, record.agency_text) == (None, "KPP Melati")


def test_s_n_counts_the_rows_beside_a_serial_number() -> None:
    records, _ = understand(
        [["S/N", "Equipment", "Serial #"], [1, "Switch", "FOC1"], [2, "Router", "FDO2"], [3, "Hub", "X3"]]
    )
    assert [record.serial for record in records] == ["FOC1", "FDO2", "X3"]


def test_a_second_serial_number_fills_in_for_the_first() -> None:
    header: list[object] = ["Hostname", "Serial Number", "Service Tag"]
    records, _ = understand([header, ["a", "S1", "T1"], ["b", "S2", None], ["c", None, "T3"]])
    assert [record.serial for record in records] == ["S1", "S2", "T3"]
    assert [record.extra for record in records] == [{"Service Tag": "T1"}, {}, {"Service Tag": "T3"}]


@pytest.mark.parametrize(
    ("states", "condition", "status"),
    [(["Good", "Faulty", "Fair"], "good", None), (["In use", "Retired", "Spare"], None, "in-use")],
)
def test_a_status_may_tell_the_condition(
    states: list[str], condition: str | None, status: str | None
) -> None:
    rows: list[list[object]] = [[f"T{at}", "Laptop", state] for at, state in enumerate(states)]
    record = _one(["Asset Tag", "Name", "Status"], *rows)
    assert (record.condition, record.status) == (condition, status)


def test_a_machine_has_a_name_and_a_host_name() -> None:
    record = _one(["Nama VM", "Hostname", "OS"], ["simpeg", "simpeg.example.id", "Ubuntu 18.04"])
    assert (record.name, record.hostname) == ("simpeg", "simpeg.example.id")
    assert record.asset_class == "virtual-machine"


@pytest.mark.parametrize(
    ("system", "kind"),
    [("Android 11", "mobile"), ("iPadOS 16.7", "mobile"), ("Windows 11", "desktop"), ("CentOS 7", "server")],
)
def test_a_thing_without_a_word_is_what_its_system_is(system: str, kind: str) -> None:
    assert _one(["Hostname", "OS", "Serial"], ["x-1", system, "SN1"]).asset_class == kind


@pytest.mark.parametrize(
    ("label", "acquired"), [("Tgl Nota Xyz", "2021-09-30"), ("Tgl Servis", None), ("Last Update Date", None)]
)
def test_dates_tell_when_a_thing_was_bought_unless_the_header_says_otherwise(
    label: str, acquired: str | None
) -> None:
    rows: list[list[object]] = [[f"T{at}", "Laptop", "30/09/2021"] for at in range(3)]
    found = _one(["Asset Tag", "Name", label], *rows).acquired_on
    assert (found.isoformat() if found else None) == acquired


def test_rows_of_machine_name_and_version_list_programs() -> None:
    header: list[object] = ["Hostname", "Name", "Version", "Vendor"]
    records, _ = understand(
        [
            header,
            ["A", "Edge", "120", "Microsoft"],
            ["A", "Java 8", "8.0", "Oracle"],
            ["B", "VLC", "3", "VideoLAN"],
        ]
    )
    assert [(r.hostname, [s.name for s in r.software]) for r in records] == [
        ("A", ["Edge", "Java 8"]),
        ("B", ["VLC"]),
    ]
