"""Commands about flags: scan, findings."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tracker.catalogue import actions as catalogue
from tracker.cli.catalogue import Json
from tracker.cli.context import open_context, parse_date, parse_instant
from tracker.cli.output import explained, print_json, print_table, say
from tracker.db import reading
from tracker.lifecycle import actions, queries
from tracker.lifecycle.exports import stale_notice, write_findings_csv, write_findings_xlsx
from tracker.lifecycle.schemas import FindingFilter, FindingRow, ScanResult

AsOf = Annotated[str | None, typer.Option("--as-of", help="Evaluate this day; nothing is stored.")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="With the facts recorded until this instant.")
]


class Format(StrEnum):
    """How findings are written."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


@explained
def scan(as_of: AsOf = None, known_at: KnownAt = None, as_json: Json = False) -> None:
    """Evaluate every rule; stored findings change only without --as-of."""
    day, instant = parse_date(as_of, "--as-of"), parse_instant(known_at, "--known-at")
    context = open_context()
    if day or instant:
        result = actions.scan_as_of(context.engine, context.principal, day or context.today, instant)
    else:
        result = actions.scan(context.engine, context.principal, context.today, context.now)
    if as_json:
        print_json(result.to_json())
    else:
        _show_scan(result)


def _show_scan(result: ScanResult) -> None:
    print_table(["rule", "open"], sorted(result.open.items()))
    say(
        f"as of {result.as_of}: {result.assets} assets, {result.installations} installations, {result.titles} titles; "
        f"{result.opened} opened, {result.resolved} resolved in {result.seconds:.1f} s; coverage {result.coverage}"
    )


@explained
def findings(
    agency: Annotated[str | None, typer.Option()] = None,
    rule: Annotated[str | None, typer.Option()] = None,
    form: Annotated[Format | None, typer.Option("--format")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output")] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
) -> None:
    """List open findings, or those of any day."""
    wanted = FindingFilter(agency=agency, rule=rule)
    day, instant = parse_date(as_of, "--as-of"), parse_instant(known_at, "--known-at")
    context = open_context()
    wanted = replace(wanted, on=context.today)
    if day or instant:
        rows = actions.findings_as_of(
            context.engine, context.principal, day or context.today, instant, wanted
        )
    else:
        with reading(context.engine) as session:
            rows = list(queries.list_findings(session, context.principal, wanted, limit=None).items)
    with reading(context.engine) as session:
        notice = stale_notice(catalogue.status(session, context.today))
    _write(rows, form, output, notice)


def _write(rows: list[FindingRow], form: Format | None, output: Path | None, notice: str | None) -> None:
    if form is Format.XLSX:
        if output is None:
            raise typer.BadParameter("xlsx needs -o FILE", param_hint="-o")
        write_findings_xlsx(rows, output, notice)
    elif form is Format.CSV:
        buffer = io.StringIO(newline="")
        write_findings_csv(rows, buffer, notice)
        _emit(buffer.getvalue(), output)
    elif form is Format.JSON:
        if output:
            output.write_text(_json(rows), encoding="utf-8")
        else:
            print_json([row.to_json() for row in rows])
    else:
        print_table(
            ["asset", "agency", "rule", "severity", "title", "ends on"],
            ((r.asset_tag, r.agency, r.rule, r.severity, r.title, r.ends_on) for r in rows),
        )
    say(f"{len(rows)} findings" + (f". {notice}" if notice else ""))


def _json(rows: list[FindingRow]) -> str:
    import json

    return json.dumps([row.to_json() for row in rows], ensure_ascii=False, default=str)


def _emit(text: str, output: Path | None) -> None:
    if output:
        output.write_text(text, encoding="utf-8-sig", newline="")
    else:
        sys.stdout.write(text)
