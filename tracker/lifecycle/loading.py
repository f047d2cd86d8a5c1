"""What a scan loads: titles and models as matched, dates, newer versions, exploited products. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select
from sqlmodel import Session

from tracker.catalogue.affected import read_ranges
from tracker.catalogue.models import (
    CatalogueSnapshot,
    ExploitedEntry,
    ExploitedProduct,
    Product,
    Release,
    ReleaseFact,
    Version,
)
from tracker.catalogue.overrides import load_overrides
from tracker.db import table_of
from tracker.inventory.models import HardwareModel, SoftwareTitle, TitleMatch
from tracker.lifecycle.facts import Dated, Facts, Matched, Versions
from tracker.lifecycle.overriding import own_dates, own_subjects, shared_dates
from tracker.lifecycle.processors import Requirement, windows_11
from tracker.lifecycle.rules import Exploited, Moved, ReleaseDates, Subject
from tracker.lifecycle.schemas import SupportDate

entry = table_of(ExploitedEntry)
fact = table_of(ReleaseFact)
match = table_of(TitleMatch)
meant = table_of(ExploitedProduct)
model = table_of(HardwareModel)
product = table_of(Product)
release = table_of(Release)
snapshot = table_of(CatalogueSnapshot)
title = table_of(SoftwareTitle)
version = table_of(Version)


@dataclass(frozen=True, slots=True)
class About:
    """Only these titles and models."""

    titles: frozenset[int]
    models: frozenset[int]

    def matches(self) -> ColumnElement[bool]:
        """SQL: the match row is about one of them."""
        return or_(
            and_(match.c.subject_kind == "title", match.c.subject_id.in_(self.titles)),
            and_(match.c.subject_kind == "model", match.c.subject_id.in_(self.models)),
        )


def load(
    session: Session,
    day: date,
    known_at: datetime | None = None,
    about: About | None = None,
    *,
    moved_days: int = 30,
) -> Facts:
    """Everything the rules need on `day`, as known at `known_at` (None: now), for all titles and models or
    those of `about`: dates that moved within `moved_days` too. At most twelve statements."""
    matched = [*_matched(session, "title", about), *_matched(session, "model", about)]
    overrides = load_overrides(session, known_at)
    releases = shared_dates(_releases(session, known_at, about, day - timedelta(days=moved_days)), overrides)
    own = own_dates(releases, overrides)
    newest = {row.kind: row.as_of for row in _snapshots(session, known_at)}
    return Facts(
        matched=own_subjects(matched, own),
        releases=releases,
        versions=_versions(session, day, about),
        exploited=_exploited(session, day, known_at, about),
        catalogue_as_of=newest.get("lifecycle", max(newest.values(), default=None)),
        exploited_as_of=_exploited_as_of(newest),
        matcher_version=_matcher_version(session),
        followed=_followed(session, windows_11()),
        affected=read_ranges(session, known_at),
        own_dates=own,
    )


def _followed(session: Session, requirement: Requirement) -> frozenset[int]:
    """Releases of the product that are older than the one required."""
    query = select(release.c.id).join(product, product.c.id == release.c.product_id)
    older = release.c.name.not_like(f"{requirement.release}%")
    return frozenset(session.execute(query.where(product.c.slug == requirement.product, older)).scalars())


def _snapshots(session: Session, known_at: datetime | None) -> Iterable[Row[Any]]:
    query = select(snapshot.c.kind, snapshot.c.as_of).order_by(snapshot.c.loaded_at, snapshot.c.id)
    if known_at is not None:
        query = query.where(snapshot.c.loaded_at <= known_at)
    return session.execute(query)


def _exploited_as_of(newest: Mapping[str, date]) -> date | None:
    return next((on for kind, on in newest.items() if "exploited" in kind), None)


def _matcher_version(session: Session) -> str:
    newest = select(match.c.matcher_version).order_by(match.c.matched_at.desc(), match.c.id.desc()).limit(1)
    return session.execute(newest).scalar_one_or_none() or ""


def _matched(session: Session, kind: str, about: About | None) -> list[Matched]:
    """Every title (or model) with its matches; one without a shared match is there as not matched."""
    subjects = title if kind == "title" else model
    on = and_(match.c.subject_kind == kind, match.c.subject_id == subjects.c.id)
    query = (
        select(
            subjects.c.id,
            match.c.scope_agency_id,
            match.c.outcome,
            match.c.tier,
            match.c.product_id,
            match.c.release_id,
            match.c.version,
            match.c.version_key,
            match.c.confidence,
            match.c.method,
            match.c.reason,
            match.c.evidence,
        )
        .select_from(subjects.outerjoin(match, on))
        .order_by(subjects.c.id, match.c.scope_agency_id)
    )
    if about is not None:
        query = query.where(subjects.c.id.in_(about.titles if kind == "title" else about.models))
    found: list[Matched] = []
    shared: set[int] = set()
    seen: set[int] = set()
    for row in session.execute(query):
        seen.add(row[0])
        if not row[1]:
            shared.add(row[0])
        found.append(_read_match(kind, row))
    found.extend(Matched(Subject(kind, missing), None, None) for missing in sorted(seen - shared))
    return found


def _read_match(kind: str, row: Any) -> Matched:
    subject_id, scope, outcome, tier, product_id, release_id, name, key, confidence, method, reason, told = (
        row
    )
    if outcome is None:
        return Matched(Subject(kind, subject_id), None, None)
    subject = Subject(kind, subject_id, scope, outcome, tier, product_id, release_id, name)
    evidence = {
        "outcome": outcome,
        "tier": tier,
        "confidence": confidence,
        "method": method,
        "evidence": told,
    }
    if reason:
        evidence["reason"] = reason
    return Matched(subject, key, evidence)


def _known(table: Any, known_at: datetime | None) -> ColumnElement[bool]:
    current: ColumnElement[bool] = table.c.superseded_at.is_(None)
    if known_at is None:
        return current
    return and_(table.c.recorded_at <= known_at, or_(current, table.c.superseded_at > known_at))


def _wanted(column: Any, about: About | None) -> Select[Any]:
    wanted = select(column).where(column.is_not(None))
    return wanted if about is None else wanted.where(about.matches())


def _releases(
    session: Session, known_at: datetime | None, about: About | None, moved_from: date
) -> dict[int, Dated]:
    wanted = _wanted(match.c.release_id, about)
    rows = session.execute(
        select(fact, snapshot.c.as_of, product.c.version_scheme)
        .join(snapshot, snapshot.c.id == fact.c.snapshot_id)
        .join(release, release.c.id == fact.c.release_id)
        .join(product, product.c.id == release.c.product_id)
        .where(_known(fact, known_at), fact.c.release_id.in_(wanted))
        .order_by(fact.c.release_id, fact.c.recorded_at, fact.c.id)
    )
    earlier = _earlier(session, known_at, wanted, moved_from)
    return {row.release_id: _read_fact(row, earlier.get(row.release_id)) for row in rows}


def _earlier(
    session: Session, known_at: datetime | None, wanted: Select[Any], day: date
) -> dict[int, Row[Any]]:
    """The dates that were known when `day` began, of releases whose dates were written again since."""
    start = datetime.combine(day, time.min, UTC)
    query = select(fact).where(
        fact.c.recorded_at < start, fact.c.superseded_at >= start, fact.c.release_id.in_(wanted)
    )
    if known_at is not None:
        query = query.where(fact.c.superseded_at <= known_at)
    return {row.release_id: row for row in session.execute(query.order_by(fact.c.recorded_at, fact.c.id))}


def _read_fact(row: Row[Any], earlier: Row[Any] | None = None) -> Dated:
    dates = ReleaseDates(
        row.active_support_ends_on,
        row.active_support_flag,
        row.security_support_ends_on,
        row.security_support_flag,
        row.extended_support_ends_on,
        row.extended_support_flag,
        row.discontinued_on,
        row.discontinued_flag,
    )
    return Dated(
        dates,
        row.latest_version,
        row.latest_released_on,
        row.version_scheme,
        row.source,
        row.as_of,
        tuple(one for name in _DATES if (one := _tell(row, name)) is not None),
        _moves(earlier, row) if earlier is not None else (),
    )


def _moves(earlier: Row[Any], row: Row[Any]) -> tuple[Moved, ...]:
    """The dates that are others than before; one that is told for the first time has not moved."""
    found = []
    for name in _DATES[1:]:
        before, after = getattr(earlier, f"{name}_on"), getattr(row, f"{name}_on")
        if before is not None and before != after:
            found.append(Moved(name, before, after, row.recorded_at.date()))
    return tuple(found)


_DATES = ("released", "active_support_ends", "security_support_ends", "extended_support_ends", "discontinued")
_FLAGS = {"active_support_ends": "active_support_flag", "security_support_ends": "security_support_flag"}
_FLAGS |= {"extended_support_ends": "extended_support_flag", "discontinued": "discontinued_flag"}


def _tell(row: Row[Any], name: str) -> SupportDate | None:
    on = getattr(row, f"{name}_on")
    flag = getattr(row, _FLAGS[name]) if name in _FLAGS else None
    if on is None and flag is None:
        return None
    said = None if on is not None else "ended, date unknown" if flag else "none announced"
    return SupportDate(name, on, said)


def _versions(session: Session, day: date, about: About | None) -> dict[int, Versions]:
    wanted = _wanted(match.c.release_id, about).where(match.c.version_key.is_not(None))
    rows = session.execute(
        select(version.c.release_id, version.c.version_key, version.c.name, version.c.released_on)
        .where(version.c.release_id.in_(wanted))
        .where(or_(version.c.released_on.is_(None), version.c.released_on <= day))
        .order_by(version.c.release_id, version.c.version_key, version.c.id)
    )
    grouped: dict[int, dict[str, tuple[str, date | None]]] = defaultdict(dict)
    for release_id, key, name, released_on in rows:
        # Two names with one key ("1.0", "1.0.0") are one version, out since the earlier day.
        earlier = grouped[release_id].get(key, (name, None))[1]
        on = min((day for day in (earlier, released_on) if day is not None), default=None)
        grouped[release_id][key] = (name, on)
    return {release_id: _in_order(found) for release_id, found in grouped.items()}


def _in_order(found: Mapping[str, tuple[str, date | None]]) -> Versions:
    names, dates = zip(*found.values(), strict=True)
    earliest: list[date | None] = [None] * len(found)
    months: list[int] = [0] * len(found)
    seen: set[tuple[int, int]] = set()
    sofar: date | None = None
    for at in range(len(found) - 1, -1, -1):
        on = dates[at]
        if on is not None:
            seen.add((on.year, on.month))
            sofar = on if sofar is None or on < sofar else sofar
        earliest[at], months[at] = sofar, len(seen)
    return Versions(list(found), list(names), list(dates), earliest, months)


def _exploited(
    session: Session, day: date, known_at: datetime | None, about: About | None
) -> dict[int, tuple[Exploited, ...]]:
    query = (
        select(meant.c.product_id, entry.c.cve_id, entry.c.added_on, entry.c.due_on)
        .join(meant, meant.c.entry_id == entry.c.id)
        .where(meant.c.product_id.in_(_wanted(match.c.product_id, about)), entry.c.added_on <= day)
    )
    if known_at is not None:
        query = query.where(entry.c.recorded_at <= known_at)
    grouped: dict[int, list[Exploited]] = defaultdict(list)
    for product_id, *told in session.execute(query.order_by(entry.c.added_on, entry.c.cve_id)):
        grouped[product_id].append(Exploited(*told))
    return {product_id: tuple(found) for product_id, found in grouped.items()}
