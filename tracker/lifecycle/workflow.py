"""What people do about findings: acknowledge, assign, comment, ask for a waiver and decide about it, link to a plan.

Each act takes a filter and changes all open findings of it that the principal may handle: one statement per step,
however many they are. Audit events and the words of the act are written once per agency concerned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    column,
    func,
    insert,
    literal,
    null,
    select,
    table,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from tracker.db import create_temporary, insert_rows, is_sqlite, new_id, table_of
from tracker.identity import audit
from tracker.identity.errors import Forbidden, Invalid, NotFound
from tracker.identity.models import User
from tracker.identity.queries import load_principal
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as within
from tracker.lifecycle.handling import act, finding, history, is_waived, work
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.policy import Waivers
from tracker.lifecycle.queries import filtered
from tracker.lifecycle.schemas import FindingFilter
from tracker.lifecycle.work_models import Act

user = table_of(User)
_picked = table("picked_finding", column("agency_id"), column("finding_id"), column("asset_id"))
#: Longest comment, reason or compensating control.
MOST_CHARS = 2_000
_MOST_YEARS_AHEAD = 10


@dataclass(frozen=True, slots=True)
class Handling:
    """The edge of one act: who, on which findings, when."""

    session: Session
    principal: Principal
    wanted: FindingFilter
    today: date
    now: datetime


def acknowledge(at: Handling) -> int:
    """Say that the findings were seen; how many were not acknowledged before."""
    unseen = work.c.acknowledged_at.is_(None)
    values = {"acknowledged_at": at.now, "acknowledged_by": at.principal.name}
    return _do(at, Act.ACKNOWLEDGED, {}, values, only=[unseen])


def assign(at: Handling, email: str, due_on: date | None = None) -> int:
    """Hand the findings to a user, to be done by `due_on`; how many. Findings of agencies that the user may not
    see are passed over.

    Raises: NotFound where no active user of this address sees any of the principal's agencies; Invalid for a
    due date that has passed or is more than ten years ahead.
    """
    if due_on is not None and not at.today <= due_on <= at.today + timedelta(days=366 * _MOST_YEARS_AHEAD):
        raise Invalid("bad-due-date", "the due date is today or later")
    assignee = _assignee(at, email)
    visible = within(finding.c.agency_id, assignee.scope(Permission.VIEW))
    told = {"assignee": assignee.name, "due_on": due_on.isoformat() if due_on else None}
    return _do(at, Act.ASSIGNED, told, {"assignee_id": assignee.user_id, "due_on": due_on}, only=[visible])


def _assignee(at: Handling, email: str) -> Principal:
    known = select(user.c.id).where(user.c.email == email.strip().lower())
    user_id = at.session.execute(known).scalar_one_or_none()
    found = load_principal(at.session, user_id) if user_id is not None else None
    mine = at.principal.scope(Permission.MANAGE_FINDINGS)
    theirs = found.scope(Permission.VIEW) if found else None
    # Who sees nothing of what the principal handles looks like nobody.
    meets = theirs is not None and any(
        low < other_high and other_low < high
        for low, high in mine.ranges
        for other_low, other_high in theirs.ranges
    )
    if found is None or not meets:
        raise NotFound("unknown-assignee", f"no user {email!r} sees these findings")
    return found


def unassign(at: Handling) -> int:
    """Take the findings from whoever has them; how many had somebody."""
    values = {"assignee_id": None, "due_on": None}
    return _do(at, Act.UNASSIGNED, {}, values, only=[work.c.assignee_id.is_not(None)])


def comment(at: Handling, text: str) -> int:
    """Write a comment on the findings; how many.

    Raises: Invalid for a blank or too long comment.
    """
    return _do(at, Act.COMMENTED, {"text": _words(text, "a comment")})


def ask_waiver(at: Handling, reason: str, control: str, until: date) -> int:
    """Ask that the risk be accepted through the day `until`; how many findings.

    Raises: Invalid without reason or compensating control, or for an end that the policy does not allow.
    """
    told: dict[str, object] = {
        "reason": _words(reason, "a reason"),
        "control": _words(control, "a compensating control"),
        "until": until.isoformat(),
    }
    _check_end(at, until, _rules(at))
    return _do(
        at, Act.WAIVER_ASKED, told, {"asked_by": at.principal.name, "asked_until": until}, "asked_act_id"
    )


def _rules(at: Handling) -> Waivers:
    return get_policy(at.session, day=at.today).waivers


def _check_end(at: Handling, until: date, rules: Waivers) -> None:
    if not at.today <= until <= at.today + timedelta(days=rules.max_days):
        raise Invalid(
            "bad-waiver-end",
            f"a waiver ends between today and {rules.max_days} days from now",
            days=rules.max_days,
        )


def grant_waiver(at: Handling, text: str = "") -> int:
    """Accept the risk as it was asked for; how many findings. Passed over are those where nobody asked, whose
    end has passed or is farther than the policy allows, and the principal's own where the policy wants two persons.

    Raises: Forbidden without the permission to waive.
    """
    rules = _rules(at)
    only: list[ColumnElement[bool]] = [
        work.c.asked_until.between(at.today, at.today + timedelta(days=rules.max_days))
    ]
    if rules.two_persons:
        only.append(work.c.asked_by != at.principal.name)
    moved = {
        "waived_act_id": work.c.asked_act_id, "waived_until": work.c.asked_until,
        "waived_by": literal(at.principal.name), **_UNASKED,
    }  # fmt: skip
    return _do(
        at,
        Act.WAIVER_GRANTED,
        {"text": text[:MOST_CHARS]},
        moved=moved,
        permission=Permission.WAIVE,
        only=only,
    )


_UNASKED: Mapping[str, Any] = {"asked_act_id": null(), "asked_by": null(), "asked_until": null()}
_UNWAIVED: Mapping[str, Any] = {"waived_act_id": null(), "waived_by": null(), "waived_until": null()}


def refuse_waiver(at: Handling, text: str = "") -> int:
    """Do not accept the risk; how many findings. Raises: Forbidden without the permission to waive."""
    only = [work.c.asked_until.is_not(None)]
    told = {"text": text[:MOST_CHARS]}
    return _do(at, Act.WAIVER_REFUSED, told, moved=_UNASKED, permission=Permission.WAIVE, only=only)


def end_waiver(at: Handling, text: str = "") -> int:
    """End waivers before their day; how many held. Raises: Forbidden without the permission to waive."""
    told = {"text": text[:MOST_CHARS]}
    return _do(
        at, Act.WAIVER_ENDED, told, moved=_UNWAIVED, permission=Permission.WAIVE, only=[is_waived(at.today)]
    )


def link_plan(at: Handling, plan: Mapping[str, object], plan_id: int, lines: FromClause) -> int:
    """Say which line of a plan deals with the findings; how many. `lines` are rows (asset_id, line_id), one for each
    asset; findings of other assets are passed over. `plan` is told in the history.
    """
    only = [finding.c.asset_id.in_(select(lines.c.asset_id))]
    line = select(lines.c.line_id).where(lines.c.asset_id == _picked.c.asset_id).scalar_subquery()
    return _do(at, Act.PLAN_LINKED, plan, {"plan_id": plan_id, "plan_line_id": line}, only=only)


def _words(text: str, what: str) -> str:
    words = text.strip()
    if not words or len(words) > MOST_CHARS:
        raise Invalid("words-needed", f"{what} of at most {MOST_CHARS} characters is needed", what=what)
    return words


def _do(
    at: Handling,
    kind: Act,
    told: Mapping[str, object],
    values: Mapping[str, Any] | None = None,
    act_column: str | None = None,
    *,
    moved: Mapping[str, Any] | None = None,
    permission: Permission = Permission.MANAGE_FINDINGS,
    only: Sequence[ColumnElement[bool]] = (),
) -> int:
    """Pick the findings, change how they stand, note the act in their histories and in the log. Ten statements,
    and some for each agency concerned."""
    scope = at.principal.scope(permission)
    if scope.is_empty:
        raise Forbidden("forbidden", f"You may not do this: {permission.value} is needed.")
    create_temporary(at.session, _picked.name, "agency_id BIGINT, finding_id BIGINT, asset_id BIGINT")
    chosen = filtered(at.session, scope, at.wanted).where(finding.c.resolved_on.is_(None), *only)
    _pick(at.session, chosen)
    counted = select(_picked.c.agency_id, func.count()).group_by(_picked.c.agency_id)
    agencies = [(row[0], row[1]) for row in at.session.execute(counted.order_by(_picked.c.agency_id))]
    if not agencies:
        return 0
    act_id = new_id(at.session)
    rows = (
        (agency_id, act_id, kind.value, at.principal.name, at.now, dict(told)) for agency_id, _ in agencies
    )
    insert_rows(at.session, act, ("agency_id", "id", "act", "actor", "at", "detail"), rows)
    if moved:
        _move(at.session, moved)
    elif values:
        _put(at.session, {**values, **({act_column: act_id} if act_column else {})})
    named = select(_picked.c.agency_id, _picked.c.finding_id, literal(act_id))
    at.session.execute(insert(history).from_select(["agency_id", "finding_id", "act_id"], named))
    for agency_id, count in agencies:
        detail = {**told, "findings": count}
        audit.record(
            at.session, at.principal, f"finding-{kind}", "finding_act", act_id, agency_id, detail, at.now
        )
    return sum(count for _, count in agencies)


def _pick(session: Session, chosen: Select[Any]) -> None:
    picked = chosen.with_only_columns(finding.c.agency_id, finding.c.id, finding.c.asset_id)
    # In one order everywhere, so that two acts wait for each other instead of locking each other out.
    picked = picked.order_by(finding.c.agency_id, finding.c.id)
    session.execute(insert(_picked).from_select(["agency_id", "finding_id", "asset_id"], picked))


def _move(session: Session, values: Mapping[str, Any]) -> None:
    """Change rows that are there by what stands in them."""
    at = tuple_(work.c.agency_id, work.c.finding_id)
    picked = select(_picked.c.agency_id, _picked.c.finding_id)
    session.execute(update(work).where(at.in_(picked)).values(dict(values)))


def _put(session: Session, values: Mapping[str, Any]) -> None:
    """Set values in rows that are there or not."""
    names = ["agency_id", "finding_id", *values]
    told = (
        value if isinstance(value, ColumnElement) else literal(value, work.c[name].type)
        for name, value in values.items()
    )
    fresh = select(_picked.c.agency_id, _picked.c.finding_id, *told)
    # SQLite takes ON CONFLICT after a SELECT only where that has a WHERE.
    fresh = fresh.where(_picked.c.finding_id.is_not(None)).order_by(_picked.c.agency_id, _picked.c.finding_id)
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    adding = make(work).from_select(names, fresh)
    changed = {name: adding.excluded[name] for name in values}
    session.execute(adding.on_conflict_do_update(index_elements=["agency_id", "finding_id"], set_=changed))
