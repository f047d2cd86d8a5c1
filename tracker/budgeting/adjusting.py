"""Changing a group of a plan by hand, pure: units moved, deferred, pinned, repriced, and what follows for the rest of
the group. A group is a need together with the upgrade that it makes needless, or the replacement that does so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tracker.budgeting.needs import Limits, Problem, Reason


class Slot(NamedTuple):
    """Where units of a group stand: need number, year (None: deferred), whether they are only bridged."""

    need: int
    year: int | None
    is_bridge: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Units in a slot, their unit price in minor units, whether a person put them there, why they are late."""

    units: int
    price_minor: int
    by_hand: bool = False
    postponed: Reason | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A line of the group after an adjustment; `first_unit` is where its units start in the group's row."""

    slot: Slot
    held: Held
    first_unit: int
    risk_removed: int

    @property
    def total_minor(self) -> int:
        """Quantity × unit price."""
        return self.held.units * self.held.price_minor


Plan = Mapping[Slot, Held]


class Impossible(ValueError):
    """What was asked for cannot be done with the group; the text says why."""


def move(problem: Problem, plan: Plan, slot: Slot, year: int | None, units: int) -> Plan:
    """`units` of a slot put into another year, or deferred (None).

    Raises:
        Impossible: not a year of the plan, more units than the slot has, a bridge, or no price in that year.
    """
    held = plan[slot]
    if slot.is_bridge and year is not None:
        raise Impossible("A year of extended support belongs to its year: it can only be left out.")
    if not 1 <= units <= held.units:
        raise Impossible(f"{units} units cannot be moved: the line has {held.units}.")
    if year == slot.year:
        raise Impossible("The line is in that year already.")
    price = _price(problem, plan, Slot(slot.need, year))
    changed = dict(plan)
    _take(changed, slot, units)
    if not slot.is_bridge:
        _put(problem, changed, Slot(slot.need, year), units, price)
    return changed


def resize(problem: Problem, plan: Plan, slot: Slot, units: int) -> Plan:
    """The slot with `units`: what is more comes from the deferred units of the need, what is less is deferred.

    Raises:
        Impossible: below 0, or more than the need has left.
    """
    held = plan[slot]
    if units < 0 or units == held.units:
        raise Impossible(f"The line has {held.units} units already; another number of 0 or more is needed.")
    if units < held.units:
        return move(problem, plan, slot, None, held.units - units)
    waiting = Slot(slot.need, None)
    spare = plan[waiting].units if waiting in plan and slot.year is not None else 0
    if slot.is_bridge or units - held.units > spare:
        raise Impossible(f"The group has only {spare} more units that wait.")
    return move(problem, plan, waiting, slot.year, units - held.units)


def pin(plan: Plan, slot: Slot, *, by_hand: bool) -> Plan:
    """The slot held where it is when the plan is made again, or set free.

    Raises:
        Impossible: it is so already, or a bridge.
    """
    if slot.is_bridge or plan[slot].by_hand == by_hand:
        raise Impossible("The line is so already.")
    return {**plan, slot: replace(plan[slot], by_hand=by_hand)}


def reprice(plan: Plan, slot: Slot, price_minor: int) -> Plan:
    """The slot at another unit price.

    Raises:
        Impossible: it is no price, or the units are deferred.
    """
    if slot.year is None:
        raise Impossible("What is deferred has no price of its own: put it into a year first.")
    if price_minor <= 0:
        raise Impossible("A price above 0 is needed.")
    return {**plan, slot: replace(plan[slot], price_minor=price_minor)}


def _price(problem: Problem, plan: Plan, slot: Slot) -> int:
    if slot.year is not None and slot.year not in problem.years:
        raise Impossible(f"{slot.year} is not a year of this plan.")
    if slot in plan:
        return plan[slot].price_minor
    need = problem.needs[slot.need]
    price = problem.price(need, need.due_year if slot.year is None else slot.year)
    if not price and slot.year is not None:
        raise Impossible(f"There is no price for {slot.year}.")
    return price or 0


def _take(plan: dict[Slot, Held], slot: Slot, units: int) -> None:
    left = plan[slot].units - units
    if left:
        plan[slot] = replace(plan[slot], units=left)
    else:
        del plan[slot]


def _put(problem: Problem, plan: dict[Slot, Held], slot: Slot, units: int, price: int) -> None:
    before = plan.get(slot)
    due = problem.needs[slot.need].due_year
    total = units + (0 if before is None else before.units)
    why: Reason | None
    if slot.year is None:
        why = Reason("by-hand-deferred", {"units": total, "year": due})
    else:
        why = Reason("by-hand", {"year": due, "done": str(slot.year)}) if slot.year > due else None
    plan[slot] = Held(total, price, by_hand=True, postponed=why)


def settle(problem: Problem, plan: Plan, group: Sequence[int]) -> tuple[Settled, ...]:
    """The lines of a group, by year, then deferred: units that a replacement makes needless lose their upgrade,
    units that have no place wait, and risk-years are counted anew. Sums of units are those of the needs."""
    return tuple(_Group(problem, plan, group).settled())


