"""Tables in sheets: headers under titles, levels, rows that are no assets, several tables."""
# ruff: noqa: DTZ001 - cells of a spreadsheet have no zone

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from importers.rows import RefusedFile
from tests.importers.sheets import codes, understand

KIB: list[list[object]] = [
    ["PEMERINTAH KABUPATEN CONTOH"],
    ["KARTU INVENTARIS BARANG (KIB) B"],
    [None],
    ["UNIT ORGANISASI", None, None, ": Dinas Kominfo"],
    [None],
    ["No.\nUrut", "Kode Barang", "Jenis Barang /\nNama Barang", "Nomor Register", "SPESIFIKASI", None, None,
     "Tahun\nPembelian", "NOMOR", None, "Asal usul /\nCara Perolehan", "Harga", "Keterangan"],
    [None, None, None, None, "Merk/Type", "Ukuran/CC", "Bahan", None, "Pabrik", "Rangka", None, None, None],
    [None] * 11 + ["(Rp)", None],
    list(range(1, 14)),
    [None, None, "KOMPUTER"],
    [1, "02.06.03.02.01", "P.C. Unit", "0002 s/d 0011", "Lenovo ThinkCentre M710t", "-", "Plastik", "2017", "terlampir",
     "-", "Pembelian", "Rp 85.000.000", "10 unit @ 8.500.000"],
    [2, "02.06.03.02.02", "Lap Top", "0001", "ASUS X441U", "14 inch", "-", "17 Agustus 2015", "F8N0CV12345", None,
     "Hibah Pemprov", "7.250.000", "KB, keyboard rusak"],
    [3, "02.06.03.05.01", "Server", "0001", "Dell PowerEdge R720", "2U", "Besi", "30/11/2012", "4FVZ5X1", "-",
     "Pembelian", "Rp. 96.450.000,-", "RB, usul hapus"],
    ["JUMLAH KOMPUTER", *[None] * 10, "Rp188.700.000,00"],
    ["JUMLAH TOTAL", *[None] * 10, 188700000],
    [None],
    [None, "MENGETAHUI", None, None, None, None, None, None, None, "Contoh, 31 Desember 2023"],
    [None, "KEPALA DINAS", None, None, None, None, None, None, None, "PENGURUS BARANG"],
    [None, "NAMA PEJABAT, S.Kom", None, None, None, None, None, None, None, "NAMA PENGURUS"],
    [None, "NIP. 19000101 200001 1 001", None, None, None, None, None, None, None, "NIP. 19000101 200001 2 002"],
]  # fmt: skip


def test_a_register_with_letterhead_three_header_rows_totals_and_signatures() -> None:
    records, reader = understand(KIB)
    assert reader.header_rows == [6, 7, 8]
    assert [record.row for record in records] == [11, 12, 13]
    assert [(row.row, row.reason) for row in reader.skipped] == [
        (9, "column-numbers"), (10, "group-title"), (14, "subtotal"), (15, "subtotal"),
        (17, "signature"), (18, "signature"), (19, "signature"), (20, "signature"),
    ]  # fmt: skip
    assert reader.named["NOMOR / Pabrik"] == "serial"
    assert reader.named["SPESIFIKASI / Merk/Type"] == "brand_model"
    assert reader.named["Harga / (Rp)"] == "cost"


def test_a_register_range_stands_for_units_and_a_word_is_no_serial() -> None:
    record = understand(KIB)[0][0]
    assert (record.units, record.cost, record.unit_cost) == (10, Decimal(85000000), Decimal(8500000))
    assert (record.acquired_on, record.acquired_precision) == (date(2017, 1, 1), "year")
    assert (record.serial, record.condition, record.register) == (None, None, "0002 s/d 0011")
    assert codes(record) == ["serial-placeholder", "register-range"]


def test_a_condition_is_found_in_the_remarks_and_the_agency_in_the_title() -> None:
    record = understand(KIB)[0][1]
    assert (record.brand, record.model, record.serial) == ("ASUS", "X441U", "F8N0CV12345")
    assert (record.condition, record.source, record.notes) == ("fair", "Hibah Pemprov", "KB, keyboard rusak")
    assert (record.acquired_on, record.cost, record.currency) == (date(2015, 8, 17), Decimal(7250000), "IDR")
    assert record.agency_text == "Dinas Kominfo"
    assert understand(KIB)[0][2].condition == "broken"


