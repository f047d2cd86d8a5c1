"""The optimal fill against exhaustive search and against the ranked fill."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.budgeting.test_ranked import MILLION, REPLACE, UPGRADE, need, problem
from tracker.budgeting import optimal, ranked
from tracker.budgeting.needs import Fill, Need, Problem
from tracker.budgeting.texts import sentence


def _spent(answer: Fill) -> dict[int | None, int]:
    spent: dict[int | None, int] = {}
    for line in answer.lines:
        spent[line.year] = spent.get(line.year, 0) + line.total_minor
    return spent


def _random_problem(seed: int, size: int) -> Problem:
    chance = random.Random(seed)
    needs: list[Need] = []
    for at in range(size):
        units, due = chance.randint(1, 2), chance.choice((2027, 2028))
        if at and needs[-1].covers is None and needs[-1].action == UPGRADE and chance.random() < 0.7:
            pair = needs[-1]
            needs.append(need(f"r{at}", pair.units, chance.randint(5, 60), action=REPLACE, covers=len(needs) - 1,
                              due_year=chance.choice((2027, 2028))))  # fmt: skip
            continue
        action = chance.choice((UPGRADE, REPLACE))
        needs.append(need(f"n{at}", units, chance.randint(5, 60), action=action, due_year=due,
                          asset_class=chance.choice(("laptop", "server")) if action == REPLACE else "laptop"))  # fmt: skip
    budgets = {2027: chance.randint(0, 60) * MILLION, 2028: chance.randint(0, 60) * MILLION}
    return problem(needs, budgets)


def _plans_of(given: Problem, at: int) -> Iterator[tuple[str, ...]]:
    """Each unit alone: what happens to it in which year, as a multiset over the need's units."""
    wanted = given.needs[at]
    years = [year for year in given.years if year >= wanted.due_year]
    yield from itertools.combinations_with_replacement(["-", *map(str, years)], wanted.units)


def _exhaustive(given: Problem) -> int:
    """The most risk-years that any plan removes: every unit of every group in every year, all combinations."""
    last, covering = (
        given.years[-1],
        {n.covers: at for at, n in enumerate(given.needs) if n.covers is not None},
    )
    options: list[list[tuple[int, dict[int, int]]]] = []
    for at, one in enumerate(given.needs):
        if one.covers is not None:
            continue
        per_unit: list[tuple[int, dict[int, int]]] = []
        pair = covering.get(at)
        for up, rep in itertools.product(
            [None, *given.years], [None, *given.years] if pair is not None else [None]
        ):
            if up is not None and (up < one.due_year or (rep is not None and rep <= up)):
                continue
            spent: dict[int, int] = {}
            gain = 0
            if up is not None:
                gain += one.risk * (last - up + 1)
                spent[up] = spent.get(up, 0) + (given.price(one, up) or 0)
            if rep is not None and pair is not None:
                other = given.needs[pair]
                if rep < other.due_year:
                    continue
                gain += (other.risk + (one.risk if up is None else 0)) * (last - rep + 1)
                spent[rep] = spent.get(rep, 0) + (given.price(other, rep) or 0)
            per_unit.append((gain, spent))
        for _unit in range(one.units):
            options.append(per_unit)
    best = {(0,) * len(given.years): 0}
    for choices in options:
        further: dict[tuple[int, ...], int] = {}
        for (used, gained), (gain, spent) in itertools.product(best.items(), choices):
            total = tuple(u + spent.get(year, 0) for u, year in zip(used, given.years, strict=True))
            if all(t <= given.budgets_minor[year] for t, year in zip(total, given.years, strict=True)):
                further[total] = max(further.get(total, 0), gained + gain)
        best = further
    return max(best.values())


@pytest.mark.parametrize("seed", range(60))
def test_equal_to_exhaustive_search_on_small_problems(seed: int) -> None:
    given = _random_problem(seed, 1 + seed % 7)
    answer = optimal.fill(given)
    assert answer.objective == _exhaustive(given)
    assert answer.gap is not None
    assert Decimal(answer.gap) <= Decimal("0.0001")
    assert answer.bound is not None
    assert int(answer.bound) >= answer.objective


def test_it_finds_what_the_ranked_fill_cannot() -> None:
    # The ranked fill takes the best ratio first and leaves money that fits nothing.
    needs = [need("small", 1, 30), need("server", 1, 90, asset_class="server", action=REPLACE)]
    given = problem([replace(needs[0], units=1), needs[1]], {2027: 100 * MILLION})
    assert ranked.fill(given).objective == 30
    answer = optimal.fill(given)
    assert (answer.objective, answer.bound, answer.gap) == (90, "90", "0.000000")
    late = answer.deferred[0].postponed
    assert late is not None
    assert sentence(late, "IDR", "en").startswith("Due in 2027: 1 × IDR\xa010,000,000 would have cost")
    assert "lebih banyak risiko di tempat lain" in sentence(late, "IDR", "id")


@pytest.mark.parametrize("seed", range(20))
def test_never_worse_than_ranked_and_within_every_budget(seed: int) -> None:
    given = _random_problem(1_000 + seed, 40)
    answer, baseline = optimal.fill(given), ranked.fill(given)
    assert answer.objective >= baseline.objective
    for year, spent in _spent(answer).items():
        assert year is not None
        assert spent <= given.budgets_minor[year]
    for at, one in enumerate(given.needs):
        done = sum(line.quantity for line in answer.lines if line.need == at)
        later = sum(line.quantity for line in answer.deferred if line.need == at)
        if one.covers is None and at not in {n.covers for n in given.needs}:
            assert done + later == one.units


def test_what_is_mandatory_is_reached_as_far_as_by_the_ranked_fill() -> None:
    needs = [need("must", 2, 5, mandatory=True), need("rich", 2, 90)]
    given = problem(needs, {2027: 20 * MILLION})
    answer = optimal.fill(given)
    assert [(given.needs[line.need].key, line.quantity) for line in answer.lines] == [("must", 2)]


def test_the_same_problem_gives_the_same_plan() -> None:
    given = _random_problem(7, 60)
    assert optimal.fill(given) == optimal.fill(given)


def test_without_needs_nothing_is_solved() -> None:
    answer = optimal.fill(problem([], {2027: MILLION}))
    assert (answer.lines, answer.deferred, answer.bound, answer.gap) == ((), (), "0", "0")


def test_a_need_without_a_price_is_deferred_and_says_so() -> None:
    given = problem([need("ups", 3, 40, asset_class="ups")], {2027: MILLION})
    (left,) = optimal.fill(given).deferred
    assert left.postponed is not None
    assert (left.quantity, left.postponed.code) == (3, "no-price")


def test_solving_prints_nothing() -> None:
    # In a process of its own: HiGHS greets once per process.
    code = "from tracker.budgeting.milp import QuietHighs; h = QuietHighs(); h.addVar(0, 1); h.run()"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")
