"""The optimal fill: the plan that removes most risk-years under the yearly budgets, with a proven bound.

A whole-number model solved by HiGHS. For every need i and year y from its due year on, x[i,y] counts units
acted upon. A replacement that makes an upgrade needless is split in z (the unit was never upgraded: both
risks go) and w (it was upgraded in an earlier year: only the hardware's risk goes):

    maximise   Σ risk · x · (years left)              risk-years removed, as in the ranked fill
    such that  Σ_i price[i,y] · x[i,y] ≤ budget[y]     every year
               Σ_y x[i,y] ≤ units[i]
               Σ_y x[upgrade,y] + Σ_y z[y] ≤ units
               Σ_{y'≤y} w[y'] ≤ Σ_{y'<y} x[upgrade,y']
               Σ over mandatory needs of units · years left ≥ what the ranked fill reaches

So the answer is never worse than the ranked fill, neither for what is mandatory nor in total. It is stopped
by nodes, not by the clock, so that the same problem gives the same plan; the time limit is a safety net.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import highspy
import numpy as np

from tracker.budgeting import ranked
from tracker.budgeting.needs import Fill, FillLine, Need, Problem, Reason

#: Stop when the proven gap is this small (a fraction), after so many nodes, or, as a safety net, seconds.
GAP, NODES, SECONDS = 1e-4, 2_000, 120.0

#: How a unit is acted upon in the model: plainly, replaced before any upgrade, replaced after one.
_PLAIN, _COVERING, _AFTER = "x", "z", "w"
_Key = tuple[int, str, int]
Amounts = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class _Model:
    """Columns by (need, kind, year) with price and gain, in a fixed order."""

    keys: tuple[_Key, ...]
    prices: tuple[int, ...]
    gains: tuple[int, ...]
    column: Mapping[_Key, int]


def fill(problem: Problem) -> Fill:
    """Fill the years of `problem` so that most risk-years are removed; `bound` and `gap` are proven.

    Needs without a price come back as deferred with the reason `no-price`, as in the ranked fill.
    """
    baseline = ranked.fill(problem)
    model = _model(problem)
    if not model.keys:
        return replace(baseline, bound=str(baseline.objective), gap="0")
    values, bound = _solve(problem, model, baseline)
    answer = _rebuild(problem, _by_year(model, values))
    if answer.objective < baseline.objective:
        answer = baseline
    # A dual bound carries rounding noise; objective values are whole numbers, so its floor holds too.
    proven = max(int(bound + 1e-6 * max(1.0, abs(bound))), answer.objective)
    gap = 0.0 if proven == 0 else (proven - answer.objective) / proven
    return replace(answer, bound=str(proven), gap=f"{gap:.6f}")


def _model(problem: Problem) -> _Model:
    last = problem.years[-1]
    keys: list[_Key] = []
    prices, gains = [], []
    for at, need in enumerate(problem.needs):
        covered = 0 if need.covers is None else problem.needs[need.covers].risk
        kinds = ((_PLAIN, 0),) if need.covers is None else ((_COVERING, covered), (_AFTER, 0))
        for year in problem.years:
            price = problem.price(need, year)
            if year < need.due_year or not price:
                continue
            for kind, more in kinds:
                keys.append((at, kind, year))
                prices.append(price)
                gains.append((need.risk + more) * (last - year + 1))
    return _Model(tuple(keys), tuple(prices), tuple(gains), {key: n for n, key in enumerate(keys)})


class _QuietHighs(highspy.Highs):
    """A solver that prints nothing: HiGHS greets on stdout as soon as it is made, where `--json` answers."""

    def enableCallbacks(self) -> None:  # noqa: N802 - its name there
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def _solve(problem: Problem, model: _Model, baseline: Fill) -> tuple[list[int], float]:
    solver = _QuietHighs()  # type: ignore[no-untyped-call]
    for name, value in (
        ("output_flag", False), ("threads", 1), ("random_seed", 1), ("mip_rel_gap", GAP),
        ("mip_max_nodes", NODES), ("time_limit", SECONDS),
    ):  # fmt: skip
        solver.setOptionValue(name, value)
    start = _from_ranked(problem, model, baseline)
    _add_columns(solver, problem, model)
    for row in _rows(problem, model, start):
        solver.addRow(*row)
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
    given = highspy.HighsSolution()
    given.col_value = [float(value) for value in start]
    solver.setSolution(given)
    solver.run()
    found = solver.getSolution().col_value
    values = [round(value) for value in found] if len(found) == len(start) else start
    return values, solver.getInfo().mip_dual_bound


def _add_columns(solver: highspy.Highs, problem: Problem, model: _Model) -> None:
    count = len(model.keys)
    upper = np.array([float(problem.needs[at].units) for at, _, _ in model.keys])
    solver.addVars(count, np.zeros(count), upper)
    columns = np.arange(count, dtype=np.int32)
    solver.changeColsCost(count, columns, np.array(model.gains, dtype=float))
    kinds = np.full(count, highspy.HighsVarType.kInteger.value, dtype=np.uint8)
    solver.changeColsIntegrality(count, columns, kinds)


_Row = tuple[
    float,
    float,
    int,
    "np.ndarray[tuple[int], np.dtype[np.int32]]",
    "np.ndarray[tuple[int], np.dtype[np.float64]]",
]


def _row(low: float, high: float, terms: Iterable[tuple[int, float]]) -> _Row:
    listed = list(terms)
    columns = np.array([column for column, _ in listed], dtype=np.int32)
    return low, high, len(listed), columns, np.array([value for _, value in listed], dtype=float)


def _rows(problem: Problem, model: _Model, start: list[int]) -> list[_Row]:
    none = -highspy.kHighsInf
    budgets = defaultdict[int, list[tuple[int, float]]](list)
    units = defaultdict[int, list[tuple[int, float]]](list)
    for column, ((at, kind, year), price) in enumerate(zip(model.keys, model.prices, strict=True)):
        # Money in millions of minor units keeps the coefficients of a row within what a solver likes.
        budgets[year].append((column, price / 1e6))
        units[at].append((column, 1.0))
        covers = problem.needs[at].covers
        if kind == _COVERING and covers is not None:
            units[-1 - covers].append((column, 1.0))
    rows = [_row(none, problem.budgets_minor[year] / 1e6, terms) for year, terms in budgets.items()]
    for at, terms in units.items():
        need = problem.needs[at if at >= 0 else -1 - at]
        both = terms if at >= 0 else [*terms, *units.get(-1 - at, ())]
        rows.append(_row(none, float(need.units), both))
    rows.extend(_orders(problem, model))
    terms = _mandatory_terms(problem, model)
    if terms:
        reached = sum(value * start[column] for column, value in terms)
        rows.append(_row(reached, highspy.kHighsInf, terms))
    return rows


def _orders(problem: Problem, model: _Model) -> Iterable[_Row]:
    """A unit is replaced after its upgrade only in a later year."""
    for at, need in enumerate(problem.needs):
        if need.covers is None:
            continue
        terms: list[tuple[int, float]] = []
        for year in problem.years:
            after = model.column.get((at, _AFTER, year))
            if after is not None:
                terms.append((after, 1.0))
                yield _row(-highspy.kHighsInf, 0.0, list(terms))
            upgrade = model.column.get((need.covers, _PLAIN, year))
            if upgrade is not None:
                terms.append((upgrade, -1.0))


def _mandatory_terms(problem: Problem, model: _Model) -> list[tuple[int, float]]:
    last = problem.years[-1]
    terms = []
    for column, (at, kind, year) in enumerate(model.keys):
        need = problem.needs[at]
        covered = kind == _COVERING and need.covers is not None and problem.needs[need.covers].mandatory
        weight = need.mandatory + covered
        if weight:
            terms.append((column, float(weight * (last - year + 1))))
    return terms


def _from_ranked(problem: Problem, model: _Model, baseline: Fill) -> list[int]:
    """The ranked fill as values of the model's columns: where the solver starts."""
    values = [0] * len(model.keys)
    fresh = {at: need.units for at, need in enumerate(problem.needs)}
    for line in baseline.lines:
        assert line.year is not None
        covers = problem.needs[line.need].covers
        if covers is None:
            values[model.column[line.need, _PLAIN, line.year]] += line.quantity
            fresh[line.need] -= line.quantity
            continue
        covering = min(line.quantity, fresh[covers])
        fresh[covers] -= covering
        values[model.column[line.need, _COVERING, line.year]] += covering
        values[model.column[line.need, _AFTER, line.year]] += line.quantity - covering
    return values


