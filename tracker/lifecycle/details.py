"""What a finding says of itself: its title, release and dates, and evidence composed from shared parts.

Findings are many and narrow; verdicts, title states and names are few and are read once per answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, select
from sqlmodel import Session

from tracker.catalogue.models import Product, Release
from tracker.db import table_of
from tracker.inventory.models import HardwareModel, Installation, SoftwareTitle
from tracker.lifecycle.evaluation import Cause, State
from tracker.lifecycle.models import Condition, TitleState, Verdict
from tracker.lifecycle.rules import Phase

condition = table_of(Condition)
installation = table_of(Installation)
model = table_of(HardwareModel)
product = table_of(Product)
release = table_of(Release)
state = table_of(TitleState)
title = table_of(SoftwareTitle)
verdict = table_of(Verdict)


@dataclass(frozen=True, slots=True)
class Detail:
    """A verdict in words: what it is about, its dates, and the evidence of title and rule together."""

    since_on: date | None
    ends_on: date | None
    title: str | None
    product: str | None
    release: str | None
    version: str | None
    evidence: Mapping[str, object]


@dataclass
class Details:
    """Details by verdict, and what is unknown by asset."""

    by_verdict: dict[int, Detail]
    unknown_titles: dict[int, list[dict[str, object]]] = field(default_factory=dict)

    def unknown(self, asset_id: int, *, aged: bool) -> list[dict[str, object]]:
        """Why lifecycle-unknown holds for an asset: its unknown titles, or what its age lacks."""
        titles = self.unknown_titles.get(asset_id)
        return titles or [{"reason": "no-useful-life" if aged else "no-acquisition-date"}]


def load_details(session: Session, verdict_ids: Sequence[int] | None) -> Details:
    """Details of the verdicts named, or of all. Two statements."""
    columns = (condition.c.subject_kind, condition.c.subject_id, verdict.c.id, verdict.c.since_on)
    query = _named(
        select(
            *columns,
            verdict.c.ends_on,
            verdict.c.title_id,
            verdict.c.scope_agency_id,
            verdict.c.version,
            verdict.c.evidence,
            *_NAMES,
        )
        .select_from(verdict)
        .join(condition, condition.c.id == verdict.c.condition_id),
        verdict.c.title_id,
        verdict.c.release_id,
    )
    if verdict_ids is not None:
        query = query.where(verdict.c.id.in_(verdict_ids))
    rows = session.execute(query).all()
    states = _states(session, rows, everything=verdict_ids is None)
    found = {}
    for row in rows:
        kind, subject_id = _state_of(row)
        shared = states.get((kind, subject_id, row.scope_agency_id), {})
        found[row.id] = _detail(row, row.since_on, row.ends_on, row.version, {**shared, **row.evidence})
    return Details(found)


_NAMES = (
    title.c.publisher,
    title.c.name.label("title_name"),
    title.c.version.label("title_version"),
    model.c.manufacturer,
    model.c.name.label("model_name"),
    release.c.name.label("release_name"),
    product.c.slug,
)


def _named(query: Select[Any], title_id: Any, release_id: Any) -> Select[Any]:
    about_model = (condition.c.subject_kind == "model") & (model.c.id == condition.c.subject_id)
    about_product = (condition.c.subject_kind == "product") & (product.c.id == condition.c.subject_id)
    return (
        query.outerjoin(title, title.c.id == title_id)
        .outerjoin(model, about_model)
        .outerjoin(release, release.c.id == release_id)
        .outerjoin(product, about_product | (product.c.id == release.c.product_id))
    )


def _state_of(row: Row[Any]) -> tuple[str, int]:
    return ("model", row.subject_id) if row.subject_kind == "model" else ("title", row.title_id or 0)


def _states(
    session: Session, rows: Iterable[Row[Any]], *, everything: bool
) -> dict[tuple[str, int, int], dict[str, object]]:
    query = select(state.c.subject_kind, state.c.subject_id, state.c.scope_agency_id, state.c.evidence)
    if not everything:
        query = query.where(state.c.subject_id.in_({_state_of(row)[1] for row in rows}))
    return {(row[0], row[1], row[2]): row[3] for row in session.execute(query)}


def _detail(
    row: Row[Any],
    since_on: date | None,
    ends_on: date | None,
    version: str | None,
    told: Mapping[str, object],
) -> Detail:
    return Detail(since_on, ends_on, _title(row), row.slug, row.release_name, version, told)


def _title(row: Row[Any]) -> str | None:
    if row.title_name is not None:
        return title_text(row.publisher, row.title_name, row.title_version)
    if row.model_name is not None:
        return f"{row.manufacturer} {row.model_name}".strip()
    return None


def title_text(publisher: str, name: str, version: str) -> str:
    """A title in one line; publisher and version are left out where the name begins or ends with them."""
    parts = [] if not publisher or name.lower().startswith(publisher.lower()) else [publisher]
    parts.append(name)
    if version and not name.endswith(version):
        parts.append(version)
    return " ".join(parts)


def add_unknown_titles(session: Session, details: Details, on: ColumnElement[bool]) -> None:
    """Note which titles are unknown, and why, on the assets of the installations `on`. One statement.

    Their state is the one last stored; an agency's own match of a title stands before the shared one.
    """
    own = state.alias("own")
    same = (own.c.subject_kind == "title") & (own.c.subject_id == installation.c.title_id)
    has_own = exists().where(same, own.c.scope_agency_id == installation.c.agency_id)
    shared = (state.c.scope_agency_id == 0) & ~has_own
    query = (
        _titles(state.c.evidence, None)
        .join(state, (state.c.subject_kind == "title") & (state.c.subject_id == installation.c.title_id))
        .where(on, state.c.phase == Phase.UNKNOWN.value)
        .where(shared | (state.c.scope_agency_id == installation.c.agency_id))
    )
    for row in session.execute(query):
        _note_unknown(details, row.asset_id, _title_text(row), row.evidence)


def add_evaluated_unknowns(
    session: Session,
    details: Details,
    states: Iterable[State],
    on: ColumnElement[bool],
    known_at: datetime | None,
) -> None:
    """The same for an evaluation that is not stored: titles on the assets at `known_at`. One statement."""
    evaluated = {(one.subject_id, one.scope): one for one in states if one.kind == "title"}
    for row in session.execute(_titles(installation.c.title_id, known_at).where(on)):
        found = evaluated.get((row.title_id, row.agency_id)) or evaluated.get((row.title_id, 0))
        if found is not None and found.phase == Phase.UNKNOWN:
            _note_unknown(details, row.asset_id, _title_text(row), found.evidence)


def _titles(more: ColumnElement[Any], known_at: datetime | None) -> Select[Any]:
    still = installation.c.superseded_at.is_(None)
    held: list[ColumnElement[bool]] = [still]
    if known_at is not None:
        held = [installation.c.recorded_at <= known_at, still | (installation.c.superseded_at > known_at)]
    return (
        select(installation.c.asset_id, installation.c.agency_id, *_NAMES_OF_TITLE, more)
        .select_from(installation)
        .join(title, title.c.id == installation.c.title_id)
        .where(*held)
        .order_by(installation.c.agency_id, installation.c.asset_id, title.c.name, title.c.version)
    )


def _title_text(row: Row[Any]) -> str:
    return title_text(row.publisher, row.name, row.version)


def _note_unknown(details: Details, asset_id: int, name: str, told: Mapping[str, object]) -> None:
    noted = {"title": name, "reason": told.get("unknown"), "policy": told.get("policy")}
    titles = details.unknown_titles.setdefault(asset_id, [])
    if noted not in titles:
        titles.append(noted)


def of_evaluation(session: Session, causes: Sequence[Cause], states: Sequence[State]) -> Details:
    """Details of verdicts that are not stored, numbered by their place from 1. Three statements."""
    titles = {row.id: title_text(*row[1:]) for row in session.execute(select(title.c.id, *_NAMES_OF_TITLE))}
    models = {
        row.id: f"{row.manufacturer} {row.name}".strip()
        for row in session.execute(select(model.c.id, model.c.manufacturer, model.c.name))
    }
    joined = select(release.c.id, release.c.name, product.c.slug).join(product)
    releases = {row.id: (row.slug, row.name) for row in session.execute(joined)}
    slugs = {row.id: row.slug for row in session.execute(select(product.c.id, product.c.slug))}
    evidence = {(one.kind, one.subject_id, one.scope): one.evidence for one in states}
    found = {}
    for at, cause in enumerate(causes, start=1):
        _, kind, subject_id, _ = cause.condition
        about = ("model", subject_id) if kind == "model" else ("title", cause.title_id or 0)
        name = models.get(subject_id) if kind == "model" else titles.get(cause.title_id or 0)
        slug, release_name = releases.get(cause.release_id or 0, (None, None))
        if slug is None and kind == "product":
            slug = slugs.get(subject_id)
        told = {**evidence.get((*about, cause.scope), {}), **cause.verdict.facts}
        made = cause.verdict
        found[at] = Detail(made.since_on, made.ends_on, name, slug, release_name, cause.version, told)
    return Details(found)


def add_judged(details: Details, causes: Sequence[Cause]) -> None:
    """Add what came up while assets were judged to the details of `of_evaluation`: it names no title."""
    for at in range(len(details.by_verdict) + 1, len(causes) + 1):
        made = causes[at - 1].verdict
        details.by_verdict[at] = Detail(made.since_on, made.ends_on, None, None, None, None, made.facts)


_NAMES_OF_TITLE = (title.c.publisher, title.c.name, title.c.version)
