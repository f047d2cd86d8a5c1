"""Headers of tools and offices, and the fields they become."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from importers.formats import find_format, known_formats
from tests.importers.sheets import understand

CASES: dict[str, tuple[list[str], list[object], dict[str, object]]] = {
    "snipe-it": (
        ["Asset Name", "Asset Tag", "Model", "Model No.", "Category", "Serial", "Purchased", "Cost", "EOL", "Warranty",
         "Warranty Expires", "Current Value", "Supplier", "Checked Out", "Status", "Location", "Manufacturer"],
        ["lt-1", "00123", "ThinkPad T480", "20L5", "Laptops", "PF1", "2019-01-02", "1,200.00", "36 months", "36 months",
         "2022-01-02", "0.00", "CDW", "Jane Doe", "Deployed", "HQ", "Lenovo"],
        {"name": "lt-1", "asset_tag": "00123", "brand": "Lenovo", "model": "ThinkPad T480", "serial": "PF1",
         "custodian": "Jane Doe", "status": "in-use", "asset_class": "laptop", "source": "CDW", "location": "HQ"},
    ),
    "glpi": (
        ["Name", "Entity", "Status", "Manufacturers", "Serial Number", "Types", "Model", "Operating System - Name",
         "Operating System - Version", "Location", "Last update"],
        ["PC1", "Root", "In use", "Dell", "ABC1", "Desktop", "OptiPlex 3070", "Microsoft Windows 10 Pro", "22H2", "HQ",
         "2024-01-02 10:11"],
        {"name": "PC1", "brand": "Dell", "serial": "ABC1", "os": "Microsoft Windows 10 Pro 22H2", "asset_class": "desktop"},
    ),
    "lansweeper": (
        ["AssetName", "AssetType", "Domain", "Username", "IPAddress", "Manufacturer", "Model", "Serialnumber", "OScode",
         "Lastseen"],
        ["PC01", "Windows", "CORP", "jd", "10.0.0.4", "HP", "EliteDesk 800", "CZC1", "10.0.19045", "2024-05-06"],
        {"hostname": "PC01", "custodian": "jd", "serial": "CZC1", "os": "Windows 10.0.19045", "asset_class": "desktop"},
    ),
    "intune": (
        ["Device name", "Managed by", "Ownership", "Compliance", "OS", "OS version", "Primary user UPN", "Serial number",
         "Manufacturer", "Model"],
        ["LAP-1", "Intune", "Corporate", "Compliant", "Windows", "10.0.19045.3930", "a@b.c", "5CG1", "HP",
         "HP ProBook 440 G8"],
        {"hostname": "LAP-1", "os": "Windows 10.0.19045.3930", "custodian": "a@b.c", "serial": "5CG1",
         "asset_class": "laptop"},
    ),
    "sccm": (
        ["Netbios_Name0", "Manufacturer00", "Model00", "SerialNumber00", "Caption00", "Version00"],
        ["SRV1", "Dell Inc.", "PowerEdge R640", "ABC", "Microsoft Windows Server 2016 Standard", "10.0.14393"],
        {"hostname": "SRV1", "brand": "Dell Inc.", "model": "PowerEdge R640", "serial": "ABC", "asset_class": "server",
         "os": "Microsoft Windows Server 2016 Standard 10.0.14393"},
    ),
    "sakti": (
        ["KODE SATKER", "NAMA SATKER", "KODE BARANG", "NAMA BARANG", "NUP", "MERK/TYPE", "TANGGAL PEROLEHAN",
         "NILAI PEROLEHAN", "NILAI PENYUSUTAN", "NILAI BUKU", "KONDISI", "STATUS PENGGUNAAN"],
        ["0123", "KPP X", "3100102003", "Note Book", "12", "Asus A456U", "2017-05-04 00:00:00", 8500000, 8500000, 0, "Baik",
         "Digunakan sendiri untuk operasional"],
        {"item_code": "3100102003", "register": "12", "brand": "Asus", "model": "A456U", "cost": 8500000,
         "condition": "good", "agency_text": "KPP X", "status": "in-use", "asset_class": "laptop"},
    ),
    "kib-b of 18 columns": (
        ["No", "Kode Barang", "Nama Barang", "No. Register", "Merk", "Model", "Ukuran/CC", "Bahan", "Tanggal Pembelian",
         "No. Pabrik", "No. Rangka", "No. Mesin", "No. Polisi", "Asal Usul", "Jumlah", "Nilai Perolehan Satuan",
         "Nilai Total", "Keterangan"],
        [1, "02.06.03.02.01", "P.C Unit", "0001-0003", "Acer", "Veriton", "-", "-", "12/03/2018", "-", "-", "-", "-", "APBD",
         3, "8.000.000", "24.000.000", "baik"],
        {"units": 3, "unit_cost": 8000000, "cost": 24000000, "brand": "Acer", "model": "Veriton", "condition": "good",
         "serial": None, "source": "APBD"},
    ),
    "data-centre register": (
        ["Rack", "U", "Device", "Make", "Model", "Serial Number(s)", "Asset #", "OS", "Owner", "In Service Date",
         "End of Support", "Status", "Cost ($)"],
        ["R1", "12", "db01", "Dell", "R740", "ABC / DEF", "1001", "RHEL 7.9", "DBA", "12/31/2019 12:00:00 PM", "12/31/2026",
         "Planned", "12,000"],
        {"name": "db01", "asset_tag": "1001", "os": "RHEL 7.9", "status": "planned", "cost": 12000, "currency": "USD",
         "asset_class": "server", "custodian": "DBA"},
    ),
    "rvtools with prefixed headings": (
        ["vInfoVMName", "vInfoPowerstate", "vInfoTemplate", "vInfoDataCenter", "vInfoOS", "vInfoOSTools", "vInfoCreateDate"],
        ["web01", "poweredOn", "False", "DC1", "CentOS 7 (64-bit)", "CentOS 7.9 (64-bit)", "2020/01/05 10:00:00"],
        {"hostname": "web01", "status": "in-use", "location": "DC1", "os": "CentOS 7.9 (64-bit)",
         "asset_class": "virtual-machine", "acquired_on": date(2020, 1, 5)},
    ),
    "rvtools hosts": (
        ["Host", "Datacenter", "Cluster", "CPU Model", "Vendor", "Model", "ESX Version", "Service tag"],
        ["esx1", "DC1", "C1", "Intel Xeon", "Dell Inc.", "PowerEdge R720", "VMware ESXi 6.5.0 build-5969303", "4FV"],
        {"hostname": "esx1", "brand": "Dell Inc.", "model": "PowerEdge R720", "serial": "4FV", "asset_class": "server",
         "os": "VMware ESXi 6.5.0 build-5969303"},
    ),
    "snipe-it import": (
        ["Full Name", "Email", "Username", "Item Name", "Category", "Model Name", "Manufacturer", "Model Number", "Serial",
         "Asset Tag", "Location", "Notes", "Purchase Date", "Purchase Cost", "Company", "Status"],
        ["Jane Doe", "j@x", "jd", "LT-1", "Laptops", "ThinkPad T480", "Lenovo", "20L5", "PF1", "A1", "HQ", "old", "1/23/23",
         "1,200.50", "Org", "Ready to Deploy"],
        {"name": "LT-1", "custodian": "Jane Doe", "model": "ThinkPad T480", "serial": "PF1", "asset_tag": "A1",
         "acquired_on": date(2023, 1, 23), "cost": Decimal("1200.50"), "status": "in-store", "asset_class": "laptop"},
    ),
    "ocs": (
        ["Account info: TAG", "Last inventory", "Computer", "User", "Operating system", "RAM(MB)", "Serial number",
         "Manufacturer", "Model"],
        ["NA", "2024-05-01 10:00:00", "PC-A1", "budi", "Microsoft Windows 7 Professional", "4096", "MXL1",
         "Hewlett-Packard", "HP Compaq Pro 6300"],
        {"hostname": "PC-A1", "custodian": "budi", "os": "Microsoft Windows 7 Professional", "serial": "MXL1",
         "asset_class": "desktop", "acquired_on": None, "asset_tag": None},
    ),
    "glpi in Indonesian": (
        ["Nama", "Entitas", "Status", "Pabrikan", "Nomor seri", "Tipe", "Model", "Sistem operasi - Nama",
         "Sistem operasi - Versi", "Lokasi", "Pembaruan terakhir"],
        ["PC-7", "Pusat", "Aktif", "Lenovo", "PF7", "Desktop", "ThinkCentre M75", "Windows 11 Pro", "23H2", "Lantai 3",
         "2024-05-01 10:00"],
        {"name": "PC-7", "brand": "Lenovo", "model": "ThinkCentre M75", "os": "Windows 11 Pro 23H2", "status": "in-use",
         "location": "Lantai 3", "asset_class": "desktop", "acquired_on": None},
    ),
    "siman v2": (
        ["Jenis BMN", "Kode Satker", "Nama Satker", "Kode Barang", "NUP", "Nama Barang", "Merk", "Tipe", "Kondisi",
         "Umur Aset", "Tanggal Buku Pertama", "Tanggal Perolehan", "Nilai Perolehan Pertama", "Nilai Perolehan",
         "Nilai Buku"],
        ["ASET TAK BERWUJUD", "0123KD", "BPS X", "8010101001", "1", "Software Komputer", "-", "Microsoft Office", "Baik", 3,
         "2019-06-01", "2019-05-20", 18_000_000, 19_000_000, 0],
        {"it_scope": "other", "agency_text": "BPS X", "cost": Decimal(19_000_000), "acquired_on": date(2019, 5, 20)},
    ),
    "a list in both languages": (
        ["No. / No.", "Nama Barang / Item Name", "Merek / Brand", "Tipe / Model", "No. Seri / Serial No.",
         "Tanggal Beli / Purchase Date", "Harga / Price", "Kondisi / Condition"],
        [1, "Printer", "HP", "LaserJet M404", "PH2", "15/01/2020", "Rp5.250.000", "Rusak Ringan / Fair"],
        {"brand": "HP", "model": "LaserJet M404", "serial": "PH2", "acquired_on": date(2020, 1, 15), "condition": "fair",
         "cost": Decimal(5_250_000), "currency": "IDR"},
    ),
    "a specification beside maker and model": (
        ["Jenis Barang", "Merk/Type/Spesifikasi", "Nomor Inventaris", "Tahun Perolehan"],
        ["Laptop", "ASUS A409JA, Core i3-1005G1, RAM 4GB, SSD 256GB, Windows 10 Home", "INV/1", "2020"],
        {"brand": "ASUS", "model": "A409JA", "os": "Windows 10 Home", "asset_tag": "INV/1"},
    ),
    "a list where only the maker speaks": (
        ["Asset Tag", "Manufacturer", "Model", "Serial"], ["N-1", "Cisco", "WS-C3850-24T-S", "FOC1"],
        {"asset_class": "network", "it_scope": "it"},
    ),
    "a list where not even the maker tells the kind": (
        ["Asset Tag", "Manufacturer", "Model", "Serial"], ["N-1", "Dell", "X-77", "D1"],
        {"asset_class": "other", "it_scope": "it"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_the_fields_of(case: str) -> None:
    header, row, expected = CASES[case]
    records, _ = understand([header, row])
    assert len(records) == 1
    assert {name: getattr(records[0], name) for name in expected} == expected


def test_formats_are_told_by_their_headers() -> None:
    assert known_formats()[0].name == "rvtools-vinfo"
    for name in ("snipe-it", "lansweeper", "intune", "sakti"):
        found = find_format(CASES[name][0])
        assert found is not None
        assert found.name == name
    found = find_format(CASES["glpi"][0])
    assert found is not None
    assert found.name == "glpi"
