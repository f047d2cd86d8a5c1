"""What the columns of a row say together."""
# ruff: noqa: DTZ001 - cells of a spreadsheet have no zone

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from importers.rows import SoftwareName, SoftwareRole
from tests.importers.sheets import codes, understand


def test_software_columns_become_names_in_their_roles() -> None:
    records, reader = understand(
        [
            ["Asset Tag", "Operating System", "OS Version", "Office Suite", "Database", "Installed Software"],
            [
                "A-1",
                "Windows 10 Pro",
                "22H2",
                "Ms Office 2010",
                "MySQL 5.7.33",
                "Zoom 5.9; 7-Zip 19.00\nPHP 7.4.33",
            ],
            ["A-2", "Ubuntu 20.04 LTS", "20.04", None, "-", None],
        ]
    )
    assert [r.os for r in records] == ["Windows 10 Pro 22H2", "Ubuntu 20.04 LTS"]
    assert records[0].software == (
        SoftwareName("Ms Office 2010", None, None, SoftwareRole.OFFICE),
        SoftwareName("MySQL 5.7.33", None, None, SoftwareRole.DATABASE),
        SoftwareName("Zoom 5.9"),
        SoftwareName("7-Zip 19.00"),
        SoftwareName("PHP 7.4.33"),
    )
    assert records[1].software == ()
    assert {"os", "software", "asset_tag"} <= records[0].columns_present
    assert reader.named["Office Suite"] == "office"


def test_currencies_are_stated_by_column_cell_or_header() -> None:
    records, reader = understand(
        [
            ["Hostname", "Vendor", "Model", "Cost", "Curr", "EoS vendor"],
            ["srv-01", "HPE", "DL380", 145000000, "IDR", datetime(2020, 11, 30)],
            ["srv-02", "Dell", "R640", 9850, "USD", None],
        ]
    )
    assert [(r.cost, r.currency) for r in records] == [(Decimal(145000000), "IDR"), (Decimal(9850), "USD")]
    assert records[0].support_ends_on == date(2020, 11, 30)
    assert (records[0].name, records[0].hostname, records[0].brand) == ("srv-01", "srv-01", "HPE")
    assert reader.problems == []
    records, _ = understand(
        [["Asset Tag", "Name", "Price (USD)"], ["A-1", "PC", 900], ["A-2", "PC", "Rp 5.000.000"]]
    )
    assert [r.currency for r in records] == ["USD", "IDR"]


def test_unit_prices_and_totals_complete_each_other() -> None:
    records, _ = understand(
        [
            ["Nama Barang", "Merk", "Jumlah", "Harga Satuan (Rp)", "Nilai Total"],
            ["Printer", "Epson", 3, "2.500.000", "7.500.000"],
            ["Printer", "Epson", 2, "2.500.000", None],
            ["Printer", "Epson", 4, None, "10.000.000"],
        ]
    )
    assert [(r.units, r.unit_cost, r.cost) for r in records] == [
        (3, Decimal(2500000), Decimal(7500000)),
        (2, Decimal(2500000), Decimal(5000000)),
        (4, Decimal(2500000), Decimal(10000000)),
    ]


def test_a_column_that_writes_month_first_is_read_so() -> None:
    records, _ = understand(
        [["Asset Tag", "Purchase Date", "Serial"], ["A-1", "1/23/2023", "S1"], ["A-2", "02/03/2023", "S2"]]
    )
    assert [r.acquired_on for r in records] == [date(2023, 1, 23), date(2023, 2, 3)]


def test_warranty_in_months_counts_from_the_purchase() -> None:
    records, _ = understand(
        [
            ["Asset Tag", "Serial", "Purchase Date", "Warranty"],
            ["A-1", "S1", datetime(2020, 1, 31), 37],
            ["A-2", "S2", None, 36],
        ]
    )
    assert [r.warranty_ends_on for r in records] == [date(2023, 2, 28), None]


