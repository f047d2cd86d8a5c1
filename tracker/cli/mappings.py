"""Commands about what an agency's own columns hold."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.inventory.mappings import forget_mapping, list_mappings, remember_mapping

columns = typer.Typer(help="What an agency's own columns hold.", no_args_is_help=True)
Agency = Annotated[str, typer.Option("--agency", help="Code of the owner of the files.")]


def parse_columns(pairs: list[str]) -> dict[str, str]:
    """{header: field} of words such as "Ruang=location"; a header may hold an equals sign.

    Raises:
        typer.BadParameter: a word without one.
    """
    found = {}
    for pair in pairs:
        header, mark, field = pair.rpartition("=")
        if not mark:
            raise typer.BadParameter(f"{pair!r} is not of the form Header=field", param_hint="--map")
        found[header] = field
    return found


@columns.command("list")
@explained
def list_columns(agency_code: Agency, as_json: Json = False) -> None:
    """The columns that the agency's later files will be read with."""
    context = open_context()
    with reading(context.engine) as session:
        found = list_mappings(session, context.principal, agency_code)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    print_table(["header", "field"], ((one.header, one.field) for one in found))


@columns.command("set")
@explained
def set_columns(pairs: list[str], agency_code: Agency, as_json: Json = False) -> None:
    """Remember columns, given as Header=field."""
    context = open_context()
    mapping = parse_columns(pairs)
    with transaction(context.engine) as session:
        found = remember_mapping(session, context.principal, agency_code, mapping, context.now)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
    else:
        say(f"{len(found)} columns are remembered for {agency_code}")


@columns.command("forget")
@explained
def forget_columns(
    agency_code: Agency,
    header: Annotated[str | None, typer.Argument(help="One header; all of them when absent.")] = None,
    as_json: Json = False,
) -> None:
    """Forget one remembered column, or all of them."""
    context = open_context()
    with transaction(context.engine) as session:
        count = forget_mapping(session, context.principal, agency_code, header, context.now)
    if as_json:
        print_json({"forgotten": count})
    else:
        say(f"{count} columns forgotten")
