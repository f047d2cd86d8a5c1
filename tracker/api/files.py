"""Files in and out: uploads held in a temporary file while they are read, exports removed once sent."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import UploadFile
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from tracker.inventory.uploads import name_on_disk

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
XLSX: dict[int | str, dict[str, Any]] = {200: {"description": "A workbook", "content": {XLSX_TYPE: _BINARY}}}
SPREADSHEET: dict[int | str, dict[str, Any]] = {
    200: {"description": "A csv file or a workbook", "content": {"text/csv": _BINARY, XLSX_TYPE: _BINARY}}
}
_CHUNK = 1 << 20


def new_file(suffix: str) -> Path:
    """An empty temporary file, to be written and sent."""
    handle, name = tempfile.mkstemp(prefix="tracker-", suffix=suffix)
    os.close(handle)
    return Path(name)


def send_file(path: Path, filename: str) -> FileResponse:
    """`path` as a download; it is removed when sent."""
    kind = XLSX_TYPE if path.suffix == ".xlsx" else CSV_TYPE
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=kind, filename=filename, background=gone)


def plain_name(filename: str | None) -> str:
    """The last part of an uploaded file's name, printable and short; the name is shown, never opened."""
    name = re.split(r"[/\\]", filename or "")[-1]
    return "".join(character for character in name if character.isprintable())[-200:] or "upload"


@contextmanager
def held_upload(upload: UploadFile, most_bytes: int) -> Iterator[Path]:
    """The uploaded bytes in a file that is gone afterwards.

    Raises:
        HTTPException: 413, more than `most_bytes`.
    """
    with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
        path = Path(folder) / name_on_disk(plain_name(upload.filename))
        with path.open("wb") as target:
            shutil.copyfileobj(upload.file, target, _CHUNK)
        if path.stat().st_size > most_bytes:
            raise HTTPException(413, f"the file is larger than {most_bytes} bytes")
        yield path
