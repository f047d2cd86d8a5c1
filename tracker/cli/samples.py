"""Writes the workbooks of three invented agencies: the same files every time, with the dirt of real ones."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of machine: names people give it, item code, models with makers, price range in rupiah."""

    word: str
    english: str
    code: str
    models: tuple[tuple[str, str], ...]
    price: tuple[int, int]
    share: int
    systems: tuple[str, ...] = ()


DESKTOP_SYSTEMS = (
    "Windows 7 Professional SP1", "Win 7 Pro", "Windows 10 Pro 22H2", "Win10 Pro", "Windows 10 Pro 21H2",
    "Windows 11 Pro 23H2", "Windows 11 Pro 24H2", "Ubuntu 20.04.6 LTS", "Ubuntu 24.04 LTS",
)  # fmt: skip
SERVER_SYSTEMS = (
    "Windows Server 2012 R2 Standard", "Windows Server 2016", "Win Srv 2019 Std", "Windows Server 2022",
    "CentOS 7.9", "Ubuntu 18.04 LTS", "Ubuntu 22.04.4 LTS", "Debian 12", "Red Hat Enterprise Linux 8.6",
)  # fmt: skip
KINDS = (
    Kind("P.C Unit", "Desktop PC", "1.3.2.10.01.02.001",
         (("HP", "ProDesk 400 G6"), ("Dell", "OptiPlex 3070"), ("Lenovo", "ThinkCentre M720s"), ("Acer", "Veriton X4665G")),
         (7_500_000, 14_000_000), 46, DESKTOP_SYSTEMS),
    Kind("Lap Top", "Laptop", "1.3.2.10.01.02.002",
         (("Lenovo", "ThinkPad T480"), ("ASUS", "X441U"), ("HP", "ProBook 440 G8"), ("Dell", "Latitude 5420")),
         (8_500_000, 19_000_000), 28, DESKTOP_SYSTEMS),
    Kind("Server", "Server", "1.3.2.10.02.04.001",
         (("Dell", "PowerEdge R630"), ("HPE", "ProLiant DL380 Gen10"), ("Lenovo", "ThinkSystem SR650")),
         (65_000_000, 210_000_000), 4, SERVER_SYSTEMS),
    Kind("Printer", "Printer", "1.3.2.10.02.03.003",
         (("Epson", "L3110"), ("HP", "LaserJet P1102"), ("Canon", "LBP6030")), (1_800_000, 6_500_000), 12),
    Kind("Switch", "Network switch", "1.3.2.10.02.04.024",
         (("Cisco", "Catalyst 2960X-24TS-L"), ("TP-Link", "TL-SG1024"), ("MikroTik", "CRS328-24P")),
         (2_500_000, 38_000_000), 6),
    Kind("Meja Komputer", "Computer desk", "1.3.2.05.02.01.009", (("Olympic", "MK-12"), ("Expo", "MP-120")),
         (700_000, 1_600_000), 4),
)  # fmt: skip
OFFICES = ("Ms Office 2010", "Microsoft Office 2013", "Office 2016 Std", "Microsoft Office 2019", "Office LTSC 2021",
           "LibreOffice 7.3")  # fmt: skip
DATABASES = (
    "SQL Server 2012",
    "SQL Svr 2016 Std",
    "MySQL 5.7.33",
    "MariaDB 10.6.12",
    "PostgreSQL 12.17",
    "PostgreSQL 16.2",
)
PROGRAMS = ("Google Chrome 120.0.6099.130", "Mozilla Firefox 115.6.0 ESR", "7-Zip 19.00", "Java 8 Update 202",
            "Adobe Acrobat Reader DC", "PHP 7.4.33", "Python 3.8.10", "Apache httpd 2.4.41", "Node.js 14.21.3",
            "Microsoft Visual C++ 2015 Redistributable (x64)", "TeamViewer 15.2", "Zoom 5.9")  # fmt: skip
ROOMS = ("Sekretariat", "Ruang Server", "Bidang Aptika", "Pelayanan", "Keuangan", "Gudang", "Lantai 2")


