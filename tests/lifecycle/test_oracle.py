"""Random inventories, contracts and days: the scan flags what an oracle flags asset by asset, and scans of random
histories end where one full scan of a fresh database ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text, update
from sqlmodel import Session

from tests.lifecycle.oracle import Flag, Oracle
from tests.lifecycle.world import (
    NOW,
    OPERATOR,
    TODAY,
    Facts,
    Thing,
    World,
    add_asset,
    add_exploited,
    add_fact,
    add_release,
    add_row,
    add_title,
    build,
    install,
    match,
)
from tracker.db import new_id, table_of, transaction
from tracker.inventory.models import Asset, Installation
from tracker.lifecycle.actions import scan
from tracker.lifecycle.models import RefreshPolicy, SupportContract
from tracker.lifecycle.policy import default_document
from tracker.lifecycle.profiles import decode

_CLASSES = ("laptop", "desktop", "server", "network", "printer", "virtual-machine", "other")
_PROCESSORS = (None, None, "Intel Core i5-6200U", "Intel Core i7-1165G7", "unknown chip")


class Chance(random.Random):
    """Random facts of inventories."""

    def day(self, years: int = 4) -> date:
        """A day around today, often one of the edges of rules."""
        if self.random() < 0.3:
            return TODAY + timedelta(days=self.choice((-1, 0, 1, 89, 90, 91, 179, 180, 181, 364, 365, 366)))
        return TODAY + timedelta(days=self.randint(-365 * years, 365 * years))

    def maybe(self, made: Callable[[], Any], share: float = 0.6) -> Any:
        """A value, or None."""
        return made() if self.random() < share else None

    def facts(self) -> Facts:
        """Dates of a release and up to three versions."""
        active, security, extended = sorted(self.day() for _ in range(3))
        out = sorted({TODAY - timedelta(days=self.randint(-20, 900)) for _ in range(self.randint(0, 3))})
        flag = self.choice((None, None, True, False))
        return Facts(
            self.maybe(lambda: active), None, self.maybe(lambda: security), flag, self.maybe(lambda: extended),
            [(f"1.{at}", on) for at, on in enumerate(out)],
        )  # fmt: skip

    def thing(self, agency: str, tag: str, titles: list[str], models: list[str]) -> Thing:
        """An asset with anything that rules look at."""
        return Thing(
            agency, tag, self.sample(titles, self.randint(0, 4)), self.choice(_CLASSES),
            self.maybe(lambda: self.choice(models), 0.4), self.maybe(lambda: self.day(9), 0.8),
            self.choice(("day", "month", "year")), self.maybe(self.day, 0.4), self.randint(1, 3),
            self.choice(("in-use", "in-use", "in-use", "in-store", "planned", "retired")),
            self.choice(("it", "it", "it", "near-it", "other")),
            location=self.maybe(lambda: "Room"), custodian=self.maybe(lambda: "Ani"),
            condition=self.maybe(lambda: self.choice(("good", "fair", "broken"))),
            processor=self.choice(_PROCESSORS), is_edge=self.choice((None, True, False)),
            internet_facing=self.choice((None, True, False)),
            criticality=self.choice((None, "low", "medium", "high", "critical")),
            last_seen_on=self.maybe(lambda: TODAY - timedelta(days=self.choice((1, 89, 90, 91, 400)))),
        )  # fmt: skip


def _names(world: World) -> tuple[list[str], list[str]]:
    return sorted(world.titles), sorted(world.models)


def _populate(session: Session, world: World, chance: Chance, assets: int = 40) -> None:
    releases = [f"product{at % 4} {at}" for at in range(8)]
    for name in releases:
        add_release(session, world, name, chance.facts())
    for at in range(12):
        add_title(session, world, f"Title {at}")
        for scope in (None, *chance.sample(("A", "A1", "B"), chance.choice((0, 0, 1)))):
            _match(session, world, chance, f"Title {at}", "title", scope)
    for at in range(3):
        add_asset(session, world, Thing("A", f"model-{at}", model=f"Model {at}"))
        _match(session, world, chance, f"Model {at}", "model", None)
    titles, models = _names(world)
    for at in range(assets):
        add_asset(
            session, world, chance.thing(chance.choice(("A", "A1", "B")), f"asset-{at}", titles, models)
        )
    for at in range(6):
        year = chance.choice((2024, 2025, 2026))
        product = f"product{chance.randrange(4)}"
        add_exploited(
            session, world, product, f"CVE-{year}-{at}", TODAY - timedelta(days=chance.randint(-9, 700))
        )
    for _ in range(4):
        _contract(session, world, chance)


def _match(session: Session, world: World, chance: Chance, name: str, kind: str, scope: str | None) -> None:
    release = chance.choice([one for one in world.releases if one.startswith("product")])
    if chance.random() < 0.2:
        release = "windows 10"
    outcome = chance.choice(("matched",) * 6 + ("not-tracked", "unrecognised"))
    version = chance.choice((None, "1.0", "1.1", "1.2", "0.9")) if outcome == "matched" else None
    match(
        session, world, name, outcome, release if outcome == "matched" else None, kind=kind, scope=scope,
        tier=chance.choice(("auto",) * 5 + ("review",)), version=version, version_key=version,
    )  # fmt: skip


def _contract(session: Session, world: World, chance: Chance) -> None:
    release = chance.choice([one for one in world.releases if one.startswith("product")])
    starts_on = chance.day(2)
    add_row(session, SupportContract(
        agency_id=world.agencies[chance.choice(("A", "A1", "B"))], id=new_id(session),
        product_id=world.products[release.split(" ")[0]],
        release_id=chance.maybe(lambda: world.releases[release]), starts_on=starts_on,
        ends_on=starts_on + timedelta(days=chance.choice((0, 30, 800))), recorded_at=NOW,
    ))  # fmt: skip


def _open(engine: Engine) -> set[Flag]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT a.asset_tag, f.rule, c.subject_kind, c.subject_id, c.threshold, f.severity, f.ends_on "
                "FROM finding f JOIN finding_condition c ON c.id = f.condition_id "
                "JOIN asset a ON a.agency_id = f.agency_id AND a.id = f.asset_id WHERE f.resolved_on IS NULL"
            )
        )
        return {(*row[:6], date.fromisoformat(str(row[6])) if row[6] else None) for row in rows}


def _risks(engine: Engine) -> dict[str, tuple[int, int | None, str]]:
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT a.asset_tag, r.profile, r.score, r.band FROM asset_risk r "
                "JOIN asset a ON a.agency_id = r.agency_id AND a.id = r.asset_id"
            )
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows}


def _compare(engine: Engine, day: date, policy: dict[str, Any]) -> None:
    oracle = Oracle(engine, policy, day)
    wanted = oracle.flags()
    found = _open(engine)
    assert {one for one in found if one[1] != "government-ruleset"} == wanted
    flagged = {one[0] for one in found if one[1] == "government-ruleset"}
    assert flagged == set(_legacy(oracle, wanted))
    risks = _risks(engine)
    for asset in oracle.assets:
        held = {flag[1] for flag in found if flag[0] == asset["asset_tag"]} - {"government-ruleset"}
        if asset["asset_tag"] in risks:
            profile = decode(risks[asset["asset_tag"]][0])
            assert {rule.value for rule in profile.rules} == held
            assert (profile.is_edge, profile.criticality) == (bool(asset["is_edge"]), asset["criticality"])
        else:
            assert held == set()


def _legacy(oracle: Oracle, flags: set[Flag]) -> list[str]:
    """The default ruleset: unsupported or exploited, and exposed or important."""
    bad = {one[0] for one in flags if one[1] in ("security-support-ended", "exploited")}
    exposed = {
        row["asset_tag"]
        for row in oracle.assets
        if row["is_edge"] or row["internet_facing"] or row["criticality"] in ("high", "critical")
    }
    return sorted(bad & exposed)


@pytest.mark.parametrize("seed", range(6))
def test_a_scan_flags_what_the_oracle_flags(engine: Engine, seed: int) -> None:
    chance = Chance(seed)
    world = build(engine)
    with transaction(engine) as session:
        _populate(session, world, chance)
    scan(engine, OPERATOR, TODAY, NOW)
    _compare(engine, TODAY, default_document())
    assert len(_open(engine)) > 40


def _edit_asset(session: Session, world: World, chance: Chance, day: date) -> None:
    asset = table_of(Asset)
    tag = chance.choice([tag for tag in world.assets if tag.startswith("asset-")])
    fresh = chance.thing("A", tag, *_names(world))
    values = {name: getattr(fresh, name) for name in (
        "asset_class", "status", "units", "acquired_on", "warranty_ends_on", "location", "custodian", "condition",
        "processor", "is_edge", "internet_facing", "criticality", "last_seen_on")}  # fmt: skip
    values["acquired_precision"] = fresh.precision if fresh.acquired_on else None
    here = asset.c.id == world.assets[tag]
    session.execute(update(asset).where(here).values(row_version=asset.c.row_version + 1, **values))


def _import_assets(session: Session, world: World, chance: Chance, day: date) -> None:
    titles, models = _names(world)
    for _ in range(3):
        tag = f"asset-{len(world.assets)}"
        add_asset(session, world, chance.thing(chance.choice(("A", "A1", "B")), tag, titles, models))


def _swap_software(session: Session, world: World, chance: Chance, day: date) -> None:
    held = table_of(Installation)
    rows = session.execute(
        text("SELECT i.id, i.asset_id FROM installation i WHERE superseded_at IS NULL")
    ).all()
    row = chance.choice(sorted(tuple(one) for one in rows))
    session.execute(update(held).where(held.c.id == row[0]).values(superseded_at=NOW))
    tag = next(tag for tag, asset_id in world.assets.items() if asset_id == row[1])
    code = session.execute(
        text("SELECT g.code FROM asset a JOIN agency g ON g.id = a.agency_id WHERE a.id = :id"),
        {"id": row[1]},
    ).scalar_one()
    install(session, world, code, tag, chance.choice(sorted(world.titles)))


def _change_facts(session: Session, world: World, chance: Chance, day: date) -> None:
    release = chance.choice([one for one in world.releases if one.startswith("product")])
    at = NOW.replace(year=day.year, month=day.month, day=day.day)
    add_fact(session, world, release, chance.facts(), at)


def _change_policy(session: Session, world: World, chance: Chance, day: date) -> None:
    policy = table_of(RefreshPolicy)
    version = session.execute(text("SELECT COUNT(*) FROM refresh_policy")).scalar_one() + 1
    document = default_document() | {
        "name": "ours",
        "version": version,
        "not_seen_days": chance.choice((30, 90, 365)),
    }
    document["ends_soon"] = [
        {"days": chance.choice((60, 200, 400)), "severity": chance.choice(("low", "high"))}
    ]
    session.execute(policy.insert().values(
        id=new_id(session), name="ours", version=version, effective_on=day, document=document, source="edited",
        note="", recorded_at=NOW + timedelta(minutes=version),
    ))  # fmt: skip


_CHANGES = (_edit_asset, _import_assets, _swap_software, _change_facts, _change_policy)


@pytest.mark.parametrize("seed", range(4))
def test_scans_of_a_history_end_where_one_full_scan_ends(engine: Engine, seed: int) -> None:
    """Assets edited and imported, software swapped, facts and policy changed, days passing: after each scan the
    findings are the oracle's; at the end they, and the risk, are those of a scan that starts from nothing."""
    chance = Chance(100 + seed)
    world, day = build(engine), TODAY
    with transaction(engine) as session:
        _populate(session, world, chance, assets=20)
    scan(engine, OPERATOR, day, NOW)
    for _ in range(8):
        with transaction(engine) as session:
            for change in chance.sample(_CHANGES, chance.randint(0, 2)):
                change(session, world, chance, day)
        day += timedelta(days=chance.choice((0, 0, 1, 40)))
        scan(engine, OPERATOR, day, NOW)
        _compare(engine, day, _policy(engine))
    found, risks = _open(engine), _risks(engine)
    with transaction(engine) as session:
        for table in ("finding", "finding_verdict", "title_state", "asset_risk", "daily_rollup", "scan_mark"):
            session.execute(text(f"DELETE FROM {table}"))
    scan(engine, OPERATOR, day, NOW)
    assert (_open(engine), _risks(engine)) == (found, risks)


def _policy(engine: Engine) -> dict[str, Any]:
    policy = table_of(RefreshPolicy)
    with engine.connect() as connection:
        newest = policy.select().order_by(policy.c.recorded_at.desc(), policy.c.id.desc()).limit(1)
        return dict(connection.execute(newest).one().document)
