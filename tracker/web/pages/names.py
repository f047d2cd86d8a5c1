"""The queue of names that nobody knew: filters, bulk decisions, merging into a known name."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

from tracker.db import reading, transaction
from tracker.identity.errors import Conflict, Invalid
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.inventory import suggestions as queue
from tracker.inventory.name_files import to_csv
from tracker.inventory.suggestion_models import NameState
from tracker.inventory.suggestions import SuggestionView
from tracker.web.choices import Column, Option, Tab, address, agency_options, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted
from tracker.web.i18n import N_
from tracker.web.rendering import formats_for, render, translate
from tracker.web.terms import TERMS, term
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_PER_PAGE = 50
_ACTIONS = {"accept": NameState.ACCEPTED, "ignore": NameState.IGNORED, "reopen": NameState.OPEN}
_FLASHES = {"accept": "names-accepted", "ignore": "names-ignored", "reopen": "names-reopened"}
_QUERY = ("agency", "kind", "state", "q")


@dataclass(frozen=True, slots=True)
class NearName:
    """A known name that is like the open one: `value` is what the button sends."""

    value: str
    label: str
    likeness: str


@dataclass(frozen=True, slots=True)
class NameLine:
    """One name as shown."""

    suggestion: SuggestionView
    name: str
    nearest: tuple[NearName, ...]
    became: str | None


@dataclass(frozen=True, slots=True)
class NamesPage:
    """A page of names with its filter."""

    rows: tuple[NameLine, ...]
    columns: tuple[Column, ...]
    tabs: tuple[Tab, ...]
    classes: tuple[Option, ...]
    agencies: tuple[Option, ...]
    kinds: tuple[Option, ...]
    agency: str | None
    kind: str | None
    state: str
    text: str
    may_decide: bool
    is_filtered: bool
    csv_url: str
    first_url: str | None
    next_url: str | None


def _wanted(values: dict[str, str]) -> dict[str, str | None]:
    kind, state = values.get("kind"), values.get("state") or NameState.OPEN.value
    return {
        "agency": values.get("agency") or None,
        "kind": kind if kind in TERMS["name_kind"] else None,
        "state": state if state in TERMS["name_state"] else NameState.OPEN.value,
        "q": (values.get("q") or "").strip()[:200] or None,
    }


@router.get("/names")
def list_names(request: Request, visitor: SignedIn, after: str | None = None) -> Response:
    """Names to be decided, or those decided before."""
    wanted = _wanted(dict(request.query_params))
    last = int(after) if after and after.isascii() and after.isdigit() and len(after) < 19 else None
    with reading(get_engine(request)) as session:
        found = queue.list_suggestions(
            session, visitor.principal, agency=wanted["agency"], kind=wanted["kind"], state=wanted["state"],
            text=wanted["q"], after=last, limit=_PER_PAGE + 1,
        )  # fmt: skip
        counted = queue.count_suggestions(session, visitor.principal, wanted["agency"])
        agencies = agency_options(list_agencies(session, visitor.principal))
    shown = found[:_PER_PAGE]
    more = len(found) > _PER_PAGE
    page = NamesPage(
        rows=tuple(_line(request, visitor, one) for one in shown),
        columns=_columns(visitor, str(wanted["state"])),
        tabs=tuple(_tabs(visitor, wanted, counted)),
        classes=term_options(visitor, "asset_class"),
        agencies=agencies,
        kinds=term_options(visitor, "name_kind"),
        agency=wanted["agency"],
        kind=wanted["kind"],
        state=str(wanted["state"]),
        text=wanted["q"] or "",
        may_decide=visitor.may(Permission.IMPORT),
        is_filtered=any(wanted[name] for name in ("agency", "kind", "q")),
        csv_url=address("/names/decided.csv", {"agency": wanted["agency"]}),
        first_url=address("/names", wanted) if last else None,
        next_url=address("/names", wanted, after=str(shown[-1].id)) if more else None,
    )
    return render(request, visitor, "names.html", page)


def _columns(visitor: Visitor, state: str) -> tuple[Column, ...]:
    last = N_("Nearest known names") if state == NameState.OPEN else N_("Decision")
    labels = (N_("Name"), N_("Kind"), N_("Agency"), N_("Assets"), last)
    return columns(visitor, *labels, numbers=(3,))


def _tabs(visitor: Visitor, wanted: dict[str, str | None], counted: dict[tuple[str, str], int]) -> list[Tab]:
    kind = wanted["kind"]
    found = []
    for state in TERMS["name_state"]:
        count = sum(n for (of, where), n in counted.items() if where == state and kind in (None, of))
        url = address("/names", wanted, state=state)
        label = translate(visitor, term("name_state", state))
        found.append(Tab(url, label, count, wanted["state"] == state))
    return found


def _line(request: Request, visitor: Visitor, one: SuggestionView) -> NameLine:
    formats = formats_for(request, visitor)

    def shown(maker: object, value: object) -> str:
        if one.kind == "class":
            return translate(visitor, term("asset_class", str(value)))
        return f"{maker or ''} {value}".strip()

    nearest = tuple(
        NearName(
            f"{one.id}:{at}", shown(near["manufacturer"], near["value"]), formats.percent(near["likeness"])
        )
        for at, near in enumerate(one.nearest)
    )
    name = f"{one.manufacturer} {one.value}".strip()
    became = shown(one.target_manufacturer, one.target) if one.target else None
    return NameLine(one, name, nearest, became)


@router.get("/names/decided.csv")
def export_names(request: Request, visitor: SignedIn, agency: str | None = None) -> Response:
    """Everything that was decided, for another agency or installation."""
    with reading(get_engine(request)) as session:
        views = queue.list_suggestions(session, visitor.principal, agency=agency, state=None, limit=None)
    head = {"Content-Disposition": 'attachment; filename="names.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + to_csv(queue.exported(views)), media_type="text/csv", headers=head)


@router.post("/names")
def decide(request: Request, visitor: SignedIn, form: Form) -> Response:
    """What was chosen is accepted, ignored or opened again; or one name is merged."""
    visitor.need(Permission.IMPORT)
    back = address("/names", _wanted({name: form.text(name) for name in _QUERY}))
    secure = get_settings(request).cookie_secure
    merged = form.find("merge")
    if merged is not None:
        return redirect(back, _merge(request, visitor, form, merged), secure=secure)
    action = form.text("action")
    ids = [int(name[5:]) for name in form.fields if name.startswith("name-") and name[5:].isdecimal()]
    if action not in _ACTIONS or not ids:
        return redirect(back, Flash("names-none"), secure=secure)
    with transaction(get_engine(request)) as session:
        count = queue.decide_names(session, visitor.principal, ids, _ACTIONS[action], visitor.now)
    values = {"count": formats_for(request, visitor).number(count)}
    return redirect(back, Flash(_FLASHES[action], values), secure=secure)


def _merge(request: Request, visitor: Visitor, form: Posted, wanted: str) -> Flash:
    """Merge one name into the known one whose button was pressed, or into what was typed."""
    number, _, place = wanted.partition(":")
    suggestion_id = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
    target: str = form.text(f"target-{suggestion_id}")
    maker: str | None = None
    try:
        with transaction(get_engine(request)) as session:
            if place.isdecimal():
                one = queue.get_suggestion(session, visitor.principal, suggestion_id)
                near = one.nearest[int(place)] if int(place) < len(one.nearest) else {}
                target, maker = str(near.get("value") or ""), str(near.get("manufacturer") or "")
            changed = queue.merge_name(session, visitor.principal, suggestion_id, target, visitor.now, maker)
    except (Conflict, Invalid) as error:
        return Flash("names-not-merged", {"why": error_text(visitor, error)})
    return Flash("names-merged", {"name": target, "count": formats_for(request, visitor).number(changed)})
