"""The optimal fill: the plan that removes most risk-years under the limits of the problem, with a proven bound.

The model is that of milp.py. Small ones are solved whole. Large ones are first relaxed, which gives the bound
and an answer in which only few needs are not whole; these are then solved exactly among themselves, all
others kept (search.py). What is mandatory is reached at least as far as by the ranked fill, and the answer is
never worse than that fill, unless floors or smoothing forbid what the ranked fill does. The search is stopped
by nodes, not by the clock, so that the same problem gives the same plan; the time limit is a safety net, and
`notes` tell when it ended the search.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tracker.budgeting import milp, ranked
from tracker.budgeting.milp import BRIDGE, Floats, Model
from tracker.budgeting.needs import Fill, FillLine, Need, Problem, Reason
from tracker.budgeting.search import SMALL, search

#: Units by (need, year, whether they are only bridged).
Amounts = Mapping[tuple[int, int, bool], int]


def fill(problem: Problem, small: int = SMALL) -> Fill:
    """Fill the years of `problem` so that most risk-years are removed; `bound` and `gap` are proven.

    Models of up to `small` columns are solved whole. Needs without a price come back as deferred with the
    reason `no-price`, as in the ranked fill.
    """
    baseline = ranked.fill(problem)
    model = milp.build(problem)
    if not model.size:
        return replace(baseline, bound=str(baseline.objective), gap="0")
    found = search(model, baseline, small)
    answer = _rebuild(problem, _amounts(model, found.values))
    # Whole numbers are compared once more exactly: a solver keeps to rows within a tolerance.
    if not keeps_limits(problem, answer) or (found.may_fall_back and answer.objective < baseline.objective):
        answer = baseline
    # A dual bound carries rounding noise; objective values are whole numbers, so its floor holds too.
    proven = max(int(found.bound + 1e-6 * max(1.0, abs(found.bound))), answer.objective)
    gap = 0.0 if proven == 0 else (proven - answer.objective) / proven
    return replace(answer, bound=str(proven), gap=f"{gap:.6f}", notes=found.notes)


def _amounts(model: Model, values: Floats) -> Amounts:
    amounts = defaultdict[tuple[int, int, bool], int](int)
    for column in values.nonzero()[0].tolist():
        year = model.problem.years[model.year[column]]
        key = (int(model.need[column]), year, bool(model.kind[column] == BRIDGE))
        amounts[key] += round(values[column])
    return amounts


@dataclass(slots=True)
class _State:
    """What is left of the needs while an answer is told year by year: units left, those of an upgrade that no
    replacement has made needless, units taken, and why a need came late first."""

    left: dict[int, int]
    fresh: dict[int, int]
    taken: dict[int, int]
    late: dict[int, Reason] = field(default_factory=dict)

    def open_units(self, at: int, need: Need) -> int:
        """Units that still wait."""
        return min(self.left[at], self.fresh[at]) if need.covers is None else self.left[at]


def _rebuild(problem: Problem, amounts: Amounts) -> Fill:
    """Lines and deferrals from the units per need and year, in the order in which the ranked fill would list
    them: replacements first, because they save the upgrades of the same year."""
    units = {at: need.units for at, need in enumerate(problem.needs)}
    state = _State(dict(units), dict(units), dict.fromkeys(units, 0))
    order = sorted(units, key=lambda at: _order(problem.needs[at]))
    lines: list[FillLine] = []
    shortfalls: dict[int, int] = {}
    for year in problem.years:
        begun = len(lines)
        for at in order:
            need = problem.needs[at]
            wanted = min(amounts.get((at, year, False), 0), state.open_units(at, need))
            if wanted:
                lines.append(_line(problem, state, (at, year, wanted)))
        lines.extend(_bridges(problem, state, year, amounts, order))
        short = _note_late(problem, state, year, lines[begun:], order)
        if short:
            shortfalls[year] = short
    objective = sum(line.risk_removed for line in lines)
    return Fill(tuple(lines), _deferred(problem, state), objective, ranked.possible(problem), shortfalls)


def _order(need: Need) -> tuple[bool, bool, int, str]:
    return need.covers is None, not need.mandatory, need.due_year, need.key


def _price(problem: Problem, at: int, year: int) -> int:
    return problem.price(problem.needs[at], year) or 0


def _line(problem: Problem, state: _State, what: tuple[int, int, int]) -> FillLine:
    at, year, quantity = what
    need, last = problem.needs[at], problem.years[-1]
    removed = need.risk * quantity * need.years_left(year, last)
    first = state.taken[at]
    if need.covers is None:
        state.fresh[at] -= quantity
    else:
        covered = min(quantity, state.fresh[need.covers])
        state.fresh[need.covers] -= covered
        removed += problem.needs[need.covers].risk * covered * (last - year + 1)
        first = need.units - state.taken[at] - quantity
    state.left[at] -= quantity
    state.taken[at] += quantity
    late = state.late.get(at)
    postponed = None if late is None else Reason(late.code, dict(late.params) | {"done_in": year})
    return FillLine(at, year, quantity, _price(problem, at, year), first, removed, postponed)


def _bridges(
    problem: Problem, state: _State, year: int, amounts: Amounts, order: list[int]
) -> Iterator[FillLine]:
    """A year of extended support for units that wait."""
    for at in order:
        need = problem.needs[at]
        quantity = min(amounts.get((at, year, True), 0), state.open_units(at, need))
        if quantity:
            first = state.taken[at] if need.covers is None else 0
            price = problem.bridge_price(need, year) or 0
            removed = need.bridge * quantity
            yield FillLine(at, year, quantity, price, first, removed, state.late.get(at), is_bridge=True)


def _note_late(problem: Problem, state: _State, year: int, lines: list[FillLine], order: list[int]) -> int:
    """Remember why needs that are due wait; returns the money that mandatory ones lack in the year."""
    spent = _Spent(problem, year, lines)
    short = 0
    for at in order:
        need, units = problem.needs[at], state.open_units(at, problem.needs[at])
        price = _price(problem, at, year)
        if not units or need.due_year > year or not price:
            continue
        state.late.setdefault(at, spent.why(at, units, price))
        if need.mandatory:
            short += units * price
    return short


class _Spent:
    """What a year's lines cost, in all and under each cap, and why a need found no place among them."""

    def __init__(self, problem: Problem, year: int, lines: list[FillLine]) -> None:
        self._problem, self._year = problem, year
        self._spent = sum(line.total_minor for line in lines)
        self._works = sum(line.quantity for line in lines if not line.is_bridge)
        self._capped = [
            (
                cap,
                sum(
                    line.total_minor for line in lines if problem.needs[line.need].agency_id in cap.agency_ids
                ),
            )
            for cap in problem.limits.caps
            if year in cap.budgets_minor
        ]

    def why(self, at: int, units: int, price: int) -> Reason:
        """The reason with its figures."""
        need, budget = self._problem.needs[at], self._problem.budgets_minor[self._year]
        decided = self._decided(at, units)
        if decided is not None:
            return decided
        params: dict[str, object] = {
            "year": self._year, "units": units, "price_minor": price, "cost_minor": units * price,
            "left_minor": budget - self._spent, "budget_minor": budget, "spent_minor": self._spent,
            "ratio": ranked.per_million(need.risk, price), "done": 0,
        }  # fmt: skip
        if budget == 0:
            return Reason("no-budget", params)
        if price > budget - self._spent:
            return Reason("unit-above-budget" if price > budget else "better-elsewhere", params)
        for cap, spent in self._capped:
            if need.agency_id in cap.agency_ids and price > cap.budgets_minor[self._year] - spent:
                limit = cap.budgets_minor[self._year]
                return Reason(
                    "cap-reached",
                    params | {"cap": cap.name, "budget_minor": limit, "left_minor": limit - spent},
                )
        capacity = self._problem.limits.capacity_units.get(self._year)
        if capacity is not None and self._works >= capacity:
            return Reason("no-capacity", params | {"ahead": self._works})
        return Reason("better-elsewhere", params)

    def _decided(self, at: int, units: int) -> Reason | None:
        wish = self._problem.limits.wishes.get(at)
        if wish is None or self._year in wish.pinned or wish.allows(self._year):
            return None
        return ranked.decided(wish, self._year, units)


