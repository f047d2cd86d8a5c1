"""The search for the best plan of a model: relax, keep what is whole, solve the rest exactly; small models whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tracker.budgeting import milp
from tracker.budgeting.milp import INF, Floats, Model, Rows, Solved
from tracker.budgeting.needs import Fill, Reason

#: Stop when the proven gap is this small (a fraction), in models up to so many columns and in larger ones.
TIGHT_GAP, TIGHT_COLUMNS, GAP = 1e-4, 1_000, 8e-4
#: Stop after so many nodes, or, as a safety net, seconds.
NODES, SECONDS = 2_000, 120.0
#: Models up to so many columns are solved whole.
SMALL = 10_000
#: Groups that are solved anew among themselves after the relaxation, at first and at most.
_FREE_GROUPS, _MOST_FREE_GROUPS = 400, 6_400
_WHOLE = 1e-6
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Found:
    """Whole values by column, the bound of the objective, what to tell, and whether the ranked fill keeps to
    the same limits, so that it may stand in."""

    values: Floats
    bound: float
    notes: tuple[Reason, ...]
    may_fall_back: bool


def search(model: Model, baseline: Fill, small: int = SMALL) -> Found:
    """The best values found. Same model, same answer, unless the clock ended the search (then `notes` say so)."""
    start = milp.values_of(model, baseline)
    rows = milp.shared_rows(model)
    kept = _keeps(rows, start)
    _add_own_rows(model, rows, baseline)
    level, notes = _must_level(model, rows, start, kept)
    if level:
        columns = np.flatnonzero(model.must)
        rows.add(level, INF, columns.tolist(), model.must[columns].astype(float).tolist())
    found = _solve_small(model, rows, start if kept else None) if model.size <= small else None
    if found is None:
        found = _solve_large(model, rows, start if kept else None)
    values, bound, timed_out = found
    if timed_out:
        notes = (*notes, Reason("stopped-by-clock", {"seconds": int(SECONDS)}))
    return Found(values, bound, notes, kept)


def _add_own_rows(model: Model, rows: Rows, baseline: Fill) -> None:
    pinned = model.problem.limits.wishes
    reached = dict[tuple[int, int], int]()
    for line in baseline.lines:
        if line.year is not None and line.need in pinned and not line.is_bridge:
            key = (line.need, line.year)
            reached[key] = reached.get(key, 0) + line.quantity
    milp.own_rows(model, rows, range(len(model.problem.needs)), reached)


def _must_level(model: Model, rows: Rows, start: Floats, kept: bool) -> tuple[float, tuple[Reason, ...]]:
    """How many mandatory unit-years the answer must reach: as many as the ranked fill, or, where floors and
    smoothing do not let it be, as many as they let."""
    musts = model.must.astype(float)
    reached = float(musts @ start)
    if kept or not musts.any():
        return reached, ()
    best = milp.solve(musts, model.upper(), rows, whole=model.size <= SMALL, options=_options(model))
    level = float(np.floor(best.values @ musts * (1 - 1e-6)))
    if level >= reached:
        return reached, ()
    return level, (Reason("limits-cost-mandatory", {"units": int(reached - level)}),)


def _options(model: Model) -> dict[str, bool | float | str]:
    return {"mip_rel_gap": _target(model), "mip_max_nodes": NODES, "time_limit": SECONDS}


def _target(model: Model) -> float:
    return TIGHT_GAP if model.size <= TIGHT_COLUMNS else GAP


def _solve_small(model: Model, rows: Rows, start: Floats | None) -> tuple[Floats, float, bool]:
    gains = model.gain.astype(float)
    given = None if start is None else start.tolist()
    solved = milp.solve(gains, model.upper(), rows, whole=True, options=_options(model), start=given)
    if not solved.feasible:
        return (np.zeros(model.size) if start is None else start), solved.bound, solved.timed_out
    return np.rint(solved.values), solved.bound, solved.timed_out


def _solve_large(model: Model, rows: Rows, start: Floats | None) -> tuple[Floats, float, bool]:
    relaxed = milp.solve(
        model.gain.astype(float), model.upper(), rows, whole=False, options={"time_limit": SECONDS}
    )
    if not relaxed.feasible:
        none = np.zeros(model.size) if start is None else start
        return none, float(model.gain @ model.upper()), True
    best, free = start, _FREE_GROUPS
    while free <= _MOST_FREE_GROUPS:
        polished = _polish(model, rows, relaxed, free)
        if polished is not None and (best is None or model.gain @ polished > model.gain @ best):
            best = polished
        if best is not None and relaxed.bound - model.gain @ best <= _target(model) * relaxed.bound:
            break
        free *= 4
    return (np.zeros(model.size) if best is None else best), relaxed.bound, relaxed.timed_out


def _polish(model: Model, rows: Rows, relaxed: Solved, count: int) -> Floats | None:
    """The relaxed answer made whole: most groups keep their values, `count` of them are solved anew."""
    values = np.floor(relaxed.values + _WHOLE)
    broken = np.abs(relaxed.values - np.rint(relaxed.values)) > _WHOLE
    free = _free(model, broken, relaxed, count)
    kept = np.where(free, 0.0, values)
    rest = _restrict(rows, free, kept)
    solved = milp.solve(
        model.gain[free].astype(float),
        model.upper()[free],
        rest,
        whole=True,
        options=_options(model) | {"mip_rel_gap": 0.0, "mip_abs_gap": relaxed.bound * GAP / 4},
    )
    if not solved.feasible:
        return None
    kept[free] = np.rint(solved.values)
    return kept


def _free(model: Model, broken: _Mask, relaxed: Solved, count: int) -> _Mask:
    """The columns of all groups that are not whole, and of those whose values matter least, up to `count`."""
    groups = _groups(model)
    group = groups[model.need]
    chosen = np.unique(group[broken])
    more = count - len(chosen)
    if more > 0 and len(relaxed.costs):
        nearness = np.full(int(groups.max()) + 1, np.inf)
        np.minimum.at(nearness, group, np.where(relaxed.costs == 0, np.inf, np.abs(relaxed.costs)))
        nearness[chosen] = np.inf
        chosen = np.concatenate([chosen, np.argsort(nearness, kind="stable")[:more]])
    return np.isin(group, chosen)


def _groups(model: Model) -> npt.NDArray[np.int64]:
    """Group of each need: a replacement and the upgrade that it makes needless are one."""
    groups = np.arange(len(model.problem.needs))
    for at, need in enumerate(model.problem.needs):
        if need.covers is not None:
            groups[at] = need.covers
    return groups


def _matrix(rows: Rows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
    """(row, column, value) of every entry."""
    starts = np.array(rows.starts, dtype=np.int64)
    row = np.repeat(np.arange(len(rows.low)), np.diff(starts))
    return row, np.array(rows.columns, dtype=np.int64), np.array(rows.values)


def _restrict(rows: Rows, free: _Mask, kept: Floats) -> Rows:
    """The rows over the free columns alone, what the others take subtracted from the bounds."""
    row, column, value = _matrix(rows)
    used = np.bincount(row, weights=value * kept[column], minlength=len(rows.low))
    inside = free[column]
    place = np.cumsum(free) - 1
    row, column, value = row[inside], place[column[inside]], value[inside]
    found = Rows()
    bounds = np.searchsorted(row, np.arange(len(rows.low) + 1))
    for at in np.flatnonzero(np.diff(bounds)):
        first, last = bounds[at], bounds[at + 1]
        found.add(rows.low[at] - used[at], rows.high[at] - used[at], column[first:last].tolist(),
                  value[first:last].tolist())  # fmt: skip
    return found


def _keeps(rows: Rows, values: Floats) -> bool:
    """Whether the values keep to the rows."""
    row, column, value = _matrix(rows)
    total = np.bincount(row, weights=value * values[column], minlength=len(rows.low))
    slack = 1e-6
    return bool(np.all(total >= np.array(rows.low) - slack) and np.all(total <= np.array(rows.high) + slack))
