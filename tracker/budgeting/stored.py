"""Saved plans: the frozen JSON beside the rows, written and read back to the same view, pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tracker.budgeting.models import PlanAction, PlanState
from tracker.budgeting.money import to_major
from tracker.budgeting.needs import Cap, Floor, Limits, Need, Problem, Reason, RiskPart, Wish
from tracker.budgeting.schemas import MadeFrom, PlanLineView, PlanView, PlanYearView, PriceView


def reason_json(reason: Reason | None) -> dict[str, Any] | None:
    """A reason as JSON."""
    return None if reason is None else {"code": reason.code, "params": dict(reason.params)}


def read_reason(value: Mapping[str, Any]) -> Reason:
    """The reason of `reason_json`; figures in name order, so that both databases give equal views."""
    return Reason(value["code"], dict(sorted(value["params"].items())))


def read_reasons(values: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """Several reasons."""
    return tuple(read_reason(value) for value in values)


def made_from_json(made: MadeFrom) -> dict[str, Any]:
    """What made a plan, as JSON."""
    return {
        "policy": made.policy,
        "policy_version": made.policy_version,
        "policy_source": made.policy_source,
        "price_book": made.price_book,
        "price_book_version": made.price_book_version,
        "price_book_source": made.price_book_source,
        "inflation_pct": str(made.inflation_pct),
        "catalogue_as_of": _day_json(made.catalogue_as_of),
        "scan_as_of": _day_json(made.scan_as_of),
        "coverage": made.coverage,
    }


def read_made_from(value: Mapping[str, Any]) -> MadeFrom:
    """What made a plan, of `made_from_json`."""
    return MadeFrom(
        **{
            **value,
            "inflation_pct": Decimal(value["inflation_pct"]),
            "catalogue_as_of": _read_day(value["catalogue_as_of"]),
            "scan_as_of": _read_day(value["scan_as_of"]),
        }
    )


def price_json(price: PriceView) -> dict[str, Any]:
    """A price as JSON."""
    return {
        "asset_class": price.asset_class,
        "action": price.action,
        "amount": str(price.amount),
        "valid_from": price.valid_from.isoformat(),
        "source": price.source,
    }


def read_price(value: Mapping[str, Any]) -> PriceView:
    """The price of `price_json`."""
    return PriceView(
        value["asset_class"],
        value["action"],
        Decimal(value["amount"]),
        date.fromisoformat(value["valid_from"]),
        value["source"],
    )


def need_json(need: Need) -> dict[str, Any]:
    """A need without its assets, as JSON: with the prices and budgets enough to fill the plan again."""
    return {
        "key": need.key,
        "agency_id": need.agency_id,
        "asset_class": need.asset_class,
        "action": str(need.action),
        "label": need.label,
        "cohort": need.cohort,
        "due_year": need.due_year,
        "units": need.units,
        "risk": need.risk,
        "mandatory": need.mandatory,
        "covers": need.covers,
        "price_key": need.price_key,
        "bridge": need.bridge,
        "bridge_until": need.bridge_until,
    }


def told_json(problem: Problem) -> dict[str, Any]:
    """Why each need is one, in their order: parts of the risk and reasons, to be frozen beside the problem."""
    return {
        "needs": [
            [
                [[part.code, part.severity, part.points] for part in need.parts],
                [reason_json(reason) for reason in need.reasons],
            ]
            for need in problem.needs
        ]
    }


def read_told(value: Mapping[str, Any]) -> list[tuple[tuple[RiskPart, ...], tuple[Reason, ...]]]:
    """The (parts, reasons) of `told_json`."""
    return [
        (tuple(RiskPart(*part) for part in parts), read_reasons(reasons)) for parts, reasons in value["needs"]
    ]


def problem_json(problem: Problem) -> dict[str, Any]:
    """The whole problem as JSON, to be frozen with the plan."""
    return {
        "years": list(problem.years),
        "budgets_minor": {str(year): problem.budgets_minor[year] for year in problem.years},
        "prices_minor": [
            [asset_class, action, {str(year): amount for year, amount in by_year.items()}]
            for (asset_class, action), by_year in sorted(problem.prices_minor.items())
        ],
        "needs": [need_json(need) for need in problem.needs],
        "limits": limits_json(problem.limits),
    }


def limits_json(limits: Limits) -> dict[str, Any]:
    """The limits as JSON; years are text, sets are sorted lists."""
    return {
        "caps": [
            {
                "name": one.name,
                "agency_ids": sorted(one.agency_ids),
                "budgets_minor": _by_year(one.budgets_minor),
            }
            for one in limits.caps
        ],
        "floors": [
            {"name": one.name, "agency_ids": sorted(one.agency_ids), "share_pct": one.share_pct}
            for one in limits.floors
        ],
        "capacity_units": _by_year(limits.capacity_units),
        "smoothing_pct": limits.smoothing_pct,
        "wishes": {
            str(at): {
                "excluded": one.excluded,
                "earliest": one.earliest,
                "latest": one.latest,
                "pinned": _by_year(one.pinned),
            }
            for at, one in sorted(limits.wishes.items())
        },
    }


def read_limits(value: Mapping[str, Any]) -> Limits:
    """The limits of `limits_json`."""
    return Limits(
        caps=tuple(
            Cap(one["name"], frozenset(one["agency_ids"]), _read_by_year(one["budgets_minor"]))
            for one in value["caps"]
        ),
        floors=tuple(
            Floor(one["name"], frozenset(one["agency_ids"]), one["share_pct"]) for one in value["floors"]
        ),
        capacity_units=_read_by_year(value["capacity_units"]),
        smoothing_pct=value["smoothing_pct"],
        wishes={
            int(at): Wish(**{**one, "pinned": _read_by_year(one["pinned"])})
            for at, one in value["wishes"].items()
        },
    )


def _by_year(amounts: Mapping[int, int]) -> dict[str, int]:
    return {str(year): amount for year, amount in sorted(amounts.items())}


def _read_by_year(amounts: Mapping[str, int]) -> dict[int, int]:
    return {int(year): amount for year, amount in amounts.items()}


def read_problem(value: Mapping[str, Any]) -> Problem:
    """The problem of `problem_json`: an old plan can be filled again from it to the same totals."""
    return Problem(
        needs=tuple(Need(**{**need, "action": PlanAction(need["action"])}) for need in value["needs"]),
        years=tuple(value["years"]),
        budgets_minor={int(year): amount for year, amount in value["budgets_minor"].items()},
        prices_minor={
            (asset_class, action): {int(year): amount for year, amount in by_year.items()}
            for asset_class, action, by_year in value["prices_minor"]
        },
        limits=read_limits(value["limits"]),
    )


def line_evidence(
    need: Need, names: tuple[str, str], postponed: Reason | None, tags: Sequence[str]
) -> dict[str, Any]:
    """What a plan line keeps beside its columns; `names` are the owner's code and name."""
    return {
        "key": need.key,
        "agency": names[0],
        "agency_name": names[1],
        "cohort": need.cohort,
        "due_year": need.due_year,
        "risk": need.risk,
        "parts": [[part.code, part.severity, part.points] for part in need.parts],
        "reasons": [reason_json(reason) for reason in need.reasons],
        "postponed": reason_json(postponed),
        "asset_tags": list(tags),
    }


