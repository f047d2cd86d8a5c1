"""endoflife.date's API v1 (`/api/v1/products/full`): its shape, checked, and its facts in our words. Pure.

Dates are taken, the computed `is…` flags never, unless only a flag exists. A product or release that makes no sense
is left out and named: what the catalogue has of it stays, and all others are read.
Source: https://endoflife.date/docs/api/v1/ (MIT, Copyright 2020 endoflife.date contributors).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tracker.catalogue.facts import ProductRecord, ReleaseRecord, ReleaseValues
from tracker.catalogue.schemas import SourceProblem
from tracker.identity.errors import Refused

LIFECYCLE_SOURCE = "endoflife.date"
LIFECYCLE_LICENCE = "MIT, Copyright 2020 endoflife.date contributors"


def _web_link(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("a link must begin with https:// or http://")
    return text


def _tidy(text: str) -> str:
    """Text with single plain spaces; a control character in it is refused."""
    text = " ".join(text.split())
    if not text.isprintable():
        raise ValueError("must be printable text")
    return text


def _visible(text: str) -> str:
    if not text:
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(_tidy), Field(max_length=300)]
Name = Annotated[str, AfterValidator(_tidy), AfterValidator(_visible), Field(max_length=120)]
Label = Annotated[Text, AfterValidator(_visible)]
Link = Annotated[str, AfterValidator(_web_link), Field(max_length=2_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class UpstreamLatest(_Part):
    """The newest version of a release."""

    name: Text
    on: date | None = Field(default=None, alias="date")
    link: Link | None = None


class UpstreamRelease(_Part):
    """One release cycle; a key that the product has no column for is absent."""

    name: Name
    label: Label
    codename: Text | None = None
    released_on: date | None = Field(default=None, alias="releaseDate")
    is_lts: bool = Field(default=False, alias="isLts")
    lts_from: date | None = Field(default=None, alias="ltsFrom")
    is_eoas: bool | None = Field(default=None, alias="isEoas")
    eoas_from: date | None = Field(default=None, alias="eoasFrom")
    is_eol: bool | None = Field(default=None, alias="isEol")
    eol_from: date | None = Field(default=None, alias="eolFrom")
    is_eoes: bool | None = Field(default=None, alias="isEoes")
    eoes_from: date | None = Field(default=None, alias="eoesFrom")
    is_discontinued: bool | None = Field(default=None, alias="isDiscontinued")
    discontinued_from: date | None = Field(default=None, alias="discontinuedFrom")
    latest: UpstreamLatest | None = None


class UpstreamIdentifier(_Part):
    """A purl, CPE or repology name."""

    type: Name
    id: Annotated[str, Field(max_length=500)]


class UpstreamLinks(_Part):
    """Only the page of the product is kept."""

    html: Link | None = None


class UpstreamProduct(_Part):
    """One product with its releases."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=120)]
    label: Label
    category: Name
    aliases: list[Name] = []
    tags: list[Name] = []
    identifiers: list[UpstreamIdentifier] = []
    labels: dict[str, Label | None] = {}
    links: UpstreamLinks = UpstreamLinks()
    #: Each is read on its own, so that one that makes no sense does not take the others with it.
    releases: Annotated[list[Any], Field(max_length=5_000)]


class UpstreamDocument(_Part):
    """The whole answer; each product is read on its own."""

    schema_version: str
    generated_at: datetime
    result: Annotated[list[Any], Field(min_length=1, max_length=10_000)]


#: Where more than this share of the products cannot be read, it is not the source that we know.
MOST_FAULTY = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """What one lifecycle source tells, and as of which day.

    `unclear` are the (product, release or None) that were left out, for the reasons in `problems`.
    """

    as_of: date
    products: tuple[ProductRecord, ...]
    problems: tuple[SourceProblem, ...] = ()
    unclear: frozenset[tuple[str, str | None]] = frozenset()


