"""Findings, scans and the headline figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict
from sqlmodel import Session

from tracker.api.access import (
    AfterCursor,
    AsOf,
    Caller,
    Clock,
    Database,
    KnownAt,
    Limit,
    ReadSession,
    in_utc,
)
from tracker.api.files import SPREADSHEET, new_file, send_file
from tracker.api.pages import Page
from tracker.api.problems import problems
from tracker.catalogue.actions import status as catalogue_status
from tracker.db import reading
from tracker.identity.schemas import Principal
from tracker.lifecycle import actions, queries
from tracker.lifecycle.dashboards import dashboard
from tracker.lifecycle.exports import write_findings_csv, write_findings_xlsx
from tracker.lifecycle.handling import count_handled
from tracker.lifecycle.schemas import FindingFilter, FindingRow

router = APIRouter()
_CHUNK = 5_000
_EXAMPLE: JsonDict = {
    "asset_tag": "02.06.03.02.01-0007",
    "agency": "DINKES",
    "rule": "security-support-ended",
    "severity": "high",
    "opened_on": "2026-11-25",
    "title": "Windows 10 Pro 22H2",
    "product": "windows",
    "release": "10-22h2",
    "version": None,
    "ends_on": "2025-10-14",
    "waived_until": None,
    "evidence": {"source": "endoflife.date", "as_of": "2026-11-01"},
    "since_on": "2025-10-15",
    "resolved_on": None,
    "acknowledged_by": "manager@example.org",
    "assignee": "clerk@example.org",
    "due_on": "2026-12-31",
    "waiver_asked_until": None,
    "plan": None,
    "id": 901,
    "asset_id": 5120,
}


class State(StrEnum):
    """Which findings."""

    OPEN = "open"
    RESOLVED = "resolved"
    ALL = "all"


class Sort(StrEnum):
    """In which order; a cursor belongs to one of them."""

    ID = "id"
    SEVERITY = "severity"


class Format(StrEnum):
    """How findings are written."""

    CSV = "csv"
    XLSX = "xlsx"


class Finding(BaseModel):
    """One rule holding for one asset; `id` is null where the day was only asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    asset_tag: str | None
    agency: str
    rule: str
    severity: str
    opened_on: date
    title: str | None
    product: str | None
    release: str | None
    version: str | None
    ends_on: date | None
    waived_until: date | None
    evidence: dict[str, Any]
    since_on: date | None
    resolved_on: date | None
    acknowledged_by: str | None = None
    assignee: str | None = None
    due_on: date | None = None
    waiver_asked_until: date | None = None
    plan: int | None = None
    id: int | None
    asset_id: int


class ScanWanted(BaseModel):
    """Without a day the stored findings are brought up to date; with one, nothing is stored."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    as_of: date | None = None
    known_at: datetime | None = None


class Scanned(BaseModel):
    """What a scan saw and changed; `open` counts the findings open afterwards, by rule."""

    as_of: date
    assets: int
    installations: int
    titles: int
    coverage: dict[str, Any]
    opened: int
    resolved: int
    open: dict[str, int]
    seconds: float


class Standing(StrEnum):
    """How findings stand with people."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    OVERDUE = "overdue"
    WAIVER_ASKED = "waiver-asked"
    WAIVED = "waived"
    NOT_WAIVED = "not-waived"


def get_filter(
    clock: Clock,
    agency: Annotated[
        str | None, Query(max_length=64, description="Code of an agency: with all below it.")
    ] = None,
    rule: Annotated[str | None, Query(max_length=100)] = None,
    severity: Annotated[str | None, Query(max_length=20)] = None,
    asset_id: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    state: State = State.OPEN,
    text: Annotated[
        str | None, Query(max_length=200, description="In the asset's or the title's name.")
    ] = None,
    handling: Standing | None = None,
    assignee: Annotated[
        str | None, Query(max_length=254, description="An e-mail address, or nobody.")
    ] = None,
) -> FindingFilter:
    """The filter that the query asks for."""
    standing = handling.value if handling else None
    return FindingFilter(
        agency, rule, severity, asset_id, state.value, text, standing, assignee, on=clock.today
    )


