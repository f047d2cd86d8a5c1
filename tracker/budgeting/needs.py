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
    of the same units that a replacement makes needless. `assets` are the assets in id order.
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

    @property
    def title(self) -> str:
        """The label, or class and cohort where model and title are unknown."""
        return self.label or f"{self.asset_class} {self.cohort}".strip()


@dataclass(frozen=True, slots=True)
class Problem:
    """What a method plans: needs, the years with their budgets, unit prices by (class, action) and year."""

    needs: tuple[Need, ...]
    years: tuple[int, ...]
    budgets_minor: Mapping[int, int]
    prices_minor: Mapping[tuple[str, str], Mapping[int, int]]

    def price(self, need: Need, year: int) -> int | None:
        """Unit price in minor units, None where the price book has none."""
        return self.prices_minor.get((need.asset_class, need.action), {}).get(year)


@dataclass(frozen=True, slots=True)
class FillLine:
    """`quantity` units of need number `need` acted upon in `year` (None: deferred beyond the plan).

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

    @property
    def total_minor(self) -> int:
        """Quantity × unit price."""
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class Fill:
    """The answer of a method. `objective` is the sum of risk-years removed; `possible` what all needs
    together would remove when acted upon in the year they are due. `bound` (of the objective) and `gap`
    are None where the method proves none."""

    lines: tuple[FillLine, ...]
    deferred: tuple[FillLine, ...]
    objective: int
    possible: int
    shortfalls_minor: Mapping[int, int]
    bound: str | None = None
    gap: str | None = None
