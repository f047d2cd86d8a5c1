"""What a command needs before it acts: settings, a prepared database, the operator, the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import typer
from sqlalchemy import Engine

from tracker.db import make_engine
from tracker.identity.schemas import Principal, operator
from tracker.settings import Settings, load_settings
from tracker.startup import prepare


@dataclass(frozen=True, slots=True)
class Context:
    """The edge of one command: clock and settings read once. The command line acts as the operator."""

    settings: Settings
    engine: Engine
    principal: Principal
    today: date
    now: datetime


_open: list[Engine] = []


def _opened(engine: Engine) -> Engine:
    _open.append(engine)
    return engine


def close_databases() -> None:
    """Close the connections of every database that a command opened."""
    while _open:
        _open.pop().dispose()


def open_database() -> Engine:
    """The database of TRACKER_DATABASE_URL, as it is."""
    return _opened(make_engine(load_settings().database_url))


def open_context() -> Context:
    """Settings, the prepared database and today's date in TRACKER_TIMEZONE."""
    settings = load_settings()
    engine, now = _opened(make_engine(settings.database_url)), datetime.now(UTC)
    prepare(engine, now)
    return Context(settings, engine, operator(), settings.today(), now)


def parse_date(text: str | None, option: str) -> date | None:
    """A date such as 2027-01-31, or None when `text` is.

    Raises:
        typer.BadParameter: `text` is not a date.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a date such as 2027-01-31", param_hint=option) from error


def parse_instant(text: str | None, option: str) -> datetime | None:
    """An instant such as 2026-11-25T08:00:00+07:00 (UTC where it names no zone), or None when `text` is.

    Raises:
        typer.BadParameter: `text` is not an instant.
    """
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not an instant such as 2026-11-25T08:00Z", param_hint=option
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
