"""A nation in small: agencies, assets, installations and titles written straight into the tables."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, text
from sqlmodel import Session

from tracker.db import insert_rows, reserve_ids, transaction
from tracker.identity.actions import add_agency
from tracker.identity.schemas import NewAgency, operator
from tracker.inventory.models import Asset, HardwareModel, Installation, SoftwareTitle

NOW = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
TODAY = date(2026, 11, 25)
AGENCIES = 40
MODELS = 300
_CLASSES = ("laptop", "desktop", "server", "network", "printer")


def build(engine: Engine, assets: int, installations: int, titles: int) -> None:
    """Fill a prepared database. Titles are names and versions of the catalogue, as inventories spell them."""
    with transaction(engine) as session:
        codes = [f"OFFICE-{number:02d}" for number in range(AGENCIES)]
        agencies = [
            add_agency(session, operator(), NewAgency(code=code, name=code), NOW).id for code in codes
        ]
        title_ids = _add_titles(session, titles)
        model_ids = list(reserve_ids(session, MODELS))
        insert_rows(session, HardwareModel, ("id", "manufacturer", "name", "created_at"),
                    ((at, "Maker", f"Model {at}", NOW) for at in model_ids))  # fmt: skip
        asset_ids = reserve_ids(session, assets)
        insert_rows(session, Asset, _ASSET_COLUMNS, _assets(asset_ids, agencies, model_ids))
        made = reserve_ids(session, installations)
        insert_rows(session, Installation, _INSTALLATION_COLUMNS,
                    _installations(made, asset_ids, agencies, title_ids))  # fmt: skip
    with engine.connect() as connection, connection.execution_options(isolation_level="AUTOCOMMIT"):
        connection.execute(text("ANALYZE"))


def _add_titles(session: Session, count: int) -> list[int]:
    found = session.execute(
        text("SELECT p.label, v.name FROM version v JOIN product p ON p.id = v.product_id ORDER BY v.id")
    ).all()
    chosen = sorted(set(random.Random(7).sample([tuple(row) for row in found], count)))
    ids = list(reserve_ids(session, len(chosen)))
    insert_rows(session, SoftwareTitle, ("id", "publisher", "name", "version", "created_at"),
                ((at, "", label, version, NOW) for at, (label, version) in zip(ids, chosen, strict=True)))  # fmt: skip
    return ids


_ASSET_COLUMNS = (
    "agency_id", "id", "asset_tag", "serial", "name", "asset_class", "it_scope", "hardware_model_id", "status",
    "units", "condition", "acquired_on", "acquired_precision", "cost_minor", "currency", "location",
    "warranty_ends_on", "row_version", "recorded_at", "updated_at",
)  # fmt: skip
_INSTALLATION_COLUMNS = ("agency_id", "id", "asset_id", "title_id", "role", "recorded_at")


def _assets(ids: range, agencies: list[int], models: list[int]) -> Iterator[tuple[object, ...]]:
    chance = random.Random(11)
    for number, asset_id in enumerate(ids):
        acquired = date(2013, 1, 1) + timedelta(days=chance.randrange(4_900))
        kind = _CLASSES[number % len(_CLASSES)]
        yield (
            agencies[number % AGENCIES], asset_id, f"AT-{number:06d}", f"SN{number:08d}", f"{kind} {number}", kind, "it",
            models[chance.randrange(MODELS)], "in-use", 1, "good", acquired, "day", 900_000_000, "IDR",
            f"Room {number % 300}", acquired + timedelta(days=1_095), 1, NOW, NOW,
        )  # fmt: skip


def _installations(
    ids: range, assets: range, agencies: list[int], titles: list[int]
) -> Iterator[tuple[object, ...]]:
    chance = random.Random(13)
    for number, made in enumerate(ids):
        at = number % len(assets)
        role = "operating-system" if number < len(assets) else "application"
        yield agencies[at % AGENCIES], made, assets[at], titles[chance.randrange(len(titles))], role, NOW
