"""The planning problem and its answer as values: what a forecast hands to a method and what it gets back.

Every method (`METHODS` in actions.py) is a pure function Problem → Fill, so that a better one can stand
beside the ranked fill without a change elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tracker.budgeting.models import PlanAction

#: A reason is a code and its figures; texts.py turns it into a sentence in English or Indonesian.
Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code with figures. Names of params say units: `_minor` money, `_on` ISO date."""

    code: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RiskPart:
    """One part of a risk score: which rule or condition, how severe, how many of the 0–100 points."""

    code: str
    severity: str | None
    points: int


class Member(NamedTuple):
    """An asset of a group: how many units it stands for and the name to show."""

    asset_id: int
    units: int
    tag: str


@dataclass(frozen=True, slots=True)
class Need:
    """A group of like assets that needs one action from fiscal year `due_year` on.

    `risk` is points per unit (0–100) that the action removes. `covers` is the position of the upgrade need
    of the same units that a replacement makes needless. `assets` are the assets in id order. `price_key` names
    the price where it is not that of the class. `bridge` is how many of the points a year of extended
    support takes away while the need waits, up to year `bridge_until`; 0: no such support can be bought.
    """

    key: str
    agency_id: int
    asset_class: str
    action: PlanAction
    label: str
    cohort: str
    due_year: int
    units: int
    risk: int
    mandatory: bool
    parts: tuple[RiskPart, ...] = ()
    reasons: tuple[Reason, ...] = ()
    assets: tuple[Member, ...] = ()
    covers: int | None = None
    price_key: str = ""
    bridge: int = 0
    bridge_until: int | None = None

    @property
    def title(self) -> str:
        """The label, or class and cohort where model and title are unknown."""
        return self.label or f"{self.asset_class} {self.cohort}".strip()

    def years_left(self, year: int, last: int) -> int:
        """Years until `last` in which acting in `year` removes its risk: none before it is due."""
        return last - max(year, self.due_year) + 1


@dataclass(frozen=True, slots=True)
class Cap:
    """An upper bound on what some agencies (or a fund that pays for them) spend, by year in minor units."""

    name: str
    agency_ids: frozenset[int]
    budgets_minor: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Floor:
    """At least `share_pct` percent of all that the plan spends goes to some agencies, such as remote ones."""

    name: str
    agency_ids: frozenset[int]
    share_pct: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person decided about a need: never, not before, not after, or exactly so many units a year."""

    excluded: bool = False
    earliest: int | None = None
    latest: int | None = None
    pinned: Mapping[int, int] = field(default_factory=dict)

    def allows(self, year: int) -> bool:
        """Whether the need may be met in `year`, pins aside."""
        if self.excluded or (self.earliest is not None and year < self.earliest):
            return False
        return self.latest is None or year <= self.latest


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan keeps to besides the budgets of its years. Everything may be absent.

    `capacity_units` is how many units can be acted upon in a year. `smoothing_pct`: no year costs more than
    so many percent above the mean of all years. `wishes` are by need number.
    """

    caps: tuple[Cap, ...] = ()
    floors: tuple[Floor, ...] = ()
    capacity_units: Mapping[int, int] = field(default_factory=dict)
    smoothing_pct: int | None = None
    wishes: Mapping[int, Wish] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a method plans: needs, the years with their budgets, unit prices by (key, action) and year."""

    needs: tuple[Need, ...]
    years: tuple[int, ...]
    budgets_minor: Mapping[int, int]
    prices_minor: Mapping[tuple[str, str], Mapping[int, int]]
    limits: Limits = Limits()

    def price(self, need: Need, year: int) -> int | None:
        """Unit price in minor units, None where the price book has none."""
        return self._price(need, need.action, year)

    def bridge_price(self, need: Need, year: int) -> int | None:
        """Price of a year of extended support of one unit; None where none can be bought in that year."""
        if not need.bridge or (need.bridge_until is not None and year > need.bridge_until):
            return None
        return self._price(need, PlanAction.EXTEND_SUPPORT, year)

    def wish(self, at: int) -> Wish:
        """What was decided about need number `at`."""
        return self.limits.wishes.get(at, _FREE)

    def _price(self, need: Need, action: PlanAction, year: int) -> int | None:
        by_year = self.prices_minor.get((need.price_key or need.asset_class, action))
        return None if by_year is None else by_year.get(year)


_FREE = Wish()


@dataclass(frozen=True, slots=True)
class FillLine:
    """`quantity` units of need number `need` acted upon in `year` (None: deferred beyond the plan).

    `is_bridge`: a year of extended support is bought for them instead of the need's action.
    `risk_removed` counts risk-years: points × units × the years from `year` to the end of the plan.
    `first_unit` is where its units start in the need's row of units; `postponed` says why it is late.
    """

    need: int
    year: int | None
    quantity: int
    unit_price_minor: int
    first_unit: int
    risk_removed: int
    postponed: Reason | None = None
    is_bridge: bool = False

    @property
    def total_minor(self) -> int:
        """Quantity × unit price."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class Fill:
    """The answer of a method. `objective` is the sum of risk-years removed; `possible` what all needs
    together would remove when acted upon in the year they are due. `bound` (of the objective) and `gap`
    are None where the method proves none. `notes` are what a reader must know: a limit that could not be
    kept, a search stopped by the clock."""

    lines: tuple[FillLine, ...]
    deferred: tuple[FillLine, ...]
    objective: int
    possible: int
    shortfalls_minor: Mapping[int, int]
    bound: str | None = None
    gap: str | None = None
    notes: tuple[Reason, ...] = ()