def _deferred(problem: Problem, state: _State) -> tuple[FillLine, ...]:
    found = []
    for at, need in enumerate(problem.needs):
        units = state.open_units(at, need)
        if not units:
            continue
        reason = state.late.get(at)
        closed = (
            ranked.unpriced(need, units)
            if reason is None
            else Reason(reason.code, dict(reason.params) | {"until": problem.years[-1]})
        )
        first = state.taken[at] if need.covers is None else 0
        price = problem.price(need, need.due_year) or 0
        found.append(FillLine(at, None, units, price, first, 0, closed))
    return tuple(sorted(found, key=lambda line: ranked.deferred_order(problem.needs[line.need], line)))


def keeps_limits(problem: Problem, fill: Fill) -> bool:
    """Whether a fill spends and does no more than budgets, caps and capacities allow, in whole minor units."""
    for year in problem.years:
        lines = [line for line in fill.lines if line.year == year]
        if sum(line.total_minor for line in lines) > problem.budgets_minor[year]:
            return False
        for cap in problem.limits.caps:
            paid = sum(
                one.total_minor for one in lines if problem.needs[one.need].agency_id in cap.agency_ids
            )
            if year in cap.budgets_minor and paid > cap.budgets_minor[year]:
                return False
        works = sum(line.quantity for line in lines if not line.is_bridge)
        if works > problem.limits.capacity_units.get(year, works):
            return False
    return True
