"""The limits that a person asks for, checked and brought to the numbers that a method works with; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tracker.budgeting.needs import Cap, Floor, Limits, Need, Reason, Wish
from tracker.budgeting.requests import budget_minor
from tracker.budgeting.schemas import NewCap, NewFloor, NewLimits, NewPlan, NewWish
from tracker.identity.errors import Invalid

_MOST_LIMITS = 200
_MOST_UNITS = 10**9


@dataclass(frozen=True, slots=True)
class Place:
    """An agency of a plan's area: where it stands in the tree, and where it works."""

    id: int
    code: str
    name: str
    path: str
    region: str | None
    service_area: str | None


def resolve(request: NewPlan, places: Sequence[Place], needs: Sequence[Need]) -> Limits:
    """The limits of a request over the needs that were found.

    Raises:
        Invalid: an agency or group is not in the plan, an amount, share or year cannot be used, or what was
            decided about a group contradicts itself; the message says which and why.
    """
    asked = request.limits
    if len(asked.caps) + len(asked.floors) > _MOST_LIMITS:
        raise Invalid("bad-cap", f"At most {_MOST_LIMITS} caps and floors can be kept to.")
    return Limits(
        caps=tuple(_cap(cap, request, places) for cap in asked.caps),
        floors=_floors(asked.floors, places),
        capacity_units=_capacity(asked.capacity, request.years),
        smoothing_pct=_smoothing(asked.smoothing_pct),
        wishes=_wishes(asked.wishes, request.years, needs),
    )


def assumptions(limits: Limits) -> Iterator[Reason]:
    """What a reader must know of the limits, one sentence each."""
    for cap in limits.caps:
        for year, budget in sorted(cap.budgets_minor.items()):
            yield Reason("assume-cap", {"cap": cap.name, "year": year, "budget_minor": budget})
    for floor in limits.floors:
        yield Reason("assume-floor", {"floor": floor.name, "share_pct": floor.share_pct})
    for year, units in sorted(limits.capacity_units.items()):
        yield Reason("assume-capacity", {"year": year, "units": units})
    if limits.smoothing_pct is not None:
        yield Reason("assume-smoothing", {"percent": limits.smoothing_pct})
    if limits.wishes:
        yield Reason("assume-wishes", {"groups": len(limits.wishes)})


def _subtree(code: str, places: Sequence[Place], wanted: str) -> frozenset[int]:
    top = next((place.path for place in places if place.code == code), None)
    if top is None:
        raise Invalid("unknown-agency", f"{wanted}: there is no agency {code!r} in this plan.")
    return frozenset(place.id for place in places if place.path.startswith(top))


def _cap(cap: NewCap, request: NewPlan, places: Sequence[Place]) -> Cap:
    title = cap.title
    if not cap.agency_codes or not cap.budgets:
        raise Invalid("bad-cap", f"The cap {title!r} needs an agency and an amount of a year.")
    agencies = frozenset[int]().union(
        *(_subtree(code, places, f"The cap {title!r}") for code in cap.agency_codes)
    )
    _check_years(cap.budgets, request.years, "bad-cap", f"The cap {title!r}")
    budgets = {
        year: budget_minor(f"The cap of {title} in {year}", amount, request.currency, "bad-cap")
        for year, amount in sorted(cap.budgets.items())
    }
    return Cap(title, agencies, budgets)


def _check_years(given: Iterable[int], years: tuple[int, int], code: str, what: str) -> None:
    outside = [str(year) for year in sorted(given) if not years[0] <= year <= years[1]]
    if outside:
        raise Invalid(code, f"{what} names {', '.join(outside)}, outside the plan's years.")


def _floors(asked: Sequence[NewFloor], places: Sequence[Place]) -> tuple[Floor, ...]:
    found = tuple(_floor(one, places) for one in asked)
    total = sum(one.share_pct for one in found)
    # Floors of agencies that do not overlap add up: more than all the money cannot be shared out.
    apart = sum(len(one.agency_ids) for one in found) == len(
        frozenset[int]().union(*(one.agency_ids for one in found))
    )
    if apart and total > 100:
        raise Invalid("bad-floor", f"The shares of the floors come to {total} %; at most 100 can be shared.")
    return found


