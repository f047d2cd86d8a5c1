"""Commands about price books."""

from __future__ import annotations

import dataclasses

import typer

from tracker.budgeting import pricebooks
from tracker.budgeting.schemas import plain_values
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table
from tracker.db import reading

prices = typer.Typer(help="Price books of refresh plans.", no_args_is_help=True)


@prices.callback()
def _group() -> None:
    """Price books of refresh plans."""


@prices.command("list")
@explained
def list_books(as_json: Json = False) -> None:
    """Every version of every price book, newest first, with its source."""
    context = open_context()
    with reading(context.engine) as session:
        found = pricebooks.list_books(session)
    if as_json:
        print_json([plain_values(dataclasses.asdict(one)) for one in found])
        return
    print_table(
        ["book", "version", "currency", "prices", "in force", "source"],
        ((b.name, b.version, b.currency, b.prices, b.superseded_at is None, b.source) for b in found),
    )
