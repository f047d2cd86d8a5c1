"""Which column of a file holds what: shown with how sure that is, changed, read again; and what is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request, Response

from importers import field_names
from tracker.db import reading, transaction
from tracker.identity.errors import Conflict, Invalid, Refused
from tracker.identity.queries import get_agency_by_code
from tracker.identity.rules import Permission
from tracker.identity.schemas import AgencyView
from tracker.inventory import actions, mappings, queries
from tracker.inventory.mappings import MappingView
from tracker.inventory.schemas import BatchView
from tracker.inventory.sources import SourceView, get_source
from tracker.web.choices import Column, Option, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted
from tracker.web.i18n import N_
from tracker.web.rendering import render, translate
from tracker.web.terms import term
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
#: Below this a column is pointed out.
_SURE = 0.9
_UNUSED = ("extra", "ignore")


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column: `name` is its field of the form, `sure` a percentage, `why` what it was told by."""

    name: str
    header: str
    field: str
    field_label: str
    sure: str | None
    why: str | None
    doubtful: bool


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Sheets with the same columns: `number` names the group's form."""

    number: int
    sheets: str
    notes: tuple[str, ...]
    lines: tuple[ColumnLine, ...]


@dataclass(frozen=True, slots=True)
class ColumnsPart:
    """The part of an import's page about columns; `error` is why they could not be read again."""

    groups: tuple[ColumnGroup, ...]
    options: tuple[Option, ...]
    labels: tuple[Column, ...]
    may_change: bool
    doubtful: int
    remembered_url: str


@dataclass(frozen=True, slots=True)
class RememberedPage:
    """What the columns of an agency's files hold, as its people said."""

    agency: AgencyView
    lines: tuple[tuple[str, str, MappingView], ...]
    columns: tuple[Column, ...]
    may_forget: bool


def columns_part(
    visitor: Visitor, batch: BatchView, source: SourceView, notes: Mapping[str, str]
) -> ColumnsPart:
    """The columns of a batch's sheets; `notes` says of each sheet how many rows it has."""
    groups = tuple(
        _group(visitor, number, sheets, source, notes) for number, sheets in enumerate(_grouped(batch))
    )
    used = sorted(term_options(visitor, "field", field_names()[:-2]), key=lambda one: one.label.casefold())
    return ColumnsPart(
        groups=groups,
        options=(*used, *term_options(visitor, "field", _UNUSED)),
        labels=columns(visitor, N_("Column in the file"), N_("Holds"), N_("Certainty"), N_("Told by")),
        may_change=(
            batch.state == "previewed" and source.stored is not None and visitor.may(Permission.IMPORT)
        ),
        doubtful=sum(line.doubtful for group in groups for line in group.lines),
        remembered_url=f"/agencies/{batch.agency_code}/columns",
    )


def _grouped(batch: BatchView) -> list[list[Mapping[str, object]]]:
    """Sheets that have columns, those with the same ones together, in the order of the file."""
    groups: dict[tuple[tuple[str, str], ...], list[Mapping[str, object]]] = {}
    for sheet in batch.sheets:
        found = _columns(sheet)
        if found:
            groups.setdefault(tuple(found.items()), []).append(sheet)
    return list(groups.values())


def _columns(sheet: Mapping[str, object]) -> dict[str, str]:
    found = sheet.get("columns")
    return dict(found) if isinstance(found, dict) else {}


def _group(
    visitor: Visitor,
    number: int,
    sheets: list[Mapping[str, object]],
    source: SourceView,
    notes: Mapping[str, str],
) -> ColumnGroup:
    names = [str(sheet.get("name")) for sheet in sheets]
    lines = tuple(
        _line(visitor, f"c{number}-{at}", header, source.choices.mapping.get(header, field), sheets[0])
        for at, (header, field) in enumerate(_columns(sheets[0]).items())
    )
    return ColumnGroup(number, ", ".join(names), tuple(notes[name] for name in names), lines)


def _line(visitor: Visitor, name: str, header: str, field: str, sheet: Mapping[str, object]) -> ColumnLine:
    confidences, reasons = sheet.get("confidence"), sheet.get("reasons")
    sure = confidences.get(header) if isinstance(confidences, dict) else None
    why = reasons.get(header) if isinstance(reasons, dict) else None
    known = field not in _UNUSED or why == "mapping"
    return ColumnLine(
        name,
        header,
        field,
        translate(visitor, term("field", field)),
        f"{round(float(sure) * 100)}%" if sure is not None and known else None,
        translate(visitor, term("column_reason", str(why))) if why and known else None,
        known and sure is not None and float(sure) < _SURE,
    )


def _chosen(form: Posted, batch: BatchView, source: SourceView) -> dict[str, str]:
    """{header: field} of the columns whose field is not the one that was shown."""
    found = {}
    for number, sheets in enumerate(_grouped(batch)):
        for at, (header, field) in enumerate(_columns(sheets[0]).items()):
            given = form.find(f"c{number}-{at}")
            if given is not None and given != source.choices.mapping.get(header, field):
                found[header] = given
    return found


@router.post("/imports/{batch_id}/columns")
def read_again(request: Request, visitor: SignedIn, form: Form, batch_id: int) -> Response:
    """Read the file again with the columns as chosen: a new preview."""
    visitor.need(Permission.IMPORT)
    settings = get_settings(request)
    with reading(get_engine(request)) as session:
        batch = queries.get_batch(session, visitor.principal, batch_id)
        source = get_source(session, visitor.principal, batch_id)
    chosen = _chosen(form, batch, source)
    place = f"/imports/{batch_id}"
    if not chosen:
        return redirect(place, Flash("columns-as-before"), secure=settings.cookie_secure)
    try:
        again = actions.preview_again(
            get_engine(request), visitor.principal, batch_id, chosen, visitor.now, settings=settings
        )
    except (Conflict, Invalid, Refused) as error:
        flash = Flash("columns-refused", {"why": error_text(visitor, error)[:600]})
        return redirect(place, flash, secure=settings.cookie_secure)
    return redirect(f"/imports/{again.id}", Flash("columns-read"), secure=settings.cookie_secure)


@router.get("/agencies/{code}/columns")
def show_remembered(request: Request, visitor: SignedIn, code: str) -> Response:
    """What the agency's columns hold, as remembered."""
    with reading(get_engine(request)) as session:
        agency = get_agency_by_code(session, visitor.principal, code)
        found = mappings.list_mappings(session, visitor.principal, code)
    lines = tuple((one.header, translate(visitor, term("field", one.field)), one) for one in found)
    page = RememberedPage(
        agency,
        lines,
        columns(visitor, N_("Column in the file"), N_("Holds"), N_("Remembered"), tools=True),
        visitor.principal.scope(Permission.IMPORT).covers(agency.path),
    )
    return render(request, visitor, "columns.html", page)


@router.post("/agencies/{code}/columns/forget")
def forget(request: Request, visitor: SignedIn, form: Form, code: str) -> Response:
    """Forget one remembered column."""
    visitor.need(Permission.IMPORT)
    with transaction(get_engine(request)) as session:
        mappings.forget_mapping(session, visitor.principal, code, form.text("header"), visitor.now)
    secure = get_settings(request).cookie_secure
    return redirect(f"/agencies/{code}/columns", Flash("column-forgotten"), secure=secure)
