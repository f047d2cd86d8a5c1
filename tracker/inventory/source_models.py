"""How a batch's file was to be read: what a second look at the same file, and its apply, need to know."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlmodel import SQLModel

from tracker.db.conventions import id_field, json_field
from tracker.identity.models import one_of
from tracker.inventory.models import NARROW


class UpdatePolicy(StrEnum):
    """What a batch may do to the assets that its agency has.

    add-only: rows that mean an asset are skipped; update: they change it; replace: and assets that no row
    means are retired.
    """

    ADD_ONLY = "add-only"
    UPDATE = "update"
    REPLACE = "replace"


class BatchSource(SQLModel, table=True):
    """The choices that a batch was previewed with. `stored` is the upload's name among the kept files.

    `mapping` is {source header: field} as chosen for this batch, without what the agency remembered.
    """

    __tablename__ = "batch_source"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "batch_id"], ["import_batch.agency_id", "import_batch.id"]),
        CheckConstraint(one_of("policy", UpdatePolicy), name="policy"),
        CheckConstraint("retiring >= 0", name="retiring"),
    )
    agency_id: int = id_field()
    batch_id: int = id_field()
    stored: str | None = None
    mapping: dict[str, str] = json_field()
    near_it: bool = False
    other: bool = False
    clear_blanks: bool = False
    policy: str = UpdatePolicy.UPDATE
    retiring: int = 0


class BatchRetirement(SQLModel, table=True):
    """An asset that no row of a replacing batch means: its apply retires it, unless `row_version` moved."""

    __tablename__ = "batch_retirement"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "batch_id"], ["import_batch.agency_id", "import_batch.id"]),
        ForeignKeyConstraint(["agency_id", "asset_id"], ["asset.agency_id", "asset.id"]),
        NARROW,
    )
    agency_id: int = id_field()
    batch_id: int = id_field()
    asset_id: int = id_field()
    row_version: int
