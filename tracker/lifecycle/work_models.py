"""Tables of what people do about findings: how each one stands, what was done, and to which findings.

One act may concern very many findings: its words stand once (per agency), the findings only name it.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from tracker.db.conventions import BigInt, id_field, json_field, ref_field
from tracker.identity.models import one_of


class Act(StrEnum):
    """What a person did about findings."""

    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    COMMENTED = "commented"
    WAIVER_ASKED = "waiver-asked"
    WAIVER_GRANTED = "waiver-granted"
    WAIVER_REFUSED = "waiver-refused"
    WAIVER_ENDED = "waiver-ended"
    PLAN_LINKED = "plan-linked"


class FindingAct(SQLModel, table=True):
    """One act on findings of an agency: who, when, in which words. An act over several agencies has the same
    id in each."""

    __tablename__ = "finding_act"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id"], ["agency.id"]),
        CheckConstraint(one_of("act", Act), name="act"),
    )
    agency_id: int = id_field()
    id: int = id_field()
    act: str
    actor: str
    at: datetime
    detail: dict[str, object] = json_field()


class FindingHistory(SQLModel, table=True):
    """That an act concerned a finding."""

    __tablename__ = "finding_history"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "finding_id"], ["finding.agency_id", "finding.id"]),
        ForeignKeyConstraint(["agency_id", "act_id"], ["finding_act.agency_id", "finding_act.id"]),
        {"sqlite_with_rowid": False},
    )
    agency_id: int = id_field()
    finding_id: int = id_field()
    act_id: int = id_field()


def _together(*columns: str) -> str:
    first, *others = columns
    return " AND ".join(f"({first} IS NULL) = ({other} IS NULL)" for other in others)


class FindingWork(SQLModel, table=True):
    """How a finding stands with people. Scans never write here; a recurrence is another finding and begins afresh.

    `asked_*`: a waiver that waits for its approver, `waived_*`: the granted one, through the day `waived_until`.
    Plan and line are names only: plans are made again while findings stay.
    """

    __tablename__ = "finding_work"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "finding_id"], ["finding.agency_id", "finding.id"]),
        ForeignKeyConstraint(["agency_id", "asked_act_id"], ["finding_act.agency_id", "finding_act.id"]),
        ForeignKeyConstraint(["agency_id", "waived_act_id"], ["finding_act.agency_id", "finding_act.id"]),
        CheckConstraint(_together("acknowledged_at", "acknowledged_by"), name="acknowledged"),
        CheckConstraint(_together("asked_act_id", "asked_by", "asked_until"), name="asked"),
        CheckConstraint(_together("waived_act_id", "waived_by", "waived_until"), name="waived"),
        CheckConstraint(_together("plan_id", "plan_line_id"), name="plan"),
        CheckConstraint("due_on IS NULL OR assignee_id IS NOT NULL", name="due"),
        Index(
            "ix_finding_work_assignee_id",
            "assignee_id",
            sqlite_where=text("assignee_id IS NOT NULL"),
            postgresql_where=text("assignee_id IS NOT NULL"),
        ),
        Index(
            "ix_finding_work_waived_until",
            "waived_until",
            sqlite_where=text("waived_until IS NOT NULL"),
            postgresql_where=text("waived_until IS NOT NULL"),
        ),
        Index(
            "ix_finding_work_asked_until",
            "asked_until",
            sqlite_where=text("asked_until IS NOT NULL"),
            postgresql_where=text("asked_until IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    agency_id: int = id_field()
    finding_id: int = id_field()
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    assignee_id: int | None = ref_field("app_user.id", nullable=True)
    due_on: date | None = None
    asked_act_id: int | None = Field(default=None, sa_type=BigInt)
    asked_by: str | None = None
    asked_until: date | None = None
    waived_act_id: int | None = Field(default=None, sa_type=BigInt)
    waived_by: str | None = None
    waived_until: date | None = None
    plan_id: int | None = Field(default=None, sa_type=BigInt)
    plan_line_id: int | None = Field(default=None, sa_type=BigInt)
