"""What an agency's own columns hold, remembered from applied files or set here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from tracker.api.access import Caller, Clock, ReadSession, WriteSession
from tracker.api.imports import NewMapping
from tracker.api.problems import problems
from tracker.inventory import mappings

router = APIRouter(prefix="/agencies/{code}/mappings", tags=["imports"], responses=problems(404))
Code = Annotated[str, Path(max_length=64)]


class Column(BaseModel):
    """A remembered column."""

    header: str
    field: str
    recorded_at: datetime


class Forgotten(BaseModel):
    """How many columns were forgotten."""

    forgotten: int


@router.get("", response_model=list[Column])
def list_mappings(session: ReadSession, caller: Caller, code: Code) -> list[mappings.MappingView]:
    """The agency's remembered columns, by header."""
    return mappings.list_mappings(session, caller, code)


@router.put("", response_model=list[Column])
def set_mappings(
    session: WriteSession, caller: Caller, clock: Clock, code: Code, new: NewMapping
) -> list[mappings.MappingView]:
    """Make these the agency's remembered columns; others are forgotten."""
    return mappings.remember_mapping(session, caller, code, new.mapping, clock.now, forget_others=True)


@router.delete("", response_model=Forgotten)
def forget_mappings(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    code: Code,
    header: Annotated[str | None, Query(max_length=500, description="Only this one; absent: all.")] = None,
) -> dict[str, int]:
    """Forget one remembered column, or all of them."""
    return {"forgotten": mappings.forget_mapping(session, caller, code, header, clock.now)}
