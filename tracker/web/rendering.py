"""From a context dataclass to a page: one Jinja environment per language, one frame around every page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tracker.catalogue import actions as catalogue
from tracker.db import reading
from tracker.identity.rules import Permission
from tracker.web import flash as flashes
from tracker.web.formats import Formats
from tracker.web.i18n import LANGUAGES, N_, load_translations
from tracker.web.terms import term
from tracker.web.visitor import FORM_COOKIE, Visitor, get_engine, get_settings

TEMPLATES = Path(__file__).parent / "templates"
_BANNER_SECONDS = 60.0
#: Address, label, icon, permission. A section without a permission is for everybody who is signed in.
_SECTIONS = (
    ("/", N_("Dashboard"), "gauge", Permission.VIEW),
    ("/assets", N_("Assets"), "device", Permission.VIEW),
    ("/findings", N_("Findings"), "flag", Permission.VIEW),
    ("/plans", N_("Plans"), "plan", Permission.VIEW),
    ("/imports", N_("Imports"), "upload", Permission.VIEW),
    ("/matching", N_("Names to review"), "info", Permission.VIEW),
    ("/catalogue", N_("Catalogue"), "book", None),
    ("/rules", N_("Rules"), "check", Permission.VIEW),
    ("/jobs", N_("Jobs"), "clock", Permission.SCAN),
    ("/agencies", N_("Agencies"), "tree", Permission.ADMIN),
    ("/users", N_("Users"), "people", Permission.ADMIN),
)


@dataclass(frozen=True, slots=True)
class NavItem:
    """A section in the navigation."""

    url: str
    label: str
    icon: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Message:
    """A message on top of a page; `tone` is good, info, warn or bad."""

    tone: str
    text: str
    secret: str | None = None
    items: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueAge:
    """What the banner says of the catalogue."""

    is_stale: bool
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame around every page."""

    language: str
    other_languages: tuple[tuple[str, str], ...]
    path: str
    user: str | None
    csrf_token: str
    sections: tuple[NavItem, ...]
    messages: tuple[Message, ...]
    catalogue: CatalogueAge | None
    is_guest: bool


@cache
def get_environment(language: str, timezone: ZoneInfo) -> Environment:
    """The templates of a language, with its translations and formats. Everything is escaped."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    translations = load_translations(language)
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    formats = Formats(language, timezone)
    for name in ("number", "percent", "money", "amount", "day", "dated", "month", "instant", "size"):
        environment.filters[name] = getattr(formats, name)
    environment.filters["term"] = lambda value, kind: translations.gettext(term(kind, value))
    environment.globals["asset_version"] = _static_version()
    return environment


@cache
def _static_version() -> str:
    files = sorted((Path(__file__).parent / "static").iterdir())
    return f"{max(int(file.stat().st_mtime) for file in files):x}"


def formats_for(request: Request, visitor: Visitor) -> Formats:
    """The formats of the visitor's language."""
    return Formats(visitor.language, get_settings(request).timezone)


def translate(visitor: Visitor, text: str, **values: object) -> str:
    """`text` (marked where it was written) in the visitor's language, with `values` inserted."""
    translated = load_translations(visitor.language).gettext(text)
    return translated % values if values else translated


def _sections(request: Request, visitor: Visitor) -> tuple[NavItem, ...]:
    path = request.url.path
    return tuple(
        NavItem(url, translate(visitor, label), icon, path == url or (url != "/" and path.startswith(url)))
        for url, label, icon, permission in _SECTIONS
        if visitor.is_signed_in
        and not visitor.must_change_password
        and (permission is None or visitor.may(permission))
    )


def _catalogue_age(request: Request, visitor: Visitor) -> CatalogueAge:
    """The catalogue's age, asked for at most once a minute by each process."""
    state, now = request.app.state, time.monotonic()
    kept: tuple[float, date, CatalogueAge] | None = getattr(state, "catalogue_age", None)
    if kept is not None and now - kept[0] < _BANNER_SECONDS and kept[1] == visitor.today:
        return kept[2]
    with reading(get_engine(request)) as session:
        status = catalogue.status(session, visitor.today)
    state.catalogue_age = (now, visitor.today, CatalogueAge(status.stale, status.as_of))
    return CatalogueAge(status.stale, status.as_of)


def _messages(request: Request, visitor: Visitor, more: tuple[Message, ...]) -> tuple[Message, ...]:
    flash = flashes.read_flash(request)
    if flash is None:
        return more
    tone, text = flashes.MESSAGES[flash.code]
    try:
        shown = translate(visitor, text, **flash.values)
    except KeyError:
        return more
    return (Message(tone, shown, flash.secret, flash.items), *more)


def _shell(request: Request, visitor: Visitor, messages: tuple[Message, ...]) -> Shell:
    query = f"?{request.url.query}" if request.url.query else ""
    return Shell(
        language=visitor.language,
        other_languages=tuple((code, name) for code, name in LANGUAGES.items() if code != visitor.language),
        path=request.url.path + query if request.method == "GET" else "/",
        user=visitor.principal.name if visitor.is_signed_in else None,
        csrf_token=visitor.csrf_token,
        sections=_sections(request, visitor),
        messages=_messages(request, visitor, messages),
        catalogue=_catalogue_age(request, visitor) if visitor.is_signed_in else None,
        is_guest=not visitor.is_signed_in,
    )


def render(
    request: Request,
    visitor: Visitor,
    template: str,
    page: Any,
    *,
    status: int = 200,
    messages: tuple[Message, ...] = (),
) -> HTMLResponse:
    """`page` (a frozen context) in `template`, inside the frame, in the visitor's language."""
    environment = get_environment(visitor.language, get_settings(request).timezone)
    values: Mapping[str, Any] = {"page": page, "shell": _shell(request, visitor, messages)}
    response = HTMLResponse(environment.get_template(template).render(values), status_code=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = visitor.language
    if not visitor.is_signed_in and FORM_COOKIE not in request.cookies:
        secure = get_settings(request).cookie_secure
        response.set_cookie(FORM_COOKIE, visitor.csrf_token, httponly=True, samesite="lax", secure=secure)
    if flashes.COOKIE in request.cookies:
        flashes.forget_flash(response)
    return response
