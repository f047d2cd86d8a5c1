"""Names that an agency's files brought and nobody knew: a queue to decide, and the memory of what was decided."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlmodel import SQLModel

from tracker.db.conventions import id_field, json_field, key_field
from tracker.identity.models import one_of


class NameKind(StrEnum):
    """What a name is a name of. A 'class' is the name of a thing whose class nobody knows."""

    MAKER = "maker"
    MODEL = "model"
    LOCATION = "location"
    CLASS = "class"


class NameState(StrEnum):
    """What was decided of a name. A merged one is read as its target from then on."""

    OPEN = "open"
    ACCEPTED = "accepted"
    MERGED = "merged"
    IGNORED = "ignored"


class NameSuggestion(SQLModel, table=True):
    """A name as it is written, in one agency. `manufacturer` is that of a model, '' for other kinds.

    `nearest` are at most three known names: {"manufacturer", "value", "likeness"} (0 to 1); `assets` is how
    many assets bore the name when it was last looked at. `target` is an asset class for kind 'class'.
    """

    __tablename__ = "name_suggestion"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        UniqueConstraint("agency_id", "kind", "manufacturer", "value"),
        CheckConstraint(one_of("kind", NameKind), name="kind"),
        CheckConstraint(one_of("state", NameState), name="state"),
        CheckConstraint("(state = 'merged') = (target IS NOT NULL)", name="target"),
        CheckConstraint("assets >= 0", name="assets"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    kind: str
    manufacturer: str = key_field(default="")
    value: str = key_field()
    state: str = NameState.OPEN
    target_manufacturer: str | None = None
    target: str | None = None
    nearest: list[dict[str, object]] = json_field()
    assets: int = 0
    noted_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
