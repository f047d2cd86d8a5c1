"""What the world knows: how old that is and where it is from, and each product with its dates."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response

from tracker.catalogue import actions, queries
from tracker.catalogue.schemas import CatalogueStatus, ProductSummary, ProductView, ReleaseFacts
from tracker.catalogue.supplement import is_unchecked
from tracker.db import reading
from tracker.web.choices import Column, address, columns
from tracker.web.formats import Formats
from tracker.web.i18n import N_
from tracker.web.rendering import formats_for, render, translate
from tracker.web.terms import term
from tracker.web.visitor import SignedIn, Visitor, get_engine, page_router

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


@dataclass(frozen=True, slots=True)
class ProductPage:
    """A product with its releases and its known exploited vulnerabilities."""

    product: ProductView
    columns: tuple[Column, ...]
    releases: tuple[ReleaseLine, ...]
    exploited_columns: tuple[Column, ...]


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
    formats = formats_for(request, visitor)
    with reading(get_engine(request)) as session:
        product = queries.get_product(session, slug)
    lines = tuple(
        ReleaseLine(
            release.release,
            release.release_label,
            formats.day(release.released_on),
            _date(visitor, formats, release, "active_support_ends"),
            _date(visitor, formats, release, "security_support_ends"),
            _date(visitor, formats, release, "extended_support_ends"),
            release.source,
            formats.day(release.as_of),
            is_unchecked(slug, release.release, release.source),
        )
        for release in product.releases
    )
    page = ProductPage(
        product,
        columns(visitor, N_("Release"), N_("Released"), N_("Active support ends"), N_("Security support ends"),
                N_("Extended support ends"), N_("Source")),
        lines,
        columns(visitor, N_("Vulnerability"), N_("Product in the list"), N_("Added"), N_("Ransomware")),
    )  # fmt: skip
    return render(request, visitor, "product.html", page)
