"""Imports in the background: their progress, their end, their way out, and processes that die in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.inventory.world import LATER, NOW, OPERATOR, assets, build, dump, load, pc
from tracker.db import reading, transaction
from tracker.identity.actions import add_user
from tracker.identity.errors import Conflict, NotFound
from tracker.identity.models import Role
from tracker.identity.queries import load_principal
from tracker.identity.schemas import NewUser, Principal
from tracker.inventory import actions, task_running
from tracker.inventory.sources import Choices
from tracker.inventory.task_running import Held, ImportWorker, TaskWatch, run_task
from tracker.inventory.tasks import TaskView, cancel_task, get_task, list_tasks, queue_apply, queue_preview
from tracker.inventory.watching import Phase
from tracker.settings import Settings, load_settings
from tracker.work import progress
from tracker.work.progress import ProgressView

ROWS = 3_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({}), data_dir=tmp_path / "data")


def write_csv(folder: Path, rows: int = ROWS, name: str = "list.csv") -> Path:
    path = folder / name
    lines = (f"T{n},PC {n},SN{n:06},Desktop,Room {n % 7}" for n in range(rows))
    path.write_text("\n".join(("Asset Tag,Name,Serial Number,Category,Location", *lines)))
    return path


def queue(
    engine: Engine, settings: Settings, path: Path, principal: Principal = OPERATOR, agency: str = "A"
) -> TaskView:
    return queue_preview(
        engine, principal, path, path.name, agency, NOW, settings=settings, choices=Choices()
    )


def test_a_file_is_read_and_applied_in_the_background(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    waiting = queue(engine, settings, write_csv(tmp_path))
    assert (waiting.state, waiting.kind, waiting.agency_code, waiting.batch_id) == (
        "waiting",
        "preview",
        "A",
        None,
    )
    assert run_task(engine, settings) == waiting.id
    read = get_task(engine, OPERATOR, waiting.id)
    assert (read.state, read.attempt, read.progress) == ("done", 1, ProgressView())
    assert read.batch_id is not None
    assert assets(engine) == []
    applying = queue_apply(engine, OPERATOR, read.batch_id, NOW)
    # Asked for twice it is one task.
    assert queue_apply(engine, OPERATOR, read.batch_id, NOW).id == applying.id
    assert [one.id for one in list_tasks(engine, OPERATOR, only_open=True)] == [applying.id]
    assert run_task(engine, settings) == applying.id
    assert get_task(engine, OPERATOR, applying.id).state == "done"
    assert assets(engine)[0].asset_tag == "T0"
    assert run_task(engine, settings) is None
    with pytest.raises(Conflict, match="only a previewed one"):
        queue_apply(engine, OPERATOR, read.batch_id, NOW)


def test_progress_rises_and_says_how_long_it_takes(
    engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(engine)
    many = 9_000
    load(engine, [pc(2, "T1", serial="SN000001")])
    told: list[tuple[str | None, int, int | None]] = []
    ended = TaskWatch.settle

    def note(watch: TaskWatch, rows: int) -> None:
        watch._check()
        watch.done += rows
        watch._count()
        view = watch.view()
        told.append((view.phase, view.done, view.total))

    counts: list[dict[str, int]] = []
    monkeypatch.setattr(TaskWatch, "advance", note)

    def settle(watch: TaskWatch, session: Session, batch_id: int) -> None:
        counts.append(dict(watch.counts))
        ended(watch, session, batch_id)

    monkeypatch.setattr(TaskWatch, "settle", settle)
    queue(engine, settings, write_csv(tmp_path, many))
    run_task(engine, settings)
    assert counts == [{"read": many, "matched": many, "written": many}]
    for phase in (Phase.READING, Phase.MATCHING, Phase.WRITING):
        found = [(done, total) for name, done, total in told if name == phase]
        assert found == sorted(found, key=lambda one: one[0])
        assert len(found) > 1
        assert found[-1][1] in (None, found[-1][0])
    view = ProgressView("writing", 1_000, 4_000, {}, NOW)
    assert view.seconds_left(NOW.replace(minute=1)) == 180
    assert ProgressView("reading", 1_000, None, {}, NOW).seconds_left(LATER) is None


def test_progress_is_stored_and_a_cancel_is_heard_while_an_apply_holds_the_database(
    engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(engine)
    monkeypatch.setattr(task_running, "TELL_SECONDS", 0.02)
    queue(engine, settings, write_csv(tmp_path))
    run_task(engine, settings)
    task = queue_apply(engine, OPERATOR, list_tasks(engine, OPERATOR)[0].batch_id or 0, NOW)
    before = dump(engine)
    writing, go_on = threading.Event(), threading.Event()
    real = TaskWatch.advance

    def slow(watch: TaskWatch, rows: int) -> None:
        real(watch, rows)
        if watch.phase is Phase.WRITING and rows:
            writing.set()
            assert go_on.wait(20)
            time.sleep(0.05)

    monkeypatch.setattr(TaskWatch, "advance", slow)
    worker = threading.Thread(target=run_task, args=(engine, settings))
    worker.start()
    assert writing.wait(20)
    time.sleep(0.2)
    seen = get_task(engine, OPERATOR, task.id)
    assert (seen.state, seen.progress.phase, seen.progress.total) == ("running", "writing", ROWS * 5)
    assert 0 < seen.progress.counts["written"] + seen.progress.done < ROWS * 5
    asked = cancel_task(engine, OPERATOR, task.id)
    assert asked.progress.cancel_requested_by == "operator"
    time.sleep(0.2)
    go_on.set()
    worker.join(20)
    after = get_task(engine, OPERATOR, task.id)
    assert (after.state, after.error_code, after.error) == ("cancelled", "cancelled", "stopped by operator")
    changed = {name: rows for name, rows in dump(engine).items() if rows != before[name]}
    assert changed.keys() == {"audit_event"}
    # It can be asked for again.
    monkeypatch.setattr(TaskWatch, "advance", real)
    queue_apply(engine, OPERATOR, task.batch_id or 0, NOW)
    run_task(engine, settings)
    assert len(assets(engine)) > 0


def test_a_waiting_file_is_cancelled_and_not_kept(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    build(engine)
    task = queue(engine, settings, write_csv(tmp_path))
    cancel_task(engine, OPERATOR, task.id)
    assert run_task(engine, settings) == task.id
    assert get_task(engine, OPERATOR, task.id).state == "cancelled"
    assert list((settings.data_dir / "uploads").iterdir()) == []
    assert cancel_task(engine, OPERATOR, task.id).state == "cancelled"


def test_a_refused_file_says_why(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    build(engine)
    path = tmp_path / "broken.xlsx"
    path.write_bytes(b"PK\x03\x04 nothing")
    task = queue(engine, settings, path)
    run_task(engine, settings)
    failed = get_task(engine, OPERATOR, task.id)
    assert (failed.state, failed.batch_id) == ("failed", None)
    assert failed.error is not None
    assert failed.error.startswith("broken.xlsx: ")
    assert list((settings.data_dir / "uploads").iterdir()) == []


def test_what_was_applied_by_hand_meanwhile_is_done(engine: Engine, settings: Settings) -> None:
    build(engine)
    batch = actions.preview_records(engine, OPERATOR, [pc(2, "T2")], "test.xlsx", "A", NOW)
    task = queue_apply(engine, OPERATOR, batch.id, NOW)
    actions.apply(engine, OPERATOR, batch.id, NOW)
    run_task(engine, settings)
    assert get_task(engine, OPERATOR, task.id).state == "done"


def test_a_worker_whose_task_was_taken_over_writes_nothing(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    batch = actions.preview_records(engine, OPERATOR, [pc(2, "T2")], "test.xlsx", "A", NOW)
    task = queue_apply(engine, OPERATOR, batch.id, NOW)
    late = TaskWatch(Held(task.id, task.agency_id, 0), threading.Event())
    with pytest.raises(task_running.LostTask):
        actions.apply(engine, OPERATOR, batch.id, NOW, watch=late)
    assert assets(engine) == []
    run_task(engine, settings)
    assert len(assets(engine)) == 1


def test_others_see_nothing_and_lost_rights_end_a_task(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    people = build(engine)
    with transaction(engine) as session:
        new = NewUser(email="clerk@a.example", role=Role.UPLOADER, agency_code="A", password="x" * 12)
        user_id = add_user(session, OPERATOR, new, NOW)[0].id
        clerk = load_principal(session, user_id)
    assert clerk is not None
    task = queue(engine, settings, write_csv(tmp_path, 3), clerk)
    assert list_tasks(engine, people["B"]) == []
    for act in (get_task, cancel_task):
        with pytest.raises(NotFound):
            act(engine, people["B"], task.id)
    with pytest.raises(NotFound):
        queue(engine, settings, write_csv(tmp_path, 3), clerk, "B")
    with transaction(engine) as session:
        session.execute(text("UPDATE app_user SET active = false"))
    run_task(engine, settings)
    ended = get_task(engine, OPERATOR, task.id)
    assert (ended.state, ended.error_code) == ("failed", "forbidden")


def test_a_worker_that_is_stopped_leaves_its_task_to_the_next(
    engine: Engine, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(engine)
    task = queue(engine, settings, write_csv(tmp_path))
    stopping = threading.Event()
    real = TaskWatch.advance

    def stop(watch: TaskWatch, rows: int) -> None:
        stopping.set()
        real(watch, rows)

    with monkeypatch.context() as patched:
        patched.setattr(TaskWatch, "advance", stop)
        run_task(engine, settings, stopping)
    assert get_task(engine, OPERATOR, task.id).state == "running"
    worker = ImportWorker(engine, settings).start()
    try:
        _wait(lambda: get_task(engine, OPERATOR, task.id).state == "done")
    finally:
        worker.stop()
    assert get_task(engine, OPERATOR, task.id).attempt == 2


def _wait(done: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


_WORKER = """
import sys, threading
from dataclasses import replace
from pathlib import Path
from tracker.db import make_engine
from tracker.inventory import task_running
from tracker.settings import load_settings

