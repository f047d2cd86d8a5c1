"""Products of the organisation itself, with the dates until which it supports them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, status

from tracker.api.access import Caller, Clock, Id, ReadSession, WriteSession
from tracker.api.problems import problems
from tracker.catalogue import local_products
from tracker.catalogue.local_products import LocalView, NewLocalRelease

router = APIRouter(prefix="/catalogue/local", tags=["catalogue"])
_EXAMPLE = {
    "product": "Aplikasi Surat",
    "release": "2.1",
    "security_support_ends_on": "2028-12-31",
    "aliases": ["e-Surat"],
    "reason": "our own application",
    "document": "SK 12/2026",
}


@router.get("")
def list_local_releases(
    session: ReadSession,
    caller: Caller,
    history: Annotated[bool, Query(description="Ended ones too.")] = False,
) -> list[LocalView]:
    """Releases of own products, each with who told it, why, and by which document."""
    return local_products.list_releases(session, history=history)


@router.post("", status_code=status.HTTP_201_CREATED)
def add_local_release(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewLocalRelease, Body(openapi_examples={"release": {"value": _EXAMPLE}})],
) -> LocalView:
    """Keep a release of an own product; what was told of it before is superseded. For administrators of all agencies."""
    return local_products.add_release(session, caller, new, clock.now)


@router.delete("/{number}", responses=problems(404))
def end_local_release(session: WriteSession, caller: Caller, clock: Clock, number: Id) -> LocalView:
    """End what was told under this number: no name means the release any more."""
    return local_products.end_release(session, caller, number, clock.now)
