"""The ranked fill, pure: year by year, mandatory needs first, then most risk removed per money.

The answer depends on the problem alone: ties are broken by due year and the need's key. A need may be split
by quantity over years; money left in one year is not carried into the next. What cannot be paid when it is
due keeps the reason with its figures from that year.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracker.budgeting.needs import Fill, FillLine, Need, Problem, Reason

#: Risk per money is compared as an integer: points × this ÷ price, so that no float decides.
_SCALE = 10**24
#: Ratios are told as risk points per million major units.
_PER_MILLION = 10**8


@dataclass(slots=True)
class _Open:
    """What is left of one need while the years are filled."""

    units: int
    taken: int = 0
    block: Reason | None = None
    taken_in: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Year:
    """One year being filled: money left, and what went ahead of the need in hand."""

    year: int
    budget_minor: int
    left_minor: int
    ahead_units: int = 0
    last: str | None = None
    last_ratio: str = ""
    last_mandatory: bool = False
    short_minor: int = 0


def fill(problem: Problem) -> Fill:
    """Fill the years of `problem` in order; O(years × needs × log needs).

    Never spends more than a year's budget. Needs without a price come back as deferred with the reason
    `no-price` and the price 0, which says "unknown", not "free".
    """
    states = [_Open(need.units) for need in problem.needs]
    lines: list[FillLine] = []
    shortfalls: dict[int, int] = {}
    for year in problem.years:
        budget = problem.budgets_minor[year]
        current = _Year(year, budget, budget)
        for at in _ranking(problem, states, year):
            _act(problem, states, at, current, lines)
        if current.short_minor:
            shortfalls[year] = current.short_minor
    deferred = _deferred(problem, states)
    return Fill(
        tuple(lines), deferred, sum(line.risk_removed for line in lines), possible(problem), shortfalls
    )


def possible(problem: Problem) -> int:
    """Risk-years that would be removed if every need were met in full in the year it is due."""
    last = problem.years[-1]
    return sum(need.risk * need.units * (last - need.due_year + 1) for need in problem.needs)


def per_million(risk: int, price_minor: int) -> str:
    """Risk points per million major units, with two decimals, for sentences."""
    hundredths = risk * _PER_MILLION * 100 // price_minor
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _gain(problem: Problem, states: list[_Open], need: Need) -> int:
    """Risk points per unit that acting now removes: a replacement also ends a software risk still open."""
    if need.covers is not None and states[need.covers].units:
        return need.risk + problem.needs[need.covers].risk
    return need.risk


def _ranking(problem: Problem, states: list[_Open], year: int) -> list[int]:
    keyed = []
    for at, need in enumerate(problem.needs):
        price = problem.price(need, year)
        if need.due_year > year or not states[at].units or not price:
            continue
        ratio = _gain(problem, states, need) * _SCALE // price
        keyed.append((not need.mandatory, -ratio, need.due_year, need.key, at))
    return [key[-1] for key in sorted(keyed)]


def _act(problem: Problem, states: list[_Open], at: int, current: _Year, lines: list[FillLine]) -> None:
    need, state = problem.needs[at], states[at]
    price = problem.price(need, current.year)
    assert price, "only priced needs are ranked"
    wanted = _wanted(need, states, state, current.year)
    if wanted < state.units and state.block is None:
        state.block = Reason("just-upgraded", {"year": current.year, "units": state.units - wanted})
    gain = _gain(problem, states, need)
    quantity = min(wanted, current.left_minor // price)
    if quantity < wanted and state.block is None:
        state.block = _block(current, price, (quantity, wanted), per_million(gain, price))
    if quantity < wanted and need.mandatory:
        current.short_minor += (wanted - quantity) * price
    if not quantity:
        return
    lines.append(_take(problem, states, at, (quantity, price), current.year))
    current.left_minor -= quantity * price
    current.ahead_units += quantity
    current.last, current.last_mandatory = need.title, need.mandatory
    current.last_ratio = per_million(gain, price)


def _wanted(need: Need, states: list[_Open], state: _Open, year: int) -> int:
    """Units to act upon: one that was upgraded this very year is not replaced in the same year."""
    if need.covers is None:
        return state.units
    upgraded = states[need.covers].taken_in.get(year, 0)
    return max(state.units - upgraded, 0)


def _take(problem: Problem, states: list[_Open], at: int, offer: tuple[int, int], year: int) -> FillLine:
    need, state = problem.needs[at], states[at]
    quantity, price = offer
    left = problem.years[-1] - year + 1
    removed = need.risk * quantity * left
    first = state.taken
    if need.covers is not None:
        # Units not yet upgraded stand at the end of the row; replaced first, they save the upgrade.
        covered = min(quantity, states[need.covers].units)
        states[need.covers].units -= covered
        removed += problem.needs[need.covers].risk * covered * left
        first = need.units - state.taken - quantity
    state.units -= quantity
    state.taken += quantity
    state.taken_in[year] = quantity
    postponed = None if state.block is None else _done(state.block, year)
    return FillLine(at, year, quantity, price, first, removed, postponed)


def _block(current: _Year, price: int, units: tuple[int, int], ratio: str) -> Reason:
    quantity, wanted = units
    left = current.left_minor - quantity * price
    spent = current.budget_minor - current.left_minor
    params: dict[str, object] = {
        "year": current.year,
        "units": wanted - quantity,
        "price_minor": price,
        "cost_minor": (wanted - quantity) * price,
        "left_minor": left,
        "budget_minor": current.budget_minor,
        "ratio": ratio,
    }
    if current.budget_minor == 0:
        return Reason("no-budget", params)
    if current.last is None and not quantity:
        return Reason("unit-above-budget", params)
    if quantity:
        return Reason(
            "part-only", params | {"done": quantity, "spent_minor": spent, "ahead": current.ahead_units}
        )
    code = "after-mandatory" if current.last_mandatory else "outranked"
    return Reason(
        code,
        params
        | {
            "ahead": current.ahead_units,
            "spent_minor": spent,
            "last": current.last,
            "last_ratio": current.last_ratio,
        },
    )


def _deferred(problem: Problem, states: list[_Open]) -> tuple[FillLine, ...]:
    found = []
    for at, (need, state) in enumerate(zip(problem.needs, states, strict=True)):
        if not state.units:
            continue
        first = state.taken if need.covers is None else 0
        price = problem.price(need, need.due_year) or 0
        reason = (
            unpriced(need, state.units) if state.block is None else _closed(state.block, problem.years[-1])
        )
        found.append(FillLine(at, None, state.units, price, first, 0, reason))
    return tuple(sorted(found, key=lambda line: deferred_order(problem.needs[line.need], line)))


def deferred_order(need: Need, line: FillLine) -> tuple[bool, int, str]:
    """Deferrals in the order of a plan: mandatory first, then by the risk that stays."""
    return not need.mandatory, -need.risk * line.quantity, need.key


def unpriced(need: Need, units: int) -> Reason:
    """Why a need without a price is not planned."""
    params = {
        "asset_class": need.asset_class,
        "action": str(need.action),
        "units": units,
        "year": need.due_year,
    }
    return Reason("no-price", params)


def _done(block: Reason, year: int) -> Reason | None:
    """The reason why it was not done when due; None for what is done in the year of the block itself."""
    return (
        None if block.params["year"] == year else Reason(block.code, dict(block.params) | {"done_in": year})
    )


def _closed(block: Reason, last_year: int) -> Reason:
    """The reason of the year in which the money first ran out, extended to the end of the plan."""
    return Reason(block.code, dict(block.params) | {"until": last_year})
