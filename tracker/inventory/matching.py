"""Matching titles and models against the catalogue: once per distinct title, never per installation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, select
from sqlmodel import Session

from tracker.catalogue import queries as catalogue
from tracker.catalogue.matching import MATCHER_VERSION, Match, Outcome, Tier
from tracker.catalogue.models import CatalogueSnapshot, Product, ProductAlias
from tracker.catalogue.versions import version_key
from tracker.db import insert_rows, reserve_ids, table_of
from tracker.inventory.models import HardwareModel, SoftwareTitle, TitleMatch

_match, _title, _model = table_of(TitleMatch), table_of(SoftwareTitle), table_of(HardwareModel)
_snapshot, _alias, _product = table_of(CatalogueSnapshot), table_of(ProductAlias), table_of(Product)
_SHARED = 0
#: Products of this category are things, not programs: what a hardware model can be.
_DEVICE = "device"
_COLUMNS = ("id", "subject_kind", "subject_id", "scope_agency_id", "outcome", "product_id", "release_id", "version",
            "version_key", "confidence", "tier", "method", "reason", "evidence", "matcher_version",
            "matched_at")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Ids:
    """The catalogue's ids and version schemes by slug."""

    products: Mapping[str, int]
    releases: Mapping[tuple[str, str], int]
    schemes: Mapping[str, str | None]
    devices: frozenset[str]


def current_version(session: Session) -> str:
    """What makes a match: matcher, newest catalogue, newest alias ('1/120/0'). Two statements."""
    newest, aliased = (
        session.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        for table in (_snapshot, _alias)
    )
    return f"{MATCHER_VERSION}/{newest}/{aliased}"


def match_titles(session: Session, now: datetime) -> int:
    """Match every title and model that has no match made by today's matcher and catalogue; returns how many.

    Statements do not depend on the number of titles: four when nothing is new, twelve otherwise.
    """
    version = current_version(session)
    titles, models = _unmatched(session, "title", version), _unmatched(session, "model", version)
    if not titles and not models:
        return 0
    ids = _load_ids(session)
    matcher = catalogue.get_matcher(session)
    made: list[tuple[str, int, Match]] = []
    for subject, publisher, name, stated in titles:
        made.append(("title", subject, matcher.match(name, vendor=publisher or None, version=stated or None)))
    for subject, manufacturer, name, _ in models:
        text = name if name.casefold().startswith(manufacturer.casefold()) else f"{manufacturer} {name}"
        made.append(
            ("model", subject, _as_device(matcher.match(text.strip(), vendor=manufacturer or None), ids))
        )
    stale = and_(_match.c.scope_agency_id == _SHARED, _match.c.matcher_version != version)
    session.execute(delete(_match).where(stale))
    insert_rows(
        session, TitleMatch, _COLUMNS, _rows(made, ids, reserve_ids(session, len(made)), version, now)
    )
    return len(made)


def _unmatched(session: Session, kind: str, version: str) -> list[tuple[int, str, str, str]]:
    """(id, publisher or manufacturer, name, version) of what has no shared match of `version`."""
    table = _title if kind == "title" else _model
    columns = (
        (_title.c.id, _title.c.publisher, _title.c.name, _title.c.version)
        if kind == "title"
        else (_model.c.id, _model.c.manufacturer, _model.c.name)
    )
    made = and_(
        _match.c.subject_kind == kind,
        _match.c.subject_id == table.c.id,
        _match.c.scope_agency_id == _SHARED,
        _match.c.matcher_version == version,
    )
    query = select(*columns).outerjoin(_match, made).where(_match.c.id.is_(None)).order_by(table.c.id)
    return [(row[0], row[1], row[2], row[3] if kind == "title" else "") for row in session.execute(query)]


def _load_ids(session: Session) -> _Ids:
    devices = session.execute(select(_product.c.slug).where(_product.c.category == _DEVICE)).scalars()
    return _Ids(
        products=catalogue.product_ids(session),
        releases=catalogue.release_ids(session),
        schemes=catalogue.version_schemes(session),
        devices=frozenset(devices),
    )


def _as_device(found: Match, ids: _Ids) -> Match:
    """A model named like a program is not that program."""
    if found.product is None or found.product in ids.devices:
        return found
    reason = f"{found.product} is no device"
    return Match(
        Outcome.UNRECOGNISED, method=found.method, tier=Tier.NONE, reason=reason, evidence=found.evidence
    )


def _rows(
    made: list[tuple[str, int, Match]], ids: _Ids, reserved: range, version: str, now: datetime
) -> Iterator[tuple[Any, ...]]:
    for at, (kind, subject, found) in zip(reserved, made, strict=True):
        slug = found.product or ""
        product = ids.products.get(slug)
        release = ids.releases.get((slug, found.release)) if found.release is not None else None
        # A version that only repeats its release ("Ubuntu 22.04") says nothing about patches.
        stated = found.version if found.version != found.release else None
        key = version_key(stated, ids.schemes.get(slug)) if stated else None
        evidence = (
            {**found.evidence, "candidates": list(found.candidates)} if found.candidates else found.evidence
        )
        yield (
            at, kind, subject, _SHARED, str(found.outcome), product, release, found.version, key, found.confidence,
            str(found.tier), found.method, found.reason, evidence, version, now,
        )  # fmt: skip
