"""The queue of imports for the background: put in, seen, stopped.

What a task is stands in the database; how far it is, whose it is and whether it is to stop stands in the work
room's progress, which can be written while an apply holds the database.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, insert, select
from sqlmodel import Session

from tracker.db import new_id, reading, table_of, transaction
from tracker.identity.audit import record as audit
from tracker.identity.errors import Conflict, NotFound
from tracker.identity.models import Agency
from tracker.identity.queries import get_agency_by_code
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.batch_queries import get_batch
from tracker.inventory.mappings import check_mapping
from tracker.inventory.models import BatchState, ImportBatch
from tracker.inventory.source_models import UpdatePolicy
from tracker.inventory.sources import Choices
from tracker.inventory.task_models import ImportTask, TaskKind, TaskState
from tracker.inventory.uploads import drop_upload, keep_upload
from tracker.settings import Settings
from tracker.work import progress
from tracker.work.progress import ProgressView

_task, _agency, _batch = table_of(ImportTask), table_of(Agency), table_of(ImportBatch)
OPEN = (TaskState.WAITING, TaskState.RUNNING)
_COLUMNS = ("id", "agency_id", "kind", "state", "filename", "stored", "batch_id", "choices", "user_id", "actor",
            "attempt", "created_at", "started_at", "finished_at", "error_code", "error")  # fmt: skip


@dataclass(frozen=True, slots=True)
class TaskView:
    """An import in the background, with how far it is."""

    id: int
    agency_id: int
    kind: str
    state: str
    filename: str
    stored: str | None
    batch_id: int | None
    choices: Mapping[str, object]
    user_id: int | None
    actor: str
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None
    error: str | None
    agency_code: str
    progress: ProgressView = dataclasses.field(default_factory=ProgressView)

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN


def subject_of(task_id: int) -> str:
    """The name of a task in the work room."""
    return f"import-{task_id}"


def choices_json(choices: Choices) -> dict[str, object]:
    """Choices as they are stored with a task."""
    return {**dataclasses.asdict(choices), "mapping": dict(choices.mapping), "policy": choices.policy.value}


def choices_of(stored: Mapping[str, object]) -> Choices:
    """The choices that `choices_json` stored."""
    mapping = stored.get("mapping")
    flags = {name: bool(stored.get(name)) for name in _FLAGS}
    return Choices(
        mapping=dict(mapping) if isinstance(mapping, Mapping) else {},
        policy=UpdatePolicy(str(stored["policy"])),
        **flags,
    )


_FLAGS = tuple(one.name for one in dataclasses.fields(Choices) if one.name not in ("mapping", "policy"))


def is_large_file(settings: Settings, path: Path) -> bool:
    """Whether a file is read in the background unasked."""
    return path.stat().st_size >= settings.import_job_bytes


def is_large_batch(settings: Settings, rows: int) -> bool:
    """Whether so many rows are applied in the background unasked."""
    return rows >= settings.import_job_rows


def queue_preview(
    engine: Engine,
    principal: Principal,
    path: Path,
    filename: str,
    agency_code: str,
    now: datetime,
    *,
    settings: Settings,
    choices: Choices,
) -> TaskView:
    """Keep the file at `path` and let it be read in the background.

    Raises:
        NotFound: no such agency where `principal` may import.
        Invalid: the mapping names a field that does not exist.
        Conflict: the file is too large to be kept.
    """
    choices = dataclasses.replace(choices, mapping=check_mapping(choices.mapping))
    with reading(engine) as session:
        agency = get_agency_by_code(session, principal, agency_code, Permission.IMPORT)
    stored = keep_upload(settings, path, now)
    if stored is None:
        raise Conflict("file-not-kept", "the file is too large to be kept until it is read")
    told = {
        "kind": TaskKind.PREVIEW,
        "filename": filename,
        "stored": stored,
        "choices": choices_json(choices),
    }
    try:
        with transaction(engine) as session:
            task_id = _add(session, principal, agency.id, told, now)
    except BaseException:
        drop_upload(settings, stored)
        raise
    return get_task(engine, principal, task_id)


def queue_apply(
    engine: Engine, principal: Principal, batch_id: int, now: datetime, *, confirmed: bool = False
) -> TaskView:
    """Let a previewed batch be applied in the background; asked for twice it is one task.

    Raises:
        NotFound: no such batch where `principal` may import.
        Conflict: the batch is not previewed.
    """
    with transaction(engine) as session:
        batch = get_batch(session, principal, batch_id, Permission.IMPORT)
        if batch.state != BatchState.PREVIEWED:
            raise Conflict(
                "batch-not-previewed",
                f"import batch {batch_id} ({batch.filename}) is {batch.state}; only a previewed one can be applied",
                state=str(batch.state),
            )
        waiting = select(_task.c.id).where(
            _task.c.batch_id == batch_id, _task.c.kind == TaskKind.APPLY, _task.c.state.in_(OPEN)
        )
        task_id = session.execute(waiting).scalar()
        if task_id is None:
            owner = select(_batch.c.agency_id).where(_batch.c.id == batch_id)
            told = {"kind": TaskKind.APPLY, "filename": batch.filename, "batch_id": batch_id,
                    "choices": {"confirmed": confirmed}}  # fmt: skip
            task_id = _add(session, principal, session.execute(owner).scalar_one(), told, now)
    return get_task(engine, principal, task_id)


def _add(
    session: Session, principal: Principal, agency_id: int, told: Mapping[str, object], now: datetime
) -> int:
    task_id = new_id(session)
    values = {"agency_id": agency_id, "id": task_id, "state": TaskState.WAITING, "user_id": principal.user_id,
              "actor": principal.name, "attempt": 0, "created_at": now, **told}  # fmt: skip
    session.execute(insert(_task).values(values))
    detail: dict[str, object] = {"kind": str(told["kind"]), "filename": told["filename"]}
    audit(session, principal, "import-queued", "import_task", task_id, agency_id, detail, now)
    return task_id


def list_tasks(
    engine: Engine,
    principal: Principal,
    *,
    only_open: bool = False,
    limit: int = 50,
    after: int | None = None,
) -> list[TaskView]:
    """Imports in the background of the principal's agencies, newest first, with their progress. Two statements."""
    wanted = _seen(principal).order_by(_task.c.id.desc()).limit(limit)
    if only_open:
        wanted = wanted.where(_task.c.state.in_(OPEN))
    if after is not None:
        wanted = wanted.where(_task.c.id < after)
    with reading(engine) as session:
        found = [TaskView(**row) for row in session.execute(wanted).mappings()]
    return _with_progress(engine, found)


