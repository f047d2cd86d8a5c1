"""A plan adjusted by hand on both databases: totals, warnings, risk, assets, undo, and what it costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from tests.budgeting.test_plans import FLEET as MIXED
from tests.budgeting.test_requests_of_limits import FLEET, KEY_A, KEY_B
from tests.budgeting.world import NOW, TODAY, Thing, build, request
from tracker.budgeting.actions import make_plan
from tracker.budgeting.adjustments import adjust_plan, undo_adjustment
from tracker.budgeting.history import list_events
from tracker.budgeting.models import PlanEvent, PlanLine, PlanLineAsset
from tracker.budgeting.queries import get_plan
from tracker.budgeting.scenarios import create_scenario
from tracker.budgeting.schemas import NewScenario, PlanEdit, PlanView
from tracker.db import reading, record_statements, table_of, transaction
from tracker.identity.audit import verify
from tracker.identity.errors import Conflict, Invalid
from tracker.identity.schemas import operator

OPERATOR = operator()


def make(engine: Engine, **asked: Any) -> PlanView:
    with transaction(engine) as session:
        return make_plan(session, OPERATOR, request(years=(2027, 2028), **asked), TODAY, NOW)


def look(engine: Engine, plan: PlanView) -> PlanView:
    with reading(engine) as session:
        return get_plan(session, OPERATOR, plan.id)


def adjust(engine: Engine, plan: PlanView, position: int, kind: str, **more: Any) -> PlanView:
    """Adjust the line at a position of the plan as it is now."""
    edit = PlanEdit(revision=look(engine, plan).revision, position=position, kind=kind, **more)
    with transaction(engine) as session:
        adjust_plan(session, OPERATOR, plan.id, edit, NOW)
    return look(engine, plan)


def lines(view: PlanView) -> dict[tuple[str, int | None], int]:
    return {(line.key, line.year): line.quantity for line in (*view.lines, *view.deferred)}


def at(view: PlanView, key: str, year: int | None) -> int:
    """The position of a line."""
    every = (*view.lines, *view.deferred)
    return next(line.position for line in every if (line.key, line.year) == (key, year))


def test_lines_move_split_and_come_back(engine: Engine) -> None:
    build(engine, FLEET)
    made = make(engine)
    price_27 = made.lines[0].unit_price
    assert price_27 is not None
    risk = made.lines[0].risk
    assert made.objective == risk * 8 * 2
    split = adjust(engine, made, at(made, KEY_A, 2027), "move", year=2028, units=3)
    assert lines(split) == {(KEY_A, 2027): 1, (KEY_A, 2028): 3, (KEY_B, 2027): 4}
    assert split.objective == risk * (5 * 2 + 3)
    late = next(line for line in split.lines if line.year == 2028)
    assert (late.by_hand, late.deferral_reason()) == (True, "Due in 2027, put into 2028 by hand.")
    assert [year.actions for year in split.years] == [5, 3]
    assert [year.cost for year in split.years] == [price_27 * 5, late.total]
    assert (split.adjustments, split.method, len(late.asset_tags)) == (1, "ranked", 3)
    out = adjust(engine, made, at(split, KEY_B, 2027), "exclude", comment="sold")
    assert lines(out)[KEY_B, None] == 4
    assert out.deferred[0].deferral_reason() == "4 units due in 2027 were deferred by hand."
    with transaction(engine) as session:
        undo_adjustment(session, OPERATOR, made.id, NOW)
    back = look(engine, made)
    assert (lines(back), back.objective, back.years) == (lines(split), split.objective, split.years)
    with transaction(engine) as session:
        undo_adjustment(session, OPERATOR, made.id, NOW)
        with pytest.raises(Conflict):
            undo_adjustment(session, OPERATOR, made.id, NOW)
    first = look(engine, made)
    assert (first.lines, first.deferred, first.years, first.objective, first.warning_reasons) == (
        made.lines,
        made.deferred,
        made.years,
        made.objective,
        made.warning_reasons,
    )
    assert (first.revision, first.adjustments) == (4, 0)
    with reading(engine) as session:
        row = session.execute(select(table_of(PlanEvent).c.agency_id)).first()
        assert row is not None
        steps = list_events(session, row.agency_id, made.id)
        assert [(one.step.value, one.comment, one.undone) for one in steps] == [
            ("undone", "", False),
            ("undone", "", False),
            ("adjusted", "sold", True),
            ("adjusted", "", True),
        ]
        assert verify(session).broken_at is None


def test_quantity_price_and_broken_budgets(engine: Engine) -> None:
    build(engine, FLEET)
    price = Decimal(15_450_000)
    budgets = {2027: str(price * 4), 2028: "0"}
    caps = [{"agency_codes": ["B"], "budgets": {"2027": str(price * 4)}}]
    made = make(engine, budgets=budgets, limits={"caps": caps}, method="optimal")
    assert (sum(line.quantity for line in made.lines), made.gap) == (4, "0.000000")
    full, empty = (KEY_A, KEY_B) if (KEY_A, 2027) in lines(made) else (KEY_B, KEY_A)
    moved = adjust(engine, made, at(made, empty, None), "move", year=2027, units=2)
    assert moved.warnings()[0] == (
        "The lines of 2027 cost IDR\xa030,900,000 more than its budget of IDR\xa061,800,000."
    )
    assert moved.gap is None
    fewer = adjust(engine, made, at(moved, full, 2027), "quantity", units=2)
    assert not [text for text in fewer.warnings() if "more than" in text]
    assert lines(fewer) == {(full, 2027): 2, (empty, 2027): 2, (full, None): 2, (empty, None): 2}
    assert fewer.gap == "0.000000"
    dear = adjust(engine, made, at(fewer, KEY_B, 2027), "price", price=Decimal(31_000_000))
    assert [text for text in dear.warnings() if "more" in text][:2] == [
        "The lines of 2027 cost IDR\xa031,100,000 more than its budget of IDR\xa061,800,000.",
        "B spends IDR\xa0200,000 more in 2027 than its cap of IDR\xa061,800,000.",
    ]
    position = at(dear, KEY_B, 2027)
    for kind, more in (
        ("quantity", {"units": 9}),
        ("move", {"year": 2040}),
        ("move", {"year": 2028, "units": 99}),
        ("price", {"price": "-1"}),
        ("price", {"price": "0"}),
        ("move", {"year": 2027}),
    ):
        with pytest.raises(Invalid):
            adjust(engine, made, position, kind, **more)
    with pytest.raises(Conflict), transaction(engine) as session:
        stale = PlanEdit(revision=0, position=position, kind="exclude")
        adjust_plan(session, OPERATOR, made.id, stale, NOW)
    assert look(engine, made).lines == dear.lines


def test_a_replacement_moved_frees_or_takes_its_upgrade(engine: Engine) -> None:
    build(engine, MIXED)
    with transaction(engine) as session:
        made = make_plan(session, OPERATOR, request(), TODAY, NOW)
    upgrade, replacement = "A|desktop|upgrade|Windows 11 24H2|2025", "A|desktop|replace|Acme D2|2025"
    assert (lines(made)[upgrade, 2027], lines(made)[replacement, 2029]) == (5, 5)
    soon = adjust(engine, made, at(made, replacement, 2029), "move", year=2027, units=3)
    # Three are replaced in 2027: only the other two are upgraded, and replaced when they were to be.
    assert {key: units for key, units in lines(soon).items() if key[0] in (upgrade, replacement)} == {
        (replacement, 2027): 3,
        (upgrade, 2027): 2,
        (replacement, 2029): 2,
    }
    later = adjust(engine, made, at(soon, replacement, 2027), "move", year=2029)
    assert {key: units for key, units in lines(later).items() if key[0] in (upgrade, replacement)} == {
        (upgrade, 2027): 2,
        (replacement, 2029): 5,
    }
    # The three that are not upgraded wait for their replacement: what it brings makes the upgrade needless.
    assert later.objective < soon.objective
    with reading(engine) as session:
        member, line = table_of(PlanLineAsset), table_of(PlanLine)
        units = session.execute(
            select(line.c.id, line.c.quantity, func.sum(member.c.units))
            .join(member, member.c.plan_line_id == line.c.id)
            .group_by(line.c.id, line.c.quantity)
        ).all()
    assert [row for row in units if row[1] != row[2]] == []


def test_a_scenario_keeps_what_was_decided(engine: Engine) -> None:
    build(engine, FLEET)
    made = make(engine)
    moved = adjust(engine, made, at(made, KEY_A, 2027), "move", year=2028, units=3)
    adjust(engine, made, at(moved, KEY_B, 2027), "exclude")
    dear = adjust(engine, made, at(moved, KEY_A, 2028), "price", price=Decimal(20_000_000))
    budgets = {2027: Decimal(0), 2028: Decimal(1_000_000_000)}
    for basis in ("frozen", "today"):
        changes = NewScenario(name=basis, basis=basis, budgets=budgets, method="optimal")
        other = create_scenario(engine, OPERATOR, made.id, changes, TODAY, NOW)
        assert [(line.key, line.year, line.quantity, line.unit_price) for line in other.lines] == [
            (KEY_A, 2028, 3, Decimal("20000000.00"))
        ]
        # What is pinned to 2028 is exactly that: the fourth could only be bought in 2027, which has no money.
        assert {(line.key, line.quantity) for line in other.deferred} == {(KEY_A, 1), (KEY_B, 4)}
        assert other.based_on_id == made.id
        assert other.lines[0].reasons == dear.lines[0].reasons
        assert other.lines[0].asset_tags[:1] == ("A0",)
    free = NewScenario(name="free", keep_decisions=False)
    again = create_scenario(engine, OPERATOR, made.id, free, TODAY, NOW)
    assert (again.objective, again.years) == (made.objective, made.years)
    assert [line.quantity for line in again.lines] == [line.quantity for line in made.lines]
    assert again.assumptions()[-3].startswith("Needs, prices and dates are those frozen in the plan plan.")


def test_cost_of_an_adjustment(engine: Engine) -> None:
    """Statements do not grow with the plan's lines."""
    few = [Thing("A", "laptop", f"M{at:04}", date(2018, 3, 1), findings=("win7-ended",)) for at in range(5)]
    many = [
        Thing("B", "laptop", f"M{at:04}", date(2018, 3, 1), findings=("win7-ended",)) for at in range(5_000)
    ]
    build(engine, [*few, *many])
    counts = []
    for code in ("A", "B"):
        budgets = dict.fromkeys((2027, 2028), Decimal(1_000_000_000_000))
        made = make(engine, name=f"of {code}", agency_code=code, budgets=budgets)
        edit = PlanEdit(revision=0, position=2, kind="move", year=2028)
        with record_statements(engine) as statements, transaction(engine) as session:
            adjust_plan(session, OPERATOR, made.id, edit, NOW)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 26
