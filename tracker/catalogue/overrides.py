"""Dates that agencies hold against the catalogue's: kept, ended, listed, and read for a scan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlmodel import Session

from tracker.catalogue.models import Product, Release
from tracker.catalogue.override_models import FactOverride
from tracker.db import insert_rows, new_id, table_of
from tracker.identity.audit import record as audit
from tracker.identity.errors import NotFound
from tracker.identity.models import Agency
from tracker.identity.queries import find_subtree_scope, get_agency_by_code
from tracker.identity.rules import Permission
from tracker.identity.schemas import ROOT_PATH, Principal
from tracker.identity.scope import limit as in_scope

_override, _agency = table_of(FactOverride), table_of(Agency)
_product, _release = table_of(Product), table_of(Release)
SHARED = 0


class NewOverride(BaseModel):
    """A date of a release as an agency holds it, with the reason and the document that says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    agency: Annotated[str, Field(min_length=1, max_length=64)]
    product: Annotated[str, Field(min_length=1, max_length=120)]
    release: Annotated[str, Field(min_length=1, max_length=200)]
    date_name: Literal[
        "active_support_ends", "security_support_ends", "extended_support_ends", "discontinued"
    ] = "security_support_ends"
    value: date
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    document: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class OverrideView:
    """An overridden date as shown."""

    id: int
    agency: str
    product: str
    release: str
    date_name: str
    value: date
    reason: str
    document: str
    author: str
    recorded_at: datetime
    superseded_at: datetime | None
    superseded_by: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """An overridden date as a scan reads it; `agency` is the code of who holds it."""

    agency: str
    date_name: str
    value: date
    reason: str
    document: str
    author: str
    recorded_at: datetime


def _views() -> Select[tuple[object, ...]]:
    names = ("date_name", "value", "reason", "document", "author", "recorded_at", "superseded_at",
             "superseded_by")  # fmt: skip
    return select(
        _override.c.id,
        _agency.c.code,
        _product.c.slug,
        _release.c.name,
        *(_override.c[name] for name in names),
    ).select_from(
        _override.join(_agency, _agency.c.id == _override.c.agency_id)
        .join(_release, _release.c.id == _override.c.release_id)
        .join(_product, _product.c.id == _release.c.product_id)
    )


def set_override(session: Session, principal: Principal, new: NewOverride, now: datetime) -> OverrideView:
    """Hold a date from now on; an earlier one of the agency for it is superseded.

    Raises:
        NotFound: no such agency where `principal` manages assets, or no such release in the catalogue.
    """
    agency = get_agency_by_code(session, principal, new.agency, Permission.MANAGE_ASSETS)
    query = select(_release.c.id).join(_product, _product.c.id == _release.c.product_id)
    found = query.where(_product.c.slug == new.product, _release.c.name == new.release)
    release_id = session.execute(found).scalar_one_or_none()
    if release_id is None:
        raise NotFound("release_unknown", f"{new.product} has no release {new.release!r} in the catalogue")
    same = and_(
        _override.c.agency_id == agency.id,
        _override.c.release_id == release_id,
        _override.c.date_name == new.date_name,
        _override.c.superseded_at.is_(None),
    )
    session.execute(update(_override).where(same).values(superseded_at=now, superseded_by=principal.name))
    at = new_id(session)
    columns = ("agency_id", "id", "release_id", "date_name", "value", "reason", "document", "author",
               "recorded_at")  # fmt: skip
    row = (agency.id, at, release_id, new.date_name, new.value, new.reason, new.document, principal.name, now)
    insert_rows(session, FactOverride, columns, [row])
    audit(
        session,
        principal,
        "date-overridden",
        "fact-override",
        at,
        agency.id,
        new.model_dump(mode="json"),
        now,
    )
    return OverrideView(*session.execute(_views().where(_override.c.id == at)).one())


def end_override(session: Session, principal: Principal, override_id: int, now: datetime) -> OverrideView:
    """End an overridden date: the catalogue's, or that of an agency above, holds again.

    Raises:
        NotFound: no such override holds where `principal` manages assets.
    """
    here = and_(
        _override.c.id == override_id,
        _override.c.superseded_at.is_(None),
        in_scope(_override.c.agency_id, principal.scope(Permission.MANAGE_ASSETS)),
    )
    agency_id = session.execute(select(_override.c.agency_id).where(here)).scalar_one_or_none()
    if agency_id is None:
        raise NotFound("unknown_override", f"no overridden date number {override_id} holds")
    session.execute(update(_override).where(here).values(superseded_at=now, superseded_by=principal.name))
    audit(session, principal, "override-ended", "fact-override", override_id, agency_id, {}, now)
    return OverrideView(*session.execute(_views().where(_override.c.id == override_id)).one())


def list_overrides(
    session: Session,
    principal: Principal,
    agency_code: str | None = None,
    *,
    product: str | None = None,
    history: bool = False,
) -> list[OverrideView]:
    """Overridden dates of agencies in sight (of one product), by id; ended ones too with `history`. ≤ 2 statements.

    Raises:
        NotFound: no such agency in sight.
    """
    scope = find_subtree_scope(session, principal, agency_code, Permission.VIEW)
    query = _views().where(in_scope(_override.c.agency_id, scope))
    if product is not None:
        query = query.where(_product.c.slug == product)
    if not history:
        query = query.where(_override.c.superseded_at.is_(None))
    return [OverrideView(*row) for row in session.execute(query.order_by(_override.c.id))]


def load_overrides(
    session: Session, known_at: datetime | None = None
) -> Mapping[int, Mapping[int, Mapping[str, Held]]]:
    """{agency (0: all): {release: {date name: what holds there}}} as known at `known_at` (None: now).

    An agency's comes before those of agencies above it. One statement where nothing is overridden, else two.
    """
    names = [
        _override.c[name] for name in ("date_name", "value", "reason", "document", "author", "recorded_at")
    ]
    query = select(_agency.c.path, _override.c.release_id, _agency.c.code, *names).join(
        _agency, _agency.c.id == _override.c.agency_id
    )
    holds: ColumnElement[bool] = _override.c.superseded_at.is_(None)
    if known_at is not None:
        holds = and_(_override.c.recorded_at <= known_at, or_(holds, _override.c.superseded_at > known_at))
    rows = session.execute(query.where(holds).order_by(_agency.c.path, _override.c.id)).all()
    found: dict[int, dict[int, dict[str, Held]]] = defaultdict(lambda: defaultdict(dict))
    if not rows:
        return {}
    agencies = session.execute(select(_agency.c.id, _agency.c.path)).all()
    for path, release_id, *told in rows:
        held = Held(*told)
        reach = [SHARED] if path == ROOT_PATH else [at for at, other in agencies if other.startswith(path)]
        for agency_id in reach:
            found[agency_id][release_id][held.date_name] = held
    return found
