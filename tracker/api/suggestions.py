"""Names that nobody knew (makers, models, places, kinds of things), and what was decided of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from tracker.api.access import AfterId, Caller, Clock, Id, Limit, ReadSession, WriteSession
from tracker.api.pages import Page, cut
from tracker.api.problems import problems
from tracker.inventory import suggestions
from tracker.inventory.suggestion_models import NameKind, NameState
from tracker.inventory.suggestions import DecidedName, SuggestionView

router = APIRouter(prefix="/suggestions", tags=["imports"])
Code = Annotated[str | None, Query(max_length=64, description="Code of an agency.")]
_MERGE = {"target": "Lenovo"}
_NAMES = [{"kind": "maker", "value": "Lenvo", "state": "merged", "target": "Lenovo"}]


class Suggestion(BaseModel):
    """A name as it is written in an agency. `nearest`: known names with their likeness from 0 to 1."""

    agency: str
    id: int
    kind: NameKind
    manufacturer: str
    value: str
    state: NameState
    target_manufacturer: str | None
    target: str | None
    nearest: list[dict[str, Any]]
    assets: int
    noted_at: datetime
    decided_at: datetime | None
    decided_by: str | None


class Chosen(BaseModel):
    """Some names, and what they become."""

    ids: list[int] = Field(max_length=1_000)
    state: Annotated[NameState, Field(description="accepted, ignored or open")]


class Target(BaseModel):
    """The known name; a model's maker stays where none is given. For a class: an asset class."""

    target: str = Field(min_length=1, max_length=2_000)
    target_manufacturer: str | None = Field(default=None, max_length=2_000)


class Decided(BaseModel):
    """How many names were decided, and how many values of assets changed by it."""

    names: int
    changed: int


def _json(view: SuggestionView) -> dict[str, object]:
    return {name: getattr(view, name) for name in Suggestion.model_fields}


@router.get("", response_model=Page[Suggestion])
def list_suggestions(
    session: ReadSession,
    caller: Caller,
    agency: Code = None,
    kind: NameKind | None = None,
    state: NameState = NameState.OPEN,
    after: AfterId = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Names of your agencies, those of most assets first."""
    rows = suggestions.list_suggestions(
        session, caller, agency=agency, kind=kind, state=state, after=after, limit=limit + 1
    )
    return cut(rows, limit, lambda row: row.id, _json)


@router.post("/decide", response_model=Decided)
def decide(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    chosen: Annotated[
        Chosen, Body(openapi_examples={"accept": {"value": {"ids": [7], "state": "accepted"}}})
    ],
) -> dict[str, int]:
    """Accept or ignore names, or open them again."""
    count = suggestions.decide_names(session, caller, chosen.ids, chosen.state, clock.now)
    return {"names": count, "changed": 0}


@router.post("/{suggestion_id}/merge", response_model=Decided, responses=problems(404, 409))
def merge(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    suggestion_id: Id,
    target: Annotated[Target, Body(openapi_examples={"a typing error": {"value": _MERGE}})],
) -> dict[str, int]:
    """Merge a name into a known one: assets bear it now, later files are read with it."""
    changed = suggestions.merge_name(
        session, caller, suggestion_id, target.target, clock.now, target.target_manufacturer
    )
    return {"names": 1, "changed": changed}


@router.get("/export", response_model=list[DecidedName])
def export_names(session: ReadSession, caller: Caller, agency: Code = None) -> list[Any]:
    """Everything that was decided, to be carried to another agency or installation."""
    views = suggestions.list_suggestions(session, caller, agency=agency, state=None, limit=None)
    return suggestions.exported(views)


@router.post("/import", response_model=Decided, responses=problems(404, 409))
def import_names(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    agency: Annotated[str, Query(max_length=64)],
    names: Annotated[list[DecidedName], Body(max_length=20_000, openapi_examples={"one": {"value": _NAMES}})],
) -> dict[str, int]:
    """Take over decisions of another agency or installation."""
    count, changed = suggestions.import_names(session, caller, agency, names, clock.now)
    return {"names": count, "changed": changed}
