"""A plan computed and not yet saved: reads what it is made from, calls the pure forecast and a method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from tracker.budgeting import limits, optimal, parameters, pricebooks, queries, ranked
from tracker.budgeting.forecast import AssetFacts, Forecast, forecast
from tracker.budgeting.frozen import Decisions, repriced
from tracker.budgeting.money import fiscal_year_end
from tracker.budgeting.needs import Fill, Need, Problem, Reason
from tracker.budgeting.pricing import Buyer, Pricing, price_needs
from tracker.budgeting.pricing import assumptions as price_assumptions
from tracker.budgeting.requests import check_request
from tracker.budgeting.schemas import MadeFrom, NewPlan, PriceView
from tracker.budgeting.signatures import Rules, VerdictFacts
from tracker.identity.errors import Forbidden, Invalid
from tracker.identity.queries import get_agency_by_code, list_agencies
from tracker.identity.rules import Permission
from tracker.identity.schemas import AgencyView, Principal
from tracker.lifecycle.actions import StagedScan
from tracker.lifecycle.policy import Policy, parse_policy
from tracker.lifecycle.schemas import coverage_json

#: How a plan can be filled. A method is a pure function; another one is one more row here.
METHODS: Mapping[str, Callable[[Problem], Fill]] = {"ranked": ranked.fill, "optimal": optimal.fill}

_STALE_DAYS = 90
_SCAN_DAYS = 7


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan computed and not yet saved. `agencies` are {id: (code, name)} of its area."""

    request: NewPlan
    today: date
    agency: AgencyView
    agencies: Mapping[int, tuple[str, str]]
    problem: Problem
    fill: Fill
    prices: tuple[PriceView, ...]
    made_from: MadeFrom
    policy_id: int
    price_book_id: int
    assumptions: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    ranked_objective: int
    based_on_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Book:
    """The price book in force: its row, and its prices of the day with their terms."""

    row: Any
    pricing: Pricing

    @property
    def inflation_pct(self) -> Decimal:
        """The inflation of a year without one of its own."""
        fixed = self.pricing.fixed_pct
        return self.pricing.inflation_pct if fixed is None else fixed


@dataclass(frozen=True, slots=True)
class _Basis:
    """What holds in an area: verdicts by the ids that signatures name, the assets, and how it was found."""

    verdicts: Mapping[int, VerdictFacts]
    assets: Iterable[AssetFacts]
    scan_as_of: date | None
    coverage: Callable[[], Mapping[str, Any]]


#: Finds the basis of a plan: session, area, rules that matter, statuses that are skipped.
Find = Callable[[Session, queries.Area, tuple[str, ...], Sequence[str]], _Basis]


def stored_basis(
    session: Session, area: queries.Area, rules: tuple[str, ...], skipped: Sequence[str]
) -> _Basis:
    """What the last scan stored, with the coverage of the area alone."""
    scan = queries.find_last_scan(session)
    verdicts = queries.list_verdicts(session, area, rules)
    assets = queries.stream_assets(session, area, rules, skipped)
    if scan is None:
        return _Basis(verdicts, assets, None, dict)
    return _Basis(verdicts, assets, scan.as_of, lambda: queries.get_coverage(session, area, scan.as_of))


def staged_basis(staged: StagedScan, as_of: date) -> Find:
    """What a staged scan of another day finds."""

    def find(session: Session, area: queries.Area, rules: tuple[str, ...], skipped: Sequence[str]) -> _Basis:
        verdicts = {
            number: VerdictFacts(
                cause.condition[0], str(cause.verdict.severity), cause.condition[1], cause.title_id,
                cause.verdict.ends_on,
            )
            for number, cause in enumerate(staged.causes, start=1)
            if cause.condition[0] in rules
        }  # fmt: skip
        assets = (
            facts
            for _ in staged.chunks()
            for facts in queries.stream_staged_assets(session, area, rules, skipped)
        )
        return _Basis(verdicts, assets, as_of, lambda: coverage_json(staged.coverage))

    return find


