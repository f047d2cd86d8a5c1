"""The forms of Indonesian agencies, small but with the habits of their printed originals."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest

from tests.importers.sheets import understand

_MANY = [None] * 4


@dataclass(frozen=True)
class Form:
    """Rows of a sheet, its merged cells, and what its records must hold, in order."""

    rows: list[list[object]]
    expected: list[dict[str, object]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    skipped: dict[int, str] = field(default_factory=dict)


KIB_B_16 = Form(
    [
        ["PEMERINTAH KOTA CONTOH"],
        ["KARTU INVENTARIS BARANG (KIB) B"],
        ["SKPD", None, ": Dinas Kesehatan"],
        ["No.", "Kode Barang", "Nama Barang / Jenis Barang", "Nomor Register", "Merk / Type", "Ukuran / CC", "Bahan",
         "Tahun Pembelian", "Nomor", *_MANY, "Asal Usul", "Harga (Rp)", "Keterangan"],
        [*_MANY, *_MANY, "Pabrik", "Rangka", "Mesin", "Polisi", "BPKB", None, None, None],
        list(range(1, 17)),
        [1, "1.3.2.10.01.02.001", "P.C Unit", "000001", "HP ProDesk 400", "-", "-", 2019, "SGH1", "-", "-", "-", "-",
         "Pembelian", 11_500_000, "Baik"],
        [2, "1.3.2.10.02.03.003", "Printer", "0001 s.d. 0025", "Epson L3210", "A4", "-", 2022, "-", "-", "-", "-", "-",
         "Hibah", "62.500.000", "25 unit"],
        [3, "1.3.2.05.02.01.009", "Meja Komputer", "0001", "Olympic", "-", "-", 2018, "-", "-", "-", "-", "-", "Pembelian",
         950_000, "RB"],
        [None, None, "JUMLAH", *_MANY, *_MANY, None, None, None, 74_950_000],
        [None, "Mengetahui,", *_MANY, *_MANY, None, None, "Kota Contoh, 31 Desember 2023"],
        [None, "NIP. 19700101 199503 1 002"],
    ],
    [
        {"item_code": "1.3.2.10.01.02.001", "register": "000001", "brand": "HP", "model": "ProDesk 400", "serial": "SGH1",
         "acquired_precision": "year", "cost": Decimal(11_500_000), "condition": "good", "asset_class": "desktop",
         "agency_text": "Dinas Kesehatan", "source": "Pembelian"},
        {"units": 25, "unit_cost": Decimal(2_500_000), "serial": None, "asset_class": "printer", "source": "Hibah"},
        {"asset_class": "other", "it_scope": "other", "condition": "broken"},
    ],
    ((4, 9, 4, 13),),
    {6: "column-numbers", 10: "subtotal", 11: "signature", 12: "signature"},
)  # fmt: skip
KIB_B_17 = Form(
    [
        ["KARTU INVENTARIS BARANG B"],
        ["No. Kategori", "Kode Barang", "Jenis Barang/Nama Barang", "No. Register", "Merk/Type", "Ukuran/CC", "Bahan",
         "Tahun Pembuatan", "Tahun Pembelian", "No. Pabrik", "No. Rangka", "No. Mesin", "No. Polisi", "No. BPKB", "Asal Usul",
         "Harga (ribuan Rp)", "Kondisi"],
        [3, "02.06.03.02.01", "PC Unit", "0001", "Acer Veriton", None, None, "2014", 2015, "DTVE1", None, None, None, None,
         "APBD", 9500, "Kurang Baik"],
    ],
    [{"cost": Decimal(9_500_000), "acquired_on": date(2015, 1, 1), "condition": "fair", "serial": "DTVE1", "brand": "Acer"}],
)  # fmt: skip
KIR = Form(
    [
        ["KARTU INVENTARIS RUANGAN"],
        ["SKPD : Kecamatan Contoh", None, "Ruangan : R. Pelayanan"],
        ["NO", "NAMA BARANG", "MERK/MODEL", "NO SERI PABRIK", "UKURAN", "BAHAN", "THN PEMBUATAN/ PEMBELIAN", "KODE BARANG",
         "JML BRG/ REGISTER", "HARGA BELI (Rp. 000)", "KEADAAN BARANG", None, None],
        [*_MANY, *_MANY, None, None, "B", "KB", "RB"],
        [1, "Komputer", "Lenovo V530", "-", "-", "-", "2019", "02.06.03.02.01", 4, "28.000", 2, 1, 1],
        [2, "Printer", "Epson L3110", "-", "-", "-", "2020", "02.06.03.05.03", 1, "2.400", None, "√", None],
    ],
    [
        {"units": 4, "cost": Decimal(28_000_000), "unit_cost": Decimal(7_000_000), "condition": None,
         "conditions": {"good": 2, "fair": 1, "broken": 1}, "agency_text": "Kecamatan Contoh", "location": "R. Pelayanan"},
        {"units": 1, "condition": "fair", "cost": Decimal(2_400_000), "asset_class": "printer"},
    ],
    ((3, 11, 3, 13),),
)  # fmt: skip
DBR = Form(
    [
        ["DAFTAR BARANG RUANGAN"],
        ["NAMA UAKPB", ":", "KPP PRATAMA CONTOH"],
        ["NAMA RUANGAN", ":", "Seksi PDI"],
        ["NO. URUT", "KODE BARANG", "NUP", "NAMA BARANG", "MERK/TIPE", "TAHUN PEROLEHAN", "KONDISI", "KETERANGAN"],
        [1, 2, 3, 4, 5, 6, 7, 8],
        [1, 3100102001, "16-18", "P.C Unit", "DELL OPTIPLEX 7060", 2019, "Baik", "3 unit"],
        [2, 3050105048, 1, "LCD Projector/Infocus", "EPSON EB-X05", 2017, "RB", None],
    ],
    [
        {"item_code": "3100102001", "units": 3, "register": "16-18", "location": "Seksi PDI",
         "agency_text": "KPP PRATAMA CONTOH"},
        {"asset_class": "peripheral", "it_scope": "near-it", "condition": "broken", "units": 1},
    ],
)  # fmt: skip
BUKU_INVENTARIS = Form(
    [
        ["BUKU INVENTARIS"],
        ["Unit : Sekretariat Daerah"],
        ["Nomor", None, None, "Spesifikasi Barang", None, None, "Bahan", "Asal/Cara Perolehan Barang", "Tahun Perolehan",
         "Satuan", "Keadaan Barang (B/KB/RB)", "Jumlah", None, "Keterangan"],
        ["No. Urut", "Kode Barang", "Register", "Nama/Jenis Barang", "Merk/Type",
         "No. Sertifikat/ No. Pabrik/ No. Chasis/ No. Mesin",
         None, None, None, None, None, "Barang", "Harga", None],
        [1, "02.06.03.02.01", "0001-0002", "P.C. Unit", "HP 280 G3", "CZC801", "Plastik", "Pembelian", 2018, "Unit", "B", 2,
         "18.400.000", None],
    ],
    [{"name": "P.C. Unit", "serial": "CZC801", "units": 2, "cost": Decimal(18_400_000), "condition": "good",
      "source": "Pembelian", "register": "0001-0002", "agency_text": "Sekretariat Daerah"}],
    ((3, 1, 3, 3), (3, 4, 3, 6), (3, 12, 3, 13)),
)  # fmt: skip
BOOK_OF_GROUPS = Form(
    [
        ["LAPORAN BARANG KUASA PENGGUNA (dalam ribuan rupiah)"],
        ["KODE BARANG", "URAIAN", "SALDO AWAL", None, "SALDO AKHIR", None],
        [None, None, "KUANTITAS", "NILAI", "KUANTITAS", "NILAI"],
        ["3", "PERALATAN DAN MESIN", 9, 90_000, 10, 100_000],
        ["310", "KOMPUTER", 9, 90_000, 10, 100_000],
        ["3100102", "PERSONAL KOMPUTER", 9, 90_000, 10, 100_000],
        ["3100102001", "P.C Unit", 6, 60_000, 6, 60_000],
        ["3100102002", "Lap Top", 3, 30_000, 4, 40_000],
    ],
    [{"item_code": "3100102001", "units": 6, "cost": Decimal(60_000_000)},
     {"item_code": "3100102002", "units": 4, "cost": Decimal(40_000_000), "asset_class": "laptop"}],
    ((2, 3, 2, 4), (2, 5, 2, 6)),
    {4: "subtotal", 5: "subtotal", 6: "subtotal"},
)  # fmt: skip
HOME_MADE = Form(
    [
        ["DAFTAR INVENTARIS LAB KOMPUTER"],
        ["NO", "NAMA BARANG", "MERK", "SPESIFIKASI", "TAHUN BELI", "JML", "HARGA SATUAN", "KONDISI"],
        [None, None, None, None, None, "(unit)", "(Rp)", None],
        [1, "PC Client", "Lenovo", "ThinkCentre M70 i5-10400/8GB/256GB SSD/Windows 10 Pro", "Sept 2021", 20,
         "8,5 jt", "Baik"],
        [2, "Laptop Guru", None, "Laptop Lenovo ThinkPad T480 i5-8350U/8GB/256 SSD Win10 Pro",
         "Triwulan II 2019", "2 bh", "12.5jt", "R. Ringan"],
        [None, "TOTAL", None, None, None, 22, None, None],
    ],
    [
        {"brand": "Lenovo", "model": "ThinkCentre M70", "os": "Windows 10 Pro", "units": 20, "cost": Decimal(170_000_000),
         "acquired_on": date(2021, 9, 1), "acquired_precision": "month", "asset_class": "desktop"},
        {"brand": "Lenovo", "model": "ThinkPad T480", "os": "Win10 Pro", "units": 2, "unit_cost": Decimal(12_500_000),
         "acquired_on": date(2019, 1, 1), "acquired_precision": "year", "condition": "fair", "asset_class": "laptop"},
    ],
)  # fmt: skip
FORMS = {
    "KIB B of 16 columns": KIB_B_16,
    "KIB B of 17 columns in thousands": KIB_B_17,
    "KIR": KIR,
    "DBR": DBR,
    "Buku Inventaris": BUKU_INVENTARIS,
    "a report with groups of codes": BOOK_OF_GROUPS,
    "a home-made list": HOME_MADE,
}


@pytest.mark.parametrize("name", list(FORMS))
def test_the_records_of(name: str) -> None:
    form = FORMS[name]
    records, reader = understand(form.rows, merged=form.merged)
    assert [
        {key: getattr(r, key) for key in want} for r, want in zip(records, form.expected, strict=True)
    ] == form.expected
    reasons = {row.row: row.reason for row in reader.skipped}
    assert {row: reasons.get(row) for row in form.skipped} == form.skipped
