"""A small world for scans, written straight into the tables: agencies, catalogue, titles, matches, assets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel

from tracker.catalogue.models import (
    CatalogueSnapshot,
    ExploitedEntry,
    ExploitedProduct,
    Product,
    Release,
    ReleaseFact,
    Version,
)
from tracker.db import new_id, table_of, transaction
from tracker.identity.actions import add_agency, ensure_root
from tracker.identity.models import Role
from tracker.identity.schemas import NewAgency, Principal, operator
from tracker.inventory.matching import current_version
from tracker.inventory.models import Asset, HardwareModel, Installation, SoftwareTitle, TitleMatch

TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
OPERATOR = operator()
WINDOWS_10_END = date(2025, 10, 14)


@dataclass(frozen=True)
class Facts:
    """The dates of one release, and its versions (name, released on) from the oldest."""

    active_on: date | None = None
    active_flag: bool | None = None
    security_on: date | None = None
    security_flag: bool | None = None
    extended_on: date | None = None
    versions: Sequence[tuple[str, date]] = ()


@dataclass(frozen=True)
class Thing:
    """One asset to write; `titles` and `model` name what `World` holds."""

    agency: str
    tag: str
    titles: Sequence[str] = ()
    asset_class: str = "desktop"
    model: str | None = None
    acquired_on: date | None = date(2025, 6, 1)
    precision: str | None = "day"
    warranty_ends_on: date | None = None
    units: int = 1
    status: str = "in-use"
    it_scope: str = "it"
    recorded_at: datetime = NOW
    location: str | None = "Room 1"
    custodian: str | None = None
    condition: str | None = None
    processor: str | None = None
    is_edge: bool | None = None
    internet_facing: bool | None = None
    criticality: str | None = None
    last_seen_on: date | None = None


@dataclass
class World:
    """What was written, by the names that tests use."""

    agencies: dict[str, int] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    releases: dict[str, int] = field(default_factory=dict)
    titles: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    assets: dict[str, int] = field(default_factory=dict)
    snapshot_id: int = 0

    def viewer(self, code: str, role: Role = Role.IT_MANAGER) -> Principal:
        """Someone with `role` in the agency `code` and below."""
        return Principal(None, f"viewer of {code}", ((self.paths[code], role),))


def add_row(session: Session, row: SQLModel) -> None:
    """Insert one row now, so that rows that refer to it find it."""
    session.add(row)
    session.flush()


#: Releases that every world has: "product release" → facts.
RELEASES: dict[str, Facts] = {
    "windows 10": Facts(active_on=date(2025, 10, 14), security_on=WINDOWS_10_END, extended_on=date(2028, 10, 10)),
    "windows 11": Facts(active_on=date(2027, 10, 12), security_on=date(2029, 10, 9)),
    "nginx 1.28": Facts(
        security_flag=False, versions=[("1.28.0", date(2025, 4, 23)), ("1.28.1", date(2026, 1, 10)),
                                       ("1.28.2", date(2026, 3, 1))],
    ),
    "office 2021": Facts(security_on=date(2026, 12, 31)),
    "debian 12": Facts(active_on=date(2026, 6, 10), security_on=date(2028, 6, 30)),
    "oldthing 1": Facts(security_flag=True),
    "dateless 1": Facts(),
}  # fmt: skip
#: Titles: name → (outcome, release, version, version key).
TITLES: dict[str, tuple[str, str | None, str | None, str | None]] = {
    "Windows 10 Pro": ("matched", "windows 10", None, None),
    "Windows 11 Pro": ("matched", "windows 11", None, None),
    "nginx 1.28.0": ("matched", "nginx 1.28", "1.28.0", "1.28.0"),
    "nginx 1.28.2": ("matched", "nginx 1.28", "1.28.2", "1.28.2"),
    "Office 2021": ("matched", "office 2021", None, None),
    "Debian 12": ("matched", "debian 12", None, None),
    "Old Thing": ("matched", "oldthing 1", None, None),
    "Dateless": ("matched", "dateless 1", None, None),
    "Printer driver": ("not-tracked", None, None, None),
    "Kantorku": ("unrecognised", None, None, None),
}


def build(engine: Engine, things: Iterable[Thing] = ()) -> World:
    """Agencies A (with A1 below it) and B, the catalogue and titles above, and `things`."""
    world = World()
    with transaction(engine) as session:
        ensure_root(session, NOW)
        for code, parent in (("A", None), ("A1", "A"), ("B", None)):
            view = add_agency(session, OPERATOR, NewAgency(code=code, name=code, parent_code=parent), NOW)
            world.agencies[code], world.paths[code] = view.id, view.path
        world.snapshot_id = new_id(session)
        add_row(session, CatalogueSnapshot(
            id=world.snapshot_id, source="endoflife.date", kind="lifecycle", licence="MIT",
            as_of=date(2026, 11, 20), sha256="0", loaded_at=NOW, counts={},
        ))  # fmt: skip
        for name, facts in RELEASES.items():
            add_release(session, world, name, facts)
        for name, (outcome, release, version, key) in TITLES.items():
            add_title(session, world, name)
            match(session, world, name, outcome, release, version=version, version_key=key)
        for thing in things:
            add_asset(session, world, thing)
    return world


def add_release(session: Session, world: World, name: str, facts: Facts) -> None:
    """A release by "product name", its product where it is new, its facts and versions."""
    slug, release = name.split(" ")
    if slug not in world.products:
        world.products[slug] = new_id(session)
        add_row(session, Product(
            id=world.products[slug], slug=slug, label=slug.title(), category="os", aliases=[], identifiers=[],
            tags=[], labels={}, snapshot_id=world.snapshot_id,
        ))  # fmt: skip
    product_id, release_id = world.products[slug], new_id(session)
    world.releases[name] = release_id
    add_row(
        session,
        Release(id=release_id, product_id=product_id, name=release, label=release, version_key=release),
    )
    add_fact(session, world, name, facts)
    for version, released_on in facts.versions:
        add_row(session, Version(
            id=new_id(session), product_id=product_id, release_id=release_id, name=version, version_key=version,
            released_on=released_on, snapshot_id=world.snapshot_id,
        ))  # fmt: skip


def add_fact(session: Session, world: World, name: str, facts: Facts, recorded_at: datetime = NOW) -> None:
    """The dates of a release as known from `recorded_at` on; earlier ones are superseded then."""
    known = table_of(ReleaseFact)
    current = (known.c.release_id == world.releases[name]) & known.c.superseded_at.is_(None)
    session.execute(known.update().where(current).values(superseded_at=recorded_at))
    latest = facts.versions[-1] if facts.versions else (None, None)
    add_row(session, ReleaseFact(
        id=new_id(session), release_id=world.releases[name], active_support_ends_on=facts.active_on,
        active_support_flag=facts.active_flag, security_support_ends_on=facts.security_on,
        security_support_flag=facts.security_flag, extended_support_ends_on=facts.extended_on,
        latest_version=latest[0], latest_released_on=latest[1], source="endoflife.date",
        snapshot_id=world.snapshot_id, recorded_at=recorded_at,
    ))  # fmt: skip


def add_title(session: Session, world: World, name: str) -> None:
    """A software title without a match."""
    world.titles[name] = new_id(session)
    add_row(session, SoftwareTitle(id=world.titles[name], name=name, created_at=NOW))


def match(
    session: Session,
    world: World,
    name: str,
    outcome: str,
    release: str | None,
    *,
    kind: str = "title",
    scope: str | None = None,
    tier: str = "auto",
    version: str | None = None,
    version_key: str | None = None,
) -> None:
    """Say what a title or model is, for all agencies or in the scope of one."""
    subject_id = world.titles[name] if kind == "title" else world.models[name]
    add_row(session, TitleMatch(
        id=new_id(session), subject_kind=kind, subject_id=subject_id,
        scope_agency_id=world.agencies[scope] if scope else 0, outcome=outcome,
        product_id=world.products[release.split(" ")[0]] if release else None,
        release_id=world.releases[release] if release else None, version=version, version_key=version_key,
        confidence=0.95, tier=tier, method="alias", evidence={"alias": name.lower()},
        matcher_version=current_version(session),
        matched_at=NOW,
    ))  # fmt: skip


def add_exploited(
    session: Session, world: World, slug: str, cve_id: str, added_on: date, due_on: date | None = None
) -> None:
    """A known exploited vulnerability of a product."""
    entry_id = new_id(session)
    add_row(session, ExploitedEntry(
        id=entry_id, cve_id=cve_id, vendor="v", product_name=slug, added_on=added_on, due_on=due_on,
        snapshot_id=world.snapshot_id, recorded_at=NOW,
    ))  # fmt: skip
    add_row(session, ExploitedProduct(entry_id=entry_id, product_id=world.products[slug]))


def add_asset(session: Session, world: World, thing: Thing) -> int:
    """An asset with its model and installations."""
    if thing.model is not None and thing.model not in world.models:
        world.models[thing.model] = new_id(session)
        add_row(session, HardwareModel(
            id=world.models[thing.model], manufacturer="Acme", name=thing.model, created_at=NOW
        ))  # fmt: skip
    asset_id = world.assets[thing.tag] = new_id(session)
    add_row(session, Asset(
        agency_id=world.agencies[thing.agency], id=asset_id, asset_tag=thing.tag, name=f"thing {thing.tag}",
        asset_class=thing.asset_class, it_scope=thing.it_scope, units=thing.units, status=thing.status,
        hardware_model_id=world.models[thing.model] if thing.model else None, acquired_on=thing.acquired_on,
        acquired_precision=thing.precision if thing.acquired_on else None,
        warranty_ends_on=thing.warranty_ends_on, recorded_at=thing.recorded_at, updated_at=thing.recorded_at,
        location=thing.location, custodian=thing.custodian, condition=thing.condition, processor=thing.processor,
        is_edge=thing.is_edge, internet_facing=thing.internet_facing, criticality=thing.criticality,
        last_seen_on=thing.last_seen_on,
    ))  # fmt: skip
    for title in thing.titles:
        install(session, world, thing.agency, thing.tag, title, thing.recorded_at)
    return asset_id


def install(session: Session, world: World, agency: str, tag: str, title: str, at: datetime = NOW) -> None:
    """Put a title on an asset."""
    add_row(session, Installation(
        agency_id=world.agencies[agency], id=new_id(session), asset_id=world.assets[tag],
        title_id=world.titles[title], role="application", recorded_at=at,
    ))  # fmt: skip


def findings(engine: Engine, *, everything: bool = False) -> set[tuple[str, str]]:
    """{(asset tag, rule)} of the open findings, or of all, straight from the table."""
    where = "" if everything else "WHERE f.resolved_on IS NULL"
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT a.asset_tag, f.rule FROM finding f "
                f"JOIN asset a ON a.agency_id = f.agency_id AND a.id = f.asset_id {where}"
            )
        )
        return {(row[0], row[1]) for row in rows}


def contents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of ours but the id counter, as text, in order."""
    found: dict[str, list[tuple[object, ...]]] = {}
    with engine.connect() as connection:
        for name in sorted(SQLModel.metadata.tables):
            if name != "id_counter":
                rows = connection.execute(text(f"SELECT * FROM {name}"))
                found[name] = sorted(tuple(str(value) for value in row) for row in rows)
    return found
