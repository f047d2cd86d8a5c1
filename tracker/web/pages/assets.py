"""The list of assets, and one asset with its history and evidence."""

from __future__ import annotations

from fastapi import Request, Response

from tracker.db import reading
from tracker.identity.errors import Invalid
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.inventory import queries
from tracker.inventory.schemas import AssetFilter, AssetRow, Page
from tracker.lifecycle import queries as findings
from tracker.lifecycle.explaining import asset_lifecycle
from tracker.lifecycle.risks import find_risk
from tracker.lifecycle.schemas import FindingFilter
from tracker.web.choices import Column, Option, address, agency_options, term_options
from tracker.web.i18n import N_
from tracker.web.pages import asset_views as views
from tracker.web.pages.asset_summary import make_summary
from tracker.web.rendering import formats_for, render, translate
from tracker.web.terms import TERMS
from tracker.web.visitor import SignedIn, Visitor, get_engine, page_router

router = page_router()
_PER_PAGE = 50
_MOST_FINDINGS = 200
#: Heading, sort name (None: not sorted by), kind.
_COLUMNS = (
    (N_("Asset tag"), "asset_tag", "text"),
    (N_("Name"), "name", "text"),
    (N_("Class"), "asset_class", "text"),
    (N_("Model"), None, "text"),
    (N_("Agency and place"), None, "text"),
    (N_("Condition"), None, "text"),
    (N_("Status"), None, "text"),
    (N_("Units"), None, "number"),
    (N_("Acquired"), "acquired_on", "text"),
    (N_("Cost"), "cost", "number"),
)
_SORTS = tuple(sort for _, sort, _ in _COLUMNS if sort)


def sorted_columns(visitor: Visitor, query: dict[str, str | None], sort: str) -> tuple[Column, ...]:
    """The columns of the list; a click on the present sort turns it around."""
    found = []
    for label, name, kind in _COLUMNS:
        url = state = None
        if name is not None:
            state = {name: "ascending", f"-{name}": "descending"}.get(sort)
            url = address("/assets", query, sort=f"-{name}" if sort == name else name)
        found.append(Column(translate(visitor, label), kind, url, state))
    return tuple(found)


def asset_filter(request: Request) -> AssetFilter:
    """The filter in the address; words that are none of ours count as no filter."""

    def word(name: str, kind: str) -> str | None:
        value = request.query_params.get(name)
        return value if value in TERMS[kind] else None

    return AssetFilter(
        agency=request.query_params.get("agency") or None,
        text=(request.query_params.get("q") or "").strip()[:200] or None,
        asset_class=word("class", "asset_class"),
        status=word("status", "status"),
        phase=word("phase", "phase"),
        rule=word("rule", "rule"),
        condition=word("condition", "condition"),
    )


def _query(wanted: AssetFilter, sort: str) -> dict[str, str | None]:
    return {
        "q": wanted.text, "agency": wanted.agency, "class": wanted.asset_class, "status": wanted.status,
        "condition": wanted.condition, "phase": wanted.phase, "rule": wanted.rule,
        "sort": None if sort == "asset_tag" else sort,
    }  # fmt: skip


@router.get("/assets")
def list_assets(
    request: Request, visitor: SignedIn, sort: str = "asset_tag", after: str | None = None
) -> Response:
    """Assets that the filter finds, in order, a page at a time."""
    sort = sort if sort.removeprefix("-") in _SORTS else "asset_tag"
    wanted = asset_filter(request)
    with reading(get_engine(request)) as session:
        try:
            found = queries.list_assets(
                session, visitor.principal, wanted, sort, after or None, _PER_PAGE, counted=True
            )
        except Invalid:
            # A cursor of another sort, or one that was typed: the first page is a better answer than an error.
            after = None
            found = queries.list_assets(
                session, visitor.principal, wanted, sort, None, _PER_PAGE, counted=True
            )
        agencies = agency_options(list_agencies(session, visitor.principal))
    page = _page(request, visitor, wanted, sort, after, found, agencies)
    return render(request, visitor, "assets.html", page)


def _page(
    request: Request,
    visitor: Visitor,
    wanted: AssetFilter,
    sort: str,
    after: str | None,
    found: Page[AssetRow],
    agencies: tuple[Option, ...],
) -> views.AssetsPage:
    query = _query(wanted, sort)
    formats = formats_for(request, visitor)
    return views.AssetsPage(
        rows=tuple(found.items),
        columns=sorted_columns(visitor, {**query, "sort": None}, sort),
        total=formats.number(found.total),
        text=wanted.text or "",
        agency=wanted.agency,
        asset_class=wanted.asset_class,
        status=wanted.status,
        condition=wanted.condition,
        phase=wanted.phase,
        rule=wanted.rule,
        sort=sort,
        agencies=agencies,
        classes=term_options(visitor, "asset_class"),
        statuses=term_options(visitor, "status"),
        conditions=term_options(visitor, "condition"),
        phases=term_options(visitor, "phase"),
        rules=term_options(visitor, "rule"),
        is_filtered=wanted != AssetFilter(),
        may_import=visitor.may(Permission.IMPORT),
        csv_url=address("/assets/export.csv", query),
        xlsx_url=address("/assets/export.xlsx", query),
        first_url=address("/assets", query) if after else None,
        next_url=address("/assets", query, after=found.next_cursor) if found.next_cursor else None,
    )


@router.get("/assets/{asset_id}")
def show_asset(request: Request, visitor: SignedIn, asset_id: int) -> Response:
    """One asset: names, what is installed, what the rules say and why, and its timeline."""
    with reading(get_engine(request)) as session:
        detail = queries.get_asset(session, visitor.principal, asset_id)
        life = asset_lifecycle(session, visitor.principal, asset_id, visitor.today)
        of_asset = FindingFilter(asset_id=asset_id, state="all", on=visitor.today)
        told = findings.list_findings(session, visitor.principal, of_asset, limit=_MOST_FINDINGS)
        risk = find_risk(session, visitor.principal, asset_id, visitor.today)
    formats = formats_for(request, visitor)
    summary = make_summary(visitor, formats, told.items, risk)
    page = views.make_page(visitor, formats, detail, life, told.items, summary)
    return render(request, visitor, "asset.html", page)
