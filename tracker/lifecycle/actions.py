"""What the command line, the API, the pages and the schedule call: scans, real and of another day."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Engine, select
from sqlmodel import Session

from tracker.db import new_id, reading, table_of, transaction
from tracker.identity import audit
from tracker.identity.errors import Forbidden
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal, Scope
from tracker.inventory.actions import match_titles
from tracker.lifecycle import details, fanout, fingerprints, history, profiling, queries, stored, temporary
from tracker.lifecycle import scan as scanning
from tracker.lifecycle.evaluation import Cause, Evaluation, evaluate
from tracker.lifecycle.facts import Facts
from tracker.lifecycle.fanout import Source
from tracker.lifecycle.judging import Bench
from tracker.lifecycle.loading import load
from tracker.lifecycle.models import ScanRun
from tracker.lifecycle.policies import ensure_policy, get_policy
from tracker.lifecycle.policy import Policy
from tracker.lifecycle.rollups import keep_rollups
from tracker.lifecycle.scan import Tally
from tracker.lifecycle.schemas import Coverage, FindingFilter, FindingRow, ScanResult

__all__ = ["StagedScan", "ensure_policy", "findings_as_of", "scan", "scan_as_of", "staged_scan"]

agency = table_of(Agency)
scan_run = table_of(ScanRun)


def _go_on() -> None:
    """Nobody asks to stop."""


def scan(
    engine: Engine, principal: Principal, today: date, now: datetime, check: Callable[[], None] = _go_on
) -> ScanResult:
    """Bring the stored findings of the principal's agencies up to `today`; only differences are written.

    `check` is called before each chunk of agencies: an exception that it raises ends the scan between two of
    them, and the next one completes it.

    Titles that are new, or were matched by an older catalogue, are matched first. Opens its own
    transactions: for matches, for verdicts, per chunk of agencies, for the run. Statements grow with the
    number of chunks, never with rows. Agencies where nothing of what a scan rests on has changed since the
    last one are passed over (fingerprints.py). A second scan of the same day and state writes no
    row at all, also none in scan_run: that a scan was started stands in job_run.
    Raises: Forbidden where the principal may scan nowhere.
    """
    started = time.monotonic()
    scope = _scope(principal, Permission.SCAN)
    with transaction(engine) as session:
        match_titles(session, now)
        policy = ensure_policy(session, now, today)
    tally = Tally()
    with reading(engine) as session:
        plan = _look(session, scope, policy, today, tally)
        titles = _count_titles(session, scope)
    written = _scan_changed(engine, plan, tally, today, now, check) if plan is not None else 0
    result = _result(today, titles, tally, started)
    if written and plan is not None:
        with transaction(engine) as session:
            _keep_run(session, principal, scope, result, policy, plan.facts, now)
    return result


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be scanned and against what; all read in one snapshot."""

    agencies: Sequence[tuple[int, int]]
    fingerprints: Mapping[int, str]
    facts: Facts
    evaluation: Evaluation
    bench: Bench


def _look(session: Session, scope: Scope, policy: Policy, today: date, tally: Tally) -> _Plan | None:
    """What has to be scanned, None where nothing has; agencies without news are counted into `tally`."""
    agencies = queries.list_agency_sizes(session, scope)
    marks = fingerprints.of_inventories(session, fingerprints.of_facts(session, policy, today))
    assets, counted = fingerprints.find_unchanged(session, (one for one, _ in agencies), today, marks)
    tally.assets += sum(assets.values())
    tally.measures.update(counted)
    left = [(agency_id, size) for agency_id, size in agencies if agency_id not in assets]
    if not left:
        return None
    with _uncollected():
        facts = load(session, today, moved_days=policy.dates_moved_days)
        evaluation = _evaluate(session, facts, Source(), policy, today)
        return _Plan(left, marks, facts, evaluation, Bench(policy, evaluation.causes()))


