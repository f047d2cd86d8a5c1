"""Versions of the policy as people handle them: listed, copied, edited, put in force from a day on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlmodel import Session

from tracker.db import new_id, table_of
from tracker.identity import audit
from tracker.identity.errors import Forbidden, Invalid, NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.lifecycle.models import RefreshPolicy
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.policy import Policy, default_document, parse_policy, ruleset_document, ruleset_names

agency = table_of(Agency)
policy = table_of(RefreshPolicy)


class PolicyEdit(BaseModel):
    """A new version: the one in force with these members of its document in place of its own.

    `ruleset` is the name of a shipped ruleset, a whole ruleset, or null for none. The name must not be the
    shipped policy's, which new versions of the program replace.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    effective_on: date
    note: str = Field(default="", max_length=500)
    changes: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A stored version; `is_in_force` on the day asked for."""

    id: int
    name: str
    version: int
    effective_on: date | None
    source: str
    note: str
    recorded_at: datetime
    is_in_force: bool


def list_policies(session: Session, day: date) -> list[PolicyVersion]:
    """All versions, the one recorded last first. Policies hold for the whole installation, and hide nothing."""
    current = get_policy(session, day=day)
    names = ("id", "name", "version", "effective_on", "source", "note", "recorded_at")
    query = select(*(policy.c[name] for name in names)).order_by(
        policy.c.recorded_at.desc(), policy.c.id.desc()
    )
    return [PolicyVersion(**row._mapping, is_in_force=row.id == current.id) for row in session.execute(query)]


def get_document(session: Session, policy_id: int) -> dict[str, Any]:
    """The document of a version.

    Raises: NotFound where there is none.
    """
    found = session.execute(select(policy.c.document).where(policy.c.id == policy_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("policy-not-found", f"There is no policy {policy_id}.")
    return dict(found)


def edit_document(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `document` with `changes`; severities and other tables are merged, the rest is replaced.

    Raises: Invalid for a member that no policy has, or a ruleset that is not shipped.
    """
    made = dict(document)
    for name, value in changes.items():
        if name not in document or name in ("name", "version"):
            raise Invalid("bad-policy", f"a policy has no member {name!r} to change")
        merges = isinstance(document[name], Mapping) and isinstance(value, Mapping) and name != "ruleset"
        made[name] = {**document[name], **value} if merges else value
    if isinstance(made["ruleset"], str):
        if made["ruleset"] not in ruleset_names():
            raise Invalid("bad-ruleset", f"no ruleset {made['ruleset']!r} is shipped")
        made["ruleset"] = ruleset_document(made["ruleset"])
    return made


def add_policy(
    session: Session, principal: Principal, edit: PolicyEdit, today: date, now: datetime
) -> Policy:
    """Store a new version out of the one in force today, to hold from `edit.effective_on` on.

    Raises: Forbidden for all but administrators of the whole installation; Invalid for a document that is no
    policy, the shipped name, or a day that has passed: what a past day was judged by stays.
    """
    if not principal.scope(Permission.ADMIN).is_everything:
        raise Forbidden("forbidden", "Only an administrator of the whole installation changes the policy.")
    if edit.name == default_document()["name"]:
        raise Invalid("policy-name-shipped", "This is the name of the shipped policy: take another.")
    if edit.effective_on < today:
        raise Invalid("bad-date", "a policy holds from today on at the earliest")
    version = 1 + (session.execute(_newest(edit.name)).scalar_one() or 0)
    current = get_policy(session, day=today)
    base = default_document() if current.id is None else get_document(session, current.id)
    document = edit_document(base, edit.changes) | {"name": edit.name, "version": version}
    policy_id = new_id(session)
    made = _parsed(document, policy_id, edit.effective_on)
    session.execute(
        policy.insert().values(
            id=policy_id, name=edit.name, version=version, effective_on=edit.effective_on, document=document,
            source=f"after {current.label}", note=edit.note, recorded_at=now,
        )
    )  # fmt: skip
    root = session.execute(select(func.min(agency.c.id))).scalar_one()
    told: dict[str, object] = {"policy": made.label, "from": current.label, "changes": edit.changes}
    audit.record(session, principal, "policy-added", "refresh_policy", policy_id, root, told, now)
    return made


def _newest(name: str) -> Any:
    return select(func.max(policy.c.version)).where(policy.c.name == name)


def _parsed(document: dict[str, Any], policy_id: int, effective_on: date) -> Policy:
    try:
        return parse_policy(document, policy_id, effective_on)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("bad-policy", f"this is no policy: {error}") from error
