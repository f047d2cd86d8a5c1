"""Working on findings: acts over the chosen ones or over all of a filter, and the page of one with its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import Request, Response
from sqlmodel import Session

from tracker.budgeting import linking
from tracker.budgeting.queries import list_plans
from tracker.db import reading, transaction
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.rules import Permission
from tracker.lifecycle import handling, queries, workflow
from tracker.lifecycle.handling import ActView
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.schemas import FindingFilter, FindingRow
from tracker.lifecycle.workflow import Handling
from tracker.web.choices import Fact, Option
from tracker.web.finding_filters import read_filter
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form, Posted
from tracker.web.i18n import N_
from tracker.web.pages.asset_summary import Flag, make_flag
from tracker.web.rendering import formats_for, render, translate
from tracker.web.terms import term
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router, safe_target

router = page_router()
_MOST_PLANS = 50


@dataclass(frozen=True, slots=True)
class WorkForms:
    """What the forms of acts offer: people and plans, the last day of a waiver, and what goes with them unseen."""

    people: tuple[Option, ...]
    plans: tuple[Option, ...]
    today: date
    latest: date
    may_waive: bool
    hidden: tuple[tuple[str, str], ...]
    is_bulk: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history of a finding."""

    at: str
    when: str
    title: str
    detail: str
    mark: str


@dataclass(frozen=True, slots=True)
class FindingPage:
    """One finding: what it is, how it stands, what may be done, what was done."""

    finding: FindingRow
    asset: str
    flag: Flag
    standing: tuple[Fact, ...]
    is_waived: bool
    forms: WorkForms | None
    history: tuple[Entry, ...]
    episodes: tuple[tuple[str, str], ...]


def make_forms(
    session: Session, visitor: Visitor, hidden: Mapping[str, str | None], *, is_bulk: bool
) -> WorkForms | None:
    """The forms for whoever may handle findings, None for others. Three statements."""
    if not (visitor.may(Permission.MANAGE_FINDINGS) or visitor.may(Permission.WAIVE)):
        return None
    waivers = get_policy(session, day=visitor.today).waivers
    plans = list_plans(session, visitor.principal, _MOST_PLANS)
    people = handling.list_people(session, visitor.principal)
    return WorkForms(
        people=tuple(Option(email, email) for email in people),
        plans=tuple(Option(str(one.id), one.name) for one in plans),
        today=visitor.today,
        latest=visitor.today + timedelta(days=waivers.max_days),
        may_waive=visitor.may(Permission.WAIVE),
        hidden=tuple((name, value) for name, value in hidden.items() if value),
        is_bulk=is_bulk,
    )


def _day(form: Posted, name: str) -> date | None:
    typed = form.find(name)
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError as error:
        raise Invalid("bad-date", "a date such as 2027-01-31 is needed") from error


def _needed_day(form: Posted, name: str) -> date:
    day = _day(form, name)
    if day is None:
        raise Invalid("bad-date", "a date such as 2027-01-31 is needed")
    return day


def _plan(at: Handling, form: Posted) -> int:
    typed = form.text("plan")
    if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
        raise NotFound("plan-not-found", "Choose a plan.")
    return linking.link_plan(at, int(typed))


_ACTS: Mapping[str, Callable[[Handling, Posted], int]] = {
    "acknowledge": lambda at, _form: workflow.acknowledge(at),
    "assign": lambda at, form: workflow.assign(at, form.text("to"), _day(form, "due_on")),
    "unassign": lambda at, _form: workflow.unassign(at),
    "comment": lambda at, form: workflow.comment(at, form.text("comment")),
    "ask-waiver": lambda at, form: workflow.ask_waiver(
        at, form.text("reason"), form.text("control"), _needed_day(form, "until")
    ),
    "grant-waiver": lambda at, form: workflow.grant_waiver(at, form.text("words")),
    "refuse-waiver": lambda at, form: workflow.refuse_waiver(at, form.text("words")),
    "end-waiver": lambda at, form: workflow.end_waiver(at, form.text("words")),
    "link-plan": _plan,
}


def _chosen(form: Posted, today: date) -> FindingFilter | None:
    """The findings that the form means: those ticked, or all of the filter; None where none is ticked."""
    if form.text("which") == "all":
        return read_filter(form.fields, today)
    numbers = (name.removeprefix("finding-") for name in form.fields if name.startswith("finding-"))
    ids = tuple(int(text) for text in numbers if text.isascii() and text.isdigit() and len(text) < 19)
    return FindingFilter(ids=ids, on=today) if ids else None


