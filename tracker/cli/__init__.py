"""The command line: `tracker`. It acts as the operator of the installation; every write is in the audit log."""

from __future__ import annotations

import logging
import sys

import typer

from tracker.cli import (
    aliases,
    budgeting,
    catalogue,
    demo,
    finding_work,
    inventory,
    jobs,
    lifecycle,
    lists,
    local_products,
    mappings,
    models,
    notifications,
    operation,
    overrides,
    prices,
    suggestions,
)
from tracker.cli import rules as ruling

app = typer.Typer(
    help="IT asset lifecycle and modernisation tracker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
catalogue.catalogue.add_typer(models.models, name="models")
catalogue.catalogue.add_typer(local_products.local, name="local")
for _name, _group in (
    ("agency", inventory.agency),
    ("user", inventory.user),
    ("imports", inventory.imports),
    ("assets", lists.assets),
    ("columns", mappings.columns),
    ("aliases", aliases.aliases),
    ("overrides", overrides.overrides),
    ("suggestions", suggestions.suggestions),
    ("catalogue", catalogue.catalogue),
    ("versions", catalogue.versions),
    ("finding", finding_work.finding),
    ("plan", budgeting.plan),
    ("prices", prices.prices),
    ("policy", ruling.policy),
    ("contract", ruling.contract),
    ("notifications", notifications.notifications),
    ("jobs", jobs.jobs),
    ("db", operation.db),
    ("audit", operation.audit),
):
    app.add_typer(_group, name=_name)
for _name, _command in (
    ("inspect", inventory.inspect),
    ("import", inventory.import_file),
    ("match", catalogue.match),
    ("scan", lifecycle.scan),
    ("findings", lifecycle.findings),
    ("rules", ruling.rules),
    ("serve", operation.serve),
    ("worker", operation.worker),
    ("backup", operation.backup),
    ("restore", operation.restore),
    ("demo", demo.demo),
):
    app.command(_name)(_command)


def main() -> None:
    """Run one command."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    app()
