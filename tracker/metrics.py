"""Figures about the installation in the text format of Prometheus; of the whole, never of one agency.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from sqlmodel import Session

from tracker.catalogue import actions as catalogue
from tracker.work.queries import count_runs, list_schedules

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_Sample = tuple[dict[str, str], float]


def render_metrics(session: Session, today: date) -> str:
    """Runs of jobs by outcome, when each last began, schedules, and the age of the catalogue. Three statements."""
    runs = count_runs(session)
    age = catalogue.status(session, today).age_days
    families: list[tuple[str, str, str, list[_Sample]]] = [
        ("tracker_job_runs", "Runs of jobs by outcome.", "gauge",
         [({"job": job, "outcome": outcome}, count) for job, outcome, count, _ in runs]),
        ("tracker_job_last_start_seconds", "When a run with this outcome last began, Unix time.", "gauge",
         [({"job": job, "outcome": outcome}, at) for job, outcome, _, at in runs if at is not None]),
        ("tracker_job_schedule_enabled", "Whether a schedule is switched on.", "gauge",
         [({"schedule": one.id}, float(one.enabled)) for one in list_schedules(session)]),
        ("tracker_catalogue_age_days", "Days since the support dates were told.", "gauge",
         [] if age is None else [({}, float(age))]),
    ]  # fmt: skip
    return "".join(line for family in families for line in _family(*family))


def _family(name: str, told: str, kind: str, samples: Iterable[_Sample]) -> Iterator[str]:
    yield f"# HELP {name} {told}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
        yield f"{name}{{{shown}}} {float(value)!r}\n" if shown else f"{name} {float(value)!r}\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
