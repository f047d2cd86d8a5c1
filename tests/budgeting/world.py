"""A small world for plans, written straight into the tables: agencies, assets, verdicts, findings, policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Engine
from sqlmodel import Session

from tracker.budgeting.actions import ensure_prices
from tracker.budgeting.schemas import NewPlan
from tracker.catalogue.models import CatalogueSnapshot
from tracker.db import insert_rows, reserve_ids, transaction
from tracker.identity.actions import add_agency, ensure_root
from tracker.identity.schemas import NewAgency, operator
from tracker.inventory.models import Asset, HardwareModel, SoftwareTitle
from tracker.lifecycle.models import Condition, Finding, RefreshPolicy, ScanRun, Verdict
from tracker.lifecycle.policy import default_document

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    """One asset to write; `findings` name verdicts of `World.verdicts`."""

    agency: str
    asset_class: str
    model: str = ""
    acquired_on: date | None = date(2024, 5, 1)
    precision: str = "day"
    units: int = 1
    condition: str | None = "good"
    status: str = "in-use"
    it_scope: str = "it"
    currency: str | None = None
    tag: str = ""
    findings: Sequence[str] = ()


@dataclass
class World:
    """What was written, by the names that tests use."""

    agencies: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    verdicts: dict[str, tuple[int, int, str, str, date | None]] = field(default_factory=dict)


#: Verdicts: name → (rule, severity, subject kind, title, ends_on).
VERDICTS: dict[str, tuple[str, str, str, str | None, date | None]] = {
    "win7-ended": ("security-support-ended", "high", "product", "Windows 7", date(2020, 1, 14)),
    "win7-unpatchable": ("unpatchable", "high", "product", "Windows 7", date(2020, 1, 14)),
    "win11-soon": ("security-support-ends-soon", "medium", "product", "Windows 11 24H2", date(2027, 10, 12)),
    "office-ended": (
        "security-support-ended",
        "high",
        "product",
        '=HYPERLINK("x") Office 2013',
        date(2023, 4, 11),
    ),
    "vpn-exploited": ("exploited-possible", "critical", "product", "VPN 9", None),
    "switch-ended": ("security-support-ended", "high", "model", None, date(2025, 6, 30)),
    "old": ("past-useful-life", "medium", "asset", None, date(2022, 1, 1)),
    "behind": ("behind-latest", "medium", "product", "Windows 11 24H2", None),
}


def build(engine: Engine, things: Iterable[Thing] = (), *, scanned: bool = True) -> World:
    """Root, agencies A (with A1 below it) and B, the default policy, shipped prices and `things`."""
    world = World()
    with transaction(engine) as session:
        ensure_root(session, NOW)
        for code, parent in (("A", None), ("A1", "A"), ("B", None)):
            new = NewAgency(code=code, name=f"Agency {code}", parent_code=parent)
            world.agencies[code] = add_agency(session, operator(), new, NOW).id
        document = default_document()
        session.add(
            RefreshPolicy(
                id=reserve_ids(session, 1)[0],
                name="default",
                version=1,
                document=document,
                source="Test policy",
                recorded_at=NOW,
            )
        )
        ensure_prices(session, NOW)
        _facts(session, world, scanned)
        add_things(session, world, things)
    return world


def _facts(session: Session, world: World, scanned: bool) -> None:
    ids = iter(reserve_ids(session, 200))
    if scanned:
        session.add(
            CatalogueSnapshot(
                id=next(ids), source="test", kind="test", licence="-", as_of=date(2026, 11, 1), sha256="0",
                loaded_at=NOW, counts={},
            )
        )  # fmt: skip
        result: dict[str, object] = {"coverage": {"matched": 0.75, "dated": 0.5}}
        session.add(
            ScanRun(
                id=next(ids), as_of=TODAY, started_at=NOW, finished_at=NOW, matcher_version="1", result=result
            )
        )
    titles: dict[str, int] = {}
    for name, (rule, severity, kind, title, ends_on) in VERDICTS.items():
        if title is not None and title not in titles:
            titles[title] = next(ids)
            session.add(SoftwareTitle(id=titles[title], name=title, created_at=NOW))
            session.flush()
        condition, verdict = next(ids), next(ids)
        subject = titles.get(title or "", condition)
        session.add(Condition(id=condition, rule=rule, subject_kind=kind, subject_id=subject))
        session.flush()
        session.add(
            Verdict(
                id=verdict, condition_id=condition, key=name, severity=severity, ends_on=ends_on,
                title_id=titles.get(title or ""), evidence={}, recorded_at=NOW,
            )
        )  # fmt: skip
        world.verdicts[name] = (condition, verdict, rule, severity, ends_on)
    session.flush()


def add_things(session: Session, world: World, things: Iterable[Thing]) -> None:
    """Write assets and their open findings in bulk."""
    things = list(things)
    for name in sorted({thing.model for thing in things if thing.model} - world.models.keys()):
        world.models[name] = reserve_ids(session, 1)[0]
        session.add(HardwareModel(id=world.models[name], manufacturer="Acme", name=name, created_at=NOW))
    session.flush()
    ids = reserve_ids(session, len(things))
    columns = (
        "agency_id", "id", "asset_tag", "name", "asset_class", "it_scope", "hardware_model_id", "status",
        "units", "condition", "acquired_on", "acquired_precision", "cost_minor", "currency", "row_version",
        "recorded_at", "updated_at",
    )  # fmt: skip
    insert_rows(
        session, Asset, columns, (_asset(world, at, one) for at, one in zip(ids, things, strict=True))
    )
    rows = [
        (world.agencies[thing.agency], at, world.verdicts[name])
        for at, thing in zip(ids, things, strict=True)
        for name in thing.findings
    ]
    finding_ids = reserve_ids(session, len(rows))
    finding_columns = (
        "agency_id", "id", "asset_id", "condition_id", "verdict_id", "rule", "severity", "ends_on",
        "opened_on",
    )  # fmt: skip
    insert_rows(
        session,
        Finding,
        finding_columns,
        (
            (agency, at, asset, *facts, TODAY)
            for at, (agency, asset, facts) in zip(finding_ids, rows, strict=True)
        ),
    )


def _asset(world: World, at: int, thing: Thing) -> tuple[object, ...]:
    return (
        world.agencies[thing.agency], at, thing.tag or f"T{at}", "thing", thing.asset_class, thing.it_scope,
        world.models.get(thing.model), thing.status, thing.units, thing.condition, thing.acquired_on,
        thing.precision, 1_000 if thing.currency else None, thing.currency, 1, NOW, NOW,
    )  # fmt: skip


def request(name: str = "plan", years: tuple[int, int] = (2027, 2029), **more: object) -> NewPlan:
    """A request with the same ample budget every year."""
    budgets = dict.fromkeys(range(years[0], years[1] + 1), Decimal(1_000_000_000))
    return NewPlan.model_validate({"name": name, "years": years, "budgets": budgets} | more)
