"""Nothing half-done: a killed process, a violated constraint, two applies at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from tests.inventory.world import LATER, OPERATOR, assets, build, counts, dump, load, pc, preview, software
from tracker.db import transaction
from tracker.identity.errors import Conflict
from tracker.inventory import actions

_KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from sqlalchemy import event
from tracker.db import make_engine
from tracker.identity.schemas import operator
from tracker.inventory import actions

url, act, batch_id, fragment = sys.argv[1:]
engine = make_engine(url)

@event.listens_for(engine, "after_cursor_execute")
def die(conn, cursor, sql, parameters, context, many):
    if fragment in sql:
        os.kill(os.getpid(), signal.SIGKILL)

getattr(actions, act)(engine, operator(), int(batch_id), datetime.now(UTC))
"""


def _kill(engine: Engine, act: str, batch_id: int, fragment: str) -> int:
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _KILLED, url, act, str(batch_id), fragment]
    return subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=60).returncode


@pytest.mark.parametrize(
    "fragment", ["INSERT INTO asset_change", "UPDATE asset SET", "INSERT INTO audit_event"]
)
def test_a_kill_during_apply_leaves_the_old_state_and_the_apply_can_be_done_again(
    engine: Engine, fragment: str
) -> None:
    build(engine)
    load(engine, [pc(2, "T1", software=(software("Firefox", "1"),))])
    batch = preview(engine, [pc(2, "T1", location="x", software=(software("Firefox", "2"),)), pc(3, "T2")])
    before = dump(engine)
    assert _kill(engine, "apply", batch.id, fragment) == -signal.SIGKILL
    assert dump(engine) == before
    assert counts(actions.apply(engine, OPERATOR, batch.id, LATER)) == (1, 1, 0, 0, 0)
    assert [(a.asset_tag, a.location) for a in assets(engine)] == [("T1", "x"), ("T2", None)]


def test_a_kill_during_undo_leaves_the_applied_state(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1", location="x")])
    batch = load(engine, [pc(2, "T1", location="y"), pc(3, "T2")])
    before = dump(engine)
    assert _kill(engine, "undo", batch.id, "UPDATE asset_identifier") == -signal.SIGKILL
    assert dump(engine) == before
    assert actions.undo(engine, OPERATOR, batch.id, LATER).withdrawn == 1


def test_a_violated_constraint_leaves_everything_as_it_was(engine: Engine) -> None:
    build(engine)
    batch = preview(engine, [pc(2, "T1", units=5), pc(3, "T2", units=6, brand="New", model="Model")])
    with transaction(engine) as session:
        session.execute(text("UPDATE batch_block SET payload = REPLACE(payload, '[5,6]', '[5,-6]')"))
    before = dump(engine)
    with pytest.raises(IntegrityError):
        actions.apply(engine, OPERATOR, batch.id, LATER)
    assert dump(engine) == before


def test_of_two_applies_at_once_one_wins(engine: Engine) -> None:
    build(engine)
    batch = preview(engine, [pc(row, f"T{row}") for row in range(2, 300)])
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def apply() -> None:
        barrier.wait()
        try:
            outcomes.append(actions.apply(engine, OPERATOR, batch.id, LATER).state)
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=apply) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["applied", "batch-not-previewed"]
    assert len(dump(engine)["asset"]) == 298


def test_of_two_previews_of_one_asset_applied_at_once_one_wins(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1")])
    batches = [preview(engine, [pc(2, "T1", location=place), pc(3, f"N{place}")]) for place in ("x", "y")]
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def apply(batch_id: int) -> None:
        barrier.wait()
        try:
            outcomes.append(actions.apply(engine, OPERATOR, batch_id, LATER).state)
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=apply, args=(batch.id,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["applied", "rows-changed"]
    assert len(assets(engine)) == 2
