"""What an update of the catalogue would do: told before it is applied, nothing written, and then exactly that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.catalogue.test_sync import NOW, THEN, contents, loaded
from tests.catalogue.upstream import find_product, later, latest, product, release, write_document
from tests.lifecycle.world import OPERATOR, TODAY, Thing, World, add_asset, add_title, findings
from tracker.budgeting.actions import create_plan, ensure_prices
from tracker.budgeting.consequences import Preview, preview_update, propose_update
from tracker.budgeting.schemas import NewPlan
from tracker.catalogue import actions, offers
from tracker.catalogue.offers import Offer
from tracker.db import reading, transaction
from tracker.identity.actions import add_agency
from tracker.identity.errors import Conflict, Forbidden, NotFound
from tracker.identity.schemas import NewAgency
from tracker.lifecycle.actions import ensure_policy, findings_as_of, scan
from tracker.lifecycle.schemas import FindingFilter
from tracker.settings import CatalogueSettings

__all__ = ["loaded"]
THINGS = (
    Thing("A", "A-1", ["PostgreSQL 9.6"]),
    Thing("A", "A-2", ["PostgreSQL 9.6", "Zabbix 7.0"]),
    Thing("A", "A-3", ["PostgreSQL 9.6"], status="retired"),
    Thing("A", "A-4", ["PostgreSQL 17.6"]),
    Thing("B", "B-1", ["Zabbix 7.0"]),
    Thing("B", "B-2", ["Windows 7 SP1"]),
)


@pytest.fixture
def world(loaded: Engine) -> Engine:
    """Two agencies with six assets, scanned, over the small catalogue."""
    made = World()
    with transaction(loaded) as session:
        ensure_policy(session, NOW)
        ensure_prices(session, NOW)
        for code in ("A", "B"):
            view = add_agency(session, OPERATOR, NewAgency(code=code, name=f"Agency {code}"), NOW)
            made.agencies[code], made.paths[code] = view.id, view.path
        for title in ("PostgreSQL 9.6", "PostgreSQL 17.6", "Zabbix 7.0", "Windows 7 SP1"):
            add_title(session, made, title)
        for thing in THINGS:
            add_asset(session, made, thing)
    scan(loaded, OPERATOR, TODAY, THEN)
    return loaded


def update() -> dict[str, Any]:
    """PostgreSQL 9.6 is supported again, 17 has a patch, Zabbix is new."""
    told = later()
    postgresql = find_product(told, "postgresql")
    postgresql["releases"][1] |= {"eolFrom": "2030-11-11", "isEol": False}
    postgresql["releases"][0]["latest"] = latest("17.7", "2026-11-13")
    told["result"].append(
        product("zabbix", "Zabbix", "server-app", [release("7.0", isEol=True, eolFrom="2026-06-30")])
    )
    return told


def offer(path: Path) -> Offer:
    found = offers.fetch_offer(write_document(path, update()), CatalogueSettings())
    assert found is not None
    return found


def preview(engine: Engine, path: Path) -> Preview:
    return preview_update(engine, OPERATOR, offer(path), TODAY, THEN + timedelta(hours=1))[0]


def test_what_would_change_is_told_by_agency_and_nothing_is_written(world: Engine, tmp_path: Path) -> None:
    before = contents(world)
    told = preview(world, tmp_path / "full.json")
    assert contents(world) == before
    found = told.consequences
    assert [(one.before, one.after, one.subjects) for one in found.phases] == [
        ("ended", "active", 1), ("unknown", "ended", 1),
    ]  # fmt: skip
    assert found.assets == 3
    assert [(one.agency, one.name, one.assets) for one in found.agencies] == [
        ("A", "Agency A", 2), ("B", "Agency B", 1),
    ]  # fmt: skip
    assert told.result.dry_run
    assert (told.result.products_added, len(told.result.changes)) == (("zabbix",), 3)


def test_applying_it_does_to_findings_what_was_told(world: Engine, tmp_path: Path) -> None:
    told = preview(world, tmp_path / "full.json").consequences
    open_before = findings(world)
    number = propose_update(world, OPERATOR, offer(tmp_path / "full.json"), TODAY, THEN)
    assert findings(world) == open_before
    actions.apply_proposal(world, OPERATOR, number, THEN + timedelta(hours=1), CatalogueSettings())
    scan(world, OPERATOR, TODAY, THEN + timedelta(hours=2))
    open_after = findings(world)
    opened, resolved = open_after - open_before, open_before - open_after
    assert (opened, resolved) != (set(), set())
    # No agency gains and loses findings of one rule here, so that net figures are whole.
    assert sum(one.opened for one in told.findings) == len(opened)
    assert sum(one.resolved for one in told.findings) == len(resolved)
    for one in told.findings:
        assert one.opened == len([1 for _, rule in opened if rule == one.rule]), one
        assert one.resolved == len([1 for _, rule in resolved if rule == one.rule]), one


def test_the_needs_of_a_plan_by_year_are_compared(world: Engine, tmp_path: Path) -> None:
    years = (2027, 2030)
    request = NewPlan(
        name="Refresh", agency_code="A", years=years, budgets=dict.fromkeys(range(2027, 2031), Decimal(0))
    )
    create_plan(world, OPERATOR, request, TODAY, THEN)
    [effect] = preview(world, tmp_path / "full.json").plans
    assert (effect.plan, effect.agency, effect.currency) == ("Refresh", "A", "IDR")
    with reading(world) as session:
        assert offers.base_version(session)
    assert all(year.before != year.after for year in effect.years)
    assert {year.year for year in effect.years} <= set(range(2027, 2031))


def test_a_proposal_is_refused_once_the_catalogue_has_changed(world: Engine, tmp_path: Path) -> None:
    number = propose_update(world, OPERATOR, offer(tmp_path / "full.json"), TODAY, THEN)
    other = later("2026-11-21T00:00:00Z")
    find_product(other, "ubuntu")["label"] = "Ubuntu Linux"
    actions.sync(world, OPERATOR, write_document(tmp_path / "other.json", other), THEN)
    before = contents(world)
    with pytest.raises(Conflict, match="has changed since"):
        actions.apply_proposal(world, OPERATOR, number, THEN, CatalogueSettings())
    assert contents(world) == before


def test_a_proposal_is_applied_once_or_discarded(world: Engine, tmp_path: Path) -> None:
    first = propose_update(world, OPERATOR, offer(tmp_path / "full.json"), TODAY, THEN)
    second = propose_update(world, OPERATOR, offer(tmp_path / "full.json"), TODAY, THEN)
    actions.discard_proposal(world, OPERATOR, second)
    assert actions.apply_proposal(world, OPERATOR, first, THEN, CatalogueSettings()).written
    for number in (first, second):
        with pytest.raises(NotFound):
            actions.apply_proposal(world, OPERATOR, number, THEN, CatalogueSettings())


def test_only_an_administrator_of_all_agencies_may_look(world: Engine, tmp_path: Path) -> None:
    someone = replace(OPERATOR, grants=())
    with pytest.raises(Forbidden):
        preview_update(world, someone, offer(tmp_path / "full.json"), TODAY, THEN)
    with pytest.raises(Forbidden):
        actions.apply_proposal(world, someone, 1, THEN, CatalogueSettings())
    with pytest.raises(Forbidden):
        actions.discard_proposal(world, someone, 1)


def test_an_old_day_is_answered_with_what_was_known_then(world: Engine, tmp_path: Path) -> None:
    def ended(known_at: datetime | None = None) -> list[str]:
        rows = findings_as_of(world, OPERATOR, TODAY, known_at, FindingFilter(rule="security-support-ended"))
        return [row.asset_tag or "" for row in rows if row.product == "postgresql"]

    def sync(document: dict[str, Any], hours: int) -> None:
        source = write_document(tmp_path / "full.json", document)
        actions.sync(world, OPERATOR, source, THEN + timedelta(hours=hours))
        scan(world, OPERATOR, TODAY, THEN + timedelta(hours=hours, minutes=1))

    assert ended() == ["A-1", "A-2"]
    sync(update(), 1)
    assert ended() == []
    again = later("2026-11-22T00:00:00Z")
    find_product(again, "postgresql")["releases"][1] |= {"eolFrom": "2021-11-12"}
    sync(again, 3)
    assert ended() == ["A-1", "A-2"]
    for hours, tags in ((0, ["A-1", "A-2"]), (2, []), (4, ["A-1", "A-2"])):
        assert ended(THEN + timedelta(hours=hours)) == tags, hours
