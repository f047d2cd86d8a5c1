"""A scan: load, evaluate distinct titles and dates (pure), spread over assets in SQL, reconcile.

Every chunk of agencies is one transaction: it makes the open findings of those agencies equal to what
the rules say, whatever state it finds. A crash leaves whole chunks done or undone, and the next scan
completes them. A scan of another day or instant runs the same rules and SQL over temporary tables, in a
transaction that is rolled back (on PostgreSQL one that is read-only but for those).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Table, text
from sqlmodel import Session

from tracker.db import insert_rows, is_sqlite
from tracker.db.engine import READ_ONLY
from tracker.lifecycle import counting, fanout, profiling, temporary
from tracker.lifecycle.counting import RULES
from tracker.lifecycle.evaluation import Cause, ConditionKey, Ending, Evaluation, Pick, State
from tracker.lifecycle.fanout import Changes, Source
from tracker.lifecycle.judging import Bench
from tracker.lifecycle.policy import Policy
from tracker.lifecycle.profiles import RECORD_RULES, UNKNOWN_RULES, severity_weight, years_since
from tracker.lifecycle.profiling import Ids
from tracker.lifecycle.rules import Phase, Rule

#: Assets per transaction; one agency is never split, so that its findings change together.
CHUNK_ASSETS = 50_000
#: Names the lock that guards verdicts; any number that nothing else here uses.
_VERDICTS_LOCK = 7_340_021
_RULE_NUMBER = {rule.value: number for number, rule in enumerate(RULES)}


@dataclass
class Tally:
    """What the chunks counted, per agency and measure, and what they changed."""

    measures: dict[int, dict[str, int]] = field(default_factory=dict)
    assets_of: dict[int, int] = field(default_factory=dict)
    assets: int = 0
    changes: Changes = field(default_factory=Changes)

    def add(self, other: Changes) -> None:
        """Add the changes of one chunk."""
        mine = self.changes
        self.changes = Changes(
            mine.opened + other.opened, mine.resolved + other.resolved, mine.changed + other.changed
        )

    def total(self, measure: str) -> int:
        """The sum of `measure` over all agencies."""
        return sum(counted.get(measure, 0) for counted in self.measures.values())

    def open_by_rule(self) -> dict[str, int]:
        """Open findings by rule, those with none left out."""
        counted = {rule.value: self.total(f"open:{rule}") for rule in RULES}
        return {rule: count for rule, count in counted.items() if count}


@contextmanager
def scratch(engine: Engine) -> Iterator[Session]:
    """A session that reads one consistent state and writes temporary tables only; all is rolled back."""
    with engine.connect() as raw:
        connection: Connection = raw.execution_options(**{READ_ONLY: True})
        if raw.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with Session(bind=connection, expire_on_commit=False) as session:
            temporary.create_all(session)
            if raw.dialect.name == "postgresql":
                session.execute(text("SET TRANSACTION READ ONLY"))
            yield session
            session.rollback()


def fill(
    session: Session,
    evaluation: Evaluation,
    causes: Sequence[Cause],
    conditions: Mapping[ConditionKey, int],
    verdicts: Mapping[str, int],
    day: date,
) -> None:
    """Write the verdicts of an evaluation into the temporary tables of the session: one statement each."""
    number = {cause.key: at for at, cause in enumerate(causes, start=1)}
    rows_of = (_verdict(number[c.key], c, conditions, verdicts, day) for c in causes)
    _put(session, temporary.VERDICT, rows_of)
    for table, picks in (
        (temporary.TITLE_PICK, evaluation.title_picks),
        (temporary.MODEL_PICK, evaluation.model_picks),
    ):
        _put(session, table, (_pick(pick, number, conditions) for pick in picks))
    picked: tuple[tuple[Table, Sequence[tuple[Any, ...]]], ...] = (
        (temporary.AGE_PICK, evaluation.age_picks),
        (temporary.UNDATED_PICK, evaluation.undated_picks),
        (temporary.DAY_PICK, evaluation.day_picks),
        (temporary.FLAG_PICK, evaluation.flag_picks),
        (temporary.PROCESSOR_PICK, evaluation.processor_picks),
    )
    for table, rows in picked:
        made = ((*row[:-1], number[row[-1].key], conditions[row[-1].condition]) for row in rows)
        _put(session, table, made)
    _put(session, temporary.FOLLOWED, iter(evaluation.followed))
    _put(session, temporary.ENDING, (_ending(one) for one in evaluation.ending))
    _fill_states(session, evaluation.states)
    temporary.analyze(session, *temporary.FILLED)


def _put(session: Session, table: Table, rows: Iterator[tuple[object, ...]]) -> None:
    columns = [column.name for column in table.columns]
    insert_rows(session, table, columns, rows)


def _ending(one: Ending) -> tuple[object, ...]:
    return int(one.is_model), one.subject_id, one.scope, one.contract, one.release_id, one.month


def _verdict(
    no: int, cause: Cause, conditions: Mapping[ConditionKey, int], verdicts: Mapping[str, int], day: date
) -> tuple[object, ...]:
    made = cause.verdict
    years = years_since(made.ends_on, day) if made.rule is Rule.SECURITY_ENDED else 0
    silent = made.rule in UNKNOWN_RULES or made.rule in RECORD_RULES
    return (
        no,
        verdicts[cause.key],
        conditions[cause.condition],
        made.rule.value,
        made.severity,
        made.ends_on,
        years,
        0 if silent else severity_weight(made.severity),
        counting.packed_severity(made.severity),
        *counting.packed(_RULE_NUMBER[made.rule.value]),
    )


def facets(evaluation: Evaluation) -> frozenset[str]:
    """Which facts of assets have verdicts, as `Source.facets` wants them."""
    found = {row[0] for row in evaluation.day_picks} | {row[0] for row in evaluation.flag_picks}
    if evaluation.processor_picks and evaluation.followed:
        found.add("processor")
    return frozenset(found | ({"ending"} if evaluation.ending else set()))


def _pick(
    pick: Pick, number: Mapping[str, int], conditions: Mapping[ConditionKey, int]
) -> tuple[object, ...]:
    condition_id = conditions[pick.cause.condition]
    no = number[pick.cause.key]
    return (pick.subject_id, no, condition_id, int(pick.plain), pick.scope, pick.contract, pick.release_id)


def _fill_states(session: Session, states: Sequence[State]) -> None:
    scoped = ((one.kind, one.subject_id, one.scope) for one in states if one.scope)
    _put(session, temporary.SCOPED, scoped)
    dated = sorted({one.subject_id for one in states if one.kind == "model" and not one.scope and one.dated})
    _put(session, temporary.DATED_MODEL, ((model_id,) for model_id in dated))
    titles = [one for one in states if one.kind == "title"]
    shared = {one.subject_id: _coverage(one) for one in titles if not one.scope}
    _put(session, temporary.TITLE, ((title_id, *covered) for title_id, covered in shared.items()))
    own = (one for one in titles if one.scope)
    _put(session, temporary.OWN_TITLE, (_difference(one, shared[one.subject_id]) for one in own))


def _coverage(one: State) -> tuple[int, int, int, int]:
    tracked = int(one.phase != Phase.NOT_TRACKED)
    matched = int(one.evidence.get("unknown") in (None, "no-dates")) if tracked else 0
    return tracked, matched, int(one.dated), 1 - tracked


def _difference(one: State, shared: tuple[int, int, int, int]) -> tuple[int, ...]:
    own = _coverage(one)
    return one.scope, one.subject_id, *(mine - theirs for mine, theirs in zip(own, shared, strict=True))


def chunks(agencies: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Agencies (id, assets) in groups of about CHUNK_ASSETS assets."""
    group: list[int] = []
    held = 0
    for agency_id, assets in agencies:
        if group and held + assets > CHUNK_ASSETS:
            yield group
            group, held = [], 0
        group.append(agency_id)
        held += assets
    if group:
        yield group


