"""All reading SQL of the identity room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased
from sqlmodel import Session

from tracker.db import table_of
from tracker.identity.errors import NotFound
from tracker.identity.models import Agency, ApiToken, AuditEvent, Grant, Role, User, UserSession
from tracker.identity.rules import Permission, subtree_range
from tracker.identity.schemas import (
    AgencyView,
    AuditView,
    GrantView,
    Principal,
    Scope,
    SessionView,
    TokenView,
    UserView,
)
from tracker.identity.scope import in_paths, limit

_agency, _user, _grant = table_of(Agency), table_of(User), table_of(Grant)
_session, _token, _event = table_of(UserSession), table_of(ApiToken), table_of(AuditEvent)


def _agencies() -> Select[tuple[int, str, str, str, str | None, str | None, str | None]]:
    parent = aliased(_agency)
    return (
        select(
            _agency.c.id,
            _agency.c.code,
            _agency.c.name,
            _agency.c.path,
            _agency.c.region,
            _agency.c.service_area,
            parent.c.code.label("parent_code"),
        )
        .select_from(_agency.outerjoin(parent, parent.c.id == _agency.c.parent_id))
        .order_by(_agency.c.path)
    )


def list_agencies(
    session: Session, principal: Principal, permission: Permission = Permission.VIEW
) -> list[AgencyView]:
    """Agencies where the principal has `permission`, in tree order. One statement."""
    rows = session.execute(_agencies().where(in_paths(principal.scope(permission))))
    return [AgencyView(*row) for row in rows]


def get_agency_by_code(
    session: Session, principal: Principal, code: str, permission: Permission = Permission.VIEW
) -> AgencyView:
    """The agency with `code`.

    Raises:
        NotFound: there is none where the principal has `permission`; the two cases look the same.
    """
    found = _agencies().where(_agency.c.code == code.strip(), in_paths(principal.scope(permission)))
    row = session.execute(found).one_or_none()
    if row is None:
        raise NotFound("unknown_agency", f"there is no agency with the code {code!r}")
    return AgencyView(*row)


def find_subtree_scope(
    session: Session, principal: Principal, code: str | None, permission: Permission
) -> Scope:
    """The principal's scope for `permission`, narrowed to the agency `code` and all below it when given.

    Raises:
        NotFound: no such agency inside the scope.
    """
    if code is None:
        return principal.scope(permission)
    return Scope((subtree_range(get_agency_by_code(session, principal, code, permission).path),))


def load_grants(session: Session, user_id: int) -> tuple[tuple[str, Role], ...]:
    """(agency path, role) of a user. One statement."""
    rows = session.execute(
        select(_agency.c.path, _grant.c.role)
        .join(_agency, _agency.c.id == _grant.c.agency_id)
        .where(_grant.c.user_id == user_id)
        .order_by(_agency.c.path)
    )
    return tuple((path, Role(role)) for path, role in rows)


def load_principal(session: Session, user_id: int) -> Principal | None:
    """The principal of an active user, None when disabled or gone."""
    row = session.execute(
        select(_user.c.email, _user.c.language).where(_user.c.id == user_id, _user.c.active.is_(True))
    ).one_or_none()
    return None if row is None else Principal(user_id, row.email, load_grants(session, user_id), row.language)


def find_session(session: Session, token_hash: str, now: datetime) -> SessionView | None:
    """The running session behind a token's hash."""
    row = session.execute(
        select(_session.c.user_id, _session.c.csrf_token, _user.c.must_change_password)
        .join(_user, _user.c.id == _session.c.user_id)
        .where(_session.c.token_hash == token_hash, _session.c.expires_at > now)
    ).one_or_none()
    if row is None:
        return None
    principal = load_principal(session, row.user_id)
    return None if principal is None else SessionView(principal, row.csrf_token, row.must_change_password)


def find_token_user(session: Session, token_hash: str, now: datetime) -> int | None:
    """The user id behind an API token's hash, None when unknown, expired or revoked."""
    row = session.execute(
        select(_token.c.user_id, _token.c.expires_at).where(
            _token.c.token_hash == token_hash, _token.c.revoked_at.is_(None)
        )
    ).one_or_none()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        return None
    return int(row.user_id)


def list_tokens(session: Session, principal: Principal) -> list[TokenView]:
    """The principal's own API tokens, newest first."""
    rows = session.execute(
        select(
            _token.c.id,
            _token.c.name,
            _token.c.prefix,
            _token.c.created_at,
            _token.c.expires_at,
            _token.c.revoked_at,
        )
        .where(_token.c.user_id == principal.user_id)
        .order_by(_token.c.id.desc())
    )
    return [TokenView(*row) for row in rows]


def list_users(session: Session, principal: Principal) -> list[UserView]:
    """Users with a grant where the principal is an administrator, with those grants. One statement."""
    rows = session.execute(
        select(_user.c.id, _user.c.email, _user.c.language, _user.c.active, _agency.c.code, _grant.c.role)
        .join(_grant, _grant.c.user_id == _user.c.id)
        .join(_agency, _agency.c.id == _grant.c.agency_id)
        .where(limit(_grant.c.agency_id, principal.scope(Permission.ADMIN)))
        .order_by(_user.c.email, _agency.c.path)
    )
    grants: dict[int, list[GrantView]] = {}
    users: dict[int, tuple[int, str, str, bool]] = {}
    for row in rows:
        users[row.id] = (row.id, row.email, row.language, row.active)
        grants.setdefault(row.id, []).append(GrantView(row.code, row.role))
    return [UserView(*user, tuple(grants[user[0]])) for user in users.values()]


def list_audit_events(
    session: Session, principal: Principal, before_seq: int | None = None, count: int = 50
) -> list[AuditView]:
    """Events of agencies where the principal may audit, newest first, before `before_seq`. One statement."""
    query = (
        select(
            _event.c.seq,
            _event.c.at,
            _event.c.actor,
            _event.c.action,
            _agency.c.code,
            _event.c.subject_kind,
            _event.c.subject_id,
            _event.c.detail,
        )
        .join(_agency, _agency.c.id == _event.c.agency_id)
        .where(limit(_event.c.agency_id, principal.scope(Permission.AUDIT)))
        .order_by(_event.c.seq.desc())
        .limit(count)
    )
    if before_seq is not None:
        query = query.where(_event.c.seq < before_seq)
    return [AuditView(*row) for row in session.execute(query)]
