"""One of several processes that hold the same schedule, with a clock that the test moves. Run by test_replicas.py.

Arguments: the database's address, the file that holds the clock (Unix time), a name. It looks for due firings again and
again until the clock's file says "stop"; a firing lasts as long as there is a file "hold" beside the clock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from tracker import jobs
from tracker.db import make_engine
from tracker.settings import Settings, load_settings

#: Shorter than the way from one firing to the next: what a dead process held is free again by then.
LEASE_SECONDS = 300


def main(address: str, clock: Path, name: str) -> None:
    """Run what is due until the clock stops."""
    engine = make_engine(address)
    settings = load_settings({"TRACKER_JOB_LEASE_SECONDS": str(LEASE_SECONDS)})
    hold = clock.with_name("hold")

    def note(engine: Engine, settings: Settings, control: jobs.Control) -> Mapping[str, object]:
        while hold.exists():
            time.sleep(0.01)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO effect (worker) VALUES (:worker)"), {"worker": name})
        return {"worker": name}

    jobs.JOBS = (replace(jobs.get_job("catalogue-age-check"), handler=note, attempts=20),)
    clock.with_name(f"{name}.ready").touch()
    seen, looked = "", 0.0
    while (told := clock.read_text()) != "stop":
        if told and (told != seen or time.monotonic() - looked > 0.1):
            seen, looked = told, time.monotonic()
            jobs.run_due(engine, settings, datetime.fromtimestamp(float(told), UTC))
        time.sleep(0.005)
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