@contextmanager
def _uncollected() -> Iterator[None]:
    """The search for reference cycles paused: it would walk all facts again and again, and they have none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _scan_changed(
    engine: Engine, plan: _Plan, tally: Tally, today: date, now: datetime, check: Callable[[], None]
) -> int:
    """Scan chunk by chunk; how many rows were written that tell something new."""
    with engine.connect() as connection, Session(bind=connection, expire_on_commit=False) as session:
        try:
            written = _prepare(session, plan, today, now)
            for chunk in scanning.chunks(plan.agencies):
                check()
                with session.begin():
                    written += _scan_chunk(session, chunk, plan, tally, today, now)
        finally:
            _clear(session)
    return written


def _scope(principal: Principal, permission: Permission) -> Scope:
    scope = principal.scope(permission)
    if scope.is_empty:
        raise Forbidden("forbidden", f"You may not do this: {permission.value} is needed.")
    return scope


def _evaluate(session: Session, facts: Facts, source: Source, policy: Policy, day: date) -> Evaluation:
    return evaluate(facts, queries.list_asset_facts(session, source), policy, day)


def _count_titles(session: Session, scope: Scope) -> int:
    """All titles; of a part of the tree only those installed there, so that no agency learns how much
    others have."""
    if not scope.is_everything:
        return queries.count_titles(session, scope)
    return queries.count_all_titles(session)


def _prepare(session: Session, plan: _Plan, today: date, now: datetime) -> int:
    """Store verdicts and states, fill the temporary tables; how many rows of states were written."""
    evaluation, causes = plan.evaluation, tuple(plan.bench.causes)
    with session.begin():
        scanning.lock_verdicts(session)
        temporary.create_all(session)
        conditions = stored.keep_conditions(session, causes)
        verdicts = stored.keep_verdicts(session, causes, conditions, now)
        written = stored.keep_states(session, evaluation.states, today)
        scanning.fill(session, evaluation, causes, conditions, verdicts, today)
        fanout.cover_contracts(session, today)
        temporary.analyze(session, temporary.COVERED)
    return written


def _scan_chunk(
    session: Session, chunk: Sequence[int], plan: _Plan, tally: Tally, today: date, now: datetime
) -> int:
    scanning.lock_chunk(session, chunk)
    source = Source(facets=scanning.facets(plan.evaluation))

    def ids(causes: Sequence[Cause]) -> tuple[int, Mapping[str, int]]:
        scanning.lock_verdicts(session)
        return stored.keep_more_verdicts(session, causes, now)

    wanted = scanning.stage_chunk(session, source, chunk, plan.bench, ids)
    changes = fanout.reconcile(session, wanted, today)
    counted = scanning.tally_chunk(session, source, plan.bench.policy, tally)
    differing = keep_rollups(session, chunk, today, counted) + profiling.keep_risk(session)
    fingerprints.keep_marks(session, chunk, plan.fingerprints, tally.assets_of)
    tally.add(changes)
    return changes.opened + changes.resolved + changes.changed + differing


def _clear(session: Session) -> None:
    """Give the connection back without our temporary tables, whatever happened."""
    session.rollback()
    with session.begin():
        temporary.drop_all(session)


def _result(day: date, titles: int, tally: Tally, started: float) -> ScanResult:
    names = ("tracked", "matched", "dated", "not_tracked")
    return ScanResult(
        as_of=day,
        assets=tally.assets,
        installations=tally.total("installations"),
        titles=titles,
        coverage=Coverage(**{name: tally.total(name) for name in names}),
        opened=tally.changes.opened,
        resolved=tally.changes.resolved,
        changed=tally.changes.changed,
        open=tally.open_by_rule(),
        seconds=round(time.monotonic() - started, 3),
    )


def _keep_run(
    session: Session,
    principal: Principal,
    scope: Scope,
    result: ScanResult,
    policy: Policy,
    facts: Facts,
    now: datetime,
) -> None:
    """Note the run, and the act in the log of the topmost agency that was scanned."""
    run_id = new_id(session)
    session.execute(
        scan_run.insert().values(
            id=run_id,
            as_of=result.as_of,
            started_at=now,
            finished_at=now,
            policy_id=policy.id,
            matcher_version=facts.matcher_version,
            catalogue_as_of=facts.catalogue_as_of,
            result=result.to_json(),
        )
    )
    top = select(agency.c.id).where(agency.c.path == scope.ranges[0][0])
    agency_id = session.execute(top).scalar_one()
    told: dict[str, object] = {
        "opened": result.opened,
        "resolved": result.resolved,
        "changed": result.changed,
    }
    audit.record(session, principal, "scan", "scan_run", run_id, agency_id, told, now)


def scan_as_of(
    engine: Engine, principal: Principal, as_of: date, known_at: datetime | None = None
) -> ScanResult:
    """What a scan of the day `as_of` would find with what was known at `known_at` (None: now).

    Writes nothing: opened, resolved and changed are 0.
    Raises: Forbidden where the principal may see nothing.
    """
    started = time.monotonic()
    scope = _scope(principal, Permission.VIEW)
    tally = Tally()
    with scanning.scratch(engine) as session:
        source = Source(known_at)
        agencies = queries.list_agency_sizes(session, scope)
        bench, _ = _prepare_as_of(session, source, agencies, as_of)
        for chunk in scanning.chunks(agencies):
            scanning.stage_chunk(session, source, chunk, bench, scanning.provisional_ids(bench))
            scanning.tally_chunk(session, source, bench.policy, tally)
        titles = _count_titles(session, scope)
    return _result(as_of, titles, tally, started)


def _prepare_as_of(
    session: Session,
    source: Source,
    agencies: Sequence[tuple[int, int]],
    as_of: date,
    facts: Facts | None = None,
) -> tuple[Bench, Evaluation]:
    if source.known_at is not None:
        scanning.point_at(session, [agency_id for agency_id, _ in agencies])
        history.stage_assets(session, source.known_at)
    policy = get_policy(session, source.known_at, as_of)
    facts = facts or load(session, as_of, source.known_at, moved_days=policy.dates_moved_days)
    evaluation = _evaluate(session, facts, source, policy, as_of)
    bench = Bench(policy, evaluation.causes())
    causes = tuple(bench.causes)
    scanning.fill(session, evaluation, causes, *scanning.provisional(causes), as_of)
    fanout.cover_contracts(session, as_of)
    source.facets = scanning.facets(evaluation)
    return bench, evaluation


@dataclass
class StagedScan:
    """A scan of another day that stands in temporary tables of `session`, one chunk of agencies at a time.

    A row of scan_wanted names its cause by number, from 1; `causes` may grow with each chunk. `coverage` is
    whole once all chunks were seen.
    """

    session: Session
    agencies: Sequence[tuple[int, int]]
    source: Source
    bench: Bench
    tally: Tally = field(default_factory=Tally)

    def chunks(self) -> Iterator[None]:
        """Stage chunk after chunk: scan_chunk then names its agencies, scan_wanted what holds there."""
        for chunk in scanning.chunks(self.agencies):
            scanning.stage_chunk(
                self.session, self.source, chunk, self.bench, scanning.provisional_ids(self.bench)
            )
            scanning.tally_chunk(self.session, self.source, self.policy, self.tally)
            yield

    @property
    def causes(self) -> Sequence[Cause]:
        """The causes by number, the first is 1."""
        return self.bench.causes

    @property
    def policy(self) -> Policy:
        """The policy in force on the day."""
        return self.bench.policy

    @property
    def coverage(self) -> Coverage:
        """What is known of the installed units of the chunks seen."""
        return Coverage(**{name: self.tally.total(name) for name in temporary.MEASURES})


@contextmanager
def staged_scan(
    engine: Engine, scope: Scope, as_of: date, code: str | None = None, facts: Facts | None = None
) -> Iterator[StagedScan]:
    """What would hold on `as_of` in `scope`, or at and below its agency `code`; nothing stays written.

    `facts` stand in the place of those of the catalogue where they are given.


    Raises: NotFound where no agency of the scope has this code.
    """
    with scanning.scratch(engine) as session:
        source = Source()
        agencies = queries.list_agency_sizes(session, scope, code)
        bench, _ = _prepare_as_of(session, source, agencies, as_of, facts)
        yield StagedScan(session, agencies, source, bench)


def findings_as_of(
    engine: Engine,
    principal: Principal,
    as_of: date,
    known_at: datetime | None = None,
    wanted: FindingFilter | None = None,
) -> list[FindingRow]:
    """The findings that hold on `as_of` with what was known at `known_at`, by agency, asset and rule.

    Nothing is stored: ids are None and `opened_on` is the day asked for. Writes nothing.
    Raises: Forbidden where the principal may see nothing; NotFound for an agency outside the subtree.
    """
    scope = _scope(principal, Permission.VIEW)
    wanted = wanted or FindingFilter()
    rows: list[FindingRow] = []
    with scanning.scratch(engine) as session:
        source = Source(known_at)
        agencies = queries.list_agency_sizes(session, scope, wanted.agency)
        bench, evaluation = _prepare_as_of(session, source, agencies, as_of)
        told = details.of_evaluation(session, bench.causes, evaluation.states)
        for chunk in scanning.chunks(agencies):
            scanning.stage_chunk(session, source, chunk, bench, scanning.provisional_ids(bench))
            details.add_judged(told, bench.causes)
            staged = queries.list_staged(session, source, wanted, as_of, told, evaluation.states)
            rows.extend(staged)
    return rows
