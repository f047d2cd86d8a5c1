"""Agencies, people and hand-built records for the tests of the inventory room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from importers.rows import Record, SoftwareName, SoftwareRole
from tracker.db import reading, transaction
from tracker.identity.actions import add_agency, ensure_root
from tracker.identity.models import Role
from tracker.identity.schemas import NewAgency, Principal, operator
from tracker.inventory import actions, queries
from tracker.inventory.schemas import AssetDetail, AssetFilter, AssetRow, BatchView

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MUCH_LATER = NOW + timedelta(hours=2)
OPERATOR = operator()


def build(engine: Engine) -> dict[str, Principal]:
    """Root and the agencies A (with A1 below it) and B; {code: an administrator of that agency}."""
    people = {}
    with transaction(engine) as session:
        ensure_root(session, NOW)
        for code, parent in (("A", None), ("A1", "A"), ("B", None)):
            agency = add_agency(
                session, OPERATOR, NewAgency(code=code, name=f"Agency {code}", parent_code=parent), NOW
            )
            people[code] = Principal(None, f"admin of {code}", ((agency.path, Role.ADMIN),))
    return people


def pc(row: int, tag: str | None = None, **more: Any) -> Record:
    """A row that stands for a desktop computer."""
    values: dict[str, Any] = {
        "sheet": "Data", "row": row, "asset_tag": tag, "name": f"PC {tag}", "asset_class": "desktop", "it_scope": "it",
    }  # fmt: skip
    return Record(**(values | more))


def software(name: str, version: str | None = None, role: str = "application") -> SoftwareName:
    """A software as a file names it."""
    return SoftwareName(name, version, role=SoftwareRole(role))


def preview(engine: Engine, records: Iterable[Record], agency: str = "A", **more: Any) -> BatchView:
    """Preview `records` as the operator."""
    return actions.preview_records(engine, OPERATOR, records, "test.xlsx", agency, NOW, **more)


def load(engine: Engine, records: Iterable[Record], agency: str = "A", **more: Any) -> BatchView:
    """Preview and apply `records` as the operator."""
    batch = preview(engine, records, agency, **more)
    return actions.apply(engine, OPERATOR, batch.id, NOW)


def counts(batch: BatchView) -> tuple[int, int, int, int, int]:
    """(created, updated, unchanged, skipped, rejected)"""
    return batch.created, batch.updated, batch.unchanged, batch.skipped, batch.rejected


def assets(engine: Engine, principal: Principal = OPERATOR, **wanted: Any) -> list[AssetRow]:
    """Assets by tag."""
    with reading(engine) as session:
        return queries.list_assets(session, principal, AssetFilter(**wanted)).items


def detail(engine: Engine, tag: str) -> AssetDetail:
    """The asset with `tag`, withdrawn or not."""
    with reading(engine) as session:
        asset_id = session.execute(
            text("SELECT id FROM asset WHERE asset_tag = :tag"), {"tag": tag}
        ).scalar_one()
        return queries.get_asset(session, OPERATOR, asset_id)


def dump(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the room's tables and of the audit log, to see that nothing changed."""
    tables = ("asset", "asset_identifier", "installation", "asset_change", "import_batch", "batch_block",
              "batch_title", "software_title", "hardware_model", "audit_event")  # fmt: skip
    with reading(engine) as session:
        return {
            name: sorted((tuple(row) for row in session.execute(text(f"SELECT * FROM {name}"))), key=repr)
            for name in tables
        }
