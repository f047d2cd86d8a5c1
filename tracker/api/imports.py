"""Uploaded files: preview, look at every row, apply, undo."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile, status
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.config import JsonDict
from sqlalchemy import Engine

from tracker.api.access import AfterId, Caller, Clock, Configured, Database, Id, Limit, ReadSession
from tracker.api.files import held_upload, plain_name
from tracker.api.import_jobs import ImportJob, accepted
from tracker.api.pages import Page, cut
from tracker.api.problems import problems
from tracker.db import reading
from tracker.identity.errors import Invalid
from tracker.identity.schemas import Principal
from tracker.inventory import actions, queries, tasks
from tracker.inventory.models import RowOutcome
from tracker.inventory.replacing import list_retiring
from tracker.inventory.schemas import BatchRowView, BatchView
from tracker.inventory.source_models import UpdatePolicy
from tracker.inventory.sources import Choices, get_source

router = APIRouter(prefix="/imports", tags=["imports"])

_EXAMPLE: JsonDict = {
    "batch": 31,
    "created": 248,
    "updated": 3,
    "unchanged": 6,
    "skipped": 7831,
    "rejected": 1,
    "policy": "update",
    "retiring": 0,
    "sheets": [
        {
            "name": "KIB B",
            "hidden": False,
            "header_rows": [9, 10],
            "columns": {"Nama Barang": "name", "Ruang": "location"},
            "confidence": {"Nama Barang": 1.0, "Ruang": 0.6},
            "rows": 8089,
            "records": 258,
            "skipped": 7831,
        }
    ],
    "problems": [
        {
            "sheet": "KIB B",
            "row": 41,
            "column": "Harga",
            "code": "bad-money",
            "message": "not an amount",
            "value": "?",
        }
    ],
    "state": "previewed",
    "agency": "DINKES",
    "filename": "kib-b.xlsx",
    "format": "xlsx",
    "actor": "budi@dinkes.example",
    "created_at": "2026-11-25T03:00:00Z",
    "applied_at": None,
    "undone_at": None,
}
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": ImportJob, "description": "It is done in the background; Location is the job."}
}
_MAPPING: JsonDict = {"mapping": {"Ruang": "location", "No. Inventaris": "asset_tag"}}


class ListedBatch(BaseModel):
    """An import batch; counts are rows of the file. States: previewed, applied, undone."""

    batch: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    state: str
    agency: str
    filename: str
    format: str
    actor: str
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None


class Batch(ListedBatch):
    """An import batch with everything that was doubtful in the file."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    policy: UpdatePolicy
    retiring: int
    sheets: list[dict[str, Any]]
    problems: list[dict[str, Any]]


class Retirement(BaseModel):
    """An asset that no row of the file means, and that the apply retires."""

    asset_id: int
    asset_tag: str | None
    name: str
    location: str | None


class NewMapping(BaseModel):
    """Source headers and the fields that their columns hold; `extra` keeps a column as a note, `ignore` drops it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_MAPPING]})
    mapping: dict[str, str] = Field(max_length=1_000)


class BatchLine(BaseModel):
    """One source row: `row` is the spreadsheet's own number, `diff` is {field: [before, after]}."""

    id: int
    sheet: str
    row: int
    outcome: str
    label: str
    reason: str | None
    diff: dict[str, Any] | None
    record: dict[str, Any] | None


class Kept(BaseModel):
    """A value that an undo left alone, and why."""

    asset_id: int
    asset_tag: str | None
    field: str
    why: str


class Undone(BaseModel):
    """What an undo did: values restored, assets withdrawn, values kept because they changed later."""

    batch: Batch
    restored: int
    withdrawn: int
    kept: list[Kept]


def _full(engine: Engine, caller: Principal, batch: BatchView) -> dict[str, object]:
    """The batch with how it was previewed."""
    with reading(engine) as session:
        source = get_source(session, caller, batch.id)
    return {**_json(batch), "policy": source.choices.policy, "retiring": source.retiring}


def _json(batch: BatchView) -> dict[str, object]:
    plain = {
        name: getattr(batch, name) for name in ListedBatch.model_fields if name not in ("batch", "agency")
    }
    return {
        **plain,
        "batch": batch.id,
        "agency": batch.agency_code,
        "sheets": batch.sheets,
        "problems": batch.problems,
    }


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=Batch,
    responses={**problems(404, 409, 413), **_ACCEPTED},
    summary="Upload and preview",
)
def upload_file(
    engine: Database,
    settings: Configured,
    caller: Caller,
    clock: Clock,
    file: Annotated[UploadFile, File(description="xlsx, xls, ods, csv or json")],
    agency: Annotated[str, Form(max_length=64, description="Code of the owner.")],
    near_it: Annotated[bool, Form(description="UPS, projectors, CCTV … too.")] = False,
    other: Annotated[bool, Form(description="Things that are not IT too.")] = False,
    mapping: Annotated[
        str, Form(max_length=100_000, description='What columns hold, as JSON: {"Header": "field"}.')
    ] = "",
    policy: Annotated[
        UpdatePolicy,
        Form(description="replace: assets that are not in the file are proposed for retirement."),
    ] = UpdatePolicy.UPDATE,
    clear_blanks: Annotated[
        bool, Form(description="A blank cell clears the value that is held; otherwise it says nothing.")
    ] = False,
    background: Annotated[
        bool | None, Form(description="Read it in the background (202); absent: large files only.")
    ] = None,
) -> dict[str, object] | Response:
    """Read a file and say row by row what it would change; assets stay as they are."""
    choices, name = (
        Choices(_parse_mapping(mapping), near_it, other, policy, clear_blanks),
        plain_name(file.filename),
    )
    with held_upload(file, settings.import_limits["upload_bytes"]) as path:
        if tasks.is_large_file(settings, path) if background is None else background:
            task = tasks.queue_preview(
                engine, caller, path, name, agency, clock.now, settings=settings, choices=choices
            )
            return accepted(task, clock.now)
        batch = actions.preview(
            engine,
            caller,
            path,
            name,
            agency,
            clock.now,
            settings=settings,
            include_near_it=near_it,
            include_other=other,
            mapping=choices.mapping,
            policy=policy,
            clear_blanks=clear_blanks,
        )
    return _full(engine, caller, batch)


