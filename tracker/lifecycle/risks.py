"""The risk of one asset as the last scan saw it, with its parts."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as within
from tracker.lifecycle.models import AssetRisk
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.profiles import Risk, assess_risk, decode

risk = table_of(AssetRisk)


def find_risk(session: Session, principal: Principal, asset_id: int, day: date) -> Risk | None:
    """Score, band and parts under the policy in force on `day`; None before the first scan, and for assets
    that rules do not look at or that the principal may not see. At most two statements."""
    query = select(risk.c.profile).where(
        risk.c.asset_id == asset_id, within(risk.c.agency_id, principal.scope(Permission.VIEW))
    )
    number = session.execute(query).scalar_one_or_none()
    return None if number is None else assess_risk(decode(number), get_policy(session, day=day))