def point_at(session: Session, agencies: Sequence[int]) -> None:
    """Make `agencies` the chunk."""
    temporary.empty(session, temporary.CHUNK)
    _put(session, temporary.CHUNK, ((agency_id,) for agency_id in agencies))
    temporary.analyze(session, temporary.CHUNK)


def stage_chunk(session: Session, source: Source, agencies: Sequence[int], bench: Bench, ids: Ids) -> int:
    """Make `agencies` the chunk and fill what should be open there; how many findings."""
    point_at(session, agencies)
    wanted = fanout.stage_wanted(session, source, bench.policy.skipped_statuses)
    profiling.stage_profiles(session, source)
    return wanted + profiling.judge_chunk(session, bench, ids)


def tally_chunk(session: Session, source: Source, policy: Policy, tally: Tally) -> dict[int, dict[str, int]]:
    """Count the staged chunk per agency and measure into `tally`; six statements."""
    counted: dict[int, dict[str, int]] = {}
    for agency_id, assets, units in counting.count_assets(session, source):
        counted[agency_id] = {"assets": units}
        tally.assets += assets
        tally.assets_of[agency_id] = assets
    for agency_id, *numbers in counting.count_coverage(session, source):
        names = ("installations", *temporary.MEASURES)
        counted[agency_id].update(zip(names, numbers, strict=True))
    for row in counting.count_wanted(session, _groups(policy)):
        named = {name: row[name] for name in _groups(policy)}
        named.update({f"open:{rule}": row[f"r{number}"] for number, rule in enumerate(RULES)})
        counted[row["agency_id"]].update({name: count for name, count in named.items() if count})
    for agency_id, severity, count in counting.count_severities(session):
        of_severity = counted[agency_id].get(f"severity:{severity}", 0)
        counted[agency_id][f"severity:{severity}"] = of_severity + count
    for agency_id, month, units in counting.count_ending(session, source):
        counted[agency_id][f"ending:{month}"] = units
    for agency_id, band, units, found in profiling.count_judged(session):
        counted[agency_id][f"risk:{band}"] = units
        if found:
            of_ruleset = counted[agency_id].get(f"open:{Rule.RULESET}", 0)
            counted[agency_id][f"open:{Rule.RULESET}"] = of_ruleset + found
    tally.measures.update(counted)
    return counted


