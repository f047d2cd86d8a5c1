"""Our own list: the template that agencies fill in."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from tracker.api.access import Caller, Language
from tracker.api.files import XLSX, new_file, send_file
from tracker.inventory.templates import write_template

router = APIRouter(prefix="/imports", tags=["imports"])


@router.get("/template", response_class=FileResponse, responses=XLSX)
def get_template(caller: Caller, language: Language = "en") -> FileResponse:
    """An empty list to fill in: headings that are understood, choices, an example and explanations."""
    path = new_file(".xlsx")
    try:
        write_template(path, language)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return send_file(path, f"template-{language}.xlsx")
