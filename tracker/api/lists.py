"""Our own list: the template that agencies fill in."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse

from tracker.api.access import Caller, Configured, Database, Id, Language
from tracker.api.files import XLSX, new_file, send_file
from tracker.api.problems import problems
from tracker.inventory.corrections import write_corrected
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


@router.get("/{batch_id}/problems.xlsx", response_class=FileResponse, responses=problems(404, 409) | XLSX)
def get_corrected(
    engine: Database, settings: Configured, caller: Caller, batch_id: Id, language: Language = "en"
) -> FileResponse:
    """The uploaded file with every doubtful cell coloured and commented, and a sheet of problems.

    Headings are in `language`, the reasons in English. Corrected, it can be uploaded again.
    """
    path = new_file(".xlsx")
    try:
        write_corrected(engine, caller, batch_id, path, settings=settings, language=language)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return send_file(path, f"import-{batch_id}-problems.xlsx")
