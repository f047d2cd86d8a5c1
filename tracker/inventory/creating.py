"""Writing the created assets of a batch, with their names, installations and history: four bulk writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

from tracker.db import insert_rows, reserve_ids
from tracker.inventory.applying import Applied, run
from tracker.inventory.diffing import ASSET_FIELDS
from tracker.inventory.pending import Pending

#: What a created asset gets where its row says nothing.
_DEFAULTS: dict[str, Any] = {
    "name": "",
    "asset_class": "other",
    "it_scope": "other",
    "status": "in-use",
    "units": 1,
}
_ASSET = ("agency_id", "id", *ASSET_FIELDS, "sort_tag", "hardware_model_id", "row_version", "recorded_at",
          "updated_at")  # fmt: skip
_NAME = ("agency_id", "scheme", "value", "asset_id", "batch_id", "recorded_at")
_INSTALLATION = ("agency_id", "id", "asset_id", "title_id", "role", "batch_id", "recorded_at")
_CHANGE = ("agency_id", "id", "asset_id", "field", "after", "batch_id", "actor", "at")
#: Names are written in the order of their table: so many at a time are sorted.
_SORTED = 300_000


def create_assets(session: Session, applied: Applied, pending: Pending) -> None:
    """Write the created assets, their names, their installations and one row of history each."""
    targets = _targets(session, applied)
    now = _instant(session, applied)
    _write(session, "asset", _ASSET, _asset_rows(applied, pending, targets, now))
    _write(session, "asset_identifier", _NAME, _name_rows(applied, pending, now))
    count = sum(packed.installations for packed in pending.spool.packed())
    first = reserve_ids(session, count + 1).start
    _write(session, "installation", _INSTALLATION, _installation_rows(applied, pending, targets, now, first))
    first = reserve_ids(session, pending.spool.count + 1).start
    _write(session, "asset_change", _CHANGE, _change_rows(applied, pending, now, first))


def _write(session: Session, name: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Values are in stored form already: each is handed on as it is."""
    plain = Table(name, MetaData(), *(Column(column, Text) for column in columns))
    insert_rows(session, plain, columns, rows)


def _instant(session: Session, applied: Applied) -> Any:
    """The instant in the form in which the database stores it."""
    process = (
        UTCDateTime().dialect_impl(session.get_bind().dialect).bind_processor(session.get_bind().dialect)
    )
    return process(applied.now) if process is not None else applied.now


def _targets(session: Session, applied: Applied) -> dict[int, tuple[int, str]]:
    """{number of a title in the batch: (id of the title or model, its role)}."""
    rows = run(session, "SELECT n, target_id, kind FROM batch_target", applied)
    return {row[0]: (row[1], row[2]) for row in rows}


def _asset_rows(
    applied: Applied, pending: Pending, targets: dict[int, tuple[int, str]], now: Any
) -> Iterator[tuple[Any, ...]]:
    models = {None: None} | {number: target[0] for number, target in targets.items()}
    for ids, block in pending.created():
        fields = [block.cells(field, _DEFAULTS.get(field)) for field in ASSET_FIELDS]
        yield from zip(
            repeat(applied.agency_id), ids, *fields, block.cells("asset_tag", ""),
            block.mapped("model", models.__getitem__), repeat(1), repeat(now), repeat(now),
        )  # fmt: skip


def _name_rows(applied: Applied, pending: Pending, now: Any) -> Iterator[tuple[Any, ...]]:
    held: list[tuple[str, str, int]] = []
    for ids, block in pending.created():
        for scheme, cells in block.keys().items():
            held += [(scheme, value, at) for value, at in zip(cells, ids, strict=True) if value is not None]
        if len(held) >= _SORTED:
            yield from _named(applied, held, now)
            held = []
    yield from _named(applied, held, now)


def _named(applied: Applied, held: list[tuple[str, str, int]], now: Any) -> Iterator[tuple[Any, ...]]:
    held.sort()
    return ((applied.agency_id, scheme, value, at, applied.batch_id, now) for scheme, value, at in held)


def _installation_rows(
    applied: Applied, pending: Pending, targets: dict[int, tuple[int, str]], now: Any, first: int
) -> Iterator[tuple[Any, ...]]:
    agency, batch = applied.agency_id, applied.batch_id
    for ids, block in pending.created():
        stated = block.mapped("software", lambda titles: [targets[n] for n in titles or ()])
        for asset_id, titles in zip(ids, stated, strict=True):
            for title_id, role in titles:
                yield agency, first, asset_id, title_id, role, batch, now
                first += 1


def _change_rows(applied: Applied, pending: Pending, now: Any, first: int) -> Iterator[tuple[Any, ...]]:
    created = chain.from_iterable(pending.created_ids())
    for change_id, asset_id in enumerate(created, start=first):
        yield applied.agency_id, change_id, asset_id, "*", "created", applied.batch_id, applied.actor, now
