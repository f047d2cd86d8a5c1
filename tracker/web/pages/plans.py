"""Refresh plans: listed, made, looked at year by year, downloaded, compared."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request, Response

from tracker.budgeting import actions, frozen, history, queries, workflow
from tracker.budgeting.schemas import PlanView
from tracker.budgeting.workbook import write_plan
from tracker.db import reading
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.web.choices import agency_options, term_options
from tracker.web.downloads import XLSX, send_file
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form
from tracker.web.pages import plan_forms as forms
from tracker.web.pages import plan_views as views
from tracker.web.pages.plan_compare_views import compare_page
from tracker.web.rendering import formats_for, render
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_PER_PAGE = 50
_MOST_OPTIONS = 200


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@router.get("/plans")
def list_plans(request: Request, visitor: SignedIn, before: str | None = None) -> Response:
    """Saved plans of the visitor's agencies."""
    last = _number(before)
    with reading(get_engine(request)) as session:
        plans = queries.list_plans(session, visitor.principal, _PER_PAGE + 1, last)
    page = views.list_page(visitor, plans, _PER_PAGE, visitor.may(Permission.PLAN), last)
    return render(request, visitor, "plans.html", page)


def _form(
    request: Request,
    visitor: Visitor,
    years: tuple[int, int],
    typed: Mapping[str, str],
    errors: Mapping[int, str],
    error: str | None = None,
) -> forms.NewPlanPage:
    with reading(get_engine(request)) as session:
        agencies = agency_options(list_agencies(session, visitor.principal, Permission.PLAN))
    methods = term_options(visitor, "method", sorted(actions.METHODS, reverse=True))
    formats = formats_for(request, visitor)
    return forms.make_form(visitor, formats, agencies, methods, years, typed, errors, error)


@router.get("/plans/new")
def show_new_plan(
    request: Request, visitor: SignedIn, first: str | None = None, length: str | None = None
) -> Response:
    """The form for a plan of the chosen years."""
    visitor.need(Permission.PLAN)
    years = forms.read_years(first, length, visitor.today.year)
    return render(request, visitor, "plan_new.html", _form(request, visitor, years, {}, {}))


@router.post("/plans")
def make_plan(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Make and save a plan; a form sent twice is told that the plan is there already."""
    visitor.need(Permission.PLAN)
    years = forms.read_years(form.find("first"), form.find("length"), visitor.today.year)
    try:
        wanted, errors = forms.read_plan(visitor, form)
        if errors:
            page = _form(request, visitor, wanted.years, form.fields, errors)
            return render(request, visitor, "plan_new.html", page, status=422)
        plan = actions.create_plan(get_engine(request), visitor.principal, wanted, visitor.today, visitor.now)
    except (Invalid, Conflict, NotFound) as error:
        text = error_text(visitor, error)
        page = _form(request, visitor, years, form.fields, {}, text)
        return render(
            request, visitor, "plan_new.html", page, status=409 if isinstance(error, Conflict) else 422
        )
    return redirect(f"/plans/{plan.id}", Flash("plan-made"), secure=get_settings(request).cookie_secure)


@router.get("/plans/compare")
def compare_plans(request: Request, visitor: SignedIn, a: str = "", b: str = "", c: str = "") -> Response:
    """What one or two other plans do otherwise than the first."""
    chosen = [number for number in (_number(a), _number(b), _number(c)) if number is not None]
    with reading(get_engine(request)) as session:
        plans = queries.list_plans(session, visitor.principal, _MOST_OPTIONS)
        found = None
        if len(chosen) > 1 and _number(a) is not None:
            found = queries.compare_plans(session, visitor.principal, *chosen)
    formats = formats_for(request, visitor)
    page = compare_page(visitor, formats, views.plan_options(plans), (a, b, c), found)
    return render(request, visitor, "plan_compare.html", page)


def _get(request: Request, visitor: Visitor, plan_id: int) -> PlanView:
    with reading(get_engine(request)) as session:
        return queries.get_plan(session, visitor.principal, plan_id)


@router.get("/plans/{plan_id}")
def show_plan(
    request: Request, visitor: SignedIn, plan_id: int, view: str = "", after: str | None = None
) -> Response:
    """One plan, by year."""
    with reading(get_engine(request)) as session:
        plan = queries.get_plan(session, visitor.principal, plan_id)
        row = frozen.get_row(session, visitor.principal, plan_id)
        events = history.list_events(session, row.agency_id, plan_id)
        approved = workflow.list_approved(session, visitor.principal, row.agency_id)
    formats = formats_for(request, visitor)
    steps = views.make_steps(visitor, formats, plan, events, approved)
    page = views.make_page(visitor, formats, plan, view, _number(after) or 0, steps)
    return render(request, visitor, "plan.html", page)


@router.get("/plans/{plan_id}/xlsx")
def download_plan(request: Request, visitor: SignedIn, plan_id: int) -> Response:
    """The plan as a workbook in the visitor's language."""
    plan = _get(request, visitor, plan_id)
    return send_file(lambda path: write_plan(plan, path, visitor.language), f"plan-{plan.name}.xlsx", XLSX)
