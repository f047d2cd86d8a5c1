"""The whole main job on invented data: sample spreadsheets → import → scan → plan → refresh-plan.xlsx."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from tracker.budgeting import actions as budgeting
from tracker.budgeting import queries as plans
from tracker.budgeting.schemas import NewPlan, PlanView
from tracker.budgeting.workbook import write_plan
from tracker.cli.context import Context, open_context
from tracker.cli.output import explained, say
from tracker.cli.samples import write_samples
from tracker.db import reading, transaction
from tracker.identity import actions as identity
from tracker.identity import queries as agencies
from tracker.identity.schemas import NewAgency
from tracker.inventory import actions as inventory
from tracker.lifecycle import actions as lifecycle

AGENCIES = (
    NewAgency(code="TIRTAMULYA", name="Kabupaten Tirtamulya", parent_code=None, region="Jawa Tengah", service_area=None),
    NewAgency(code="DISKOMINFO", name="Dinas Komunikasi dan Informatika", parent_code="TIRTAMULYA",
              region="Jawa Tengah", service_area="urban"),
    NewAgency(code="RSUD", name="RSUD Tirtamulya (hospital)", parent_code="TIRTAMULYA",
              region="Jawa Tengah", service_area="rural"),
    NewAgency(code="DISDIK", name="Dinas Pendidikan (schools)", parent_code="TIRTAMULYA",
              region="Jawa Tengah", service_area="remote"),
)  # fmt: skip
BUDGET = Decimal(2_500_000_000)
OUTPUT = Path("refresh-plan.xlsx")


@explained
def demo() -> None:
    """Sample agencies and spreadsheets → import → scan → plan → refresh-plan.xlsx."""
    started = time.perf_counter()
    context = open_context()
    _add_agencies(context)
    for code, path in write_samples(context.settings.data_dir / "samples"):
        _import(context, code, path)
    result = lifecycle.scan(context.engine, context.principal, context.today, context.now)
    say(
        f"scan as of {result.as_of}: {result.assets} assets, {result.installations} installations, {result.titles} titles"
    )
    say("open findings: " + ", ".join(f"{rule} {count}" for rule, count in sorted(result.open.items())))
    say(
        f"coverage: {result.coverage.matched:,} of {result.coverage.tracked:,} tracked installations matched, "
        f"{result.coverage.dated:,} with dates; {result.coverage.not_tracked:,} are of kinds that nobody tracks"
    )
    made = _plan(context)
    write_plan(made, OUTPUT, "en")
    for year in made.years:
        say(
            f"  {year.year}: budget {year.budget:,} {made.currency}, cost {year.cost:,}, {year.actions} actions"
        )
    say(
        f"wrote {OUTPUT}: {len(made.lines)} lines, {len(made.deferred)} deferred, in {time.perf_counter() - started:.0f} s"
    )
    _say_how_to_open(context)


def _add_agencies(context: Context) -> None:
    with transaction(context.engine) as session:
        known = {agency.code for agency in agencies.list_agencies(session, context.principal)}
        for new in AGENCIES:
            if new.code not in known:
                identity.add_agency(session, context.principal, new, context.now)


def _import(context: Context, code: str, path: Path) -> None:
    batch = inventory.preview(
        context.engine, context.principal, path, path.name, code, context.now, settings=context.settings
    )
    batch = inventory.apply(context.engine, context.principal, batch.id, context.now)
    counts = ("created", "updated", "unchanged", "skipped", "rejected")
    say(f"{path.name} → {code}: " + ", ".join(f"{getattr(batch, name)} {name}" for name in counts))


def _plan(context: Context) -> PlanView:
    first = context.today.year + 1
    years = range(first, first + 5)
    with reading(context.engine) as session:
        taken = {plan.name for plan in plans.list_plans(session, context.principal)}
    name, number = f"Refresh {first}-{years[-1]}", 1
    while name in taken:
        number += 1
        name = f"Refresh {first}-{years[-1]} ({number})"
    wanted = NewPlan(
        name=name, agency_code="TIRTAMULYA", years=(first, years[-1]), budgets=dict.fromkeys(years, BUDGET),
        currency="IDR", method="ranked",
    )  # fmt: skip
    return budgeting.create_plan(context.engine, context.principal, wanted, context.today, context.now)


def _say_how_to_open(context: Context) -> None:
    with transaction(context.engine) as session:
        password = identity.ensure_first_admin(session, context.now)
    secret = f"password {password}" if password else "the password printed when the account was made"
    say(f"pages: run 'make serve', open http://{context.settings.host}:{context.settings.port}/, "
        f"sign in as admin@localhost with {secret}")  # fmt: skip
