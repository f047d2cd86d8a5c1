"""Plans under caps, capacity, floors, smoothing, pins and bridges: both methods, against exhaustive search."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.budgeting.test_ranked import MILLION, REPLACE, UPGRADE, need, problem
from tracker.budgeting import optimal, ranked
from tracker.budgeting.needs import Cap, Fill, Floor, Limits, Need, Problem, Wish

YEARS = (2027, 2028)
Usage = tuple[int, ...]


def _random_problem(seed: int, size: int) -> Problem:
    chance = random.Random(seed)
    needs: list[Need] = []
    for at in range(size):
        agency = chance.choice((1, 2))
        if at and needs[-1].covers is None and needs[-1].action == UPGRADE and chance.random() < 0.6:
            pair = needs[-1]
            needs.append(need(f"r{at}", pair.units, chance.randint(5, 60), action=REPLACE, covers=len(needs) - 1,
                              due_year=chance.choice(YEARS), agency_id=pair.agency_id))  # fmt: skip
            continue
        action = chance.choice((UPGRADE, REPLACE))
        bridge = chance.choice((0, 4, 9))
        needs.append(need(f"n{at}", chance.randint(1, 2), chance.randint(10, 60), action=action, agency_id=agency,
                          due_year=chance.choice(YEARS), bridge=bridge))  # fmt: skip
    budgets = {year: chance.randint(10, 60) * MILLION for year in YEARS}
    plain = problem(needs, budgets)
    prices = dict(plain.prices_minor) | {("laptop", "extend-support"): dict.fromkeys(YEARS, MILLION)}
    caps = (
        Cap("one", frozenset({1}), {year: chance.randint(5, 40) * MILLION for year in YEARS}),
        Cap("two", frozenset({2}), {2028: chance.randint(5, 40) * MILLION}),
    )
    capacity = {2027: chance.randint(1, 5)} if chance.random() < 0.5 else {}
    return replace(plain, prices_minor=prices, limits=Limits(caps=caps, capacity_units=capacity))


def _use(given: Problem, need_: Need, year: int, price: int, works: int) -> dict[tuple[str, int], int]:
    used = {("money", year): price, ("works", year): works}
    for cap in given.limits.caps:
        if need_.agency_id in cap.agency_ids and year in cap.budgets_minor:
            used[cap.name, year] = price
    return used


def _paths(given: Problem, at: int, pair: int | None) -> Iterator[tuple[int, dict[tuple[str, int], int]]]:
    """(gain, use of each limit) of all that can happen to one unit: upgrade, replacement, bridged years."""
    last, one = given.years[-1], given.needs[at]
    other = None if pair is None else given.needs[pair]
    for done, again in itertools.product((None, *YEARS), (None, *YEARS) if other is not None else (None,)):
        if done is not None and done < one.due_year:
            continue
        if again is not None and (
            other is None or again < other.due_year or (done is not None and again <= done)
        ):
            continue
        settled = min(year for year in (done, again, last + 1) if year is not None)
        waiting = [year for year in YEARS if one.due_year <= year < settled and given.bridge_price(one, year)]
        for count in range(len(waiting) + 1):
            for bridged in itertools.combinations(waiting, count):
                gain = one.bridge * count
                used: dict[tuple[str, int], int] = {}
                parts = [_use(given, one, year, given.bridge_price(one, year) or 0, 0) for year in bridged]
                if done is not None:
                    gain += one.risk * (last - done + 1)
                    parts.append(_use(given, one, done, given.price(one, done) or 0, 1))
                if again is not None and other is not None:
                    gain += (other.risk + (one.risk if done is None else 0)) * (last - again + 1)
                    parts.append(_use(given, other, again, given.price(other, again) or 0, 1))
                for part, (key, amount) in ((p, item) for p in parts for item in p.items()):
                    used[key] = used.get(key, 0) + amount
                    assert part
                yield gain, used


def _exhaustive(given: Problem) -> int:
    most = {("money", year): amount for year, amount in given.budgets_minor.items()}
    most |= {("works", year): amount for year, amount in given.limits.capacity_units.items()}
    most |= {
        (cap.name, year): amount for cap in given.limits.caps for year, amount in cap.budgets_minor.items()
    }
    keys = sorted(most)
    pairs = {one.covers: at for at, one in enumerate(given.needs) if one.covers is not None}
    best: dict[Usage, int] = {(0,) * len(keys): 0}
    for at, one in enumerate(given.needs):
        if one.covers is not None:
            continue
        paths = list(_paths(given, at, pairs.get(at)))
        for _unit in range(one.units):
            further: dict[Usage, int] = {}
            for (used, gained), (gain, more) in itertools.product(best.items(), paths):
                total = tuple(was + more.get(key, 0) for was, key in zip(used, keys, strict=True))
                if all(amount <= most[key] for amount, key in zip(total, keys, strict=True)):
                    further[total] = max(further.get(total, 0), gained + gain)
            best = further
    return max(best.values())


@pytest.mark.parametrize("seed", range(40))
def test_equal_to_exhaustive_search_under_caps_capacity_and_bridges(seed: int) -> None:
    given = _random_problem(seed, 1 + seed % 6)
    answer = optimal.fill(given)
    assert answer.objective == _exhaustive(given)
    assert optimal.keeps_limits(given, answer)


@pytest.mark.parametrize("seed", range(20))
def test_large_models_are_finished_within_the_limits_and_near_the_bound(seed: int) -> None:
    given = _random_problem(500 + seed, 60)
    answer, baseline = optimal.fill(given, small=0), ranked.fill(given)
    assert answer.objective >= baseline.objective
    assert optimal.keeps_limits(given, answer)
    assert optimal.keeps_limits(given, baseline)
    whole = optimal.fill(given)
    assert whole.objective <= int(answer.bound or 0)
    assert answer.objective >= whole.objective * 0.97


def _year_of(answer: Fill, at: int) -> dict[int | None, int]:
    found: dict[int | None, int] = {}
    for line in (*answer.lines, *answer.deferred):
        if line.need == at and not line.is_bridge:
            found[line.year] = found.get(line.year, 0) + line.quantity
    return found


def _under(needs: list[Need], money: int, **limits: object) -> Problem:
    plain = problem(needs, dict.fromkeys(YEARS, money * MILLION))
    return replace(plain, limits=Limits(**limits))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", [ranked.fill, optimal.fill])
def test_what_is_pinned_is_done_then_and_what_is_excluded_never(method: object) -> None:
    needs = [need("a", 4, 60), need("b", 2, 10), need("c", 2, 90)]
    wishes = {1: Wish(pinned={2027: 1}), 2: Wish(excluded=True), 0: Wish(earliest=2028)}
    given = _under(needs, 30, wishes=wishes)
    answer = method(given)  # type: ignore[operator]
    assert _year_of(answer, 1) == {2027: 1, None: 1}
    assert _year_of(answer, 2) == {None: 2}
    assert _year_of(answer, 0) == {2028: 3, None: 1}
    reasons = {given.needs[line.need].key: line.postponed for line in answer.deferred}
    assert reasons["c"] is not None
    assert reasons["c"].code == "excluded"


@pytest.mark.parametrize("method", [ranked.fill, optimal.fill])
def test_a_cap_holds_for_its_agencies_only_and_is_named(method: object) -> None:
    needs = [need("capped", 3, 60, agency_id=7), need("free", 3, 20, agency_id=8)]
    cap = Cap("Dinas A", frozenset({7}), dict.fromkeys(YEARS, 10 * MILLION))
    answer = method(_under(needs, 60, caps=(cap,)))  # type: ignore[operator]
    assert _year_of(answer, 0) == {2027: 1, 2028: 1, None: 1}
    assert _year_of(answer, 1) == {2027: 3}
    (late,) = (line.postponed for line in answer.deferred)
    assert late is not None
    assert (late.code, late.params["cap"]) == ("cap-reached", "Dinas A")


def test_a_floor_moves_money_to_the_agencies_it_names() -> None:
    needs = [need("near", 6, 60, agency_id=1), need("far", 6, 20, agency_id=2)]
    floor = Floor("remote", frozenset({2}), 50)
    answer = optimal.fill(_under(needs, 40, floors=(floor,)))
    spent = {agency: sum(line.total_minor for line in answer.lines if needs[line.need].agency_id == agency)
             for agency in (1, 2)}  # fmt: skip
    assert spent == {1: 40 * MILLION, 2: 40 * MILLION}
    assert answer.objective == 60 * 4 * 2 + 20 * 4 * 1


def test_smoothing_keeps_every_year_near_the_mean() -> None:
    given = _under([need("a", 8, 60)], 80, smoothing_pct=0)
    answer = optimal.fill(given)
    assert _year_of(answer, 0) == {2027: 4, 2028: 4}


def test_limits_that_cost_mandatory_units_say_so() -> None:
    needs = [need("must", 4, 60, mandatory=True, agency_id=1), need("far", 1, 5, agency_id=2, due_year=2028)]
    given = _under(needs, 40, floors=(Floor("remote", frozenset({2}), 50),))
    answer = optimal.fill(given)
    assert [note.code for note in answer.notes] == ["limits-cost-mandatory"]
    assert _year_of(answer, 0) == {2027: 1, None: 3}


def test_bridges_are_bought_for_what_must_wait() -> None:
    given = replace(
        problem([need("old", 3, 60, bridge=30)], {2027: 25 * MILLION, 2028: 0}),
        prices_minor={("laptop", "replace"): dict.fromkeys(YEARS, 20 * MILLION),
                      ("laptop", "extend-support"): dict.fromkeys(YEARS, 2 * MILLION)},
    )  # fmt: skip
    answer = optimal.fill(given)
    bridged = [
        (line.year, line.quantity, line.first_unit, line.risk_removed)
        for line in answer.lines
        if line.is_bridge
    ]
    assert bridged == [(2027, 2, 1, 60)]
    assert (answer.objective, answer.gap) == (120 + 60, "0.000000")
    assert answer.gap is not None
    assert Decimal(answer.gap) == 0
