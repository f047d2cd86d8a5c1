"""What a plan depends on, pure: value of more money, the least that mandatory needs lack, chance of prices and dates.

Values are re-solved at a stated step of the budget, never read from the duals of a relaxation. Problems of up to
`EXACT_COLUMNS` columns are solved whole; of larger ones the relaxation is solved, which tells at most how much risk
could be removed; the answer says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tracker.budgeting import milp, optimal, ranked
from tracker.budgeting.milp import INF, Floats, Rows
from tracker.budgeting.needs import Problem

#: Problems of up to so many columns (needs × kinds × years) are solved whole.
EXACT_COLUMNS = 1_500
#: Percent of the budget on the curve of marginal values.
CURVE = tuple(range(50, 151, 10))
#: What is added to a year's budget to see what more money is worth: this percent of it, or of the mean.
STEP_PCT = 5
DRAWS, SEED = 1_000, 20_270_101
#: Spread of the draws: inflation ± points a year, prices ± percent (triangular), chance of an end date a year
#: earlier or later.
INFLATION_POINTS, PRICE_PCT, DATE_CHANCE = 2.0, 15.0, 0.15
PERCENTILES = (5, 25, 50, 75, 95)


@dataclass(frozen=True, slots=True)
class Worth:
    """`step_minor` more in a year's budget removes `removed` more risk-years: `per_million` major units."""

    year: int
    step_minor: int
    removed: int
    per_million: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Risk-years removed with `percent` of every year's budget: by the best plan, and by the ranked fill."""

    percent: int
    budget_minor: int
    best: int
    ranked: int


@dataclass(frozen=True, slots=True)
class Lack:
    """Money that mandatory needs lack: of a year's budget (`cap` None) or of a cap in the year."""

    year: int
    cap: str | None
    short_minor: int


@dataclass(frozen=True, slots=True)
class Chance:
    """Percentiles of cost by year and of risk-years removed over seeded draws, and in how many of the draws the
    budget of each year suffices (0 to 1)."""

    cost_minor: Mapping[int, tuple[int, ...]]
    suffices: Mapping[int, float]
    removed: tuple[int, ...]


def is_exact(problem: Problem) -> bool:
    """Whether the problem is small enough to be solved whole for every question."""
    return milp.build(problem).size <= EXACT_COLUMNS


def best_objective(problem: Problem) -> int:
    """Risk-years that the best plan removes; of large problems what the relaxation says at most."""
    model = milp.build(problem)
    if not model.size:
        return 0
    if model.size <= EXACT_COLUMNS:
        return optimal.fill(problem).objective
    rows = milp.shared_rows(model)
    milp.own_rows(model, rows, range(len(problem.needs)), {})
    gains = model.gain.astype(float)
    return int(milp.solve(gains, model.upper(), rows, whole=False, options={"time_limit": 60.0}).bound + 1e-6)


