"""Users, their roles, and whoever asks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, status
from pydantic import BaseModel, ConfigDict

from tracker.api.access import Caller, Clock, ReadSession, WriteSession
from tracker.api.problems import problems
from tracker.identity import actions, queries
from tracker.identity.rules import Permission
from tracker.identity.schemas import NewUser, UserView

router = APIRouter(tags=["users"])

_EXAMPLE = {"email": "budi@dinkes.example", "role": "it-manager", "agency_code": "DINKES", "language": "id"}


class Me(BaseModel):
    """Whoever asks, and what that user may do anywhere."""

    user: str
    language: str
    permissions: list[str]


class AddedUser(BaseModel):
    """A new user; `password` is the one-time password when none was given, and is shown only here."""

    user: UserView
    password: str | None


class UserChange(BaseModel):
    """What can be changed about a user."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    active: bool


@router.get("/me")
def get_me(caller: Caller) -> Me:
    """Who you are to this program."""
    permissions = [permission.value for permission in Permission if caller.may(permission)]
    return Me(user=caller.name, language=caller.language, permissions=permissions)


@router.get("/users")
def list_users(session: ReadSession, caller: Caller) -> list[UserView]:
    """Users with a role where you are an administrator."""
    return queries.list_users(session, caller)


@router.post("/users", status_code=status.HTTP_201_CREATED, responses=problems(404))
def add_user(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewUser, Body(openapi_examples={"user": {"value": _EXAMPLE}})],
) -> AddedUser:
    """Add a user with one role, or give a known user one more role."""
    user, password = actions.add_user(session, caller, new, clock.now)
    return AddedUser(user=user, password=password)


@router.patch("/users/{email}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(404))
def change_user(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    email: Annotated[str, Path(max_length=254)],
    change: Annotated[UserChange, Body(openapi_examples={"disable": {"value": {"active": False}}})],
) -> None:
    """Disable or enable a user; a disabled one loses every session at once."""
    actions.set_user_active(session, caller, email, change.active, clock.now)
