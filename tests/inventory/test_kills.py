"""kill -9 at random moments of an apply and of an undo: what is found afterwards is the old state or the new one."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from importers.rows import Record
from tests.inventory.world import build, load, pc, preview, software
from tracker.db import reading

KILLS, ROWS, SEED = 10, 120, 20261125

#: Loaded once; each line "apply 12 0.05" is done by a fork of its own, which is killed after so many seconds.
_SERVER = """
import os, signal, sys, time
from datetime import datetime, UTC
from tracker.db import make_engine
from tracker.identity.schemas import operator
from tracker.inventory import actions

for line in sys.stdin:
    act, batch_id, kill_after = line.split()
    ready, begins = os.pipe()
    child = os.fork()
    if child == 0:
        engine = make_engine(sys.argv[1])
        with engine.connect():
            pass
        os.write(begins, b"!")
        getattr(actions, act)(engine, operator(), int(batch_id), datetime.now(UTC))
        os._exit(0)
    os.close(begins)
    os.read(ready, 1)
    os.close(ready)
    started = time.monotonic()
    if kill_after != "never":
        time.sleep(float(kill_after))
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    print(status, time.monotonic() - started, flush=True)
"""


class Worker:
    """A process that applies and undoes, and that can be killed at any moment."""

    def __init__(self, engine: Engine) -> None:
        command = [sys.executable, "-c", _SERVER, engine.url.render_as_string(hide_password=False)]
        self.process = subprocess.Popen(
            command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def do(self, act: str, batch_id: int, kill_after: float | None = None) -> tuple[int, float]:
        """(how the process ended, seconds)."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        moment = "never" if kill_after is None else f"{kill_after:.6f}"
        self.process.stdin.write(f"{act} {batch_id} {moment}\n")
        self.process.stdin.flush()
        status, seconds = self.process.stdout.readline().split()
        return int(status), float(seconds)


@pytest.fixture
def worker(engine: Engine) -> Iterator[Worker]:
    found = Worker(engine)
    yield found
    assert found.process.stdin is not None
    assert found.process.stdout is not None
    found.process.stdin.close()
    found.process.wait(timeout=30)
    found.process.stdout.close()


def records(place: str, version: str) -> Iterator[Record]:
    """Half of the rows are held already and get another place and version, half are new."""
    for n in range(ROWS):
        yield pc(n + 2, f"T{n}", serial=f"S{n}", location=place, software=(software("Firefox", version),))


_FACTS = (
    "SELECT asset_tag, status, location FROM asset WHERE status <> 'withdrawn'",
    "SELECT scheme, value FROM asset_identifier WHERE superseded_at IS NULL",
    """SELECT a.asset_tag, t.name, t.version FROM installation i JOIN software_title t ON t.id = i.title_id
       JOIN asset a ON a.agency_id = i.agency_id AND a.id = i.asset_id WHERE i.superseded_at IS NULL""",
    "SELECT field, before, after FROM asset_change WHERE batch_id = :batch",
    "SELECT state, created, updated FROM import_batch WHERE id = :batch",
    "SELECT action FROM audit_event WHERE subject_kind = 'import_batch' AND subject_id = :batch",
)


def facts(engine: Engine, batch_id: int) -> list[list[str]]:
    """Everything that an apply or an undo of the batch writes, without ids and times."""
    _wait_for_others(engine)
    with reading(engine) as session:
        return [
            sorted(repr(tuple(row)) for row in session.execute(text(sql), {"batch": batch_id}))
            for sql in _FACTS
        ]


def _wait_for_others(engine: Engine) -> None:
    """PostgreSQL notices a killed client a moment later, and ends what it was doing."""
    if engine.dialect.name != "postgresql":
        return
    others = text(
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
        " AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.execute(others).scalar_one() == 0:
                return
        time.sleep(0.01)
    raise AssertionError("a killed client is still at work")


def test_ten_kills_of_apply_and_of_undo_leave_the_old_or_the_new_state(
    engine: Engine, worker: Worker
) -> None:
    build(engine)
    load(engine, list(records("cellar", "1"))[: ROWS // 2])
    moments = random.Random(SEED)
    expected: dict[str, list[list[str]]] = {}
    seconds = {"apply": 0.0, "undo": 0.0}
    kills = {"apply": 0, "undo": 0}
    while min(kills.values()) < KILLS:
        batch = preview(engine, records("attic", "2")).id
        for act in ("apply", "undo"):
            old = facts(engine, batch)
            if act not in expected:
                # Once undisturbed: how long it takes, and what it leaves.
                status, seconds[act] = worker.do(act, batch)
                assert status == 0
                expected[act] = facts(engine, batch)
                assert expected[act] != old
                continue
            found = old
            while found == old:
                kill_after = moments.uniform(0, seconds[act]) if kills[act] < KILLS else None
                status, _ = worker.do(act, batch, kill_after)
                kills[act] += status == signal.SIGKILL
                assert status in (0, signal.SIGKILL)
                found = facts(engine, batch)
                assert found in (old, expected[act]), (act, kill_after)
    assert kills == {"apply": KILLS, "undo": KILLS}