def _by_year(model: _Model, values: list[int]) -> Amounts:
    amounts = defaultdict[tuple[int, int], int](int)
    for (at, _kind, year), value in zip(model.keys, values, strict=True):
        if value:
            amounts[at, year] += value
    return amounts


def _rebuild(problem: Problem, amounts: Amounts) -> Fill:
    """Lines and deferrals from the units per need and year, in the order in which the ranked fill would list
    them: replacements first, because they save the upgrades of the same year."""
    left = {at: need.units for at, need in enumerate(problem.needs)}
    taken, fresh = dict.fromkeys(left, 0), dict(left)
    late = dict[int, Reason]()
    lines: list[FillLine] = []
    shortfalls: dict[int, int] = {}
    for year in problem.years:
        spent = sum(_price(problem, at, year) * q for (at, y), q in amounts.items() if y == year)
        order = sorted(range(len(problem.needs)), key=lambda at: _order(problem.needs[at]))
        for at in order:
            need = problem.needs[at]
            wanted = min(amounts.get((at, year), 0), fresh[at] if need.covers is None else left[at])
            if wanted:
                lines.append(_line(problem, (at, year, wanted), (taken, fresh), late.get(at)))
                left[at] -= wanted
                taken[at] += wanted
        for at in order:
            need = problem.needs[at]
            open_units = min(left[at], fresh[at]) if need.covers is None else left[at]
            if open_units and need.due_year <= year and _price(problem, at, year):
                late.setdefault(at, _late(problem, at, year, (open_units, spent)))
                if need.mandatory:
                    shortfalls[year] = shortfalls.get(year, 0) + open_units * _price(problem, at, year)
    deferred = _deferred(problem, left, (taken, fresh), late)
    objective = sum(line.risk_removed for line in lines)
    return Fill(tuple(lines), deferred, objective, ranked.possible(problem), shortfalls)


