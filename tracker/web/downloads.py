"""Files to download: written to disk, sent, removed."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def send_file(write: Callable[[Path], object], filename: str, media_type: str) -> FileResponse:
    """What `write` puts into a file, as a download named `filename` (made safe)."""
    folder = Path(tempfile.mkdtemp(prefix="tracker-download-"))
    try:
        path = folder / "file"
        write(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        path,
        media_type=media_type,
        filename=_UNSAFE.sub("-", filename).strip("-") or "download",
        background=BackgroundTask(shutil.rmtree, folder, ignore_errors=True),
        headers={"Cache-Control": "no-store"},
    )
