"""What happens to a saved plan, in pages: scenarios, changes by hand, approval, progress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fastapi import Request, Response
from sqlmodel import Session

from tracker.budgeting import frozen, queries
from tracker.budgeting.adjustments import adjust_plan, undo_adjustment
from tracker.budgeting.models import PlanStep, ProgressStep
from tracker.budgeting.progress import NewProgress, get_progress, record_progress
from tracker.budgeting.scenarios import create_scenario
from tracker.budgeting.schemas import EditKind, NewScenario, PlanEdit, PlanLineView, PlanView
from tracker.budgeting.workflow import take_step
from tracker.db import reading, transaction
from tracker.identity.errors import Conflict, Invalid, NotFound, TrackerError
from tracker.identity.rules import Permission
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted
from tracker.web.pages import plan_forms as forms
from tracker.web.pages import plan_step_views as views
from tracker.web.rendering import formats_for, render
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()


def _whole(text: str | None) -> int | None:
    """A whole number as typed, thousands marks left out; None when it is none."""
    plain = (text or "").replace(".", "").replace(",", "").replace("\u00a0", "")
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 10 else None


def _done(
    request: Request, visitor: Visitor, act: Callable[[Session], None], urls: tuple[str, str], flash: str
) -> Response:
    """Act in one transaction, then go to the first address; when the form was wrong, to the second."""
    secure = get_settings(request).cookie_secure
    try:
        with transaction(get_engine(request)) as session:
            act(session)
    except Conflict as error:
        # What was looked at may be gone: the line was moved by someone else.
        return redirect(urls[0], _refusal(visitor, error), secure=secure)
    except Invalid as error:
        return redirect(urls[1], _refusal(visitor, error), secure=secure)
    return redirect(urls[0], Flash(flash), secure=secure)


def _refusal(visitor: Visitor, error: TrackerError) -> Flash:
    return Flash("plan-refused", {"why": error_text(visitor, error)})


@router.get("/plans/{plan_id}/lines/{position}")
def show_line(request: Request, visitor: SignedIn, plan_id: int, position: int) -> Response:
    """One line, with what can be changed in a draft or recorded of an approved plan."""
    with reading(get_engine(request)) as session:
        plan = queries.get_plan(session, visitor.principal, plan_id)
        told = get_progress(session, visitor.principal, plan_id)
    line = _line(plan, position)
    entries = next((one.entries for one in told.lines if one.position == position), ())
    page = views.line_page(visitor, formats_for(request, visitor), plan, line, entries)
    return render(request, visitor, "plan_line.html", page)


def _line(plan: PlanView, position: int) -> PlanLineView:
    found = next((one for one in (*plan.lines, *plan.deferred) if one.position == position), None)
    if found is None:
        raise NotFound("line-not-found", "The plan has no such line.")
    return found


@router.post("/plans/{plan_id}/lines/{position}")
def adjust_line(request: Request, visitor: SignedIn, plan_id: int, position: int, form: Form) -> Response:
    """Change a line by hand."""
    visitor.need(Permission.PLAN)
    here = f"/plans/{plan_id}/lines/{position}"
    year = form.text("year")
    back = f"/plans/{plan_id}?view={year or form.text('view')}"
    try:
        edit = _edit(visitor, position, form)
    except Invalid as error:
        return redirect(here, _refusal(visitor, error), secure=get_settings(request).cookie_secure)

    def act(session: Session) -> None:
        adjust_plan(session, visitor.principal, plan_id, edit, visitor.now)

    return _done(request, visitor, act, (back, here), "plan-adjusted")


def _edit(visitor: Visitor, position: int, form: Posted) -> PlanEdit:
    price = form.text("price")
    amount = forms.read_amount(price, visitor.language) if price else None
    kind = form.text("kind")
    if kind not in set(EditKind) or (price and amount is None) or len(form.text("comment")) > 500:
        raise Invalid("bad-adjustment", "This is no change of a line, or no price.")
    return PlanEdit(
        revision=_whole(form.find("revision")) or 0,
        position=position,
        kind=EditKind(kind),
        year=None if form.text("year") == "deferred" else _whole(form.find("year")),
        units=_whole(form.find("units")),
        price=amount,
        comment=form.text("comment"),
    )


@router.post("/plans/{plan_id}/undo")
def undo(request: Request, visitor: SignedIn, plan_id: int, form: Form) -> Response:
    """Take back the last adjustment."""
    visitor.need(Permission.PLAN)
    here = f"/plans/{plan_id}"

    def act(session: Session) -> None:
        undo_adjustment(session, visitor.principal, plan_id, visitor.now)

    return _done(request, visitor, act, (here, here), "plan-undone")


@router.post("/plans/{plan_id}/steps")
def step(request: Request, visitor: SignedIn, plan_id: int, form: Form) -> Response:
    """Submit, return, approve or comment."""
    chosen = form.text("step")
    wanted = PlanStep(chosen) if chosen in set(PlanStep) else PlanStep.COMMENTED
    here = f"/plans/{plan_id}"
    supersedes = form.find("supersedes")

    def act(session: Session) -> None:
        take_step(
            session,
            visitor.principal,
            plan_id,
            wanted,
            visitor.now,
            form.text("comment")[:2000],
            int(supersedes) if supersedes and supersedes.isascii() and supersedes.isdigit() else None,
        )

    return _done(request, visitor, act, (here, here), f"plan-{wanted.value}")


@router.get("/plans/{plan_id}/progress")
def show_progress(request: Request, visitor: SignedIn, plan_id: int) -> Response:
    """Planned against actual."""
    with reading(get_engine(request)) as session:
        row = frozen.get_row(session, visitor.principal, plan_id)
        found = get_progress(session, visitor.principal, plan_id)
    page = views.progress_page(visitor, formats_for(request, visitor), plan_id, row.name, found)
    return render(request, visitor, "plan_progress.html", page)


@router.post("/plans/{plan_id}/lines/{position}/progress")
def add_progress(request: Request, visitor: SignedIn, plan_id: int, position: int, form: Form) -> Response:
    """Record units as ordered, delivered or replaced."""
    visitor.need(Permission.PLAN)
    here = f"/plans/{plan_id}/lines/{position}"
    try:
        new = _progress(visitor, position, form)
    except Invalid as error:
        return redirect(here, _refusal(visitor, error), secure=get_settings(request).cookie_secure)

    def act(session: Session) -> None:
        record_progress(session, visitor.principal, plan_id, new, visitor.now)

    return _done(request, visitor, act, (f"/plans/{plan_id}/progress", here), "progress-recorded")


def _progress(visitor: Visitor, position: int, form: Posted) -> NewProgress:
    typed = form.text("amount")
    amount = forms.read_amount(typed, visitor.language) if typed else None
    if form.text("step") not in set(ProgressStep) or (typed and amount is None):
        raise Invalid("bad-progress", "A step and, where given, an amount are needed.")
    try:
        day = date.fromisoformat(form.text("happened_on"))
    except ValueError as error:
        raise Invalid("bad-date", "A date such as 2027-01-31 is needed.") from error
    return NewProgress(
        position=position,
        step=ProgressStep(form.text("step")),
        happened_on=day,
        units=_whole(form.find("units")) or 0,
        amount=amount,
        new_asset=form.text("new_asset")[:200] or None,
    )


@router.get("/plans/{plan_id}/scenario")
def show_scenario(request: Request, visitor: SignedIn, plan_id: int) -> Response:
    """The form for another plan made from this one."""
    visitor.need(Permission.PLAN)
    return _scenario(request, visitor, plan_id, None)


def _scenario(
    request: Request, visitor: Visitor, plan_id: int, form: Posted | None, error: str | None = None
) -> Response:
    with reading(get_engine(request)) as session:
        kept = frozen.get_kept(session, visitor.principal, plan_id, Permission.PLAN)
    formats = formats_for(request, visitor)
    page = views.scenario_page(visitor, formats, kept, None if form is None else form.fields, error)
    return render(request, visitor, "plan_scenario.html", page, status=200 if form is None else 422)


@router.post("/plans/{plan_id}/scenario")
def make_scenario(request: Request, visitor: SignedIn, plan_id: int, form: Form) -> Response:
    """Make and save another plan from this one."""
    visitor.need(Permission.PLAN)
    engine = get_engine(request)
    with reading(engine) as session:
        kept = frozen.get_kept(session, visitor.principal, plan_id, Permission.PLAN)
    try:
        wanted = NewScenario(
            name=form.text("name"),
            basis="today" if form.text("basis") == "today" else "frozen",
            budgets=forms.read_budgets(visitor, form, kept.request.years),
            limits=forms.read_limits(visitor, form),
            method=form.find("method"),
            inflation_pct=forms.read_percent(visitor, form),
            keep_decisions=form.text("keep") == "yes",
        )
        made = create_scenario(engine, visitor.principal, plan_id, wanted, visitor.today, visitor.now)
    except (Invalid, Conflict) as error:
        return _scenario(request, visitor, plan_id, form, error_text(visitor, error))
    return redirect(f"/plans/{made.id}", Flash("plan-made"), secure=get_settings(request).cookie_secure)