@router.post("/findings/act")
def do_act(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Do one act on the chosen findings."""
    back, secure = safe_target(form.text("next") or "/findings"), get_settings(request).cookie_secure
    act = _ACTS.get(form.text("act"))
    wanted = _chosen(form, visitor.today)
    if act is None or wanted is None:
        return redirect(back, Flash("findings-none-chosen"), secure=secure)
    try:
        with transaction(get_engine(request)) as session:
            count = act(Handling(session, visitor.principal, wanted, visitor.today, visitor.now), form)
    except (Invalid, NotFound) as error:
        return redirect(
            back, Flash("findings-not-handled", {"why": error_text(visitor, error)}), secure=secure
        )
    formats = formats_for(request, visitor)
    flash = Flash("findings-handled" if count else "findings-none-fit", {"count": formats.number(count)})
    return redirect(back, flash, secure=secure)


@router.get("/findings/{finding_id:int}")
def show_finding(request: Request, visitor: SignedIn, finding_id: int) -> Response:
    """One finding, open or resolved, with everything that was done about it."""
    wanted = FindingFilter(ids=(finding_id,), state="all", on=visitor.today)
    with reading(get_engine(request)) as session:
        found = queries.list_findings(session, visitor.principal, wanted).items
        if not found:
            raise NotFound("finding-not-found", f"There is no finding {finding_id}.")
        acts = handling.list_acts(session, visitor.principal, finding_id)
        episodes = handling.list_episodes(session, visitor.principal, finding_id)
        hidden = {f"finding-{finding_id}": "yes", "next": f"/findings/{finding_id}"}
        forms = make_forms(session, visitor, hidden, is_bulk=False) if found[0].resolved_on is None else None
    formats, one = formats_for(request, visitor), found[0]
    page = FindingPage(
        finding=one,
        asset=one.asset_tag or one.asset_name,
        flag=make_flag(visitor, formats, one),
        standing=tuple(standing(visitor, formats, one)),
        is_waived=one.waived_until is not None,
        forms=forms,
        history=tuple(_history(visitor, formats, one, acts)),
        episodes=tuple(
            (f"/findings/{e.id}", f"{formats.day(e.opened_on)} – {formats.day(e.resolved_on)}")
            for e in episodes
        ),
    )
    return render(request, visitor, "finding.html", page)


def standing(visitor: Visitor, formats: Formats, one: FindingRow) -> list[Fact]:
    """How a finding stands with people, as facts; only what there is."""
    work = one.work
    told: tuple[tuple[str, str | None], ...] = (
        (N_("Acknowledged by"), work.acknowledged_by),
        (N_("Assigned to"), work.assignee),
        (N_("Due on"), formats.day(work.due_on) if work.due_on else None),
        (N_("Waiver asked for until"), formats.day(work.asked_until) if work.asked_until else None),
        (N_("Asked by"), work.asked_by),
        (N_("Waived until"), formats.day(one.waived_until) if one.waived_until else None),
        (N_("Waiver approved by"), work.waived_by if one.waived_until else None),
    )
    return [Fact(translate(visitor, label), value) for label, value in told if value]


def _history(visitor: Visitor, formats: Formats, one: FindingRow, acts: list[ActView]) -> list[Entry]:
    """The newest first: what people did, between opening and resolution."""
    opened = formats.day(one.opened_on)
    entries = [Entry(one.opened_on.isoformat(), opened, translate(visitor, N_("Found by a scan")), "", "bad")]
    for act in acts:
        title = f"{translate(visitor, term('finding_act', act.act))} · {act.actor}"
        entries.append(
            Entry(act.at.isoformat(), formats.instant(act.at), title, _told(visitor, formats, act), "info")
        )
    if one.resolved_on is not None:
        resolved = translate(visitor, N_("Resolved: the rule does not hold any more"))
        entries.append(Entry(one.resolved_on.isoformat(), formats.day(one.resolved_on), resolved, "", "good"))
    return entries[::-1]


_TOLD: Mapping[str, str] = {
    "assignee": N_("Assigned to"),
    "due_on": N_("Due on"),
    "reason": N_("Reason"),
    "control": N_("Compensating control"),
    "until": N_("Until"),
    "plan": N_("Plan"),
}


def _told(visitor: Visitor, formats: Formats, act: ActView) -> str:
    parts = [str(act.detail["text"])] if act.detail.get("text") else []
    for name, label in _TOLD.items():
        value = act.detail.get(name)
        if value:
            shown = formats.day(str(value)) if name in ("due_on", "until") else str(value)
            parts.append(f"{translate(visitor, label)}: {shown}")
    return " · ".join(parts)
