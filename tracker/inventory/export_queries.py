"""Assets with everything that a file says of one, as a stream: what the export of assets writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.models import Agency
from tracker.identity.schemas import Principal
from tracker.inventory.diffing import ASSET_FIELDS
from tracker.inventory.keys import CONTENT
from tracker.inventory.models import Asset, AssetIdentifier, HardwareModel, Installation, SoftwareTitle
from tracker.inventory.queries import conditions_of
from tracker.inventory.schemas import AssetFilter

_agency, _asset, _model = table_of(Agency), table_of(Asset), table_of(HardwareModel)
_identifier, _installation, _title = (
    table_of(AssetIdentifier),
    table_of(Installation),
    table_of(SoftwareTitle),
)
_STREAM = 2_000


@dataclass(frozen=True, slots=True)
class ExportedAsset:
    """One asset: `values` by column, `software` as {role: [(name, version, publisher)]} in order of recording."""

    agency: str
    manufacturer: str
    model: str
    uuid: str | None
    content_key: str | None
    values: Mapping[str, Any]
    software: Mapping[str, list[tuple[str, str, str]]] = field(default_factory=dict)


def iterate_exported(session: Session, principal: Principal, wanted: AssetFilter) -> Iterator[ExportedAsset]:
    """The assets that `wanted` finds in sight of `principal`, by agency and id. Two statements, streamed.

    An agency filter adds one.
    """
    conditions = conditions_of(session, principal, wanted)
    options = {"yield_per": _STREAM}
    rows = session.execute(_assets(conditions), execution_options=options)
    titles = session.execute(_titles(conditions), execution_options=options)
    groups = groupby(titles, key=itemgetter(0, 1))
    key, group = next(groups, (None, iter(())))
    for row in rows:
        held = row._mapping
        software: dict[str, list[tuple[str, str, str]]] = {}
        if key == (row.agency_id, row.id):
            for _, _, role, name, version, publisher in group:
                software.setdefault(role, []).append((name, version, publisher))
            key, group = next(groups, (None, iter(())))
        values = {name: held[name] for name in ASSET_FIELDS}
        yield ExportedAsset(
            row.agency, row.manufacturer or "", row.model or "", row.uuid, row.content_key, values, software
        )


def _name(scheme: str) -> Any:
    """The live name of an asset in a scheme."""
    return (
        select(func.min(_identifier.c.value))
        .where(
            _identifier.c.agency_id == _asset.c.agency_id,
            _identifier.c.asset_id == _asset.c.id,
            _identifier.c.scheme == scheme,
            _identifier.c.superseded_at.is_(None),
        )
        .scalar_subquery()
    )


def _assets(conditions: list[Any]) -> Select[Any]:
    return (
        select(
            _asset.c.agency_id,
            _asset.c.id,
            _agency.c.code.label("agency"),
            _model.c.manufacturer,
            _model.c.name.label("model"),
            _name("uuid").label("uuid"),
            _name(CONTENT).label("content_key"),
            *(_asset.c[name] for name in ASSET_FIELDS),
        )
        .join(_agency, _agency.c.id == _asset.c.agency_id)
        .outerjoin(_model, _model.c.id == _asset.c.hardware_model_id)
        .where(*conditions)
        .order_by(_asset.c.agency_id, _asset.c.id)
    )


def _titles(conditions: list[Any]) -> Select[Any]:
    columns = (_asset.c.agency_id, _asset.c.id, _installation.c.role, _title.c.name, _title.c.version,
               _title.c.publisher)  # fmt: skip
    here = (_installation.c.agency_id == _asset.c.agency_id) & (_installation.c.asset_id == _asset.c.id)
    return (
        select(*columns)
        .join(_installation, here)
        .join(_title, _title.c.id == _installation.c.title_id)
        .where(_installation.c.superseded_at.is_(None), *conditions)
        .order_by(_asset.c.agency_id, _asset.c.id, _installation.c.id)
    )
