"""Products of the organisation itself: listed, added with reason and document, ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.catalogue import local_products
from tracker.catalogue.local_products import LocalView, NewLocalRelease
from tracker.db import reading, transaction
from tracker.identity.errors import Invalid
from tracker.identity.rules import Permission
from tracker.web.choices import Column, columns
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, field_errors
from tracker.web.i18n import N_
from tracker.web.rendering import render
from tracker.web.translation import code_text, error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_HERE = "/catalogue/local"
_FIELDS = ("product", "release", "released_on", "active_support_ends_on", "security_support_ends_on", "aliases",
           "reason", "document")  # fmt: skip


@dataclass(frozen=True, slots=True)
class LocalPage:
    """Own products with their releases, and the form, with what was typed and what is wrong with it."""

    releases: tuple[LocalView, ...]
    columns: tuple[Column, ...]
    may_tell: bool
    typed: Mapping[str, str]
    errors: Mapping[str, str]


def _page(
    request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Mapping[str, str], status: int = 200
) -> Response:
    with reading(get_engine(request)) as session:
        releases = tuple(local_products.list_releases(session, history=True))
    page = LocalPage(
        releases,
        columns(visitor, N_("Product"), N_("Release"), N_("Released"), N_("Active support ends"),
                N_("Security support ends"), N_("Reason"), N_("Document"), N_("By"), N_("Until"), tools=True),
        visitor.principal.scope(Permission.ADMIN).is_everything,
        typed,
        errors,
    )  # fmt: skip
    return render(request, visitor, "local_products.html", page, status=status)


@router.get(_HERE)
def show_local_products(request: Request, visitor: SignedIn) -> Response:
    """Own products, those that were ended too."""
    return _page(request, visitor, {}, {})


@router.post(_HERE)
def add_local_release(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Keep a release of an own product."""
    typed = {name: form.text(name) for name in _FIELDS}
    names = [name.strip() for name in typed["aliases"].split(",") if name.strip()]
    try:
        given = {name: value for name, value in typed.items() if value}
        new = NewLocalRelease.model_validate({**given, "aliases": names})
        with transaction(get_engine(request)) as session:
            made = local_products.add_release(session, visitor.principal, new, visitor.now)
    except ValidationError as error:
        found = {name: code_text(visitor, text, text) for name, text in field_errors(error).items()}
        return _page(request, visitor, typed, found, 422)
    except Invalid as error:
        where = "product" if error.code == "local_name" else "security_support_ends_on"
        return _page(request, visitor, typed, {where: error_text(visitor, error)}, 422)
    return _told(request, "local-kept", made)


@router.post(f"{_HERE}/{{number}}/end")
def end_local_release(request: Request, visitor: SignedIn, number: int, form: Form) -> Response:
    """End what was told under this number."""
    with transaction(get_engine(request)) as session:
        made = local_products.end_release(session, visitor.principal, number, visitor.now)
    return _told(request, "local-ended", made)


def _told(request: Request, code: str, made: LocalView) -> Response:
    flash = Flash(code, {"name": f"{made.label} {made.release}"})
    return redirect(_HERE, flash, secure=get_settings(request).cookie_secure)
