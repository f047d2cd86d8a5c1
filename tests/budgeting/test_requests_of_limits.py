"""What a person asks of a plan besides budgets: kept to, told, and refused where it contradicts itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, update

from tests.budgeting.world import NOW, TODAY, Thing, build, request
from tracker.budgeting.actions import make_plan, preview_plan
from tracker.budgeting.drafting import METHODS
from tracker.budgeting.queries import get_frozen_problem
from tracker.budgeting.schemas import PlanView
from tracker.budgeting.stored import read_problem
from tracker.db import table_of, transaction
from tracker.identity.errors import Invalid
from tracker.identity.models import Agency
from tracker.identity.schemas import operator

OPERATOR = operator()
#: Four laptops of A and four of B, past their life, and the name of their groups.
FLEET = tuple(
    Thing(code, "laptop", f"{code}-model", date(2018, 3, 1), tag=f"{code}{at}")
    for code in ("A", "B")
    for at in range(4)
)
KEY_A, KEY_B = "A|laptop|replace|Acme A-model|2018", "B|laptop|replace|Acme B-model|2018"


def plan(engine: Engine, **asked: Any) -> PlanView:
    """A preview of the plan for two years with ample budgets."""
    wanted = request(years=(2027, 2028), **asked)
    return preview_plan(engine, OPERATOR, wanted, TODAY, NOW)


def units(view: PlanView) -> dict[tuple[str, int | None], int]:
    """{(agency, year): units}."""
    return {(line.agency, line.year): line.quantity for line in (*view.lines, *view.deferred)}


@pytest.mark.parametrize("method", METHODS)
def test_a_cap_of_an_agency_and_a_fund_are_kept_to(engine: Engine, method: str) -> None:
    build(engine, FLEET)
    free = plan(engine, method=method)
    assert units(free) == {("A", 2027): 4, ("B", 2027): 4}
    price = free.lines[0].unit_price
    assert price is not None
    caps = [
        {"agency_codes": ["A"], "budgets": {"2027": str(price * 2)}},
        {"name": "Fund 7", "agency_codes": ["A", "B"], "budgets": {"2027": str(price * 3)}},
    ]
    kept = plan(engine, method=method, limits={"caps": caps})
    assert {key: quantity for key, quantity in units(kept).items() if key[1] == 2027} in (
        {("A", 2027): 2, ("B", 2027): 1},
        {("A", 2027): 1, ("B", 2027): 2},
        {("B", 2027): 3},
    )
    assert sum(line.quantity for line in kept.lines) == 8
    assert [text for text in kept.assumptions() if "spends at most" in text] == [
        f"A spends at most IDR\xa0{price * 2:,.0f} in 2027.",
        f"Fund 7 spends at most IDR\xa0{price * 3:,.0f} in 2027.",
    ]


def test_capacity_smoothing_floor_and_inflation(engine: Engine) -> None:
    world = build(engine, FLEET)
    with transaction(engine) as session:
        agencies = table_of(Agency)
        session.execute(
            update(agencies).where(agencies.c.id == world.agencies["B"]).values(service_area="remote")
        )
    slow = plan(engine, limits={"capacity": {"2027": 3, "2028": 2}})
    assert sum(line.quantity for line in slow.lines) == 5
    level = plan(engine, method="optimal", limits={"smoothing_pct": 20})
    costs = [year.cost for year in level.years]
    assert max(costs) <= sum(costs, Decimal(0)) / 2 * Decimal("1.2")
    floor = plan(
        engine,
        method="optimal",
        limits={"floors": [{"service_area": "remote", "share_pct": 60}], "capacity": {"2027": 5, "2028": 0}},
    )
    shares = {line.agency: line.total for line in floor.lines}
    assert shares["B"] >= Decimal("0.6") * sum(shares.values(), Decimal(0))
    assert "At least 60 % of the money goes to remote." in floor.assumptions()
    ranked = plan(engine, limits={"floors": [{"agency_code": "B", "share_pct": 60}]})
    assert ranked.warnings()[-1].startswith("The ranked fill does not keep floors")
    cheap, dear = plan(engine, inflation_pct="0").lines[0], plan(engine, inflation_pct="10").lines[0]
    assert cheap.unit_price is not None and dear.unit_price is not None
    assert (cheap.unit_price < dear.unit_price, dear.year) == (True, 2027)
    assert (
        "By decision of this plan prices rise by 10 % a year instead."
        in plan(engine, inflation_pct="10").assumptions()
    )


@pytest.mark.parametrize("method", METHODS)
def test_pins_and_exclusions(engine: Engine, method: str) -> None:
    build(engine, FLEET)
    wishes = {KEY_A: {"pinned": {"2028": 3}}, KEY_B: {"excluded": True}}
    made = plan(engine, method=method, limits={"wishes": wishes})
    assert {(line.agency, line.year): line.quantity for line in made.lines} == {
        ("A", 2027): 1,
        ("A", 2028): 3,
    }
    assert [line.deferral_reason() for line in made.deferred] == [
        "Left out of the plan by decision. Its turn did not come in any year until 2028."
    ]


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ({"caps": [{"agency_codes": ["Z"], "budgets": {"2027": "1"}}]}, "unknown-agency", "no agency 'Z'"),
        ({"caps": [{"agency_codes": ["A"], "budgets": {"2027": "-1"}}]}, "bad-cap", "must be 0 or more"),
        ({"caps": [{"agency_codes": ["A"], "budgets": {"2040": "1"}}]}, "bad-cap", "names 2040, outside"),
        ({"caps": [{"agency_codes": [], "budgets": {"2027": "1"}}]}, "bad-cap", "needs an agency"),
        ({"floors": [{"share_pct": 101, "agency_code": "A"}]}, "bad-floor", "is 101 %; 0 to 100"),
        ({"floors": [{"share_pct": 10, "service_area": "remote"}]}, "bad-floor", "No agency of this plan"),
        ({"floors": [{"share_pct": 10}]}, "bad-floor", "needs one of"),
        (
            {
                "floors": [
                    {"share_pct": 60, "agency_code": "A"},
                    {"share_pct": 60, "agency_code": "B"},
                ]
            },
            "bad-floor",
            "come to 120 %",
        ),
        ({"capacity": {"2027": -1}}, "bad-capacity", "is -1 units"),
        ({"capacity": {"2035": 1}}, "bad-capacity", "names 2035, outside"),
        ({"smoothing_pct": -1}, "bad-smoothing", "-1 % above"),
        ({"wishes": {"nothing": {"excluded": True}}}, "unknown-group", "no group 'nothing'"),
        (
            {"wishes": {KEY_A: {"pinned": {"2027": 3, "2028": 2}}}},
            "bad-decision",
            "4 units, but 5 are pinned",
        ),
        ({"wishes": {KEY_A: {"pinned": {"2030": 1}}}}, "bad-decision", "names 2030, outside"),
        (
            {"wishes": {KEY_A: {"pinned": {"2027": 1}, "excluded": True}}},
            "bad-decision",
            "pinned and excluded",
        ),
        ({"wishes": {KEY_A: {"earliest": 2028, "latest": 2027}}}, "bad-decision", "not before 2028"),
    ],
)
def test_what_cannot_be_kept_is_refused(
    sqlite_engine: Engine, asked: dict[str, Any], code: str, message: str
) -> None:
    build(sqlite_engine, FLEET)
    with pytest.raises(Invalid) as caught:
        plan(sqlite_engine, limits=asked)
    assert (caught.value.code, message in caught.value.message) == (code, True), caught.value.message


def test_an_old_plan_with_limits_is_rebuilt_from_its_frozen_inputs(engine: Engine) -> None:
    build(engine, FLEET)
    asked = request(
        years=(2027, 2028),
        method="optimal",
        limits={
            "caps": [{"agency_codes": ["A"], "budgets": {"2027": "20000000"}}],
            "floors": [{"agency_code": "B", "share_pct": 20}],
            "capacity": {"2027": 6},
            "smoothing_pct": 50,
            "wishes": {KEY_B: {"earliest": 2028}},
        },
    )
    with transaction(engine) as session:
        made = make_plan(session, OPERATOR, asked, TODAY, NOW)
    with transaction(engine) as session:
        problem = read_problem(get_frozen_problem(session, OPERATOR, made.id))
    again = METHODS["optimal"](problem)
    assert (again.objective, again.bound) == (made.objective, str(made.bound))
    for year in made.years:
        lines = [line for line in again.lines if line.year == year.year]
        assert sum(line.total_minor for line in lines) == int(year.cost * 100)
        assert sum(line.quantity for line in lines) == year.actions
