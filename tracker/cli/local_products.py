"""Commands about products of the organisation itself."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from tracker.catalogue import local_products
from tracker.catalogue.local_products import NewLocalRelease
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.identity.errors import Invalid

local = typer.Typer(help="Products of the organisation itself.", no_args_is_help=True)


@local.command("add")
@explained
def add_release(
    product: str,
    release: str,
    reason: Annotated[str, typer.Option(help="Why.")],
    document: Annotated[str, typer.Option(help="The document that says so.")],
    until: Annotated[str | None, typer.Option(help="Last day of support; none: no end announced.")] = None,
    active_until: Annotated[str | None, typer.Option(help="Last day of active support.")] = None,
    released: Annotated[str | None, typer.Option(help="Day of release.")] = None,
    alias: Annotated[list[str] | None, typer.Option(help="Another name of the product.")] = None,
    as_json: Json = False,
) -> None:
    """Keep RELEASE of our own PRODUCT; days are YYYY-MM-DD."""
    context = open_context()
    try:
        new = NewLocalRelease.model_validate(
            {"product": product, "release": release, "reason": reason, "document": document, "released_on": released,
             "active_support_ends_on": active_until, "security_support_ends_on": until, "aliases": alias or []}
        )  # fmt: skip
    except ValueError as error:
        raise Invalid("bad-local-release", "days are YYYY-MM-DD; a product has at least 3 letters") from error
    with transaction(context.engine) as session:
        made = local_products.add_release(session, context.principal, new, context.now)
    if as_json:
        print_json(dataclasses.asdict(made))
    else:
        say(f"{made.product} {made.release} is kept under the number {made.id}; the next scan follows")


@local.command("list")
@explained
def list_releases(history: bool = False, as_json: Json = False) -> None:
    """Releases of own products; --history shows ended ones too."""
    context = open_context()
    with reading(context.engine) as session:
        found = local_products.list_releases(session, history=history)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    print_table(
        ["number", "product", "release", "supported until", "reason", "document", "by"],
        ((one.id, one.label, one.release, one.security_support_ends_on or "", one.reason, one.document, one.author)
         for one in found),
    )  # fmt: skip


@local.command("end")
@explained
def end_release(number: int, as_json: Json = False) -> None:
    """End what was told under NUMBER: no name means that release any more."""
    context = open_context()
    with transaction(context.engine) as session:
        made = local_products.end_release(session, context.principal, number, context.now)
    if as_json:
        print_json(dataclasses.asdict(made))
    else:
        say(f"{made.product} {made.release} is ended; the next scan follows")
