"""When a schedule is due, pure: a trigger in words, and its latest firing at a moment.

    daily 01:30          every day at a local time
    weekly mon 06:00     every week
    hourly 15            every hour, at a minute
    every 10 minutes     from midnight UTC on

A firing has a slot, a text that names it: the local day, or the moment in UTC. Slots of a trigger sort by time. A
local time that a change of clocks skips is due when the clock has passed it; one that comes twice is one firing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAILY = re.compile(r"daily ([01]\d|2[0-3]):([0-5]\d)")
_WEEKLY = re.compile(rf"weekly ({'|'.join(_DAYS)}) ([01]\d|2[0-3]):([0-5]\d)")
_HOURLY = re.compile(r"hourly ([0-5]?\d)")
_EVERY = re.compile(r"every (\d{1,4}) minutes")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class TriggerError(ValueError):
    """The text is no trigger."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A firing that is due: its name, and the moment since when."""

    slot: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Trigger:
    """Either a local time `at` on each day or one `weekday`, or every `minutes` from `offset` minutes on."""

    at: time | None = None
    weekday: int | None = None
    minutes: int = 0
    offset: int = 0

    def latest(self, now: datetime, zone: tzinfo) -> Firing:
        """The latest firing that is not after `now`."""
        return self._of_day(now, zone) if self.at is not None else self._of_minutes(now)

    def _of_day(self, now: datetime, zone: tzinfo) -> Firing:
        assert self.at is not None
        local = now.astimezone(zone)
        day = local.date() if local.time() >= self.at else local.date() - timedelta(days=1)
        if self.weekday is not None:
            day -= timedelta(days=(day.weekday() - self.weekday) % 7)
        return Firing(day.isoformat(), datetime.combine(day, self.at, zone).astimezone(UTC))

    def _of_minutes(self, now: datetime) -> Firing:
        passed = int((now - _EPOCH).total_seconds() // 60) - self.offset
        due = _EPOCH + timedelta(minutes=passed // self.minutes * self.minutes + self.offset)
        return Firing(due.strftime("%Y-%m-%dT%H:%MZ"), due)


def parse_trigger(text: str) -> Trigger:
    """The trigger that `text` says.

    Raises:
        TriggerError: it says none; the message tells the forms.
    """
    if found := _DAILY.fullmatch(text):
        return Trigger(at=time(int(found[1]), int(found[2])))
    if found := _WEEKLY.fullmatch(text):
        return Trigger(at=time(int(found[2]), int(found[3])), weekday=_DAYS.index(found[1]))
    if found := _HOURLY.fullmatch(text):
        return Trigger(minutes=60, offset=int(found[1]))
    if (found := _EVERY.fullmatch(text)) and int(found[1]) > 0:
        return Trigger(minutes=int(found[1]))
    raise TriggerError(
        f"{text[:60]!r} is none of: daily 01:30, weekly mon 06:00, hourly 15, every 10 minutes"
    )
