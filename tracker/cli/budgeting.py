"""Commands about refresh plans."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from tracker.budgeting import actions, queries
from tracker.budgeting.schemas import NewPlan, PlanView
from tracker.budgeting.workbook import write_plan
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context, parse_date
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


def parse_budgets(text: str) -> dict[int, Decimal]:
    """'2027=1000,2028=2000.50' → {2027: Decimal('1000'), …}.

    Raises:
        typer.BadParameter: a part is not YEAR=AMOUNT.
    """
    budgets: dict[int, Decimal] = {}
    for part in text.split(","):
        year, _, amount = part.strip().partition("=")
        try:
            budgets[int(year)] = Decimal(amount)
        except (ValueError, InvalidOperation) as error:
            raise typer.BadParameter(
                f"{part!r} is not YEAR=AMOUNT, such as 2027=1000000", param_hint="--budget"
            ) from error
    return budgets


@plan.command("new")
@explained
def new_plan(
    name: str,
    years: Annotated[str, typer.Option(help="FIRST:LAST fiscal year, named by the year they end in.")],
    budget: Annotated[str, typer.Option(help="YEAR=AMOUNT,YEAR=AMOUNT,… in major units.")],
    agency: Annotated[str | None, typer.Option(help="With all below it; everything when absent.")] = None,
    method: Annotated[str, typer.Option(help="ranked or optimal")] = "ranked",
    currency: Annotated[str, typer.Option()] = "IDR",
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


@plan.command("compare")
@explained
def compare_plans(a: str, b: str, as_json: Json = False) -> None:
    """What differs between two plans, line by line."""
    context = open_context()
    with reading(context.engine) as session:
        comparison = queries.compare_plans(session, context.principal, a, b)
    document = comparison.to_json()
    if as_json:
        print_json(document)
        return
    for kind, lines in document.items():
        say(f"{kind}: {len(lines) if isinstance(lines, list) else lines}")


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
