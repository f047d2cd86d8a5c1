"""Commands about names that people explained."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.inventory import alias_files, deciding, review_queue
from tracker.inventory.decision_models import DecisionOutcome
from tracker.inventory.queue_schemas import NewDecision, QueueFilter

aliases = typer.Typer(help="What people said that names mean.", no_args_is_help=True)
Only = Annotated[str | None, typer.Option("--agency", help="Only this agency and what is below it.")]


@aliases.command("queue")
@explained
def show_queue(agency_code: Only = None, as_json: Json = False) -> None:
    """The names that wait for a person, the heaviest first."""
    context = open_context()
    with reading(context.engine) as session:
        page = review_queue.list_queue(
            session, context.principal, context.today, QueueFilter(agency=agency_code)
        )
    if as_json:
        print_json(dataclasses.asdict(page))
        return
    rows = [
        (
            one.key,
            one.assets,
            one.title_count,
            one.proposed.product if one.proposed else None,
            ", ".join(other.product for other in one.suggestions),
        )
        for one in page.items
    ]
    print_table(["name", "assets", "titles", "proposed", "looks like"], rows)


@aliases.command("list")
@explained
def list_aliases(
    agency_code: Only = None, text: str = "", history: bool = False, as_json: Json = False
) -> None:
    """Decisions that hold; --history shows ended ones too."""
    context = open_context()
    with reading(context.engine) as session:
        found = deciding.list_decisions(
            session, context.principal, agency_code, text=text, history=history, limit=None
        )
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    rows = [
        (one.id, one.agency, one.name or one.key, one.outcome, one.product, one.release, one.author)
        for one in found
    ]
    print_table(["number", "agency", "name", "outcome", "product", "release", "author"], rows)


@aliases.command("add")
@explained
def add_alias(
    text: str,
    agency_code: Annotated[str, typer.Option("--agency", help="Whose; ROOT: the whole organisation's.")],
    product: Annotated[str | None, typer.Option(help="Its short name in the catalogue.")] = None,
    release: Annotated[str | None, typer.Option(help="Absent: the one that the version tells.")] = None,
    outcome: DecisionOutcome = DecisionOutcome.PRODUCT,
    version: Annotated[str, typer.Option(help="Of the name, with --exact.")] = "",
    exact: Annotated[bool, typer.Option(help="Only this very name and version.")] = False,
    reason: str = "",
    as_json: Json = False,
) -> None:
    """Say what a name is."""
    context = open_context()
    new = NewDecision(agency=agency_code, text=text, version=version, exact=exact, outcome=outcome, product=product,
                      release=release, reason=reason)  # fmt: skip
    with transaction(context.engine) as session:
        made = deciding.decide(session, context.principal, new, context.now)
    if as_json:
        print_json(dataclasses.asdict(made))
    else:
        say(f"{len(made.decisions)} decisions kept, {made.titles} titles matched again")


@aliases.command("remove")
@explained
def remove_alias(number: int, as_json: Json = False) -> None:
    """End a decision."""
    context = open_context()
    with transaction(context.engine) as session:
        made = deciding.take_back(session, context.principal, number, context.now)
    if as_json:
        print_json(dataclasses.asdict(made))
    else:
        say(f"decision {number} is ended, {made.titles} titles matched again")


@aliases.command("export")
@explained
def export_aliases(
    output: Annotated[Path, typer.Option("-o", "--output", help="A .json or .csv file.")],
    agency_code: Only = None,
) -> None:
    """Write the decisions that hold to a file."""
    context = open_context()
    with reading(context.engine) as session:
        rows = alias_files.export_aliases(session, context.principal, agency_code)
    write = alias_files.write_csv if output.suffix.lower() == ".csv" else alias_files.write_json
    output.write_text(write(rows), encoding="utf-8", newline="")
    say(f"{len(rows)} decisions written to {output}")


@aliases.command("import")
@explained
def import_aliases(
    file: Path,
    replace: Annotated[bool, typer.Option(help="Conflicting rows supersede what holds.")] = False,
    as_json: Json = False,
) -> None:
    """Take decisions of a file; what is not taken is told row by row."""
    context = open_context()
    with file.open("rb") as source:
        rows = alias_files.read_file(source.read(alias_files.MOST_BYTES + 1))
    with transaction(context.engine) as session:
        came = alias_files.import_aliases(session, context.principal, rows, context.now, replace=replace)
    if as_json:
        print_json(dataclasses.asdict(came))
        return
    say(f"{came.added} added, {came.replaced} replaced, {came.unchanged} unchanged")
    print_table(["row", "agency", "name", "why not"],
                ((one.row, one.agency, one.key, f"{one.code}: {one.message}") for one in came.refused))  # fmt: skip