def test_statuses_are_known_words_and_others_are_kept_aside() -> None:
    records, _ = understand(
        [
            ["Asset Tag", "Serial", "Status"],
            ["A-1", "S1", "In use"],
            ["A-2", "S2", "Gudang"],
            ["A-3", "S3", "Dihapuskan"],
            ["A-4", "S4", "Zzz"],
        ]
    )
    assert [r.status for r in records] == ["in-use", "in-store", "retired", None]
    assert records[3].extra == {"status": "Zzz"}


def test_one_row_per_installation_becomes_one_record_per_asset() -> None:
    records, reader = understand(
        [
            ["asset_tag", "vendor", "product", "version"],
            ["A-1", "Microsoft", "Office", "2016"],
            ["A-1", "Google", "Chrome", "120.0"],
            ["A-2", "Google", "Chrome", "119.0"],
            ["A-1", "Oracle", "Java", "8u202"],
        ]
    )
    assert [(r.asset_tag, r.row, [s.name for s in r.software]) for r in records] == [
        ("A-1", 2, ["Office", "Chrome", "Java"]), ("A-2", 4, ["Chrome"]),
    ]  # fmt: skip
    assert records[0].software[1] == SoftwareName("Chrome", "120.0", "Google")
    assert [(p.code, p.message) for p in reader.problems] == [
        ("rows-joined", "4 rows were joined to 2 assets by asset_tag")
    ]
    assert reader.info().records == 2


def test_product_means_the_model_where_each_row_is_a_thing() -> None:
    records, reader = understand(
        [
            [
                "asset_tag",
                "name",
                "agency",
                "category",
                "vendor",
                "product",
                "version",
                "purchase_date",
                "cost",
            ],
            [
                "AST-1",
                "Server 1",
                "Dinas",
                "server",
                "Dell",
                "PowerEdge R740",
                "1.0",
                datetime(2021, 1, 2),
                150000001,
            ],
            [
                "AST-2",
                "Server 2",
                "Dinas",
                "server",
                "Dell",
                "PowerEdge R740",
                "1.0",
                datetime(2021, 1, 3),
                150000002,
            ],
        ]
    )
    assert (records[0].brand, records[0].model, records[0].agency_text) == ("Dell", "PowerEdge R740", "Dinas")
    assert (records[0].asset_class, records[0].extra["version"]) == ("server", "1.0")
    assert reader.named["product"] == "model"


def test_a_code_of_furniture_on_a_laptop_is_pointed_out() -> None:
    records, _ = understand(
        [["nama_barang", "nup", "kode_barang", "kategori"], ["Laptop ASUS", 1, "3.05.02.01.003", "Laptop"]]
    )
    assert (records[0].asset_class, records[0].it_scope, codes(records[0])) == (
        "laptop",
        "it",
        ["class-conflict"],
    )


def test_what_marks_it_in_siman_v2() -> None:
    records, _ = understand(
        [
            ["Jenis BMN", "Kode Satker", "Nama Satker", "Kode Barang", "NUP", "Nama Barang", "Merk", "Tipe", "Kondisi",
             "Umur Aset", "Tanggal Perolehan", "Nilai Perolehan Pertama", "Nilai Perolehan", "Nilai Buku"],
            ["MESIN PERALATAN KHUSUS TIK", "143041", "Kantor A", 3100102001, 7, "P.C Unit", "HP", "ProDesk 400", "Baik", 0,
             datetime(2018, 3, 4), 9000000, 9500000, 0],
            ["MESIN PERALATAN NON TIK", "143041", "Kantor A", 3050201002, 1, "Meja Kerja Kayu", "Olympic", "-", "Baik", 0,
             datetime(2018, 3, 4), 900000, 900000, 0],
        ]
    )  # fmt: skip
    first = records[0]
    assert (first.item_code, first.register, first.brand, first.model) == (
        "3100102001",
        "7",
        "HP",
        "ProDesk 400",
    )
    assert (first.cost, first.agency_text, first.asset_class) == (Decimal(9500000), "Kantor A", "desktop")
    assert [r.it_scope for r in records] == ["it", "other"]


