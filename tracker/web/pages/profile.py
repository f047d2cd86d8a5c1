"""One's own language, password and API tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import Request, Response

from tracker.db import reading, transaction
from tracker.identity import actions, queries
from tracker.identity.errors import Invalid, TrackerError
from tracker.identity.schemas import TokenView
from tracker.web.choices import Column, Option, columns
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form
from tracker.web.i18n import LANGUAGES, N_
from tracker.web.rendering import render, translate
from tracker.web.translation import error_text
from tracker.web.visitor import (
    CHANGE_PASSWORD,
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    SIGN_IN,
    SignedIn,
    Visitor,
    get_engine,
    get_settings,
    page_router,
)

router = page_router()
#: Days that a token may live, as offered; 0 is without end.
TOKEN_DAYS = (30, 90, 365, 0)


@dataclass(frozen=True, slots=True)
class ProfilePage:
    """Oneself: settings and tokens."""

    email: str
    roles: tuple[str, ...]
    languages: tuple[Option, ...]
    language: str
    tokens: tuple[TokenView, ...]
    token_columns: tuple[Column, ...]
    lifetimes: tuple[Option, ...]
    errors: dict[str, str] = field(default_factory=dict)
    token_name: str = ""


@dataclass(frozen=True, slots=True)
class PasswordPage:
    """The form for a new password; `is_forced` while a one-time password is in use."""

    is_forced: bool
    least: int
    errors: dict[str, str] = field(default_factory=dict)


def _profile(request: Request, visitor: Visitor, errors: dict[str, str], token_name: str = "") -> ProfilePage:
    with reading(get_engine(request)) as session:
        tokens = tuple(queries.list_tokens(session, visitor.principal))
    return ProfilePage(
        email=visitor.principal.name,
        roles=tuple(sorted({role.value for _, role in visitor.principal.grants})),
        languages=tuple(Option(code, name) for code, name in LANGUAGES.items()),
        language=visitor.language,
        tokens=tokens,
        token_columns=columns(visitor, N_("Name"), N_("Begins with"), N_("Created"), N_("Ends"), N_("State"), tools=True),
        lifetimes=tuple(Option(str(days), _lifetime(visitor, days)) for days in TOKEN_DAYS),
        errors=errors,
        token_name=token_name,
    )  # fmt: skip


def _lifetime(visitor: Visitor, days: int) -> str:
    return translate(visitor, N_("%(days)s days"), days=days) if days else translate(visitor, N_("No end"))


@router.get("/profile")
def show_profile(request: Request, visitor: SignedIn) -> Response:
    """Oneself."""
    return render(request, visitor, "profile.html", _profile(request, visitor, {}))


@router.post("/profile/language")
def change_language(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Remember a language for this user and forget this browser's own choice."""
    with transaction(get_engine(request)) as session:
        actions.set_language(session, visitor.principal, form.text("language"))
    response = redirect("/profile", Flash("language-changed"), secure=get_settings(request).cookie_secure)
    response.delete_cookie(LANGUAGE_COOKIE, path="/")
    return response


@router.post("/profile/tokens")
def create_token(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Create a token and show its secret once."""
    days = form.text("days")
    ends = visitor.now + timedelta(days=int(days)) if days in {str(d) for d in TOKEN_DAYS if d} else None
    try:
        with transaction(get_engine(request)) as session:
            token, secret = actions.create_token(
                session, visitor.principal, form.text("name")[:200], visitor.now, ends
            )
    except Invalid as error:
        page = _profile(request, visitor, {"name": error_text(visitor, error)}, form.text("name"))
        return render(request, visitor, "profile.html", page, status=422)
    flash = Flash("token-created", {"name": token.name}, secret)
    return redirect("/profile", flash, secure=get_settings(request).cookie_secure)


@router.post("/profile/tokens/{token_id}/revoke")
def revoke_token(request: Request, visitor: SignedIn, form: Form, token_id: int) -> Response:
    """End a token."""
    with transaction(get_engine(request)) as session:
        actions.revoke_token(session, visitor.principal, token_id, visitor.now)
    return redirect("/profile", Flash("token-revoked"), secure=get_settings(request).cookie_secure)


@router.get(CHANGE_PASSWORD)
def show_password(request: Request, visitor: SignedIn) -> Response:
    """The form for a new password."""
    page = PasswordPage(visitor.must_change_password, actions.MINIMUM_PASSWORD)
    return render(request, visitor, "password.html", page)


@router.post(CHANGE_PASSWORD)
def change_password(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Set a new password; every session ends, this one too."""
    old, new = form.text("old_password"), form.text("new_password")
    errors: dict[str, str] = {}
    if new != form.text("new_password_again"):
        errors["new_password_again"] = translate(visitor, N_("The two new passwords differ."))
    else:
        try:
            with transaction(get_engine(request)) as session:
                actions.change_password(session, visitor.principal, old, new, visitor.now)
        except TrackerError as error:
            name = "new_password" if isinstance(error, Invalid) else "old_password"
            errors[name] = _password_error(visitor, error)
    if errors:
        page = PasswordPage(visitor.must_change_password, actions.MINIMUM_PASSWORD, errors)
        return render(request, visitor, "password.html", page, status=422)
    response = redirect(SIGN_IN, Flash("password-changed"), secure=get_settings(request).cookie_secure)
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


def _password_error(visitor: Visitor, error: TrackerError) -> str:
    if isinstance(error, Invalid):
        return error_text(visitor, error)
    return translate(visitor, N_("The present password is wrong."))
