"""The page that says what went wrong, and what a room's error is called in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy.exc import SQLAlchemyError

from tracker.identity.schemas import nobody
from tracker.web.i18n import N_, pick_language
from tracker.web.rendering import render, translate
from tracker.web.translation import code_text
from tracker.web.visitor import LANGUAGE_COOKIE, Visitor, get_settings, get_visitor

#: Status → what it is called on a page.
TITLES: Mapping[int, str] = {
    400: N_("The request cannot be understood"),
    401: N_("Please sign in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("Not possible here"),
    409: N_("Not possible now"),
    413: N_("Too large"),
    422: N_("The input cannot be used"),
    429: N_("Too many tries"),
    500: N_("Something went wrong"),
    503: N_("The database does not answer"),
}


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong."""

    status: int
    title: str
    detail: str
    may_sign_in: bool


def render_error(request: Request, status: int, title: str, detail: str, code: str = "") -> HTMLResponse:
    """The error page; it needs no database, so that it can also tell that the database is away."""
    try:
        visitor = get_visitor(request)
        return _render(request, visitor, status, title, code_text(visitor, code, detail))
    except SQLAlchemyError:
        visitor = _stranger(request)
        return _render(request, visitor, status, title, code_text(visitor, code, detail))


def _render(request: Request, visitor: Visitor, status: int, title: str, detail: str) -> HTMLResponse:
    title = translate(visitor, TITLES.get(status, title))
    page = ErrorPage(status, title, detail, may_sign_in=not visitor.is_signed_in)
    return render(request, visitor, "error.html", page, status=status)


def _stranger(request: Request) -> Visitor:
    settings = get_settings(request)
    accepted = request.headers.get("accept-language", "")
    language = pick_language(request.cookies.get(LANGUAGE_COOKIE), None, accepted, settings.default_language)
    return Visitor(nobody(), "", language, False, False, settings.today(), datetime.now(UTC))
