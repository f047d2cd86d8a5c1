"""Commands about what the world knows: match, versions, catalogue."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from tracker.budgeting.consequences import preview_update
from tracker.catalogue import actions, queries
from tracker.catalogue.affected import record_ranges
from tracker.catalogue.bundles import generate_keys, key_id
from tracker.catalogue.matching import Match
from tracker.catalogue.schemas import SyncResult
from tracker.catalogue.supplement import upstream_answer
from tracker.catalogue.versions import compare
from tracker.cli.context import Context, open_context
from tracker.cli.output import REFUSED, explained, json_lines, print_json, print_table, say, stop
from tracker.db import reading, transaction

#: How many changes of a sync are listed for people.
CHANGES_SHOWN = 200

catalogue = typer.Typer(help="What the world knows about products.", no_args_is_help=True)
versions = typer.Typer(help="Order of versions.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
JsonLines = Annotated[bool, typer.Option("--jsonl", help="One JSON document a line, from stdin to stdout.")]


def input_lines() -> Iterator[dict[str, Any]]:
    """The JSON objects on stdin, one a line; a line that is none ends the command with its number."""
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except json.JSONDecodeError as error:
            stop(
                "bad_json", f"line {number} of the input is no JSON: {error.msg}", as_json=False, exit_code=2
            )
        if not isinstance(document, dict):
            stop("bad_json", f"line {number} of the input is no JSON object", as_json=False, exit_code=2)
        yield document


def match_json(text: str, match: Match) -> dict[str, object]:
    """The answer for one name, in the shape that other programs read.

    `product` and `release` are endoflife.date's names; what only our supplement has stands in `supplement`.
    """
    product, release = upstream_answer(match.product, match.release)
    ours = {"product": match.product, "release": match.release} if product != match.product else None
    return {
        "text": text,
        "outcome": match.outcome,
        "product": product,
        "release": release,
        "supplement": ours,
        "reason": match.reason,
        "candidates": list(match.candidates),
        "version": match.version,
        "confidence": match.confidence,
        "tier": match.tier,
        "method": match.method,
        "evidence": match.evidence,
    }


@explained
def match(
    text: Annotated[str | None, typer.Argument(help="A product name as people write it.")] = None,
    vendor: Annotated[str | None, typer.Option()] = None,
    version: Annotated[str | None, typer.Option()] = None,
    as_json: Json = False,
    lines: JsonLines = False,
) -> None:
    """Say which product and release a name means, how sure that is, and why."""
    context = open_context()
    with reading(context.engine) as session:
        matcher = queries.get_matcher(session)
    if lines:
        with json_lines() as put:
            for entry in input_lines():
                name = str(entry.get("text") or "")
                put(match_json(name, matcher.match(name, entry.get("vendor"), entry.get("version"))))
        return
    if text is None:
        raise typer.BadParameter("give a name, or --jsonl and names on stdin", param_hint="TEXT")
    answer = match_json(text, matcher.match(text, vendor, version))
    if as_json:
        print_json(answer)
    else:
        print_table(["field", "value"], ((key, value) for key, value in answer.items()))


@versions.command("compare")
@explained
def compare_versions(
    a: Annotated[str | None, typer.Argument()] = None,
    b: Annotated[str | None, typer.Argument()] = None,
    product: Annotated[str | None, typer.Option(help="A product's slug: its scheme is used.")] = None,
    scheme: Annotated[str | None, typer.Option(help="java, windows-feature, deb, rpm; else generic.")] = None,
    as_json: Json = False,
    lines: JsonLines = False,
) -> None:
    """Order two versions: -1 (A is older), 0, 1, or null where no order exists."""
    if lines:
        schemes = _schemes() if product else {}
        with json_lines() as put:
            for entry in input_lines():
                left, right = str(entry.get("a", "")), str(entry.get("b", ""))
                hint = entry.get("scheme") or schemes.get(entry.get("product") or product or "")
                if entry.get("product") and not schemes:
                    schemes = _schemes()
                    hint = entry.get("scheme") or schemes.get(entry["product"])
                put({"a": left, "b": right, "order": compare(left, right, hint)})
        return
    if a is None or b is None:
        raise typer.BadParameter("give two versions, or --jsonl and pairs on stdin", param_hint="A B")
    hint = scheme or (_schemes().get(product) if product else None)
    order = compare(a, b, hint)
    if as_json:
        print_json({"a": a, "b": b, "order": order})
    else:
        sys.stdout.write({-1: f"{a} < {b}", 0: f"{a} = {b}", 1: f"{a} > {b}", None: "no order"}[order] + "\n")


def _schemes() -> dict[str, str | None]:
    context = open_context()
    with reading(context.engine) as session:
        return queries.version_schemes(session)


@catalogue.command("status")
@explained
def status(as_json: Json = False) -> None:
    """Counts, ages and sources of the catalogue."""
    context = open_context()
    with reading(context.engine) as session:
        state = actions.status(session, context.today)
    if as_json:
        print_json(dataclasses.asdict(state))
        return
    print_table(
        ["source", "as of", "age (days)", "licence"],
        ((s.source, s.as_of, s.age_days, s.licence) for s in state.sources),
    )
    say(
        f"{state.products} products, {state.releases} releases, {state.versions} versions, {state.exploited} exploited"
    )
    if state.stale:
        say(
            f"WARNING: the catalogue is of {state.as_of}, more than 90 days old: run 'tracker catalogue sync'"
        )


def _show_result(result: SyncResult) -> None:
    """A sync for people: counts, the first changes, and what made no sense."""
    document = dataclasses.asdict(result)
    print_table(
        ["what", "value"], ((k, len(v) if isinstance(v, list | tuple) else v) for k, v in document.items())
    )
    if result.changes:
        shown = result.changes[:CHANGES_SHOWN]
        print_table(
            ["product", "release", "field", "before", "after"],
            ((c.product, c.release or "", c.field, c.before, c.after) for c in shown),
        )
        if len(shown) < len(result.changes):
            say(f"{len(result.changes) - len(shown)} more changes: --json shows all")
    for problem in result.problems[:CHANGES_SHOWN]:
        say(f"left out: {problem.product} {problem.release or ''}: {problem.message}")


SourceArgument = Annotated[
    str | None,
    typer.Option(
        "--from", help="A file, a signed bundle or an https address. Default: TRACKER_CATALOGUE_SOURCE."
    ),
]


@catalogue.command("sync")
@explained
def sync(
    source: SourceArgument = None,
    allow_older: Annotated[
        bool, typer.Option("--allow-older", help="Also take facts that are older than those held.")
    ] = False,
    ranges: Annotated[
        Path | None,
        typer.Option(
            "--ranges", help="Read affected versions from CVE records (folder, zip, jsonl) instead."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring the catalogue up to date and show what changed; nothing is written where nothing has."""
    context = open_context()
    if ranges is not None:
        _sync_ranges(context, ranges, as_json=as_json)
        return
    told = context.settings.catalogue
    result = actions.sync(
        context.engine, context.principal, source or told.source, context.now, told, allow_older=allow_older
    )
    if as_json:
        print_json(dataclasses.asdict(result) if result else {"written": False, "not_modified": True})
    elif result is None:
        say("nothing has changed there since the last sync")
    else:
        _show_result(result)


