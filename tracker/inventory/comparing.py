"""Which assets the rows of a file mean, and what each row would change on its asset.

A fixed number of statements, whatever the number of rows; results are streamed and spooled. CROSS JOIN
tells SQLite, which knows nothing about a temporary table's size, to begin with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, MetaData, Result, Table, Text, text
from sqlmodel import Session

from tracker.db import create_temporary, insert_rows, is_sqlite
from tracker.db.conventions import BigInt
from tracker.inventory.blocks import StagedBlock
from tracker.inventory.diffing import (
    ASSET_FIELDS,
    DATE_FIELDS,
    Diff,
    diff_cleared,
    diff_fields,
    diff_model,
    diff_software,
)
from tracker.inventory.keys import CONTENT, KeyPolicy
from tracker.inventory.models import AssetStatus, RowOutcome
from tracker.inventory.records import MODEL, Title
from tracker.inventory.staging import Collected, iterate_keys

_temporary = MetaData()
_key = Table("batch_key", _temporary, *(Column(name, BigInt) for name in ("n", "rank")),
             Column("scheme", Text), Column("value", Text))  # fmt: skip
_found = Table("batch_match", _temporary, Column("n", BigInt), Column("asset_id", BigInt))
_STREAM = 2_000
_UPDATED, _UNCHANGED = RowOutcome.UPDATED.value, RowOutcome.UNCHANGED.value
_RETIRED, _IN_USE = AssetStatus.RETIRED.value, AssetStatus.IN_USE.value
#: Where the values of ASSET_FIELDS begin in a row of _held_assets.
_FIRST = 5
_VALUES = slice(_FIRST, _FIRST + len(ASSET_FIELDS))


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
    session: Session, agency_id: int, collected: Collected, found: Found
) -> Iterator[tuple[int, StagedBlock]]:
    """(number of its first row, block) of the blocks that have rows with an asset, those rows compared.

    Four statements. Whatever reads the blocks must not write to the database meanwhile.
    """
    create_temporary(session, "batch_match", "n BIGINT PRIMARY KEY, asset_id BIGINT NOT NULL")
    insert_rows(session, _found, ("n", "asset_id"), sorted(found.assets.items()))
    comparison = _Comparison(collected, _titles(session, agency_id))
    with _held_assets(session, agency_id) as assets, _held_titles(session, agency_id) as titles:
        for packed in collected.spool.packed():
            numbers = [n for n in range(packed.first, packed.first + packed.rows) if n in found.assets]
            if numbers:
                block = packed.block()
                places = [n - packed.first for n in numbers]
                comparison.run(block, places, list(islice(assets, len(numbers))), titles)
                yield packed.first, block


def _held_assets(session: Session, agency_id: int) -> Result[Any]:
    """(n, id, row_version, maker, model, then the values of ASSET_FIELDS), by n."""
    columns = ", ".join(f"CAST(a.{f} AS TEXT) AS {f}" if f in DATE_FIELDS else f"a.{f}" for f in ASSET_FIELDS)
    query = text(
        f"""SELECT m.n, a.id, a.row_version, h.manufacturer, h.name AS model, {columns}
        FROM batch_match m CROSS JOIN asset a LEFT JOIN hardware_model h ON h.id = a.hardware_model_id
        WHERE a.agency_id = :agency AND a.id = m.asset_id ORDER BY m.n"""  # noqa: S608
    )
    return session.execute(query, {"agency": agency_id}, execution_options={"yield_per": _STREAM})


def _held_titles(session: Session, agency_id: int) -> Result[Any]:
    """(n, 'role:title,role:title,…'), by n, of the assets that have any."""
    listed = "GROUP_CONCAT" if is_sqlite(session) else "STRING_AGG"
    query = text(
        f"""SELECT m.n, {listed}(i.role || ':' || CAST(i.title_id AS TEXT), ',')
        FROM batch_match m CROSS JOIN installation i
        WHERE i.agency_id = :agency AND i.asset_id = m.asset_id AND i.superseded_at IS NULL
        GROUP BY m.n ORDER BY m.n"""  # noqa: S608
    )
    return session.execute(query, {"agency": agency_id}, execution_options={"yield_per": _STREAM})


def _titles(session: Session, agency_id: int) -> dict[int, str]:
    """The titles that the matched assets have, as a diff shows them."""
    query = text(
        """SELECT t.id, t.publisher, t.name, t.version FROM software_title t WHERE t.id IN (
          SELECT i.title_id FROM batch_match m CROSS JOIN installation i
          WHERE i.agency_id = :agency AND i.asset_id = m.asset_id AND i.superseded_at IS NULL)"""
    )
    return {row[0]: _shown(*row[1:]) for row in session.execute(query, {"agency": agency_id})}


def _shown(publisher: str, name: str, version: str) -> str:
    return " ".join(part for part in (publisher, name, version) if part)


class _Comparison:
    """Compares rows with what is held: whole columns at once, and only where they differ row by row."""

    def __init__(self, collected: Collected, titles: dict[int, str]) -> None:
        self._collected = collected
        self._titles = titles
        self._names: list[Title] = list(collected.titles)
        self._models: dict[tuple[Any, ...], bool] = {}
        self._software: dict[tuple[Any, ...], Diff] = {}
        self._waiting: Any = None

    def run(self, block: StagedBlock, places: list[int], assets: list[Any], titles: Iterator[Any]) -> None:
        """Write into `block` what becomes of the rows at `places`, which mean `assets`."""
        held = list(zip(*assets, strict=True))
        software = self._software_diffs(block, places, self._lists(held[0], titles))
        differing = self._differing_fields(block, places, held) | self._differing_models(block, places, held)
        differing |= _returning(held) | _clearing(block, places, held)
        differing |= {at for at, diff in enumerate(software) if diff}
        diffs: dict[int, Diff] = {}
        models: dict[int, int] = {}
        for at in sorted(differing):
            diff, model = self._row_diff(block.row(places[at]), assets[at], software[at])
            if diff:
                diffs[places[at]] = diff
            if model is not None:
                models[places[at]] = model
        block.put("asset_id", dict(zip(places, held[1], strict=True)))
        block.put("row_version", dict(zip(places, held[2], strict=True)))
        block.put("model", models)
        block.put("outcome", {at: _UPDATED if at in diffs else _UNCHANGED for at in places})
        block.put("diff", diffs)

    def _lists(self, numbers: Sequence[int], titles: Iterator[Any]) -> list[str]:
        """The titles held by the asset of each row."""
        found: list[str] = []
        for n in numbers:
            if self._waiting is None or self._waiting[0] < n:
                self._waiting = next(titles, None)
            mine = self._waiting is not None and self._waiting[0] == n
            found.append(self._waiting[1] if mine and self._waiting is not None else "")
        return found

    def _differing_fields(
        self, block: StagedBlock, places: list[int], held: Sequence[Sequence[Any]]
    ) -> set[int]:
        found: set[int] = set()
        for values, name in zip(held[_VALUES], ASSET_FIELDS, strict=True):
            if name in block.columns:
                cells = _at(block.cells(name), places)
                pairs = enumerate(zip(cells, values, strict=True))
                found.update([at for at, (new, old) in pairs if new != old and new is not None])
        return found

    def _differing_models(
        self, block: StagedBlock, places: list[int], held: Sequence[Sequence[Any]]
    ) -> set[int]:
        if "model" not in block.columns:
            return set()
        known = self._models
        found = set()
        rows = zip(_at(block.cells("model"), places), held[3], held[4], strict=True)
        for at, key in enumerate(rows):
            differs = known.get(key)
            if differs is None:
                differs = known[key] = key[0] is not None and bool(self._model_diff(*key))
            if differs:
                found.add(at)
        return found

    def _model_diff(self, number: int, maker: str | None, model: str | None) -> Diff:
        _, *stated = self._names[number]
        return diff_model((maker or "", model) if model is not None else None, (stated[0], stated[1]))

    def _software_diffs(self, block: StagedBlock, places: list[int], held: list[str]) -> list[Diff]:
        """What each row changes of the titles on its asset; worked out once for each distinct pair."""
        known = self._software
        found = []
        stated = _at(block.mapped("software", lambda titles: tuple(titles or ())), places)
        for key in zip(stated, held, strict=True):
            diff = known.get(key)
            if diff is None:
                diff = known[key] = self._software_diff(*key)
            found.append(diff)
        return found

    def _software_diff(self, stated: tuple[int, ...], held: str) -> Diff:
        before: dict[str, list[str]] = {}
        for one in filter(None, held.split(",")):
            role, title = one.split(":")
            before.setdefault(role, []).append(self._titles[int(title)])
        after: dict[str, list[str]] = {}
        for number in stated:
            role, *parts = self._names[number]
            after.setdefault(role, []).append(_shown(*parts))
        return diff_software(before, after)

    def _row_diff(self, stated: dict[str, Any], asset: Any, software: Diff) -> tuple[Diff, int | None]:
        """What a row changes; and the number of its model, where that is put together with the one held."""
        before = dict(zip(ASSET_FIELDS, asset[_VALUES], strict=True))
        if before["status"] == _RETIRED:
            # It is back: in use again, unless the file says otherwise.
            stated = {"status": _IN_USE, **stated}
        diff = diff_fields(before, stated) | diff_cleared(before, stated, stated.get("cleared", ()))
        whole = None
        if "model" in stated:
            held = asset[3:5]
            changed = self._model_diff(stated["model"], *held)
            if changed:
                diff |= changed
                # The part that the row leaves blank stays what it was.
                _, maker, model, _ = self._names[stated["model"]]
                parts = (maker or held[0] or "", model or held[1] or "")
                whole = self._collected.title_number((MODEL, *parts, ""))
        return diff | software, whole


def _returning(held: Sequence[Sequence[Any]]) -> set[int]:
    """Rows of retired assets."""
    statuses = held[_FIRST + ASSET_FIELDS.index("status")]
    return {at for at, status in enumerate(statuses) if status == _RETIRED} if _RETIRED in statuses else set()


def _clearing(block: StagedBlock, places: list[int], held: Sequence[Sequence[Any]]) -> set[int]:
    """Rows that may clear a value by a blank cell."""
    if "cleared" not in block.columns:
        return set()
    told = _at(block.cells("cleared", ()), places)
    found: set[int] = set()
    for name in set(chain.from_iterable(set(map(tuple, told)))):
        values = held[_FIRST + ASSET_FIELDS.index(name)]
        rows = zip(_at(block.cells(name), places), values, strict=True)
        found.update(at for at, (new, old) in enumerate(rows) if new is None and old is not None)
    return found


def _at(cells: list[Any], places: list[int]) -> list[Any]:
    return cells if len(places) == len(cells) else [cells[at] for at in places]
