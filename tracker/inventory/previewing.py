"""Writing a read file as a batch in state 'previewed': its rows, its distinct titles, its counts.

One transaction, a fixed number of statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text
from sqlmodel import Session

from tracker.db import insert_rows, reserve_ids
from tracker.db.conventions import BigInt
from tracker.inventory.comparing import Compared, Found, compare, find_assets, has_names
from tracker.inventory.keys import KeyPolicy
from tracker.inventory.models import BatchState, BatchTitle, ImportBatch, RowOutcome
from tracker.inventory.spool import Spool
from tracker.inventory.staging import Collected, find_rejected, note_held_names, note_nameless

#: The table batch_row with its JSON columns as text: the rows are encoded before they come here.
_row = Table(
    "batch_row",
    MetaData(),
    *(Column(name, BigInt) for name in ("agency_id", "id", "batch_id", "row", "asset_id", "row_version")),
    *(Column(name, Text) for name in ("sheet", "outcome", "label", "reason", "record", "diff")),
)
_CREATED = RowOutcome.CREATED.value
_ROW_COLUMNS = ("agency_id", "id", "batch_id", "sheet", "row", "outcome", "asset_id", "row_version", "label",
                "reason", "record", "diff")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What is remembered of an uploaded file and of how it was understood."""

    filename: str
    sha256: str
    size_bytes: int
    format: str
    sheets: list[dict[str, object]]


def stage(
    session: Session,
    agency_id: int,
    source: SourceFile,
    collected: Collected,
    policy: KeyPolicy,
    actor: str,
    now: datetime,
) -> int:
    """Find, compare and write the batch; returns its id."""
    rejected = find_rejected(collected)
    note_nameless(collected)
    found = Found()
    compared: Spool[Compared]
    with Spool() as compared:
        if has_names(session, agency_id):
            found = find_assets(session, agency_id, collected, rejected, policy)
            note_held_names(collected, found.held)
            compare(session, agency_id, collected, found, compared)
        batch_id, first = _reserve(session, collected)
        batch = ImportBatch(
            agency_id=agency_id, id=batch_id, filename=source.filename, sha256=source.sha256,
            size_bytes=source.size_bytes, format=source.format, state=BatchState.PREVIEWED, actor=actor,
            created_at=now, sheets=source.sheets, problems=collected.problems,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        _write_titles(session, batch, collected)
        outcomes: Counter[str] = Counter()
        rows = _rows(collected, rejected, found, iter(compared), outcomes)
        insert_rows(session, _row, _ROW_COLUMNS, _numbered(rows, agency_id, batch_id, first))
        for outcome in RowOutcome:
            setattr(batch, outcome.value, outcomes[outcome.value])
        session.add(batch)
        session.flush()
    return batch_id


def _reserve(session: Session, collected: Collected) -> tuple[int, tuple[int, int]]:
    """The batch's id, and the first ids of its rows and of the assets that its rows may create."""
    count = collected.spool.count
    ids = reserve_ids(session, 1 + 2 * count)
    return ids.start, (ids.start + 1, ids.start + 1 + count)


def _write_titles(session: Session, batch: ImportBatch, collected: Collected) -> None:
    columns = ("agency_id", "batch_id", "n", "kind", "publisher", "name", "version")
    rows = ((batch.agency_id, batch.id, n, *title) for title, n in collected.titles.items())
    insert_rows(session, BatchTitle, columns, rows)


#: (sheet, row, outcome, asset id, row version, label, reason, record, diff)
_Row = tuple[Any, ...]


def _rows(
    collected: Collected,
    rejected: Mapping[int, str],
    found: Found,
    compared: Iterator[Compared],
    outcomes: Counter[str],
) -> Iterator[_Row]:
    """What becomes of every row, in order; counts outcomes. A created row has no asset id yet."""
    for n, (sheet, row, outcome, label, reason, record, _) in enumerate(collected.spool):
        asset_id = version = diff = None
        if n in rejected:
            outcome, reason, record = RowOutcome.REJECTED.value, rejected[n], None  # noqa: PLW2901
        elif n in found.assets:
            _, asset_id, version, outcome, diff, record = next(compared)  # noqa: PLW2901
        elif n in found.held and record is not None:
            # Names that belong to other assets do not find anything, and do not stand in the way of the apply.
            record = f'{record[:-1]},"weak":",{",".join(found.held[n])},"}}'  # noqa: PLW2901
        outcomes[outcome] += 1
        yield sheet, row, outcome, asset_id, version, label, reason, record, diff


def _numbered(rows: Iterator[_Row], agency_id: int, batch_id: int, first: tuple[int, int]) -> Iterator[_Row]:
    first_row, next_asset = first
    for at, (sheet, row, outcome, asset_id, *rest) in enumerate(rows, start=first_row):
        if outcome == _CREATED:
            asset_id = next_asset  # noqa: PLW2901
            next_asset += 1
        yield agency_id, at, batch_id, sheet, row, outcome, asset_id, *rest
