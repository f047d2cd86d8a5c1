"""The ranked fill, pure: year by year, what is pinned, then mandatory needs, then most risk removed per money;
with what is left of a year, extended support for what must wait.

It keeps to every limit of the problem but floors and smoothing, which need a view over all years. The
answer depends on the problem alone: ties are broken by due year and the need's key. A need may be split by
quantity over years; money left in one year is not carried into the next. What cannot be paid when it is due
keeps the reason with its figures from that year.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tracker.budgeting.needs import Cap, Fill, FillLine, Need, Problem, Reason, Wish

#: Risk per money is compared as an integer: points × this ÷ price, so that no float decides.
_SCALE = 10**24
#: Ratios are told as risk points per million major units.
_PER_MILLION = 10**8


@dataclass(slots=True)
class _Open:
    """What is left of one need while the years are filled; `pinned` of its units wait for their own year."""

    units: int
    taken: int = 0
    pinned: int = 0
    block: Reason | None = None
    taken_in: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Year:
    """One year being filled: money left, and what went ahead of the need in hand."""

    year: int
    budget_minor: int
    left_minor: int
    caps: list[tuple[Cap, int]] = field(default_factory=list)
    capacity: int | None = None
    ahead_units: int = 0
    last: str | None = None
    last_ratio: str = ""
    last_mandatory: bool = False
    short_minor: int = 0

    def room(self, agency_id: int, price: int) -> tuple[int, str]:
        """How many units of a price still fit, and what allows no more: year, cap or capacity."""
        found = (self.left_minor // price, "year")
        for cap, left in self.caps:
            if agency_id in cap.agency_ids and left // price < found[0]:
                found = (left // price, cap.name)
        if self.capacity is not None and self.capacity < found[0]:
            found = (self.capacity, "capacity")
        return found

    def pay(self, agency_id: int, units: int, price: int, *, works: bool = True) -> None:
        """Take the money of `units` from the year and from every cap over the agency."""
        self.left_minor -= units * price
        self.caps = [
            (cap, left - units * price if agency_id in cap.agency_ids else left) for cap, left in self.caps
        ]
        if self.capacity is not None and works:
            self.capacity -= units


def fill(problem: Problem) -> Fill:
    """Fill the years of `problem` in order; O(years × needs × log needs).

    Never spends more than a year's budget. Needs without a price come back as deferred with the reason
    `no-price` and the price 0, which says "unknown", not "free".
    """
    states = _open(problem)
    lines: list[FillLine] = []
    shortfalls: dict[int, int] = {}
    for year in problem.years:
        current = _begin(problem, year)
        for at in _pinned(problem, states, year):
            _act(problem, states, at, current, lines)
        for at in _ranking(problem, states, year):
            _act(problem, states, at, current, lines)
        lines.extend(_bridges(problem, states, current))
        if current.short_minor:
            shortfalls[year] = current.short_minor
    deferred = _deferred(problem, states)
    return Fill(
        tuple(lines), deferred, sum(line.risk_removed for line in lines), possible(problem), shortfalls
    )


def _open(problem: Problem) -> list[_Open]:
    wishes = problem.limits.wishes
    return [
        _Open(need.units, pinned=sum(wishes[at].pinned.values()) if at in wishes else 0)
        for at, need in enumerate(problem.needs)
    ]


def _begin(problem: Problem, year: int) -> _Year:
    budget, limits = problem.budgets_minor[year], problem.limits
    caps = [(cap, cap.budgets_minor[year]) for cap in limits.caps if year in cap.budgets_minor]
    return _Year(year, budget, budget, caps, limits.capacity_units.get(year))


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


def _pinned(problem: Problem, states: list[_Open], year: int) -> list[int]:
    """Needs of which units are pinned to the year, in key order; their units are set free here."""
    found = []
    for at, wish in problem.limits.wishes.items():
        if wish.pinned.get(year) and problem.price(problem.needs[at], year):
            found.append(at)
    return sorted(found, key=lambda at: problem.needs[at].key)


def _ranking(problem: Problem, states: list[_Open], year: int) -> list[int]:
    keyed = []
    for at, need in enumerate(problem.needs):
        price = problem.price(need, year)
        if need.due_year > year or states[at].units <= states[at].pinned or not price:
            continue
        wish = problem.wish(at)
        if year in wish.pinned:
            continue
        if not wish.allows(year):
            if states[at].block is None:
                states[at].block = decided(wish, year, states[at].units)
            continue
        ratio = _gain(problem, states, need) * _SCALE // price
        keyed.append((not need.mandatory, -ratio, need.due_year, need.key, at))
    return [key[-1] for key in sorted(keyed)]


def decided(wish: Wish, year: int, units: int) -> Reason:
    """Why a person's decision keeps units from being acted upon."""
    if wish.excluded:
        return Reason("excluded", {"year": year, "units": units})
    if wish.earliest is not None and year < wish.earliest:
        return Reason("not-before", {"year": year, "units": units, "first": wish.earliest})
    return Reason("not-after", {"year": year, "units": units, "last_year": wish.latest})


