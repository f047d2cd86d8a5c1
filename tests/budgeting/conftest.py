"""LibreOffice for the workbook tests; what is left out without it is counted aloud."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import conftest

SOFFICE = shutil.which("soffice")
Recalculate = Callable[[Path], Path]


@pytest.fixture
def recalculate(request: pytest.FixtureRequest, tmp_path: Path) -> Recalculate:
    """A function that opens a workbook in LibreOffice and saves it again, calculated; gives the new path."""
    if SOFFICE is None:
        conftest._left_out.setdefault("LibreOffice", set()).add(request.node.nodeid)
        pytest.skip("no LibreOffice found")
    soffice = SOFFICE

    def run(path: Path) -> Path:
        target = tmp_path / "calculated"
        profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
        command = [soffice, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(target), str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        return target / path.name

    return run
