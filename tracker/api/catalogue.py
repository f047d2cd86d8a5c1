"""What the world knows: products, releases and dates; names matched; versions compared."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from tracker.api.access import (
    AfterCursor,
    Caller,
    Clock,
    KnownAt,
    Limit,
    ReadSession,
    in_utc,
)
from tracker.api.pages import Page
from tracker.api.problems import problems
from tracker.catalogue import actions, queries
from tracker.catalogue.matching import Match
from tracker.catalogue.schemas import CatalogueStatus
from tracker.catalogue.versions import compare

router = APIRouter(prefix="/catalogue", tags=["catalogue"])

_NAMES = [{"text": "Microsoft Windows 10 Pro 22H2"}, {"text": "PostgreSQL", "version": "13.4"}]
_ANSWER: JsonDict = {
    "text": "PostgreSQL",
    "outcome": "matched",
    "product": "postgresql",
    "release": "13",
    "version": "13.4",
    "confidence": 0.97,
    "tier": "auto",
    "method": "exact-label",
    "evidence": {"spans": [[0, 10, "product"]]},
}


class Name(BaseModel):
    """A name as people write it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str = Field(max_length=2_000)
    vendor: str | None = Field(default=None, max_length=500)
    version: str | None = Field(default=None, max_length=500)


class Answer(BaseModel):
    """Which product and release a name means. Outcomes: matched, product-only, not-tracked, unrecognised."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWER]})
    text: str
    outcome: str
    product: str | None
    release: str | None
    version: str | None
    confidence: float
    tier: str
    method: str
    evidence: dict[str, Any]


class Order(BaseModel):
    """-1: `a` is older, 0: the same, 1: `a` is newer, null: no order exists."""

    a: str
    b: str
    order: Literal[-1, 0, 1] | None


class ListedProduct(BaseModel):
    """A product in the list; `releases` counts them."""

    slug: str
    label: str
    category: str
    releases: int
    link: str | None


def _answer(text: str, match: Match) -> dict[str, object]:
    fields = ("outcome", "product", "release", "version", "confidence", "tier", "method", "evidence")
    return {"text": text} | {name: getattr(match, name) for name in fields}


@router.get("")
def get_catalogue_status(session: ReadSession, caller: Caller, clock: Clock) -> CatalogueStatus:
    """Counts, ages and sources; `stale` when the dates are older than 90 days."""
    return actions.status(session, clock.today)


@router.get("/products", response_model=Page[ListedProduct])
def list_products(
    session: ReadSession,
    caller: Caller,
    search: Annotated[str, Query(max_length=200, description="In slug or label.")] = "",
    category: Annotated[str | None, Query(max_length=100)] = None,
    after: AfterCursor = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Products by slug."""
    page = queries.list_products(session, search=search, category=category, after=after, limit=limit)
    return {"items": [asdict(one) for one in page.rows], "next": page.next_after}


@router.get("/products/{slug}", responses=problems(404))
def get_product(
    session: ReadSession,
    caller: Caller,
    slug: Annotated[str, Path(max_length=200)],
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """A product with the dates of its releases, their sources, and known exploited vulnerabilities."""
    return asdict(queries.get_product(session, slug, in_utc(known_at)))


@router.post("/match", response_model=list[Answer])
def match_names(
    session: ReadSession,
    caller: Caller,
    names: Annotated[list[Name], Body(max_length=1_000, openapi_examples={"two names": {"value": _NAMES}})],
) -> list[dict[str, object]]:
    """Which product and release names mean, how sure that is, and why; answers in the order of the names."""
    matcher = queries.get_matcher(session)
    return [_answer(name.text, matcher.match(name.text, name.vendor, name.version)) for name in names]


Version = Annotated[str, Query(max_length=500)]


@router.get("/versions/compare", response_model=Order)
def compare_versions(
    session: ReadSession,
    caller: Caller,
    a: Version,
    b: Version,
    scheme: Annotated[
        str | None, Query(max_length=50, description="java, windows-feature, deb, rpm; else generic.")
    ] = None,
    product: Annotated[str | None, Query(max_length=200, description="A slug: its scheme is used.")] = None,
) -> dict[str, object]:
    """Order two versions."""
    if scheme is None and product is not None:
        scheme = queries.version_schemes(session).get(product)
    return {"a": a, "b": b, "order": compare(a, b, scheme)}