def read_line(row: Any, currency: str) -> PlanLineView:
    """A line from its row (columns of plan_line)."""
    kept = row.evidence
    return PlanLineView(
        position=row.position,
        key=kept["key"],
        agency=kept["agency"],
        agency_name=kept["agency_name"],
        asset_class=row.asset_class,
        label=row.group_label,
        cohort=kept["cohort"],
        action=PlanAction(row.action),
        due_year=kept["due_year"],
        year=row.fiscal_year,
        mandatory=row.mandatory,
        quantity=row.quantity,
        unit_price=to_major(row.unit_price_minor) if row.unit_price_minor else None,
        total=to_major(row.total_minor),
        currency=currency,
        risk=kept["risk"],
        risk_removed=int(row.risk_removed),
        parts=tuple(RiskPart(code, severity, points) for code, severity, points in kept["parts"]),
        reasons=read_reasons(kept["reasons"]),
        postponed=None if kept["postponed"] is None else read_reason(kept["postponed"]),
        asset_tags=tuple(kept["asset_tags"]),
        by_hand=row.by_hand,
    )


def read_year(row: Any) -> PlanYearView:
    """A year from its row (columns of plan_year)."""
    return PlanYearView(
        year=row.fiscal_year,
        budget=to_major(row.budget_minor),
        cost=to_major(row.cost_minor),
        remaining=to_major(row.budget_minor - row.cost_minor),
        actions=row.actions,
    )


def read_plan(row: Any, years: Sequence[Any], lines: Sequence[Any]) -> PlanView:
    """The view of a saved plan from its rows (plan, plan_year in year order, plan_line by position)."""
    kept = row.result
    views = [read_line(line, row.currency) for line in lines]
    return PlanView(
        id=row.id,
        name=row.name,
        agency=kept["agency"],
        agency_name=kept["agency_name"],
        method=row.method,
        currency=row.currency,
        first_year=row.first_year,
        last_year=row.last_year,
        as_of=row.as_of,
        actor=row.actor,
        created_at=row.created_at,
        objective=int(row.objective),
        possible=kept["possible"],
        bound=None if row.bound is None else Decimal(row.bound),
        gap=row.gap,
        years=tuple(read_year(year) for year in years),
        lines=tuple(view for view in views if view.year is not None),
        deferred=tuple(view for view in views if view.year is None),
        prices=tuple(read_price(price) for price in kept["prices"]),
        made_from=read_made_from(kept["made_from"]),
        assumption_reasons=read_reasons(kept["assumptions"]),
        warning_reasons=read_reasons(kept["warnings"]),
        seconds=kept["seconds"],
        state=PlanState(row.state),
        revision=row.revision,
        based_on_id=row.based_on_id,
        adjustments=kept["adjustments"],
        ranked_objective=kept["ranked_objective"],
        optimal_objective=kept["optimal_objective"],
    )


def _day_json(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
