"""API tokens of whoever asks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, status
from pydantic import BaseModel, ConfigDict, Field

from tracker.api.access import Caller, Clock, Id, ReadSession, WriteSession, in_utc
from tracker.api.problems import problems
from tracker.identity import actions, queries
from tracker.identity.schemas import TokenView

router = APIRouter(prefix="/tokens", tags=["tokens"])

_EXAMPLE = {"name": "nightly export", "expires_at": "2027-12-31T00:00:00Z"}


class NewToken(BaseModel):
    """A token to create; without `expires_at` it lives until it is revoked."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1, max_length=200)
    expires_at: datetime | None = None


class CreatedToken(BaseModel):
    """A new token; `secret` is shown only here."""

    token: TokenView
    secret: str


@router.get("")
def list_tokens(session: ReadSession, caller: Caller) -> list[TokenView]:
    """Your own tokens, newest first; never their secrets."""
    return queries.list_tokens(session, caller)


@router.post("", status_code=status.HTTP_201_CREATED)
def create_token(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewToken, Body(openapi_examples={"token": {"value": _EXAMPLE}})],
) -> CreatedToken:
    """Create a token with your own rights."""
    token, secret = actions.create_token(session, caller, new.name, clock.now, in_utc(new.expires_at))
    return CreatedToken(token=token, secret=secret)


@router.delete("/{token_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(404))
def revoke_token(session: WriteSession, caller: Caller, clock: Clock, token_id: Id) -> None:
    """Revoke one of your own tokens."""
    actions.revoke_token(session, caller, token_id, clock.now)
