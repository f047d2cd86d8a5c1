"""Changing one asset by hand, with its history and its names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select, tuple_, update
from sqlmodel import Session

from tracker.db import insert_rows, reserve_ids, table_of
from tracker.identity.audit import record as audit
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.asset_queries import get_asset
from tracker.inventory.key_policy import load_key_policy
from tracker.inventory.keys import FIELDS_OF_SCHEME, find_keys
from tracker.inventory.locking import lock_inventory
from tracker.inventory.models import Asset, AssetChange, AssetIdentifier
from tracker.inventory.schemas import AssetDetail, AssetEdit

_asset, _identifier = table_of(Asset), table_of(AssetIdentifier)
#: Schemes whose values name one asset of an agency; the others may be shared by mistake of the file.
_UNIQUE = ("tag", "bmn", "bmd-17")
_NAMING = sorted({field for fields in FIELDS_OF_SCHEME.values() for field in fields})


def update_asset(
    session: Session, principal: Principal, asset_id: int, changes: AssetEdit, now: datetime
) -> AssetDetail:
    """Write the fields that `changes` gives, one history row for each that differs; returns the asset.

    Raises:
        NotFound: no such asset where `principal` may manage assets.
        Conflict: the asset changed since the editor saw it, or a name belongs to another asset.
        Invalid: a cost without a currency.
    """
    held = _lock_asset(session, principal, asset_id)
    if changes.row_version not in (None, held.row_version):
        raise Conflict("asset-changed", f"asset {asset_id} was changed meanwhile; look at it again")
    wanted = changes.changes()
    differing = {name: value for name, value in wanted.items() if held._mapping[name] != value}
    if not differing:
        return get_asset(session, principal, asset_id)
    _check_money(held, differing)
    if any(name in differing for name in _NAMING):
        _rename(session, held, differing, now)
    _write(session, held, differing, now)
    _write_history(session, held, differing, principal.name, now)
    detail: dict[str, object] = {"fields": sorted(differing)}
    audit(session, principal, "asset-updated", "asset", asset_id, held.agency_id, detail, now)
    return get_asset(session, principal, asset_id)


def _lock_asset(session: Session, principal: Principal, asset_id: int) -> Row[Any]:
    query = select(_asset).where(
        _asset.c.id == asset_id, in_scope(_asset.c.agency_id, principal.scope(Permission.MANAGE_ASSETS))
    )
    held = session.execute(query).one_or_none()
    if held is None:
        raise NotFound("asset-not-found", f"there is no asset {asset_id}")
    lock_inventory(session, held.agency_id)
    # Read again: only now nobody else can change it.
    return session.execute(query).one()


def _check_money(held: Row[Any], differing: dict[str, object]) -> None:
    after = {**held._mapping, **differing}
    if after["cost_minor"] is not None and after["currency"] is None:
        raise Invalid("currency-missing", "a cost needs a currency")


def _write(session: Session, held: Row[Any], differing: dict[str, object], now: datetime) -> None:
    values: dict[str, object] = {**differing, "row_version": held.row_version + 1, "updated_at": now}
    if "asset_tag" in differing:
        values["sort_tag"] = differing["asset_tag"] or ""
    if "status" in differing:
        values["status_changed_on"] = now.date()
    here = and_(_asset.c.agency_id == held.agency_id, _asset.c.id == held.id)
    session.execute(update(_asset).where(here).values(values))


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def _write_history(
    session: Session, held: Row[Any], differing: dict[str, object], actor: str, now: datetime
) -> None:
    ids = reserve_ids(session, len(differing))
    columns = ("agency_id", "id", "asset_id", "field", "before", "after", "actor", "at")
    insert_rows(
        session,
        AssetChange,
        columns,
        (
            (held.agency_id, at, held.id, name, _text(held._mapping[name]), _text(value), actor, now)
            for at, (name, value) in zip(ids, sorted(differing.items()), strict=True)
        ),
    )


def _rename(session: Session, held: Row[Any], differing: dict[str, object], now: datetime) -> None:
    """End the names that the asset no longer has and begin the ones it has now. At most five statements."""
    after = {**held._mapping, **differing}
    keys = find_keys(
        load_key_policy(),
        asset_tag=after["asset_tag"],
        item_code=after["item_code"],
        register=after["register_number"],
        serial=after["serial"],
        hostname=after["hostname"],
    )
    _refuse_taken(session, held, keys)
    mine = and_(_identifier.c.agency_id == held.agency_id, _identifier.c.asset_id == held.id)
    schemes = [scheme for scheme, fields in FIELDS_OF_SCHEME.items() if fields]
    names = tuple_(_identifier.c.scheme, _identifier.c.value)
    ending = update(_identifier).where(
        mine, _identifier.c.superseded_at.is_(None), _identifier.c.scheme.in_(schemes)
    )
    if keys:
        ending = ending.where(names.not_in(list(keys.items())))
    session.execute(ending.values(superseded_at=now, superseded_batch_id=None))
    if not keys:
        return
    known = session.execute(
        select(_identifier.c.scheme, _identifier.c.value).where(mine, names.in_(list(keys.items())))
    )
    old = {(row.scheme, row.value) for row in known}
    again = update(_identifier).where(
        mine, names.in_(list(keys.items())), _identifier.c.superseded_at.is_not(None)
    )
    session.execute(again.values(superseded_at=None, superseded_batch_id=None, batch_id=None))
    new = [(held.agency_id, *name, held.id, now) for name in keys.items() if name not in old]
    insert_rows(session, AssetIdentifier, ("agency_id", "scheme", "value", "asset_id", "recorded_at"), new)


def _refuse_taken(session: Session, held: Row[Any], keys: dict[str, str]) -> None:
    names = [
        and_(_identifier.c.scheme == scheme, _identifier.c.value == value)
        for scheme, value in keys.items()
        if scheme in _UNIQUE
    ]
    if not names:
        return
    query = select(_identifier.c.value, _identifier.c.asset_id).where(
        _identifier.c.agency_id == held.agency_id,
        _identifier.c.asset_id != held.id,
        _identifier.c.superseded_at.is_(None),
        or_(*names),
    )
    taken = session.execute(query.order_by(_identifier.c.value).limit(1)).first()
    if taken is not None:
        raise Conflict("name-in-use", f"{taken.value} already names asset {taken.asset_id}")
