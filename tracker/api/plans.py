"""Refresh plans: list, make, preview, show, compare, workbook."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, status
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from tracker.api.access import (
    AfterId,
    AsOf,
    Caller,
    Clock,
    Database,
    Id,
    Language,
    Limit,
    ReadSession,
)
from tracker.api.files import XLSX, new_file, send_file
from tracker.api.pages import Page
from tracker.api.problems import problems
from tracker.budgeting import actions, queries
from tracker.budgeting.schemas import NewPlan, PlanSummary, plain_values
from tracker.budgeting.workbook import write_plan

router = APIRouter(prefix="/plans", tags=["plans"])

_EXAMPLE = {
    "name": "Refresh 2027-2029",
    "agency_code": "KAB",
    "years": [2027, 2029],
    "budgets": {"2027": "2500000000", "2028": "2500000000", "2029": "2500000000"},
    "currency": "IDR",
    "method": "ranked",
    "limits": {
        "caps": [{"agency_codes": ["KAB"], "budgets": {"2027": "2000000000"}}],
        "floors": [{"service_area": "remote", "share_pct": 30}],
        "capacity": {"2027": 200},
        "smoothing_pct": 20,
    },
}
_MADE: JsonDict = {
    "plan": "Refresh 2027-2029",
    "currency": "IDR",
    "objective": 41250,
    "bound": None,
    "gap": None,
    "years": {"2027": {"budget": "2500000000.00", "cost": "2498000000.00", "actions": 166}},
    "deferred": 12,
    "seconds": 0.42,
    "id": 17,
}
OtherRef = Annotated[str | None, Query(max_length=200, description="Id or name of a third plan.")]
PlanRef = Annotated[str, Query(max_length=200, description="Id or name of a plan.")]


class PlanYear(BaseModel):
    """A fiscal year; amounts are decimal strings in major units."""

    budget: str
    cost: str
    actions: int


class MadePlan(BaseModel):
    """What a plan comes to. `bound` and `gap` are null where the method proves none; `id` is null for a
    preview."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MADE]})
    plan: str
    currency: str
    objective: int
    bound: float | None
    gap: float | None
    years: dict[str, PlanYear]
    deferred: int
    seconds: float
    id: int | None


class ListedPlan(BaseModel):
    """A plan in the list; amounts are decimal strings in major units."""

    id: int
    name: str
    agency: str
    method: str
    currency: str
    first_year: int
    last_year: int
    as_of: date
    created_at: datetime
    actor: str
    budget: str
    cost: str
    actions: int
    deferred: int
    objective: int
    state: str
    adjustments: int


def _listed(plan: PlanSummary) -> dict[str, Any]:
    return {name: plain_values(getattr(plan, name)) for name in ListedPlan.model_fields}


@router.get("", response_model=Page[ListedPlan])
def list_plans(
    session: ReadSession, caller: Caller, after: AfterId = None, limit: Limit = 50
) -> dict[str, object]:
    """Plans of your agencies, newest first."""
    rows = queries.list_plans(session, caller, limit + 1, after)
    page = rows[:limit]
    return {"items": [_listed(row) for row in page], "next": str(page[-1].id) if len(rows) > limit else None}


_Wanted = Annotated[NewPlan, Body(openapi_examples={"three years": {"value": _EXAMPLE}})]


@router.post("", status_code=status.HTTP_201_CREATED, response_model=MadePlan, responses=problems(404, 409))
def make_plan(engine: Database, caller: Caller, clock: Clock, wanted: _Wanted) -> dict[str, object]:
    """Make a plan and save it."""
    made = actions.create_plan(engine, caller, wanted, clock.today, clock.now)
    return {**made.to_json(), "id": made.id}


@router.post("/preview", response_model=MadePlan, responses=problems(404, 409))
def preview_plan(
    engine: Database, caller: Caller, clock: Clock, wanted: _Wanted, as_of: AsOf = None
) -> dict[str, object]:
    """What a plan would come to, today or on another day; nothing is stored."""
    if as_of:
        made = actions.plan_as_of(engine, caller, wanted, as_of, clock.now)
    else:
        made = actions.preview_plan(engine, caller, wanted, clock.today, clock.now)
    return {**made.to_json(), "id": None}


@router.get("/compare", responses=problems(404, 409))
def compare_plans(
    session: ReadSession, caller: Caller, a: PlanRef, b: PlanRef, c: OtherRef = None
) -> dict[str, Any]:
    """What plan `b` (and plan `c`) does otherwise than plan `a`, group by group."""
    return queries.compare_plans(session, caller, *((a, b) if c is None else (a, b, c))).to_json()


@router.get("/{plan_id}", responses=problems(404))
def get_plan(session: ReadSession, caller: Caller, plan_id: Id, language: Language = "en") -> dict[str, Any]:
    """A plan with every line, reason, assumption and warning; sentences in `language`."""
    return queries.get_plan(session, caller, plan_id).full_json(language)


@router.get("/{plan_id}/workbook", response_class=FileResponse, responses=problems(404) | XLSX)
def get_plan_workbook(
    session: ReadSession, caller: Caller, plan_id: Id, language: Language = "en"
) -> FileResponse:
    """The plan as an xlsx workbook with live formulas."""
    plan = queries.get_plan(session, caller, plan_id)
    path = new_file(".xlsx")
    write_plan(plan, path, language)
    return send_file(path, f"plan-{plan.id}.xlsx")
