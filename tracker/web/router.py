"""All pages in one router."""

from __future__ import annotations

from fastapi import APIRouter

from tracker.web.pages import assets, dashboard, imports, profile, session


def build_router() -> APIRouter:
    """The pages, to be mounted at the root; static files are served by the application at /static."""
    router = APIRouter()
    for module in (session, dashboard, imports, assets, profile):
        router.include_router(module.router)
    return router
