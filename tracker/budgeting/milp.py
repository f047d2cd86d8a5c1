"""The planning problem as a whole-number model in columns and rows, and HiGHS that solves it.

For every need i and year y, columns count units: x (acted upon), or for a replacement that makes an upgrade
needless z (the unit was never upgraded: both risks go) and w (it was, in an earlier year: only the hardware's
risk goes); e counts units for which a year of extended support is bought while they wait.

    maximise   Σ risk · x · (years left) + Σ bridge · e          risk-years removed, as in the ranked fill
    such that  Σ_i price[i,y] · (x + z + w + e) ≤ budget[y]       every year, and for every cap its agencies
               Σ_i (x + z + w) ≤ capacity[y]                      where the year has one
               Σ_y x[i,y] (+ Σ_y z[y] of what covers it) ≤ units[i]
               Σ_{y'≤y} w[y'] ≤ Σ_{y'<y} x[upgrade,y']
               e[i,y] + Σ_{y'≤y} x[i,y'] (+ z) ≤ units[i]
               Σ over mandatory needs of units · years left ≥ the level asked for
               Σ_{i in floor} price · x ≥ share · Σ price · x     floors
               cost[y] ≤ (1 + smoothing) · mean cost              smoothing
               x[i,y] = pinned units                              pins
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
import numpy.typing as npt

from tracker.budgeting.needs import Fill, Problem

#: How a unit is acted upon: plainly, replaced before any upgrade, replaced after one, bridged for a year.
PLAIN, COVERING, AFTER, BRIDGE = range(4)
#: Money of the rows is in millions of minor units, so that coefficients stay within what a solver likes.
_SCALE = 1e6
#: How exactly whole numbers and rows are kept: a rupiah in a budget of a trillion must show.
_EXACT = 1e-9

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Model:
    """Columns in arrays: need, kind, year (as a position), unit price in minor units, gain in risk-years a unit,
    mandatory unit-years. `column[need, kind, year]` is the place of one, −1 where there is none."""

    problem: Problem
    need: Indices
    kind: Indices
    year: Indices
    price: Whole
    gain: Whole
    must: Whole
    column: Indices

    @property
    def size(self) -> int:
        """The number of columns."""
        return len(self.need)

    def upper(self) -> Floats:
        """The most units of each column."""
        units = np.array([need.units for need in self.problem.needs], dtype=float)
        return units[self.need]

    def of(self, at: int, kind: int) -> list[int]:
        """The columns of one need and kind by year, those that exist."""
        return [int(one) for one in self.column[at, kind] if one >= 0]


def build(problem: Problem) -> Model:
    """The columns of a problem; O(needs × years)."""
    years = problem.years
    column = np.full((len(problem.needs), 4, len(years)), -1, dtype=np.int32)
    parts = tuple(array("q") for _ in range(6))
    for at, kind, y, price, gain, must in _columns(problem):
        column[at, kind, y] = len(parts[0])
        for part, value in zip(parts, (at, kind, y, price, gain, must), strict=True):
            part.append(value)
    need, kind_of, year, prices, gains, musts = (np.array(part, dtype=np.int64) for part in parts)
    narrow = (need.astype(np.int32), kind_of.astype(np.int32), year.astype(np.int32))
    return Model(problem, *narrow, prices, gains, musts, column)


def _columns(problem: Problem) -> Iterator[tuple[int, int, int, int, int, int]]:
    last, wishes = problem.years[-1], problem.limits.wishes
    for at, need in enumerate(problem.needs):
        covered = None if need.covers is None else problem.needs[need.covers]
        for y, year in enumerate(problem.years):
            left = need.years_left(year, last)
            price = problem.price(need, year)
            if price and _may_act(problem, at, year):
                if covered is None:
                    yield at, PLAIN, y, price, need.risk * left, need.mandatory * left
                else:
                    before = last - year + 1
                    must = need.mandatory * left + covered.mandatory * before
                    yield at, COVERING, y, price, need.risk * left + covered.risk * before, must
                    yield at, AFTER, y, price, need.risk * left, need.mandatory * left
            bridge = problem.bridge_price(need, year)
            if bridge and year >= need.due_year and not (at in wishes and wishes[at].excluded):
                yield at, BRIDGE, y, bridge, need.bridge, 0


def _may_act(problem: Problem, at: int, year: int) -> bool:
    wish = problem.wish(at)
    if year in wish.pinned:
        return True
    return year >= problem.needs[at].due_year and wish.allows(year)


class Rows:
    """Rows of a model, collected: bounds, and the columns with their values."""

    def __init__(self) -> None:
        self.low, self.high = array("d"), array("d")
        self.starts, self.columns, self.values = array("i", [0]), array("i"), array("d")

    def add(
        self, low: float, high: float, columns: Iterable[int], values: Iterable[float] | None = None
    ) -> None:
        """One row: low ≤ Σ value · column ≤ high; values are 1 unless given."""
        before = len(self.columns)
        self.columns.extend(columns)
        added = len(self.columns) - before
        self.values.extend(values if values is not None else [1.0] * added)
        self.starts.append(len(self.columns))
        self.low.append(low)
        self.high.append(high)


INF = highspy.kHighsInf


def shared_rows(model: Model, floors: bool = True) -> Rows:
    """The rows that bind needs together: budgets, caps, capacity, and with `floors` floors and smoothing."""
    problem, rows = model.problem, Rows()
    prices = model.price / _SCALE
    agencies = np.array([need.agency_id for need in problem.needs], dtype=np.int64)[model.need]
    for y, year in enumerate(problem.years):
        here = np.flatnonzero(model.year == y)
        rows.add(-INF, problem.budgets_minor[year] / _SCALE, here.tolist(), prices[here].tolist())
        for cap in problem.limits.caps:
            if year in cap.budgets_minor:
                mine = here[np.isin(agencies[here], list(cap.agency_ids))]
                rows.add(-INF, cap.budgets_minor[year] / _SCALE, mine.tolist(), prices[mine].tolist())
        if year in problem.limits.capacity_units:
            works = here[model.kind[here] != BRIDGE]
            rows.add(-INF, float(problem.limits.capacity_units[year]), works.tolist())
    if floors:
        _add_floors(model, rows, prices, agencies)
        _add_smoothing(model, rows, prices)
    return rows


def _add_floors(model: Model, rows: Rows, prices: Floats, agencies: Whole) -> None:
    every = list(range(model.size))
    for floor in model.problem.limits.floors:
        inside = np.isin(agencies, list(floor.agency_ids))
        values = prices * (inside - floor.share_pct / 100)
        rows.add(0.0, INF, every, values.tolist())


def _add_smoothing(model: Model, rows: Rows, prices: Floats) -> None:
    percent, years = model.problem.limits.smoothing_pct, model.problem.years
    if percent is None:
        return
    share = (1 + percent / 100) / len(years)
    for y in range(len(years)):
        rows.add(0.0, INF, range(model.size), (prices * (share - (model.year == y))).tolist())


def own_rows(model: Model, rows: Rows, needs: Iterable[int], reached: Mapping[tuple[int, int], int]) -> None:
    """The rows of the needs themselves: units, orders, bridges, pins; of pinned units by (need, year) as many
    as `reached` says are bought at least."""
    problem = model.problem
    covering = {need.covers: at for at, need in enumerate(problem.needs) if need.covers is not None}
    for at in needs:
        need = problem.needs[at]
        acting = _acting(model, at, covering)
        if acting:
            rows.add(-INF, float(need.units), [one for _, one in acting])
        if need.covers is not None:
            _add_orders(model, rows, at, need.covers)
        for y, bridge in enumerate(model.column[at, BRIDGE]):
            if bridge >= 0:
                done = [one for year, one in acting if year <= y]
                rows.add(-INF, float(need.units), [int(bridge), *done])
        _add_pins(model, rows, at, reached)


def _acting(model: Model, at: int, covering: Mapping[int, int]) -> list[tuple[int, int]]:
    """(year, column) of all that settles units of a need."""
    found = [(at, kind) for kind in (PLAIN, COVERING, AFTER)]
    if at in covering:
        found.append((covering[at], COVERING))
    return [(y, int(one)) for n, kind in found for y, one in enumerate(model.column[n, kind]) if one >= 0]


def _add_orders(model: Model, rows: Rows, at: int, covered: int) -> None:
    """A unit is replaced after its upgrade only in a later year."""
    columns: list[int] = []
    values: list[float] = []
    for y in range(len(model.problem.years)):
        after, upgrade = int(model.column[at, AFTER, y]), int(model.column[covered, PLAIN, y])
        if after >= 0:
            columns.append(after)
            values.append(1.0)
            rows.add(-INF, 0.0, columns, values)
        if upgrade >= 0:
            columns.append(upgrade)
            values.append(-1.0)


def _add_pins(model: Model, rows: Rows, at: int, reached: Mapping[tuple[int, int], int]) -> None:
    for year, quantity in model.problem.wish(at).pinned.items():
        y = model.problem.years.index(year)
        columns = [int(one) for one in model.column[at, :BRIDGE, y] if one >= 0]
        if columns:
            rows.add(float(reached.get((at, year), 0)), float(quantity), columns)


class QuietHighs(highspy.Highs):
    """A solver that prints nothing: HiGHS greets on stdout as soon as it is made, where `--json` answers."""

    def enableCallbacks(self) -> None:  # noqa: N802 - its name there
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Solved:
    """A solver's answer: values by column, the bound of the objective; of a relaxation the reduced costs of
    the columns and the dual values of the rows; whether the clock ended it, whether there is an answer."""

    values: Floats
    bound: float
    costs: Floats
    duals: Floats
    timed_out: bool
    feasible: bool


def solve(
    gains: Floats,
    upper: Floats,
    rows: Rows,
    *,
    whole: bool,
    options: Mapping[str, bool | float | str],
    start: Sequence[float] | None = None,
    continuous: int = 0,
) -> Solved:
    """Maximise Σ gains · columns, 0 ≤ columns ≤ upper; `whole` numbers (but for the last `continuous` columns)
    or the relaxation."""
    solver = QuietHighs()  # type: ignore[no-untyped-call]
    for name, value in {"threads": 1, "random_seed": 1, **options}.items():
        solver.setOptionValue(name, value)
    if whole:
        solver.setOptionValue("mip_feasibility_tolerance", _EXACT)
        solver.setOptionValue("primal_feasibility_tolerance", _EXACT)
    solver.passModel(_as_lp(gains, upper, rows, len(gains) - continuous if whole else 0))
    if start is not None:
        given = highspy.HighsSolution()
        given.col_value = list(start)
        solver.setSolution(given)
    solver.run()
    status, info, found = solver.getModelStatus(), solver.getInfo(), solver.getSolution()
    values = np.array(found.col_value, dtype=float)
    has_answer = len(values) == len(gains) and info.primal_solution_status == 2
    return Solved(
        values if has_answer else np.zeros(len(gains)),
        info.mip_dual_bound if whole else info.objective_function_value,
        np.array(found.col_dual, dtype=float),
        np.array(found.row_dual, dtype=float),
        status == highspy.HighsModelStatus.kTimeLimit,
        has_answer,
    )


def _as_lp(gains: Floats, upper: Floats, rows: Rows, whole: int) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(gains), len(rows.low)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = gains, np.zeros(len(gains)), upper
    lp.row_lower_, lp.row_upper_ = np.array(rows.low), np.array(rows.high)
    matrix = lp.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.num_col_, matrix.num_row_ = lp.num_col_, lp.num_row_
    matrix.start_ = np.array(rows.starts, dtype=np.int32)
    matrix.index_ = np.array(rows.columns, dtype=np.int32)
    matrix.value_ = np.array(rows.values)
    if whole:
        free = [highspy.HighsVarType.kContinuous] * (len(gains) - whole)
        lp.integrality_ = [highspy.HighsVarType.kInteger] * whole + free
    return lp


def values_of(model: Model, fill: Fill) -> Floats:
    """A fill as values of the model's columns: where a solver may start."""
    values = np.zeros(model.size)
    fresh = [need.units for need in model.problem.needs]
    places = {year: y for y, year in enumerate(model.problem.years)}
    for line in fill.lines:
        assert line.year is not None
        y, covers = places[line.year], model.problem.needs[line.need].covers
        if line.is_bridge:
            values[model.column[line.need, BRIDGE, y]] += line.quantity
        elif covers is None:
            values[model.column[line.need, PLAIN, y]] += line.quantity
            fresh[line.need] -= line.quantity
        else:
            covering = min(line.quantity, fresh[covers])
            fresh[covers] -= covering
            values[model.column[line.need, COVERING, y]] += covering
            values[model.column[line.need, AFTER, y]] += line.quantity - covering
    return values