def _order(need: Need) -> tuple[bool, bool, int, str]:
    return need.covers is None, not need.mandatory, need.due_year, need.key


def _price(problem: Problem, at: int, year: int) -> int:
    return problem.price(problem.needs[at], year) or 0


def _line(
    problem: Problem,
    what: tuple[int, int, int],
    state: tuple[dict[int, int], dict[int, int]],
    late: Reason | None,
) -> FillLine:
    at, year, quantity = what
    taken, fresh = state
    need, years_left = problem.needs[at], problem.years[-1] - year + 1
    removed = need.risk * quantity * years_left
    first = taken[at]
    if need.covers is None:
        fresh[at] -= quantity
    else:
        covered = min(quantity, fresh[need.covers])
        fresh[need.covers] -= covered
        removed += problem.needs[need.covers].risk * covered * years_left
        first = need.units - taken[at] - quantity
    postponed = None if late is None else Reason(late.code, dict(late.params) | {"done_in": year})
    return FillLine(at, year, quantity, _price(problem, at, year), first, removed, postponed)


def _late(problem: Problem, at: int, year: int, facts: tuple[int, int]) -> Reason:
    units, spent = facts
    need, budget, price = problem.needs[at], problem.budgets_minor[year], _price(problem, at, year)
    params: dict[str, object] = {
        "year": year, "units": units, "price_minor": price, "cost_minor": units * price,
        "left_minor": budget - spent, "budget_minor": budget, "spent_minor": spent,
        "ratio": ranked.per_million(need.risk, price),
    }  # fmt: skip
    if budget == 0:
        return Reason("no-budget", params)
    return Reason("unit-above-budget" if price > budget else "better-elsewhere", params)


def _deferred(
    problem: Problem,
    left: dict[int, int],
    state: tuple[dict[int, int], dict[int, int]],
    late: Mapping[int, Reason],
) -> tuple[FillLine, ...]:
    taken, fresh = state
    found = []
    for at, need in enumerate(problem.needs):
        units = min(left[at], fresh[at]) if need.covers is None else left[at]
        if not units:
            continue
        reason = late.get(at)
        closed = (
            ranked.unpriced(need, units)
            if reason is None
            else Reason(reason.code, dict(reason.params) | {"until": problem.years[-1]})
        )
        first = taken[at] if need.covers is None else 0
        price = problem.price(need, need.due_year) or 0
        found.append(FillLine(at, None, units, price, first, 0, closed))
    return tuple(sorted(found, key=lambda line: ranked.deferred_order(problem.needs[line.need], line)))
