"""Names that wait for a person, what people decided about them, and dates that agencies hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field

from tracker.api.access import AfterCursor, Caller, Clock, Id, Limit, ReadSession, WriteSession
from tracker.api.problems import problems
from tracker.catalogue import overrides
from tracker.catalogue.overrides import NewOverride, OverrideView
from tracker.inventory import alias_files, deciding, review_queue
from tracker.inventory.queue_schemas import (
    AliasImport,
    Decided,
    DecisionView,
    NewDecision,
    QueueFilter,
    QueuePage,
    Unresolved,
)

router = APIRouter(prefix="/matching", tags=["matching"], responses=problems(404))
Agency = Annotated[str | None, Query(max_length=64, description="Only this agency and what is below it.")]
_DECISION = {
    "agency": "DINKES",
    "text": "Kantorku Pro",
    "product": "libreoffice",
    "reason": "our own name for it",
}
_OVERRIDE = {
    "agency": "DINKES", "product": "windows", "release": "10-22h2", "value": "2028-01-12",
    "reason": "contract with the vendor", "document": "SPK 7/2026",
}  # fmt: skip
_ALIAS = {"agency": "DINKES", "key": "kantorku pro", "outcome": "product", "product": "libreoffice"}


class NewAcceptance(BaseModel):
    """Whose queue, and which part of it, is accepted as proposed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    agency: Annotated[str, Field(min_length=1, max_length=64)]
    kind: Unresolved | None = None
    text: Annotated[str | None, Field(max_length=200)] = None


@router.get("/queue")
def get_name_queue(
    session: ReadSession,
    caller: Caller,
    clock: Clock,
    agency: Agency = None,
    kind: Unresolved | None = None,
    reason: Annotated[str | None, Query(max_length=100)] = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
    after: AfterCursor = None,
    limit: Limit = 25,
) -> QueuePage:
    """Names that wait, those on most assets and nearest to their end first, with suggestions."""
    wanted = QueueFilter(agency, kind, reason, text)
    return review_queue.list_queue(session, caller, clock.today, wanted, after, limit)


@router.post("/queue/accept")
def accept_proposals(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewAcceptance, Body(openapi_examples={"all": {"value": {"agency": "DINKES"}}})],
) -> Decided:
    """Accept every proposal that the matcher is nearly sure of, at most 500 groups."""
    wanted = QueueFilter(new.agency, new.kind, None, new.text)
    return deciding.accept_confident(session, caller, new.agency, wanted, clock.today, clock.now)


@router.get("/decisions")
def list_decisions(
    session: ReadSession,
    caller: Caller,
    agency: Agency = None,
    text: Annotated[str, Query(max_length=200)] = "",
    history: Annotated[bool, Query(description="Ended ones too.")] = False,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="The last id of the page before.")] = 0,
    limit: Limit = 100,
) -> list[DecisionView]:
    """Decisions of agencies in sight, by id."""
    return deciding.list_decisions(
        session, caller, agency, text=text, history=history, after=after, limit=limit
    )


@router.post("/decisions", status_code=status.HTTP_201_CREATED)
def decide_name(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewDecision, Body(openapi_examples={"product": {"value": _DECISION}})],
) -> Decided:
    """Say what a name is, for an agency and below, or for all where the agency is the root."""
    return deciding.decide(session, caller, new, clock.now)


@router.delete("/decisions/{decision_id}")
def take_back_decision(session: WriteSession, caller: Caller, clock: Clock, decision_id: Id) -> Decided:
    """End a decision: the next one up, or the matcher, speaks again."""
    return deciding.take_back(session, caller, decision_id, clock.now)


@router.get("/aliases", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
def export_aliases(
    session: ReadSession, caller: Caller, agency: Agency = None, format: Literal["json", "csv"] = "json"
) -> Response:
    """Decisions that hold, as a file for another installation."""
    rows = alias_files.export_aliases(session, caller, agency)
    if format == "csv":
        return Response(alias_files.write_csv(rows), media_type="text/csv; charset=utf-8")
    return Response(alias_files.write_json(rows), media_type="application/json")


@router.post("/aliases")
def import_aliases(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    rows: Annotated[
        list[dict[str, Any]],
        Body(max_length=alias_files.MOST_ROWS, openapi_examples={"row": {"value": [_ALIAS]}}),
    ],
    replace: Annotated[bool, Query(description="Conflicting rows supersede what holds.")] = False,
) -> AliasImport:
    """Take decisions of a file; rows that are not taken are told with the reason."""
    return alias_files.import_aliases(session, caller, rows, clock.now, replace=replace)


@router.get("/overrides")
def list_overrides(
    session: ReadSession,
    caller: Caller,
    agency: Agency = None,
    history: Annotated[bool, Query(description="Ended ones too.")] = False,
) -> list[OverrideView]:
    """Dates that agencies in sight hold against the catalogue's."""
    return overrides.list_overrides(session, caller, agency, history=history)


@router.post("/overrides", status_code=status.HTTP_201_CREATED)
def set_override(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewOverride, Body(openapi_examples={"date": {"value": _OVERRIDE}})],
) -> OverrideView:
    """Hold a date of a release, for an agency and below, or for all where the agency is the root."""
    return overrides.set_override(session, caller, new, clock.now)


@router.delete("/overrides/{override_id}")
def end_override(session: WriteSession, caller: Caller, clock: Clock, override_id: Id) -> OverrideView:
    """End an overridden date: the catalogue's, or that of an agency above, holds again."""
    return overrides.end_override(session, caller, override_id, clock.now)
