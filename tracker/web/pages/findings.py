"""What was found: a filtered list, of today or any other day, and the same as a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fastapi import Request, Response

from tracker.catalogue import actions as catalogue
from tracker.db import reading
from tracker.identity.errors import Invalid
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.inventory.schemas import Coverage
from tracker.lifecycle import actions, exports, queries
from tracker.lifecycle.handling import list_people
from tracker.lifecycle.schemas import FindingFilter, FindingRow
from tracker.web.choices import Column, Fact, Option, address, agency_options, columns, term_options
from tracker.web.downloads import CSV, XLSX, send_file
from tracker.web.finding_filters import filter_query, read_filter
from tracker.web.formats import Formats
from tracker.web.i18n import N_
from tracker.web.pages.asset_views import flatten
from tracker.web.pages.dashboard import coverage_text
from tracker.web.pages.finding_work import WorkForms, make_forms, standing
from tracker.web.rendering import formats_for, render, translate
from tracker.web.visitor import SignedIn, Visitor, get_engine, page_router

router = page_router()
_PER_PAGE = 50
_LABELS = (N_("Severity"), N_("Rule"), N_("Asset"), N_("Agency"), N_("What"), N_("Support ended or ends"),
           N_("Since"), N_("Seen"), N_("Evidence"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding as shown."""

    finding: FindingRow
    asset: str
    subject: str
    release: str | None
    evidence: tuple[Fact, ...]
    standing: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """A page of findings with its filters; `as_of` is what was typed, '' for today's stored findings."""

    rows: tuple[FindingLine, ...]
    columns: tuple[Column, ...]
    coverage: str
    note: str | None
    text: str
    agency: str | None
    rule: str | None
    severity: str | None
    state: str
    as_of: str
    as_of_error: str | None
    agencies: tuple[Option, ...]
    rules: tuple[Option, ...]
    severities: tuple[Option, ...]
    states: tuple[Option, ...]
    handling: str | None
    handlings: tuple[Option, ...]
    assignee: str | None
    assignees: tuple[Option, ...]
    forms: WorkForms | None
    is_filtered: bool
    may_scan: bool
    first_url: str | None
    next_url: str | None
    csv_url: str
    xlsx_url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; `error` says that the date could not be read."""

    filter: FindingFilter
    as_of: date | None
    typed: str
    is_wrong: bool
    query: Mapping[str, str | None]


def _read(request: Request, today: date) -> Wanted:
    """The filter in the address; words that are none of ours count as no filter."""
    given = request.query_params
    typed = (given.get("as_of") or "").strip()[:20]
    try:
        as_of = date.fromisoformat(typed) if typed else None
    except ValueError:
        as_of = None
    wanted = read_filter(given, today)
    query = {**filter_query(wanted), "as_of": typed if as_of else None}
    return Wanted(wanted, as_of, typed, bool(typed) and as_of is None, query)


@router.get("/findings")
def list_findings(request: Request, visitor: SignedIn, after: str | None = None) -> Response:
    """Findings that the filter finds; with a date, those that hold on that day, worked out and not stored."""
    wanted = _read(request, visitor.today)
    if wanted.as_of is not None:
        rows, more = _rows_as_of(request, visitor, wanted, after)
    else:
        rows, more = _stored_rows(request, visitor, wanted, after)
    page = _page(request, visitor, wanted, rows, after, more)
    return render(request, visitor, "findings.html", page, status=422 if wanted.is_wrong else 200)


def _stored_rows(
    request: Request, visitor: Visitor, wanted: Wanted, after: str | None
) -> tuple[list[FindingRow], str | None]:
    with reading(get_engine(request)) as session:
        try:
            page = queries.list_findings(
                session, visitor.principal, wanted.filter, after or None, _PER_PAGE, "severity"
            )
        except Invalid:
            # A cursor that is none of ours: the first page is a better answer than an error.
            page = queries.list_findings(
                session, visitor.principal, wanted.filter, None, _PER_PAGE, "severity"
            )
    return page.items, page.next_cursor


def _rows_as_of(
    request: Request, visitor: Visitor, wanted: Wanted, after: str | None
) -> tuple[list[FindingRow], str | None]:
    assert wanted.as_of is not None
    found = actions.findings_as_of(get_engine(request), visitor.principal, wanted.as_of, None, wanted.filter)
    found.sort(key=queries.worst_first)
    start = int(after) if after and after.isascii() and after.isdigit() and len(after) < 9 else 0
    end = start + _PER_PAGE
    return found[start:end], str(end) if len(found) > end else None


def _page(
    request: Request,
    visitor: Visitor,
    wanted: Wanted,
    rows: list[FindingRow],
    after: str | None,
    more: str | None,
) -> FindingsPage:
    formats, query, chosen = formats_for(request, visitor), wanted.query, wanted.filter
    with reading(get_engine(request)) as session:
        agencies = agency_options(list_agencies(session, visitor.principal))
        hidden = {**query, "next": address("/findings", query)}
        forms = (
            make_forms(session, visitor, hidden, is_bulk=True) if _may_be_handled(wanted) and rows else None
        )
        found = set(list_people(session, visitor.principal)) | ({chosen.assignee} - {None, "nobody"})
        covered: Coverage = queries.dashboard(session, visitor.principal, visitor.today).coverage
    nobody = Option("nobody", translate(visitor, N_("Nobody")))
    people = (nobody, *(Option(str(email), str(email)) for email in sorted(found, key=str)))
    note = None
    if wanted.as_of is not None:
        note = translate(
            visitor, N_("Worked out for %(day)s; nothing is stored."), day=formats.day(wanted.as_of)
        )
    return FindingsPage(
        rows=tuple(_line(visitor, formats, row) for row in rows),
        columns=columns(visitor, *_LABELS),
        coverage=coverage_text(visitor, formats, covered),
        note=note,
        text=chosen.text or "",
        agency=chosen.agency,
        rule=chosen.rule,
        severity=chosen.severity,
        state=chosen.state,
        as_of=wanted.typed,
        as_of_error=translate(visitor, N_("A date such as 2027-01-31 is needed."))
        if wanted.is_wrong
        else None,
        agencies=agencies,
        rules=term_options(visitor, "rule"),
        severities=term_options(visitor, "severity"),
        states=term_options(visitor, "finding_state"),
        handling=chosen.handling,
        handlings=term_options(visitor, "finding_handling"),
        assignee=chosen.assignee,
        assignees=people,
        forms=forms,
        is_filtered=any(query.values()),
        may_scan=visitor.may(Permission.SCAN),
        first_url=address("/findings", query) if after else None,
        next_url=address("/findings", query, after=more) if more else None,
        csv_url=address("/findings/csv", query),
        xlsx_url=address("/findings/xlsx", query),
    )


def _may_be_handled(wanted: Wanted) -> bool:
    """Only what is stored and open can be worked on."""
    return wanted.as_of is None and wanted.filter.state != "resolved"


def _line(visitor: Visitor, formats: Formats, row: FindingRow) -> FindingLine:
    release = " ".join(part for part in (row.product, row.release) if part) or None
    return FindingLine(
        finding=row,
        asset=row.asset_tag or row.asset_name,
        subject=row.title or row.asset_name,
        release=release,
        evidence=tuple(flatten(visitor, formats, row.evidence)),
        standing=tuple(standing(visitor, formats, row)),
    )


def _all_rows(request: Request, visitor: Visitor, wanted: Wanted) -> list[FindingRow]:
    if wanted.is_wrong:
        raise Invalid("bad-date", "a date such as 2027-01-31 is needed")
    if wanted.as_of is not None:
        return actions.findings_as_of(
            get_engine(request), visitor.principal, wanted.as_of, None, wanted.filter
        )
    with reading(get_engine(request)) as session:
        return list(queries.list_findings(session, visitor.principal, wanted.filter, limit=None).items)


def stale_notice(request: Request, visitor: Visitor) -> str | None:
    """What an export says when the catalogue is old, None while it is fresh."""
    with reading(get_engine(request)) as session:
        status = catalogue.status(session, visitor.today)
    if not status.stale:
        return None
    text = N_("The catalogue of products is of %(day)s, more than 90 days old.")
    return translate(visitor, text, day=formats_for(request, visitor).day(status.as_of))


def _filename(visitor: Visitor, wanted: Wanted, suffix: str) -> str:
    return f"findings-{wanted.as_of or visitor.today}.{suffix}"


@router.get("/findings/csv")
def download_csv(request: Request, visitor: SignedIn) -> Response:
    """All findings of the filter as csv in UTF-8, marked so that spreadsheets read it as such."""
    wanted = _read(request, visitor.today)
    rows, notice = _all_rows(request, visitor, wanted), stale_notice(request, visitor)

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as target:
            exports.write_findings_csv(rows, target, notice)

    return send_file(write, _filename(visitor, wanted, "csv"), CSV)


@router.get("/findings/xlsx")
def download_xlsx(request: Request, visitor: SignedIn) -> Response:
    """All findings of the filter as a workbook."""
    wanted = _read(request, visitor.today)
    rows, notice = _all_rows(request, visitor, wanted), stale_notice(request, visitor)
    return send_file(
        lambda path: exports.write_findings_xlsx(rows, path, notice), _filename(visitor, wanted, "xlsx"), XLSX
    )
