"""Findings and the plan line that deals with them."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from tracker.budgeting.models import PlanLine, PlanLineAsset
from tracker.budgeting.queries import get_plan
from tracker.db import table_of
from tracker.lifecycle import workflow
from tracker.lifecycle.workflow import Handling

line = table_of(PlanLine)
line_asset = table_of(PlanLineAsset)


def link_plan(at: Handling, plan_id: int) -> int:
    """Link the findings of each asset that a plan holds to its line; how many. Others are passed over.

    Raises: NotFound for a plan that the principal may not see.
    """
    plan = get_plan(at.session, at.principal, plan_id)
    same = and_(line.c.agency_id == line_asset.c.agency_id, line.c.id == line_asset.c.plan_line_id)
    lines = (
        select(line_asset.c.asset_id, func.min(line.c.id).label("line_id"))
        .select_from(line.join(line_asset, same))
        .where(line.c.plan_id == plan_id)
        .group_by(line_asset.c.asset_id)
        .subquery("lines")
    )
    return workflow.link_plan(at, {"plan": plan.name, "plan_id": plan_id}, plan_id, lines)
