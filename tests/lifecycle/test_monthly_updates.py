"""How many monthly updates a build of Windows, SQL Server or Exchange lacks, by builds as Microsoft published them."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine

from tests.lifecycle.world import (
    NOW,
    OPERATOR,
    TODAY,
    Facts,
    Thing,
    World,
    add_release,
    add_row,
    add_title,
    build,
    install,
    match,
)
from tracker.catalogue.models import Version
from tracker.catalogue.versions import version_key
from tracker.db import new_id, reading, transaction
from tracker.lifecycle.actions import scan
from tracker.lifecycle.queries import list_findings
from tracker.lifecycle.schemas import FindingFilter

#: Days of 2026 on which each build came out.
WINDOWS = {"10.0.19045.7184": "04-14", "10.0.19045.7291": "05-12", "10.0.19045.7417": "06-09",
           "10.0.19045.7548": "07-14", "10.0.19045.7663": "08-11"}  # fmt: skip
#: The line of security fixes alone (16.0.1…) and that of cumulative updates (16.0.4…).
SQL_SERVER = {"16.0.1175.1": "04-14", "16.0.4250.1": "04-14", "16.0.1180.1": "05-12", "16.0.4252.3": "05-12",
              "16.0.4255.1": "05-20", "16.0.1190.2": "07-14", "16.0.4262.2": "07-14", "16.0.4265.3": "07-16"}  # fmt: skip
#: The last two cumulative updates are kept up side by side.
EXCHANGE = {"15.2.1748.10": "02-10", "15.2.1544.41": "06-09", "15.2.1748.46": "06-09", "15.2.1544.43": "07-14",
            "15.2.1748.48": "07-14"}  # fmt: skip


def _told(engine: Engine, builds: dict[str, str], installed: str) -> dict[str, object] | None:
    """The `patch` of the finding that the build is behind; None where there is no finding."""
    world: World = build(engine, [Thing("A", "A-1")])
    with transaction(engine) as session:
        add_release(session, world, "thing 2", Facts(security_on=date(2030, 1, 1)))
        for name, on in builds.items():
            add_row(session, Version(
                id=new_id(session), product_id=world.products["thing"], release_id=world.releases["thing 2"],
                name=name, version_key=version_key(name), released_on=date.fromisoformat(f"2026-{on}"),
                snapshot_id=world.snapshot_id,
            ))  # fmt: skip
        add_title(session, world, "Thing")
        install(session, world, "A", "A-1", "Thing")
        match(
            session,
            world,
            "Thing",
            "matched",
            "thing 2",
            version=installed,
            version_key=version_key(installed),
        )
    scan(engine, OPERATOR, TODAY, NOW)
    with reading(engine) as session:
        found = list_findings(session, OPERATOR, FindingFilter(rule="behind-latest")).items
    if not found:
        return None
    patch = found[0].evidence["patch"]
    assert isinstance(patch, dict)
    return patch


@pytest.mark.parametrize(
    ("builds", "installed", "months", "since", "latest"),
    [
        (WINDOWS, "10.0.19045.7291", 3, "2026-06-09", "10.0.19045.7663"),
        (WINDOWS, "10.0.19045.7184", 4, "2026-05-12", "10.0.19045.7663"),
        (SQL_SERVER, "16.0.4250.1", 2, "2026-05-12", "16.0.4265.3"),
        (SQL_SERVER, "16.0.1175.1", 2, "2026-05-12", "16.0.4265.3"),
        (EXCHANGE, "15.2.1544.41", 1, "2026-07-14", "15.2.1748.48"),
        (EXCHANGE, "15.2.1748.10", 2, "2026-06-09", "15.2.1748.48"),
    ],
)
def test_monthly_updates_behind_stand_in_the_evidence(
    sqlite_engine: Engine, builds: dict[str, str], installed: str, months: int, since: str, latest: str
) -> None:
    patch = _told(sqlite_engine, builds, installed)
    assert patch is not None
    assert (patch["monthly_updates_behind"], patch["newer_since_on"], patch["latest"]) == (
        months,
        since,
        latest,
    )


def test_the_newest_build_is_not_behind(sqlite_engine: Engine) -> None:
    assert _told(sqlite_engine, WINDOWS, "10.0.19045.7663") is None
