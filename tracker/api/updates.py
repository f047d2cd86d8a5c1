"""Updates of the catalogue: from an address at once, or shown first and applied afterwards."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from tracker.api.access import Caller, Clock, Configured, Database
from tracker.api.problems import problems
from tracker.catalogue import actions
from tracker.catalogue.schemas import SyncResult

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
    source = wanted.source or settings.catalogue.source
    result = actions.sync(
        engine,
        caller,
        source,
        clock.now,
        settings.catalogue,
        dry_run=wanted.dry_run,
        allow_older=wanted.allow_older,
    )
    return Unchanged(source=source) if result is None else result
