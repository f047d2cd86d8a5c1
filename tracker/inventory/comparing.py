"""Which assets the rows of a file mean, and what each row would change on its asset.

A fixed number of statements, whatever the number of rows; results are streamed and spooled. CROSS JOIN
tells SQLite, which knows nothing about a temporary table's size, to begin with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, text
from sqlmodel import Session

from tracker.db import create_temporary, insert_rows
from tracker.db.conventions import BigInt
from tracker.inventory.diffing import ASSET_FIELDS, DATE_FIELDS, diff_fields, diff_model, diff_software
from tracker.inventory.keys import CONTENT, KeyPolicy
from tracker.inventory.models import RowOutcome
from tracker.inventory.records import MODEL, Title
from tracker.inventory.spool import Spool
from tracker.inventory.staging import Collected, encode, iterate_keys

_temporary = MetaData()
_key = Table("batch_key", _temporary, *(Column(name, BigInt) for name in ("n", "rank")),
             Column("scheme", Text), Column("value", Text))  # fmt: skip
_found = Table("batch_match", _temporary, Column("n", BigInt), Column("asset_id", BigInt))
_STREAM = 2_000
#: Where the values of ASSET_FIELDS stand in a row of _held_assets.
_VALUES = slice(3, 3 + len(ASSET_FIELDS))
#: (row number, asset id, row version, outcome, diff as JSON, record as JSON)
Compared = tuple[int, int, int, str, str | None, str]


@dataclass(slots=True)
class Found:
    """`assets`: row number → asset. `held`: row number → schemes of names that belong to other assets."""

    assets: dict[int, int] = field(default_factory=dict)
    held: dict[int, list[str]] = field(default_factory=dict)


def has_names(session: Session, agency_id: int) -> bool:
    """Whether the agency has any asset that a row could mean. One statement."""
    query = text("SELECT 1 FROM asset_identifier WHERE agency_id = :agency LIMIT 1")
    return session.execute(query, {"agency": agency_id}).first() is not None


def find_assets(
    session: Session, agency_id: int, collected: Collected, skip: Mapping[int, str], policy: KeyPolicy
) -> Found:
    """The assets that the rows mean, by the strongest name that finds exactly one. Four statements.

    An asset is found by one row only, by the one with the strongest name. A weak name does not find an
    asset of which a stronger name says otherwise.
    """
    order = {scheme: rank for rank, scheme in enumerate((*policy.order, CONTENT))}
    create_temporary(
        session,
        "batch_key",
        "n BIGINT, rank BIGINT, scheme TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (n, rank)",
    )
    insert_rows(session, _key, _key.columns.keys(), iterate_keys(collected.spool, skip, order))
    weakest = min((order[scheme] for scheme in policy.weak), default=len(order))
    rows = session.execute(
        text(
            """SELECT k.rank, k.n, k.scheme, i.asset_id, CASE WHEN k.rank < :weakest THEN 0
              WHEN EXISTS (SELECT 1 FROM batch_key s CROSS JOIN asset_identifier j
                WHERE j.agency_id = i.agency_id AND j.asset_id = i.asset_id AND j.scheme = s.scheme
                  AND j.superseded_at IS NULL
                  AND s.n = k.n AND s.rank < k.rank AND j.value <> s.value) THEN 1 ELSE 0 END AS contradicted
            FROM batch_key k CROSS JOIN asset_identifier i
            WHERE i.agency_id = :agency AND i.scheme = k.scheme AND i.value = k.value AND i.superseded_at IS NULL
            ORDER BY k.rank, k.n, i.asset_id"""
        ),
        {"agency": agency_id, "weakest": weakest},
        execution_options={"yield_per": _STREAM},
    )
    return _choose(rows)


def _choose(rows: Iterable[Any]) -> Found:
    found = Found()
    taken: set[int] = set()
    for (_, n, scheme), hits in groupby(rows, key=itemgetter(0, 1, 2)):
        first, *more = hits
        if n in found.assets:
            continue
        if more or first.contradicted or first.asset_id in taken:
            found.held.setdefault(n, []).append(scheme)
            continue
        found.assets[n] = first.asset_id
        taken.add(first.asset_id)
    return found


def compare(
    session: Session, agency_id: int, collected: Collected, found: Found, spool: Spool[Compared]
) -> None:
    """Spool what each row with an asset would change, in row order. Five statements; none without assets."""
    if not found.assets:
        return
    create_temporary(session, "batch_match", "n BIGINT PRIMARY KEY, asset_id BIGINT NOT NULL")
    insert_rows(session, _found, ("n", "asset_id"), sorted(found.assets.items()))
    assets, titles = _held_assets(session, agency_id), _held_titles(session, agency_id)
    names: list[Title] = list(collected.titles)
    held = next(titles, None)
    rows = enumerate(collected.spool)
    for asset in assets:
        row = next(row for n, row in rows if n == asset.n)
        software: dict[str, list[str]] = {}
        while held is not None and held[0] == asset.n:
            software.setdefault(held[1], []).append(held[2])
            held = next(titles, None)
        spool.add(_compare_row(collected, names, asset, software, str(row[5])))


def _held_assets(session: Session, agency_id: int) -> Iterator[Any]:
    columns = ", ".join(f"CAST(a.{f} AS TEXT) AS {f}" if f in DATE_FIELDS else f"a.{f}" for f in ASSET_FIELDS)
    query = text(
        f"""SELECT m.n, a.id, a.row_version, {columns}, h.manufacturer AS held_maker, h.name AS held_model
        FROM batch_match m CROSS JOIN asset a LEFT JOIN hardware_model h ON h.id = a.hardware_model_id
        WHERE a.agency_id = :agency AND a.id = m.asset_id ORDER BY m.n"""  # noqa: S608
    )
    return iter(session.execute(query, {"agency": agency_id}, execution_options={"yield_per": _STREAM}))


def _held_titles(session: Session, agency_id: int) -> Iterator[tuple[int, str, str]]:
    query = text(
        """SELECT m.n, i.role, t.publisher, t.name, t.version
        FROM batch_match m CROSS JOIN installation i CROSS JOIN software_title t
        WHERE i.agency_id = :agency AND i.asset_id = m.asset_id AND i.superseded_at IS NULL
          AND t.id = i.title_id ORDER BY m.n, i.id"""
    )
    rows = session.execute(query, {"agency": agency_id}, execution_options={"yield_per": _STREAM})
    return ((row[0], row[1], _shown(*row[2:])) for row in rows)


@lru_cache(maxsize=20_000)
def _shown(publisher: str, name: str, version: str) -> str:
    """A title as a diff shows it; the same few come again and again."""
    return " ".join(part for part in (publisher, name, version) if part)


def _compare_row(
    collected: Collected, names: list[Title], asset: Any, software: dict[str, list[str]], record: str
) -> Compared:
    stated: dict[str, Any] = json.loads(record)
    diff = diff_fields(dict(zip(ASSET_FIELDS, asset[_VALUES], strict=True)), stated)
    if "model" in stated:
        _, maker, model, _ = names[stated["model"]]
        held = (asset.held_maker, asset.held_model) if asset.held_model is not None else None
        changed = diff_model(held, (maker, model))
        if changed:
            diff |= changed
            # The part that the row leaves blank stays what it was.
            whole = (maker or (held or ("", ""))[0], model or (held or ("", ""))[1])
            stated["model"] = collected.title_number((MODEL, *whole, ""))
            record = encode(stated)
    after: dict[str, list[str]] = {}
    for number in stated.get("software", ()):
        role, *parts = names[number]
        after.setdefault(role, []).append(_shown(*parts))
    diff |= diff_software(software, after)
    outcome = RowOutcome.UPDATED if diff else RowOutcome.UNCHANGED
    return asset.n, asset.id, asset.row_version, outcome.value, encode(diff) if diff else None, record
