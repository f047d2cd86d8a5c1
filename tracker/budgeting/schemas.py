"""What goes into a plan and what comes out: the frozen view that page, API, CLI and workbook render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tracker.budgeting import texts
from tracker.budgeting.models import PlanAction, PlanState
from tracker.budgeting.needs import Reason, RiskPart
from tracker.identity.models import ServiceArea


class NewCap(BaseModel):
    """What some agencies, each with all below it, may spend at most by year, in major units. `name` is that of
    the fund which pays; the codes stand for it when absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agency_codes: tuple[str, ...]
    budgets: dict[int, Decimal]
    name: str | None = None

    @property
    def title(self) -> str:
        """The name to show."""
        return self.name or " + ".join(self.agency_codes)


class NewFloor(BaseModel):
    """At least `share_pct` percent of the money goes to the agencies of one service area, region or subtree."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share_pct: int
    service_area: ServiceArea | None = None
    region: str | None = None
    agency_code: str | None = None

    @property
    def title(self) -> str:
        """Whom it favours, in a word."""
        return str(self.service_area or self.region or self.agency_code or "")


class NewWish(BaseModel):
    """What a person decided about a group: never, not before, not after, or so many units in a year."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    excluded: bool = False
    earliest: int | None = None
    latest: int | None = None
    pinned: dict[int, int] = {}


class NewLimits(BaseModel):
    """What a plan keeps to besides its budgets; all may be absent. `capacity` is units a year, `smoothing_pct`
    how far a year may cost more than the mean of all years, `wishes` are by the key of a group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    caps: tuple[NewCap, ...] = ()
    floors: tuple[NewFloor, ...] = ()
    capacity: dict[int, int] = {}
    smoothing_pct: int | None = None
    wishes: dict[str, NewWish] = {}


class NewPlan(BaseModel):
    """A plan to make. `years` are the first and the last fiscal year; `budgets` major units by year;
    `inflation_pct` stands in for the price book's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    agency_code: str | None = None
    years: tuple[int, int]
    budgets: dict[int, Decimal]
    currency: str = "IDR"
    method: str = "ranked"
    fiscal_year_start_month: int = 1
    limits: NewLimits = NewLimits()
    inflation_pct: Decimal | None = None


class NewScenario(BaseModel):
    """Another plan made from a saved one. What is absent stays as it was. `basis`: `frozen` takes the needs and
    prices frozen with the plan, `today` those of today's findings and price book. `keep_decisions`: what was
    decided by hand holds on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    basis: Literal["frozen", "today"] = "frozen"
    budgets: dict[int, Decimal] | None = None
    limits: NewLimits | None = None
    method: str | None = None
    inflation_pct: Decimal | None = None
    keep_decisions: bool = True


class EditKind(StrEnum):
    """What can be done with a line by hand."""

    MOVE = "move"
    QUANTITY = "quantity"
    PRICE = "price"
    PIN = "pin"
    RELEASE = "release"
    EXCLUDE = "exclude"


class PlanEdit(BaseModel):
    """A change of one line by hand. `revision` is that of the plan which was looked at. `move` takes `year`
    (absent: deferred) and `units` (absent: all, fewer: the line is split); `quantity` takes `units`; `price`
    takes `price` in major units; `exclude` defers all and keeps it so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    revision: int
    position: int
    kind: EditKind
    year: int | None = None
    units: int | None = None
    price: Decimal | None = None
    comment: str = Field(default="", max_length=500)


@dataclass(frozen=True, slots=True)
class PlanYearView:
    """A fiscal year: amounts in major units, `actions` counts units acted upon."""

    year: int
    budget: Decimal
    cost: Decimal
    remaining: Decimal
    actions: int


@dataclass(frozen=True, slots=True)
class PlanLineView:
    """A group of like assets and what is done with it; `year` is None when deferred.

    `risk` is points per unit (0–100) with its `parts`; `risk_removed` risk-years; no `unit_price`: no price.
    `postponed` says why the year is later than `due_year`, or why the line is deferred.
    """

    position: int
    key: str
    agency: str
    agency_name: str
    asset_class: str
    label: str
    cohort: str
    action: PlanAction
    due_year: int
    year: int | None
    mandatory: bool
    quantity: int
    unit_price: Decimal | None
    total: Decimal
    currency: str
    risk: int
    risk_removed: int
    parts: tuple[RiskPart, ...]
    reasons: tuple[Reason, ...]
    postponed: Reason | None
    asset_tags: tuple[str, ...]
    by_hand: bool = False

    def reason(self, language: str = "en") -> str:
        """Why the group needs the action."""
        return texts.sentences(self.reasons, self.currency, language)

    def deferral_reason(self, language: str = "en") -> str | None:
        """Why it comes later than due or not at all, with figures; None when it is done in time."""
        return None if self.postponed is None else texts.sentence(self.postponed, self.currency, language)

    def risk_explained(self, language: str = "en") -> str:
        """The parts of the risk score."""
        return texts.risk_parts(self.parts, language)


