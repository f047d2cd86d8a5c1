"""What a plan depends on: exact values on problems that can be counted by hand."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from tests.budgeting.test_adjusting import OPERATOR, adjust, at, look, make
from tests.budgeting.test_ranked import MILLION, REPLACE, UPGRADE, need, problem
from tests.budgeting.test_requests_of_limits import FLEET, KEY_A
from tests.budgeting.world import NOW, build
from tracker.budgeting import study
from tracker.budgeting.needs import Cap, Limits, Wish
from tracker.budgeting.studies import find_study, study_plan
from tracker.db import reading


def test_what_more_money_is_worth() -> None:
    # An upgrade costs 2 million: four of them want 8, 4 is there; 5 % more (0.2 million) buys nothing.
    given = problem([need("a", 4, 10, action=UPGRADE)], {2027: 4 * MILLION, 2028: 40 * MILLION})
    base = study.best_objective(given)
    assert base == 2 * 10 * 2 + 2 * 10
    first, second = study.worths(given, base)
    assert (first.step_minor, first.removed, second.removed) == (MILLION // 5, 0, 0)
    # With 40 million × 5 % = 2 million more in 2027 one more is upgraded a year earlier.
    rich = problem([need("a", 40, 10, action=UPGRADE)], {2027: 40 * MILLION, 2028: 80 * MILLION})
    first, second = study.worths(rich, study.best_objective(rich))
    assert (first.step_minor, first.removed, first.per_million) == (2 * MILLION, 10, 5.0)
    assert second.removed == 0
    points = {point.percent: point for point in study.curve(rich)}
    assert sorted(points) == list(range(50, 151, 10))
    assert (points[50].best, points[100].best, points[150].best) == (
        10 * 10 * 2 + 20 * 10,
        20 * 10 * 2 + 20 * 10,
        30 * 10 * 2 + 10 * 10,
    )
    assert all(point.best >= point.ranked for point in points.values())


def test_the_smallest_that_mandatory_needs_lack() -> None:
    must = replace(need("a", 4, 10, action=UPGRADE), mandatory=True)
    late = replace(need("b", 2, 10, action=UPGRADE, due_year=2028), mandatory=True)
    free = need("c", 9, 90, action=REPLACE)
    given = problem([must, late, free], {2027: 3 * MILLION, 2028: 5 * MILLION})
    # One of a in 2027, two units' worth in 2028: three of six are left without money, 6 million and no less,
    # but what is left over of a year (1 million in each) is used first.
    assert sum(one.short_minor for one in study.lacks(given)) == 12 * MILLION - 8 * MILLION
    bound = replace(given, limits=Limits(wishes={0: Wish(latest=2027)}))
    assert [(one.year, one.cap, one.short_minor) for one in study.lacks(bound)] == [(2027, None, 5 * MILLION)]
    capped = replace(
        given,
        budgets_minor={2027: 90 * MILLION, 2028: 90 * MILLION},
        limits=Limits(
            caps=(Cap("fund", frozenset({must.agency_id}), {2027: 8 * MILLION, 2028: MILLION}),),
            wishes={0: Wish(latest=2027)},
        ),
    )
    assert [(one.year, one.cap, one.short_minor) for one in study.lacks(capped)] == [
        (2028, "fund", 3 * MILLION)
    ]
    assert study.lacks(replace(capped, limits=Limits())) == ()
    assert study.lacks(problem([free], {2027: 0, 2028: 0})) == ()


def test_draws_are_seeded_and_centred_on_the_plan() -> None:
    given = problem([need("a", 4, 10, action=UPGRADE)], {2027: 8 * MILLION, 2028: 0})
    lines = [study.Bought(2027, 8 * MILLION, "laptop|upgrade", 40, 2027, 80)]
    one, again = study.chance(given, lines, 2026), study.chance(given, lines, 2026)
    assert one == again != study.chance(given, lines, 2026, seed=1)
    low, _, middle, _, high = one.cost_minor[2027]
    assert abs(middle / (8 * MILLION) - 1) < 0.01
    assert 0.85 * 0.96 * 8 * MILLION < low < middle < high < 1.15 * 1.04 * 8 * MILLION
    assert 0.45 < one.suffices[2027] < 0.55
    assert one.cost_minor[2028] == (0, 0, 0, 0, 0)
    # A date that comes a year later costs a year of the risk; one that came earlier changes nothing: it was due.
    assert (one.removed[0], one.removed[2], one.removed[4]) == (40, 80, 80)


def test_a_study_is_kept_with_its_revision(engine: Engine) -> None:
    build(engine, FLEET)
    made = make(engine)
    assert made.optimal_objective is None
    done = study_plan(engine, OPERATOR, made.id, NOW)
    assert (done.is_current, done.is_exact, done.best, done.lacks) == (True, True, made.objective, ())
    moved = adjust(engine, made, at(made, KEY_A, 2027), "move", year=2028)
    assert (moved.optimal_objective, moved.objective < made.objective) == (made.objective, True)
    with reading(engine) as session:
        old = find_study(session, OPERATOR, made.id)
    assert old is not None and (old.is_current, old.curve) == (False, done.curve)
    new = study_plan(engine, OPERATOR, made.id, NOW)
    assert (new.is_current, new.revision, new.objective) == (True, 1, look(engine, made).objective)
    assert new.to_json()["chance"]["removed"] == list(new.chance.removed)