def get_task(
    engine: Engine, principal: Principal, task_id: int, permission: Permission = Permission.VIEW
) -> TaskView:
    """One import in the background. Two statements.

    Raises:
        NotFound: there is none of this number where `principal` has `permission`.
    """
    with reading(engine) as session:
        row = (
            session.execute(_seen(principal, permission).where(_task.c.id == task_id))
            .mappings()
            .one_or_none()
        )
    if row is None:
        raise NotFound("task-not-found", f"there is no import job {task_id}")
    return _with_progress(engine, [TaskView(**row)])[0]


def _seen(principal: Principal, permission: Permission = Permission.VIEW):  # type: ignore[no-untyped-def]
    columns = (*(_task.c[name] for name in _COLUMNS), _agency.c.code.label("agency_code"))
    joined = _task.join(_agency, _agency.c.id == _task.c.agency_id)
    return (
        select(*columns).select_from(joined).where(in_scope(_task.c.agency_id, principal.scope(permission)))
    )


def _with_progress(engine: Engine, tasks: list[TaskView]) -> list[TaskView]:
    told = progress.find_progress(engine, [subject_of(task.id) for task in tasks if task.is_open])
    return [
        dataclasses.replace(task, progress=told.get(subject_of(task.id), ProgressView())) for task in tasks
    ]


def cancel_task(engine: Engine, principal: Principal, task_id: int) -> TaskView:
    """Ask a task to stop: what it did so far is taken back. Nothing happens to one that has ended.

    Waits for no transaction: the one who runs the task, or takes it next, ends and records it.

    Raises:
        NotFound: there is none of this number where `principal` may import.
    """
    task = get_task(engine, principal, task_id, Permission.IMPORT)
    if task.is_open:
        progress.ask_to_stop(engine, subject_of(task_id), principal.name)
    return get_task(engine, principal, task_id)
