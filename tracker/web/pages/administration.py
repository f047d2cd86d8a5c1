"""Agencies and users: listed and added by administrators."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.db import reading, transaction
from tracker.identity import actions, queries
from tracker.identity.errors import Conflict, NotFound, TrackerError
from tracker.identity.rules import Permission
from tracker.identity.schemas import AgencyView, NewAgency, NewUser, UserView
from tracker.web.choices import Column, Option, agency_options, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted, field_errors
from tracker.web.i18n import LANGUAGES, N_
from tracker.web.rendering import Message, render, translate
from tracker.web.translation import code_text, error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """An agency in the tree; `indent` is drawn before its name."""

    agency: AgencyView
    indent: str


@dataclass(frozen=True, slots=True)
class AgenciesPage:
    """The tree of agencies and the form for a new one, with what was typed and what is wrong with it."""

    agencies: tuple[AgencyLine, ...]
    columns: tuple[Column, ...]
    parents: tuple[Option, ...]
    areas: tuple[Option, ...]
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsersPage:
    """Users and the form for a new one, with what was typed and what is wrong with it."""

    users: tuple[UserView, ...]
    columns: tuple[Column, ...]
    agencies: tuple[Option, ...]
    roles: tuple[Option, ...]
    languages: tuple[Option, ...]
    own_email: str
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def _translated(visitor: Visitor, found: dict[str, str]) -> dict[str, str]:
    return {name: code_text(visitor, message, message) for name, message in found.items()}


def _agencies_page(
    request: Request, visitor: Visitor, typed: dict[str, str], errors: dict[str, str]
) -> AgenciesPage:
    with reading(get_engine(request)) as session:
        agencies = queries.list_agencies(session, visitor.principal, Permission.ADMIN)
    least = min((agency.path.count("/") for agency in agencies), default=0)
    return AgenciesPage(
        agencies=tuple(AgencyLine(one, "\u2003" * (one.path.count("/") - least)) for one in agencies),
        columns=columns(visitor, N_("Name"), N_("Code"), N_("Region"), N_("Service area"), tools=True),
        parents=agency_options(agencies),
        areas=term_options(visitor, "service_area"),
        typed=typed,
        errors=errors,
    )


@router.get("/agencies")
def list_agencies(request: Request, visitor: SignedIn) -> Response:
    """The agencies that the visitor administers."""
    visitor.need(Permission.ADMIN)
    return render(request, visitor, "agencies.html", _agencies_page(request, visitor, {}, {}))


@router.post("/agencies")
def add_agency(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Add an agency below one that the visitor administers."""
    visitor.need(Permission.ADMIN)
    try:
        new = NewAgency.model_validate(
            {
                "code": form.text("code"),
                "name": form.text("name"),
                "parent_code": form.find("parent"),
                "region": form.find("region"),
                "service_area": form.find("service_area"),
            }
        )
        with transaction(get_engine(request)) as session:
            added = actions.add_agency(session, visitor.principal, new, visitor.now)
    except ValidationError as error:
        return _agency_refused(request, visitor, form, _translated(visitor, field_errors(error)))
    except Conflict as error:
        return _agency_refused(request, visitor, form, {"code": error_text(visitor, error)})
    except NotFound as error:
        return _agency_refused(request, visitor, form, {"parent": error_text(visitor, error)})
    flash = Flash("agency-added", {"name": added.name})
    return redirect("/agencies", flash, secure=get_settings(request).cookie_secure)


def _agency_refused(request: Request, visitor: Visitor, form: Posted, errors: dict[str, str]) -> Response:
    page = _agencies_page(request, visitor, dict(form.fields), errors)
    return render(request, visitor, "agencies.html", page, status=422)


def _users_page(
    request: Request, visitor: Visitor, typed: dict[str, str], errors: dict[str, str]
) -> UsersPage:
    with reading(get_engine(request)) as session:
        users = queries.list_users(session, visitor.principal)
        agencies = queries.list_agencies(session, visitor.principal, Permission.ADMIN)
    return UsersPage(
        users=tuple(users),
        columns=columns(visitor, N_("E-mail address"), N_("Roles"), N_("Language"), N_("State"), tools=True),
        agencies=agency_options(agencies),
        roles=term_options(visitor, "role"),
        languages=tuple(Option(code, name) for code, name in LANGUAGES.items()),
        own_email=visitor.principal.name,
        typed=typed,
        errors=errors,
    )


@router.get("/users")
def list_users(request: Request, visitor: SignedIn) -> Response:
    """Users with a role in an agency that the visitor administers."""
    visitor.need(Permission.ADMIN)
    return render(request, visitor, "users.html", _users_page(request, visitor, {}, {}))


@router.post("/users")
def add_user(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Add a user with a one-time password that is shown once, or a role to one who exists."""
    visitor.need(Permission.ADMIN)
    if form.find("agency") is None:
        # Without a choice the role would reach everything.
        return _user_refused(request, visitor, form, {"agency": translate(visitor, N_("Choose an agency."))})
    try:
        new = NewUser.model_validate(
            {
                "email": form.text("email"),
                "role": form.text("role"),
                "agency_code": form.find("agency"),
                "language": form.text("language") or visitor.language,
            }
        )
        with transaction(get_engine(request)) as session:
            user, password = actions.add_user(session, visitor.principal, new, visitor.now)
    except ValidationError as error:
        return _user_refused(request, visitor, form, _translated(visitor, field_errors(error)))
    except NotFound as error:
        return _user_refused(request, visitor, form, {"agency": error_text(visitor, error)})
    flash = Flash("user-added" if password else "role-added", {"name": user.email}, password)
    return redirect("/users", flash, secure=get_settings(request).cookie_secure)


def _user_refused(request: Request, visitor: Visitor, form: Posted, errors: dict[str, str]) -> Response:
    page = _users_page(request, visitor, dict(form.fields), errors)
    return render(request, visitor, "users.html", page, status=422)


@router.post("/users/active")
def set_active(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Disable or enable a user."""
    visitor.need(Permission.ADMIN)
    email, active = form.text("email"), form.text("active") == "yes"
    try:
        with transaction(get_engine(request)) as session:
            actions.set_user_active(session, visitor.principal, email, active, visitor.now)
    except TrackerError as error:
        page = _users_page(request, visitor, {}, {})
        message = Message("bad", error_text(visitor, error))
        return render(request, visitor, "users.html", page, status=409, messages=(message,))
    flash = Flash("user-enabled" if active else "user-disabled", {"name": email})
    return redirect("/users", flash, secure=get_settings(request).cookie_secure)
