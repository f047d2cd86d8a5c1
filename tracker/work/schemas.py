"""What the work room gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """When a job runs. `changed_at` is null while it is as shipped."""

    id: str
    job: str
    trigger: str
    enabled: bool
    parameters: dict[str, object]
    timeout_seconds: int
    attempts: int
    changed_at: datetime | None = None
    changed_by: str | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run of a job as shown. `counts` is what the job reported; `error` why it failed."""

    id: int
    job: str
    slot: str
    attempt: int
    worker: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    counts: dict[str, object]
    error: str | None
    schedule: str | None = None
    retry_at: datetime | None = None
    cancel_requested_by: str | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took, or None while it runs."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def to_json(self) -> dict[str, object]:
        """One JSON object; instants in ISO 8601 UTC."""
        return {
            "id": self.id,
            "job": self.job,
            "slot": self.slot,
            "attempt": self.attempt,
            "started_at": self.started_at.isoformat(),
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "outcome": self.outcome,
            "counts": self.counts,
            "error": self.error,
            "schedule": self.schedule,
            "retry_at": self.retry_at.isoformat() if self.retry_at else None,
            "cancel_requested_by": self.cancel_requested_by,
        }