def draft_plan(
    session: Session,
    principal: Principal,
    request: NewPlan,
    today: date,
    find: Find = stored_basis,
    carried: Decisions | None = None,
) -> Draft:
    """Compute a plan. The number of statements does not depend on the number of assets. `carried` are decisions
    of an earlier plan: they hold for the groups that are still there.

    Raises:
        Invalid: a part of the request cannot be used, or no refresh policy is stored.
        Forbidden: the principal may not plan for the agency.
        NotFound: the agency is not within what the principal may see.
    """
    budgets = check_request(request, METHODS.keys(), pricebooks.list_currencies(session))
    agency = _agency(session, principal, request.agency_code)
    area = queries.Area(agency.path, principal.scope(Permission.PLAN))
    policy, policy_row = _policy(session)
    rules = parameters.planning_rules(policy, request.fiscal_year_start_month)
    places = queries.list_places(session, area)
    agencies = {place.id: (place.code, place.name) for place in places}
    basis = find(session, area, tuple(rules.effects), policy.skipped_statuses)
    names = queries.get_names(session, area, agencies, basis.verdicts)
    found = forecast(basis.assets, basis.verdicts, rules, request.years, names)
    book = _book(session, request, today)
    years = tuple(range(request.years[0], request.years[1] + 1))
    buyers = {place.id: Buyer(place.code, place.region or "") for place in places}
    priced = price_needs(found.needs, years, book.pricing, buyers)
    request, carried_notes = _carry(request, carried, priced.needs)
    kept = limits.resolve(request, places, priced.needs)
    problem = Problem(priced.needs, years, budgets, priced.prices_minor, kept)
    if carried is not None:
        problem = repriced(problem, carried.prices_minor)
    fill = METHODS[request.method](problem)
    others = queries.list_other_currencies(session, area, request.currency)
    made_from = _made_from(session, (policy.name, policy_row), book, basis)
    return Draft(
        request=request,
        today=today,
        agency=agency,
        agencies=agencies,
        problem=problem,
        fill=fill,
        prices=priced.used,
        made_from=made_from,
        policy_id=policy_row.id,
        price_book_id=book.row.id,
        assumptions=(
            *_assumed(made_from, request, rules),
            *price_assumptions(priced, book.pricing, fill.lines),
            *chosen_assumptions(request.method, problem, fill),
            *_gaps(found, others, request.currency),
        ),
        warnings=(
            *carried_notes,
            *_age_warnings(made_from, today),
            *fill_warnings(request.method, problem, fill),
        ),
        ranked_objective=ranked_objective(request.method, problem, fill),
    )


def _carry(
    request: NewPlan, carried: Decisions | None, needs: Sequence[Need]
) -> tuple[NewPlan, tuple[Reason, ...]]:
    if carried is None:
        return request, ()
    asked = request.limits.model_copy(update={"wishes": dict(carried.wishes)})
    kept, gone = limits.known_wishes(asked, needs)
    notes = (Reason("warn-gone-wishes", {"groups": gone}),) if gone else ()
    return request.model_copy(update={"limits": kept}), notes


def ranked_objective(method: str, problem: Problem, fill: Fill) -> int:
    """What the ranked fill removes of the same problem, the baseline of every plan."""
    return fill.objective if method == "ranked" else ranked.fill(problem).objective


def _agency(session: Session, principal: Principal, code: str | None) -> AgencyView:
    scope = principal.scope(Permission.PLAN)
    if code is None:
        return _top(list_agencies(session, principal, Permission.PLAN))
    agency = get_agency_by_code(session, principal, code)
    if not scope.covers(agency.path):
        raise Forbidden("may-not-plan", f"You may not plan for agency {agency.code}.")
    return agency


def _top(allowed: Sequence[AgencyView]) -> AgencyView:
    """The one agency above all others that may be planned for; `allowed` in tree order."""
    if not allowed:
        raise Forbidden("may-not-plan", "You may not plan for any agency.")
    if not all(agency.path.startswith(allowed[0].path) for agency in allowed):
        raise Invalid("agency-needed", "You may plan for several agencies: name the one that you mean.")
    return allowed[0]


def _policy(session: Session) -> tuple[Policy, Any]:
    row = queries.find_policy(session)
    if row is None:
        raise Invalid("no-policy", "No refresh policy is stored: a plan needs useful lives and risk weights.")
    return parse_policy(row.document, row.id), row


def _book(session: Session, request: NewPlan, today: date) -> _Book:
    row = pricebooks.find_price_book(session, request.currency)
    assert row is not None, "check_request knows the currencies that have a book"
    pricing = pricebooks.get_pricing(session, row, today)
    return _Book(row, replace(pricing, fixed_pct=request.inflation_pct))


