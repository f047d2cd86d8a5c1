"""What agencies own, read: the asset list, coverage and counts. Batches and one asset have files of their own.

Hot lists are Core rows with explicit columns, keyset pages and a stable tie-break.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, column, exists, func, or_, select, table
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import Invalid
from tracker.identity.models import Agency
from tracker.identity.rules import Permission, subtree_range
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.asset_queries import find_asset, get_asset
from tracker.inventory.batch_queries import get_batch, list_batch_rows, list_batches, list_kept
from tracker.inventory.coverage import coverage
from tracker.inventory.models import Asset, AssetStatus, HardwareModel, Installation
from tracker.inventory.schemas import AssetFilter, AssetRow, Page

__all__ = [
    "count_assets",
    "count_by_class",
    "coverage",
    "find_asset",
    "get_asset",
    "get_batch",
    "list_assets",
    "list_batch_rows",
    "list_batches",
    "list_kept",
]

_agency, _asset, _model = table_of(Agency), table_of(Asset), table_of(HardwareModel)
_installation = table_of(Installation)
#: Tables of the room above, by name only: this room's filters may look at them, its code may not.
_finding = table("finding", column("agency_id"), column("asset_id"), column("rule"), column("resolved_on"))
_state = table(
    "title_state", column("subject_kind"), column("subject_id"), column("scope_agency_id"), column("phase")
)
#: Sort name → (expression, how a cursor's value is read back). NULL sorts as the empty value.
_SORTS: dict[str, tuple[ColumnElement[Any], type]] = {
    "asset_tag": (_asset.c.sort_tag, str),
    "name": (_asset.c.name, str),
    "asset_class": (_asset.c.asset_class, str),
    "acquired_on": (func.coalesce(_asset.c.acquired_on, date(1, 1, 1)), date),
    "cost": (func.coalesce(_asset.c.cost_minor, -1), int),
    "id": (_asset.c.id, int),
}
_COLUMNS = (
    _asset.c.id,
    _asset.c.agency_id,
    _agency.c.code.label("agency"),
    _asset.c.asset_tag,
    _asset.c.serial,
    _asset.c.name,
    _asset.c.asset_class,
    func.coalesce(_model.c.manufacturer, "").label("manufacturer"),
    func.coalesce(_model.c.name, "").label("model"),
    _asset.c.status,
    _asset.c.units,
    _asset.c.condition,
    _asset.c.acquired_on,
    _asset.c.acquired_precision,
    _asset.c.cost_minor,
    _asset.c.currency,
    _asset.c.location,
    _asset.c.hostname,
)


def _like(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text.lower()}%"


def _text_condition(text: str) -> ColumnElement[bool]:
    pattern = _like(text.strip())
    looked_at = (_asset.c.asset_tag, _asset.c.serial, _asset.c.name, _asset.c.hostname)
    # Models are few: finding them first keeps the assets' own columns the only ones read per row.
    models = select(_model.c.id).where(
        or_(*(func.lower(col).like(pattern, escape="\\") for col in (_model.c.manufacturer, _model.c.name)))
    )
    return or_(
        *(func.lower(col).like(pattern, escape="\\") for col in looked_at),
        _asset.c.hardware_model_id.in_(models),
    )


def _model_condition(manufacturer: str | None, model: str | None) -> ColumnElement[bool]:
    pairs = ((_model.c.manufacturer, manufacturer), (_model.c.name, model))
    found = [func.lower(col) == text.strip().lower() for col, text in pairs if text]
    return _asset.c.hardware_model_id.in_(select(_model.c.id).where(*found))


def _phase_condition(phase: str) -> ColumnElement[bool]:
    """Some live title of the asset, or its model, was last found in `phase`; an agency's verdict outranks."""
    installed = and_(
        _installation.c.agency_id == _asset.c.agency_id,
        _installation.c.asset_id == _asset.c.id,
        _installation.c.superseded_at.is_(None),
        _state.c.subject_kind == "title",
        _state.c.subject_id == _installation.c.title_id,
        _state.c.scope_agency_id.in_((0, _asset.c.agency_id)),
        _state.c.phase == phase,
    )
    modelled = and_(
        _state.c.subject_kind == "model",
        _state.c.subject_id == _asset.c.hardware_model_id,
        _state.c.scope_agency_id == 0,
        _state.c.phase == phase,
    )
    return or_(
        exists(select(_installation.c.id).where(installed).correlate(_asset)),
        exists(select(_state.c.subject_id).where(modelled).correlate(_asset)),
    )


def _rule_condition(rule: str) -> ColumnElement[bool]:
    open_here = and_(
        _finding.c.agency_id == _asset.c.agency_id,
        _finding.c.asset_id == _asset.c.id,
        _finding.c.rule == rule,
        _finding.c.resolved_on.is_(None),
    )
    return exists(select(_finding.c.asset_id).where(open_here).correlate(_asset))


