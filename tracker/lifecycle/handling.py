"""Reading how findings stand with people: the columns shown, the filters, counts for the dashboard, the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, false, func, or_, select
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.models import Agency, Grant, User
from tracker.identity.rules import Permission, roles_with
from tracker.identity.schemas import Principal
from tracker.identity.scope import in_paths
from tracker.identity.scope import limit as within
from tracker.lifecycle.models import Finding
from tracker.lifecycle.schemas import HANDLINGS, FindingFilter
from tracker.lifecycle.work_models import FindingAct, FindingHistory, FindingWork

act = table_of(FindingAct)
agency = table_of(Agency)
finding = table_of(Finding)
grant = table_of(Grant)
history = table_of(FindingHistory)
user = table_of(User)
work = table_of(FindingWork)

ASSIGNEE = user.alias("assignee")
#: What a list of findings reads of it.
WORKED: tuple[ColumnElement[Any], ...] = (
    work.c.acknowledged_at,
    work.c.acknowledged_by,
    ASSIGNEE.c.email.label("assignee"),
    work.c.due_on,
    work.c.asked_by,
    work.c.asked_until,
    work.c.waived_by,
    work.c.waived_until,
    work.c.plan_id,
    work.c.plan_line_id,
)
#: People to assign to that a form offers.
_MOST_PEOPLE = 200


def work_of(findings: Table) -> ColumnElement[bool]:
    """SQL: the row of finding_work is that of the finding."""
    return and_(work.c.agency_id == findings.c.agency_id, work.c.finding_id == findings.c.id)


def is_waived(on: date | None) -> ColumnElement[bool]:
    """SQL: a granted waiver holds on the day `on`, its last day included."""
    return work.c.waived_until.is_not(None) if on is None else work.c.waived_until >= on


def handled(wanted: FindingFilter) -> Iterator[ColumnElement[bool]]:
    """SQL of `handling` and `assignee`, over findings joined with their work.

    Raises: Invalid for a word that is none of HANDLINGS.
    """
    if wanted.handling is not None:
        if wanted.handling not in HANDLINGS:
            raise Invalid("finding-handling", f"handling is one of {', '.join(HANDLINGS)}")
        yield _handling(wanted.handling, wanted.on)
    if wanted.assignee == "nobody":
        yield work.c.assignee_id.is_(None)
    elif wanted.assignee is not None:
        yield work.c.assignee_id.in_(select(user.c.id).where(user.c.email == wanted.assignee.lower()))


def _handling(word: str, on: date | None) -> ColumnElement[bool]:
    unwaived = or_(work.c.waived_until.is_(None), ~is_waived(on))
    tests: dict[str, ColumnElement[bool]] = {
        "new": and_(work.c.acknowledged_at.is_(None), work.c.assignee_id.is_(None), unwaived),
        "acknowledged": work.c.acknowledged_at.is_not(None),
        "overdue": false() if on is None else work.c.due_on < on,
        "waiver-asked": work.c.asked_until.is_not(None),
        "waived": is_waived(on),
        "not-waived": unwaived,
    }
    return tests[word]


@dataclass(frozen=True, slots=True)
class Handled:
    """How many open findings are waived on a day, wait for a decision about a waiver, or are past their due date."""

    waived: int = 0
    asked: int = 0
    overdue: int = 0


def count_handled(session: Session, principal: Principal, on: date) -> Handled:
    """Open findings that the principal may see, by how they stand. Waived ones are open and counted as such
    everywhere else too. One statement."""
    tests = (is_waived(on), work.c.asked_until.is_not(None), work.c.due_on < on)
    counted = (func.count().filter(test) for test in tests)
    query = (
        select(*counted)
        .select_from(work.join(finding, work_of(finding)))
        .where(finding.c.resolved_on.is_(None), within(work.c.agency_id, principal.scope(Permission.VIEW)))
    )
    return Handled(*session.execute(query).one())


@dataclass(frozen=True, slots=True)
class ActView:
    """One act on a finding."""

    act: str
    actor: str
    at: datetime
    detail: dict[str, object]

    def to_json(self) -> dict[str, object]:
        """One JSON object; the instant in ISO 8601 UTC."""
        return {"act": self.act, "actor": self.actor, "at": self.at.isoformat(), "detail": self.detail}


def list_acts(session: Session, principal: Principal, finding_id: int) -> list[ActView]:
    """What was done about a finding, the oldest first. Two statements.

    Raises: NotFound for a finding outside the principal's subtree.
    """
    agency_id = _agency_of(session, principal, finding_id)
    same = and_(act.c.agency_id == history.c.agency_id, act.c.id == history.c.act_id)
    query = (
        select(act.c.act, act.c.actor, act.c.at, act.c.detail)
        .select_from(history.join(act, same))
        .where(history.c.agency_id == agency_id, history.c.finding_id == finding_id)
        .order_by(act.c.at, act.c.id)
    )
    return [ActView(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class Episode:
    """Another time that the same rule held for the same thing on the asset."""

    id: int
    opened_on: date
    resolved_on: date | None


def list_episodes(session: Session, principal: Principal, finding_id: int) -> list[Episode]:
    """The other findings of the same asset and condition, the newest first. Two statements.

    Raises: NotFound for a finding outside the principal's subtree.
    """
    agency_id = _agency_of(session, principal, finding_id)
    one = finding.alias("one")
    same = and_(
        one.c.agency_id == finding.c.agency_id,
        one.c.asset_id == finding.c.asset_id,
        one.c.condition_id == finding.c.condition_id,
        one.c.id != finding.c.id,
    )
    query = (
        select(one.c.id, one.c.opened_on, one.c.resolved_on)
        .select_from(finding.join(one, same))
        .where(finding.c.agency_id == agency_id, finding.c.id == finding_id)
        .order_by(one.c.id.desc())
    )
    return [Episode(*row) for row in session.execute(query)]


def _agency_of(session: Session, principal: Principal, finding_id: int) -> int:
    # The key begins with the agency: each visible one is looked up, never the whole table.
    visible = select(agency.c.id).where(in_paths(principal.scope(Permission.VIEW)))
    query = select(finding.c.agency_id).where(finding.c.agency_id.in_(visible), finding.c.id == finding_id)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("finding-not-found", f"There is no finding {finding_id}.")
    return int(found)


def list_people(session: Session, principal: Principal) -> list[str]:
    """E-mail addresses of active users with a role that sees findings where the principal handles them, and the
    principal's own; 200 at most. One statement."""
    scope = principal.scope(Permission.MANAGE_FINDINGS)
    roles = sorted(role.value for role in roles_with(Permission.VIEW))
    here = and_(within(grant.c.agency_id, scope), grant.c.role.in_(roles))
    query = (
        select(user.c.email)
        .join(grant, grant.c.user_id == user.c.id)
        .where(user.c.active.is_(True), or_(here, user.c.id == principal.user_id))
        .distinct()
        .order_by(user.c.email)
        .limit(_MOST_PEOPLE)
    )
    return list(session.execute(query).scalars())
