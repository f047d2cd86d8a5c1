"""Three processes, one schedule, a clock that is moved, one process killed in the middle of a firing: each firing
runs once, and the one that was cut short is run again by another process.

The clock goes on by ten minutes; it is set back an hour, ahead an hour, and a day ahead and back again, as a machine's
clock is that somebody corrects. TRACKER_TEST_FIRINGS=500 asks for a longer run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.test_jobs import _only
from tests.work.replica import LEASE_SECONDS
from tracker.settings import load_settings
from tracker.work.triggers import parse_trigger

ROOT = Path(__file__).parents[2]
START = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
FIRINGS = int(os.environ.get("TRACKER_TEST_FIRINGS", "40"))
KILLED_AT = FIRINGS * 2 // 5
EVERY = timedelta(minutes=10)
TRIGGER = "every 10 minutes"
#: At which share of the firings somebody moves the clock, and by how much.
MOVED = {0.2: timedelta(hours=-1), 0.3: timedelta(hours=1), 0.45: timedelta(days=1),
         0.55: timedelta(days=-1), 0.65: timedelta(hours=-1), 0.85: timedelta(days=1)}  # fmt: skip


class Replicas:
    """The processes and their clock."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.clock, self.hold = engine, folder / "clock", folder / "hold"
        self.clock.write_text("")
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        address = self.engine.url.render_as_string(hide_password=False)
        for name in names:
            words = [sys.executable, "-m", "tests.work.replica", address, str(self.clock), name]
            process = subprocess.Popen(words, cwd=ROOT)
            self.processes[process.pid] = process

    def wait_until_ready(self, *names: str) -> None:
        """Until the processes have begun to look."""
        deadline = time.monotonic() + 120
        while not all(self.clock.with_name(f"{name}.ready").exists() for name in names):
            assert time.monotonic() < deadline, "a process did not start"
            time.sleep(0.02)

    def set_clock(self, now: datetime) -> None:
        """Move every process's clock, whole or not at all."""
        partial = self.clock.with_suffix(".new")
        partial.write_text(str(now.timestamp()))
        partial.rename(self.clock)

    def wait_for(self, slot: str, outcome: str) -> str:
        """Until the firing is `outcome`; the name of the worker that has it."""
        deadline = time.monotonic() + 60
        query = text("SELECT worker FROM job_run WHERE slot = :slot AND outcome = :outcome")
        while time.monotonic() < deadline:
            with self.engine.connect() as connection:
                worker = connection.execute(query, {"slot": slot, "outcome": outcome}).scalar()
            if worker is not None:
                return str(worker)
            time.sleep(0.005)
        raise AssertionError(f"{slot} is not {outcome}")

    def kill(self, worker: str) -> None:
        """End the process of a worker (host:process:…) as a power cut does."""
        process = self.processes.pop(int(worker.split(":")[1]))
        process.kill()
        process.wait(60)

    def stop(self) -> None:
        self.hold.unlink(missing_ok=True)
        self.clock.write_text("stop")
        for process in self.processes.values():
            process.wait(60)


@pytest.fixture
def replicas(engine: Engine, tmp_path: Path) -> Iterator[Replicas]:
    """Three processes over a database with one schedule."""
    _only(engine, load_settings({}), "catalogue-age-check", trigger=TRIGGER, attempts=20)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE effect (worker TEXT NOT NULL)"))
    made = Replicas(engine, tmp_path)
    made.start("one", "two", "three")
    made.wait_until_ready("one", "two", "three")
    yield made
    made.stop()


def walk() -> Iterator[datetime]:
    """The days and hours of FIRINGS firings, a second after each is due."""
    now, moved = START + timedelta(seconds=1), {int(share * FIRINGS): by for share, by in MOVED.items()}
    for step in range(FIRINGS):
        now += moved.get(step, timedelta()) + EVERY
        yield now


def cut_short(replicas: Replicas, now: datetime, slot: str) -> str:
    """Kill whoever runs the firing, and let its lease end; the worker that finishes it."""
    replicas.hold.touch()
    replicas.set_clock(now)
    first = replicas.wait_for(slot, "running")
    replicas.kill(first)
    replicas.hold.unlink()
    replicas.start("four")
    # As long as the lease lasts nobody else may have it: nobody can tell a dead process from a slow one.
    replicas.set_clock(now + timedelta(seconds=LEASE_SECONDS - 1))
    time.sleep(0.3)
    assert replicas.wait_for(slot, "running") == first
    replicas.set_clock(now + timedelta(seconds=LEASE_SECONDS + 1))
    second = replicas.wait_for(slot, "done")
    assert second != first
    return slot


def test_every_firing_runs_exactly_once(replicas: Replicas) -> None:
    trigger, wanted, cut = parse_trigger(TRIGGER), set(), ""
    for step, now in enumerate(walk()):
        slot = trigger.latest(now, UTC).slot
        wanted.add(slot)
        if step == KILLED_AT:
            cut = cut_short(replicas, now, slot)
        else:
            replicas.set_clock(now)
            replicas.wait_for(slot, "done")
    # Nobody runs anything again afterwards.
    time.sleep(0.3)
    with replicas.engine.connect() as connection:
        rows = connection.execute(text("SELECT slot, outcome, attempt FROM job_run")).all()
        effects = connection.execute(text("SELECT count(*) FROM effect")).scalar_one()
    assert sorted(row.slot for row in rows) == sorted(wanted)
    assert {row.outcome for row in rows} == {"done"}
    assert {row.slot: row.attempt for row in rows if row.attempt > 1} == {cut: 2}
    assert effects == len(wanted) > FIRINGS * 2 // 3
