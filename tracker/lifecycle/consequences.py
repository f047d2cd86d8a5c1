"""What an update of the catalogue would do to agencies, before it is applied.

The update is written and taken back in one transaction, so that its facts are exactly those that applying it will
give; titles are matched anew in it. Then the rules judge the facts before and after, and what differs is counted
over assets in SQL. The catalogue's lock is held for the first step only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, and_, func, select, text
from sqlmodel import Session

from tracker.catalogue.actions import apply_offer, need_admin
from tracker.catalogue.offers import Offer, base_version
from tracker.catalogue.queries import PROVISIONAL
from tracker.catalogue.schemas import SyncResult
from tracker.db import is_sqlite, reading
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal, Scope
from tracker.identity.scope import limit as within
from tracker.inventory.actions import match_titles
from tracker.lifecycle.actions import staged_scan
from tracker.lifecycle.evaluation import AssetFacts, State, evaluate
from tracker.lifecycle.facts import Facts
from tracker.lifecycle.loading import load
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.policy import Policy
from tracker.lifecycle.queries import agency, asset

_Subject = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The facts of a day before and after an update, the update's differences, and the catalogue they are
    against."""

    result: SyncResult
    before: Facts
    after: Facts
    policy: Policy
    today: date
    base: str


@dataclass(frozen=True, slots=True)
class PhaseMove:
    """How many titles and models go from one phase to another."""

    before: str
    after: str
    subjects: int


@dataclass(frozen=True, slots=True)
class AgencyEffect:
    """How many assets of an agency carry something that changes its phase."""

    agency: str
    name: str
    assets: int


@dataclass(frozen=True, slots=True)
class FindingMove:
    """How many findings of a rule would open and resolve, net within each agency."""

    rule: str
    opened: int
    resolved: int


@dataclass(frozen=True, slots=True)
class Consequences:
    """What an update changes for agencies; phases are those without a contract for extended support."""

    assets: int
    phases: tuple[PhaseMove, ...]
    agencies: tuple[AgencyEffect, ...]
    findings: tuple[FindingMove, ...]


def foresee(engine: Engine, principal: Principal, offer: Offer, today: date, now: datetime) -> Foreseen:
    """The facts before and after an update that is then taken back: nothing stays written.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        Refused: the offer cannot be read.
        Conflict: the catalogue has newer dates already.
    """
    need_admin(principal)
    with _taken_back(engine) as session:
        match_titles(session, now)
        base = base_version(session)
        policy = get_policy(session, None, today)
        before = load(session, today, moved_days=policy.dates_moved_days)
        result = apply_offer(session, principal, offer, now)
        match_titles(session, now)
        after = load(session, today, moved_days=policy.dates_moved_days)
    return Foreseen(replace(result, dry_run=True), before, after, policy, today, base)


