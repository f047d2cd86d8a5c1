"""What happens to a saved plan: scenarios, changes by hand, approval, progress, sensitivity."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, status
from pydantic import BaseModel, ConfigDict, Field

from tracker.api.access import Caller, Clock, Database, Id, ReadSession, WriteSession
from tracker.api.plans import MadePlan
from tracker.api.problems import problems
from tracker.budgeting import frozen, history, queries
from tracker.budgeting.adjustments import adjust_plan, undo_adjustment
from tracker.budgeting.models import PlanStep
from tracker.budgeting.progress import NewProgress, get_progress, record_progress
from tracker.budgeting.scenarios import create_scenario
from tracker.budgeting.schemas import NewScenario, PlanEdit, plain_values
from tracker.budgeting.studies import find_study, study_plan
from tracker.budgeting.workflow import take_step
from tracker.identity.errors import NotFound
from tracker.identity.schemas import Principal

router = APIRouter(prefix="/plans", tags=["plans"])

_CLONE = {
    "name": "Half the money",
    "basis": "frozen",
    "budgets": {"2027": "1250000000", "2028": "1250000000"},
}
_EDIT = {"revision": 0, "position": 3, "kind": "move", "year": 2028, "units": 5, "comment": "after the move"}
_STEP = {"step": "submitted", "comment": "as agreed in the meeting"}
_PROGRESS = {
    "position": 3,
    "step": "delivered",
    "happened_on": "2027-03-01",
    "units": 5,
    "amount": "75000000",
}


class NewStep(BaseModel):
    """A step of a plan. An approval may name the approved plan that it supersedes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    step: PlanStep
    comment: str = Field(default="", max_length=2000)
    supersedes: int | None = None


class PlanNow(BaseModel):
    """Where a plan stands after a change; amounts of warnings stand in their sentences."""

    id: int
    state: str
    revision: int
    adjustments: int
    objective: int
    gap: float | None
    deferred: int
    warnings: list[str]


def _now(session: ReadSession, caller: Principal, plan_id: int) -> dict[str, object]:
    plan = queries.get_plan(session, caller, plan_id)
    return {
        "id": plan.id, "state": plan.state, "revision": plan.revision, "adjustments": plan.adjustments,
        "objective": plan.objective, "gap": None if plan.gap is None else float(plan.gap),
        "deferred": plan.deferred_units, "warnings": plan.warnings(),
    }  # fmt: skip


_Scenario = Annotated[NewScenario, Body(openapi_examples={"half the money": {"value": _CLONE}})]
_Edit = Annotated[PlanEdit, Body(openapi_examples={"a split": {"value": _EDIT}})]
_Step = Annotated[NewStep, Body(openapi_examples={"submit": {"value": _STEP}})]
_Progress = Annotated[NewProgress, Body(openapi_examples={"delivered": {"value": _PROGRESS}})]


@router.post(
    "/{plan_id}/scenarios",
    status_code=status.HTTP_201_CREATED,
    response_model=MadePlan,
    responses=problems(404, 409),
)
def make_scenario(
    engine: Database, caller: Caller, clock: Clock, plan_id: Id, wanted: _Scenario
) -> dict[str, object]:
    """Make another plan from a saved one, from its frozen needs or from today's findings."""
    made = create_scenario(engine, caller, plan_id, wanted, clock.today, clock.now)
    return {**made.to_json(), "id": made.id}


@router.post("/{plan_id}/adjustments", response_model=PlanNow, responses=problems(404, 409))
def adjust(
    session: WriteSession, caller: Caller, clock: Clock, plan_id: Id, wanted: _Edit
) -> dict[str, object]:
    """Change a line of a draft by hand: move, split, pin, exclude, another quantity or price."""
    adjust_plan(session, caller, plan_id, wanted, clock.now)
    return _now(session, caller, plan_id)


@router.delete("/{plan_id}/adjustments/last", response_model=PlanNow, responses=problems(404, 409))
def undo(session: WriteSession, caller: Caller, clock: Clock, plan_id: Id) -> dict[str, object]:
    """Take back the last adjustment that stands."""
    undo_adjustment(session, caller, plan_id, clock.now)
    return _now(session, caller, plan_id)


@router.get("/{plan_id}/steps", responses=problems(404))
def list_steps(session: ReadSession, caller: Caller, plan_id: Id) -> list[dict[str, Any]]:
    """What was done with a plan, newest first."""
    row = frozen.get_row(session, caller, plan_id)
    return [plain_values(one) for one in history.list_events(session, row.agency_id, plan_id)]


@router.post("/{plan_id}/steps", response_model=PlanNow, responses=problems(404, 409))
def step(
    session: WriteSession, caller: Caller, clock: Clock, plan_id: Id, wanted: _Step
) -> dict[str, object]:
    """Submit, return, approve or comment a plan. Who submitted a plan does not approve it."""
    take_step(session, caller, plan_id, wanted.step, clock.now, wanted.comment, wanted.supersedes)
    return _now(session, caller, plan_id)


@router.get("/{plan_id}/progress", responses=problems(404))
def show_progress(session: ReadSession, caller: Caller, plan_id: Id) -> dict[str, Any]:
    """What became of a plan: planned against actual, by year and line."""
    return get_progress(session, caller, plan_id).to_json()


@router.post("/{plan_id}/progress", responses=problems(404, 409))
def add_progress(
    session: WriteSession, caller: Caller, clock: Clock, plan_id: Id, wanted: _Progress
) -> dict[str, Any]:
    """Record units of a line of an approved plan as ordered, delivered or replaced."""
    record_progress(session, caller, plan_id, wanted, clock.now)
    return get_progress(session, caller, plan_id).to_json()


@router.get("/{plan_id}/sensitivity", responses=problems(404))
def show_sensitivity(session: ReadSession, caller: Caller, plan_id: Id) -> dict[str, Any]:
    """The newest sensitivity that was computed of a plan; amounts are whole minor units."""
    found = find_study(session, caller, plan_id)
    if found is None:
        raise NotFound("study-not-found", "The sensitivity of this plan was not computed yet.")
    return found.to_json()


@router.post("/{plan_id}/sensitivity", responses=problems(404))
def compute_sensitivity(engine: Database, caller: Caller, clock: Clock, plan_id: Id) -> dict[str, Any]:
    """Compute what the plan depends on: marginal values, the least that mandatory needs lack, seeded draws."""
    return study_plan(engine, caller, plan_id, clock.now).to_json()
