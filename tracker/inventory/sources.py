"""What a batch was previewed from and how: stored beside it, read by its apply and by a second look at the file."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import Conflict, NotFound
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.source_models import BatchSource, UpdatePolicy
from tracker.inventory.uploads import find_upload, keep_upload, name_on_disk
from tracker.settings import Settings

log = logging.getLogger(__name__)
_source = table_of(BatchSource)


@dataclass(frozen=True, slots=True)
class Choices:
    """How a file is to be read and what it may change. `mapping` is {source header: field}."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    near_it: bool = False
    other: bool = False
    policy: UpdatePolicy = UpdatePolicy.UPDATE
    #: Whether a blank cell clears a value.
    clear_blanks: bool = False


@dataclass(frozen=True, slots=True)
class SourceView:
    """The choices of a batch; `stored` is its file's name among the kept ones, `retiring` how many assets
    that no row means its apply retires."""

    stored: str | None
    choices: Choices
    retiring: int


def note_source(
    session: Session, agency_id: int, batch_id: int, choices: Choices, stored: str | None, retiring: int = 0
) -> None:
    """Store how a batch was previewed. One statement."""
    values = {
        "agency_id": agency_id, "batch_id": batch_id, "stored": stored, "mapping": dict(choices.mapping),
        "near_it": choices.near_it, "other": choices.other, "policy": choices.policy.value,
        "retiring": retiring, "clear_blanks": choices.clear_blanks,
    }  # fmt: skip
    session.execute(insert(_source).values(values))


def get_source(
    session: Session, principal: Principal, batch_id: int, permission: Permission = Permission.VIEW
) -> SourceView:
    """How the batch was previewed. One statement.

    Raises:
        NotFound: there is no such batch where `principal` has `permission`.
    """
    names = ("stored", "retiring", "mapping", "near_it", "other", "policy", "clear_blanks")
    seen = in_scope(_source.c.agency_id, principal.scope(permission))
    query = select(*(_source.c[name] for name in names)).where(_source.c.batch_id == batch_id, seen)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("batch-not-found", f"there is no import batch {batch_id}")
    choices = Choices(row.mapping, row.near_it, row.other, UpdatePolicy(row.policy), row.clear_blanks)
    return SourceView(row.stored, choices, row.retiring)


def keep_source(settings: Settings, path: Path, now: datetime) -> str | None:
    """Keep the file for a second look; None where that cannot be done: the preview does not depend on it."""
    try:
        return keep_upload(settings, path, now)
    except OSError as error:
        log.warning("an uploaded file could not be kept: %s", error)
        return None


@contextmanager
def kept_file(settings: Settings, stored: str | None, filename: str) -> Iterator[Path]:
    """The kept file under the name that its sender gave it: sheets of a csv file are named after it.

    Raises:
        Conflict: the file is not kept any more.
    """
    found = find_upload(settings, stored)
    if found is None:
        raise Conflict("file-gone", "the uploaded file is not kept any more; upload it again")
    with tempfile.TemporaryDirectory(prefix="tracker-again-") as folder:
        path = Path(folder) / name_on_disk(filename)
        path.symlink_to(found)
        yield path
