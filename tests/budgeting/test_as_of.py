"""Plans on the findings of another day: the same as after a scan of that day, and no row changes."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from tests.lifecycle.world import NOW, OPERATOR, TODAY, Thing, World, build, contents
from tracker.budgeting.actions import ensure_prices, make_plan, plan_as_of, preview_plan
from tracker.budgeting.schemas import NewPlan, PlanView
from tracker.db import transaction
from tracker.identity.errors import Forbidden, NotFound
from tracker.identity.models import Role
from tracker.identity.schemas import nobody
from tracker.lifecycle.actions import ensure_policy, scan

YOUNG = date(2026, 3, 1)
THINGS = (
    Thing("A", "W10", ("Windows 10 Pro", "Office 2021"), acquired_on=YOUNG, units=3),
    Thing("A1", "W11", ("Windows 11 Pro", "Kantorku"), acquired_on=YOUNG),
    Thing("B", "OFF", ("Office 2021", "nginx 1.28.0"), acquired_on=YOUNG),
    Thing("B", "OLD", ("Windows 11 Pro",), acquired_on=date(2020, 1, 1)),
)


def prepare(engine: Engine) -> World:
    """The world of scans with prices and a policy."""
    world = build(engine, THINGS)
    with transaction(engine) as session:
        ensure_policy(session, NOW)
        ensure_prices(session, NOW)
    return world


def request(agency: str | None = None) -> NewPlan:
    """Three years with more money than is needed."""
    budgets = dict.fromkeys((2027, 2028, 2029), Decimal(10**9))
    return NewPlan(name="plan", agency_code=agency, years=(2027, 2029), budgets=budgets)


def lines(view: PlanView) -> set[tuple[str, str, int | None, int]]:
    """(agency, action, year, quantity) of the plan's lines."""
    return {(line.agency, line.action.value, line.year, line.quantity) for line in view.lines}


def test_as_of_today_equals_the_plan_after_a_scan(engine: Engine) -> None:
    prepare(engine)
    asked = plan_as_of(engine, OPERATOR, request(), TODAY, NOW)
    scan(engine, OPERATOR, TODAY, NOW)
    with transaction(engine) as session:
        made = make_plan(session, OPERATOR, request(), TODAY, NOW)
    cleared = {"id": 0, "seconds": 0.0}
    assert dataclasses.replace(asked, **cleared) == dataclasses.replace(made, **cleared)  # type: ignore[arg-type]
    assert asked.coverage["matched"] == 0.9091
    assert asked.made_from.scan_as_of == TODAY


def test_another_day_gives_another_plan(engine: Engine) -> None:
    prepare(engine)
    scan(engine, OPERATOR, TODAY, NOW)
    before = contents(engine)
    # Windows 10 ended in 2025, Office 2021 ends in 2026; on 2025-01-01 both still have some way to go.
    early = plan_as_of(engine, OPERATOR, request(), date(2025, 1, 1), NOW)
    today = plan_as_of(engine, OPERATOR, request(), TODAY, NOW)
    late = plan_as_of(engine, OPERATOR, request(), date(2029, 10, 10), NOW)
    assert lines(today) == {
        ("A", "upgrade", 2027, 3),
        ("B", "upgrade", 2027, 1),
        ("B", "replace", 2027, 1),
    }
    # Windows 11 ends in October 2029, five months before the useful life of the thing that it runs on.
    assert lines(late) - lines(today) == {("A1", "replace", 2029, 1)}
    assert early.objective < today.objective < late.objective
    assert next(line.reason() for line in today.lines if line.agency == "A") == (
        "Security support ended: Windows 10 Pro, 14 Oct 2025 (high). "
        "Security support ends soon: Office 2021, 31 Dec 2026 (high). "
        "No more patches, only an upgrade helps: Windows 10 Pro (high)."
    )
    assert contents(engine) == before


def test_scope(engine: Engine) -> None:
    world = prepare(engine)
    officer = world.viewer("A", Role.BUDGET_OFFICER)
    assert lines(plan_as_of(engine, officer, request(), TODAY, NOW)) == {("A", "upgrade", 2027, 3)}
    assert lines(plan_as_of(engine, OPERATOR, request("A1"), TODAY, NOW)) == set()
    scan(engine, OPERATOR, TODAY, NOW)
    # A1 has Windows 11, which is known, and Kantorku, which is not; what B has does not count.
    for part in (
        preview_plan(engine, OPERATOR, request("A1"), TODAY, NOW),
        plan_as_of(engine, OPERATOR, request("A1"), TODAY, NOW),
    ):
        assert (part.coverage["tracked"], part.coverage["matched"]) == (2, 0.5)
    with pytest.raises(NotFound):
        plan_as_of(engine, officer, request("B"), TODAY, NOW)
    for who in (nobody(), world.viewer("A", Role.AUDITOR)):
        with pytest.raises(Forbidden):
            plan_as_of(engine, who, request(), TODAY, NOW)
