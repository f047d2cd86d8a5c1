"""Agencies: the tree of owners."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, status

from tracker.api.access import Caller, Clock, ReadSession, WriteSession
from tracker.api.problems import problems
from tracker.identity import actions, queries
from tracker.identity.schemas import AgencyView, NewAgency

router = APIRouter(prefix="/agencies", tags=["agencies"])

_EXAMPLE = {
    "code": "DINKES",
    "name": "Dinas Kesehatan",
    "parent_code": "KAB",
    "region": "Jawa Tengah",
    "service_area": "rural",
}


@router.get("")
def list_agencies(session: ReadSession, caller: Caller) -> list[AgencyView]:
    """Agencies that you may see, in tree order."""
    return queries.list_agencies(session, caller)


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(404, 409))
def add_agency(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewAgency, Body(openapi_examples={"agency": {"value": _EXAMPLE}})],
) -> AgencyView:
    """Add an agency to the tree; you must be an administrator of its parent."""
    return actions.add_agency(session, caller, new, clock.now)


@router.get("/{code}", responses=problems(404))
def get_agency(
    session: ReadSession, caller: Caller, code: Annotated[str, Path(max_length=64)]
) -> dict[str, Any]:
    """One agency by its code."""
    return asdict(queries.get_agency_by_code(session, caller, code))