def _act(problem: Problem, states: list[_Open], at: int, current: _Year, lines: list[FillLine]) -> None:
    need, state = problem.needs[at], states[at]
    price = problem.price(need, current.year)
    assert price, "only priced needs are ranked"
    wanted = _wanted(problem, states, at, current.year)
    open_units = state.units - state.pinned
    if wanted < open_units and state.block is None and current.year not in problem.wish(at).pinned:
        state.block = Reason("just-upgraded", {"year": current.year, "units": open_units - wanted})
    gain = _gain(problem, states, need)
    room, limit = current.room(need.agency_id, price)
    quantity = min(wanted, max(room, 0))
    if quantity < wanted and state.block is None:
        state.block = _block(current, price, (quantity, wanted), per_million(gain, price), limit)
    if quantity < wanted and need.mandatory:
        current.short_minor += (wanted - quantity) * price
    if current.year in problem.wish(at).pinned:
        state.pinned -= wanted
    if not quantity:
        return
    lines.append(_take(problem, states, at, (quantity, price), current.year))
    current.pay(need.agency_id, quantity, price)
    current.ahead_units += quantity
    current.last, current.last_mandatory = need.title, need.mandatory
    current.last_ratio = per_million(gain, price)


def _wanted(problem: Problem, states: list[_Open], at: int, year: int) -> int:
    """Units to act upon: those pinned to the year, else all that no pin holds; one that was upgraded this
    very year is not replaced in the same year."""
    need, state = problem.needs[at], states[at]
    pinned = problem.wish(at).pinned.get(year)
    wanted = state.units - state.pinned if pinned is None else min(pinned, state.units)
    if need.covers is None:
        return wanted
    upgraded = states[need.covers].taken_in.get(year, 0)
    return max(min(wanted, state.units - upgraded), 0)


def _bridges(problem: Problem, states: list[_Open], current: _Year) -> list[FillLine]:
    """Extended support for units that wait, most risk per money first, from what is left of the year."""
    keyed = []
    for at, need in enumerate(problem.needs):
        price = problem.bridge_price(need, current.year)
        if price and need.due_year <= current.year and states[at].units and not problem.wish(at).excluded:
            keyed.append((not need.mandatory, -(need.bridge * _SCALE // price), need.key, at))
    lines = []
    for *_, at in sorted(keyed):
        need, state = problem.needs[at], states[at]
        price = problem.bridge_price(need, current.year)
        assert price
        left_minor = min(
            [current.left_minor, *(left for cap, left in current.caps if need.agency_id in cap.agency_ids)]
        )
        quantity = min(state.units, left_minor // price)
        if quantity:
            first = state.taken if need.covers is None else 0
            removed = need.bridge * quantity
            lines.append(
                FillLine(at, current.year, quantity, price, first, removed, state.block, is_bridge=True)
            )
            current.pay(need.agency_id, quantity, price, works=False)
    return lines


def _take(problem: Problem, states: list[_Open], at: int, offer: tuple[int, int], year: int) -> FillLine:
    need, state = problem.needs[at], states[at]
    quantity, price = offer
    last = problem.years[-1]
    removed = need.risk * quantity * need.years_left(year, last)
    first = state.taken
    if need.covers is not None:
        # Units not yet upgraded stand at the end of the row; replaced first, they save the upgrade.
        covered = min(quantity, states[need.covers].units)
        states[need.covers].units -= covered
        removed += problem.needs[need.covers].risk * covered * (last - year + 1)
        first = need.units - state.taken - quantity
    state.units -= quantity
    state.taken += quantity
    state.taken_in[year] = quantity
    postponed = None if state.block is None else _done(state.block, year)
    return FillLine(at, year, quantity, price, first, removed, postponed)


def _block(current: _Year, price: int, units: tuple[int, int], ratio: str, limit: str) -> Reason:
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
    if limit == "capacity":
        return Reason("no-capacity", params | {"done": quantity, "ahead": current.ahead_units})
    if limit != "year":
        return Reason("cap-reached", params | {"cap": limit, "done": quantity})
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
