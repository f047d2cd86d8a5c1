"""Writing a read file as a batch in state 'previewed': its rows, its distinct titles, its counts.

One transaction, a fixed number of statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from tracker.db import insert_rows, reserve_ids
from tracker.inventory.blocks import StagedBlock, label_of
from tracker.inventory.comparing import Found, compare, find_assets, has_names
from tracker.inventory.keys import KeyPolicy
from tracker.inventory.models import BatchBlock, BatchState, BatchTitle, ImportBatch, RowOutcome
from tracker.inventory.spool import Spool
from tracker.inventory.staging import Collected, find_rejected, note_held_names, note_nameless
from tracker.inventory.watching import UNWATCHED, Phase, Watch

_BLOCK_COLUMNS = ("agency_id", "id", "batch_id", "rows", "first_asset_id", "installations",
                  *(outcome.value for outcome in RowOutcome), "payload")  # fmt: skip

#: How often all rows are gone through where they are compared: names, what is held, what becomes of them.
_PASSES = 3
#: Why a row is skipped that means an asset where only new ones are added.
HELD = "already-held"


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
    *,
    add_only: bool = False,
    watch: Watch = UNWATCHED,
) -> int:
    """Find, compare and write the batch; returns its id. With `add_only`, rows that mean an asset are skipped."""
    rejected = find_rejected(collected)
    note_nameless(collected)
    found = Found()
    with Spool() as settled:
        spool = collected.spool
        known = has_names(session, agency_id)
        watch.begin(Phase.MATCHING, spool.count, _PASSES if known else 1)
        spool.when_read = watch.advance
        if known:
            found = find_assets(session, agency_id, collected, rejected, policy)
            note_held_names(collected, found.held)
        if known or rejected:
            _settle(session, agency_id, collected, rejected, found, settled, add_only=add_only)
            spool = settled
        watch.begin(Phase.WRITING, spool.count)
        spool.when_read = watch.advance
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
        insert_rows(session, BatchBlock, _BLOCK_COLUMNS, _rows(spool, batch, first, outcomes))
        for outcome in RowOutcome:
            setattr(batch, outcome.value, outcomes[outcome.value])
        session.add(batch)
        session.flush()
    return batch_id


def _settle(
    session: Session,
    agency_id: int,
    collected: Collected,
    rejected: Mapping[int, str],
    found: Found,
    settled: Spool,
    *,
    add_only: bool,
) -> None:
    """Spool again what was spooled, with what becomes of each row."""
    compared = compare(session, agency_id, collected, found) if found.assets and not add_only else iter(())
    ready = next(compared, None)
    for packed in collected.spool.packed():
        block = None
        if ready is not None and ready[0] == packed.first:
            block = ready[1]
            ready = next(compared, None)
        numbers = range(packed.first, packed.first + packed.rows)
        set_aside = {n - packed.first: rejected[n] for n in numbers if n in rejected}
        left = {n - packed.first: HELD for n in numbers if n in found.assets} if add_only else {}
        weak = {n - packed.first: found.held[n] for n in numbers if n in found.held and n not in found.assets}
        if block is None and not set_aside and not left and not weak:
            settled.add_packed(packed)
            continue
        block = block or packed.block()
        # Names that belong to other assets do not find anything, and do not stand in the way of the apply.
        block.put("weak", weak)
        _set_aside(block, set_aside, RowOutcome.REJECTED)
        _set_aside(block, left, RowOutcome.SKIPPED)
        settled.add_block(block)


def _set_aside(block: StagedBlock, reasons: Mapping[int, str], outcome: RowOutcome) -> None:
    """Nothing is kept of a rejected or skipped row but its label and why."""
    if not reasons:
        return
    labels = {at: label_of(block.row(at)) for at in reasons}
    blank = dict.fromkeys(reasons)
    for name in [name for name in block.columns if name not in ("reason", "label", "outcome")]:
        block.put(name, blank)
    block.put("outcome", dict.fromkeys(reasons, outcome.value))
    block.put("reason", reasons)
    block.put("label", labels)


def _reserve(session: Session, collected: Collected) -> tuple[int, tuple[int, int]]:
    """The batch's id, and the first ids of its rows and of the assets that its rows may create."""
    count = collected.spool.count
    ids = reserve_ids(session, 1 + 2 * count)
    return ids.start, (ids.start + 1, ids.start + 1 + count)


def _write_titles(session: Session, batch: ImportBatch, collected: Collected) -> None:
    columns = ("agency_id", "batch_id", "n", "kind", "publisher", "name", "version")
    rows = ((batch.agency_id, batch.id, n, *title) for title, n in collected.titles.items())
    insert_rows(session, BatchTitle, columns, rows)


def _rows(
    spool: Spool, batch: ImportBatch, first: tuple[int, int], outcomes: Counter[str]
) -> Iterator[tuple[Any, ...]]:
    """The rows of batch_block; counts outcomes."""
    for packed in spool.packed():
        outcomes.update(packed.counts)
        yield (
            batch.agency_id, first[0] + packed.first, batch.id, packed.rows, first[1] + packed.first,
            packed.installations, *(packed.counts[outcome.value] for outcome in RowOutcome), packed.text,
        )  # fmt: skip