def _parse_mapping(text: str) -> dict[str, str]:
    try:
        return TypeAdapter(dict[str, str]).validate_json(text) if text.strip() else {}
    except ValidationError as error:
        raise Invalid(
            "bad-mapping", 'the mapping must be a JSON object such as {"Header": "field"}'
        ) from error


@router.get("", response_model=Page[ListedBatch])
def list_imports(
    session: ReadSession, caller: Caller, after: AfterId = None, limit: Limit = 50
) -> dict[str, object]:
    """Uploaded files of your agencies, newest first."""
    rows = queries.list_batches(session, caller, limit + 1, after)
    return cut(rows, limit, lambda row: row.id, _json)


@router.get("/{batch_id}", response_model=Batch, responses=problems(404))
def get_import(engine: Database, session: ReadSession, caller: Caller, batch_id: Id) -> dict[str, object]:
    """One uploaded file."""
    return _full(engine, caller, queries.get_batch(session, caller, batch_id))


@router.get("/{batch_id}/rows", response_model=Page[BatchLine], responses=problems(404))
def list_import_rows(
    session: ReadSession,
    caller: Caller,
    batch_id: Id,
    outcome: Annotated[RowOutcome | None, Query(description="Only rows that end like this.")] = None,
    after: AfterId = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """What each row of the file becomes, in file order."""
    queries.get_batch(session, caller, batch_id)
    rows = queries.list_batch_rows(session, caller, batch_id, outcome, after or 0, limit + 1)
    return cut(rows, limit, lambda row: row.id, _row_json)


def _row_json(row: BatchRowView) -> dict[str, object]:
    return asdict(row)


@router.post(
    "/{batch_id}/read-again",
    status_code=status.HTTP_201_CREATED,
    response_model=Batch,
    responses=problems(404, 409),
    summary="Read the file again",
)
def read_import_again(
    engine: Database, settings: Configured, caller: Caller, clock: Clock, batch_id: Id, new: NewMapping
) -> dict[str, object]:
    """A new preview of the same file with other columns; they are remembered for the agency when it is applied."""
    batch = actions.preview_again(engine, caller, batch_id, new.mapping, clock.now, settings=settings)
    return _full(engine, caller, batch)


@router.post("/{batch_id}/apply", response_model=Batch, responses={**problems(404, 409), **_ACCEPTED})
def apply_import(
    engine: Database,
    settings: Configured,
    caller: Caller,
    clock: Clock,
    batch_id: Id,
    confirm: Annotated[
        bool, Query(description="Retire more assets than the setting allows unasked.")
    ] = False,
    background: Annotated[
        bool | None, Query(description="Apply it in the background (202); absent: large ones only.")
    ] = None,
) -> dict[str, object] | Response:
    """Apply exactly what was previewed: all of it, or nothing where an asset changed since.

    A replacement that would retire many assets is refused with `confirmation-needed` until it is confirmed.
    """
    share = settings.import_retire_pct
    with reading(engine) as session:
        found = queries.get_batch(session, caller, batch_id)
    large = tasks.is_large_batch(settings, found.created + found.updated)
    if found.state == "previewed" and (large if background is None else background):
        return accepted(tasks.queue_apply(engine, caller, batch_id, clock.now, confirmed=confirm), clock.now)
    batch = actions.apply(engine, caller, batch_id, clock.now, confirmed=confirm, retire_pct=share)
    return _full(engine, caller, batch)


@router.get("/{batch_id}/retirements", response_model=Page[Retirement], responses=problems(404))
def list_import_retirements(
    session: ReadSession, caller: Caller, batch_id: Id, after: AfterId = None, limit: Limit = 50
) -> dict[str, object]:
    """Assets that are not in a replacing file and are retired by its apply."""
    queries.get_batch(session, caller, batch_id)
    rows = list_retiring(session, caller, batch_id, after or 0, limit + 1)
    return cut(rows, limit, lambda row: row.asset_id, asdict)


@router.post("/{batch_id}/undo", response_model=Undone, responses=problems(404, 409))
def undo_import(engine: Database, caller: Caller, clock: Clock, batch_id: Id) -> dict[str, object]:
    """Take an applied file back; what was edited afterwards is kept and named."""
    report = actions.undo(engine, caller, batch_id, clock.now)
    kept = [asdict(one) for one in report.kept]
    return {
        "batch": _full(engine, caller, report.batch),
        "restored": report.restored,
        "withdrawn": report.withdrawn,
        "kept": kept,
    }