def _sync_ranges(context: Context, path: Path, *, as_json: bool) -> None:
    with transaction(context.engine) as session:
        found = record_ranges(session, context.principal, path, context.now)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        say(
            f"{found.records} records read, {found.listed} of listed vulnerabilities: "
            f"{found.ranges} ranges of {found.products} products"
        )


@catalogue.command("keygen")
@explained
def keygen(
    file: Annotated[Path, typer.Argument(help="Where the private key is written.")], as_json: Json = False
) -> None:
    """Make a pair of keys for bundles: the private one goes to FILE, the public one is shown."""
    private, public = generate_keys()
    try:
        # Nobody else may read it, from the first byte on; a key that is there is never overwritten.
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
            target.write(f"{private}\n")
    except OSError as error:
        stop("key_file", f"{file} cannot be written: {error.strerror}", as_json=as_json, exit_code=REFUSED)
    if as_json:
        print_json({"public_key": public, "key_id": key_id(public)})
    else:
        sys.stdout.write(f"{public}\n")
        say("offices that trust you put this public key into TRACKER_CATALOGUE_TRUSTED_KEYS")


@catalogue.command("bundle")
@explained
def bundle(
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the bundle is written.")],
    key: Annotated[Path, typer.Option("--key", help="The file of 'tracker catalogue keygen'.")],
    as_json: Json = False,
) -> None:
    """Write the catalogue as a signed file for offices without internet."""
    context = open_context()
    try:
        private = key.read_text("ascii").strip()
    except (OSError, UnicodeError) as error:
        stop("key_file", f"{key} cannot be read: {error}", as_json=as_json, exit_code=REFUSED)
    with reading(context.engine) as session:
        content = actions.make_bundle(session, context.principal, private, context.now)
    output.write_bytes(content)
    if as_json:
        print_json({"file": str(output), "bytes": len(content)})
    else:
        say(f"wrote {output}, {len(content)} bytes")


@catalogue.command("build", hidden=True)
@explained
def build(upstream: Path, output: Path, as_json: Json = False) -> None:
    """Make the snapshot that the program ships from recorded public data."""
    print_json(actions.build(upstream, output))


@catalogue.command("diff")
@explained
def diff(
    file: Annotated[str, typer.Argument(help="A file, a signed bundle or an https address.")],
    as_json: Json = False,
) -> None:
    """Show what a sync from FILE would change: facts, phases of assets, findings, needs of plans. Nothing is written."""
    context = open_context()
    told = context.settings.catalogue
    offer = actions.fetch(context.engine, context.principal, file, told, anew=True)
    assert offer is not None, "without validators there is always an answer"
    preview, _ = preview_update(context.engine, context.principal, offer, context.today, context.now)
    if as_json:
        found = preview.to_json()
        print_json(found.pop("result") | found)
        return
    _show_result(preview.result)
    effects = preview.consequences
    say(f"{effects.assets} assets of {len(effects.agencies)} agencies change phase")
    print_table(["agency", "assets"], ((one.agency, one.assets) for one in effects.agencies))
    print_table(
        ["rule", "would open", "would resolve"],
        ((one.rule, one.opened, one.resolved) for one in effects.findings),
    )
    print_table(
        ["plan", "year", "needs now", "afterwards", "%"],
        ((p.plan, y.year, y.before, y.after, y.change_pct) for p in preview.plans for y in p.years),
    )
