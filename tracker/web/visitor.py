"""Who looks at a page: the session behind the cookie, the language, the day. Read once per request."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from sqlalchemy import Engine

from tracker.db import reading
from tracker.identity.actions import find_principal_by_session
from tracker.identity.errors import Forbidden
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal, nobody
from tracker.settings import Settings
from tracker.web.i18n import pick_language

SESSION_COOKIE = "tracker_session"
LANGUAGE_COOKIE = "tracker_language"
#: Holds the form token of somebody who has no session yet.
FORM_COOKIE = "tracker_form"
SIGN_IN = "/sign-in"
CHANGE_PASSWORD = "/profile/password"  # noqa: S105 - an address


class Elsewhere(Exception):
    """The request is answered by a redirect to `url`."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@dataclass(frozen=True, slots=True)
class Visitor:
    """The edge of one page request. `csrf_token` belongs to the session, or to a guest's cookie."""

    principal: Principal
    csrf_token: str
    language: str
    is_signed_in: bool
    must_change_password: bool
    today: date
    now: datetime

    def may(self, permission: Permission) -> bool:
        """Whether the visitor has `permission` anywhere."""
        return self.principal.may(permission)

    def rules_everywhere(self) -> bool:
        """Whether the visitor administers the whole installation."""
        return self.principal.scope(Permission.ADMIN).is_everything

    def need(self, permission: Permission) -> None:
        """Go on only with `permission`.

        Raises:
            Forbidden: the visitor has it nowhere.
        """
        if not self.may(permission):
            raise Forbidden("forbidden", f"this needs the permission {permission.value}")


def get_engine(request: Request) -> Engine:
    """The application's database."""
    engine: Engine = request.app.state.engine
    return engine


def get_settings(request: Request) -> Settings:
    """The application's settings."""
    settings: Settings = request.app.state.settings
    return settings


def get_visitor(request: Request) -> Visitor:
    """Whoever asks, signed in or not. Two statements with a session cookie, none without."""
    now, settings = datetime.now(UTC), get_settings(request)
    token, found = request.cookies.get(SESSION_COOKIE), None
    if token:
        with reading(get_engine(request)) as session:
            found = find_principal_by_session(session, token, now)
    language = pick_language(
        request.cookies.get(LANGUAGE_COOKIE),
        found.principal.language if found else None,
        request.headers.get("accept-language", ""),
        settings.default_language,
    )
    return Visitor(
        principal=found.principal if found else nobody(),
        csrf_token=found.csrf_token
        if found
        else request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24),
        language=language,
        is_signed_in=found is not None,
        must_change_password=found is not None and found.must_change_password,
        today=settings.today(),
        now=now,
    )


def signed_in(request: Request, visitor: Guest) -> Visitor:
    """A visitor with a session; others go to the sign-in page and come back afterwards.

    Raises:
        Elsewhere: nobody is signed in, or a one-time password must be changed first.
    """
    if not visitor.is_signed_in:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise Elsewhere(f"{SIGN_IN}?next={quote(here, safe='')}" if request.method == "GET" else SIGN_IN)
    if visitor.must_change_password and request.url.path != CHANGE_PASSWORD:
        raise Elsewhere(CHANGE_PASSWORD)
    return visitor


Guest = Annotated[Visitor, Depends(get_visitor)]
SignedIn = Annotated[Visitor, Depends(signed_in)]


class PageRoute(APIRoute):
    """A route that turns Elsewhere into a redirect, wherever on the way it was raised."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with that turn."""
        handle = super().get_route_handler()

        async def handle_or_redirect(request: Request) -> Response:
            try:
                return await handle(request)
            except Elsewhere as elsewhere:
                return RedirectResponse(elsewhere.url, status_code=303)

        return handle_or_redirect


def page_router() -> APIRouter:
    """A router for pages: not part of the API's description."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def safe_target(text: str | None) -> str:
    """An address of ours to go on to: a path, never another site.

    Browsers read a backslash as a slash and skip control characters: neither has a place in our addresses.
    """
    if not text or not text.startswith("/") or text.startswith("//"):
        return "/"
    return "/" if "\\" in text or any(character < " " for character in text) else text
