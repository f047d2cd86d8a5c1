"""The file of a batch, given back with everything that was doubtful in it coloured and explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from importers.marking import Mark, mark_workbook
from importers.rows import Limits, RefusedFile
from tracker.db import reading
from tracker.identity.errors import Refused
from tracker.identity.schemas import Principal
from tracker.inventory.batch_queries import get_batch, list_batch_rows
from tracker.inventory.keys import FIELDS_OF_SCHEME
from tracker.inventory.models import RowOutcome
from tracker.inventory.schemas import BatchView
from tracker.inventory.sources import get_source, kept_file
from tracker.settings import Settings

#: Says in words of the reader what a problem's code means: (code, message in English) → text.
Explain = Callable[[str, str], str]
_MOST_REJECTED = 100_000
#: Fields of the importers that stand for stored ones.
_SOURCE_FIELDS = {"register_number": "register", "agency": "agency_text", "tag": "asset_tag"}


def write_corrected(
    engine: Engine,
    principal: Principal,
    batch_id: int,
    target: Path,
    *,
    settings: Settings,
    language: str = "en",
    explain: Explain = lambda code, message: message,
) -> BatchView:
    """Write the marked copy of the batch's file to `target` (xlsx); returns the batch.

    Raises:
        NotFound: there is no such batch in sight of `principal`.
        Conflict: the file is not kept any more.
        Refused: the file cannot be read any more.
    """
    with reading(engine) as session:
        batch = get_batch(session, principal, batch_id)
        source = get_source(session, principal, batch_id)
        rejected = {
            (row.sheet, row.row): row.reason or ""
            for row in list_batch_rows(
                session, principal, batch_id, RowOutcome.REJECTED.value, limit=_MOST_REJECTED
            )
        }
    marks = list(find_marks(batch, rejected, explain))
    limits = Limits(**dict(settings.import_limits))
    with kept_file(settings, source.stored, batch.filename) as path:
        try:
            mark_workbook(path, batch.format, target, marks, language, limits)
        except RefusedFile as error:
            raise Refused(error.code, f"{batch.filename}: {error.message}") from error
    return batch


def find_marks(batch: BatchView, rejected: Mapping[tuple[str, int], str], explain: Explain) -> Iterator[Mark]:
    """The problems of a batch with their cells, then rejected rows of which no problem tells."""
    places = {str(sheet["name"]): _places(sheet) for sheet in batch.sheets}
    told: set[tuple[str, int]] = set()
    for problem in batch.problems:
        sheet, row = str(problem.get("sheet") or ""), problem.get("row")
        number = row if isinstance(row, int) else None
        if number is not None:
            told.add((sheet, number))
        column = problem.get("column")
        yield Mark(
            sheet=sheet,
            row=number,
            at=_place_of(places.get(sheet, {}), column),
            column=str(column or ""),
            value=str(problem.get("value") or ""),
            why=explain(str(problem.get("code")), str(problem.get("message") or "")),
            rejected=number is not None and (sheet, number) in rejected,
        )
    for (sheet, row), reason in rejected.items():
        if (sheet, row) not in told:
            at = _place_of(places.get(sheet, {}), None)
            yield Mark(sheet, row, at, "", "", explain(reason, reason), True)


def _places(sheet: Mapping[str, Any]) -> dict[str, int]:
    """{header or field: column from 1}; a field's own header outranks a header of that name."""
    by_header = dict(sheet.get("places") or {})
    by_field: dict[str, int] = {}
    for header, field in (sheet.get("columns") or {}).items():
        if header in by_header:
            by_field.setdefault(field, by_header[header])
    return {**by_field, **by_header}


def _place_of(places: Mapping[str, int], column: object) -> int | None:
    """The column of a problem, which names a header, a field or a scheme; the first one where it names none."""
    if not places:
        return None
    name = str(column or "")
    for candidate in (name, _SOURCE_FIELDS.get(name, ""), *FIELDS_OF_SCHEME.get(name, ())):
        found = places.get(candidate) or places.get(_SOURCE_FIELDS.get(candidate, ""))
        if found:
            return found
    return min(places.values())