@dataclass(slots=True)
class Machine:
    """One row before it is written in an agency's own style."""

    kind: Kind
    number: int
    maker: str
    model: str
    serial: str
    bought: date
    price: int
    condition: str
    room: str
    system: str = ""
    office: str = ""
    database: str = ""
    programs: list[str] = field(default_factory=list)


def machines(rng: random.Random, count: int) -> Iterator[Machine]:
    """`count` machines of realistic kinds and ages: most between one and nine years old."""
    shares = [kind.share for kind in KINDS]
    for number in range(1, count + 1):
        kind = rng.choices(KINDS, shares)[0]
        maker, model = rng.choice(kind.models)
        age_days = int(min(max(rng.gauss(4.6, 2.4), 0.2), 13) * 365.25)
        bought = date(2026, 10, 1) - timedelta(days=age_days)
        price = round(rng.randint(*kind.price), -4)
        condition = rng.choices(("good", "fair", "broken"), (80, 13, 7))[0]
        serial = "".join(rng.choices("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", k=10))
        machine = Machine(kind, number, maker, model, serial, bought, price, condition, rng.choice(ROOMS))
        if kind.systems:
            _install(rng, machine)
        yield machine


def _install(rng: random.Random, machine: Machine) -> None:
    systems = machine.kind.systems
    newest = min(int((machine.bought.year - 2012) / 13 * len(systems)) + 2, len(systems))
    machine.system = rng.choice(systems[max(0, newest - 4) : newest])
    machine.programs = rng.sample(PROGRAMS, rng.randint(2, 5))
    if systems is SERVER_SYSTEMS:
        machine.database = rng.choice(DATABASES)
    else:
        machine.office = rng.choice(OFFICES)


