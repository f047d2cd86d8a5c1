"""Commands for working on findings. The command line acts as the operator of the installation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from tracker.budgeting import linking
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context, parse_date
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.identity.errors import NotFound
from tracker.lifecycle import handling, queries, workflow
from tracker.lifecycle.schemas import FindingFilter
from tracker.lifecycle.workflow import Handling

finding = typer.Typer(help="Work on findings.", no_args_is_help=True)

Ids = Annotated[list[int] | None, typer.Option("--id", help="A finding; may be repeated.")]
Agency = Annotated[str | None, typer.Option(help="Findings of this agency and all below it.")]
Rule = Annotated[str | None, typer.Option(help="Findings of this rule.")]
Note = Annotated[str, typer.Option("--comment", help="Why.")]


def _act(ids: Ids, agency: Agency, rule: Rule, act: Callable[[Handling], int]) -> None:
    if not (ids or agency or rule):
        raise typer.BadParameter("name findings by --id, --agency or --rule")
    context = open_context()
    wanted = FindingFilter(agency=agency, rule=rule, ids=tuple(ids or ()), on=context.today)
    with transaction(context.engine) as session:
        count = act(Handling(session, context.principal, wanted, context.today, context.now))
    say(f"{count} findings")


@finding.command()
@explained
def show(number: int, as_json: Json = False) -> None:
    """One finding and what was done about it."""
    context = open_context()
    wanted = FindingFilter(ids=(number,), state="all", on=context.today)
    with reading(context.engine) as session:
        found = queries.list_findings(session, context.principal, wanted).items
        if not found:
            raise NotFound("finding-not-found", f"There is no finding {number}.")
        acts = handling.list_acts(session, context.principal, number)
    told = {**found[0].to_json(), "history": [one.to_json() for one in acts]}
    if as_json:
        print_json(told)
        return
    print_table(
        ["", ""], ((name, value) for name, value in told.items() if name not in ("evidence", "history"))
    )
    print_table(["at", "act", "who", "detail"], ((one.at, one.act, one.actor, one.detail) for one in acts))


@finding.command()
@explained
def acknowledge(ids: Ids = None, agency: Agency = None, rule: Rule = None) -> None:
    """Say that open findings were seen."""
    _act(ids, agency, rule, workflow.acknowledge)


@finding.command()
@explained
def assign(
    email: str,
    ids: Ids = None,
    agency: Agency = None,
    rule: Rule = None,
    due: Annotated[str | None, typer.Option(help="To be done by this day.")] = None,
) -> None:
    """Hand open findings to a user."""
    due_on = parse_date(due, "--due")
    _act(ids, agency, rule, lambda at: workflow.assign(at, email, due_on))


@finding.command()
@explained
def comment(text: str, ids: Ids = None, agency: Agency = None, rule: Rule = None) -> None:
    """Write a comment on open findings."""
    _act(ids, agency, rule, lambda at: workflow.comment(at, text))


@finding.command()
@explained
def waive(
    until: str,
    reason: Annotated[str, typer.Option(help="Why the risk is accepted.")],
    control: Annotated[str, typer.Option(help="What keeps the risk small meanwhile.")],
    ids: Ids = None,
    agency: Agency = None,
    rule: Rule = None,
) -> None:
    """Ask that the risk of open findings be accepted until a day; somebody else approves."""
    day = parse_date(until, "UNTIL")
    assert day is not None
    _act(ids, agency, rule, lambda at: workflow.ask_waiver(at, reason, control, day))


@finding.command()
@explained
def approve(ids: Ids = None, agency: Agency = None, rule: Rule = None, text: Note = "") -> None:
    """Approve the waivers that were asked for."""
    _act(ids, agency, rule, lambda at: workflow.grant_waiver(at, text))


@finding.command()
@explained
def refuse(ids: Ids = None, agency: Agency = None, rule: Rule = None, text: Note = "") -> None:
    """Refuse the waivers that were asked for."""
    _act(ids, agency, rule, lambda at: workflow.refuse_waiver(at, text))


@finding.command("end-waiver")
@explained
def end_waiver(ids: Ids = None, agency: Agency = None, rule: Rule = None, text: Note = "") -> None:
    """End waivers before their day."""
    _act(ids, agency, rule, lambda at: workflow.end_waiver(at, text))


@finding.command()
@explained
def link(plan: int, ids: Ids = None, agency: Agency = None, rule: Rule = None) -> None:
    """Link open findings to the line of a plan that holds their asset."""
    _act(ids, agency, rule, lambda at: linking.link_plan(at, plan))