def _groups(policy: Policy) -> dict[str, frozenset[str]]:
    """Headline figures: units of assets for which any of these rules holds."""
    return {
        "obsolete": policy.obsolete_rules,
        "unpatched": policy.unpatched_rules,
        "unpatchable": frozenset({Rule.UNPATCHABLE.value}),
        "unknown": frozenset({Rule.LIFECYCLE_UNKNOWN.value, Rule.MATCH_TO_REVIEW.value}),
    }


def provisional(causes: Sequence[Cause]) -> tuple[dict[ConditionKey, int], dict[str, int]]:
    """Numbers for conditions and verdicts that are not stored: a scan of another day needs no ids."""
    conditions = {key: at for at, key in enumerate(sorted({cause.condition for cause in causes}), start=1)}
    return conditions, {cause.key: at for at, cause in enumerate(causes, start=1)}


def provisional_ids(bench: Bench) -> Ids:
    """Numbers for what is judged where nothing is stored: after those of `provisional`."""

    def ids(causes: Sequence[Cause]) -> tuple[int, dict[str, int]]:
        return 0, {cause.key: bench.numbers[cause.key] for cause in causes}

    return ids


def lock_chunk(session: Session, agencies: Sequence[int]) -> None:
    """Keep a second scan away from `agencies` until the transaction ends; imports go on. On SQLite the
    write lock of the transaction does it."""
    if not is_sqlite(session):
        session.execute(
            text("SELECT id FROM agency WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE"),
            {"ids": list(agencies)},
        )


def lock_verdicts(session: Session) -> None:
    """Let a second scan wait until this transaction ends: both would add the same new verdicts. On SQLite
    the write lock does it."""
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _VERDICTS_LOCK})
