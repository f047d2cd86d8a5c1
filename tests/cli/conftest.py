"""A command line on a database of the test's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine
from typer.testing import CliRunner

from tests.postgres import tools_path
from tracker.cli import app


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run one command, against SQLite and PostgreSQL in turn."""
    monkeypatch.setenv("TRACKER_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TRACKER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", tools_path(os.environ["PATH"]))
    monkeypatch.chdir(tmp_path)

    def act(*words: object, stdin: str | None = None) -> Ran:
        ended = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ran(ended.exit_code, ended.stdout, ended.stderr)

    return act


HEADERS = ["Asset Tag", "Serial Number", "Name", "Category", "Manufacturer", "Model", "Purchase Date", "Cost", "Currency",
           "Condition", "Operating System", "Installed Software"]  # fmt: skip
ROWS: list[list[object]] = [
    ["00123", "SN-1", "Front desk", "Desktop", "HP", "ProDesk 400 G6", "2016-03-01", 9_500_000, "IDR", "Baik",
     "Windows 7 Professional", "Mozilla Firefox 102.0; LibreOffice 7.3.2"],
    ["1E5", "SN-2", "Laptop of the head", "Laptop", "Lenovo", "ThinkPad T480", "17 Agustus 2021", "Rp 15.000.000,00", "IDR",
     "Good", "Windows 11 Pro 23H2", "PHP 7.4.3"],
    ["NA", "SN-3", "Database server", "Server", "Dell", "PowerEdge R740", 2019, "85.000.000", "IDR", "RR",
     "Windows Server 2012 R2", "SQL Server 2014"],
]  # fmt: skip


def write_workbook(path: Path, rows: list[list[object]] | None = None) -> Path:
    """A small agency list with title rows above its header."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Assets"
    sheet.append(["Inventory of the office"])
    sheet.append([])
    sheet.append(HEADERS)
    for row in ROWS if rows is None else rows:
        sheet.append(row)
    book.save(path)
    return path
