"""What the world knows: how old that is and where it is from, and each product with its dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.catalogue import actions, overrides, queries
from tracker.catalogue.override_models import OVERRIDABLE
from tracker.catalogue.overrides import NewOverride, OverrideView
from tracker.catalogue.schemas import CatalogueStatus, ProductSummary, ProductView, ReleaseFacts
from tracker.catalogue.supplement import is_unchecked
from tracker.db import reading, transaction
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.web.choices import Column, Option, address, agency_options, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form, field_errors
from tracker.web.i18n import N_
from tracker.web.rendering import formats_for, render, translate
from tracker.web.terms import term
from tracker.web.translation import code_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Counts, ages and sources, and a page of products."""

    status: CatalogueStatus
    source_columns: tuple[Column, ...]
    products: tuple[ProductSummary, ...]
    product_columns: tuple[Column, ...]
    search: str
    first_url: str | None
    next_url: str | None
    may_update: bool


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """A release with its dates in words."""

    name: str
    label: str
    released: str
    active: str
    security: str
    extended: str
    source: str
    as_of: str
    is_unchecked: bool
    #: Dates that agencies in sight hold instead.
    held: tuple[OverrideView, ...]


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A product with its releases and its known exploited vulnerabilities."""

    product: ProductView
    columns: tuple[Column, ...]
    releases: tuple[ReleaseLine, ...]
    exploited_columns: tuple[Column, ...]
    held: tuple[OverrideView, ...]
    held_columns: tuple[Column, ...]
    agencies: tuple[Option, ...]
    release_options: tuple[Option, ...]
    dates: tuple[Option, ...]
    #: Codes of agencies whose dates the visitor may end.
    may_end: frozenset[str]
    typed: Mapping[str, str]
    errors: Mapping[str, str]


@router.get("/catalogue")
def show_catalogue(request: Request, visitor: SignedIn, q: str = "", after: str | None = None) -> Response:
    """The catalogue's state and its products."""
    search = q.strip()[:100]
    with reading(get_engine(request)) as session:
        status = actions.status(session, visitor.today)
        found = queries.list_products(session, search=search, after=after or None, limit=_PER_PAGE)
    query: dict[str, str | None] = {"q": search}
    page = CataloguePage(
        status=status,
        source_columns=columns(visitor, N_("Source"), N_("What"), N_("Licence"), N_("As of"), N_("Age in days"),
                               numbers=(4,)),
        products=found.rows,
        product_columns=columns(visitor, N_("Product"), N_("Name in the catalogue"), N_("Category"), N_("Releases"),
                                numbers=(3,)),
        search=search,
        first_url=address("/catalogue", query) if after else None,
        next_url=address("/catalogue", query, after=found.next_after) if found.next_after else None,
        may_update=visitor.rules_everywhere(),
    )  # fmt: skip
    return render(request, visitor, "catalogue.html", page)


def _date(visitor: Visitor, formats: Formats, release: ReleaseFacts, name: str) -> str:
    on, flag = getattr(release, f"{name}_on"), getattr(release, f"{name.removesuffix('_ends')}_flag")
    if on is not None or flag is None:
        return formats.day(on)
    return translate(visitor, term("said", "ended, date unknown" if flag else "none announced"))


@router.get("/catalogue/{slug}")
def show_product(request: Request, visitor: SignedIn, slug: str) -> Response:
    """One product."""
    return _show_product(request, visitor, slug, {}, {})


def _line(
    visitor: Visitor, formats: Formats, product: str, release: ReleaseFacts, held: Iterable[OverrideView]
) -> ReleaseLine:
    return ReleaseLine(
        release.release,
        release.release_label,
        formats.day(release.released_on),
        _date(visitor, formats, release, "active_support_ends"),
        _date(visitor, formats, release, "security_support_ends"),
        _date(visitor, formats, release, "extended_support_ends"),
        release.source,
        formats.day(release.as_of),
        is_unchecked(product, release.release, release.source),
        tuple(one for one in held if one.release == release.release),
    )


def _show_product(
    request: Request,
    visitor: Visitor,
    slug: str,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    formats = formats_for(request, visitor)
    with reading(get_engine(request)) as session:
        product = queries.get_product(session, slug)
        held = overrides.list_overrides(session, visitor.principal, product=slug, history=True)
        agencies = list_agencies(session, visitor.principal, Permission.MANAGE_ASSETS)
    now = [one for one in held if one.superseded_at is None]
    page = ProductPage(
        product=product,
        columns=columns(visitor, N_("Release"), N_("Released"), N_("Active support ends"),
                        N_("Security support ends"), N_("Extended support ends"), N_("Source")),
        releases=tuple(_line(visitor, formats, slug, release, now) for release in product.releases),
        exploited_columns=columns(visitor, N_("Vulnerability"), N_("Product in the list"), N_("Added"), N_("Ransomware")),
        held=tuple(held),
        held_columns=columns(visitor, N_("Agency"), N_("Release"), N_("Date"), N_("Day"), N_("Reason"), N_("Document"),
                             N_("By"), N_("Since"), N_("Until"), tools=True),
        agencies=agency_options(agencies),
        release_options=tuple(Option(one.release, one.release_label) for one in product.releases),
        dates=term_options(visitor, "support", OVERRIDABLE),
        may_end=frozenset(one.code for one in agencies),
        typed=typed,
        errors=errors,
    )  # fmt: skip
    return render(request, visitor, "product.html", page, status=status)


@router.post("/catalogue/{slug}/overrides")
def override_date(request: Request, visitor: SignedIn, slug: str, form: Form) -> Response:
    """Hold a date of a release for an agency and below."""
    visitor.need(Permission.MANAGE_ASSETS)
    typed = {
        name: form.text(name) for name in ("agency", "release", "date_name", "value", "reason", "document")
    }
    try:
        new = NewOverride.model_validate({**typed, "product": slug})
        with transaction(get_engine(request)) as session:
            overrides.set_override(session, visitor.principal, new, visitor.now)
    except ValidationError as error:
        found = {name: code_text(visitor, text, text) for name, text in field_errors(error).items()}
        return _show_product(request, visitor, slug, typed, found, 422)
    secure = get_settings(request).cookie_secure
    return redirect(f"/catalogue/{slug}", Flash("date-overridden"), secure=secure)


@router.post("/catalogue/{slug}/overrides/{number}/end")
def end_override(request: Request, visitor: SignedIn, slug: str, number: int, form: Form) -> Response:
    """Let the catalogue's date hold again."""
    visitor.need(Permission.MANAGE_ASSETS)
    with transaction(get_engine(request)) as session:
        overrides.end_override(session, visitor.principal, number, visitor.now)
    secure = get_settings(request).cookie_secure
    return redirect(f"/catalogue/{slug}", Flash("override-ended"), secure=secure)
