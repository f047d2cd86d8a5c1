"""Tables of the identity room: agencies, users, grants, sessions, API tokens, audit log."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from tracker.db.conventions import BigInt, id_field, json_field, key_field, ref_field


class ServiceArea(StrEnum):
    """How far from services an agency works."""

    URBAN = "urban"
    RURAL = "rural"
    REMOTE = "remote"


class Role(StrEnum):
    """What a user may do in an agency and all below it."""

    ADMIN = "admin"
    IT_MANAGER = "it-manager"
    BUDGET_OFFICER = "budget-officer"
    UPLOADER = "uploader"
    AUDITOR = "auditor"


def one_of(column: str, words: type[StrEnum], *, nullable: bool = False) -> str:
    """SQL of a CHECK that `column` holds a value of the closed set `words`.

    Alternatives, not IN: for a list SQLite builds a table anew at every row that an executemany inserts.
    """
    chosen = " OR ".join(f"{column} = '{word.value}'" for word in words)
    return f"({chosen})" + (f" OR {column} IS NULL" if nullable else "")


class Agency(SQLModel, table=True):
    """An owner of assets. `path` is '/1/5/': ids from the root down; a subtree is a prefix range of it."""

    __tablename__ = "agency"
    __table_args__ = (
        UniqueConstraint("code"),
        UniqueConstraint("path"),
        CheckConstraint(one_of("service_area", ServiceArea, nullable=True), name="service_area"),
    )
    id: int = id_field()
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    parent_id: int | None = ref_field("agency.id", nullable=True, index=True)
    path: str = key_field()
    region: str | None = None
    service_area: str | None = None
    created_at: datetime


class User(SQLModel, table=True):
    """A person who signs in. `email` is stored in lower case. A one-time password must be changed first."""

    __tablename__ = "app_user"
    __table_args__ = (UniqueConstraint("email"),)
    id: int = id_field()
    email: str = Field(max_length=254)
    password_hash: str
    must_change_password: bool = False
    language: str = "en"
    active: bool = True
    created_at: datetime


class Grant(SQLModel, table=True):
    """One role of a user in an agency; it covers the agency's subtree."""

    __tablename__ = "role_grant"
    __table_args__ = (CheckConstraint(one_of("role", Role), name="role"),)
    user_id: int = Field(sa_type=BigInt, foreign_key="app_user.id", primary_key=True, ondelete="CASCADE")
    agency_id: int = Field(sa_type=BigInt, foreign_key="agency.id", primary_key=True, index=True)
    role: str


class UserSession(SQLModel, table=True):
    """A signed-in browser: only the SHA-256 of the cookie's value is stored."""

    __tablename__ = "user_session"
    token_hash: str = Field(primary_key=True)
    user_id: int = Field(sa_type=BigInt, foreign_key="app_user.id", index=True, ondelete="CASCADE")
    csrf_token: str
    created_at: datetime
    expires_at: datetime


class ApiToken(SQLModel, table=True):
    """A token for programs: shown once, stored as SHA-256 with a readable prefix."""

    __tablename__ = "api_token"
    __table_args__ = (UniqueConstraint("token_hash"),)
    id: int = id_field()
    user_id: int = Field(sa_type=BigInt, foreign_key="app_user.id", index=True, ondelete="CASCADE")
    name: str
    prefix: str
    token_hash: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class AuditEvent(SQLModel, table=True):
    """One act. `hash` covers the event and the hash before it, so that a changed or removed row shows."""

    __tablename__ = "audit_event"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        Index("ix_audit_event_seq", "seq", unique=True),
        Index("ix_audit_event_subject", "subject_kind", "subject_id"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    seq: int = Field(sa_type=BigInt)
    at: datetime
    actor: str
    action: str
    subject_kind: str
    subject_id: int | None = ref_field(nullable=True)
    detail: dict[str, object] = json_field()
    previous_hash: str
    hash: str


class AuditHead(SQLModel, table=True):
    """The end of the chain: one row, locked by whoever appends."""

    __tablename__ = "audit_head"
    id: int = id_field()
    seq: int = Field(sa_type=BigInt)
    hash: str