def worths(problem: Problem, base: int) -> tuple[Worth, ...]:
    """What a step more in each year's budget removes, against `base` risk-years without it."""
    mean = sum(problem.budgets_minor.values()) // len(problem.years)
    found = []
    for year in problem.years:
        step = max((problem.budgets_minor[year] or mean) * STEP_PCT // 100, 1)
        more = dict(problem.budgets_minor) | {year: problem.budgets_minor[year] + step}
        removed = max(best_objective(replace(problem, budgets_minor=more)) - base, 0)
        found.append(Worth(year, step, removed, round(removed * 100_000_000 / step, 2)))
    return tuple(found)


def curve(problem: Problem) -> tuple[CurvePoint, ...]:
    """The plan at 50 to 150 percent of every year's budget."""
    found = []
    for percent in CURVE:
        budgets = {year: amount * percent // 100 for year, amount in problem.budgets_minor.items()}
        scaled = replace(problem, budgets_minor=budgets)
        filled = ranked.fill(scaled).objective
        best = max(best_objective(scaled), filled)
        found.append(CurvePoint(percent, sum(budgets.values()), best, filled))
    return tuple(found)


def lacks(problem: Problem) -> tuple[Lack, ...]:
    """The smallest sum of money that must be added for every mandatory need to be met within the plan, each in a
    year from when it is due until decided latest; empty where the budgets and caps suffice. Solved exactly.

        minimise Σ s  such that  Σ_y x[i,y] = units[i],  Σ_i price[i,y] x[i,y] − s[y] ≤ budget[y] (caps alike)
    """
    columns = _mandatory_columns(problem)
    if not columns:
        return ()
    limits = _limits(problem, columns)
    rows = Rows()
    for at in sorted({need for need, _, _ in columns}):
        mine = [place for place, (need, _, _) in enumerate(columns) if need == at]
        rows.add(float(problem.needs[at].units), float(problem.needs[at].units), mine)
    for place, (_, _, budget, members) in enumerate(limits):
        costs = [columns[one][2] / 1e6 for one in members]
        rows.add(-INF, budget / 1e6, [*members, len(columns) + place], [*costs, -1.0])
    units = [float(problem.needs[need].units) for need, _, _ in columns]
    most = [sum(columns[one][2] * problem.needs[columns[one][0]].units for one in members) / 1e6 + 1
            for *_, members in limits]  # fmt: skip
    upper = np.array([*units, *most])
    gains = np.array([0.0] * len(columns) + [-1.0] * len(limits))
    solved = milp.solve(gains, upper, rows, whole=True, options={"mip_rel_gap": 0.0, "time_limit": 60.0},
                        continuous=len(limits))  # fmt: skip
    return _shortages(columns, limits, solved.values)


def _mandatory_columns(problem: Problem) -> list[tuple[int, int, int]]:
    """(need, year, price) of every way to meet a mandatory need."""
    found = []
    for at, need in enumerate(problem.needs):
        if not need.mandatory or problem.wish(at).excluded:
            continue
        for year in problem.years:
            price = problem.price(need, year)
            if price and year >= need.due_year and problem.wish(at).allows(year):
                found.append((at, year, price))
    return found


_Limit = tuple[int, str | None, int, list[int]]


def _limits(problem: Problem, columns: Sequence[tuple[int, int, int]]) -> list[_Limit]:
    """(year, cap, amount, columns that it bounds): the years' budgets and the caps."""
    found: list[_Limit] = []
    for year in problem.years:
        here = [place for place, (_, when, _) in enumerate(columns) if when == year]
        found.append((year, None, problem.budgets_minor[year], here))
        for cap in problem.limits.caps:
            if year in cap.budgets_minor:
                mine = [one for one in here if problem.needs[columns[one][0]].agency_id in cap.agency_ids]
                found.append((year, cap.name, cap.budgets_minor[year], mine))
    return found


def _shortages(
    columns: Sequence[tuple[int, int, int]], limits: Sequence[_Limit], values: Floats
) -> tuple[Lack, ...]:
    """In whole minor units from the units chosen: a solver's slack is exact only within its tolerance."""
    units = np.rint(values[: len(columns)]).astype(np.int64).tolist()
    found = []
    for year, cap, budget, members in limits:
        over = sum(columns[one][2] * units[one] for one in members) - budget
        if over > 0:
            found.append(Lack(year, cap, over))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Bought:
    """A line of the plan as the draws need it: total in minor units, which price it follows, risk a year, the
    year it is done and due."""

    year: int
    total_minor: int
    price: str
    risk: int
    due_year: int
    removed: int


def chance(
    problem: Problem, lines: Sequence[Bought], first_year: int, draws: int = DRAWS, seed: int = SEED
) -> Chance:
    """What the plan as it stands costs and removes when inflation, prices and end dates come otherwise. The same
    seed gives the same answer."""
    source = np.random.Generator(np.random.PCG64(seed))
    inflation = 1 + (source.random(draws) * 2 - 1) * INFLATION_POINTS / 100
    names = sorted({line.price for line in lines})
    prices = {name: 1 + _triangular(source, draws) * PRICE_PCT / 100 for name in names}
    costs = {year: np.zeros(draws) for year in problem.years}
    removed = np.zeros(draws)
    for line in lines:
        costs[line.year] += line.total_minor * prices[line.price] * inflation ** (line.year - first_year + 1)
        lot = source.random(draws)
        shift = np.where(lot < DATE_CHANCE, -1, np.where(lot >= 1 - DATE_CHANCE, 1, 0))
        due = np.maximum(line.due_year + shift, problem.years[0])
        lost = np.maximum(line.year, due) - max(line.year, line.due_year)
        removed += np.maximum(line.removed - line.risk * lost, 0)
    return Chance(
        cost_minor={year: _percentiles(values) for year, values in costs.items()},
        suffices={
            year: round(float(np.mean(values <= problem.budgets_minor[year])), 3)
            for year, values in costs.items()
        },
        removed=_percentiles(removed),
    )


def _triangular(source: np.random.Generator, draws: int) -> Floats:
    """Draws between −1 and 1, most likely 0: the sum of two even ones."""
    found: Floats = source.random(draws) + source.random(draws) - 1
    return found


def _percentiles(values: Floats) -> tuple[int, ...]:
    ordered = np.sort(values)
    places = [round((len(ordered) - 1) * percent / 100) for percent in PERCENTILES]
    return tuple(round(float(ordered[place])) for place in places)