def _agency_condition(session: Session, code: str) -> ColumnElement[bool]:
    path = session.execute(select(_agency.c.path).where(_agency.c.code == code)).scalar_one_or_none()
    low, high = subtree_range(path) if path else ("", "")
    inside = select(_agency.c.id).where(_agency.c.path >= low, _agency.c.path < high)
    return _asset.c.agency_id.in_(inside)


def conditions_of(session: Session, principal: Principal, wanted: AssetFilter) -> list[ColumnElement[bool]]:
    """What a filter means in SQL. Withdrawn assets are listed only when asked for by that status."""
    found = [in_scope(_asset.c.agency_id, principal.scope(Permission.VIEW))]
    if wanted.status:
        found.append(_asset.c.status == wanted.status)
    else:
        found.append(_asset.c.status != AssetStatus.WITHDRAWN)
    if wanted.agency:
        found.append(_agency_condition(session, wanted.agency))
    if wanted.text and wanted.text.strip():
        found.append(_text_condition(wanted.text))
    if wanted.asset_class:
        found.append(_asset.c.asset_class == wanted.asset_class)
    if wanted.condition:
        found.append(_asset.c.condition == wanted.condition)
    if wanted.manufacturer or wanted.model:
        found.append(_model_condition(wanted.manufacturer, wanted.model))
    if wanted.phase:
        found.append(_phase_condition(wanted.phase))
    if wanted.rule:
        found.append(_rule_condition(wanted.rule))
    return found


def _pack(values: list[object]) -> str:
    text = json.dumps(values, default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unpack(cursor: str, kind: type) -> tuple[Any, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        value, last_id = json.loads(text)
        return (date.fromisoformat(value) if kind is date else kind(value)), int(last_id)
    except (ValueError, TypeError) as error:
        raise Invalid("bad-cursor", "the page cursor is not one that was handed out") from error


def _after(expression: ColumnElement[Any], value: Any, last_id: int, descending: bool) -> ColumnElement[bool]:
    """Keyset condition: rows after (value, last_id); the id runs with the sort's direction."""
    if descending:
        return or_(expression < value, and_(expression == value, _asset.c.id < last_id))
    return and_(expression >= value, or_(expression > value, _asset.c.id > last_id))


def list_assets(
    session: Session,
    principal: Principal,
    wanted: AssetFilter = AssetFilter(),  # noqa: B008 - frozen
    sort: str = "asset_tag",
    after: str | None = None,
    limit: int = 50,
    *,
    counted: bool = False,
) -> Page[AssetRow]:
    """A page of assets in `sort` order ('-' first: descending), ties by id. One statement per page.

    `total` is counted only when asked for, by a second statement; an agency filter adds one.

    Raises:
        Invalid: `sort` or `after` is not one of ours.
    """
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    if name not in _SORTS:
        raise Invalid("bad-sort", f"cannot sort by {name!r}; one of {', '.join(_SORTS)}")
    expression, kind = _SORTS[name]
    conditions = conditions_of(session, principal, wanted)
    order = (expression.desc(), _asset.c.id.desc()) if descending else (expression, _asset.c.id)
    query = select(*_COLUMNS, expression.label("sorted_by")).select_from(_joined()).where(*conditions)
    if after is not None:
        query = query.where(_after(expression, *_unpack(after, kind), descending))
    rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
    items = [AssetRow(*row[:-1]) for row in rows[:limit]]
    cursor = _pack([rows[limit - 1][-1], rows[limit - 1][0]]) if len(rows) > limit else None
    return Page(items, cursor, _count(session, conditions) if counted else None)


def _joined() -> Any:
    agencies = _asset.join(_agency, _agency.c.id == _asset.c.agency_id)
    return agencies.outerjoin(_model, _model.c.id == _asset.c.hardware_model_id)


def _count(session: Session, conditions: list[ColumnElement[bool]]) -> int:
    count: int = session.execute(select(func.count()).select_from(_asset).where(*conditions)).scalar_one()
    return count


def count_assets(session: Session, principal: Principal, wanted: AssetFilter = AssetFilter()) -> int:  # noqa: B008
    """How many assets (rows, not units) a filter finds. One statement."""
    return _count(session, conditions_of(session, principal, wanted))


def count_by_class(session: Session, principal: Principal) -> Mapping[str, tuple[int, int]]:
    """{asset class: (assets, units)} of what is not withdrawn. One statement."""
    query = (
        select(_asset.c.asset_class, func.count(), func.sum(_asset.c.units))
        .where(*conditions_of(session, principal, AssetFilter()))
        .group_by(_asset.c.asset_class)
        .order_by(_asset.c.asset_class)
    )
    return {row[0]: (row[1], int(row[2])) for row in session.execute(query)}
