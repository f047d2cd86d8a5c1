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

from sqlalchemy import Connection, Engine, Table, text
from sqlmodel import Session

from tracker.db import insert_rows, is_sqlite
from tracker.db.engine import READ_ONLY
from tracker.lifecycle import fanout, temporary
from tracker.lifecycle.evaluation import Cause, ConditionKey, Evaluation, Pick, State
from tracker.lifecycle.fanout import RULES, Changes, Source
from tracker.lifecycle.policy import Policy
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
) -> None:
    """Write the verdicts of an evaluation into the temporary tables of the session: one statement each."""
    number = {cause.key: at for at, cause in enumerate(causes, start=1)}
    _put(session, temporary.VERDICT, (_verdict(number[c.key], c, conditions, verdicts) for c in causes))
    for table, picks in (
        (temporary.TITLE_PICK, evaluation.title_picks),
        (temporary.MODEL_PICK, evaluation.model_picks),
    ):
        _put(session, table, (_pick(pick, number, conditions) for pick in picks))
    for table, rows in (
        (temporary.AGE_PICK, evaluation.age_picks),
        (temporary.UNDATED_PICK, evaluation.undated_picks),
        (temporary.WARRANTY_PICK, evaluation.warranty_picks),
    ):
        dated = ((*row[:-1], number[row[-1].key], conditions[row[-1].condition]) for row in rows)
        _put(session, table, dated)
    _fill_states(session, evaluation.states)
    temporary.analyze(session, *temporary.FILLED)


def _put(session: Session, table: Table, rows: Iterator[tuple[object, ...]]) -> None:
    columns = [column.name for column in table.columns]
    insert_rows(session, table, columns, rows)


def _verdict(
    no: int, cause: Cause, conditions: Mapping[ConditionKey, int], verdicts: Mapping[str, int]
) -> tuple[object, ...]:
    made = cause.verdict
    month = made.ends_on.isoformat()[:7] if made.rule is Rule.SECURITY_ENDS_SOON and made.ends_on else None
    rule = made.rule.value
    condition_id = conditions[cause.condition]
    return (
        no,
        verdicts[cause.key],
        condition_id,
        rule,
        made.severity,
        made.ends_on,
        month,
        *fanout.packed(_RULE_NUMBER[rule]),
    )


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


def stage_chunk(session: Session, source: Source, agencies: Sequence[int], policy: Policy) -> int:
    """Make `agencies` the chunk and fill what should be open there; how many findings."""
    point_at(session, agencies)
    return fanout.stage_wanted(session, source, policy.skipped_statuses)


def tally_chunk(session: Session, source: Source, policy: Policy, tally: Tally) -> dict[int, dict[str, int]]:
    """Count the staged chunk per agency and measure into `tally`; four statements."""
    counted: dict[int, dict[str, int]] = {}
    for agency_id, assets, units in fanout.count_assets(session, source):
        counted[agency_id] = {"assets": units}
        tally.assets += assets
        tally.assets_of[agency_id] = assets
    for agency_id, *numbers in fanout.count_coverage(session, source):
        names = ("installations", *temporary.MEASURES)
        counted[agency_id].update(zip(names, numbers, strict=True))
    for row in fanout.count_wanted(session, source, _groups(policy)):
        named = {name: row[name] for name in _groups(policy)}
        for number, rule in enumerate(RULES):
            severity = f"severity:{policy.severity(rule)}"
            named[f"open:{rule}"] = row[f"r{number}"]
            named[severity] = named.get(severity, 0) + row[f"r{number}"]
        counted[row["agency_id"]].update({name: count for name, count in named.items() if count})
    for agency_id, month, units in fanout.count_ending(session, source):
        counted[agency_id][f"ending:{month}"] = units
    tally.measures.update(counted)
    return counted


def _groups(policy: Policy) -> dict[str, frozenset[str]]:
    """Headline figures: units of assets for which any of these rules holds."""
    return {
        "obsolete": policy.obsolete_rules,
        "unpatched": policy.unpatched_rules,
        "unpatchable": frozenset({Rule.UNPATCHABLE.value}),
        "unknown": frozenset({Rule.LIFECYCLE_UNKNOWN.value}),
    }


def provisional(causes: Sequence[Cause]) -> tuple[dict[ConditionKey, int], dict[str, int]]:
    """Numbers for conditions and verdicts that are not stored: a scan of another day needs no ids."""
    conditions = {key: at for at, key in enumerate(sorted({cause.condition for cause in causes}), start=1)}
    return conditions, {cause.key: at for at, cause in enumerate(causes, start=1)}


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