settings = replace(load_settings({}), data_dir=Path(sys.argv[2]))
engine = make_engine(sys.argv[1])
real = task_running.TaskWatch.advance

def told(watch, rows):
    real(watch, rows)
    if str(watch.phase) == sys.argv[3]:
        print("there", flush=True)
        threading.Event().wait()

task_running.TaskWatch.advance = told
task_running.run_task(engine, settings, lease=1.0)
"""


@pytest.mark.parametrize("phase", ["reading", "matching", "writing", "applying"])
def test_what_a_killed_worker_began_another_finishes(
    engine: Engine, settings: Settings, tmp_path: Path, phase: str
) -> None:
    build(engine)
    load(engine, [pc(2, "T1", serial="SN000001")])
    task = queue(engine, settings, write_csv(tmp_path))
    if phase == "applying":
        run_task(engine, settings)
        task = queue_apply(engine, OPERATOR, get_task(engine, OPERATOR, task.id).batch_id or 0, NOW)
    before = dump(engine)
    _kill_at(engine, settings, "writing" if phase == "applying" else phase)
    assert dump(engine) == before
    assert get_task(engine, OPERATOR, task.id).state == "running"
    # As long as its lease holds nobody takes it.
    _wait(lambda: run_task(engine, settings) == task.id)
    ended = get_task(engine, OPERATOR, task.id)
    assert (ended.state, ended.attempt) == ("done", 2)
    with reading(engine) as session:
        assert session.execute(text("SELECT COUNT(*) FROM import_batch")).scalar_one() == 2
        written = session.execute(text("SELECT COUNT(*) FROM asset")).scalar_one()
    assert written == (ROWS if phase == "applying" else 1)


def _kill_at(engine: Engine, settings: Settings, phase: str) -> None:
    """Let a process of its own begin the task, and kill it as soon as it is in `phase`."""
    address = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _WORKER, address, str(settings.data_dir), phase]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        process.send_signal(signal.SIGKILL)


def test_a_task_whose_process_dies_each_time_fails(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    task = queue(engine, settings, write_csv(tmp_path, 3))
    with transaction(engine) as session:
        session.execute(text("UPDATE import_task SET state = 'running', attempt = 5"))
    run_task(engine, settings)
    ended = get_task(engine, OPERATOR, task.id)
    assert (ended.state, ended.error_code) == ("failed", "worker-lost")


def test_a_wish_to_stop_outlives_the_process_that_did_not_hear_it(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    task = queue(engine, settings, write_csv(tmp_path, 3))
    with transaction(engine) as session:
        session.execute(text("UPDATE import_task SET state = 'running', attempt = 1"))
    progress.ask_to_stop(engine, f"import-{task.id}", "somebody")
    run_task(engine, settings)
    assert get_task(engine, OPERATOR, task.id).error == "stopped by somebody"


def test_ten_files_at_once_are_all_read_and_applied(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    paths = [write_csv(tmp_path, 200, f"list{number}.csv") for number in range(10)]
    for number, path in enumerate(paths):
        path.write_text(path.read_text().replace("T", f"T{number}-").replace("SN", f"SN{number}X"))
    failed: list[BaseException] = []

    def bring(path: Path) -> None:
        try:
            batch = actions.preview(engine, OPERATOR, path, path.name, "A", NOW, settings=settings)
            assert batch.created == 200
            actions.apply(engine, OPERATOR, batch.id, LATER)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=bring, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    with reading(engine) as session:
        assert session.execute(text("SELECT COUNT(*) FROM asset")).scalar_one() == 2_000