@contextmanager
def _taken_back(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, Session(bind=connection, expire_on_commit=False) as session:
        session.info[PROVISIONAL] = True
        try:
            yield session
        finally:
            session.rollback()


def count_consequences(engine: Engine, principal: Principal, foreseen: Foreseen) -> Consequences:
    """What the update changes for the agencies that the principal may see.

    Statements grow with the number of agencies concerned (in chunks), never with titles or assets. Findings are
    counted only in agencies that have something concerned.
    """
    scope = principal.scope(Permission.VIEW)
    before, after = _states(foreseen, foreseen.before), _states(foreseen, foreseen.after)
    moved = _differing(before, after, lambda one: one.phase)
    judged = _differing(before, after, _judged)
    with reading(engine) as session:
        agencies = _count_assets(session, scope, moved)
        touched = {number for number, _, _, _ in _count_assets(session, scope, judged)}
    return Consequences(
        assets=sum(assets for _, _, _, assets in agencies),
        phases=_phases(before, after, moved),
        agencies=tuple(AgencyEffect(code, name, assets) for _, code, name, assets in agencies),
        findings=_findings(engine, scope, foreseen, touched),
    )


def _states(foreseen: Foreseen, facts: Facts) -> dict[_Subject, State]:
    judged = evaluate(facts, AssetFacts(ages=()), foreseen.policy, foreseen.today)
    return {(one.kind, one.subject_id, one.scope): one for one in judged.states}


def _judged(state: State) -> tuple[object, ...]:
    """Everything of a state that a finding can rest on."""
    return (
        state.phase, state.contract_phase, state.patch, state.product_id, state.release_id,
        state.security_support_ends_on, state.behind_versions, state.behind_since_on,
        str(state.evidence.get("unknown")), str(state.evidence.get("dates")),
    )  # fmt: skip


def _differing(
    before: Mapping[_Subject, State], after: Mapping[_Subject, State], told: Any
) -> frozenset[_Subject]:
    shared = before.keys() & after.keys()
    return frozenset(one for one in shared if told(before[one]) != told(after[one])) | (
        before.keys() ^ after.keys()
    )


def _phases(
    before: Mapping[_Subject, State], after: Mapping[_Subject, State], moved: Iterable[_Subject]
) -> tuple[PhaseMove, ...]:
    counted = Counter(
        (before[one].phase, after[one].phase) for one in moved if one in before and one in after
    )
    return tuple(PhaseMove(was, becomes, count) for (was, becomes), count in sorted(counted.items()))


#: Assets that carry one of the titles or models: by an agency's own match where it has one, else the shared one.
_CARRIERS = """
    SELECT i.agency_id AS agency_id, i.asset_id AS id FROM installation i
    WHERE i.superseded_at IS NULL AND i.title_id IN {titles} AND NOT EXISTS (
        SELECT 1 FROM title_match o WHERE o.subject_kind = 'title' AND o.subject_id = i.title_id
        AND o.scope_agency_id = i.agency_id)
    UNION
    SELECT i.agency_id, i.asset_id FROM title_match o JOIN installation i
      ON i.agency_id = o.scope_agency_id AND i.title_id = o.subject_id AND i.superseded_at IS NULL
    WHERE o.subject_kind = 'title' AND o.scope_agency_id <> 0 AND o.subject_id IN {own}
    UNION
    SELECT a.agency_id, a.id FROM asset a WHERE a.hardware_model_id IN {models}"""


def _count_assets(
    session: Session, scope: Scope, subjects: Iterable[_Subject]
) -> list[tuple[int, str, str, int]]:
    """(agency id, code, name, assets) of the agencies of `scope` that carry one of the subjects. One statement."""
    listed = "(SELECT value FROM json_each(:{0}))" if is_sqlite(session) else (
        "(SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:{0} AS json)) AS value)"
    )  # fmt: skip
    kept = list(subjects)
    ids = {
        "titles": [number for kind, number, own in kept if kind == "title" and not own],
        "own": [number for kind, number, own in kept if kind == "title" and own],
        "models": [number for kind, number, _ in kept if kind == "model"],
    }
    if not any(ids.values()):
        return []
    carriers = (
        text(_CARRIERS.format(**{name: listed.format(name) for name in ids}))
        .bindparams(**{name: json.dumps(numbers) for name, numbers in ids.items()})
        .columns(asset.c.agency_id, asset.c.id)
        .subquery("carriers")
    )
    query = (
        select(agency.c.id, agency.c.code, agency.c.name, func.count())
        .select_from(
            carriers.join(
                asset, and_(asset.c.agency_id == carriers.c.agency_id, asset.c.id == carriers.c.id)
            ).join(agency, agency.c.id == asset.c.agency_id)
        )
        .where(
            within(asset.c.agency_id, scope),
            asset.c.it_scope != "other",
            asset.c.status.not_in(("retired", "withdrawn")),
        )
        .group_by(agency.c.id, agency.c.code, agency.c.name)
        .order_by(agency.c.code)
    )
    return [(row[0], row[1], row[2], row[3]) for row in session.execute(query)]


def _findings(engine: Engine, scope: Scope, foreseen: Foreseen, touched: set[int]) -> tuple[FindingMove, ...]:
    if not touched:
        return ()
    before = _count_findings(engine, scope, foreseen, foreseen.before, touched)
    after = _count_findings(engine, scope, foreseen, foreseen.after, touched)
    opened: Counter[str] = Counter()
    resolved: Counter[str] = Counter()
    for key in before.keys() | after.keys():
        change = after[key] - before[key]
        opened[key[1]] += max(change, 0)
        resolved[key[1]] += max(-change, 0)
    rules = sorted(rule for rule in opened.keys() | resolved.keys() if opened[rule] or resolved[rule])
    return tuple(FindingMove(rule, opened[rule], resolved[rule]) for rule in rules)


def _count_findings(
    engine: Engine, scope: Scope, foreseen: Foreseen, facts: Facts, touched: set[int]
) -> Counter[tuple[int, str]]:
    """Findings by (agency, rule) with these facts, in the agencies `touched`."""
    counted: Counter[tuple[int, str]] = Counter()
    with staged_scan(engine, scope, foreseen.today, facts=facts) as staged:
        staged.agencies = [one for one in staged.agencies if one[0] in touched]
        for _ in staged.chunks():
            pass
        for number, measures in staged.tally.measures.items():
            for name, count in measures.items():
                if name.startswith("open:"):
                    counted[number, name.removeprefix("open:")] += count
    return counted
