"""Commands about names that nobody knew: list, accept, merge, ignore, carry elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.catalogue import Json
from tracker.cli.context import open_context
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.inventory import suggestions as queue
from tracker.inventory.name_files import read_names, to_csv, to_json
from tracker.inventory.suggestion_models import NameKind, NameState

suggestions = typer.Typer(help="Names that nobody knew.", no_args_is_help=True)
Agency = Annotated[str | None, typer.Option("--agency", help="Code of an agency; all when absent.")]
Ids = Annotated[list[int], typer.Argument(help="Numbers of suggestions.")]


@suggestions.command("list")
@explained
def list_names(
    agency: Agency = None,
    kind: Annotated[NameKind | None, typer.Option()] = None,
    state: Annotated[NameState, typer.Option()] = NameState.OPEN,
    as_json: Json = False,
) -> None:
    """Names with the nearest known ones, those of most assets first."""
    context = open_context()
    with reading(context.engine) as session:
        found = queue.list_suggestions(
            session, context.principal, agency=agency, kind=kind, state=state, limit=None
        )
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    headers = ["number", "agency", "kind", "name", "assets", "state", "nearest or merged into"]
    print_table(headers, (_line(one) for one in found))


def _line(one: queue.SuggestionView) -> tuple[object, ...]:
    near = one.target or ", ".join(str(other["value"]) for other in one.nearest)
    name = f"{one.manufacturer} {one.value}".strip()
    return one.id, one.agency, one.kind, name, one.assets, one.state, near


def _decide(ids: list[int], state: NameState, as_json: bool) -> None:
    context = open_context()
    with transaction(context.engine) as session:
        count = queue.decide_names(session, context.principal, ids, state, context.now)
    if as_json:
        print_json({"names": count})
    else:
        say(f"{count} names {state}")


@suggestions.command("accept")
@explained
def accept_names(ids: Ids, as_json: Json = False) -> None:
    """Names are right as they are written."""
    _decide(ids, NameState.ACCEPTED, as_json)


@suggestions.command("ignore")
@explained
def ignore_names(ids: Ids, as_json: Json = False) -> None:
    """Do not ask about names again."""
    _decide(ids, NameState.IGNORED, as_json)


@suggestions.command("reopen")
@explained
def reopen_names(ids: Ids, as_json: Json = False) -> None:
    """Forget what was decided of names; assets stay as they are."""
    _decide(ids, NameState.OPEN, as_json)


@suggestions.command("merge")
@explained
def merge_name(
    suggestion_id: int,
    target: str,
    maker: Annotated[str | None, typer.Option(help="Maker of the target model.")] = None,
    as_json: Json = False,
) -> None:
    """Merge a name into TARGET: assets bear it now, later files are read with it."""
    context = open_context()
    with transaction(context.engine) as session:
        changed = queue.merge_name(session, context.principal, suggestion_id, target, context.now, maker)
    if as_json:
        print_json({"changed": changed})
    else:
        say(f"merged; {changed} assets changed")


@suggestions.command("export")
@explained
def export_names(
    output: Annotated[Path, typer.Option("-o", "--output", help="FILE.csv or FILE.json")],
    agency: Agency = None,
) -> None:
    """Write everything that was decided."""
    context = open_context()
    with reading(context.engine) as session:
        views = queue.list_suggestions(session, context.principal, agency=agency, state=None, limit=None)
    names = queue.exported(views)
    text = to_json(names) if output.suffix.lower() == ".json" else to_csv(names)
    output.write_text(text, encoding="utf-8", newline="")
    say(f"wrote {len(names)} names to {output}")


@suggestions.command("import")
@explained
def import_names(
    file: Path,
    agency: Annotated[str, typer.Option("--agency", help="Code of the agency.")],
    as_json: Json = False,
) -> None:
    """Take over what was decided elsewhere (csv or json)."""
    context = open_context()
    names = read_names(file.read_bytes())
    with transaction(context.engine) as session:
        count, changed = queue.import_names(session, context.principal, agency, names, context.now)
    if as_json:
        print_json({"names": count, "changed": changed})
    else:
        say(f"{count} names taken over; {changed} assets changed")
