"""Agencies, users, sessions, tokens: who sees what, and what a closed door looks like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text

from tracker.db import reading, table_of, transaction
from tracker.identity import actions, audit, queries
from tracker.identity.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from tracker.identity.models import Agency, Role
from tracker.identity.rules import Permission, merge_ranges, subtree_range
from tracker.identity.schemas import AuditCheck, NewAgency, NewUser, Principal, nobody, operator
from tracker.identity.scope import limit
from tracker.identity.throttle import MOST_FAILURES, Throttle

NOW = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@pytest.fixture
def tree(engine: Engine) -> Engine:
    """ROOT → PROV → (HEALTH, SCHOOLS); OTHER beside PROV."""
    with transaction(engine) as session:
        actions.ensure_root(session, NOW)
        for code, parent in (("PROV", None), ("HEALTH", "PROV"), ("SCHOOLS", "PROV"), ("OTHER", None)):
            actions.add_agency(
                session, operator(), NewAgency(code=code, name=code.title(), parent_code=parent), NOW
            )
    return engine


def signed_up(engine: Engine, email: str, role: Role, agency: str | None) -> Principal:
    with transaction(engine) as session:
        new = NewUser(email=email, role=role, agency_code=agency, password=PASSWORD)
        view, password = actions.add_user(session, operator(), new, NOW)
        assert password is None
        principal = queries.load_principal(session, view.id)
    assert principal is not None
    return principal


def codes(engine: Engine, principal: Principal, permission: Permission = Permission.VIEW) -> set[str]:
    with reading(engine) as session:
        return {agency.code for agency in queries.list_agencies(session, principal, permission)}


def test_subtree_ranges_take_every_descendant_and_no_sibling() -> None:
    low, high = subtree_range("/1/5/")
    assert [low <= path < high for path in ("/1/5/", "/1/5/9/", "/1/50/", "/1/4/", "/1/", "/1/51/2/")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert merge_ranges(["/1/5/9/", "/1/5/", "/1/6/"]) == (("/1/5/", "/1/50"), ("/1/6/", "/1/60"))
    with pytest.raises(ValueError, match="not an agency path"):
        subtree_range("1/5")


@pytest.mark.parametrize(
    ("agency", "seen"),
    [(None, {"ROOT", "PROV", "HEALTH", "SCHOOLS", "OTHER"}), ("PROV", {"PROV", "HEALTH", "SCHOOLS"}), ("HEALTH", {"HEALTH"})],
)  # fmt: skip
def test_a_grant_covers_its_subtree(tree: Engine, agency: str | None, seen: set[str]) -> None:
    principal = signed_up(tree, "a@example.org", Role.UPLOADER, agency)
    assert codes(tree, principal) == seen
    assert codes(tree, principal, Permission.IMPORT) == seen
    assert codes(tree, principal, Permission.ADMIN) == set()


def test_nobody_sees_nothing(tree: Engine) -> None:
    assert codes(tree, nobody()) == set()
    table = table_of(Agency)
    with reading(tree) as session:
        query = select(table.c.code).where(limit(table.c.id, nobody().scope(Permission.VIEW)))
        assert session.execute(query).all() == []


def test_an_agency_outside_looks_like_one_that_does_not_exist(tree: Engine) -> None:
    principal = signed_up(tree, "a@example.org", Role.ADMIN, "HEALTH")
    with reading(tree) as session:
        for code in ("OTHER", "NOSUCH"):
            with pytest.raises(NotFound, match=f"no agency with the code '{code}'"):
                queries.get_agency_by_code(session, principal, code)


def test_an_administrator_adds_agencies_below_only(tree: Engine) -> None:
    principal = signed_up(tree, "a@example.org", Role.ADMIN, "PROV")
    with transaction(tree) as session:
        added = actions.add_agency(
            session, principal, NewAgency(code="X", name="X", parent_code="HEALTH"), NOW
        )
        assert added.parent_code == "HEALTH"
        with pytest.raises(NotFound):
            actions.add_agency(session, principal, NewAgency(code="Y", name="Y", parent_code="OTHER"), NOW)
        with pytest.raises(NotFound):
            actions.add_agency(session, principal, NewAgency(code="Y", name="Y"), NOW)
        with pytest.raises(Conflict, match="'X' is taken"):
            actions.add_agency(session, principal, NewAgency(code="X", name="Again", parent_code="PROV"), NOW)
    assert codes(tree, principal) == {"PROV", "HEALTH", "SCHOOLS", "X"}


def test_signing_in_and_out(tree: Engine) -> None:
    signed_up(tree, "a@example.org", Role.UPLOADER, "HEALTH")
    with transaction(tree) as session:
        started = actions.sign_in(session, " A@Example.org ", PASSWORD, NOW, hours=1, address="192.0.2.1")
        found = actions.find_principal_by_session(session, started.token, NOW + timedelta(minutes=59))
        assert found is not None
        assert (found.principal.name, found.csrf_token) == ("a@example.org", started.csrf_token)
        assert actions.find_principal_by_session(session, started.token, NOW + timedelta(hours=1)) is None
        stored = session.execute(text("SELECT token_hash FROM user_session")).scalars().all()
        assert started.token not in stored
        actions.sign_out(session, started.token)
        assert actions.find_principal_by_session(session, started.token, NOW) is None


@pytest.mark.parametrize(
    ("email", "password"), [("a@example.org", "wrong"), ("nobody@example.org", PASSWORD)]
)
def test_wrong_account_and_wrong_password_look_the_same(tree: Engine, email: str, password: str) -> None:
    signed_up(tree, "a@example.org", Role.UPLOADER, "HEALTH")
    with (
        transaction(tree) as session,
        pytest.raises(Unauthenticated, match="the e-mail address or the password"),
    ):
        actions.sign_in(session, email, password, NOW, address="192.0.2.2")


def test_a_disabled_user_loses_sessions_and_tokens_at_once(tree: Engine) -> None:
    principal = signed_up(tree, "a@example.org", Role.UPLOADER, "HEALTH")
    with transaction(tree) as session:
        started = actions.sign_in(session, "a@example.org", PASSWORD, NOW, address="192.0.2.3")
        _, secret = actions.create_token(session, principal, "script", NOW)
        actions.set_user_active(session, operator(), "a@example.org", False, NOW)
        assert actions.find_principal_by_session(session, started.token, NOW) is None
        assert actions.find_principal_by_token(session, secret, NOW) is None
        with pytest.raises(Unauthenticated):
            actions.sign_in(session, "a@example.org", PASSWORD, NOW, address="192.0.2.3")


def test_an_administrator_cannot_touch_users_of_others(tree: Engine) -> None:
    local = signed_up(tree, "local@example.org", Role.ADMIN, "HEALTH")
    signed_up(tree, "far@example.org", Role.UPLOADER, "OTHER")
    signed_up(tree, "both@example.org", Role.UPLOADER, "HEALTH")
    with transaction(tree) as session:
        both = NewUser(email="both@example.org", role=Role.UPLOADER, agency_code="OTHER")
        actions.add_user(session, operator(), both, NOW)
        with pytest.raises(NotFound):
            actions.set_user_active(session, local, "far@example.org", False, NOW)
        with pytest.raises(Forbidden):
            actions.set_user_active(session, local, "both@example.org", False, NOW)


def test_tokens_are_shown_once_expire_and_are_revoked(tree: Engine) -> None:
    principal = signed_up(tree, "a@example.org", Role.UPLOADER, "HEALTH")
    with transaction(tree) as session:
        view, secret = actions.create_token(session, principal, "script", NOW, NOW + timedelta(days=1))
        assert secret.startswith(view.prefix)
        assert secret not in str(session.execute(text("SELECT * FROM api_token")).all())
        assert actions.find_principal_by_token(session, secret, NOW) == principal
        assert actions.find_principal_by_token(session, secret, NOW + timedelta(days=1)) is None
        actions.revoke_token(session, principal, view.id, NOW)
        assert actions.find_principal_by_token(session, secret, NOW) is None
        with pytest.raises(NotFound):
            actions.revoke_token(session, principal, view.id, NOW)


def test_changing_the_password_ends_every_session(tree: Engine) -> None:
    principal = signed_up(tree, "a@example.org", Role.UPLOADER, "HEALTH")
    with transaction(tree) as session:
        started = actions.sign_in(session, "a@example.org", PASSWORD, NOW, address="192.0.2.4")
        with pytest.raises(Invalid):
            actions.change_password(session, principal, PASSWORD, "short", NOW)
        with pytest.raises(Unauthenticated):
            actions.change_password(session, principal, "not this one", "a new long password", NOW)
        actions.change_password(session, principal, PASSWORD, "a new long password", NOW)
        assert actions.find_principal_by_session(session, started.token, NOW) is None
        actions.sign_in(session, "a@example.org", "a new long password", NOW, address="192.0.2.4")


def test_the_first_administrator_is_made_once(tree: Engine) -> None:
    with transaction(tree) as session:
        password = actions.ensure_first_admin(session, NOW)
        assert password is not None
        assert actions.ensure_first_admin(session, NOW) is None
        started = actions.sign_in(session, "admin@localhost", password, NOW, address="192.0.2.5")
    assert started.principal.scope(Permission.ADMIN).is_everything


def test_too_many_failures_are_refused_until_the_window_has_passed() -> None:
    throttle = Throttle()
    for _ in range(MOST_FAILURES):
        throttle.check(("account:a", "address:b"), NOW)
        throttle.note_failure(("account:a", "address:b"), NOW)
    with pytest.raises(TooMany):
        throttle.check(("account:other", "address:b"), NOW)
    throttle.check(("account:other", "address:c"), NOW)
    throttle.check(("account:a",), NOW + timedelta(minutes=5))


def events(engine: Engine) -> AuditCheck:
    with reading(engine) as session:
        return audit.verify(session)


def test_an_untouched_log_is_whole(tree: Engine) -> None:
    assert events(tree) == AuditCheck(4, None)


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_event SET actor = 'x' WHERE seq = 2", 2),
        ("UPDATE audit_event SET detail = '{}' WHERE seq = 3", 3),
        ("DELETE FROM audit_event WHERE seq = 1", 1),
        ("DELETE FROM audit_event WHERE seq = 2", 2),
        ("DELETE FROM audit_event WHERE seq = 4", 4),
        ("DELETE FROM audit_event", 1),
    ],
)
def test_every_edit_and_every_gap_is_found(tree: Engine, tampering: str, broken_at: int) -> None:
    with transaction(tree) as session:
        session.execute(text(tampering))
    assert events(tree).broken_at == broken_at
