"""The sensitivity of a plan: computed on demand, kept with the plan, shown in words, tables and a chart."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

from tracker.budgeting import frozen
from tracker.budgeting.money import to_major
from tracker.budgeting.studies import StudyView, find_study, study_plan
from tracker.budgeting.study import DATE_CHANCE, INFLATION_POINTS, PERCENTILES, PRICE_PCT
from tracker.db import reading
from tracker.identity.rules import Permission
from tracker.web.charts import Chart, Group, Legend, Words, axis_values, column_chart, nice_top
from tracker.web.choices import Column, columns
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form
from tracker.web.i18n import N_
from tracker.web.rendering import formats_for, render, translate
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()


@dataclass(frozen=True, slots=True)
class TextRow:
    """A line of a table: its name and its cells."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyPage:
    """What was computed of a plan, or that nothing was."""

    plan_id: int
    name: str
    may_compute: bool
    study: StudyView | None
    made: str
    how: str
    lacks: tuple[str, ...]
    worths: tuple[str, ...]
    chart: Chart | None
    cost_columns: tuple[Column, ...]
    costs: tuple[TextRow, ...]
    removed: str
    draws: str


@router.get("/plans/{plan_id}/sensitivity")
def show_study(request: Request, visitor: SignedIn, plan_id: int) -> Response:
    """The newest sensitivity of a plan."""
    with reading(get_engine(request)) as session:
        row = frozen.get_row(session, visitor.principal, plan_id)
        found = find_study(session, visitor.principal, plan_id)
    page = _page(visitor, formats_for(request, visitor), (plan_id, row.name), found)
    return render(request, visitor, "plan_sensitivity.html", page)


@router.post("/plans/{plan_id}/sensitivity")
def compute_study(request: Request, visitor: SignedIn, plan_id: int, form: Form) -> Response:
    """Compute it and keep it."""
    visitor.need(Permission.PLAN)
    study_plan(get_engine(request), visitor.principal, plan_id, visitor.now)
    secure = get_settings(request).cookie_secure
    return redirect(f"/plans/{plan_id}/sensitivity", Flash("plan-studied"), secure=secure)


def _page(visitor: Visitor, formats: Formats, plan: tuple[int, str], found: StudyView | None) -> StudyPage:
    labels = [N_("Fiscal year"), *(f"P{percent}" for percent in PERCENTILES), N_("Budget suffices in")]
    return StudyPage(
        plan_id=plan[0],
        name=plan[1],
        may_compute=visitor.may(Permission.PLAN),
        study=found,
        made="" if found is None else f"{formats.instant(found.created_at)} · {found.actor}",
        how=""
        if found is None
        else translate(
            visitor,
            N_("Each figure is that of the best plan, solved anew.")
            if found.is_exact
            else N_(
                "The plan is large: figures are those of the relaxation, the most that any plan can remove."
            ),
        ),
        lacks=() if found is None else tuple(_lacks(visitor, formats, found)),
        worths=() if found is None else tuple(_worths(visitor, formats, found)),
        chart=None if found is None else _chart(visitor, formats, found),
        cost_columns=columns(visitor, *labels, numbers=range(1, 7)),
        costs=() if found is None else tuple(_costs(formats, found)),
        removed="" if found is None else _removed(visitor, formats, found),
        draws="" if found is None else _draws(visitor, formats, found),
    )


def _lacks(visitor: Visitor, formats: Formats, found: StudyView) -> list[str]:
    texts = []
    for one in found.lacks:
        amount = formats.money(one.short_minor, found.currency)
        if one.cap is None:
            text = N_("%(year)s lacks %(amount)s for mandatory items.")
            texts.append(translate(visitor, text, year=one.year, amount=amount))
        else:
            text = N_("The cap of %(cap)s in %(year)s lacks %(amount)s for mandatory items.")
            texts.append(translate(visitor, text, cap=one.cap, year=one.year, amount=amount))
    return texts


def _worths(visitor: Visitor, formats: Formats, found: StudyView) -> list[str]:
    text = N_(
        "The next %(amount)s in %(year)s remove %(removed)s risk-years: %(ratio)s risk points per million."
    )
    return [
        translate(
            visitor,
            text,
            amount=formats.money(one.step_minor, found.currency),
            year=one.year,
            removed=formats.number(one.removed),
            ratio=formats.number(one.per_million),
        )
        for one in found.worths
    ]


def _chart(visitor: Visitor, formats: Formats, found: StudyView) -> Chart:
    top = nice_top(float(max((point.best for point in found.curve), default=0)))
    best, ranked = translate(visitor, N_("Best")), translate(visitor, N_("Ranked fill"))
    groups = []
    for point in found.curve:
        shown = (formats.number(point.ranked), formats.number(point.best))
        parts = (
            (float(point.ranked), "rest", f"{point.percent} % {ranked}: {shown[0]}"),
            (float(point.best), "main", f"{point.percent} % {best}: {shown[1]}"),
        )
        budget = formats.money(point.budget_minor, found.currency)
        groups.append(Group(f"{point.percent} %", parts, (budget, *shown)))
    words = Words(
        translate(visitor, N_("Risk-years removed by budget")),
        translate(visitor, N_("Columns for 50 to 150 percent of every year's budget.")),
        columns(
            visitor, N_("Part of the budget"), N_("Budget"), N_("Ranked fill"), N_("Best"), numbers=(1, 2, 3)
        ),
        None,
        (Legend("rest", ranked), Legend("main", best)),
    )
    axis = [(value, formats.number(value)) for value in axis_values(top)]
    return column_chart(words, groups, axis, top)


def _costs(formats: Formats, found: StudyView) -> list[TextRow]:
    return [
        TextRow(
            str(year),
            (
                *(formats.bare_amount(to_major(value), found.currency) for value in values),
                formats.percent(found.chance.suffices[year]),
            ),
        )
        for year, values in sorted(found.chance.cost_minor.items())
    ]


def _removed(visitor: Visitor, formats: Formats, found: StudyView) -> str:
    low, *_, high = found.chance.removed
    text = N_("Risk-years removed: %(middle)s in the middle draw, from %(low)s to %(high)s in nine of ten.")
    middle = found.chance.removed[len(PERCENTILES) // 2]
    return translate(
        visitor, text, middle=formats.number(middle), low=formats.number(low), high=formats.number(high)
    )


def _draws(visitor: Visitor, formats: Formats, found: StudyView) -> str:
    text = N_(
        "%(draws)s draws with the seed %(seed)s. Inflation up to %(points)s points higher or lower, prices of a "
        "class up to %(prices)s percent (triangular), end dates a year earlier or later in %(chance)s percent each."
    )
    return translate(
        visitor,
        text,
        draws=formats.number(found.draws),
        seed=found.seed,
        points=formats.number(INFLATION_POINTS),
        prices=formats.number(PRICE_PCT),
        chance=formats.number(DATE_CHANCE * 100),
    )