Wanted = Annotated[FindingFilter, Depends(get_filter)]


@router.get("/findings", tags=["findings"], response_model=Page[Finding], responses=problems(404))
def list_findings(
    engine: Database,
    caller: Caller,
    clock: Clock,
    wanted: Wanted,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    after: AfterCursor = None,
    limit: Limit = 50,
    sort: Annotated[Sort, Query(description="severity: the worst first, then what ends first.")] = Sort.ID,
) -> dict[str, object]:
    """Findings of your agencies. With a day or an instant: all that held then, in one page."""
    if as_of or known_at:
        rows = actions.findings_as_of(engine, caller, as_of or clock.today, in_utc(known_at), wanted)
        return {"items": [row.to_json() for row in rows], "next": None}
    with reading(engine) as session:
        page = queries.list_findings(session, caller, wanted, after, limit, sort.value)
    return {"items": [row.to_json() for row in page.items], "next": page.next_cursor}


@router.get(
    "/findings/export", tags=["findings"], response_class=FileResponse, responses=problems(404) | SPREADSHEET
)
def export_findings(
    engine: Database,
    caller: Caller,
    clock: Clock,
    wanted: Wanted,
    format: Format = Format.CSV,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> FileResponse:
    """Findings as a spreadsheet; it says so when the catalogue behind them is old."""
    day = as_of or clock.today
    with reading(engine) as session:
        notice = stale_notice(session, clock.today)
        if as_of or known_at:
            rows = iter(actions.findings_as_of(engine, caller, day, in_utc(known_at), wanted))
        else:
            rows = every_finding(session, caller, wanted)
        return _written(rows, format, day, notice)


def _written(rows: Iterator[FindingRow], form: Format, day: date, notice: str | None) -> FileResponse:
    path = new_file(f".{form}")
    try:
        if form is Format.XLSX:
            write_findings_xlsx(rows, path, notice)
        else:
            with path.open("w", encoding="utf-8-sig", newline="") as target:
                write_findings_csv(rows, target, notice)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return send_file(path, f"findings-{day}.{form}")


def every_finding(session: Session, caller: Principal, wanted: FindingFilter) -> Iterator[FindingRow]:
    """All findings of a filter, page by page: memory does not grow with them."""
    after = None
    while True:
        page = queries.list_findings(session, caller, wanted, after, _CHUNK)
        yield from page.items
        if page.next_cursor is None:
            return
        after = page.next_cursor


def stale_notice(session: Session, today: date) -> str | None:
    """What an export says first when the catalogue is older than 90 days."""
    state = catalogue_status(session, today)
    if not state.stale:
        return None
    return f"The catalogue is of {state.as_of}, more than 90 days old: dates of support may have changed."


@router.post("/scan", tags=["findings"], response_model=Scanned)
def scan(
    engine: Database,
    caller: Caller,
    clock: Clock,
    wanted: Annotated[ScanWanted | None, Body(openapi_examples={"now": {"value": {}}})] = None,
) -> dict[str, object]:
    """Evaluate every rule for your agencies."""
    wanted = wanted or ScanWanted()
    if wanted.as_of or wanted.known_at:
        day = wanted.as_of or clock.today
        return actions.scan_as_of(engine, caller, day, in_utc(wanted.known_at)).to_json()
    return actions.scan(engine, caller, clock.today, clock.now).to_json()


@router.get("/dashboard", tags=["findings"])
def get_dashboard(session: ReadSession, caller: Caller, clock: Clock) -> dict[str, Any]:
    """Headline figures of your agencies, with coverage and the age of the catalogue."""
    shown = dashboard(session, caller, clock.today)
    handled = count_handled(session, caller, clock.today)
    state = catalogue_status(session, clock.today)
    by_agency = [
        {"agency": code, "obsolete": obsolete, "assets": assets}
        for code, obsolete, assets in shown.obsolete_by_agency
    ]
    return asdict(shown) | {
        "handled": asdict(handled),
        "obsolete_by_agency": by_agency,
        "ending_by_month": dict(shown.ending_by_month),
        "catalogue": {"as_of": state.as_of, "stale": state.stale},
    }
