"""Commands about lists to be filled in, changed or corrected: the template, the export of assets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.context import open_context
from tracker.cli.inventory import imports
from tracker.cli.output import explained, say
from tracker.db import reading
from tracker.inventory.corrections import write_corrected
from tracker.inventory.export_queries import iterate_exported
from tracker.inventory.exporting import ListFormat, write_assets
from tracker.inventory.models import AssetStatus
from tracker.inventory.schemas import AssetFilter
from tracker.inventory.templates import write_template
from tracker.web.translation import explain

assets = typer.Typer(help="What agencies own.", no_args_is_help=True)


class ListLanguage(StrEnum):
    """Languages of lists."""

    EN = "en"
    ID = "id"


Output = Annotated[Path, typer.Option("-o", "--output", help="The file to write.")]
InLanguage = Annotated[ListLanguage, typer.Option("--language")]


@imports.command("template")
@explained
def save_template(output: Output, language: InLanguage = ListLanguage.EN) -> None:
    """Write the empty list that agencies can fill in; touches no database."""
    write_template(output, language)
    say(f"wrote {output}")


@imports.command("problems")
@explained
def save_problems(batch_id: int, output: Output, language: InLanguage = ListLanguage.EN) -> None:
    """Write the file of an import with every doubtful cell coloured, commented and listed."""
    context = open_context()
    batch = write_corrected(
        context.engine,
        context.principal,
        batch_id,
        output,
        settings=context.settings,
        language=language,
        explain=lambda code, message: explain(language, code, message),
    )
    say(f"wrote {len(batch.problems)} problems of {batch.filename} to {output}")


@assets.command("export")
@explained
def export_assets(
    output: Output,
    agency: Annotated[str | None, typer.Option(help="With all below it; everything when absent.")] = None,
    status: Annotated[AssetStatus | None, typer.Option(help="All but withdrawn when absent.")] = None,
    form: Annotated[ListFormat | None, typer.Option("--format", help="By the name when absent.")] = None,
    language: InLanguage = ListLanguage.EN,
) -> None:
    """Write assets as a list that can be changed and imported again."""
    chosen = form or (ListFormat.CSV if output.suffix.lower() == ".csv" else ListFormat.XLSX)
    context = open_context()
    with reading(context.engine) as session:
        rows = iterate_exported(session, context.principal, AssetFilter(agency=agency, status=status))
        count = write_assets(rows, output, chosen, language)
    say(f"wrote {count} assets to {output}")