class _Group:
    def __init__(self, problem: Problem, plan: Plan, group: Sequence[int]) -> None:
        self._problem, self._plan, self._group = problem, plan, group
        self._left = {at: problem.needs[at].units for at in group}
        self._fresh = dict(self._left)
        self._taken = dict.fromkeys(group, 0)

    def settled(self) -> Iterator[Settled]:
        # A replacement first: it saves the upgrades of the same year.
        order = sorted(self._group, key=lambda at: self._problem.needs[at].covers is None)
        for year in self._problem.years:
            for at in order:
                held = self._plan.get(Slot(at, year))
                units = min(held.units, self._open(at)) if held else 0
                if held and units:
                    yield self._acted(Slot(at, year), replace(held, units=units), year)
            for at in order:
                yield from self._bridged(at, year)
        for at in order:
            if self._open(at):
                yield self._deferred(at)

    def _open(self, at: int) -> int:
        need = self._problem.needs[at]
        return min(self._left[at], self._fresh[at]) if need.covers is None else self._left[at]

    def _first(self, at: int, units: int) -> int:
        need = self._problem.needs[at]
        return self._taken[at] if need.covers is None else need.units - self._taken[at] - units

    def _acted(self, slot: Slot, held: Held, year: int) -> Settled:
        need, last, units = self._problem.needs[slot.need], self._problem.years[-1], held.units
        removed = need.risk * units * need.years_left(year, last)
        first = self._first(slot.need, units)
        if need.covers is None:
            self._fresh[slot.need] -= units
        else:
            covered = min(units, self._fresh[need.covers])
            self._fresh[need.covers] -= covered
            removed += self._problem.needs[need.covers].risk * covered * (last - year + 1)
        self._left[slot.need] -= units
        self._taken[slot.need] += units
        return Settled(slot, held, first, removed)

    def _bridged(self, at: int, year: int) -> Iterator[Settled]:
        held = self._plan.get(Slot(at, year, is_bridge=True))
        units = min(held.units, self._open(at)) if held else 0
        if held and units:
            first = self._taken[at] if self._problem.needs[at].covers is None else 0
            removed = self._problem.needs[at].bridge * units
            yield Settled(Slot(at, year, is_bridge=True), replace(held, units=units), first, removed)

    def _deferred(self, at: int) -> Settled:
        need, units, slot = self._problem.needs[at], self._open(at), Slot(at, None)
        first = self._taken[at] if need.covers is None else 0
        held = self._plan.get(slot)
        if held is None or held.units != units:
            price = self._problem.price(need, need.due_year) or 0
            why = Reason("by-hand-freed", {"units": units, "year": need.due_year})
            held = Held(units, price, held is not None and held.by_hand, why)
        return Settled(slot, held, first, 0)


def shortfalls(problem: Problem, lines: Sequence[Settled]) -> dict[int, int]:
    """What mandatory needs of the group lack in each year (minor units): units due and still open × price."""
    found = Counter[int]()
    for line in lines:
        need = problem.needs[line.slot.need]
        if not need.mandatory or line.slot.is_bridge:
            continue
        done = problem.years[-1] + 1 if line.slot.year is None else line.slot.year
        for year in range(need.due_year, done):
            found[year] += line.held.units * (problem.price(need, year) or 0)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Spending:
    """What a plan spends in a year for the agency that owns: minor units, units, units acted upon."""

    year: int
    agency_id: int
    total_minor: int
    units: int
    works: int


def breaches(limits: Limits, budgets_minor: Mapping[int, int], spent: Sequence[Spending]) -> list[Reason]:
    """Every budget, cap, capacity, floor and smoothing that the spending breaks, with by how much."""
    found = []
    costs = {year: _sum(spent, year) for year in budgets_minor}
    for year, budget in sorted(budgets_minor.items()):
        if costs[year] > budget:
            over = costs[year] - budget
            found.append(Reason("breach-year", {"year": year, "over_minor": over, "budget_minor": budget}))
    for cap in limits.caps:
        for year, budget in sorted(cap.budgets_minor.items()):
            over = _sum(spent, year, cap.agency_ids) - budget
            if over > 0:
                figures = {"over_minor": over, "budget_minor": budget}
                found.append(Reason("breach-cap", {"cap": cap.name, "year": year, **figures}))
    for year, most in sorted(limits.capacity_units.items()):
        works = sum(one.works for one in spent if one.year == year)
        if works > most:
            found.append(Reason("breach-capacity", {"year": year, "units": works, "over": works - most}))
    return found + _shape_breaches(limits, costs, spent)


def _shape_breaches(limits: Limits, costs: Mapping[int, int], spent: Sequence[Spending]) -> list[Reason]:
    found, total = [], sum(costs.values())
    for floor in limits.floors:
        inside = sum(one.total_minor for one in spent if one.agency_id in floor.agency_ids)
        if inside * 100 < floor.share_pct * total:
            share = f"{inside * 100 / total:.1f}"
            told: dict[str, object] = {"floor": floor.name, "share": share, "share_pct": floor.share_pct}
            found.append(Reason("breach-floor", told))
    if limits.smoothing_pct is not None:
        most = total * (100 + limits.smoothing_pct) // (100 * len(costs))
        for year, cost in sorted(costs.items()):
            if cost > most:
                params = {"year": year, "over_minor": cost - most, "percent": limits.smoothing_pct}
                found.append(Reason("breach-smoothing", params))
    return found


def _sum(spent: Sequence[Spending], year: int, agencies: frozenset[int] | None = None) -> int:
    return sum(
        one.total_minor
        for one in spent
        if one.year == year and (agencies is None or one.agency_id in agencies)
    )
