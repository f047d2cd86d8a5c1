"""What an operation of the API is given: who asks, when, settings, and a session that ends before the answer.

A caller shows a bearer token, or the pages' session cookie; with the cookie, a request that changes
something must repeat the session's CSRF token in a header, which no other site can read.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from sqlmodel import Session

from tracker.db import reading, transaction
from tracker.identity.actions import find_principal_by_session, find_principal_by_token
from tracker.identity.errors import Forbidden, Unauthenticated
from tracker.identity.schemas import Principal
from tracker.settings import Settings

COOKIE = "tracker_session"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(
    scheme_name="token", description="An API token: `Authorization: Bearer trk_…`", auto_error=False
)
_cookie = APIKeyCookie(
    name=COOKIE, scheme_name="session", description="The session of the pages.", auto_error=False
)
_csrf = APIKeyHeader(
    name=CSRF_HEADER,
    scheme_name="csrf",
    description="With the session cookie, on everything but GET.",
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """The clock, read once per request: `today` in TRACKER_TIMEZONE, `now` in UTC."""

    today: date
    now: datetime


def get_engine(request: Request) -> Engine:
    """The database of the application."""
    engine: Engine = request.app.state.engine
    return engine


def get_settings(request: Request) -> Settings:
    """The settings of the application."""
    settings: Settings = request.app.state.settings
    return settings


def get_moment(settings: Annotated[Settings, Depends(get_settings)]) -> Moment:
    """Today and now."""
    return Moment(settings.today(), datetime.now(UTC))


Database = Annotated[Engine, Depends(get_engine)]
Configured = Annotated[Settings, Depends(get_settings)]
Clock = Annotated[Moment, Depends(get_moment)]


def get_principal(
    request: Request,
    engine: Database,
    clock: Clock,
    token: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Security(_cookie)],
    csrf: Annotated[str | None, Security(_csrf)],
) -> Principal:
    """Whoever asks.

    Raises:
        Unauthenticated: no token and no session, or one that is not valid (any more).
        Forbidden: the session lacks the CSRF token, or still uses a one-time password.
    """
    if "authorization" in request.headers:
        return _by_token(engine, token, clock.now)
    if not cookie:
        raise Unauthenticated("unauthenticated", "sign in, or send a token: Authorization: Bearer trk_…")
    with reading(engine) as session:
        found = find_principal_by_session(session, cookie, clock.now)
    if found is None:
        raise Unauthenticated("session_ended", "the session has ended: sign in again")
    if request.method not in SAFE_METHODS and not hmac.compare_digest(
        (csrf or "").encode(), found.csrf_token.encode()
    ):
        raise Forbidden("csrf", f"a session must send its CSRF token in the header {CSRF_HEADER}")
    if found.must_change_password:
        raise Forbidden("password_change_needed", "change the one-time password first")
    return found.principal


def _by_token(engine: Engine, token: HTTPAuthorizationCredentials | None, now: datetime) -> Principal:
    if token is None:
        raise Unauthenticated("bad_authorization", "the header must be: Authorization: Bearer trk_…")
    with reading(engine) as session:
        principal = find_principal_by_token(session, token.credentials, now)
    if principal is None:
        raise Unauthenticated("bad_token", "the token is unknown, expired or revoked")
    return principal


def _reading(engine: Database) -> Iterator[Session]:
    with reading(engine) as session:
        yield session


def _writing(engine: Database) -> Iterator[Session]:
    with transaction(engine) as session:
        yield session


Caller = Annotated[Principal, Depends(get_principal)]
# scope="function": a write is committed, and an error of the commit reported, before the response leaves.
ReadSession = Annotated[Session, Depends(_reading, scope="function")]
WriteSession = Annotated[Session, Depends(_writing, scope="function")]

LARGEST_ID = 2**63 - 1
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many items a page holds.")]
Language = Annotated[str, Query(pattern="^(en|id)$", description="Of sentences: en or id.")]
AfterId = Annotated[
    int | None, Query(ge=1, le=LARGEST_ID, description="`next` of the page before; absent: the first page.")
]
AfterCursor = Annotated[
    str | None, Query(max_length=2_000, description="`next` of the page before; absent: the first page.")
]
AsOf = Annotated[date | None, Query(description="Evaluate this day; nothing is stored.")]
KnownAt = Annotated[
    datetime | None,
    Query(description="With what was recorded until this instant (UTC where it names no zone)."),
]


def in_utc(instant: datetime | None) -> datetime | None:
    """`instant` with a zone: UTC where it names none."""
    return instant if instant is None or instant.tzinfo else instant.replace(tzinfo=UTC)
