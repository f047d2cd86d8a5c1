"""What is newer than an installed version, from dated versions or from the latest one alone."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine

from tests.lifecycle.world import NOW, TODAY, Facts, add_release, add_row, add_title, build, match
from tracker.catalogue.models import ReleaseFact, Version
from tracker.catalogue.ranges import Range
from tracker.catalogue.versions import version_key
from tracker.db import new_id, reading, table_of, transaction
from tracker.inventory.matching import current_version
from tracker.lifecycle.facts import Facts as Loaded
from tracker.lifecycle.loading import About, load
from tracker.lifecycle.rules import Exploited, PatchFacts, Subject


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.0", PatchFacts("2.2", 2, date(2025, 3, 1), date(2025, 1, 1), known=True, newer_months=2)),
        ("2.0.5", PatchFacts("2.2", 2, date(2025, 3, 1), None, known=False, newer_months=2)),
        ("2.1", PatchFacts("2.2", 1, date(2026, 5, 1), date(2025, 3, 1), known=True, newer_months=1)),
        ("2.2", PatchFacts("2.2", 0, None, date(2026, 5, 1), known=True, newer_months=0)),
        ("2.9", PatchFacts("2.2", 0, None, None, known=False, newer_months=0)),
    ],
)
def test_place_among_dated_versions(sqlite_engine: Engine, version: str, expected: PatchFacts) -> None:
    """2.1 and 2.1.0 are one version; 2.3 comes out after the day."""
    world = build(sqlite_engine)
    with transaction(sqlite_engine) as session:
        add_release(session, world, "thing 2", Facts())
        for name, on in (
            ("2.0", date(2025, 1, 1)), ("2.1", date(2025, 3, 1)), ("2.1.0", date(2025, 4, 1)),
            ("2.2", date(2026, 5, 1)), ("2.3", date(2027, 1, 1)),
        ):  # fmt: skip
            add_row(session, Version(
                id=new_id(session), product_id=world.products["thing"], release_id=world.releases["thing 2"],
                name=name, version_key=version_key(name), released_on=on, snapshot_id=world.snapshot_id,
            ))  # fmt: skip
        add_title(session, world, "Thing")
        match(
            session, world, "Thing", "matched", "thing 2", version=version, version_key=version_key(version)
        )
        about = About(frozenset({world.titles["Thing"]}), frozenset())
        facts = load(session, TODAY, about=about)
    (matched,) = facts.matched
    assert facts.patch_facts(matched, TODAY) == expected


@pytest.mark.parametrize(
    ("installed", "latest", "expected"),
    [
        ("2.1", "2.2", PatchFacts("2.2", 1, date(2026, 1, 1), None, known=False)),
        ("2.2", "2.2", PatchFacts("2.2", 0, None, None, known=True)),
        ("2.10", "2.9", PatchFacts("2.9", 0, None, None, known=False)),
        ("2.1", "unknown", None),
    ],
)
def test_against_the_latest_version_alone(
    sqlite_engine: Engine, installed: str, latest: str, expected: PatchFacts | None
) -> None:
    world = build(sqlite_engine)
    with transaction(sqlite_engine) as session:
        add_release(session, world, "thing 2", Facts())
        known = table_of(ReleaseFact)
        session.execute(
            known.update()
            .where(known.c.release_id == world.releases["thing 2"])
            .values(latest_version=latest, latest_released_on=date(2026, 1, 1))
        )
        add_title(session, world, "Thing")
        match(
            session,
            world,
            "Thing",
            "matched",
            "thing 2",
            version=installed,
            version_key=version_key(installed),
        )
        facts = load(session, TODAY, about=About(frozenset({world.titles["Thing"]}), frozenset()))
    (matched,) = facts.matched
    assert facts.patch_facts(matched, TODAY) == expected


def test_days_of_the_sources(sqlite_engine: Engine) -> None:
    build(sqlite_engine)
    with reading(sqlite_engine) as session:
        facts = load(session, TODAY)
        version = current_version(session)
        before = load(session, TODAY, NOW.replace(year=2020))
    assert (facts.catalogue_as_of, facts.exploited_as_of) == (date(2026, 11, 20), None)
    assert facts.matcher_version == version
    assert (before.catalogue_as_of, before.releases) == (None, {})


def test_affected_versions_decide_which_entries_concern_a_version() -> None:
    listed = tuple(
        Exploited(cve, date(2024, 1, 1)) for cve in ("CVE-2023-1111", "CVE-2023-2222", "CVE-2023-3333")
    )
    facts = Loaded(
        [], {}, {}, {1: listed}, None, None, "4",
        affected={(1, "CVE-2023-1111"): (Range("7.2.0", "7.2.5"),), (1, "CVE-2023-2222"): (Range("", "7.0.9"),)},
    )  # fmt: skip
    within, vague = facts.exploited_of(Subject("title", 9, product_id=1, version="7.2.3"), None)
    assert (within.cve_id, within.is_within) == ("CVE-2023-1111", True)
    assert (vague.cve_id, vague.is_within) == ("CVE-2023-3333", False)
    assert facts.exploited_of(Subject("title", 9, product_id=1), None) == listed
    assert facts.exploited_of(Subject("title", 9, product_id=2, version="7.2.3"), None) == ()
    assert facts.exploited_of(Subject("title", 9), None) == ()
