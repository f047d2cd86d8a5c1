"""Commands about dates that agencies hold against the catalogue's."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from tracker.catalogue import overrides as catalogue
from tracker.cli.aliases import Only
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.identity.errors import Invalid

overrides = typer.Typer(help="Dates that agencies hold against the catalogue's.", no_args_is_help=True)


@overrides.command("list")
@explained
def list_overrides(agency_code: Only = None, history: bool = False, as_json: Json = False) -> None:
    """Overridden dates that hold; --history shows ended ones too."""
    context = open_context()
    with reading(context.engine) as session:
        found = catalogue.list_overrides(session, context.principal, agency_code, history=history)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    rows = [(one.id, one.agency, f"{one.product} {one.release}", one.date_name, one.value, one.reason, one.document)
            for one in found]  # fmt: skip
    print_table(["number", "agency", "release", "date", "day", "reason", "document"], rows)


@overrides.command("set")
@explained
def set_override(
    product: str,
    release: str,
    day: str,
    agency_code: Annotated[str, typer.Option("--agency", help="Whose; ROOT: the whole organisation's.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    document: Annotated[str, typer.Option(help="The document that says so.")] = "",
    date_name: Annotated[
        str, typer.Option("--date", help="Which date of the release.")
    ] = "security_support_ends",
    as_json: Json = False,
) -> None:
    """Hold DAY (YYYY-MM-DD) as a date of a release."""
    context = open_context()
    try:
        new = catalogue.NewOverride.model_validate(
            {"agency": agency_code, "product": product, "release": release, "value": day, "reason": reason,
             "document": document, "date_name": date_name}
        )  # fmt: skip
    except ValueError as error:
        raise Invalid("bad-override", "DAY is YYYY-MM-DD, --date one of the release's dates") from error
    with transaction(context.engine) as session:
        made = catalogue.set_override(session, context.principal, new, context.now)
    if as_json:
        print_json(dataclasses.asdict(made))
    else:
        say(f"override {made.id} holds; the next scan follows")


@overrides.command("end")
@explained
def end_override(number: int, as_json: Json = False) -> None:
    """End an overridden date."""
    context = open_context()
    with transaction(context.engine) as session:
        made = catalogue.end_override(session, context.principal, number, context.now)
    if as_json:
        print_json(dataclasses.asdict(made))
    else:
        say(f"override {number} is ended; the next scan follows")
