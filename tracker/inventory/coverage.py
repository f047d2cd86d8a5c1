"""How much of what is installed is known: the figure that stands beside every headline number."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, column, exists, func, or_, select, table
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.models import Asset, AssetStatus, Installation, MatchOutcome, TitleMatch
from tracker.inventory.schemas import Coverage

_asset, _installation = table_of(Asset), table_of(Installation)
_shared, _own = table_of(TitleMatch).alias("shared"), table_of(TitleMatch).alias("own")
_fact = table(
    "release_fact",
    column("release_id"),
    column("superseded_at"),
    column("security_support_ends_on"),
    column("security_support_flag"),
)


def _effective(name: str) -> ColumnElement[Any]:
    """The agency's own verdict on the title where there is one, else the shared one."""
    return case((_own.c.id.is_not(None), _own.c[name]), else_=_shared.c[name])


def _matched_installations() -> Any:
    joined = _installation.join(
        _asset, and_(_asset.c.agency_id == _installation.c.agency_id, _asset.c.id == _installation.c.asset_id)
    )
    for match, scope in ((_shared, 0), (_own, _installation.c.agency_id)):
        joined = joined.outerjoin(
            match,
            and_(
                match.c.subject_kind == "title",
                match.c.subject_id == _installation.c.title_id,
                match.c.scope_agency_id == scope,
            ),
        )
    return joined


def coverage(session: Session, principal: Principal) -> Coverage:
    """Coverage of live installations on assets that rules look at, weighted by units. One statement.

    An agency's own match of a title outranks the shared one. Not-tracked titles leave the denominator.
    """
    dated = exists(
        select(_fact.c.release_id).where(
            _fact.c.release_id == _effective("release_id"),
            _fact.c.superseded_at.is_(None),
            or_(_fact.c.security_support_ends_on.is_not(None), _fact.c.security_support_flag.is_not(None)),
        )
    )
    outcome = _effective("outcome")
    units = func.sum(_asset.c.units)
    query = (
        select(
            func.coalesce(units, 0),
            func.coalesce(func.sum(case((outcome == MatchOutcome.MATCHED, _asset.c.units), else_=0)), 0),
            func.coalesce(func.sum(case((dated, _asset.c.units), else_=0)), 0),
            func.coalesce(func.sum(case((outcome == MatchOutcome.NOT_TRACKED, _asset.c.units), else_=0)), 0),
        )
        .select_from(_matched_installations())
        .where(
            in_scope(_asset.c.agency_id, principal.scope(Permission.VIEW)),
            _asset.c.status.not_in((AssetStatus.RETIRED, AssetStatus.WITHDRAWN)),
            _installation.c.superseded_at.is_(None),
        )
    )
    total, matched, with_dates, not_tracked = (int(value) for value in session.execute(query).one())
    return Coverage(total - not_tracked, matched, with_dates, not_tracked)