def _made_from(session: Session, policy: tuple[str, Any], book: _Book, basis: _Basis) -> MadeFrom:
    name, policy_row = policy
    return MadeFrom(
        policy=name,
        policy_version=policy_row.version,
        policy_source=policy_row.source,
        price_book=book.row.name,
        price_book_version=book.row.version,
        price_book_source=book.row.source,
        inflation_pct=book.inflation_pct,
        catalogue_as_of=queries.find_catalogue_date(session),
        scan_as_of=basis.scan_as_of,
        coverage=dict(sorted(basis.coverage().items())),
    )


def _assumed(made: MadeFrom, request: NewPlan, rules: Rules) -> list[Reason]:
    lives = ", ".join(f"{name} {years}" for name, years in sorted(rules.useful_life_years.items()))
    ends_on = fiscal_year_end(request.years[0], request.fiscal_year_start_month).isoformat()
    price_params = {
        "book": made.price_book,
        "version": made.price_book_version,
        "source": made.price_book_source,
        "inflation_pct": str(made.inflation_pct),
    }
    own = [] if request.inflation_pct is None else [assumed_inflation(request.inflation_pct)]
    policy_params = {"policy": made.policy, "version": made.policy_version, "source": made.policy_source}
    return [
        Reason("assume-prices", price_params),
        *own,
        Reason("assume-policy", policy_params),
        Reason("assume-useful-lives", {"lives": lives}),
        Reason("assume-upgrade", {"years": rules.upgrade_needs_remaining_years}),
        Reason("assume-fiscal-year", {"ends_on": ends_on}),
        Reason("assume-no-carry"),
        Reason("assume-unknown", {"points": rules.points("lifecycle-unknown", "info")}),
    ]


def assumed_inflation(percent: Decimal) -> Reason:
    """That the plan's own inflation stands in for the price book's."""
    return Reason("assume-inflation", {"percent": str(percent)})


def chosen_assumptions(method: str, problem: Problem, fill: Fill) -> list[Reason]:
    """What follows from the method and the limits that were chosen."""
    return [
        Reason(f"assume-{method}"),
        Reason("assume-objective", {"objective": fill.objective, "possible": fill.possible}),
        *limits.assumptions(problem.limits),
    ]


def _gaps(found: Forecast, others: Sequence[tuple[str, int]], currency: str) -> list[Reason]:
    gaps = []
    if found.units_without_date:
        gaps.append(Reason("assume-undated", {"units": found.units_without_date}))
    if found.units_without_life:
        gaps.append(Reason("assume-no-life", {"units": found.units_without_life}))
    if others:
        named = ", ".join(name for name, _ in others)
        units = sum(count for _, count in others)
        gaps.append(Reason("assume-currencies", {"units": units, "currencies": named, "currency": currency}))
    return gaps


def fill_warnings(method: str, problem: Problem, fill: Fill) -> list[Reason]:
    """What a reader must know first of an answer."""
    found = []
    if not problem.needs:
        found.append(Reason("warn-no-candidates", {"first": problem.years[0], "last": problem.years[-1]}))
    for year, short in sorted(fill.shortfalls_minor.items()):
        found.append(Reason("warn-mandatory", {"year": year, "short_minor": short}))
    unpriced = sum(line.quantity for line in fill.deferred if line.unit_price_minor == 0)
    if unpriced:
        found.append(Reason("warn-unpriced", {"units": unpriced}))
    if problem.needs and not any(problem.budgets_minor.values()):
        found.append(Reason("warn-no-budget"))
    if method == "ranked" and (problem.limits.floors or problem.limits.smoothing_pct is not None):
        found.append(Reason("floors-not-by-ranked"))
    found.extend(fill.notes)
    return found


def _age_warnings(made: MadeFrom, today: date) -> list[Reason]:
    found = []
    if made.catalogue_as_of is None:
        found.append(Reason("warn-no-catalogue"))
    elif (today - made.catalogue_as_of).days > _STALE_DAYS:
        days = (today - made.catalogue_as_of).days
        found.append(Reason("warn-stale", {"days": days, "as_of_on": made.catalogue_as_of.isoformat()}))
    if made.scan_as_of is None:
        found.append(Reason("warn-no-scan"))
    elif (today - made.scan_as_of).days > _SCAN_DAYS:
        days = (today - made.scan_as_of).days
        found.append(Reason("warn-old-scan", {"days": days, "scan_on": made.scan_as_of.isoformat()}))
    return found
