"""Taking an uploaded file: streamed to disk, within the limit, gone when the request is answered."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from tracker.identity.errors import Invalid, Refused
from tracker.inventory.uploads import name_on_disk
from tracker.web.forms import TOKEN_FIELD, Posted, check_origin, check_token, posted
from tracker.web.visitor import SignedIn, get_settings

FILE_FIELD = "file"
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with a file: `path` is where it lies for the time of the request, `filename` what it was called."""

    form: Posted
    path: Path | None
    filename: str


async def read_upload(request: Request, visitor: SignedIn) -> AsyncIterator[Upload]:
    """The form and its file, checked. The sender is known before a byte of the file is taken.

    Raises:
        Forbidden: the form comes from another site or without the visitor's token.
        Refused: the file is larger than allowed.
    """
    check_origin(request)
    most = get_settings(request).import_limits["upload_bytes"]
    # The form's parser itself spools to disk; the application's limit stops a body that is too long.
    async with request.form(max_files=1, max_fields=50) as form:
        check_token(visitor, form.get(TOKEN_FIELD))
        sent = form.get(FILE_FIELD)
        with tempfile.TemporaryDirectory(prefix="tracker-upload-") as folder:
            if isinstance(sent, UploadFile) and sent.filename:
                if (sent.size or 0) > most:
                    raise Refused("file_too_large", f"the file has {sent.size} bytes; {most} may be")
                path = Path(folder) / name_on_disk(sent.filename)
                await run_in_threadpool(_keep, sent, path)
                yield Upload(posted(form), path, _shown_name(sent.filename))
            else:
                yield Upload(posted(form), None, "")


def _keep(sent: UploadFile, path: Path) -> None:
    with path.open("wb") as target:
        shutil.copyfileobj(sent.file, target, 1 << 20)


def _shown_name(filename: str) -> str:
    """The last part of what the browser called the file, without what cannot be shown."""
    name = "".join(c for c in PureWindowsPath(filename).name if c.isprintable()).strip()
    return name[-_LONGEST_NAME:] or "upload"


def need_file(upload: Upload) -> Path:
    """The file's place.

    Raises:
        Invalid: no file was chosen.
    """
    if upload.path is None:
        raise Invalid("no_upload", "choose a file first")
    return upload.path


UploadedForm = Annotated[Upload, Depends(read_upload, scope="function")]
