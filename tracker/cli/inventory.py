"""Commands about what agencies own: inspect, import, imports, agency, user."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

import importers
from tracker.cli.catalogue import Json, JsonLines
from tracker.cli.context import Context, open_context
from tracker.cli.mappings import parse_columns
from tracker.cli.output import explained, json_lines, print_json, print_table, say
from tracker.db import reading, transaction
from tracker.identity import actions as identity
from tracker.identity.models import Role, ServiceArea
from tracker.identity.schemas import NewAgency, NewUser
from tracker.inventory import actions, queries
from tracker.inventory.schemas import BatchView
from tracker.inventory.source_models import UpdatePolicy
from tracker.inventory.sources import get_source
from tracker.settings import load_settings

Confirm = Annotated[
    bool, typer.Option("--confirm", help="Retire more assets than the setting allows unasked.")
]
agency = typer.Typer(help="Owners of assets.", no_args_is_help=True)
user = typer.Typer(help="People who sign in.", no_args_is_help=True)
imports = typer.Typer(help="Uploaded files.", no_args_is_help=True)


@agency.command("add")
@explained
def add_agency(
    code: str,
    name: str,
    parent: Annotated[
        str | None, typer.Option(help="Code of the agency above; the root when absent.")
    ] = None,
    region: Annotated[str | None, typer.Option()] = None,
    service_area: Annotated[ServiceArea | None, typer.Option("--service-area")] = None,
    as_json: Json = False,
) -> None:
    """Add an agency to the tree."""
    context = open_context()
    new = NewAgency(code=code, name=name, parent_code=parent, region=region, service_area=service_area)
    with transaction(context.engine) as session:
        added = identity.add_agency(session, context.principal, new, context.now)
    if as_json:
        print_json(dataclasses.asdict(added))
    else:
        say(f"added agency {added.code}: {added.name}")


@user.command("add")
@explained
def add_user(
    email: str,
    role: Annotated[Role, typer.Option()],
    agency_code: Annotated[str | None, typer.Option("--agency", help="The root when absent.")] = None,
    language: Annotated[str, typer.Option(help="en or id")] = "en",
    as_json: Json = False,
) -> None:
    """Add a user with one role in an agency; prints a password to be changed."""
    context = open_context()
    new = NewUser(email=email, role=role, agency_code=agency_code, language=language)
    with transaction(context.engine) as session:
        added, password = identity.add_user(session, context.principal, new, context.now)
    if as_json:
        print_json({"user": added.email, "role": role, "password": password})
    else:
        say(f"added {added.email}; first password: {password}")


@explained
def inspect(
    file: Path,
    as_json: Json = False,
    lines: JsonLines = False,
    hidden: Annotated[bool, typer.Option("--hidden", help="Read hidden sheets too.")] = False,
) -> None:
    """Show what the importers understand of FILE; touches no database."""
    limits = importers.Limits(**dict(load_settings().import_limits))
    with importers.read(file, limits=limits, include_hidden=hidden) as reading_file:
        if lines:
            with json_lines() as put:
                for batch in reading_file.batches():
                    for record in batch:
                        put(importers.record_json(record))
            return
        summary = importers.summarise(reading_file)
    if as_json:
        print_json(summary)
        return
    print_table(
        ["sheet", "header rows", "rows", "records", "skipped"],
        ((s["name"], s["header_rows"], s["rows"], s["records"], s["skipped"]) for s in summary["sheets"]),
    )
    _print_problems(summary["problems"])
    say(f"{summary['records']} records, {summary['units']} units; IT: {summary['it']}")


def _print_problems(problems: list[dict[str, object]], most: int = 20) -> None:
    print_table(
        ["sheet", "row", "column", "code", "message", "value"],
        ([p.get(k) for k in ("sheet", "row", "column", "code", "message", "value")] for p in problems[:most]),
    )
    if len(problems) > most:
        say(f"… and {len(problems) - most} more; --json lists all")


def batch_json(batch: BatchView) -> dict[str, object]:
    """The answer of an import, in the shape that other programs read."""
    return {
        "batch": batch.id,
        "created": batch.created,
        "updated": batch.updated,
        "unchanged": batch.unchanged,
        "skipped": batch.skipped,
        "rejected": batch.rejected,
        "problems": list(batch.problems),
        "state": batch.state,
    }


def _show_batch(context: Context, batch: BatchView, as_json: bool) -> None:
    with reading(context.engine) as session:
        source = get_source(session, context.principal, batch.id)
    if as_json:
        more = {"policy": source.choices.policy, "retiring": source.retiring}
        print_json(batch_json(batch) | more)
        return
    counts = ("created", "updated", "unchanged", "skipped", "rejected")
    say(
        f"batch {batch.id} ({batch.filename}) {batch.state}: "
        + ", ".join(f"{getattr(batch, c)} {c}" for c in counts)
    )
    if source.retiring:
        say(f"{source.retiring} assets are not in the file; applying it retires them")
    if batch.problems:
        _print_problems(list(batch.problems))


@explained
def import_file(
    file: Path,
    agency_code: Annotated[str, typer.Option("--agency", help="Code of the owner.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Preview only.")] = False,
    near_it: Annotated[bool, typer.Option("--near-it", help="UPS, projectors, CCTV … too.")] = False,
    other: Annotated[bool, typer.Option("--other", help="Things that are not IT too.")] = False,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="HEADER=FIELD", help="What a column holds; repeatable."),
    ] = None,
    policy: Annotated[
        UpdatePolicy, typer.Option(help="replace: assets missing from the file are retired.")
    ] = UpdatePolicy.UPDATE,
    clear_blanks: Annotated[
        bool, typer.Option("--clear-blanks", help="A blank cell clears the value that is held.")
    ] = False,
    confirm: Confirm = False,
    as_json: Json = False,
) -> None:
    """Import FILE: preview it, then apply exactly what was previewed."""
    context = open_context()
    batch = actions.preview(
        context.engine,
        context.principal,
        file,
        file.name,
        agency_code,
        context.now,
        settings=context.settings,
        include_near_it=near_it,
        include_other=other,
        mapping=parse_columns(maps or []),
        policy=policy,
        clear_blanks=clear_blanks,
    )
    if not dry_run:
        batch = _apply(context, batch.id, confirmed=confirm)
    _show_batch(context, batch, as_json)


@imports.command("list")
@explained
def list_imports(as_json: Json = False) -> None:
    """Uploaded files, newest first."""
    context = open_context()
    with reading(context.engine) as session:
        batches = queries.list_batches(session, context.principal, limit=100)
    if as_json:
        print_json([batch_json(batch) for batch in batches])
        return
    print_table(
        ["batch", "agency", "file", "state", "created", "updated", "unchanged", "skipped", "rejected"],
        (
            (
                b.id,
                b.agency_code,
                b.filename,
                b.state,
                b.created,
                b.updated,
                b.unchanged,
                b.skipped,
                b.rejected,
            )
            for b in batches
        ),
    )


@imports.command("show")
@explained
def show_import(batch_id: int, as_json: Json = False) -> None:
    """One uploaded file."""
    context = open_context()
    with reading(context.engine) as session:
        batch = queries.get_batch(session, context.principal, batch_id)
    _show_batch(context, batch, as_json)


@imports.command("apply")
@explained
def apply_import(batch_id: int, confirm: Confirm = False, as_json: Json = False) -> None:
    """Apply a previewed file."""
    context = open_context()
    _show_batch(context, _apply(context, batch_id, confirmed=confirm), as_json)


def _apply(context: Context, batch_id: int, *, confirmed: bool) -> BatchView:
    share = context.settings.import_retire_pct
    return actions.apply(
        context.engine, context.principal, batch_id, context.now, confirmed=confirmed, retire_pct=share
    )


@imports.command("undo")
@explained
def undo_import(batch_id: int, as_json: Json = False) -> None:
    """Take an applied file back; what was edited afterwards is kept and named."""
    context = open_context()
    report = actions.undo(context.engine, context.principal, batch_id, context.now)
    if as_json:
        print_json(dataclasses.asdict(report))
        return
    say(
        f"batch {batch_id} undone: {report.restored} restored, {report.withdrawn} withdrawn, {len(report.kept)} kept"
    )
    print_table(["asset", "field", "kept because"], ((k.asset_tag, k.field, k.why) for k in report.kept))
