"""The workbook that the import benchmark reads: invented machines, 20 columns, 4 of them software."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

HEADERS = (
    "Asset tag", "Serial number", "Name", "Manufacturer", "Model", "Category", "Acquired on", "Cost", "Currency",
    "Condition", "Location", "Custodian", "Hostname", "Warranty until", "Source of funds", "Notes",
    "Operating system", "Office suite", "Database", "Installed software",
)  # fmt: skip
_MODELS = tuple(
    (maker, f"{series} {number}", kind)
    for maker, series, kind in (
        ("Lenovo", "ThinkPad T", "Laptop"), ("HP", "ProDesk ", "Desktop"), ("Dell", "Latitude ", "Laptop"),
        ("Acer", "Veriton X", "Desktop"), ("Dell", "PowerEdge R", "Server"), ("Asus", "ExpertBook B", "Laptop"),
    )
    for number in range(400, 480, 4)
)  # fmt: skip
_SYSTEMS = ("Windows 7 Professional", "Windows 10 Pro 22H2", "Windows 11 Pro 23H2", "Windows Server 2012 R2",
            "Windows Server 2019", "Ubuntu 20.04 LTS", "Ubuntu 22.04.3 LTS", "Debian 11", "CentOS 7.9")  # fmt: skip
_OFFICES = (
    "Microsoft Office 2010",
    "Microsoft Office 2016",
    "Office 2019",
    "LibreOffice 7.4.2",
    "LibreOffice 24.2.1",
)
_DATABASES = (
    "",
    "",
    "",
    "MySQL 5.7.38",
    "MariaDB 10.5.12",
    "PostgreSQL 12.9",
    "SQL Server 2014",
    "Oracle 19c",
)
_SOFTWARE = tuple(
    f"{name} {major}.{minor}"
    for name, majors in (
        ("PHP", (7, 8)), ("Python", (3,)), ("Node.js", (14, 16, 18, 20)), ("Mozilla Firefox", (102, 115, 128)),
        ("Google Chrome", (109, 120, 126)), ("7-Zip", (19, 23)), ("Apache Tomcat", (8, 9, 10)), ("OpenSSL", (1, 3)),
    )
    for major in majors
    for minor in range(6)
)  # fmt: skip


def rows(count: int) -> Iterator[tuple[object, ...]]:
    """`count` rows in the order of HEADERS; the same for the same count."""
    chance = random.Random(20261125)
    first = date(2014, 1, 1)
    for number in range(count):
        maker, model, kind = chance.choice(_MODELS)
        acquired = first + timedelta(days=chance.randrange(4_500))
        installed = chance.choice(_SOFTWARE)
        yield (
            f"AT-{number:06d}", f"SN{number * 7919 % 10**9:09d}", f"{kind} {number % 500}", maker, model, kind,
            acquired, 4_500_000 + chance.randrange(200) * 100_000, "IDR", chance.choice(("Baik", "Good", "RR", "RB")),
            f"Room {chance.randrange(400)}", f"Officer {chance.randrange(2_000)}", f"host-{number:06d}",
            acquired + timedelta(days=1_095), "APBD", "", chance.choice(_SYSTEMS), chance.choice(_OFFICES),
            chance.choice(_DATABASES), installed,
        )  # fmt: skip


def write_workbook(path: Path, count: int) -> None:
    """An xlsx of `count` data rows below one header row."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Assets")
    sheet.write_row(0, 0, HEADERS)
    for at, row in enumerate(rows(count), start=1):
        sheet.write_row(at, 0, row)
    book.close()
