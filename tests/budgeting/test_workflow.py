"""A plan on its way: submitted by one, approved by another, superseded by the next; and what became of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.budgeting.test_adjusting import adjust, at, look, make
from tests.budgeting.test_requests_of_limits import FLEET, KEY_A
from tests.budgeting.world import NOW, TODAY, Thing, add_things, build
from tracker.budgeting.history import list_events
from tracker.budgeting.models import PlanState, PlanStep, ProgressStep
from tracker.budgeting.progress import NewProgress, get_progress, record_progress
from tracker.budgeting.scenarios import create_scenario
from tracker.budgeting.schemas import NewScenario, PlanView
from tracker.budgeting.workflow import list_approved, take_step
from tracker.db import reading, transaction
from tracker.identity.errors import Conflict, Forbidden, Invalid, NotFound
from tracker.identity.models import Role
from tracker.identity.schemas import Principal

OFFICER = Principal(1, "officer@example.org", (("/1/", Role.BUDGET_OFFICER),))
HEAD = Principal(2, "head@example.org", (("/1/", Role.IT_MANAGER),))
CHIEF = Principal(3, "chief@example.org", (("/1/", Role.ADMIN),))
AUDITOR = Principal(4, "auditor@example.org", (("/1/", Role.AUDITOR),))


def step(engine: Engine, who: Principal, plan: PlanView, taken: PlanStep, **more: Any) -> PlanView:
    with transaction(engine) as session:
        take_step(session, who, plan.id, taken, NOW, **more)
    return look(engine, plan)


def test_two_people_bring_a_plan_into_force(engine: Engine) -> None:
    build(engine, FLEET)
    made = make(engine)
    assert made.state is PlanState.DRAFT
    for who, taken in (
        (HEAD, PlanStep.SUBMITTED),
        (AUDITOR, PlanStep.SUBMITTED),
        (OFFICER, PlanStep.APPROVED),
    ):
        with pytest.raises(NotFound):
            step(engine, who, made, taken)
    with pytest.raises(Conflict):
        step(engine, HEAD, made, PlanStep.APPROVED)
    assert step(engine, OFFICER, made, PlanStep.SUBMITTED, comment="ready").state is PlanState.SUBMITTED
    with pytest.raises(Conflict):
        adjust(engine, made, 1, "exclude")
    assert step(engine, HEAD, made, PlanStep.RETURNED, comment="too dear").state is PlanState.DRAFT
    adjust(engine, made, at(made, KEY_A, 2027), "move", year=2028)
    step(engine, CHIEF, made, PlanStep.SUBMITTED)
    with pytest.raises(Forbidden) as caught:
        step(engine, CHIEF, made, PlanStep.APPROVED)
    assert caught.value.code == "own-plan"
    approved = step(engine, HEAD, made, PlanStep.APPROVED)
    assert approved.state is PlanState.APPROVED
    for refused in (PlanStep.SUBMITTED, PlanStep.RETURNED, PlanStep.APPROVED):
        with pytest.raises(Conflict):
            step(engine, CHIEF, made, refused)
    with pytest.raises(Conflict):
        adjust(engine, made, 1, "exclude")
    assert step(engine, AUDITOR, made, PlanStep.COMMENTED, comment="seen").lines == approved.lines
    with reading(engine) as session:
        events = list_events(session, 1, made.id)
    assert [(one.step.value, one.actor, one.comment) for one in reversed(events)] == [
        ("submitted", "officer@example.org", "ready"),
        ("returned", "head@example.org", "too dear"),
        ("adjusted", "operator", ""),
        ("submitted", "chief@example.org", ""),
        ("approved", "head@example.org", ""),
        ("commented", "auditor@example.org", "seen"),
    ]


def test_an_approved_plan_is_superseded_by_the_next(engine: Engine) -> None:
    build(engine, FLEET)
    first = make(engine)
    step(engine, OFFICER, first, PlanStep.SUBMITTED)
    step(engine, HEAD, first, PlanStep.APPROVED)
    second = create_scenario(engine, OFFICER, first.id, NewScenario(name="second"), TODAY, NOW)
    step(engine, OFFICER, second, PlanStep.SUBMITTED)
    with pytest.raises(Conflict):
        step(engine, HEAD, second, PlanStep.APPROVED, supersedes=second.id)
    assert look(engine, second).state is PlanState.SUBMITTED
    step(engine, HEAD, second, PlanStep.APPROVED, supersedes=first.id)
    assert (look(engine, first).state, look(engine, second).state) == (
        PlanState.SUPERSEDED,
        PlanState.APPROVED,
    )
    with reading(engine) as session:
        assert list_approved(session, AUDITOR, 1) == [(second.id, "second")]


def test_planned_against_actual(engine: Engine) -> None:
    world = build(engine, FLEET)
    made = make(engine)
    entry = NewProgress(
        position=at(made, KEY_A, 2027),
        step=ProgressStep.ORDERED,
        happened_on=TODAY,
        units=3,
        amount=Decimal(45),
    )
    with pytest.raises(Conflict), transaction(engine) as session:
        record_progress(session, OFFICER, made.id, entry, NOW)
    step(engine, OFFICER, made, PlanStep.SUBMITTED)
    step(engine, HEAD, made, PlanStep.APPROVED)
    with transaction(engine) as session:
        add_things(session, world, [Thing("A", "laptop", tag="NEW-1"), Thing("B", "laptop", tag="NEW-2")])
    with transaction(engine) as session:
        record_progress(session, OFFICER, made.id, entry, NOW)
        arrived = entry.model_copy(
            update={
                "step": ProgressStep.DELIVERED,
                "units": 2,
                "amount": Decimal(31),
                "happened_on": date(2027, 3, 1),
            }
        )
        record_progress(session, OFFICER, made.id, arrived, NOW)
        changed = arrived.model_copy(
            update={"step": ProgressStep.REPLACED, "units": 1, "amount": None, "new_asset": "NEW-1"}
        )
        record_progress(session, OFFICER, made.id, changed, NOW)
    for bad in (
        {"units": 2},
        {"units": 0},
        {"units": 1, "amount": Decimal(-1)},
        {"units": 1, "new_asset": "NEW-2"},
        {"units": 1, "new_asset": "nothing"},
    ):
        with pytest.raises(Invalid), transaction(engine) as session:
            record_progress(session, OFFICER, made.id, entry.model_copy(update=bad), NOW)
    with reading(engine) as session:
        found = get_progress(session, AUDITOR, made.id)
        with pytest.raises(NotFound):
            get_progress(session, Principal(9, "x", ()), made.id)
    mine = next(one for one in found.lines if one.agency == "A")
    assert (mine.quantity, mine.ordered, mine.delivered, mine.replaced) == (4, 3, 2, 1)
    assert (mine.committed, mine.paid) == (Decimal("45.00"), Decimal("31.00"))
    assert [one.new_asset for one in mine.entries] == [None, None, "NEW-1"]
    assert [(one.year, one.units, one.ordered, str(one.paid)) for one in found.years] == [
        (2027, 8, 3, "31.00")
    ]
    assert found.to_json()["years"][0]["planned"] == str(made.years[0].cost)
