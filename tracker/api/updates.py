"""Updates of the catalogue: from an address at once, or shown first and applied afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, File, UploadFile, status
from pydantic import BaseModel, ConfigDict, Field

from tracker.api.access import Caller, Clock, Configured, Database, Id, ReadSession
from tracker.api.files import held_upload, plain_name
from tracker.api.problems import problems
from tracker.budgeting.consequences import propose_update
from tracker.catalogue import actions, offers
from tracker.catalogue.offers import ProposalView
from tracker.catalogue.schemas import SyncResult
from tracker.db import reading

router = APIRouter(prefix="/catalogue", tags=["catalogue"])


class SyncWanted(BaseModel):
    """Where to read the facts from: an https address of endoflife.date's /products/full, of CISA's list or of a
    signed bundle; absent, TRACKER_CATALOGUE_SOURCE. `allow_older` takes facts older than those held too."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str | None = Field(default=None, pattern="^https://", max_length=1_000)
    dry_run: bool = False
    allow_older: bool = False


class Unchanged(BaseModel):
    """The server says that nothing has changed since what was taken last; nothing was written."""

    source: str
    not_modified: Literal[True] = True
    written: Literal[False] = False


@router.post("/sync", responses=problems(409))
def sync_catalogue(
    engine: Database,
    settings: Configured,
    caller: Caller,
    clock: Clock,
    wanted: Annotated[SyncWanted, Body(openapi_examples={"look": {"value": {"dry_run": True}}})],
) -> SyncResult | Unchanged:
    """Bring the catalogue up to date and say what changed; with `dry_run` nothing is written."""
    # Whoever asks waits: trying again is theirs to decide.
    once = replace(settings.catalogue, tries=1)
    source = wanted.source or once.source
    result = actions.sync(
        engine,
        caller,
        source,
        clock.now,
        once,
        dry_run=wanted.dry_run,
        allow_older=wanted.allow_older,
    )
    return Unchanged(source=source) if result is None else result


class Update(BaseModel):
    """An update that waits to be applied. `result` is what a sync with it would change, `consequences` what
    that does to assets and findings of agencies, `plans` to the needs of saved plans by year."""

    id: int
    name: str
    made_by: str
    made_at: datetime
    result: dict[str, Any]
    consequences: dict[str, Any]
    plans: list[dict[str, Any]]


def _update(found: ProposalView) -> Update:
    return Update(id=found.id, name=found.name, made_by=found.made_by, made_at=found.made_at, **found.shown)


@router.post("/updates", status_code=status.HTTP_201_CREATED, responses=problems(409, 413))
def propose_catalogue_update(
    engine: Database,
    settings: Configured,
    caller: Caller,
    clock: Clock,
    file: Annotated[
        UploadFile | None,
        File(description="A signed bundle, or JSON of a source; absent: TRACKER_CATALOGUE_SOURCE is asked."),
    ] = None,
) -> Update:
    """Say what an update would change, and keep it for a day to be applied; the catalogue stays as it is."""
    actions.need_admin(caller)
    if file is None:
        once = replace(settings.catalogue, tries=1)
        offer = actions.fetch(engine, caller, once.source, once, anew=True)
    else:
        with held_upload(file, settings.import_limits["upload_bytes"]) as path:
            offer = offers.read_offer(plain_name(file.filename), path.read_bytes(), settings.catalogue)
    assert offer is not None, "without validators there is always an answer"
    number = propose_update(engine, caller, offer, clock.today, clock.now)
    with reading(engine) as session:
        return _update(offers.get_proposal(session, number))


@router.get("/updates/{update}", responses=problems(404))
def get_catalogue_update(session: ReadSession, caller: Caller, update: Id) -> Update:
    """An update that waits."""
    actions.need_admin(caller)
    return _update(offers.get_proposal(session, update))


@router.post("/updates/{update}/apply", responses=problems(404, 409))
def apply_catalogue_update(
    engine: Database, settings: Configured, caller: Caller, clock: Clock, update: Id
) -> SyncResult:
    """Apply exactly what was shown; 409 where the catalogue has changed since."""
    return actions.apply_proposal(engine, caller, update, clock.now, settings.catalogue)


@router.delete("/updates/{update}", status_code=status.HTTP_204_NO_CONTENT)
def discard_catalogue_update(engine: Database, caller: Caller, update: Id) -> None:
    """Let an update wait no more."""
    actions.discard_proposal(engine, caller, update)
