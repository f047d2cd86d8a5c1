"""Two plans side by side, pure: what was added, dropped, moved, resized or repriced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tracker.budgeting.models import PlanAction
from tracker.budgeting.schemas import PlanLineView, PlanView, PlanYearView, plain_values


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A group in two plans: units by fiscal year and total cost (major units) before and after.

    `unit_price_before` and `_after` are those of the first year that both plans share, else None.
    """

    key: str
    agency: str
    asset_class: str
    label: str
    cohort: str
    action: str
    before: dict[int, int]
    after: dict[int, int]
    total_before: Decimal
    total_after: Decimal
    unit_price_before: Decimal | None
    unit_price_after: Decimal | None


@dataclass(frozen=True, slots=True)
class YearChange:
    """A fiscal year in two plans; None where a plan has not the year."""

    year: int
    budget_before: Decimal | None
    budget_after: Decimal | None
    cost_before: Decimal | None
    cost_after: Decimal | None


@dataclass(frozen=True, slots=True)
class PlanComparison:
    """The differences from plan `a` to plan `b`. A group stands in exactly one list, the first that fits:
    added, dropped, moved (other years), resized (other quantities), repriced. Deferred counts as absent."""

    a: str
    b: str
    currency_a: str
    currency_b: str
    objective_a: int
    objective_b: int
    years: tuple[YearChange, ...]
    added: tuple[GroupChange, ...]
    dropped: tuple[GroupChange, ...]
    moved: tuple[GroupChange, ...]
    resized: tuple[GroupChange, ...]
    repriced: tuple[GroupChange, ...]
    unchanged: int

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain values; amounts are decimal strings."""
        plain: dict[str, Any] = plain_values(self)
        return plain


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """A plan among others: what it comes to, by year and in all. `adjustments` counts changes by hand."""

    id: int
    name: str
    agency: str
    method: str
    adjustments: int
    state: str
    currency: str
    objective: int
    deferred_units: int
    years: tuple[PlanYearView, ...]

    @property
    def cost(self) -> Decimal:
        """What all its years cost."""
        return sum((year.cost for year in self.years), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Two or three plans: their figures, and the differences of the first from each of the others."""

    plans: tuple[PlanFigures, ...]
    pairs: tuple[PlanComparison, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values. The differences from the first to the second stand at the top, as for two plans."""
        plain: dict[str, Any] = self.pairs[0].to_json()
        plain["plans"] = plain_values(self.plans)
        if len(self.pairs) > 1:
            plain["third"] = self.pairs[1].to_json()
        return plain


def compare_all(plans: Sequence[PlanView]) -> Scenarios:
    """Two or three plans against the first."""
    return Scenarios(
        tuple(_figures(plan) for plan in plans), tuple(compare(plans[0], other) for other in plans[1:])
    )


def _figures(plan: PlanView) -> PlanFigures:
    return PlanFigures(
        plan.id, plan.name, plan.agency, plan.method, plan.adjustments, str(plan.state), plan.currency,
        plan.objective, plan.deferred_units, plan.years,
    )  # fmt: skip


def compare(a: PlanView, b: PlanView) -> PlanComparison:
    """The differences from `a` to `b`, each list by group key."""
    before, after = _by_key(a.lines), _by_key(b.lines)
    found: dict[str, list[GroupChange]] = defaultdict(list)
    for key in sorted(before.keys() | after.keys()):
        change = _change(key, before.get(key, []), after.get(key, []))
        found[_kind(change, before.get(key, []), after.get(key, []))].append(change)
    return PlanComparison(
        a=a.name,
        b=b.name,
        currency_a=a.currency,
        currency_b=b.currency,
        objective_a=a.objective,
        objective_b=b.objective,
        years=_years(a, b),
        added=tuple(found["added"]),
        dropped=tuple(found["dropped"]),
        moved=tuple(found["moved"]),
        resized=tuple(found["resized"]),
        repriced=tuple(found["repriced"]),
        unchanged=len(found["unchanged"]),
    )


def _by_key(lines: tuple[PlanLineView, ...]) -> dict[str, list[PlanLineView]]:
    groups: dict[str, list[PlanLineView]] = defaultdict(list)
    for line in lines:
        bridged = line.action is PlanAction.EXTEND_SUPPORT
        groups[f"{line.key}|{line.action}" if bridged else line.key].append(line)
    return dict(groups)


def _units(lines: list[PlanLineView]) -> dict[int, int]:
    return {line.year: line.quantity for line in lines if line.year is not None}


def _prices(lines: list[PlanLineView]) -> dict[int, Decimal | None]:
    return {line.year: line.unit_price for line in lines if line.year is not None}


def _change(key: str, before: list[PlanLineView], after: list[PlanLineView]) -> GroupChange:
    sample = (before or after)[0]
    old, new = _prices(before), _prices(after)
    shared = min(old.keys() & new.keys(), default=None)
    return GroupChange(
        key=key,
        agency=sample.agency,
        asset_class=sample.asset_class,
        label=sample.label,
        cohort=sample.cohort,
        action=str(sample.action),
        before=_units(before),
        after=_units(after),
        total_before=sum((line.total for line in before), Decimal("0.00")),
        total_after=sum((line.total for line in after), Decimal("0.00")),
        unit_price_before=None if shared is None else old[shared],
        unit_price_after=None if shared is None else new[shared],
    )


def _kind(change: GroupChange, before: list[PlanLineView], after: list[PlanLineView]) -> str:
    if not before or not after:
        return "added" if after else "dropped"
    if change.before.keys() != change.after.keys():
        return "moved"
    if change.before != change.after:
        return "moved" if sum(change.before.values()) == sum(change.after.values()) else "resized"
    return "repriced" if _prices(before) != _prices(after) else "unchanged"


def _years(a: PlanView, b: PlanView) -> tuple[YearChange, ...]:
    before = {year.year: year for year in a.years}
    after = {year.year: year for year in b.years}
    return tuple(
        YearChange(
            year=year,
            budget_before=before[year].budget if year in before else None,
            budget_after=after[year].budget if year in after else None,
            cost_before=before[year].cost if year in before else None,
            cost_after=after[year].cost if year in after else None,
        )
        for year in sorted(before.keys() | after.keys())
    )