def test_a_room_card_counts_conditions_and_states_thousands() -> None:
    records, reader = understand(
        [
            ["KARTU INVENTARIS RUANGAN"],
            ["RUANGAN", None, ": Laboratorium Komputer"],
            [None],
            ["No. Urut", "Jenis Barang/ Nama Barang", "Merk / Model", "No. Seri Pabrik", "Tahun Pembuatan/ Pembelian",
             "No. Kode Barang", "Jumlah Barang/ Register", "Harga Beli/ Perolehan (ribuan Rp)", "Keadaan Barang", None,
             None, "Keterangan Mutasi dll"],
            [None] * 8 + ["Baik (B)", "Kurang Baik (KB)", "Rusak Berat (RB)", None],
            list(range(1, 13)),
            [1, "Komputer PC", "Acer Veriton", "-", 2016, "02.06.03.02.01", 20, 150000, 17, 2, 1, None],
            [2, "Server", "Lenovo TS150", "J100ABCD", "2017", "02.06.03.05.01", 1, 18500, "√", None, None, None],
            [3, "Hub/Switch", "TP-Link 24 port", "-", 2016, "02.06.03.05.03", 2, 2400, None, "v", None, "1 port mati"],
            [4, "Printer", "Canon iP2770", "-", "2012", "02.06.03.04.08", 1, 650, None, None, "X", "usul hapus"],
            [None, "Jumlah", None, None, None, None, 24, 171550],
        ]
    )  # fmt: skip
    assert [(r.units, r.condition, r.conditions) for r in records] == [
        (20, None, {"good": 17, "fair": 2, "broken": 1}),
        (1, "good", None),
        (2, None, {"fair": 2}),
        (1, "broken", None),
    ]
    assert [r.cost for r in records] == [150000000, 18500000, 2400000, 650000]
    assert records[0].unit_cost == Decimal(7500000)
    assert records[0].location == "Laboratorium Komputer"
    assert "amounts-multiplied" in [problem.code for problem in reader.problems]


def test_counts_by_condition_that_do_not_add_up_are_pointed_out() -> None:
    records, _ = understand(
        [
            ["Nama Barang", "Merk", "Jumlah", "Baik", "Rusak Ringan", "Rusak Berat"],
            ["Printer", "Epson", 5, 3, 1, None],
        ]
    )
    assert (records[0].units, codes(records[0])) == (5, ["units-disagree"])


def test_code_and_number_in_one_cell() -> None:
    records, _ = understand(
        [
            ["Kode BMN / NUP", "Jenis", "Merk & Tipe", "S/N", "Garansi s.d."],
            ["3100102001-12", "PC", "HP ProDesk 600 G3", "SGH740Q1A1", datetime(2020, 10, 5)],
            ["3100102002-5", "Laptop", "MacBook Pro 13 2015", "N/A", "-"],
        ]
    )
    assert [(r.item_code, r.register, r.name) for r in records] == [
        ("3100102001", "12", "PC"), ("3100102002", "5", "Laptop"),
    ]  # fmt: skip
    assert records[0].warranty_ends_on == date(2020, 10, 5)
    assert (records[1].serial, codes(records[1])) == (None, ["serial-placeholder"])


def test_of_two_columns_of_conditions_the_one_with_words_counts() -> None:
    records, reader = understand(
        [
            ["kd_brg", "NUP", "Merk", "kondisi", "NAMA BARANG", "kondisi", "sakhir"],
            ["3100102001", "1", "1", "7", "P.C Unit", "Baik", 8000000],
            ["3100102001", "2", "HP", "2", "P.C Unit", "Rusak Ringan", 8000000],
        ]
    )
    assert [r.condition for r in records] == ["good", "fair"]
    assert [r.brand for r in records] == [None, "HP"]
    assert records[0].extra["kondisi"] == "7"
    assert reader.named["kondisi"] == "condition"
    assert reader.named["kondisi (D)"] == "extra"
    assert [problem.code for problem in reader.problems] == ["currency-assumed"]


