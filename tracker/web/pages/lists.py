"""Lists to download: the template, the assets of a filter."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request, Response

from tracker.db import reading
from tracker.inventory.corrections import write_corrected
from tracker.inventory.export_queries import iterate_exported
from tracker.inventory.exporting import ListFormat, write_assets
from tracker.inventory.templates import write_template
from tracker.web.downloads import CSV, XLSX, send_file
from tracker.web.pages.assets import asset_filter
from tracker.web.translation import code_text
from tracker.web.visitor import SignedIn, get_engine, get_settings, page_router

router = page_router()
_KINDS = {ListFormat.CSV: CSV, ListFormat.XLSX: XLSX}


@router.get("/imports/template")
def get_template(request: Request, visitor: SignedIn) -> Response:
    """The empty list to fill in, in the visitor's language."""
    language = visitor.language
    return send_file(lambda path: write_template(path, language), f"template-{language}.xlsx", XLSX)


@router.get("/imports/{batch_id}/problems.xlsx")
def get_corrected(request: Request, visitor: SignedIn, batch_id: int) -> Response:
    """The uploaded file with everything doubtful coloured and explained in the visitor's language."""

    def write(path: Path) -> None:
        write_corrected(
            get_engine(request),
            visitor.principal,
            batch_id,
            path,
            settings=get_settings(request),
            language=visitor.language,
            explain=lambda code, message: code_text(visitor, code, message),
        )

    return send_file(write, f"import-{batch_id}-problems.xlsx", XLSX)


@router.get("/assets/export.{form}")
def export_assets(request: Request, visitor: SignedIn, form: ListFormat) -> Response:
    """The assets that the filter finds, as a list that can be changed and uploaded again."""
    wanted = asset_filter(request)
    with reading(get_engine(request)) as session:
        rows = iterate_exported(session, visitor.principal, wanted)
        return send_file(
            lambda path: write_assets(rows, path, form, visitor.language),
            f"assets-{visitor.today}.{form}",
            _KINDS[form],
        )
