"""What a scan keeps of its verdicts: conditions, verdicts and title states, differences only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from tracker.db import insert_rows, reserve_ids, table_of
from tracker.lifecycle.evaluation import Cause, ConditionKey, State
from tracker.lifecycle.models import Condition, TitleState, Verdict

condition = table_of(Condition)
state = table_of(TitleState)
verdict = table_of(Verdict)

_STATE_COLUMNS = (
    "subject_kind",
    "subject_id",
    "scope_agency_id",
    "product_id",
    "release_id",
    "phase",
    "contract_phase",
    "patch_state",
    "security_support_ends_on",
    "behind_versions",
    "behind_since_on",
    "evidence",
)


def keep_conditions(session: Session, causes: Iterable[Cause]) -> dict[ConditionKey, int]:
    """The id of every condition that `causes` are about; missing ones are added. At most three statements."""
    c = condition.c
    rows = session.execute(select(c.id, c.rule, c.subject_kind, c.subject_id, c.threshold))
    ids: dict[ConditionKey, int] = {(row[1], row[2], row[3], row[4]): row[0] for row in rows}
    missing = sorted({cause.condition for cause in causes} - ids.keys())
    if missing:
        fresh = dict(zip(missing, reserve_ids(session, len(missing)), strict=True))
        rows_of = ((new_id, *key) for key, new_id in fresh.items())
        insert_rows(session, Condition, ("id", "rule", "subject_kind", "subject_id", "threshold"), rows_of)
        ids.update(fresh)
    return ids


def keep_verdicts(
    session: Session, causes: Sequence[Cause], conditions: Mapping[ConditionKey, int], now: datetime
) -> dict[str, int]:
    """The id of every cause's verdict by key; new ones are added, changed evidence is replaced.

    At most four statements.
    """
    stored = {
        row.key: row for row in session.execute(select(verdict.c.id, verdict.c.key, verdict.c.evidence))
    }
    ids = {key: row.id for key, row in stored.items()}
    missing = [cause for cause in causes if cause.key not in ids]
    _add_verdicts(session, missing, ids, conditions, now)
    changed = [
        {"row_id": row.id, "told": cause.verdict.facts}
        for cause in causes
        if (row := stored.get(cause.key)) is not None and row.evidence != cause.verdict.facts
    ]
    if changed:
        changing = update(verdict).where(verdict.c.id == bindparam("row_id"))
        session.connection().execute(changing.values(evidence=bindparam("told")), changed)
    return ids


def keep_more_verdicts(
    session: Session, causes: Sequence[Cause], now: datetime
) -> tuple[int, dict[str, int]]:
    """The id of the one condition of `causes`, and the ids of their verdicts by key; missing ones are added.

    For causes that come up while assets are judged. At most seven statements.
    """
    conditions = keep_conditions(session, causes)
    named = select(verdict.c.key, verdict.c.id).where(verdict.c.key.in_([cause.key for cause in causes]))
    ids: dict[str, int] = {row.key: row.id for row in session.execute(named)}
    missing = [cause for cause in causes if cause.key not in ids]
    _add_verdicts(session, missing, ids, conditions, now)
    return conditions[causes[0].condition], ids


def _add_verdicts(
    session: Session,
    missing: Sequence[Cause],
    ids: dict[str, int],
    conditions: Mapping[ConditionKey, int],
    now: datetime,
) -> None:
    if not missing:
        return
    ids.update(zip((cause.key for cause in missing), reserve_ids(session, len(missing)), strict=True))
    insert_rows(
        session,
        Verdict,
        ("id", "condition_id", "key", "severity", "since_on", "ends_on", "title_id", "scope_agency_id",
         "release_id", "version", "evidence", "recorded_at"),
        (_verdict_row(ids[cause.key], conditions, cause, now) for cause in missing),
    )  # fmt: skip


def _verdict_row(
    verdict_id: int, conditions: Mapping[ConditionKey, int], cause: Cause, now: datetime
) -> tuple[object, ...]:
    made = cause.verdict
    return (
        verdict_id,
        conditions[cause.condition],
        cause.key,
        made.severity,
        made.since_on,
        made.ends_on,
        cause.title_id,
        cause.scope,
        cause.release_id,
        cause.version,
        made.facts,
        now,
    )


def keep_states(session: Session, states: Sequence[State], today: date) -> int:
    """Store what was concluded about titles and models; how many rows were written.

    At most four statements: a changed row is deleted and inserted again under its id.
    """
    stored = {
        (row.subject_kind, row.subject_id, row.scope_agency_id): row
        for row in session.execute(select(state.c.id, *(state.c[name] for name in _STATE_COLUMNS)))
    }
    fresh: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    for one in states:
        values = _state_values(one)
        row = stored.get((one.kind, one.subject_id, one.scope))
        if row is None:
            fresh.append(values)
        elif tuple(row)[1:] != values:
            changed.append((row.id, *values))
    if changed:
        ids = [{"row_id": row[0]} for row in changed]
        session.connection().execute(state.delete().where(state.c.id == bindparam("row_id")), ids)
    numbered = [
        (new_id, *values) for new_id, values in zip(reserve_ids(session, len(fresh)), fresh, strict=True)
    ]
    rows = changed + numbered
    if rows:
        columns = ("id", *_STATE_COLUMNS, "evaluated_on")
        insert_rows(session, TitleState, columns, ((*row, today) for row in rows))
    return len(rows)


def _state_values(one: State) -> tuple[object, ...]:
    return (
        one.kind,
        one.subject_id,
        one.scope,
        one.product_id,
        one.release_id,
        one.phase,
        one.contract_phase,
        one.patch,
        one.security_support_ends_on,
        one.behind_versions,
        one.behind_since_on,
        one.evidence,
    )