def test_a_remark_that_a_column_is_missing_is_told_from_a_blank_cell() -> None:
    records, _ = understand([["Asset Tag", "Serial", "Location"], ["A-1", "S1", None]])
    assert records[0].columns_present == frozenset({"asset_tag", "serial", "location"})
    assert records[0].location is None


def test_warranties_as_lengths_in_words_or_years() -> None:
    rows: list[list[object]] = [
        ["Asset Tag", "Serial", "Purchase Date", "Warranty"],
        ["A-1", "S1", "2020-01-31", "36 months"],
    ]
    assert understand(rows)[0][0].warranty_ends_on == date(2023, 1, 31)
    rows = [
        ["Kode Aset", "S/N", "Tanggal Beli", "Garansi (tahun)"],
        ["A-1", "S1", "2020-01-31", 3],
        ["A-2", "S2", None, "2"],
    ]
    assert [r.warranty_ends_on for r in understand(rows)[0]] == [date(2023, 1, 31), None]


def test_an_amount_named_jumlah_is_no_quantity() -> None:
    records, _ = understand(
        [["Nama Barang", "Merk", "Jumlah", "Jumlah (Rp)"], ["Printer", "Epson", 2, "5.000.000"]]
    )
    assert (records[0].units, records[0].cost) == (2, Decimal(5000000))


def test_a_mapping_can_name_one_of_two_equal_headers_by_its_letter() -> None:
    rows: list[list[object]] = [["Asset Tag", "Info", "Info"], ["A-1", "S-1", "Room 7"]]
    records, _ = understand(rows, mapping={"Info (B)": "serial", "Info (C)": "location"})
    assert (records[0].serial, records[0].location) == ("S-1", "Room 7")


def test_maker_model_and_system_from_a_cell_of_free_text() -> None:
    text = "Laptop Lenovo ThinkPad T480 i5-8350U/8GB/256 SSD Win10 Pro"
    records, _ = understand([["No Inventaris", "Nama Aset", "Spesifikasi"], ["INV-1", "Laptop", text]])
    first = records[0]
    assert (first.brand, first.model, first.os) == ("Lenovo", "ThinkPad T480", "Win10 Pro")
    assert first.extra["specification"] == text


def test_a_list_of_installations_by_host() -> None:
    rows: list[list[object]] = [
        ["Hostname", "Software Name", "Version", "Publisher", "Install Date"],
        ["pc1", "Google Chrome", "120.0", "Google LLC", "2024-01-02"],
        ["pc1", "7-Zip 19.00 (x64)", "19.00", "Igor Pavlov", "2020-01-02"],
    ]
    records, _ = understand(rows)
    assert [(r.hostname, r.it_scope, r.acquired_on, len(r.software)) for r in records] == [
        ("pc1", "it", None, 2)
    ]
    records, reader = understand(
        [
            ["Node", "IdentifyingNumber", "InstallDate", "Name", "Vendor", "Version"],
            ["PC1", "{X}", "20200102", "Java 8 Update 202", "Oracle", "8.0.2020.8"],
        ]
    )
    assert records[0].software == (SoftwareName("Java 8 Update 202", "8.0.2020.8", "Oracle"),)
    assert reader.format is not None and reader.format.name == "win32-product"


def test_a_year_in_an_office_column_is_that_office() -> None:
    records, _ = understand(
        [["Nama Komputer", "OS", "Microsoft Office", "Harga"], ["PC-1", "Windows 7", "2010", "5 jt"]]
    )
    assert [item.name for item in records[0].software] == ["Microsoft Office 2010"]
    assert (records[0].hostname, records[0].cost) == ("PC-1", Decimal(5000000))
