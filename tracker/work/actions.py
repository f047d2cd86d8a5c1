"""Claiming, renewing and finishing runs of jobs.

A firing is a row: whoever inserts it runs the job, everybody else finds it taken. A run holds a lease;
when its process dies, the lease ends, the run counts as lost, and the same firing may be claimed again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine, literal, select, update
from sqlmodel import Session

from tracker.db import insert_unless_taken, new_id, table_of, transaction
from tracker.work.models import JobRun, Outcome

job_run = table_of(JobRun)

#: Longest error text kept in a run.
ERROR_CHARS = 2_000


def claim(engine: Engine, job: str, slot: str, worker: str, now: datetime, lease_seconds: int) -> int | None:
    """Claim the firing `slot` of `job`: the run's id, or None where it was run, runs, or the job runs now.

    One transaction of at most five statements. A lost run of the same slot is taken over with the next
    attempt number.
    """
    lease = now + timedelta(seconds=lease_seconds)
    with transaction(engine) as session:
        expire_lost(session, now)
        taken = _take_over(session, job, slot, worker, now, lease)
        return taken if taken is not None else _insert(session, job, slot, worker, now, lease)


def _take_over(
    session: Session, job: str, slot: str, worker: str, now: datetime, lease: datetime
) -> int | None:
    lost = (job_run.c.job == job, job_run.c.slot == slot, job_run.c.outcome == Outcome.LOST)
    other = job_run.alias()
    busy = select(literal(1)).where(other.c.job == job, other.c.outcome == Outcome.RUNNING).exists()
    again = update(job_run).where(*lost, ~busy).values(
        attempt=job_run.c.attempt + 1, worker=worker, started_at=now, lease_until=lease,
        outcome=Outcome.RUNNING, finished_at=None, error=None,
    )  # fmt: skip
    return session.execute(again.returning(job_run.c.id)).scalar()


def _insert(session: Session, job: str, slot: str, worker: str, now: datetime, lease: datetime) -> int | None:
    # Both unique indexes may say no: the slot was claimed, or the job runs under another slot.
    run_id = new_id(session)
    values = {"id": run_id, "job": job, "slot": slot, "attempt": 1, "worker": worker,
              "started_at": now, "lease_until": lease, "outcome": Outcome.RUNNING}  # fmt: skip
    return run_id if insert_unless_taken(session, JobRun, values) else None


def renew(engine: Engine, run_id: int, worker: str, now: datetime, lease_seconds: int) -> bool:
    """Move the lease of a run that still belongs to `worker`; False where it was lost meanwhile."""
    lease = now + timedelta(seconds=lease_seconds)
    mine = (job_run.c.id == run_id, job_run.c.worker == worker, job_run.c.outcome == Outcome.RUNNING)
    with transaction(engine) as session:
        moved = session.execute(
            update(job_run).where(*mine).values(lease_until=lease).returning(job_run.c.id)
        )
        return moved.scalar() is not None


def finish(
    engine: Engine,
    run_id: int,
    worker: str,
    now: datetime,
    counts: Mapping[str, object],
    error: str | None = None,
) -> bool:
    """Store how a run ended; False where it was lost meanwhile and is not this worker's any more."""
    outcome = Outcome.FAILED if error else Outcome.DONE
    mine = (job_run.c.id == run_id, job_run.c.worker == worker, job_run.c.outcome == Outcome.RUNNING)
    ended = update(job_run).where(*mine).values(
        finished_at=now, outcome=outcome, counts=dict(counts), error=error[:ERROR_CHARS] if error else None
    )  # fmt: skip
    with transaction(engine) as session:
        return session.execute(ended.returning(job_run.c.id)).scalar() is not None


def expire_lost(session: Session, now: datetime) -> int:
    """Mark runs whose lease ended before `now` as lost; their number. One statement."""
    gone = update(job_run).where(job_run.c.outcome == Outcome.RUNNING, job_run.c.lease_until < now)
    lost = session.execute(gone.values(outcome=Outcome.LOST, finished_at=now).returning(job_run.c.id))
    return len(lost.all())
