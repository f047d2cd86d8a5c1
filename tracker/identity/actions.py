"""What the identity room does: agencies, users, sign-in, tokens. Callers hold the transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from tracker.db import new_id, table_of
from tracker.identity import audit, queries
from tracker.identity.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tracker.identity.models import Agency, ApiToken, Grant, Role, User, UserSession
from tracker.identity.passwords import digest, hash_password, new_password, new_secret, verify_password
from tracker.identity.rules import Permission
from tracker.identity.schemas import (
    ROOT_CODE,
    ROOT_PATH,
    AgencyView,
    GrantView,
    NewAgency,
    NewUser,
    Principal,
    SessionView,
    SignedIn,
    TokenView,
    UserView,
    operator,
)
from tracker.identity.throttle import Throttle

ROOT_ID = 1
FIRST_ADMIN = "admin@localhost"
MINIMUM_PASSWORD = 12
LANGUAGES = ("en", "id")
_agency, _user, _grant = table_of(Agency), table_of(User), table_of(Grant)
_session, _token = table_of(UserSession), table_of(ApiToken)
throttle = Throttle()
# What an unknown account is compared with, so that it takes as long as a known one.
_NOBODYS_HASH: list[str] = []


def ensure_root(session: Session, now: datetime) -> None:
    """Create the root agency, the owner of all others and of the operator's acts, when it is missing."""
    if session.execute(select(_agency.c.id).where(_agency.c.id == ROOT_ID)).one_or_none() is None:
        values = {
            "id": ROOT_ID,
            "code": ROOT_CODE,
            "name": "All agencies",
            "path": ROOT_PATH,
            "created_at": now,
        }
        session.execute(_agency.insert().values(**values))


def ensure_first_admin(session: Session, now: datetime) -> str | None:
    """Create an administrator when there is no user at all, and return the one-time password."""
    if session.execute(select(_user.c.id).limit(1)).one_or_none() is not None:
        return None
    new = NewUser(email=FIRST_ADMIN, role=Role.ADMIN)
    return add_user(session, operator(), new, now)[1]


def add_agency(session: Session, principal: Principal, new: NewAgency, now: datetime) -> AgencyView:
    """Add an agency to the tree.

    Raises:
        NotFound: the parent is unknown, or the principal is no administrator there.
        Conflict: the code is taken.
    """
    parent = queries.get_agency_by_code(session, principal, new.parent_code or ROOT_CODE, Permission.ADMIN)
    agency_id = new_id(session)
    values = {
        "id": agency_id,
        "code": new.code,
        "name": new.name,
        "parent_id": parent.id,
        "path": f"{parent.path}{agency_id}/",
        "region": new.region,
        "service_area": new.service_area.value if new.service_area else None,
        "created_at": now,
    }
    try:
        with session.begin_nested():
            session.execute(_agency.insert().values(**values))
    except IntegrityError as error:
        raise Conflict("agency_exists", f"the agency code {new.code!r} is taken") from error
    audit.record(
        session, principal, "agency-added", "agency", agency_id, agency_id, new.model_dump(mode="json"), now
    )
    return queries.get_agency_by_code(session, principal, new.code, Permission.ADMIN)


def add_user(
    session: Session, principal: Principal, new: NewUser, now: datetime
) -> tuple[UserView, str | None]:
    """Add a user with one role; returns the user and, when no password was given, a one-time password.

    A known e-mail address gets the role added (or changed) for that agency instead.

    Raises:
        NotFound: the agency is unknown, or the principal is no administrator there.
    """
    agency = queries.get_agency_by_code(session, principal, new.agency_code or ROOT_CODE, Permission.ADMIN)
    user_id = session.execute(select(_user.c.id).where(_user.c.email == new.email)).scalar_one_or_none()
    password: str | None = None
    if user_id is None:
        password = None if new.password else new_password()
        user_id = new_id(session)
        session.execute(
            _user.insert().values(
                id=user_id,
                email=new.email,
                password_hash=hash_password(new.password or password or ""),
                must_change_password=password is not None,
                language=new.language,
                active=True,
                created_at=now,
            )
        )
    _set_grant(session, user_id, agency.id, new.role)
    detail: dict[str, object] = {"email": new.email, "role": new.role.value, "agency": agency.code}
    audit.record(session, principal, "user-added", "user", user_id, agency.id, detail, now)
    row = session.execute(select(_user.c.language, _user.c.active).where(_user.c.id == user_id)).one()
    view = UserView(user_id, new.email, row.language, row.active, (GrantView(agency.code, new.role.value),))
    return view, password


def _set_grant(session: Session, user_id: int, agency_id: int, role: Role) -> None:
    key = (_grant.c.user_id == user_id, _grant.c.agency_id == agency_id)
    session.execute(delete(_grant).where(*key))
    session.execute(_grant.insert().values(user_id=user_id, agency_id=agency_id, role=role.value))


def set_user_active(session: Session, principal: Principal, email: str, active: bool, now: datetime) -> None:
    """Enable or disable a user; a disabled one loses every session at once.

    Raises:
        NotFound: no such user with a grant where the principal is an administrator.
        Forbidden: the user also belongs to agencies where the principal is no administrator.
    """
    user = _administered_user(session, principal, email)
    session.execute(update(_user).where(_user.c.id == user.id).values(active=active))
    session.execute(delete(_session).where(_session.c.user_id == user.id))
    action = "user-enabled" if active else "user-disabled"
    audit.record(session, principal, action, "user", user.id, ROOT_ID, {"email": user.email}, now)


