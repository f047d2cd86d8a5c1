"""Scenarios: a saved plan made again with other budgets, limits or another method."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Engine
from sqlmodel import Session

from tracker.budgeting import frozen, limits, queries
from tracker.budgeting.actions import keep_draft
from tracker.budgeting.drafting import (
    METHODS,
    Draft,
    assumed_inflation,
    chosen_assumptions,
    draft_plan,
    fill_warnings,
    ranked_objective,
)
from tracker.budgeting.frozen import Decisions, Kept
from tracker.budgeting.money import price_in_year, to_minor
from tracker.budgeting.needs import Fill, Problem, Reason
from tracker.budgeting.requests import check_request
from tracker.budgeting.rows import Making
from tracker.budgeting.schemas import NewLimits, NewPlan, NewScenario, PlanView, PriceView
from tracker.budgeting.stored import read_made_from, read_price, read_reasons
from tracker.db import reading, transaction
from tracker.identity.errors import Invalid
from tracker.identity.queries import get_agency_by_code
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal

#: Assumptions and warnings of a plan that its scenarios share: all but those that follow from what was chosen.
_CHOSEN = (
    "assume-ranked", "assume-optimal", "assume-objective", "assume-cap", "assume-floor", "assume-capacity",
    "assume-smoothing", "assume-wishes", "assume-inflation", "assume-frozen", "assume-repriced",
)  # fmt: skip
_SHARED_WARNINGS = ("warn-stale", "warn-no-catalogue", "warn-no-scan", "warn-old-scan")


def create_scenario(
    engine: Engine,
    principal: Principal,
    plan_id: int,
    changes: NewScenario,
    today: date,
    now: datetime,
) -> PlanView:
    """Make another plan from plan `plan_id` and save it; computed under no lock, like every plan.

    Raises:
        NotFound: no such plan within what the principal may plan for.
        Invalid: what was changed cannot be used.
        Conflict: the agency has a plan of this name.
    """
    started = time.monotonic()
    with reading(engine) as session:
        draft = draft_scenario(session, principal, plan_id, changes, today)
    making = Making(principal.name, now, round(time.monotonic() - started, 3))
    with transaction(engine) as session:
        return keep_draft(session, principal, draft, making)


def draft_scenario(
    session: Session, principal: Principal, plan_id: int, changes: NewScenario, today: date
) -> Draft:
    """The scenario computed and not yet saved.

    Raises: as create_scenario, but for Conflict.
    """
    kept = frozen.get_kept(session, principal, plan_id, Permission.PLAN)
    decisions = frozen.get_decisions(session, kept)
    if not changes.keep_decisions:
        decisions = Decisions({}, {})
    request = _request(kept, changes, decisions)
    if changes.basis == "today":
        draft = draft_plan(session, principal, request, today, carried=decisions)
        return replace(draft, based_on_id=plan_id)
    return _from_frozen(session, principal, kept, request, decisions)


def _request(kept: Kept, changes: NewScenario, decisions: Decisions) -> NewPlan:
    asked = changes.limits or kept.request.limits
    return kept.request.model_copy(
        update={
            "name": changes.name,
            "agency_code": kept.row.code,
            "budgets": kept.request.budgets if changes.budgets is None else changes.budgets,
            "method": changes.method or kept.request.method,
            "inflation_pct": kept.request.inflation_pct
            if changes.inflation_pct is None
            else changes.inflation_pct,
            "limits": NewLimits.model_validate(
                asked.model_dump() | {"wishes": {**decisions.wishes, **asked.wishes}}
                if changes.keep_decisions
                else asked.model_dump() | {"wishes": {}}
            ),
        }
    )


def _from_frozen(
    session: Session, principal: Principal, kept: Kept, request: NewPlan, decisions: Decisions
) -> Draft:
    row = kept.row
    budgets = check_request(request, METHODS.keys(), [row.currency])
    area = queries.Area(row.path, principal.scope(Permission.PLAN))
    places = queries.list_places(session, area)
    whole = frozen.with_reasons(session, kept)
    if not {need.agency_id for need in whole.needs} <= {place.id for place in places}:
        raise Invalid("plan-beyond-reach", "The plan holds agencies that you may not plan for any more.")
    prices = tuple(read_price(one) for one in row.result["prices"])
    problem = replace(
        whole,
        budgets_minor=budgets,
        limits=limits.resolve(request, places, whole.needs),
        prices_minor=_inflated(whole, prices, request),
    )
    problem = frozen.repriced(problem, decisions.prices_minor)
    fill = METHODS[request.method](problem)
    made_from = read_made_from(row.result["made_from"])
    if request.inflation_pct is not None:
        made_from = replace(made_from, inflation_pct=request.inflation_pct)
    return Draft(
        request=request,
        today=row.as_of,
        agency=get_agency_by_code(session, principal, row.code),
        agencies={place.id: (place.code, place.name) for place in places},
        problem=problem,
        fill=fill,
        prices=prices,
        made_from=made_from,
        policy_id=row.policy_id,
        price_book_id=row.price_book_id,
        assumptions=_assumptions(kept, request, problem, fill, decisions),
        warnings=(*_shared_warnings(kept), *fill_warnings(request.method, problem, fill)),
        ranked_objective=ranked_objective(request.method, problem, fill),
        based_on_id=row.id,
    )


def _inflated(
    problem: Problem, prices: Sequence[PriceView], request: NewPlan
) -> Mapping[tuple[str, str], Mapping[int, int]]:
    """The frozen prices, or the same under the inflation that was asked for."""
    percent = request.inflation_pct
    if percent is None:
        return problem.prices_minor
    return {
        **problem.prices_minor,
        **{
            (one.asset_class, one.action): _by_year(one, percent, problem.years, request.currency)
            for one in prices
        },
    }


def _by_year(price: PriceView, percent: Decimal, years: Sequence[int], currency: str) -> dict[int, int]:
    base, first = to_minor(price.amount), price.valid_from.year
    return {year: price_in_year(base, percent, year - first, currency) for year in years}


def _assumptions(
    kept: Kept, request: NewPlan, problem: Problem, fill: Fill, decisions: Decisions
) -> tuple[Reason, ...]:
    shared = [one for one in read_reasons(kept.row.result["assumptions"]) if one.code not in _CHOSEN]
    own = [Reason("assume-frozen", {"plan": kept.row.name})]
    if request.inflation_pct is not None:
        own.append(assumed_inflation(request.inflation_pct))
    if decisions.prices_minor:
        count = sum(len(by_year) for by_year in decisions.prices_minor.values())
        own.append(Reason("assume-repriced", {"prices": count}))
    return (*shared, *own, *chosen_assumptions(request.method, problem, fill))


def _shared_warnings(kept: Kept) -> list[Reason]:
    return [one for one in read_reasons(kept.row.result["warnings"]) if one.code in _SHARED_WARNINGS]
