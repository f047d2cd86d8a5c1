"""When a schedule is due, by literal moments, with clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tracker.work.triggers import TriggerError, parse_trigger

JAKARTA, BERLIN = ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("trigger", "now", "slot"),
    [
        ("daily 01:30", datetime(2026, 11, 24, 18, 29, tzinfo=UTC), "2026-11-24"),
        ("daily 01:30", datetime(2026, 11, 24, 18, 30, tzinfo=UTC), "2026-11-25"),
        ("daily 01:30", datetime(2026, 11, 25, 17, 0, tzinfo=UTC), "2026-11-25"),
        ("weekly mon 06:00", datetime(2026, 11, 22, 22, 59, tzinfo=UTC), "2026-11-16"),
        ("weekly mon 06:00", datetime(2026, 11, 22, 23, 0, tzinfo=UTC), "2026-11-23"),
        ("weekly sun 00:00", datetime(2026, 11, 25, 3, 0, tzinfo=UTC), "2026-11-22"),
        ("hourly 15", datetime(2026, 11, 25, 3, 14, 59, tzinfo=UTC), "2026-11-25T02:15Z"),
        ("hourly 15", datetime(2026, 11, 25, 3, 15, tzinfo=UTC), "2026-11-25T03:15Z"),
        ("every 10 minutes", datetime(2026, 11, 25, 3, 19, 59, tzinfo=UTC), "2026-11-25T03:10Z"),
        ("every 1440 minutes", datetime(2026, 11, 25, 3, 0, tzinfo=UTC), "2026-11-25T00:00Z"),
    ],
)
def test_the_latest_firing(trigger: str, now: datetime, slot: str) -> None:
    assert parse_trigger(trigger).latest(now, JAKARTA).slot == slot


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        # On 25 October 2026 the hour from two to three comes twice.
        (datetime(2026, 10, 25, 0, 29, tzinfo=UTC), "2026-10-24"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "2026-10-25"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "2026-10-25"),
        # On 29 March 2026 it does not come at all: half past two is due at three.
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "2026-03-29"),
    ],
)
def test_clocks_that_change_give_one_firing_a_day(now: datetime, slot: str) -> None:
    assert parse_trigger("daily 02:30").latest(now, BERLIN).slot == slot


@pytest.mark.parametrize(
    "text",
    ["", "daily", "daily 24:00", "daily 1:30", "weekly 06:00", "hourly 60", "every 0 minutes", "30 1 * * *"],
)
def test_what_is_no_trigger_is_refused(text: str) -> None:
    with pytest.raises(TriggerError, match="is none of"):
        parse_trigger(text)
