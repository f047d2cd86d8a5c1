"""Assembly: API and pages on one application; every error becomes a response here, and only here."""

from __future__ import annotations

import hmac
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from tracker import api
from tracker.api.problems import Problem, problem_response, validation_errors
from tracker.db import make_engine, reading
from tracker.identity import errors
from tracker.inventory.task_running import ImportWorker
from tracker.jobs import JOBS, cancel_run, change_schedule, ensure_schedules, run_now, start_scheduler
from tracker.metrics import METRICS_TYPE, render_metrics
from tracker.middleware import BodyLimit, SecurityHeaders
from tracker.settings import Settings, load_settings
from tracker.startup import prepare
from tracker.web import router as web
from tracker.web.errors import render_error

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "web" / "static"
#: HTTP statuses of the error tree in identity/errors.py; the nearest class of an error counts.
STATUSES: Mapping[type[errors.TrackerError], int] = {
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooMany: 429,
    errors.Invalid: 422,
    errors.TrackerError: 400,
}
_DESCRIPTION = """Lifecycle, patch state and refresh plans of what agencies own.

Everything is limited to the caller's agencies. Errors are problem details (RFC 9457) whose `code` is stable.
Lists are pages `{"items", "next"}`: pass `next` as `after`. Amounts are decimal strings in major units.
"""


def create() -> FastAPI:
    """The application of this process's environment, its database made ready: uvicorn's factory."""
    settings = load_settings()
    engine = make_engine(settings.database_url)
    prepare(engine, datetime.now(UTC))
    ensure_schedules(engine, settings)
    return create_app(settings, engine)


class _Application(FastAPI):
    """FastAPI with the security headers outermost, so that the answer to an unexpected error has them too."""

    def build_middleware_stack(self) -> ASGIApp:
        return SecurityHeaders(super().build_middleware_stack(), self.state.settings.cookie_secure)


def create_app(settings: Settings, engine: Engine | None = None) -> FastAPI:
    """The application over a prepared database; the scheduler runs while the application does."""
    app = _Application(
        title="IT asset lifecycle tracker",
        version="1",
        description=_DESCRIPTION,
        lifespan=_lifespan,
        # The pages of FastAPI that show this document load their script from elsewhere.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_operation_id,
    )
    app.state.settings = settings
    app.state.engine = engine or make_engine(settings.database_url)
    app.add_middleware(BodyLimit, most_bytes=settings.import_limits["upload_bytes"])
    _map_errors(app)
    app.include_router(api.build_router())
    app.add_api_route("/openapi.json", _openapi, include_in_schema=False)
    app.add_api_route("/healthz", _health, include_in_schema=False)
    app.add_api_route("/metrics", _metrics, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    # Pages and API may start, stop and change jobs, but know no jobs: all three are on one floor.
    app.state.jobs = {job.id: partial(run_now, app.state.engine, settings, job.id) for job in JOBS}
    app.state.change_schedule = lambda *told: change_schedule(app.state.engine, *told)
    app.state.cancel_run = lambda *told: cancel_run(app.state.engine, *told)
    app.include_router(web.build_router(), include_in_schema=False)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    scheduler, worker = None, None
    if app.state.settings.scheduler_enabled:
        scheduler = await run_in_threadpool(start_scheduler, app.state.engine, app.state.settings)
        worker = ImportWorker(app.state.engine, app.state.settings).start()
    try:
        yield
    finally:
        if worker is not None:
            await run_in_threadpool(worker.stop)
        if scheduler is not None:
            await run_in_threadpool(scheduler.shutdown, wait=True)
        app.state.engine.dispose()


def _operation_id(route: APIRoute) -> str:
    return route.name


def _openapi(request: Request) -> JSONResponse:
    """The description of the API, made once."""
    app: FastAPI = request.app
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        app.openapi_schema = document
    return JSONResponse(app.openapi_schema)


def _health(request: Request) -> JSONResponse:
    """Whether the application and its database answer."""
    with reading(request.app.state.engine) as session:
        session.execute(text("SELECT 1"))
    return JSONResponse({"status": "ok"})


def _metrics(request: Request) -> Response:
    """Figures for Prometheus, for whoever shows TRACKER_METRICS_TOKEN; without that setting there are none."""
    token = request.app.state.settings.metrics_token
    if not token:
        raise errors.NotFound("not_found", "there are no metrics here: TRACKER_METRICS_TOKEN is not set")
    shown = request.headers.get("authorization", "")
    if not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
        raise errors.Unauthenticated("bad_token", "show the token of TRACKER_METRICS_TOKEN")
    with reading(request.app.state.engine) as session:
        text_shown = render_metrics(session, request.app.state.settings.today())
    return Response(text_shown, media_type=METRICS_TYPE)


def _map_errors(app: FastAPI) -> None:
    handlers: dict[type[Exception], Any] = {
        errors.TrackerError: _tracker_error,
        RequestValidationError: _invalid_request,
        HTTPException: _http_error,
        DataError: _unusable_value,
        UnicodeEncodeError: _unusable_value,
        OperationalError: _database_busy,
        NoConnection: _database_busy,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _tracker_error(request: Request, error: errors.TrackerError) -> Response:
    status = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "300"}}.get(status, {})
    return _answer(request, status, error.code, error.message, error.detail, headers)


def _invalid_request(request: Request, error: RequestValidationError) -> Response:
    found = validation_errors(error.errors())
    shown = "; ".join(f"{'.'.join(str(part) for part in one['where'])}: {one['message']}" for one in found)  # type: ignore[attr-defined]
    return _answer(request, 422, "invalid_request", shown, {"errors": found})


def _http_error(request: Request, error: HTTPException) -> Response:
    codes = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    code = codes.get(error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "_"))
    return _answer(request, error.status_code, code, str(error.detail), headers=error.headers)


def _unusable_value(request: Request, error: Exception) -> Response:
    """What no database holds: half a surrogate pair, a NUL in PostgreSQL's text."""
    log.info("a value that the database cannot hold: %s", error)
    return _answer(
        request, 422, "unusable_value", "a value cannot be stored: a character or size is not allowed"
    )


def _database_busy(request: Request, error: SQLAlchemyError) -> Response:
    log.error("the database did not answer: %s", error)
    detail = "the database is busy or cannot be reached; nothing was changed"
    return _answer(request, 503, "database_unavailable", detail, headers={"Retry-After": "5"})


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error at %s %s", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, "unexpected", "something unexpected went wrong; it was written to the log")


def _answer(
    request: Request,
    status: int,
    code: str,
    detail: str,
    more: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The error as a problem for programs, as a page for people."""
    path = request.url.path
    if path.startswith("/api/") or path == "/openapi.json":
        return problem_response(path, status, code, detail, more=more, headers=headers)
    page = render_error(request, status, HTTPStatus(status).phrase, detail, code)
    page.headers.update(headers or {})
    return page
