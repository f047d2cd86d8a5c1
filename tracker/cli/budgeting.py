"""Commands about refresh plans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tracker.budgeting import actions, queries
from tracker.budgeting.scenarios import create_scenario
from tracker.budgeting.schemas import NewPlan, NewScenario, PlanView
from tracker.budgeting.workbook import write_plan
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context, parse_date
from tracker.cli.limits import parse_budgets, parse_limits, parse_percent
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading

plan = typer.Typer(help="Multi-year refresh plans.", no_args_is_help=True)


def parse_years(text: str) -> tuple[int, int]:
    """'2027:2031' → (2027, 2031).

    Raises:
        typer.BadParameter: not two years.
    """
    first, _, last = text.partition(":")
    if not (first.isdigit() and (last or first).isdigit()):
        raise typer.BadParameter(f"{text!r} is not FIRST:LAST, such as 2027:2031", param_hint="--years")
    return int(first), int(last or first)


@plan.command("new")
@explained
def new_plan(
    name: str,
    years: Annotated[str, typer.Option(help="FIRST:LAST fiscal year, named by the year they end in.")],
    budget: Annotated[str, typer.Option(help="YEAR=AMOUNT,YEAR=AMOUNT,… in major units.")],
    agency: Annotated[str | None, typer.Option(help="With all below it; everything when absent.")] = None,
    method: Annotated[str, typer.Option(help="ranked or optimal")] = "ranked",
    currency: Annotated[str, typer.Option()] = "IDR",
    cap: Annotated[list[str] | None, typer.Option(help="CODE:YEAR=AMOUNT; with all below it.")] = None,
    floor: Annotated[
        list[str] | None,
        typer.Option(help="AREA=PERCENT; AREA: urban, rural, remote, region:NAME, agency:CODE."),
    ] = None,
    capacity: Annotated[str | None, typer.Option(help="YEAR=UNITS,… that can be acted upon.")] = None,
    smoothing: Annotated[
        int | None, typer.Option(help="Percent that a year may cost above the mean of all.")
    ] = None,
    inflation: Annotated[str | None, typer.Option(help="Percent a year instead of the price book's.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Findings of this day; the plan is not stored.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make and save a plan."""
    context = open_context()
    wanted = NewPlan(
        name=name,
        agency_code=agency,
        years=parse_years(years),
        budgets=parse_budgets(budget),
        currency=currency,
        method=method,
        limits=parse_limits(cap or [], floor or [], capacity, smoothing),
        inflation_pct=None if inflation is None else parse_percent(inflation),
    )
    day = parse_date(as_of, "--as-of")
    if day:
        made = actions.plan_as_of(context.engine, context.principal, wanted, day, context.now)
    else:
        made = actions.create_plan(context.engine, context.principal, wanted, context.today, context.now)
    _show(made, as_json)


def _show(made: PlanView, as_json: bool) -> None:
    if as_json:
        print_json(made.to_json())
        return
    print_table(
        ["year", "budget", "cost", "remaining", "actions"],
        ((y.year, y.budget, y.cost, y.remaining, y.actions) for y in made.years),
    )
    say(f"plan {made.id} {made.name!r} ({made.method}, {made.currency}): {len(made.deferred)} lines deferred")


@plan.command("list")
@explained
def list_plans(as_json: Json = False) -> None:
    """Saved plans, newest first."""
    context = open_context()
    with reading(context.engine) as session:
        plans = queries.list_plans(session, context.principal)
    if as_json:
        print_json([{"plan": p.id, "name": p.name, "agency": p.agency, "method": p.method} for p in plans])
    else:
        print_table(["plan", "name", "agency", "method"], ((p.id, p.name, p.agency, p.method) for p in plans))


def _get(id_or_name: str) -> PlanView:
    context = open_context()
    with reading(context.engine) as session:
        return queries.get_plan(session, context.principal, id_or_name)


@plan.command("show")
@explained
def show_plan(plan_name: Annotated[str, typer.Argument(metavar="PLAN")], as_json: Json = False) -> None:
    """One plan by its number or name."""
    _show(_get(plan_name), as_json)


@plan.command("clone")
@explained
def clone_plan(
    plan_name: Annotated[str, typer.Argument(metavar="PLAN")],
    name: Annotated[str, typer.Option(help="Name of the new plan.")],
    basis: Annotated[str, typer.Option(help="frozen needs and prices, or those of today")] = "frozen",
    budget: Annotated[str | None, typer.Option(help="YEAR=AMOUNT,…; the same when absent.")] = None,
    method: Annotated[str | None, typer.Option(help="ranked or optimal; the same when absent.")] = None,
    forget: Annotated[
        bool, typer.Option("--forget-decisions", help="Drop what was decided by hand.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make another plan from a saved one."""
    context = open_context()
    if basis not in ("frozen", "today"):
        raise typer.BadParameter(f"{basis!r} is neither frozen nor today", param_hint="--basis")
    changes = NewScenario(
        name=name,
        basis="today" if basis == "today" else "frozen",
        budgets=None if budget is None else parse_budgets(budget),
        method=method,
        keep_decisions=not forget,
    )
    old = _get(plan_name)
    made = create_scenario(context.engine, context.principal, old.id, changes, context.today, context.now)
    _show(made, as_json)


@plan.command("compare")
@explained
def compare_plans(
    a: str, b: str, c: Annotated[str | None, typer.Argument()] = None, as_json: Json = False
) -> None:
    """What one or two other plans do otherwise than the first, line by line."""
    context = open_context()
    names = [a, b] if c is None else [a, b, c]
    with reading(context.engine) as session:
        found = queries.compare_plans(session, context.principal, *names)
    if as_json:
        print_json(found.to_json())
        return
    print_table(
        ["plan", "method", "state", "cost", "risk-years removed", "deferred units"],
        ((p.name, p.method, p.state, p.cost, p.objective, p.deferred_units) for p in found.plans),
    )
    for pair in found.pairs:
        counts = ", ".join(
            f"{len(getattr(pair, kind))} {kind}"
            for kind in ("added", "dropped", "moved", "resized", "repriced")
        )
        say(f"{pair.b} against {pair.a}: {counts}, {pair.unchanged} unchanged")


@plan.command("export")
@explained
def export_plan(
    plan_name: Annotated[str, typer.Argument(metavar="PLAN")],
    output: Annotated[Path, typer.Option("-o", "--output")],
    language: Annotated[str, typer.Option(help="en or id")] = "en",
) -> None:
    """Write one plan as an xlsx workbook."""
    made = _get(plan_name)
    write_plan(made, output, language)
    say(f"wrote {output}")
