"""The staged rows of a batch that is being applied, and the two questions asked before anything is written.

The blocks are read once into a temporary file; rows that mean assets that are there go into the temporary
table batch_row, which set-based statements read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text
from sqlmodel import Session

from tracker.db import create_temporary, insert_rows, is_sqlite
from tracker.db.conventions import BigInt
from tracker.inventory.applying import Applied, run
from tracker.inventory.blocks import StagedBlock, encode, label_of, record_of
from tracker.inventory.models import RowOutcome
from tracker.inventory.spool import Packed, Spool

_CREATED, _UPDATED, _UNCHANGED = (
    outcome.value for outcome in (RowOutcome.CREATED, RowOutcome.UPDATED, RowOutcome.UNCHANGED)
)
_HELD = "held"
_COLUMNS = ("agency_id", "id", "batch_id", "outcome", "asset_id", "row_version", "record", "diff")
_TEXTS = ("outcome", "record", "diff")
_row = Table(
    "batch_row", MetaData(), *(Column(name, Text if name in _TEXTS else BigInt) for name in _COLUMNS)
)
_name = Table("batch_name", MetaData(), Column("id", BigInt), Column("scheme", Text), Column("value", Text))


@dataclass(frozen=True, slots=True)
class Pending:
    """The blocks of a batch, and of each the ids of its first row and of the asset that it would create."""

    spool: Spool
    ids: list[tuple[int, int]]
    #: Whether there are rows that mean assets that are there.
    has_held_rows: bool

    def blocks(self) -> Iterator[tuple[int, int, StagedBlock]]:
        """(id of the first row, id of its asset, block)."""
        for (row_id, asset_id), packed in zip(self.ids, self.spool.packed(), strict=True):
            yield row_id, asset_id, packed.block()

    def created(self) -> Iterator[tuple[list[int], StagedBlock]]:
        """(asset ids, block) of the created rows alone."""
        for (_, asset_id), packed in zip(self.ids, self.spool.packed(), strict=True):
            if not packed.counts[_CREATED]:
                continue
            block = packed.block()
            ids = list(range(asset_id, asset_id + len(block)))
            if packed.counts[_CREATED] < len(block):
                places = [at for at, outcome in enumerate(block.outcomes()) if outcome == _CREATED]
                block = block.pick(places)
                ids = [asset_id + at for at in places]
            yield ids, block

    def created_ids(self) -> Iterator[Sequence[int]]:
        """The asset ids of the created rows; blocks of created rows alone are not opened for it."""
        for (_, asset_id), packed in zip(self.ids, self.spool.packed(), strict=True):
            if packed.counts[_CREATED] == packed.rows:
                yield range(asset_id, asset_id + packed.rows)
            elif packed.counts[_CREATED]:
                outcomes = packed.block().outcomes()
                yield [asset_id + at for at, outcome in enumerate(outcomes) if outcome == _CREATED]


@contextmanager
def pending_rows(session: Session, applied: Applied) -> Iterator[Pending]:
    """The staged rows of the batch, out of the database. At most four statements."""
    with Spool() as spool:
        pending = _load(session, applied, spool)
        if pending.has_held_rows:
            _write_held(session, applied, pending)
        yield pending


def _write_held(session: Session, applied: Applied, pending: Pending) -> None:
    kind = "TEXT" if is_sqlite(session) else "JSONB"
    create_temporary(
        session,
        "batch_row",
        "agency_id BIGINT NOT NULL, id BIGINT PRIMARY KEY, batch_id BIGINT NOT NULL, outcome TEXT NOT NULL, "
        f"asset_id BIGINT NOT NULL, row_version BIGINT NOT NULL, record {kind} NOT NULL, diff {kind}",
    )
    insert_rows(session, _row, _COLUMNS, _held_rows(pending, applied))


def _load(session: Session, applied: Applied, spool: Spool) -> Pending:
    ids, held = [], 0
    rows = run(
        session,
        """SELECT b.id, b.first_asset_id, b.rows, b.installations, b.created, b.updated + b.unchanged, b.payload
        FROM batch_block b WHERE b.agency_id = :agency AND b.batch_id = :batch ORDER BY b.id""",
        applied,
    )
    for row_id, asset_id, count, installations, created, known, payload in rows:
        counts = Counter({_CREATED: created, _HELD: known})
        spool.add_packed(Packed(0, count, counts, installations, payload))
        ids.append((row_id, asset_id))
        held += known
    return Pending(spool, ids, held > 0)


def _held_rows(pending: Pending, applied: Applied) -> Iterator[tuple[Any, ...]]:
    """The rows of batch_row: those that mean assets that are there."""
    for (row_id, _), packed in zip(pending.ids, pending.spool.packed(), strict=True):
        if not packed.counts[_HELD]:
            continue
        block = packed.block()
        for at, outcome in enumerate(block.outcomes()):
            if outcome in (_UPDATED, _UNCHANGED):
                row = block.row(at)
                diff = encode(row["diff"]) if "diff" in row else None
                yield (applied.agency_id, row_id + at, applied.batch_id, outcome, row["asset_id"],
                       row["row_version"], encode(record_of(row)), diff)  # fmt: skip


def find_changed_rows(
    session: Session, applied: Applied, pending: Pending, most: int = 20
) -> list[tuple[str, int, str]]:
    """(sheet, row, label) of rows whose asset changed since the preview, or whose key was taken meanwhile.

    At most five statements.
    """
    moved = _find_moved(session, applied, most) if pending.has_held_rows else []
    found = [*moved, *_find_taken(session, applied, pending, most)]
    return _named(pending, found) if found else []


def _find_moved(session: Session, applied: Applied, most: int) -> list[int]:
    moved = run(
        session,
        """SELECT b.id FROM batch_row b LEFT JOIN asset a ON a.agency_id = b.agency_id AND a.id = b.asset_id
        WHERE a.id IS NULL OR a.row_version <> b.row_version ORDER BY b.id LIMIT :most""",
        applied,
        most=most,
    )
    return list(moved.scalars())


def _find_taken(session: Session, applied: Applied, pending: Pending, most: int) -> list[int]:
    """The ids of created rows one of whose names an asset of the agency has by now."""
    any_name = "SELECT 1 FROM asset_identifier x WHERE x.agency_id = :agency LIMIT 1"
    if run(session, any_name, applied).first() is None:
        return []
    create_temporary(session, "batch_name", "id BIGINT NOT NULL, scheme TEXT NOT NULL, value TEXT NOT NULL")
    insert_rows(session, _name, ("id", "scheme", "value"), _new_names(pending))
    taken = run(
        session,
        """SELECT DISTINCT n.id FROM batch_name n CROSS JOIN asset_identifier i
        WHERE i.agency_id = :agency AND i.scheme = n.scheme AND i.value = n.value AND i.superseded_at IS NULL
        ORDER BY n.id LIMIT :most""",
        applied,
        most=most,
    )
    return list(taken.scalars())


def _new_names(pending: Pending) -> Iterator[tuple[int, str, str]]:
    """(row id, scheme, value) of the names of created rows, without those known to belong to others too."""
    for row_id, _, block in pending.blocks():
        outcomes, weak = block.outcomes(), block.cells("weak", ())
        for scheme, cells in block.keys().items():
            for at, value in enumerate(cells):
                if value is not None and outcomes[at] == _CREATED and scheme not in weak[at]:
                    yield row_id + at, scheme, value


def _named(pending: Pending, ids: Iterable[int]) -> list[tuple[str, int, str]]:
    """(sheet, row, label) of rows, in the order of `ids`."""
    wanted = list(ids)
    found = {}
    for first, _, block in pending.blocks():
        for row_id in wanted:
            if first <= row_id < first + len(block):
                at = row_id - first
                found[row_id] = (block.sheet, block.rows[at], label_of(block.row(at)))
    return [found[row_id] for row_id in wanted]
