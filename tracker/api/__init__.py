"""REST v1: one router per room, mounted under /api/v1."""

from __future__ import annotations

from fastapi import APIRouter

from tracker.api import (
    agencies,
    assets,
    catalogue,
    finding_work,
    findings,
    import_jobs,
    imports,
    jobs,
    lists,
    local_products,
    mappings,
    matching,
    models,
    notifications,
    plan_steps,
    plans,
    rules,
    suggestions,
    tokens,
    updates,
    users,
)
from tracker.api.problems import problems

PREFIX = "/api/v1"


def build_router() -> APIRouter:
    """Every operation of the API, under its path."""
    router = APIRouter(prefix=PREFIX, responses=problems(401, 403, 422))
    for room in (
        agencies,
        users,
        tokens,
        updates,
        models,
        local_products,
        catalogue,
        lists,
        import_jobs,
        imports,
        mappings,
        matching,
        suggestions,
        assets,
        findings,
        finding_work,
        plan_steps,
        plans,
        rules,
        jobs,
        notifications,
    ):
        router.include_router(room.router)
    return router
