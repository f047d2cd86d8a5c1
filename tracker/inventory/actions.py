"""What can be done with what agencies own: preview, apply and undo a file; edit an asset; match titles."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, update
from sqlmodel import Session

import importers
from importers.rows import Limits, Record, RefusedFile, SheetInfo, Skipped
from tracker.db import reading, table_of, transaction
from tracker.identity.audit import record as audit
from tracker.identity.errors import Conflict, Refused
from tracker.identity.queries import get_agency_by_code
from tracker.identity.rules import Permission
from tracker.identity.schemas import AgencyView, Principal
from tracker.inventory.applying import Applied, resolve_titles, update_assets
from tracker.inventory.batch_queries import get_batch
from tracker.inventory.collecting import collect, uncollected
from tracker.inventory.creating import create_assets
from tracker.inventory.editing import update_asset
from tracker.inventory.key_policy import load_key_policy
from tracker.inventory.locking import lock_inventory, writer_turn
from tracker.inventory.lookalikes import names_of, point_out
from tracker.inventory.mappings import check_mapping, load_mapping, remember
from tracker.inventory.matching import match_new, match_titles
from tracker.inventory.models import BatchState, ImportBatch
from tracker.inventory.pending import find_changed_rows, pending_rows
from tracker.inventory.previewing import SourceFile, stage
from tracker.inventory.renaming import open_batches
from tracker.inventory.replacing import check_confirmed, propose_retirements, retire_missing
from tracker.inventory.schemas import BatchView, UndoReport
from tracker.inventory.source_models import UpdatePolicy
from tracker.inventory.sources import Choices, get_source, keep_source, kept_file, note_source
from tracker.inventory.spool import Spool
from tracker.inventory.staging import Collected, Wanted, note_agencies, note_skipped, problem_of
from tracker.inventory.suggestions import load_names
from tracker.inventory.undoing import undo_batch
from tracker.inventory.unknown_names import queue_unknown_names
from tracker.inventory.watching import UNWATCHED, Phase, Watch, watched_batches
from tracker.settings import Settings

__all__ = [
    "apply",
    "match_titles",
    "preview",
    "preview_again",
    "preview_kept",
    "preview_records",
    "undo",
    "update_asset",
]

_batch = table_of(ImportBatch)
_NAMED = 20
#: How often an apply goes through the rows: assets, names, a count of titles, installations, history.
_PASSES = 5


def preview(
    engine: Engine,
    principal: Principal,
    path: Path,
    filename: str,
    agency_code: str,
    now: datetime,
    *,
    settings: Settings,
    include_near_it: bool = False,
    include_other: bool = False,
    mapping: Mapping[str, str] | None = None,
    policy: UpdatePolicy = UpdatePolicy.UPDATE,
    clear_blanks: bool = False,
) -> BatchView:
    """Read the file at `path` and store what it would change; assets stay as they are.

    The file is read without any lock held; what it would change is found and stored in one transaction.
    `mapping` ({source header: field}) outranks what the agency remembers, and that what would be guessed.
    `policy` says what may become of assets that are held; with `clear_blanks` a blank cell clears a value.

    Raises:
        NotFound: no such agency where `principal` may import.
        Invalid: the mapping names a field that does not exist.
        Refused: the file cannot be used; nothing was written.
    """
    choices = Choices(check_mapping(mapping or {}), include_near_it, include_other, policy, clear_blanks)
    return _preview(engine, principal, path, filename, agency_code, now, settings, choices)


def preview_again(
    engine: Engine,
    principal: Principal,
    batch_id: int,
    mapping: Mapping[str, str],
    now: datetime,
    *,
    settings: Settings,
) -> BatchView:
    """Read the file of a batch again, its choices and `mapping` added: a new preview beside the old one.

    Raises:
        NotFound: no such batch where `principal` may import.
        Conflict: the file is not kept any more.
        Invalid: the mapping names a field that does not exist.
        Refused: the file cannot be used in this way; nothing was written.
    """
    with reading(engine) as session:
        batch = get_batch(session, principal, batch_id, Permission.IMPORT)
        source = get_source(session, principal, batch_id, Permission.IMPORT)
    chosen = {**source.choices.mapping, **check_mapping(mapping)}
    choices = dataclasses.replace(source.choices, mapping=chosen)
    with kept_file(settings, source.stored, batch.filename) as path:
        return _preview(engine, principal, path, batch.filename, batch.agency_code, now, settings, choices)


def preview_kept(
    engine: Engine,
    principal: Principal,
    stored: str | None,
    filename: str,
    agency_code: str,
    now: datetime,
    *,
    settings: Settings,
    choices: Choices,
    watch: Watch = UNWATCHED,
) -> BatchView:
    """Read a kept file as `preview` does, and tell `watch` how far that is.

    Raises:
        NotFound: no such agency where `principal` may import.
        Conflict: the file is not kept any more.
        Refused: the file cannot be used; nothing was written.
    """
    with kept_file(settings, stored, filename) as path:
        return _preview(engine, principal, path, filename, agency_code, now, settings, choices, stored, watch)


def _preview(
    engine: Engine,
    principal: Principal,
    path: Path,
    filename: str,
    agency_code: str,
    now: datetime,
    settings: Settings,
    choices: Choices,
    stored: str | None = None,
    watch: Watch = UNWATCHED,
) -> BatchView:
    agency = _find_agency(engine, principal, agency_code)
    limits = Limits(**dict(settings.import_limits))
    with reading(engine) as session:
        mapping = {**load_mapping(session, agency.id), **choices.mapping}
        names = load_names(session, agency.id)
    wanted = Wanted(choices.near_it, choices.other, choices.clear_blanks)
    policy = load_key_policy()
    try:
        with uncollected(), Spool() as spool, importers.read(path, mapping=mapping, limits=limits) as file:
            batches, taken = open_batches(file, wanted, names, policy)
            collected = collect(watched_batches(batches, watch), taken, policy, spool)
            collected.problems.extend(problem_of(problem) for problem in file.problems)
            note_skipped(collected, file.skipped)
            source = _source(path, filename, file.format, file.sheets)
            stored = stored or keep_source(settings, path, now)
            return _store(engine, principal, agency, source, collected, now, choices, stored, watch)
    except RefusedFile as error:
        raise Refused(error.code, f"{filename}: {error.message}", filename=filename) from error


def preview_records(
    engine: Engine,
    principal: Principal,
    records: Iterable[Record],
    filename: str,
    agency_code: str,
    now: datetime,
    *,
    skipped: Iterable[Skipped] = (),
    wanted: Wanted = Wanted(False, False),  # noqa: B008 - frozen
    policy: UpdatePolicy = UpdatePolicy.UPDATE,
) -> BatchView:
    """Store what `records` would change, as `preview` does with those of a file."""
    agency = _find_agency(engine, principal, agency_code)
    with Spool() as spool:
        collected = collect([records], wanted, load_key_policy(), spool)
        note_skipped(collected, skipped)
        source = SourceFile(filename, "", 0, "records", [])
        choices = Choices({}, wanted.include_near_it, wanted.include_other, policy, wanted.clear_blanks)
        return _store(engine, principal, agency, source, collected, now, choices)


def _find_agency(engine: Engine, principal: Principal, code: str) -> AgencyView:
    with reading(engine) as session:
        return get_agency_by_code(session, principal, code, Permission.IMPORT)


def _source(path: Path, filename: str, kind: str, sheets: Iterable[SheetInfo]) -> SourceFile:
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    described = [dataclasses.asdict(sheet) for sheet in sheets]
    return SourceFile(filename, digest, path.stat().st_size, kind, described)


def _store(
    engine: Engine,
    principal: Principal,
    agency: AgencyView,
    source: SourceFile,
    collected: Collected,
    now: datetime,
    choices: Choices,
    stored: str | None = None,
    watch: Watch = UNWATCHED,
) -> BatchView:
    note_agencies(collected, (agency.code, agency.name))
    with writer_turn(engine), transaction(engine) as session:
        add_only = choices.policy == UpdatePolicy.ADD_ONLY
        names = names_of(packed.block() for packed in collected.spool.packed())
        collected.problems.extend(point_out(session, principal, agency.id, names))
        batch_id = stage(
            session, agency.id, source, collected, load_key_policy(), principal.name, now,
            add_only=add_only, watch=watch,
        )  # fmt: skip
        batch = get_batch(session, principal, batch_id, Permission.IMPORT)
        found = batch.updated + batch.unchanged > 0
        retiring = propose_retirements(session, agency.id, batch_id, choices, any_found=found)
        note_source(session, agency.id, batch_id, choices, stored, retiring)
        _audit(session, principal, "import-previewed", agency.id, batch, now)
        watch.settle(session, batch_id)
        return batch


def _audit(
    session: Session, principal: Principal, action: str, agency_id: int, batch: BatchView, now: datetime
) -> None:
    counts = ("filename", "created", "updated", "unchanged", "skipped", "rejected")
    detail: dict[str, object] = {name: getattr(batch, name) for name in counts}
    audit(session, principal, action, "import_batch", batch.id, agency_id, detail, now)


def _take(
    session: Session, principal: Principal, batch_id: int, wanted: BatchState, new: BatchState, now: datetime
) -> Applied:
    """Move the batch from one state to the next, and hold the agency's inventory until the end.

    Two writers to one agency wait for each other here: what is compared afterwards stays true.

    Raises:
        NotFound: no such batch where `principal` may import.
        Conflict: the batch is not in state `wanted`.
    """
    batch = get_batch(session, principal, batch_id, Permission.IMPORT)
    stamp = {BatchState.APPLIED: "applied_at", BatchState.UNDONE: "undone_at"}[new]
    moving = update(_batch).where(_batch.c.id == batch_id, _batch.c.state == wanted)
    moved = session.execute(moving.values({"state": new, stamp: now}).returning(_batch.c.agency_id)).first()
    if moved is None:
        state = get_batch(session, principal, batch_id, Permission.IMPORT).state
        raise Conflict(
            f"batch-not-{wanted}",
            f"import batch {batch_id} ({batch.filename}) is {state}; only a {wanted} one can become {new}",
            state=str(state),
        )
    lock_inventory(session, moved.agency_id)
    return Applied(moved.agency_id, batch_id, principal.name, now)


def apply(
    engine: Engine,
    principal: Principal,
    batch_id: int,
    now: datetime,
    *,
    confirmed: bool = False,
    retire_pct: int = 5,
    watch: Watch = UNWATCHED,
) -> BatchView:
    """Apply exactly what was previewed, in one transaction: all of it or nothing.

    A replacement that retires more than `retire_pct` percent of the agency's assets must be `confirmed`.

    Raises:
        NotFound: no such batch where `principal` may import.
        Conflict: the batch is not previewed, an asset changed since (the message names the rows), or a
            confirmation is needed.
    """
    with writer_turn(engine), transaction(engine) as session:
        applied = _take(session, principal, batch_id, BatchState.PREVIEWED, BatchState.APPLIED, now)
        source = get_source(session, principal, batch_id, Permission.IMPORT)
        rejected = get_batch(session, principal, batch_id, Permission.IMPORT).rejected
        check_confirmed(session, applied, source.retiring, rejected, retire_pct, confirmed=confirmed)
        watch.begin(Phase.CHECKING)
        with uncollected(), pending_rows(session, applied) as pending:
            pending.spool.when_read = watch.advance
            changed = find_changed_rows(session, applied, pending, _NAMED)
            if changed:
                raise _rows_changed(changed)
            resolve_titles(session, applied)
            watch.begin(Phase.WRITING, pending.spool.count, _PASSES)
            create_assets(session, applied, pending)
            if pending.has_held_rows:
                watch.advance(0)
                update_assets(session, applied)
        source = get_source(session, principal, batch_id, Permission.IMPORT)
        if source.retiring:
            retire_missing(session, applied)
        remember(session, principal, applied.agency_id, source.choices.mapping, now)
        batch = get_batch(session, principal, batch_id, Permission.IMPORT)
        _audit(session, principal, "import-applied", applied.agency_id, batch, now)
        watch.settle(session, batch_id)
    queue_unknown_names(engine, applied.agency_id, now)
    match_new(engine, now)
    return batch


def _rows_changed(changed: list[tuple[str, int, str]]) -> Conflict:
    named = "; ".join(f"sheet {sheet} row {row} ({label})" for sheet, row, label in changed[:_NAMED])
    rows = [{"sheet": sheet, "row": row, "label": label} for sheet, row, label in changed]
    return Conflict(
        "rows-changed",
        f"assets changed since the preview, so nothing was applied; preview the file again: {named}",
        rows=rows,
    )


def undo(engine: Engine, principal: Principal, batch_id: int, now: datetime) -> UndoReport:
    """Take an applied batch back: earlier values return, created assets are withdrawn, later edits are kept.

    Raises:
        NotFound: no such batch where `principal` may import.
        Conflict: the batch is not applied.
    """
    with writer_turn(engine), transaction(engine) as session:
        undone = _take(session, principal, batch_id, BatchState.APPLIED, BatchState.UNDONE, now)
        result = undo_batch(session, undone)
        summary = dataclasses.asdict(result)
        session.execute(update(_batch).where(_batch.c.id == batch_id).values(undo_report=summary))
        batch = get_batch(session, principal, batch_id, Permission.IMPORT)
        _audit(session, principal, "import-undone", undone.agency_id, batch, now)
        return UndoReport(batch, result.restored, result.withdrawn, result.kept)
