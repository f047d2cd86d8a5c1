"""The page that says what went wrong, and what a room's error is called in the visitor's language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import SQLAlchemyError

from tracker.identity.schemas import nobody
from tracker.web.i18n import pick_language
from tracker.web.rendering import render
from tracker.web.visitor import LANGUAGE_COOKIE, Visitor, get_settings, get_visitor


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong."""

    status: int
    title: str
    detail: str
    may_sign_in: bool


def render_error(request: Request, status: int, title: str, detail: str) -> HTMLResponse:
    """The error page; it needs no database, so that it can also tell that the database is away."""
    try:
        visitor = get_visitor(request)
        return _render(request, visitor, status, title, detail)
    except SQLAlchemyError:
        return _render(request, _stranger(request), status, title, detail)


def _render(request: Request, visitor: Visitor, status: int, title: str, detail: str) -> HTMLResponse:
    page = ErrorPage(status, title, detail, may_sign_in=not visitor.is_signed_in)
    return render(request, visitor, "error.html", page, status=status)


def _stranger(request: Request) -> Visitor:
    settings = get_settings(request)
    accepted = request.headers.get("accept-language", "")
    language = pick_language(request.cookies.get(LANGUAGE_COOKIE), None, accepted, settings.default_language)
    return Visitor(nobody(), "", language, False, False, settings.today(), datetime.now(UTC))