@cache
def product_data() -> dict[str, Any]:
    """What we add to the products of the source: version schemes, whose `latest` is only a base build."""
    text = resources.files("tracker.catalogue.data").joinpath("products.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def _scheme_of() -> dict[str, str]:
    return {slug: scheme for scheme, slugs in product_data()["schemes"].items() for slug in slugs}


def _dated(on: date | None, flag: bool | None) -> tuple[date | None, bool | None]:
    return (on, None) if on is not None else (None, flag)


def _read_release(told: UpstreamRelease) -> ReleaseRecord:
    latest = told.latest
    values = ReleaseValues(
        told.released_on,
        *_dated(told.eoas_from, told.is_eoas),
        *_dated(told.eol_from, told.is_eol),
        *_dated(told.eoes_from, told.is_eoes),
        *_dated(told.discontinued_from, told.is_discontinued),
        is_lts=told.is_lts or told.lts_from is not None,
        lts_starts_on=told.lts_from,
        latest_version=(latest.name or None) if latest else None,
        latest_released_on=latest.on if latest else None,
        latest_link=latest.link if latest else None,
    )
    return ReleaseRecord(told.name, told.label, told.codename or None, values)


def _read_product(told: UpstreamProduct, releases: tuple[ReleaseRecord, ...]) -> ProductRecord:
    return ProductRecord(
        told.name,
        told.label,
        told.category,
        _scheme_of().get(told.name),
        tuple(told.aliases),
        tuple((each.type, each.id) for each in told.identifiers),
        tuple(told.tags),
        {key: label for key, label in told.labels.items() if label is not None},
        told.links.html,
        releases,
    )


def _name(raw: Any, at: int) -> str:
    """What to call a part that could not be read."""
    name = raw.get("name") if isinstance(raw, dict) else None
    return _printable(name) if isinstance(name, str) and name.strip() else f"#{at + 1}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)[:80]


def _backwards(values: ReleaseValues) -> str | None:
    """Which date lies before the release itself, in words."""
    start = values.released_on
    for name in ("active_support_ends_on", "security_support_ends_on", "extended_support_ends_on"):
        end = getattr(values, name)
        if start is not None and end is not None and end < start:
            return f"{name} is {end}, before the release on {start}"
    return None


class _Reader:
    """Reads products and releases one by one and notes what makes no sense."""

    def __init__(self) -> None:
        self.problems: list[SourceProblem] = []
        self.unclear: set[tuple[str, str | None]] = set()
        self.faulty = 0

    def products(self, rows: Sequence[Any]) -> Iterator[ProductRecord]:
        """The products that could be read, in order."""
        times = Counter(_name(raw, at) for at, raw in enumerate(rows))
        for at, raw in enumerate(rows):
            name = _name(raw, at)
            if times[name] > 1:
                self._leave_out(name, None, "named twice")
                continue
            try:
                told = UpstreamProduct.model_validate(raw)
            except ValidationError as error:
                self._leave_out(name, None, explain(error, raw))
                continue
            yield _read_product(told, tuple(self._releases(told)))

    def _leave_out(self, product: str, release: str | None, why: str) -> None:
        if (product, release) in self.unclear:
            return
        self.unclear.add((product, release))
        self.problems.append(SourceProblem(product, release, why))
        self.faulty += release is None

    def _releases(self, product: UpstreamProduct) -> Iterator[ReleaseRecord]:
        times = Counter(_name(raw, at) for at, raw in enumerate(product.releases))
        for at, raw in enumerate(product.releases):
            name = _name(raw, at)
            if times[name] > 1:
                self._leave_out(product.name, name, "named twice")
                continue
            try:
                record = _read_release(UpstreamRelease.model_validate(raw))
            except ValidationError as error:
                self._leave_out(product.name, name, explain(error, raw))
                continue
            if (why := _backwards(record.values)) is not None:
                self._leave_out(product.name, name, why)
                continue
            yield record


def explain(error: ValidationError, document: Any) -> str:
    """Where the first fault is, in words: the product's and release's name rather than its number."""
    first = error.errors(include_url=False, include_input=False)[0]
    where, here = [], document
    for step in first["loc"]:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        name = (
            (here.get("name") or here.get("cveID"))
            if isinstance(here, dict) and isinstance(step, int)
            else None
        )
        where.append(str(name or step)[:80])
    return f"{' › '.join(where) or 'document'}: {first['msg']}"


def read_lifecycle(document: Any, file: str) -> Told:
    """The facts of a parsed answer of /api/v1/products/full; `file` is named in errors.

    A product or release that cannot be read, is named twice or ends before it begins is left out and named.

    Raises:
        Refused: the document as a whole has not this shape, or more than half of its products cannot be read;
            says where and why.
    """
    if not isinstance(document, dict) or "result" not in document or "schema_version" not in document:
        raise Refused("catalogue_format", f"{file}: not an answer of endoflife.date's /api/v1/products/full")
    try:
        told = UpstreamDocument.model_validate(document)
    except ValidationError as error:
        raise Refused("catalogue_format", f"{file}: {explain(error, document)}") from error
    if not told.schema_version.startswith("1."):
        raise Refused(
            "catalogue_format", f"{file}: schema version {told.schema_version[:20]}, only 1.x is read"
        )
    reader = _Reader()
    products = tuple(reader.products(told.result))
    if reader.faulty > MOST_FAULTY * len(told.result):
        first = reader.problems[0]
        why = f"{reader.faulty} products cannot be read, the first: {first.product}: {first.message}"
        raise Refused("catalogue_format", f"{file}: {why}")
    return Told(told.generated_at.date(), products, tuple(reader.problems), frozenset(reader.unclear))
