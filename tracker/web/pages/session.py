"""Signing in and out, and the language switch."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

from tracker.db import transaction
from tracker.identity import actions
from tracker.identity.errors import TooMany, TrackerError, Unauthenticated
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form
from tracker.web.i18n import LANGUAGES
from tracker.web.rendering import Message, render
from tracker.web.translation import error_text
from tracker.web.visitor import (
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    SIGN_IN,
    Guest,
    get_engine,
    get_settings,
    page_router,
    safe_target,
)

router = page_router()
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The sign-in form: `target` is where to go on, `email` what was typed before."""

    target: str
    email: str
    has_error: bool


@router.get(SIGN_IN)
def show_sign_in(request: Request, visitor: Guest, next: str = "/") -> Response:
    """The form; whoever is signed in already goes on."""
    if visitor.is_signed_in:
        return redirect(safe_target(next))
    return render(request, visitor, "sign_in.html", SignInPage(safe_target(next), "", False))


@router.post(SIGN_IN)
def sign_in(request: Request, visitor: Guest, form: Form) -> Response:
    """Start a session, or say that the two do not fit together."""
    settings, email, target = get_settings(request), form.text("email"), safe_target(form.text("next"))
    address = request.client.host if request.client else ""
    try:
        with transaction(get_engine(request)) as session:
            started = actions.sign_in(
                session,
                email,
                form.text("password"),
                visitor.now,
                hours=settings.session_hours,
                address=address,
            )
    except (Unauthenticated, TooMany) as error:
        return _refused(request, visitor, SignInPage(target, email, True), error)
    response = redirect(target)
    response.set_cookie(
        SESSION_COOKIE, started.token, max_age=settings.session_hours * 3600, httponly=True, samesite="lax",
        secure=settings.cookie_secure, path="/",
    )  # fmt: skip
    return response


def _refused(request: Request, visitor: Guest, page: SignInPage, error: TrackerError) -> Response:
    status = 429 if isinstance(error, TooMany) else 401
    message = Message("bad", error_text(visitor, error))
    return render(request, visitor, "sign_in.html", page, status=status, messages=(message,))


@router.post("/sign-out")
def sign_out(request: Request, visitor: Guest, form: Form) -> Response:
    """End the session here and in the database."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        with transaction(get_engine(request)) as session:
            actions.sign_out(session, token)
    response = redirect(SIGN_IN, Flash("signed-out"), secure=get_settings(request).cookie_secure)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@router.post("/language")
def switch_language(request: Request, visitor: Guest, form: Form) -> Response:
    """Show pages in another language from now on, in this browser; a user's choice is remembered."""
    response = redirect(safe_target(form.text("next")))
    language = form.text("language")
    if language in LANGUAGES:
        settings = get_settings(request)
        response.set_cookie(
            LANGUAGE_COOKIE,
            language,
            max_age=_YEAR_SECONDS,
            samesite="lax",
            secure=settings.cookie_secure,
            path="/",
        )
        if visitor.is_signed_in:
            with transaction(get_engine(request)) as session:
                actions.set_language(session, visitor.principal, language)
    return response
