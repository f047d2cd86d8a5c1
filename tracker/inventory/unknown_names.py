"""Names in an agency's inventory that nobody knows yet, put into the queue of suggestions."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Engine, and_, delete, func, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from importers import default_vocabulary
from importers.values.text import compact
from importers.vocabulary import read_data
from tracker.db import insert_rows, reserve_ids, table_of, transaction
from tracker.inventory.models import Asset, AssetClass, AssetStatus, HardwareModel, ItScope, TitleMatch
from tracker.inventory.similarity import Alike
from tracker.inventory.suggestion_models import NameKind, NameState, NameSuggestion

log = logging.getLogger(__name__)
_asset, _model, _match = table_of(Asset), table_of(HardwareModel), table_of(TitleMatch)
_suggestion = table_of(NameSuggestion)
#: (kind, manufacturer, value)
Name = tuple[str, str, str]
_COLUMNS = ("agency_id", "id", "kind", "manufacturer", "value", "state", "nearest", "assets", "noted_at")
#: More open names than this nobody decides one by one; those of most assets are kept.
_MOST_OPEN = 5_000
_SHARED = 0


@dataclass(slots=True)
class _Held:
    """How many assets bear each name, and which of the names are known to the world."""

    counts: dict[Name, int] = field(default_factory=dict)
    known: set[Name] = field(default_factory=set)


def queue_unknown_names(engine: Engine, agency_id: int, now: datetime) -> None:
    """Bring the queue up to date after an apply, in a transaction of its own: the apply stands without it."""
    try:
        with transaction(engine) as session:
            note_unknown_names(session, agency_id, now)
    except OperationalError as error:
        log.warning("names of agency %s were not looked at: %s", agency_id, error.orig)


def note_unknown_names(session: Session, agency_id: int, now: datetime) -> int:
    """Bring the agency's queue up to date with its inventory; how many names are open.

    Seven statements at most, whatever the number of assets or names. What was decided stays decided.
    """
    held = _read_held(session, agency_id)
    rows = session.execute(
        select(
            *(_suggestion.c[n] for n in ("id", "kind", "manufacturer", "value", "state", "noted_at"))
        ).where(_suggestion.c.agency_id == agency_id)
    ).all()
    known = {(row.kind, row.manufacturer, row.value): row for row in rows}
    decided = {name for name, row in known.items() if row.state != NameState.OPEN}
    accepted = {name for name in decided if known[name].state == NameState.ACCEPTED}
    wanted = sorted(
        (name for name in held.counts if name not in decided and name not in held.known),
        key=lambda name: (-held.counts[name], name),
    )[:_MOST_OPEN]
    open_here = and_(_suggestion.c.agency_id == agency_id, _suggestion.c.state == NameState.OPEN)
    session.execute(delete(_suggestion).where(open_here))
    if not wanted:
        return 0
    nearest = _nearest_of(held, accepted)
    ids = reserve_ids(session, len(wanted))
    made = (
        (agency_id, known[name].id if name in known else at, *name, NameState.OPEN.value, nearest(name),
         held.counts[name], known[name].noted_at if name in known else now)
        for at, name in zip(ids, wanted, strict=True)
    )  # fmt: skip
    insert_rows(session, NameSuggestion, _COLUMNS, made)
    return len(wanted)


def _here(agency_id: int) -> Any:
    return and_(_asset.c.agency_id == agency_id, _asset.c.status != AssetStatus.WITHDRAWN)


def _read_held(session: Session, agency_id: int) -> _Held:
    """Three statements: models, places, and names of things whose class is not known."""
    held = _Held()
    matched = and_(
        _match.c.subject_kind == "model",
        _match.c.subject_id == _model.c.id,
        _match.c.scope_agency_id == _SHARED,
        _match.c.product_id.is_not(None),
    )
    borne = (
        select(_asset.c.hardware_model_id, func.count().label("assets"))
        .where(_here(agency_id), _asset.c.hardware_model_id.is_not(None))
        .group_by(_asset.c.hardware_model_id)
        .subquery()
    )
    models = select(_model.c.manufacturer, _model.c.name, borne.c.assets, _match.c.product_id).select_from(
        borne.join(_model, _model.c.id == borne.c.hardware_model_id).outerjoin(_match, matched)
    )
    for maker, name, count, product in session.execute(models):
        if maker:
            _count(held, (NameKind.MAKER.value, "", maker), count)
        if name:
            key = (NameKind.MODEL.value, maker, name)
            _count(held, key, count)
            if product is not None:
                held.known.add(key)
    held.known |= {
        key for key in held.counts if key[0] == NameKind.MAKER and compact(key[2]) in known_makers()
    }
    for column, kind, more in (
        (_asset.c.location, NameKind.LOCATION, _asset.c.location.is_not(None)),
        (_asset.c.name, NameKind.CLASS,
         and_(_asset.c.asset_class == AssetClass.OTHER, _asset.c.it_scope == ItScope.IT)),
    ):  # fmt: skip
        query = select(column, func.count()).where(_here(agency_id), more).group_by(column)
        for value, count in session.execute(query):
            if value:
                _count(held, (kind.value, "", value), count)
    return held


def _count(held: _Held, name: Name, count: int) -> None:
    held.counts[name] = held.counts.get(name, 0) + count


@cache
def known_makers() -> Mapping[str, str]:
    """{compact name: name} of the makers that the importers know."""
    names: list[str] = read_data("makers")["makers"]
    return {compact(name): name for name in reversed(names)}


@cache
def _class_phrases() -> tuple[tuple[tuple[str, str], str], ...]:
    """((class, phrase), phrase) of the words by which things are told."""
    phrases = default_vocabulary().classes.names.by_word.values()
    return tuple(((kind, words.strip()), words.strip()) for entry in phrases for _, words, kind in entry)


def _nearest_of(held: _Held, accepted: Iterable[Name]) -> Any:
    """A function from a name to its nearest known ones; an open name of more assets counts as one to look at."""
    pools: dict[str, Alike[Any]] = {}
    for kind in (NameKind.MAKER, NameKind.MODEL, NameKind.LOCATION):
        names = {name for name in (*held.counts, *accepted) if name[0] == kind}
        if kind is NameKind.MAKER:
            names |= {(kind.value, "", maker) for maker in known_makers().values()}
        pools[kind] = Alike((name, f"{name[1]} {name[2]}") for name in sorted(names))
    pools[NameKind.CLASS] = Alike(_class_phrases())
    better = {*held.known, *accepted}

    def find(name: Name) -> list[dict[str, object]]:
        kind, maker, value = name
        found = pools[kind].find(f"{maker} {value}", besides=name, most=12)
        if kind == NameKind.CLASS:
            return list(_as_classes(found))
        usable = (
            (other, alike)
            for other, alike in found
            if other in better or (kind == NameKind.MAKER and other not in held.counts)
            or held.counts.get(other, 0) >= held.counts[name]
        )  # fmt: skip
        return [{"manufacturer": other[1], "value": other[2], "likeness": alike} for other, alike in usable][
            :3
        ]

    return find


def _as_classes(found: Iterable[tuple[tuple[str, str], float]]) -> Iterator[dict[str, object]]:
    seen: set[str] = set()
    for (kind, _), alike in found:
        if kind not in seen and len(seen) < 3:
            seen.add(kind)
            yield {"manufacturer": "", "value": kind, "likeness": alike}
