"""Commands about hardware models whose support dates the office itself tells."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import typer

from tracker.catalogue import hardware_dates
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction

models = typer.Typer(help="Support dates of hardware models.", no_args_is_help=True)


@models.command("template")
@explained
def template() -> None:
    """Print an empty list to fill in, as CSV."""
    sys.stdout.write(hardware_dates.write_template().replace("\r\n", "\n"))


@models.command("import")
@explained
def import_models(file: Path, as_json: Json = False) -> None:
    """Keep the dates of the models in FILE: a CSV with the columns of the template, each row with its source."""
    context = open_context()
    told = hardware_dates.read_list(file)
    with transaction(context.engine) as session:
        result = hardware_dates.record_models(session, context.principal, told, file.name, context.now)
    if as_json:
        print_json(dataclasses.asdict(result))
    else:
        say(f"{result.added} models added, {result.changed} changed, {result.unchanged} unchanged")


@models.command("list")
@explained
def list_models(as_json: Json = False) -> None:
    """Every model whose dates were told, with their source."""
    context = open_context()
    with reading(context.engine) as session:
        found = hardware_dates.list_models(session)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    print_table(
        ["manufacturer", "model", "end of sale", "end of support", "source"],
        ((m.manufacturer, m.model, m.end_of_sale or "", m.end_of_support or "", m.source) for m in found),
    )
