"""Who acts, and what the identity room takes and gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tracker.identity.models import Role, ServiceArea
from tracker.identity.rules import Permission, merge_ranges, roles_with

ROOT_PATH = "/1/"
ROOT_CODE = "ROOT"


@dataclass(frozen=True, slots=True)
class Scope:
    """The agencies that one permission of a principal reaches, as ranges of tree paths. Empty: none."""

    ranges: tuple[tuple[str, str], ...]

    @property
    def is_everything(self) -> bool:
        """Whether the root is inside."""
        return any(low == ROOT_PATH for low, _ in self.ranges)

    @property
    def is_empty(self) -> bool:
        """Whether no agency is inside."""
        return not self.ranges

    def covers(self, path: str) -> bool:
        """Whether the agency at `path` is inside."""
        return any(low <= path < high for low, high in self.ranges)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever acts. `grants` are (agency path, role); `name` goes into the audit log."""

    user_id: int | None
    name: str
    grants: tuple[tuple[str, Role], ...]
    language: str = "en"

    def scope(self, permission: Permission) -> Scope:
        """Where this principal has `permission`."""
        wanted = roles_with(permission)
        return Scope(merge_ranges([path for path, role in self.grants if role in wanted]))

    def may(self, permission: Permission) -> bool:
        """Whether this principal has `permission` anywhere."""
        return not self.scope(permission).is_empty


def operator() -> Principal:
    """The operator of the installation: the command line and the scheduler."""
    return Principal(None, "operator", ((ROOT_PATH, Role.ADMIN),))


def nobody() -> Principal:
    """Nobody: every query gives no rows."""
    return Principal(None, "nobody", ())


_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def _email(text: str) -> str:
    text = text.strip().lower()
    if not _EMAIL.fullmatch(text):
        raise ValueError("an e-mail address is needed")
    return text


def _code(text: str) -> str:
    text = text.strip()
    if not text or any(character.isspace() for character in text):
        raise ValueError("a code without spaces is needed")
    return text


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError("must not be blank")
    return text


Code = Annotated[str, AfterValidator(_code), Field(max_length=64)]


class NewAgency(BaseModel):
    """An agency to add; below the root when `parent_code` is absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: Code
    name: Annotated[str, AfterValidator(_text), Field(max_length=300)]
    parent_code: Code | None = None
    region: str | None = Field(default=None, max_length=200)
    service_area: ServiceArea | None = None


class NewUser(BaseModel):
    """A user to add, with one role in an agency (the root when absent)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    email: Annotated[str, AfterValidator(_email), Field(max_length=254)]
    role: Role
    agency_code: Code | None = None
    password: Annotated[str, Field(min_length=12, max_length=200)] | None = None
    language: Annotated[str, Field(pattern="^(en|id)$")] = "en"


@dataclass(frozen=True, slots=True)
class AgencyView:
    """An agency as shown."""

    id: int
    code: str
    name: str
    path: str
    region: str | None
    service_area: str | None
    parent_code: str | None


@dataclass(frozen=True, slots=True)
class GrantView:
    """One role of a user."""

    agency_code: str
    role: str


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as shown."""

    id: int
    email: str
    language: str
    active: bool
    grants: tuple[GrantView, ...]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: `token` goes into the cookie and is stored nowhere else."""

    token: str
    csrf_token: str
    principal: Principal
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionView:
    """A running session; while `must_change_password` holds, a one-time password is still in use."""

    principal: Principal
    csrf_token: str
    must_change_password: bool = False


@dataclass(frozen=True, slots=True)
class TokenView:
    """An API token as shown: never its secret."""

    id: int
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditView:
    """One event of the audit log as shown."""

    seq: int
    at: datetime
    actor: str
    action: str
    agency_code: str
    subject_kind: str
    subject_id: int | None
    detail: dict[str, object]


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Whether the log is whole: how many events, and the number of the first that does not fit."""

    events: int
    broken_at: int | None