def _floor(asked: NewFloor, places: Sequence[Place]) -> Floor:
    chosen = [one for one in (asked.service_area, asked.region, asked.agency_code) if one]
    if len(chosen) != 1:
        raise Invalid("bad-floor", "A floor needs one of: service area, region, agency.")
    if not 0 <= asked.share_pct <= 100:
        raise Invalid("bad-floor", f"The floor {asked.title!r} is {asked.share_pct} %; 0 to 100 can be kept.")
    if asked.agency_code:
        ids = _subtree(asked.agency_code, places, f"The floor {asked.title!r}")
    elif asked.region:
        ids = frozenset(place.id for place in places if place.region == asked.region)
    else:
        ids = frozenset(place.id for place in places if place.service_area == asked.service_area)
    if not ids:
        raise Invalid("bad-floor", f"No agency of this plan is in {asked.title!r}: the floor cannot be kept.")
    return Floor(asked.title, ids, asked.share_pct)


def _capacity(asked: Mapping[int, int], years: tuple[int, int]) -> dict[int, int]:
    _check_years(asked, years, "bad-capacity", "The capacity")
    for year, units in asked.items():
        if not 0 <= units <= _MOST_UNITS:
            raise Invalid(
                "bad-capacity", f"The capacity of {year} is {units} units; it must be 0 to {_MOST_UNITS:,}."
            )
    return dict(sorted(asked.items()))


def _smoothing(percent: int | None) -> int | None:
    if percent is not None and not 0 <= percent <= 1000:
        raise Invalid("bad-smoothing", f"Years may cost {percent} % above the mean; 0 to 1000 can be kept.")
    return percent


def _wishes(asked: Mapping[str, NewWish], years: tuple[int, int], needs: Sequence[Need]) -> dict[int, Wish]:
    places = {need.key: at for at, need in enumerate(needs)}
    found: dict[int, Wish] = {}
    for key, wish in asked.items():
        if key not in places:
            raise Invalid("unknown-group", f"The plan has no group {key!r} to decide about.")
        check_wish(key, wish, years, needs[places[key]].units)
        found[places[key]] = Wish(
            wish.excluded, wish.earliest, wish.latest, dict(sorted(wish.pinned.items()))
        )
    return dict(sorted(found.items()))


def check_wish(key: str, wish: NewWish, years: tuple[int, int], units: int) -> None:
    """Whether what was decided about a group of `units` can be done.

    Raises:
        Invalid: pinned and excluded, pinned outside the years or more than there is, first year after last.
    """
    pinned = sum(wish.pinned.values())
    if wish.excluded and pinned:
        raise Invalid("bad-decision", f"Group {key!r} is pinned and excluded: only one can be done.")
    _check_years(wish.pinned, years, "bad-decision", f"The pin of group {key!r}")
    if any(quantity < 1 for quantity in wish.pinned.values()):
        raise Invalid("bad-decision", f"Group {key!r}: a pin needs 1 unit or more.")
    if pinned > units:
        raise Invalid("bad-decision", f"Group {key!r} has {units} units, but {pinned} are pinned.")
    if wish.earliest is not None and wish.latest is not None and wish.earliest > wish.latest:
        raise Invalid(
            "bad-decision", f"Group {key!r}: not before {wish.earliest} and not after {wish.latest}."
        )
    for year in wish.pinned:
        early = wish.earliest is not None and year < wish.earliest
        if early or (wish.latest is not None and year > wish.latest):
            raise Invalid("bad-decision", f"Group {key!r} is pinned to {year}, outside its own years.")


def known_wishes(limits: NewLimits, needs: Sequence[Need]) -> tuple[NewLimits, int]:
    """The limits without decisions about groups that are gone, and how many of those there were; decisions
    about more units than there are now are cut to what there is."""
    units = {need.key: need.units for need in needs}
    kept = {
        key: wish.model_copy(update={"pinned": _cut(wish.pinned, units[key])})
        for key, wish in limits.wishes.items()
        if key in units
    }
    return limits.model_copy(update={"wishes": kept}), len(limits.wishes) - len(kept)


def _cut(pinned: Mapping[int, int], units: int) -> dict[int, int]:
    found = {}
    for year, quantity in sorted(pinned.items()):
        taken = min(quantity, units)
        units -= taken
        if taken:
            found[year] = taken
    return found