def test_a_row_without_a_code_among_coded_rows_is_kept_but_not_taken_as_it() -> None:
    rows: list[list[object]] = [["kd_brg", "NUP", "NAMA BARANG", "sakhir"]]
    rows += [["3100204002", str(number), "Router", 1000] for number in range(1, 20)]
    rows.append([None, 6, "Router", 6250000])
    records, _ = understand(rows)
    assert len(records) == 20
    assert (records[-1].it_scope, records[-1].asset_class, codes(records[-1])) == (
        "other",
        "other",
        ["item-code-missing"],
    )
    assert records[0].it_scope == "it"


def test_repeated_headers_and_page_breaks() -> None:
    header = ["No", "Asset Tag", "Name", "Serial Number"]
    records, reader = understand(
        [header, [1, "A-1", "Laptop", "S1"], header, [2, "A-2", "Laptop", "S2"], ["Page 2 of 2"]]
    )
    assert [r.asset_tag for r in records] == ["A-1", "A-2"]
    assert [(s.row, s.reason) for s in reader.skipped] == [(3, "repeated-header"), (5, "group-title")]


def test_a_second_table_with_other_columns() -> None:
    records, reader = understand(
        [
            ["Asset Tag", "Name", "Serial Number", "Cost"],
            ["A-1", "Laptop", "S1", 100],
            [None],
            ["NETWORK"],
            ["Hostname", "Manufacturer", "Model", "Location", "Serial No."],
            ["sw-01", "Cisco", "C9300", "DC", "S9"],
        ]
    )
    assert [(r.row, r.asset_tag, r.hostname, r.serial) for r in records] == [
        (2, "A-1", None, "S1"), (6, None, "sw-01", "S9"),
    ]  # fmt: skip
    assert reader.header_rows == [1, 5]


def test_a_group_row_above_the_best_header_row() -> None:
    records, reader = understand(
        [
            ["DAFTAR ASET"],
            ["No", "Identitas", None, None, "Perolehan", None, "Ket"],
            [None, "Kode Barang", "Nama Barang", "Merk", "Tahun", "Harga", None],
            [1, "3100102001", "P.C Unit", "HP", 2019, 8000000, "Baik"],
        ]
    )
    assert reader.header_rows == [2, 3]
    assert (records[0].item_code, records[0].acquired_precision, records[0].condition) == (
        "3100102001",
        "year",
        "good",
    )


def test_two_rows_that_look_like_the_header_are_pointed_out() -> None:
    _, reader = understand(
        [
            ["Kode Barang", "NUP", "Nama Barang", "Merk", "Harga"],
            ["Item code", "Register", "Item name", "Brand", "Price"],
            ["3100102001", "1", "P.C Unit", "HP", 100],
        ]
    )
    assert [p.code for p in reader.problems if p.code == "two-headers"] == ["two-headers"]


def test_sheets_that_list_no_assets() -> None:
    recap, reader = understand([["Jenis", "Jumlah", "Total (Rp)"], ["PC", 3, 100], ["Laptop", 2, 50]])
    assert (recap, reader.not_inventory, [s.reason for s in reader.skipped]) == (
        [],
        True,
        ["not-inventory"] * 2,
    )
    guide, reader = understand([["PETUNJUK PENGISIAN"], ["1. Isi sheet sesuai jenis perangkat."]])
    assert (guide, [(p.code, p.row) for p in reader.problems]) == ([], [("no-header", 1)])


def test_licences_are_no_assets_and_too_many_in_use_are_pointed_out() -> None:
    records, reader = understand(
        [
            ["Nama Perangkat Lunak", "Penerbit", "Versi", "Jml Lisensi", "Terpakai"],
            ["Microsoft Office", "Microsoft", "2010", 40, 52],
        ]
    )
    assert records == []
    assert [(p.code, p.row, p.message) for p in reader.problems][1] == (
        "licences-exceeded", 2, "52 of 40 licences are in use",
    )  # fmt: skip


def test_a_header_without_rows_says_so() -> None:
    records, reader = understand([["Asset Tag", "Name", "Serial Number"]])
    assert (records, [(p.code, p.row) for p in reader.problems]) == ([], [("no-rows", 1)])


