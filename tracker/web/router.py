"""All pages in one router."""

from __future__ import annotations

from fastapi import APIRouter

from tracker.web.pages import (
    administration,
    asset_edit,
    assets,
    catalogue,
    contracts,
    dashboard,
    finding_work,
    findings,
    hardware_models,
    import_columns,
    import_jobs,
    imports,
    jobs,
    lists,
    local_products,
    matching,
    names,
    notifications,
    plan_steps,
    plan_studies,
    plans,
    profile,
    rules,
    session,
    updates,
)

_PAGES = (
    session,
    dashboard,
    lists,
    names,
    assets,
    asset_edit,
    finding_work,
    findings,
    plans,
    plan_steps,
    plan_studies,
    imports,
    import_columns,
    import_jobs,
    hardware_models,
    local_products,
    matching,
    updates,
    catalogue,
    rules,
    contracts,
    jobs,
    administration,
    profile,
    notifications,
)


def build_router() -> APIRouter:
    """The pages, to be mounted at the root; static files are served by the application at /static."""
    router = APIRouter()
    for module in _PAGES:
        router.include_router(module.router)
    return router
