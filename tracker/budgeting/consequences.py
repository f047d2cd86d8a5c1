"""What an update of the catalogue would do to budgets: the needs of saved plans, by year, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine

from tracker.budgeting import queries
from tracker.budgeting.drafting import draft_plan, staged_basis
from tracker.budgeting.money import to_major
from tracker.budgeting.needs import Problem
from tracker.budgeting.schemas import NewPlan, PlanSummary
from tracker.catalogue import offers
from tracker.catalogue.offers import Offer
from tracker.catalogue.schemas import SyncResult
from tracker.db import reading, transaction
from tracker.identity.errors import TrackerError
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.lifecycle.actions import StagedScan, staged_scan
from tracker.lifecycle.consequences import Consequences, Foreseen, count_consequences, foresee
from tracker.lifecycle.facts import Facts

#: Plans looked at: the newest of each agency, the newest of those first.
MOST_PLANS = 5


@dataclass(frozen=True, slots=True)
class YearEffect:
    """What falls due in a fiscal year before and after, in major units; `change_pct` None where it was nothing."""

    year: int
    before: Decimal
    after: Decimal
    change_pct: Decimal | None


@dataclass(frozen=True, slots=True)
class PlanEffect:
    """The years of a plan whose needs change."""

    plan: str
    agency: str
    currency: str
    years: tuple[YearEffect, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """All that an update would do: to facts, to agencies, to plans."""

    result: SyncResult
    consequences: Consequences
    plans: tuple[PlanEffect, ...]

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        return asdict(self)


def preview_update(
    engine: Engine, principal: Principal, offer: Offer, today: date, now: datetime
) -> tuple[Preview, str]:
    """What an update would do, and the version of the catalogue that this holds for. Nothing is written.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        Refused: the offer cannot be read.
        Conflict: the catalogue has newer dates already.
    """
    foreseen = foresee(engine, principal, offer, today, now)
    consequences = count_consequences(engine, principal, foreseen)
    plans = _plan_effects(engine, principal, foreseen) if consequences.findings else ()
    return Preview(foreseen.result, consequences, plans), foreseen.base


def propose_update(engine: Engine, principal: Principal, offer: Offer, today: date, now: datetime) -> int:
    """Preview an update and let it wait to be applied; its number. One short transaction at the end.

    Raises: as preview_update.
    """
    preview, base = preview_update(engine, principal, offer, today, now)
    with transaction(engine) as session:
        return offers.keep_proposal(session, principal, offer, base, preview.to_json(), now)


def _plan_effects(engine: Engine, principal: Principal, foreseen: Foreseen) -> tuple[PlanEffect, ...]:
    with reading(engine) as session:
        newest: dict[str, PlanSummary] = {}
        for one in queries.list_plans(session, principal, limit_to=100):
            newest.setdefault(one.agency, one)
    plans = list(newest.values())[:MOST_PLANS]
    if not plans:
        return ()
    before = _needs(engine, principal, foreseen, foreseen.before, plans)
    after = _needs(engine, principal, foreseen, foreseen.after, plans)
    effects = (
        PlanEffect(plan.name, plan.agency, plan.currency, _years(before[plan.id], after[plan.id]))
        for plan in plans
    )
    return tuple(effect for effect in effects if effect.years)


def _needs(
    engine: Engine, principal: Principal, foreseen: Foreseen, facts: Facts, plans: Sequence[PlanSummary]
) -> dict[int, Counter[int]]:
    """{plan: {year: what falls due in it, minor units}} with these facts."""
    with staged_scan(engine, principal.scope(Permission.PLAN), foreseen.today, facts=facts) as staged:
        return {plan.id: _due(principal, foreseen.today, staged, plan) for plan in plans}


def _due(principal: Principal, today: date, staged: StagedScan, plan: PlanSummary) -> Counter[int]:
    years = range(plan.first_year, plan.last_year + 1)
    request = NewPlan(
        name=plan.name,
        agency_code=plan.agency,
        years=(plan.first_year, plan.last_year),
        budgets={year: Decimal(0) for year in years},
        currency=plan.currency,
        method="ranked",
    )
    fresh = StagedScan(staged.session, staged.agencies, staged.source, staged.bench)
    try:
        draft = draft_plan(staged.session, principal, request, today, staged_basis(fresh, today))
    except TrackerError:
        # A plan that could not be made any more (its agency or price book is gone) has no needs to compare.
        return Counter()
    return _by_year(draft.problem)


def _by_year(problem: Problem) -> Counter[int]:
    due: Counter[int] = Counter()
    for need in problem.needs:
        year = min(max(need.due_year, problem.years[0]), problem.years[-1])
        due[year] += (problem.price(need, year) or 0) * need.units
    return due


def _years(before: Counter[int], after: Counter[int]) -> tuple[YearEffect, ...]:
    found = []
    for year in sorted(before.keys() | after.keys()):
        was, becomes = before[year], after[year]
        if was != becomes:
            pct = (Decimal(becomes - was) * 100 / was).quantize(Decimal("0.1")) if was else None
            found.append(YearEffect(year, to_major(was), to_major(becomes), pct))
    return tuple(found)
