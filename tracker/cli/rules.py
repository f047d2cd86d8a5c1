"""Commands about what is flagged and why: rules, policy, contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.catalogue import Json
from tracker.cli.context import open_context, parse_date
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.lifecycle import contracts, policy_versions
from tracker.lifecycle.contracts import NewContract
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.policy import rule_texts, ruleset_names
from tracker.lifecycle.policy_versions import PolicyEdit
from tracker.lifecycle.ruledocs import severity_text

policy = typer.Typer(help="The policy: thresholds, severities, ruleset.", no_args_is_help=True)
contract = typer.Typer(help="Contracts for extended support.", no_args_is_help=True)


@explained
def rules(language: Annotated[str, typer.Option(help="en or id")] = "en") -> None:
    """List the rules with the severities of the policy in force."""
    context = open_context()
    with reading(context.engine) as session:
        found = get_policy(session, day=context.today)
    rows = ((rule, severity_text(rule, found), text.title) for rule, text in rule_texts(language).items())
    print_table(["rule", "severity", "title"], rows)
    say(f"policy {found.label}; ruleset {found.ruleset.id if found.ruleset else 'none'}")


@policy.command("list")
@explained
def list_policies(as_json: Json = False) -> None:
    """Every version of the policy, and the shipped rulesets."""
    context = open_context()
    with reading(context.engine) as session:
        found = policy_versions.list_policies(session, context.today)
    if as_json:
        print_json([{"id": one.id, "name": one.name, "version": one.version, "effective_on": one.effective_on,
                     "in_force": one.is_in_force} for one in found])  # fmt: skip
        return
    print_table(
        ["policy", "from", "in force", "note"],
        ((f"{one.name} v{one.version}", one.effective_on, one.is_in_force, one.note) for one in found),
    )
    say(f"rulesets: {', '.join(ruleset_names())}")


@policy.command("new")
@explained
def new_policy(
    name: Annotated[str, typer.Argument(help="Name of the organisation's policy.")],
    changes: Annotated[Path | None, typer.Option(help="JSON file of the members to change.")] = None,
    ruleset: Annotated[str | None, typer.Option(help="A shipped ruleset.")] = None,
    effective_on: Annotated[str | None, typer.Option("--from", help="First day; today without.")] = None,
    note: Annotated[str, typer.Option()] = "",
) -> None:
    """Store a new version out of the one in force."""
    given = json.loads(changes.read_text(encoding="utf-8")) if changes else {}
    if ruleset is not None:
        given["ruleset"] = ruleset
    day = parse_date(effective_on, "--from")
    context = open_context()
    edit = PolicyEdit(name=name, effective_on=day or context.today, note=note, changes=given)
    with transaction(context.engine) as session:
        made = policy_versions.add_policy(session, context.principal, edit, context.today, context.now)
    say(f"policy {made.label} holds from {made.effective_on} on")


@contract.command("list")
@explained
def list_contracts() -> None:
    """All contracts."""
    context = open_context()
    with reading(context.engine) as session:
        found = contracts.list_contracts(session, context.principal)
    print_table(
        ["contract", "agency", "product", "release", "from", "until", "reference"],
        (
            (one.id, one.agency, one.product, one.release, one.starts_on, one.ends_on, one.reference)
            for one in found
        ),
    )


@contract.command("add")
@explained
def add_contract(
    agency: Annotated[str, typer.Argument(help="Code of the agency; all below it are covered.")],
    product: Annotated[str, typer.Argument(help="Product of the catalogue.")],
    starts_on: Annotated[str, typer.Option("--from")],
    ends_on: Annotated[str, typer.Option("--until")],
    release: Annotated[str | None, typer.Option(help="One release only.")] = None,
    reference: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Record a contract."""
    days = (parse_date(starts_on, "--from"), parse_date(ends_on, "--until"))
    new = NewContract.model_validate(
        {"agency": agency, "product": product, "release": release, "starts_on": days[0], "ends_on": days[1],
         "reference": reference}
    )  # fmt: skip
    context = open_context()
    with transaction(context.engine) as session:
        contract_id = contracts.add_contract(session, context.principal, new, context.now)
    say(f"contract {contract_id} recorded")


@contract.command("end")
@explained
def end_contract(contract_id: int, on: Annotated[str, typer.Option("--on")]) -> None:
    """Let a contract end on another day."""
    day = parse_date(on, "--on")
    context = open_context()
    assert day is not None
    with transaction(context.engine) as session:
        contracts.end_contract(session, context.principal, contract_id, day, context.now)
    say(f"contract {contract_id} ends on {day}")
