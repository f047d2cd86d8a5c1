"""Updates of the catalogue: fetched or uploaded, shown with what they would do, then applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fastapi import Request, Response

from tracker.budgeting.consequences import propose_update
from tracker.catalogue import actions, offers
from tracker.catalogue.actions import need_admin
from tracker.catalogue.offers import Offer, ProposalView
from tracker.db import reading
from tracker.identity.errors import Conflict, NotFound, TrackerError
from tracker.web.choices import Column, columns
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form
from tracker.web.i18n import N_
from tracker.web.rendering import Message, formats_for, render, translate
from tracker.web.terms import term
from tracker.web.translation import error_text
from tracker.web.uploads import Upload, UploadedForm, need_file
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
#: How many changes of dates are listed.
_SHOWN = 200
_HERE = "/catalogue/updates"


@dataclass(frozen=True, slots=True)
class UpdatesPage:
    """The forms that ask for an update; `source` is where one is fetched from."""

    source: str
    most_bytes: int
    most_shown: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of one of the tables, in words."""

    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A table with a heading; `more` counts the rows that are not shown."""

    id: str
    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class UpdatePage:
    """An update that waits: what it is, counts, and what it would do."""

    id: int
    name: str
    as_of: str
    previous: str
    signed_by: str | None
    assets: str
    agencies: str
    changes: str
    added: str
    listings: tuple[Listing, ...]
    has_news: bool


def _page(request: Request, visitor: Visitor) -> UpdatesPage:
    settings = get_settings(request)
    most = settings.import_limits["upload_bytes"]
    return UpdatesPage(settings.catalogue.source, most, formats_for(request, visitor).size(most))


@router.get(_HERE)
def show_updates(request: Request, visitor: SignedIn) -> Response:
    """The forms for an update."""
    need_admin(visitor.principal)
    return render(request, visitor, "updates.html", _page(request, visitor))


def _offer(request: Request, visitor: Visitor, sent: Upload) -> Offer:
    # Whoever asks waits: trying again is theirs to decide.
    settings = replace(get_settings(request).catalogue, tries=1)
    if sent.form.text("how") == "upload":
        return offers.read_offer(sent.filename, need_file(sent).read_bytes(), settings)
    # What is fetched is to be looked at, also where it was taken before.
    offer = actions.fetch(get_engine(request), visitor.principal, settings.source, settings, anew=True)
    assert offer is not None, "without validators there is always an answer"
    return offer


@router.post(_HERE)
def propose(request: Request, visitor: SignedIn, sent: UploadedForm) -> Response:
    """Read the update and keep it with what it would do; the catalogue stays as it is."""
    need_admin(visitor.principal)
    try:
        offer = _offer(request, visitor, sent)
        number = propose_update(get_engine(request), visitor.principal, offer, visitor.today, visitor.now)
    except TrackerError as error:
        refused = Message("bad", translate(visitor, N_("The update was refused. Nothing was written.")))
        messages = (refused, Message("bad", error_text(visitor, error)))
        page = _page(request, visitor)
        return render(request, visitor, "updates.html", page, status=422, messages=messages)
    return redirect(f"{_HERE}/{number}", secure=get_settings(request).cookie_secure)


@router.get(_HERE + "/{number}")
def show_update(request: Request, visitor: SignedIn, number: int) -> Response:
    """An update that waits."""
    need_admin(visitor.principal)
    return _show(request, visitor, number)


def _show(
    request: Request, visitor: Visitor, number: int, status: int = 200, messages: tuple[Message, ...] = ()
) -> Response:
    with reading(get_engine(request)) as session:
        proposal = offers.get_proposal(session, number)
    page = _update_page(visitor, formats_for(request, visitor), proposal)
    return render(request, visitor, "update.html", page, status=status, messages=messages)


@router.post(_HERE + "/{number}/apply")
def apply_update(request: Request, visitor: SignedIn, form: Form, number: int) -> Response:
    """Apply exactly what was shown."""
    settings = get_settings(request)
    try:
        actions.apply_proposal(
            get_engine(request), visitor.principal, number, visitor.now, settings.catalogue
        )
    except Conflict as error:
        return _show(request, visitor, number, 409, (Message("bad", error_text(visitor, error)),))
    except NotFound:
        return redirect("/catalogue", Flash("update-gone"), secure=settings.cookie_secure)
    return redirect("/catalogue", Flash("update-applied"), secure=settings.cookie_secure)


@router.post(_HERE + "/{number}/discard")
def discard_update(request: Request, visitor: SignedIn, form: Form, number: int) -> Response:
    """Let an update wait no more."""
    actions.discard_proposal(get_engine(request), visitor.principal, number)
    return redirect(_HERE, Flash("update-discarded"), secure=get_settings(request).cookie_secure)


def _update_page(visitor: Visitor, formats: Formats, proposal: ProposalView) -> UpdatePage:
    result, told = proposal.shown["result"], proposal.shown["consequences"]
    added = sum(len(result[name]) for name in ("products_added", "releases_added", "exploited_added"))
    listings = (
        _phases(visitor, formats, told["phases"]),
        _agencies(visitor, formats, told["agencies"]),
        _findings(visitor, formats, told["findings"]),
        _plans(visitor, formats, proposal.shown["plans"]),
        _changes(visitor, formats, result["changes"]),
        _problems(visitor, result["problems"]),
        _missing(visitor, result["products_missing"]),
    )
    return UpdatePage(
        id=proposal.id,
        name=proposal.name,
        as_of=formats.day(result["as_of"]),
        previous=formats.day(result["previous_as_of"]),
        signed_by=result["signed_by"],
        assets=formats.number(told["assets"]),
        agencies=formats.number(len(told["agencies"])),
        changes=formats.number(len(result["changes"])),
        added=formats.number(added + len(result["versions_added"])),
        listings=tuple(one for one in listings if one.lines),
        has_news=bool(result["written"]),
    )


def _listing(
    visitor: Visitor, name: str, title: str, heads: tuple[Column, ...], rows: Sequence[tuple[str, ...]]
) -> Listing:
    shown = tuple(Line(row) for row in rows[:_SHOWN])
    return Listing(name, translate(visitor, title), heads, shown, len(rows) - len(shown))


def _said(visitor: Visitor, kind: str, value: str) -> str:
    return translate(visitor, term(kind, value))


def _phases(visitor: Visitor, formats: Formats, found: list[dict[str, Any]]) -> Listing:
    heads = columns(visitor, N_("Phase now"), N_("Phase afterwards"), N_("Titles and models"), numbers=(2,))
    rows = [
        (
            _said(visitor, "phase", one["before"]),
            _said(visitor, "phase", one["after"]),
            formats.number(one["subjects"]),
        )
        for one in found
    ]
    return _listing(visitor, "phases", N_("Phases that change"), heads, rows)


def _agencies(visitor: Visitor, formats: Formats, found: list[dict[str, Any]]) -> Listing:
    heads = columns(visitor, N_("Agency"), N_("Code"), N_("Assets that change phase"), numbers=(2,))
    rows = [(one["name"], one["agency"], formats.number(one["assets"])) for one in found]
    return _listing(visitor, "agencies", N_("Agencies concerned"), heads, rows)


def _findings(visitor: Visitor, formats: Formats, found: list[dict[str, Any]]) -> Listing:
    heads = columns(visitor, N_("Rule"), N_("Would open"), N_("Would be resolved"), numbers=(1, 2))
    rows = [
        (_said(visitor, "rule", one["rule"]), formats.number(one["opened"]), formats.number(one["resolved"]))
        for one in found
    ]
    return _listing(visitor, "findings", N_("Findings"), heads, rows)


def _plans(visitor: Visitor, formats: Formats, found: list[dict[str, Any]]) -> Listing:
    heads = columns(
        visitor, N_("Plan"), N_("Fiscal year"), N_("Needs now"), N_("Needs afterwards"), N_("Change"),
        numbers=(2, 3, 4),
    )  # fmt: skip
    rows = [
        (
            f"{plan['plan']} ({plan['agency']})",
            str(year["year"]),
            formats.amount(Decimal(year["before"]), plan["currency"]),
            formats.amount(Decimal(year["after"]), plan["currency"]),
            "–" if year["change_pct"] is None else f"{formats.number(Decimal(year['change_pct']))} %",
        )
        for plan in found
        for year in plan["years"]
    ]
    return _listing(visitor, "plans", N_("Needs of saved plans by year"), heads, rows)


def _changes(visitor: Visitor, formats: Formats, found: list[dict[str, Any]]) -> Listing:
    heads = columns(visitor, N_("Product"), N_("Release"), N_("Field"), N_("Now"), N_("Afterwards"))
    rows = [
        (
            one["product"],
            one["release"] or "–",
            one["field"].replace("_", " "),
            _value(one["before"]),
            _value(one["after"]),
        )
        for one in found
    ]
    return _listing(visitor, "changes", N_("Facts that change"), heads, rows)


def _value(value: Any) -> str:
    return "–" if value is None else str(value)[:200]


def _problems(visitor: Visitor, found: list[dict[str, Any]]) -> Listing:
    heads = columns(visitor, N_("Product"), N_("Release"), N_("Why it was left out"))
    rows = [(one["product"], one["release"] or "–", one["message"]) for one in found]
    return _listing(visitor, "problems", N_("Parts that make no sense and are left out"), heads, rows)


def _missing(visitor: Visitor, found: list[str]) -> Listing:
    rows = [(slug,) for slug in found]
    heads = columns(visitor, N_("Product"))
    return _listing(
        visitor, "missing", N_("Products that the source no longer tells; they stay"), heads, rows
    )
