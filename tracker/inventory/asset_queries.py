"""One asset with its names, what is installed on it, the evidence of each match, and its history."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from sqlmodel import Session

from tracker.catalogue.models import Product, Release
from tracker.db import table_of
from tracker.identity.errors import NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.models import (
    Asset,
    AssetChange,
    AssetIdentifier,
    HardwareModel,
    Installation,
    SoftwareTitle,
    TitleMatch,
)
from tracker.inventory.schemas import (
    AssetDetail,
    AssetRow,
    ChangeView,
    IdentifierView,
    InstallationView,
    MatchView,
)

_agency, _asset, _model = table_of(Agency), table_of(Asset), table_of(HardwareModel)
_title, _installation, _match = table_of(SoftwareTitle), table_of(Installation), table_of(TitleMatch)
_identifier, _change = table_of(AssetIdentifier), table_of(AssetChange)
_product, _release = table_of(Product), table_of(Release)

_ROW = ("id", "agency_id", "asset_tag", "serial", "name", "asset_class", "status", "units", "condition",
        "acquired_on", "acquired_precision", "cost_minor", "currency", "location", "hostname")  # fmt: skip
_MORE = ("item_code", "register_number", "it_scope", "source", "custodian", "warranty_ends_on", "support_ends_on",
         "notes", "row_version", "recorded_at", "updated_at", "status_changed_on", "transferred_from_id",
         "processor", "is_edge", "internet_facing", "criticality", "last_seen_on")  # fmt: skip
_VERDICT = ("outcome", "version", "confidence", "tier", "method", "reason", "evidence", "matcher_version")


def find_asset(session: Session, principal: Principal, asset_id: int) -> AssetDetail | None:
    """The asset, None when there is none in sight of `principal`. Six statements."""
    columns = [_asset.c[name] for name in (*_ROW, *_MORE)]
    row = session.execute(
        select(*columns, _agency.c.code.label("agency"), *_model_columns())
        .join(_agency, _agency.c.id == _asset.c.agency_id)
        .outerjoin(_model, _model.c.id == _asset.c.hardware_model_id)
        .where(_asset.c.id == asset_id, in_scope(_asset.c.agency_id, principal.scope(Permission.VIEW)))
    ).one_or_none()
    if row is None:
        return None
    held = row._mapping
    asset = AssetRow(
        agency=row.agency, manufacturer=row.manufacturer, model=row.model, **{n: held[n] for n in _ROW}
    )
    installations = _list_installations(session, row.agency_id, asset_id)
    subjects = {("title", item.title_id) for item in installations}
    if row.model_id is not None:
        subjects.add(("model", row.model_id))
    matches = _matches(session, row.agency_id, asset_id, row.model_id) if subjects else {}
    return AssetDetail(
        asset=asset,
        **{name: held[name] for name in _MORE},
        model_match=matches.get(("model", row.model_id)),
        identifiers=_list_identifiers(session, row.agency_id, asset_id),
        installations=[_with_match(item, matches) for item in installations],
        changes=_list_changes(session, row.agency_id, asset_id),
    )


def get_asset(session: Session, principal: Principal, asset_id: int) -> AssetDetail:
    """The asset. Six statements.

    Raises:
        NotFound: there is none in sight of `principal`.
    """
    found = find_asset(session, principal, asset_id)
    if found is None:
        raise NotFound("asset-not-found", f"there is no asset {asset_id}")
    return found


def _model_columns() -> tuple[Any, ...]:
    return (
        func.coalesce(_model.c.manufacturer, "").label("manufacturer"),
        func.coalesce(_model.c.name, "").label("model"),
        _model.c.id.label("model_id"),
    )


def _with_match(item: InstallationView, matches: dict[tuple[str, int], MatchView]) -> InstallationView:
    return InstallationView(
        item.id, item.title_id, item.role, item.publisher, item.name, item.version, item.recorded_at,
        item.superseded_at, matches.get(("title", item.title_id)),
    )  # fmt: skip


def _list_installations(session: Session, agency_id: int, asset_id: int) -> list[InstallationView]:
    """Live ones first, then by role and title."""
    columns = (_installation.c.id, _installation.c.title_id, _installation.c.role, _title.c.publisher, _title.c.name,
               _title.c.version, _installation.c.recorded_at, _installation.c.superseded_at)  # fmt: skip
    query = (
        select(*columns)
        .join(_title, _title.c.id == _installation.c.title_id)
        .where(_installation.c.agency_id == agency_id, _installation.c.asset_id == asset_id)
        .order_by(
            _installation.c.superseded_at.is_not(None),
            _installation.c.role,
            _title.c.name,
            _title.c.version,
            _installation.c.id,
        )
    )
    return [InstallationView(**row._mapping, match=None) for row in session.execute(query)]


def _matches(
    session: Session, agency_id: int, asset_id: int, model_id: int | None
) -> dict[tuple[str, int], MatchView]:
    """Verdicts on the asset's titles and its model; the agency's own comes last and so outranks the shared."""
    titles = select(_installation.c.title_id).where(
        _installation.c.agency_id == agency_id, _installation.c.asset_id == asset_id
    )
    about = or_(
        and_(_match.c.subject_kind == "title", _match.c.subject_id.in_(titles)),
        and_(_match.c.subject_kind == "model", _match.c.subject_id == (model_id or 0)),
    )
    query = (
        select(
            _match.c.subject_kind,
            _match.c.subject_id,
            _product.c.slug.label("product"),
            _release.c.name.label("release"),
            *(_match.c[name] for name in _VERDICT),
        )
        .outerjoin(_product, _product.c.id == _match.c.product_id)
        .outerjoin(_release, _release.c.id == _match.c.release_id)
        .where(about, _match.c.scope_agency_id.in_((0, agency_id)))
        .order_by(_match.c.scope_agency_id)
    )
    return {(row[0], row[1]): _match_view(row) for row in session.execute(query)}


def _match_view(row: Row[Any]) -> MatchView:
    held = row._mapping
    return MatchView(product=row.product, release=row.release, **{name: held[name] for name in _VERDICT})


def _list_identifiers(session: Session, agency_id: int, asset_id: int) -> list[IdentifierView]:
    columns = (
        _identifier.c.scheme,
        _identifier.c.value,
        _identifier.c.recorded_at,
        _identifier.c.superseded_at,
    )
    query = (
        select(*columns)
        .where(_identifier.c.agency_id == agency_id, _identifier.c.asset_id == asset_id)
        .order_by(_identifier.c.superseded_at.is_not(None), _identifier.c.scheme, _identifier.c.value)
    )
    return [IdentifierView(*row) for row in session.execute(query)]


def _list_changes(session: Session, agency_id: int, asset_id: int, most: int = 500) -> list[ChangeView]:
    """Newest first."""
    names = ("id", "field", "before", "after", "batch_id", "actor", "at")
    query = (
        select(*(_change.c[name] for name in names))
        .where(_change.c.agency_id == agency_id, _change.c.asset_id == asset_id)
        .order_by(_change.c.id.desc())
        .limit(most)
    )
    return [ChangeView(*row) for row in session.execute(query)]