def _administered_user(session: Session, principal: Principal, email: str) -> UserView:
    found = [user for user in queries.list_users(session, principal) if user.email == email.strip().lower()]
    if not found:
        raise NotFound("unknown_user", f"there is no user {email!r}")
    scope = principal.scope(Permission.ADMIN)
    if not all(scope.covers(path) for path, _ in queries.load_grants(session, found[0].id)):
        raise Forbidden("not_your_user", "the user also belongs to agencies of other administrators")
    return found[0]


def sign_in(
    session: Session, email: str, password: str, now: datetime, *, hours: int = 12, address: str = ""
) -> SignedIn:
    """Start a session.

    Raises:
        Unauthenticated: no such account, a wrong password, or a disabled account; they look the same.
        TooMany: too many failures for this account or from this address.
    """
    account = email.strip().lower()
    keys = (f"account:{account}|{address}", f"address:{address}")
    throttle.check(keys, now)
    row = session.execute(
        select(_user.c.id, _user.c.password_hash, _user.c.active).where(_user.c.email == account)
    ).one_or_none()
    right = verify_password(password, row.password_hash if row else _nobodys_hash())
    if row is None or not right or not row.active:
        throttle.note_failure(keys, now)
        raise Unauthenticated("wrong_credentials", "the e-mail address or the password is wrong")
    throttle.forget(keys[0])
    token, csrf = new_secret(), new_secret()
    expires = now + timedelta(hours=hours)
    session.execute(delete(_session).where(_session.c.expires_at <= now))
    session.execute(
        _session.insert().values(
            token_hash=digest(token), user_id=row.id, csrf_token=csrf, created_at=now, expires_at=expires
        )
    )
    principal = queries.load_principal(session, row.id)
    assert principal is not None
    audit.record(session, principal, "signed-in", "user", row.id, ROOT_ID, {}, now)
    return SignedIn(token, csrf, principal, expires)


def _nobodys_hash() -> str:
    if not _NOBODYS_HASH:
        _NOBODYS_HASH.append(hash_password(new_secret()))
    return _NOBODYS_HASH[0]


def sign_out(session: Session, token: str) -> None:
    """End the session behind the cookie's value."""
    session.execute(delete(_session).where(_session.c.token_hash == digest(token)))


def find_principal_by_session(session: Session, token: str, now: datetime) -> SessionView | None:
    """The running session behind the cookie's value."""
    return queries.find_session(session, digest(token), now)


def change_password(session: Session, principal: Principal, old: str, new: str, now: datetime) -> None:
    """Set a new password; every session of the user ends.

    Raises:
        Unauthenticated: the old password is wrong.
        Invalid: the new one is too short, or the old one.
    """
    if len(new) < MINIMUM_PASSWORD or new == old:
        raise Invalid("weak_password", f"a new password of at least {MINIMUM_PASSWORD} characters is needed")
    stored = session.execute(
        select(_user.c.password_hash).where(_user.c.id == principal.user_id)
    ).scalar_one_or_none()
    if stored is None or not verify_password(old, stored):
        raise Unauthenticated("wrong_credentials", "the present password is wrong")
    session.execute(
        update(_user)
        .where(_user.c.id == principal.user_id)
        .values(password_hash=hash_password(new), must_change_password=False)
    )
    session.execute(delete(_session).where(_session.c.user_id == principal.user_id))
    audit.record(session, principal, "password-changed", "user", principal.user_id, ROOT_ID, {}, now)


def set_language(session: Session, principal: Principal, language: str) -> None:
    """Remember the language in which the principal reads pages.

    Raises:
        Invalid: it is neither en nor id.
    """
    if language not in LANGUAGES:
        raise Invalid("unknown_language", f"there is no language {language!r}; there are en and id")
    session.execute(update(_user).where(_user.c.id == principal.user_id).values(language=language))


def create_token(
    session: Session, principal: Principal, name: str, now: datetime, expires_at: datetime | None = None
) -> tuple[TokenView, str]:
    """Create an API token with the principal's own rights; the secret is returned once and not stored.

    Raises:
        Forbidden: the principal is no user.
        Invalid: the name is blank.
    """
    if principal.user_id is None:
        raise Forbidden("no_user", "only users have tokens")
    if not name.strip():
        raise Invalid("blank_name", "a token needs a name")
    secret = "trk_" + new_secret()
    view = TokenView(new_id(session), name.strip(), secret[:12], now, expires_at, None)
    session.execute(
        _token.insert().values(
            id=view.id,
            user_id=principal.user_id,
            name=view.name,
            prefix=view.prefix,
            token_hash=digest(secret),
            created_at=now,
            expires_at=expires_at,
        )
    )
    audit.record(session, principal, "token-created", "api-token", view.id, ROOT_ID, {"name": view.name}, now)
    return view, secret


def revoke_token(session: Session, principal: Principal, token_id: int, now: datetime) -> None:
    """Revoke one of the principal's own tokens.

    Raises:
        NotFound: no such token of this user.
    """
    changed = session.execute(
        update(_token)
        .where(_token.c.id == token_id, _token.c.user_id == principal.user_id, _token.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(_token.c.id)
    ).one_or_none()
    if changed is None:
        raise NotFound("unknown_token", f"there is no live token {token_id}")
    audit.record(session, principal, "token-revoked", "api-token", token_id, ROOT_ID, {}, now)


def find_principal_by_token(session: Session, secret: str, now: datetime) -> Principal | None:
    """The principal behind an API token."""
    user_id = queries.find_token_user(session, digest(secret), now)
    return None if user_id is None else queries.load_principal(session, user_id)