def test_a_row_that_names_nothing_is_kept_as_rejected() -> None:
    records, _ = understand(
        [
            ["Asset Tag", "Name", "Serial Number", "Notes"],
            ["A-1", "Laptop", "S1", None],
            [None, None, None, "far away"],
        ]
    )
    assert [(r.row, r.rejected) for r in records] == [(2, False), (3, True)]
    assert codes(records[1]) == ["no-identity"]


def test_tags_that_are_no_tags_are_rejected() -> None:
    records, _ = understand(
        [["Asset Tag", "Name", "Location"], [12345, "a", "x"], ["1E5", "b", "x"], ["00123", "c", "x"], [True, "d", "x"],
         ["AST\u200b1", "e", "x"]]
    )  # fmt: skip
    assert [(r.asset_tag, r.rejected) for r in records[:3]] == [
        ("12345", False),
        ("1E5", False),
        ("00123", False),
    ]
    assert [codes(r) for r in records[3:]] == [["tag-not-text"], ["tag-unseen-character"]]
    assert [r.rejected for r in records[3:]] == [True, True]


def test_names_are_kept_as_typed() -> None:
    words = ["NA", "N/A", "null", "None", "nan", "TRUE", "1_000", "-"]
    records, _ = understand(
        [["Asset Tag", "Name", "Location"], *([f"A-{n}", word, "x"] for n, word in enumerate(words))]
    )
    assert [r.name for r in records] == words


def test_a_negative_or_absurd_price_rejects_the_row() -> None:
    records, _ = understand(
        [["Asset Tag", "Name", "Cost (Rp)"], ["A-1", "PC", -5], ["A-2", "PC", 1e300], ["A-3", "PC", 0]]
    )
    assert [(r.cost, r.rejected, codes(r)) for r in records] == [
        (None, True, ["money-negative"]), (None, True, ["money-absurd"]), (Decimal(0), False, ["cost-zero"]),
    ]  # fmt: skip


def test_an_unreadable_price_or_date_stays_unknown_and_keeps_the_row() -> None:
    records, _ = understand(
        [
            ["Asset Tag", "Purchase Date", "Cost (Rp)"],
            ["A-1", "31/02/2019", "dua belas juta"],
            ["A-2", "17/08/2019", "5.000"],
        ]
    )
    first = records[0]
    assert (first.acquired_on, first.cost, first.rejected) == (None, None, False)
    assert [(p.row, p.column, p.code, p.value) for p in first.problems] == [
        (2, "Purchase Date", "date-invalid", "31/02/2019"), (2, "Cost (Rp)", "money-unreadable", "dua belas juta"),
    ]  # fmt: skip
    assert (records[1].acquired_on, records[1].cost) == (date(2019, 8, 17), Decimal(5000))


def test_two_filled_columns_of_one_identifier_are_refused() -> None:
    with pytest.raises(RefusedFile, match="columns A, B are all named 'asset_tag'") as refused:
        understand([["asset_tag", "asset_tag", "name"], ["x", "AST-1", "Server"]])
    assert refused.value.code == "duplicate_header"


def test_a_mapping_outranks_what_was_found() -> None:
    rows: list[list[object]] = [["Asset Tag", "Name", "Owner ref", "Location"], ["A-1", "PC", "S-77", "DC"]]
    records, _ = understand(rows, mapping={"Owner ref": "serial", "Location": "custodian"})
    assert (records[0].serial, records[0].custodian, records[0].location) == ("S-77", "DC", None)


def test_values_beyond_the_header() -> None:
    rows: list[list[object]] = [
        ["asset_tag", "name", "cost"],
        ["A-1", "PC", 5],
        ["A-2", "PC", 5, "one", "too", "many"],
        ["A-3", "PC", 6],
    ]
    records, _ = understand(rows, delimited=True)
    assert [(r.rejected, codes(r)) for r in records] == [(False, []), (True, ["row-too-long"]), (False, [])]
    records, _ = understand(rows)
    assert [(r.rejected, codes(r)) for r in records] == [(False, []), (False, ["beyond-header"]), (False, [])]


