"""Names that wait for a person: what each was taken for and why, and forms to say what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.db import reading, transaction
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.identity.schemas import AgencyView
from tracker.inventory import deciding, review_queue
from tracker.inventory.queue_schemas import (
    DecisionView,
    NewDecision,
    QueueFilter,
    QueueGroup,
    QueueTitle,
    Suggestion,
)
from tracker.web.choices import Column, Option, address, agency_options, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted
from tracker.web.i18n import N_
from tracker.web.pages.match_views import NamePart, name_parts
from tracker.web.rendering import render, translate
from tracker.web.terms import TERMS, term
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router, safe_target

router = page_router()
_PER_PAGE = 20
_FIELDS = ("agency", "title_id", "product", "release", "outcome", "reason")


@dataclass(frozen=True, slots=True)
class TitleLine:
    """A title with the words underlined that its match rests on, what it was taken for, why, and by which rule."""

    title: QueueTitle
    parts: tuple[NamePart, ...]
    taken_for: str
    why: str | None
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A group of the queue; `options` are its proposal and suggestions, `number` tells its form from others."""

    number: int
    group: QueueGroup
    lines: tuple[TitleLine, ...]
    more: int
    nearness: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue; decisions are made for `agency`, the one chosen."""

    cards: tuple[GroupCard, ...]
    total: int
    confident: int
    agency: str | None
    agency_name: str
    agencies: tuple[Option, ...]
    kind: str | None
    kinds: tuple[Option, ...]
    text: str
    may_decide: bool
    is_filtered: bool
    here: str
    first_url: str | None
    next_url: str | None


@dataclass(frozen=True, slots=True)
class TitlePage:
    """One title: its match, what was decided about it in sight, and the full form."""

    line: TitleLine
    options: tuple[Option, ...]
    decisions: tuple[DecisionView, ...]
    columns: tuple[Column, ...]
    agencies: tuple[Option, ...]
    outcomes: tuple[Option, ...]
    may_decide: bool
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def _line(visitor: Visitor, title: QueueTitle) -> TitleLine:
    named = " ".join(part for part in (title.product_label, title.release) if part)
    rules = title.evidence.get("rules")
    return TitleLine(
        title,
        name_parts(title.name, title.evidence),
        named or translate(visitor, term("match_outcome", title.outcome)),
        translate(visitor, term("match_reason", title.reason)) if title.reason else None,
        tuple(str(rule) for rule in rules) if isinstance(rules, list) else (),
    )


def _options(proposed: Suggestion | None, suggestions: tuple[Suggestion, ...]) -> tuple[Option, ...]:
    """The proposal first, then what looks alike, each once."""
    found = {one.product: one.label for one in ((proposed,) if proposed else ()) + suggestions}
    return tuple(Option(slug, label) for slug, label in found.items())


def _card(visitor: Visitor, number: int, group: QueueGroup) -> GroupCard:
    return GroupCard(
        number,
        group,
        tuple(_line(visitor, title) for title in group.titles),
        group.title_count - len(group.titles),
        translate(visitor, term("nearness", str(group.nearness))),
        _options(group.proposed, group.suggestions),
    )


def _chosen(agencies: list[AgencyView], code: str | None) -> AgencyView | None:
    """The agency of the address, else the first."""
    return next((one for one in agencies if one.code == code), agencies[0] if agencies else None)


@router.get("/matching")
def show_queue(request: Request, visitor: SignedIn, after: str | None = None) -> Response:
    """The queue of one agency and what is below it, the heaviest names first."""
    given = request.query_params
    kind = given.get("kind") if given.get("kind") in TERMS["unresolved"] else None
    text = (given.get("q") or "").strip()[:200]
    with reading(get_engine(request)) as session:
        agencies = list_agencies(session, visitor.principal, Permission.VIEW)
        agency = _chosen(agencies, given.get("agency"))
        wanted = QueueFilter(agency.code if agency else None, kind, None, text or None)
        try:
            found = review_queue.list_queue(
                session, visitor.principal, visitor.today, wanted, after or None, _PER_PAGE
            )
        except Invalid:
            # A place that is none of ours: the first page is a better answer than an error.
            found = review_queue.list_queue(
                session, visitor.principal, visitor.today, wanted, None, _PER_PAGE
            )
    query = {"agency": given.get("agency"), "kind": kind, "q": text}
    cards = tuple(_card(visitor, number, group) for number, group in enumerate(found.items))
    page = QueuePage(
        cards=cards,
        total=found.total,
        confident=found.confident,
        agency=agency.code if agency else None,
        agency_name=agency.name if agency else "",
        agencies=agency_options(agencies),
        kind=kind,
        kinds=term_options(visitor, "unresolved"),
        text=text,
        may_decide=agency is not None
        and visitor.principal.scope(Permission.MANAGE_ASSETS).covers(agency.path),
        is_filtered=bool(kind or text),
        here=address("/matching", query),
        first_url=address("/matching", query) if after else None,
        next_url=address("/matching", query, after=found.next_cursor) if found.next_cursor else None,
    )
    return render(request, visitor, "matching.html", page)


@router.post("/matching/accept")
def accept(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Accept what the matcher is nearly sure of, in the queue as it is filtered."""
    visitor.need(Permission.MANAGE_ASSETS)
    wanted = QueueFilter(None, form.find("kind"), None, form.find("q"))
    with transaction(get_engine(request)) as session:
        made = deciding.accept_confident(
            session, visitor.principal, form.text("agency"), wanted, visitor.today, visitor.now
        )
    flash = Flash("proposals-accepted", {"names": str(len(made.decisions)), "titles": str(made.titles)})
    return redirect(safe_target(form.find("next")), flash, secure=get_settings(request).cookie_secure)


