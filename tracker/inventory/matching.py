"""Matching titles and models against the catalogue: once per distinct title, never per installation."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, and_, delete, func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from tracker.catalogue import queries as catalogue
from tracker.catalogue.matching import MATCHER_VERSION, Match, Matcher, Outcome, Tier, group_key
from tracker.catalogue.models import CatalogueSnapshot, Product, ProductAlias
from tracker.catalogue.versions import version_key
from tracker.db import insert_rows, reserve_ids, table_of, transaction
from tracker.inventory.models import HardwareModel, SoftwareTitle, TitleMatch
from tracker.inventory.rulings import Rulings, load_rulings, stage_scoped

log = logging.getLogger(__name__)
_match, _title, _model = table_of(TitleMatch), table_of(SoftwareTitle), table_of(HardwareModel)
_snapshot, _alias, _product = table_of(CatalogueSnapshot), table_of(ProductAlias), table_of(Product)
_SHARED = 0
_CHUNK = 5_000
#: Products of these categories are things, not programs: what a hardware model can be.
_DEVICES = ("device", "hardware")
_COLUMNS = ("id", "subject_kind", "subject_id", "scope_agency_id", "subject_key", "outcome", "product_id", "release_id",
            "version", "version_key", "confidence", "tier", "method", "reason", "evidence", "matcher_version",
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


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer as it is to be stored; `stamp` is what made it."""

    kind: str
    subject: int
    key: str
    found: Match
    stamp: str
    scope: int = _SHARED


def match_titles(session: Session, now: datetime) -> int:
    """Match every title and model that has no match made by today's matcher and catalogue; returns how many.

    What people decided outranks the matcher, for the organisation here and for agencies in rows of their own.
    Statements do not depend on the number of titles: six when nothing is new, fourteen otherwise.
    """
    version = current_version(session)
    titles, models = _unmatched(session, "title", version), _unmatched(session, "model", version)
    rulings = load_rulings(session)
    made: list[_Made] = []
    if titles or models:
        ids, matcher = _load_ids(session), catalogue.get_matcher(session)
        made += (_match_title(matcher, rulings, row, version) for row in titles)
        made += (_match_model(matcher, ids, row, version) for row in models)
        stale = and_(_match.c.scope_agency_id == _SHARED, _match.c.matcher_version != version)
        session.execute(delete(_match).where(stale))
        _keep(session, made, ids, now)
    _match_agencies(session, rulings, version, now)
    return len(made)


def match_new(engine: Engine, now: datetime) -> None:
    """Match what an apply brought, in a transaction of its own: the names wait in the queue at once.

    Only titles and models without any match are looked at; what another catalogue matched waits for the scan,
    and so does everything when another process holds what this would write. Three statements where nothing is
    new, else a fixed number.
    """
    try:
        with transaction(engine) as session:
            _match_new(session, now)
    except (IntegrityError, OperationalError) as error:
        log.warning("new names were not matched, the next scan will: %s", error.orig)


def _match_new(session: Session, now: datetime) -> None:
    titles, models = _unmatched(session, "title", None), _unmatched(session, "model", None)
    if not titles and not models:
        return
    version, rulings = current_version(session), load_rulings(session)
    ids, matcher = _load_ids(session), catalogue.get_matcher(session)
    made = [_match_title(matcher, rulings, row, version) for row in titles]
    made += (_match_model(matcher, ids, row, version) for row in models)
    _keep(session, made, ids, now)
    _match_agencies(session, rulings, version, now)


def match_again(session: Session, titles: Collection[int], now: datetime) -> None:
    """Match these titles again, because people decided something about them; no other is looked at.

    A fixed number of statements, and one per 5,000 titles.
    """
    version, rulings = current_version(session), load_rulings(session)
    wanted = sorted(titles)
    if wanted:
        made, matcher = [], catalogue.get_matcher(session)
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            rows = session.execute(
                select(_title.c.id, _title.c.publisher, _title.c.name, _title.c.version).where(
                    _title.c.id.in_(part)
                )
            )
            made += [_match_title(matcher, rulings, tuple(row), version) for row in rows]
            old = and_(_match.c.subject_kind == "title", _match.c.subject_id.in_(part))
            session.execute(delete(_match).where(old, _match.c.scope_agency_id == _SHARED))
        _keep(session, made, _load_ids(session), now)
    _match_agencies(session, rulings, version, now)


def _match_agencies(session: Session, rulings: Rulings, version: str, now: datetime) -> None:
    """Bring the matches of agencies to what their decisions say."""
    scoped = stage_scoped(session, rulings, version)
    if scoped:
        made = [_Made("title", one.title_id, one.key, one.found, one.stamp, one.agency_id) for one in scoped]
        _keep(session, made, _load_ids(session), now)


def _match_title(matcher: Matcher, rulings: Rulings, row: tuple[int, str, str, str], version: str) -> _Made:
    subject, publisher, name, stated = row
    key = group_key(name)
    found = rulings.shared(key, name, stated) or matcher.match(
        name, vendor=publisher or None, version=stated or None
    )
    return _Made("title", subject, key, found, version)


def _match_model(matcher: Matcher, ids: _Ids, row: tuple[int, str, str, str], version: str) -> _Made:
    subject, maker, name, _ = row
    found = _as_device(matcher.match_hardware(maker, name), ids)
    return _Made("model", subject, "", found, version)


def _keep(session: Session, made: list[_Made], ids: _Ids, now: datetime) -> None:
    insert_rows(session, TitleMatch, _COLUMNS, _rows(made, ids, reserve_ids(session, len(made)), now))


def _unmatched(session: Session, kind: str, version: str | None) -> list[tuple[int, str, str, str]]:
    """(id, publisher or manufacturer, name, version) of what has no shared match of `version` (None: of any)."""
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
    )
    if version is not None:
        made = and_(made, _match.c.matcher_version == version)
    query = select(*columns).outerjoin(_match, made).where(_match.c.id.is_(None)).order_by(table.c.id)
    return [(row[0], row[1], row[2], row[3] if kind == "title" else "") for row in session.execute(query)]


def _load_ids(session: Session) -> _Ids:
    devices = session.execute(select(_product.c.slug).where(_product.c.category.in_(_DEVICES))).scalars()
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


def _rows(made: Iterable[_Made], ids: _Ids, reserved: range, now: datetime) -> Iterator[tuple[Any, ...]]:
    for at, one in zip(reserved, made, strict=True):
        found = one.found
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
            at, one.kind, one.subject, one.scope, one.key, str(found.outcome), product, release, found.version,
            key, found.confidence, str(found.tier), found.method, found.reason, evidence, one.stamp, now,
        )  # fmt: skip