def write_register(path: Path, rng: random.Random, count: int) -> None:
    """A district office's register (KIB B): letterhead, merged two-row header, groups, subtotals, signatures."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "KIB B"
    for line in ("PEMERINTAH KABUPATEN TIRTAMULYA", "KARTU INVENTARIS BARANG (KIB) B", "PERALATAN DAN MESIN", "",
                 "SKPD : DINAS KOMUNIKASI DAN INFORMATIKA"):  # fmt: skip
        sheet.append([line])
    for row in (1, 2, 3):
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=16)
        sheet.cell(row, 1).font = Font(bold=True)
        sheet.cell(row, 1).alignment = Alignment(horizontal="center")
    _register_header(sheet, 7)
    by_kind: dict[str, list[Machine]] = {}
    for machine in machines(rng, count):
        by_kind.setdefault(machine.kind.word, []).append(machine)
    for word, group in by_kind.items():
        sheet.append([None, None, word.upper()])
        for machine in group:
            sheet.append(_register_row(rng, machine))
        sheet.append(["Sub Total " + word, *[None] * 11, sum(m.price for m in group)])
    sheet.append(["TOTAL HARGA", *[None] * 11, sum(m.price for group in by_kind.values() for m in group)])
    sheet.append([])
    sheet.append(
        [None, "MENGETAHUI", None, None, None, None, None, None, None, None, "Tirtamulya, 1 Oktober 2026"]
    )
    sheet.append([None, "KEPALA DINAS", None, None, None, None, None, None, None, None, "PENGURUS BARANG"])
    sheet.append(
        [
            None,
            "NIP. 19700101 199503 1 001",
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            "NIP. 19850202 201001 2 002",
        ]
    )
    book.save(path)


def _register_header(sheet: Worksheet, top: int) -> None:
    single = {1: "No.", 2: "Kode Barang", 3: "Nama Barang", 4: "Nomor Register", 5: "Merk/Type", 8: "Bahan",
              9: "Tanggal Perolehan", 10: "Kondisi", 11: "Asal Usul", 12: "Ruangan", 13: "Harga (Rp)",
              14: "Sistem Operasi", 15: "Aplikasi Terpasang", 16: "Keterangan"}  # fmt: skip
    for column, text in single.items():
        sheet.cell(top, column, text)
        sheet.merge_cells(start_row=top, end_row=top + 1, start_column=column, end_column=column)
    sheet.cell(top, 6, "Nomor")
    sheet.merge_cells(start_row=top, end_row=top, start_column=6, end_column=7)
    sheet.cell(top + 1, 6, "Pabrik")
    sheet.cell(top + 1, 7, "Mesin")
    for column in range(1, 17):
        sheet.cell(top + 2, column, column)


_MONTHS = ("Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September", "Oktober", "November",
           "Desember")  # fmt: skip
_CONDITIONS = {"good": ("B", "Baik"), "fair": ("KB", "Rusak Ringan"), "broken": ("RB", "Rusak Berat")}


def rupiah(amount: int) -> str:
    """'Rp 12.500.000,00'."""
    return "Rp " + f"{amount:,}".replace(",", ".") + ",00"


def _register_row(rng: random.Random, machine: Machine) -> list[object]:
    day = machine.bought
    written: object = rng.choice(
        (day, f"{day.day} {_MONTHS[day.month - 1]} {day.year}", day.strftime("%d-%m-%Y"), day.year)
    )
    if machine.number == 77:
        written = "31-02-2020"
    price: object = rng.choice((machine.price, machine.price, rupiah(machine.price)))
    if machine.number == 120:
        price = -1 * machine.price
    serial = machine.serial if rng.random() > 0.08 else rng.choice(("-", "terlampir", ""))
    software = "; ".join(filter(None, [machine.office, machine.database, *machine.programs]))
    return [machine.number, machine.kind.code, machine.kind.word, f"{machine.number:04d}", f"{machine.maker} {machine.model}",
            serial, "-", "-", written, rng.choice(_CONDITIONS[machine.condition]), "Pembelian", machine.room, price,
            machine.system, software, ""]  # fmt: skip


def write_list(path: Path, rng: random.Random, count: int) -> None:
    """A hospital's own flat English list, with a repeated tag and cells left blank."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "IT assets"
    sheet.append(["Asset Tag", "Asset Name", "Category", "Manufacturer", "Model", "Serial Number", "Purchase Date",
                  "Purchase Cost", "Currency", "Warranty Expiry", "Condition", "Location", "User", "Operating System",
                  "Office Suite", "Database", "Installed Software"])  # fmt: skip
    for machine in machines(rng, count):
        tag = f"HOSP-{machine.number if machine.number != 400 else 399:05d}"
        sheet.append([tag, f"{machine.kind.english} {machine.number}", machine.kind.english, machine.maker, machine.model,
                      machine.serial if rng.random() > 0.05 else "N/A", machine.bought, machine.price, "IDR",
                      machine.bought + timedelta(days=3 * 365), machine.condition.title(), machine.room,
                      f"staff{rng.randint(1, 300):03d}" if rng.random() > 0.2 else None, machine.system, machine.office,
                      machine.database, ", ".join(machine.programs)])  # fmt: skip
    book.save(path)


def write_export(path: Path, rng: random.Random, count: int) -> None:
    """A school district's helpdesk export: semicolons, day-first dates, decimal commas."""
    with path.open("w", encoding="cp1252", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerow(["Name", "Inventory number", "Status", "Manufacturer", "Type", "Model", "Serial number", "Location",
                         "Operating System", "Software", "Purchase date", "Price"])  # fmt: skip
        for machine in machines(rng, count):
            price = f"{machine.price:,}".replace(",", ".") + ",00"
            software = "\n".join(filter(None, [machine.office, machine.database, *machine.programs]))
            writer.writerow([f"EDU-PC{machine.number:04d}", f"{machine.number:05d}", "In use", machine.maker,
                             machine.kind.english, machine.model, machine.serial, machine.room, machine.system, software,
                             machine.bought.strftime("%d/%m/%Y"), price])  # fmt: skip


def write_samples(folder: Path) -> tuple[tuple[str, Path], ...]:
    """Write the three files into `folder`; returns (agency code, path). The same bytes of data every time."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(20261125)  # noqa: S311 - invented data, not a secret
    register, flat, export = (
        folder / "kib-b-diskominfo.xlsx",
        folder / "hospital-it-assets.xlsx",
        folder / "helpdesk.csv",
    )
    write_register(register, rng, 760)
    write_list(flat, rng, 940)
    write_export(export, rng, 620)
    return (("DISKOMINFO", register), ("RSUD", flat), ("DISDIK", export))