def _read(form: Posted) -> NewDecision:
    """Raises: ValidationError where a form lacks what a decision needs."""
    values = {name: form.find(name) for name in _FIELDS if form.find(name)}
    if values.get("outcome", "product") != "product":
        values = {name: value for name, value in values.items() if name not in ("product", "release")}
    return NewDecision.model_validate({**values, "exact": bool(form.find("exact"))})


@router.post("/matching/decide")
def decide(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Keep a decision about a group of names or about one title, and go back to where the form was."""
    visitor.need(Permission.MANAGE_ASSETS)
    try:
        with transaction(get_engine(request)) as session:
            made = deciding.decide(session, visitor.principal, _read(form), visitor.now)
    except ValidationError:
        return _refused(request, visitor, form, translate(visitor, N_("An agency and a product are needed.")))
    except (Invalid, NotFound) as error:
        return _refused(request, visitor, form, error_text(visitor, error))
    flash = Flash("name-decided", {"titles": str(made.titles)})
    return redirect(safe_target(form.find("next")), flash, secure=get_settings(request).cookie_secure)


def _refused(request: Request, visitor: Visitor, form: Posted, problem: str) -> Response:
    number = form.text("title_id")
    page = _title_page(request, visitor, int(number) if number.isdecimal() else 0, dict(form.fields), problem)
    return render(request, visitor, "matching_title.html", page, status=422)


@router.get("/matching/titles/{title_id}")
def show_title(request: Request, visitor: SignedIn, title_id: int) -> Response:
    """One title."""
    return render(request, visitor, "matching_title.html", _title_page(request, visitor, title_id))


def _title_page(
    request: Request,
    visitor: Visitor,
    title_id: int,
    typed: Mapping[str, str] | None = None,
    problem: str | None = None,
) -> TitlePage:
    with reading(get_engine(request)) as session:
        key, title = review_queue.get_title(session, visitor.principal, title_id)
        suggested = review_queue.suggest(session, title.name)
        decisions = deciding.list_decisions(session, visitor.principal, key=key, history=True)
        agencies = list_agencies(session, visitor.principal, Permission.MANAGE_ASSETS)
    own = Suggestion(title.product, title.product_label) if title.product and title.product_label else None
    names = (N_("Agency"), N_("Name"), N_("Decision"), N_("Reason"), N_("By"), N_("Since"), N_("Until"))
    return TitlePage(
        line=_line(visitor, title),
        options=_options(own, suggested),
        decisions=tuple(decisions),
        columns=columns(visitor, *names, tools=True),
        agencies=agency_options(agencies),
        outcomes=term_options(visitor, "decision"),
        may_decide=bool(agencies),
        typed=typed or {},
        problem=problem,
    )


@router.post("/matching/decisions/{decision_id}/end")
def take_back(request: Request, visitor: SignedIn, form: Form, decision_id: int) -> Response:
    """End a decision."""
    visitor.need(Permission.MANAGE_ASSETS)
    with transaction(get_engine(request)) as session:
        deciding.take_back(session, visitor.principal, decision_id, visitor.now)
    target = safe_target(form.find("next"))
    return redirect(target, Flash("decision-ended"), secure=get_settings(request).cookie_secure)
