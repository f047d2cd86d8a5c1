"""Commands about jobs: when they run, how they went, running, changing and stopping them."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from tracker import jobs as schedule
from tracker.cli.catalogue import Json
from tracker.cli.context import Context, open_context
from tracker.cli.output import FAILED, REFUSED, explained, print_json, print_table, say, stop
from tracker.db import reading
from tracker.work import queries

jobs = typer.Typer(help="What runs by itself.", no_args_is_help=True)


def _open() -> Context:
    context = open_context()
    schedule.ensure_schedules(context.engine, context.settings)
    return context


@jobs.command("schedules")
@explained
def list_schedules(as_json: Json = False) -> None:
    """When each job runs."""
    context = _open()
    with reading(context.engine) as session:
        found = queries.list_schedules(session)
    if as_json:
        print_json([dataclasses.asdict(one) for one in found])
        return
    print_table(
        ["schedule", "trigger", "on", "attempts", "seconds", "parameters"],
        (
            (s.id, s.trigger, "yes" if s.enabled else "no", s.attempts, s.timeout_seconds, s.parameters or "")
            for s in found
        ),
    )


@jobs.command("set")
@explained
def change(
    name: Annotated[str, typer.Argument(help="The schedule, as 'jobs schedules' names it.")],
    trigger: Annotated[str | None, typer.Option(help="daily 01:30, weekly mon 06:00, hourly 15 …")] = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Switch it on or off.")] = None,
    attempts: Annotated[int | None, typer.Option(min=1, max=20)] = None,
    timeout: Annotated[int | None, typer.Option(min=1, help="Seconds that a run may take.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", help="NAME=VALUE; several; NAME= removes.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change when a job runs."""
    context = _open()
    changes: dict[str, object] = {
        key: value
        for key, value in (
            ("trigger", trigger), ("enabled", enabled), ("attempts", attempts), ("timeout_seconds", timeout),
        )
        if value is not None
    }  # fmt: skip
    if parameters:
        pairs = (text.partition("=") for text in parameters)
        changes["parameters"] = {key: value for key, _, value in pairs if value}
    if not changes:
        stop("nothing_to_change", "say what to change", as_json=as_json, exit_code=REFUSED)
    view = schedule.change_schedule(context.engine, context.principal, name, changes, context.now)
    if as_json:
        print_json(dataclasses.asdict(view))
    else:
        say(f"{view.id}: {view.trigger}, {'on' if view.enabled else 'off'}")


@jobs.command("list")
@explained
def list_runs(
    job: Annotated[str | None, typer.Option(help="Only runs of this job.")] = None,
    outcome: Annotated[str | None, typer.Option(help="running, done, failed, lost …")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 50,
    as_json: Json = False,
) -> None:
    """Runs, newest first."""
    context = _open()
    with reading(context.engine) as session:
        found = queries.list_runs(session, limit, job=job, outcome=outcome)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    print_table(
        ["run", "job", "due", "outcome", "started", "seconds", "error"],
        ((r.id, r.job, r.slot, r.outcome, r.started_at, r.seconds, r.error) for r in found),
    )


@jobs.command("run")
@explained
def run(job: str, as_json: Json = False) -> None:
    """Run a job now and wait for it."""
    context = _open()
    if job not in {one.id for one in schedule.JOBS}:
        stop("unknown_job", f"there is no job {job!r}", as_json=as_json, exit_code=REFUSED)
    run_id = schedule.run_now(context.engine, context.settings, job)
    if run_id is None:
        stop("job_running", f"{job} is running already", as_json=as_json, exit_code=FAILED)
    with reading(context.engine) as session:
        made = queries.find_run(session, run_id)
    assert made is not None, "the run was just made"
    if as_json:
        print_json(made.to_json())
    else:
        say(f"{job}: {made.outcome}" + (f": {made.error}" if made.error else ""))
    if made.outcome != "done":
        raise typer.Exit(FAILED)


@jobs.command("cancel")
@explained
def cancel(run_id: Annotated[int, typer.Argument(metavar="RUN")], as_json: Json = False) -> None:
    """Ask a running run to stop at its next safe point."""
    context = _open()
    if not schedule.cancel_run(context.engine, context.principal, run_id, context.now):
        stop("not_running", f"run {run_id} does not run (any more)", as_json=as_json, exit_code=REFUSED)
    if as_json:
        print_json({"asked": True})
    else:
        say(f"run {run_id} was asked to stop")