@dataclass(frozen=True, slots=True)
class PriceView:
    """A price that a plan used: unit price in major units of the price book's currency, before inflation."""

    asset_class: str
    action: str
    amount: Decimal
    valid_from: date
    source: str


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What made a plan: versions, dates and sources, so that it can be made again."""

    policy: str
    policy_version: int
    policy_source: str
    price_book: str
    price_book_version: int
    price_book_source: str
    inflation_pct: Decimal
    catalogue_as_of: date | None
    scan_as_of: date | None
    coverage: dict[str, float]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A saved plan, complete. Equal inputs give equal views but for id, created_at and seconds."""

    id: int
    name: str
    agency: str
    agency_name: str
    method: str
    currency: str
    first_year: int
    last_year: int
    as_of: date
    actor: str
    created_at: datetime
    objective: int
    possible: int
    bound: Decimal | None
    gap: str | None
    years: tuple[PlanYearView, ...]
    lines: tuple[PlanLineView, ...]
    deferred: tuple[PlanLineView, ...]
    prices: tuple[PriceView, ...]
    made_from: MadeFrom
    assumption_reasons: tuple[Reason, ...]
    warning_reasons: tuple[Reason, ...]
    seconds: float
    state: PlanState
    revision: int
    based_on_id: int | None
    adjustments: int
    ranked_objective: int
    optimal_objective: int | None

    @property
    def coverage(self) -> dict[str, float]:
        """Shares of installations matched and dated at the last scan."""
        return self.made_from.coverage

    @property
    def catalogue_as_of(self) -> date | None:
        """The day of the catalogue's facts."""
        return self.made_from.catalogue_as_of

    @property
    def deferred_units(self) -> int:
        """Units that the plan leaves undone, those without a price included."""
        return sum(line.quantity for line in self.deferred)

    def assumptions(self, language: str = "en") -> list[str]:
        """What the plan assumes, as sentences."""
        return [texts.sentence(reason, self.currency, language) for reason in self.assumption_reasons]

    def warnings(self, language: str = "en") -> list[str]:
        """What a reader must know first, as sentences."""
        return [texts.sentence(reason, self.currency, language) for reason in self.warning_reasons]

    def summary_json(self) -> dict[str, Any]:
        """The document of `plan new --json`: amounts are decimal strings in major units, `objective` the
        risk-years removed (more is better), `actions` and `deferred` count units."""
        return {
            "plan": self.name,
            "currency": self.currency,
            "objective": self.objective,
            "bound": None if self.bound is None else float(self.bound),
            "gap": None if self.gap is None else float(self.gap),
            "years": {
                str(year.year): {"budget": str(year.budget), "cost": str(year.cost), "actions": year.actions}
                for year in self.years
            },
            "deferred": self.deferred_units,
            "seconds": round(self.seconds, 3),
        }

    def to_json(self) -> dict[str, Any]:
        """The same as `summary_json`."""
        return self.summary_json()

    def full_json(self, language: str = "en") -> dict[str, Any]:
        """The whole plan as plain values (dates ISO, amounts decimal strings), sentences in `language`."""
        return _plain_fields(self, "lines", "deferred") | {
            "deferred_units": self.deferred_units,
            "lines": [_line_json(line, language) for line in self.lines],
            "deferred": [_line_json(line, language) for line in self.deferred],
            "assumptions": self.assumptions(language),
            "warnings": self.warnings(language),
        }


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan in a list; amounts in major units, `deferred` counts units."""

    id: int
    name: str
    agency: str
    method: str
    currency: str
    first_year: int
    last_year: int
    as_of: date
    created_at: datetime
    actor: str
    budget: Decimal
    cost: Decimal
    actions: int
    deferred: int
    objective: int
    state: PlanState
    adjustments: int


def _line_json(line: PlanLineView, language: str) -> dict[str, Any]:
    return _plain_fields(line) | {
        "reason": line.reason(language),
        "deferral_reason": line.deferral_reason(language),
    }


def _plain_fields(value: Any, *left_out: str) -> dict[str, Any]:
    return {
        one.name: plain_values(getattr(value, one.name)) for one in fields(value) if one.name not in left_out
    }


def plain_values(value: Any) -> Any:
    """`value` with only what JSON knows: dates as ISO text, amounts as decimal strings."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain_values(item) for key, item in value.items()}
    return _plain_fields(value)