def test_filled_columns_without_a_header_are_named_once() -> None:
    rows: list[list[object]] = [
        ["asset_tag", "name", "cost (Rp)"],
        *([f"A-{n}", "PC", 5, "33749"] for n in range(5)),
    ]
    records, reader = understand(rows)
    assert [codes(r) for r in records] == [[]] * 5
    assert [(p.code, p.message) for p in reader.problems] == [
        ("column-without-header", "columns without a header are not read: D")
    ]


def test_blank_rows_with_numbers_sums_without_words_and_dated_signatures() -> None:
    records, reader = understand(
        [
            ["No", "Kode Barang", "NUP", "Nama Barang", "Merk", "Harga (Rp)", "Keterangan"],
            [1, "3100102001", 1, "P.C Unit", "HP", 100, None],
            [2],
            [3],
            [None, None, None, None, None, 100, None],
            [None, None, None, None, None, None, "Jakarta, 12 Mei 2023"],
            [None, None, None, None, None, None, "Pengelola Barang"],
            [None, None, None, "Budi Santoso", None, None, None],
        ]
    )
    assert [(r.row, r.rejected) for r in records] == [(2, False)]
    assert [(s.row, s.reason) for s in reader.skipped] == [
        (3, "numbered-blank"), (4, "numbered-blank"), (5, "subtotal"), (6, "signature"), (7, "signature"),
        (8, "signature"),
    ]  # fmt: skip


def test_things_that_begin_like_totals_and_people_that_begin_like_signatures() -> None:
    records, reader = understand(
        [
            ["Nama Barang", "Merk", "S/N", "Pengguna"],
            ["Total Station", "Topcon", "SN1", "Budi"],
            ["Laptop", "HP", "SN2", "Kepala Dinas"],
        ]
    )
    assert ([r.serial for r in records], reader.skipped) == (["SN1", "SN2"], [])
    records, reader = understand(
        [["Pengguna", "Nama Perangkat", "S/N"], ["Kepala Dinas", "Laptop", "SN1"], ["Operator", "PC", "SN2"]]
    )
    assert ([r.custodian for r in records], reader.skipped) == (["Kepala Dinas", "Operator"], [])


def test_tags_of_mixed_scripts_are_kept_and_pointed_out() -> None:
    records, _ = understand(
        [["Asset Tag", "Name", "Location"], ["\u0410ST-1", "PC", "x"], ["AST-2", "a\ufffeb", "x"]]
    )
    assert [(r.rejected, codes(r)) for r in records] == [
        (False, ["tag-mixed-scripts"]), (True, ["forbidden-character"]),
    ]  # fmt: skip


def test_groups_with_shorter_codes_and_headers_repeated_on_every_page() -> None:
    top: list[list[object]] = [
        ["No", "Kode Barang", "Nama Barang", "NUP", "Merk/Type", "Nomor", None, "Harga", "Kondisi"],
        [None, None, None, None, None, "Pabrik", "Mesin", None, None],
        [None, None, None, None, None, None, None, "(Rp)", None],
    ]
    records, reader = understand(
        [
            *top,
            [None, "3.10.01", "KOMPUTER UNIT"],
            [None, "3.10.01.02", "PERSONAL KOMPUTER", None, None, None, None, 300, None],
            [1, "3.10.01.02.001", "P.C Unit", 1, "HP ProDesk", "S1", None, 100, "Baik"],
            ["Jumlah dipindahkan", None, None, None, None, None, None, 100, None],
            *top,
            ["Jumlah pindahan", None, None, None, None, None, None, 100, None],
            [2, "3.10.01.02.001", "P.C Unit", 2, "HP ProDesk", "S2", None, 200, "Baik"],
        ]
    )
    assert [(r.row, r.serial, r.rejected) for r in records] == [(6, "S1", False), (12, "S2", False)]
    assert [(s.row, s.reason) for s in reader.skipped] == [
        (4, "group-title"), (5, "subtotal"), (7, "subtotal"), (8, "repeated-header"), (9, "repeated-header"),
        (10, "repeated-header"), (11, "subtotal"),
    ]  # fmt: skip
