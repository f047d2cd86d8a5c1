"""Working on findings: acts over chosen ones or a filter, and what was done about one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field

from tracker.api.access import Caller, Clock, ReadSession, WriteSession
from tracker.api.findings import Finding, Standing
from tracker.api.problems import problems
from tracker.budgeting import linking
from tracker.identity.errors import Invalid, NotFound
from tracker.lifecycle import handling, queries, workflow
from tracker.lifecycle.schemas import FindingFilter
from tracker.lifecycle.workflow import MOST_CHARS, Handling

router = APIRouter(tags=["findings"])
_MOST_IDS = 1_000
_Words = Annotated[str, Field(max_length=MOST_CHARS)]
_Id = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Kind(StrEnum):
    """What is done."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    COMMENT = "comment"
    ASK_WAIVER = "ask-waiver"
    GRANT_WAIVER = "grant-waiver"
    REFUSE_WAIVER = "refuse-waiver"
    END_WAIVER = "end-waiver"
    LINK_PLAN = "link-plan"


class Chosen(BaseModel):
    """Open findings: by `ids`, by a filter, or by both; at least one member is needed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ids: Annotated[tuple[_Id, ...], Field(max_length=_MOST_IDS)] = ()
    agency: str | None = Field(default=None, max_length=64)
    rule: str | None = Field(default=None, max_length=100)
    severity: str | None = Field(default=None, max_length=20)
    asset_id: _Id | None = None
    text: str | None = Field(default=None, max_length=200)
    handling: Standing | None = None
    assignee: str | None = Field(default=None, max_length=254)


class WantedAct(BaseModel):
    """An act and its parts: `assign` takes `to` and perhaps `due_on`, `comment` takes `comment`, `ask-waiver` takes
    `reason`, `control` and `until`, decisions about waivers perhaps a `comment`, `link-plan` takes `plan`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    act: Kind
    findings: Chosen
    to: str = Field(default="", max_length=254)
    due_on: date | None = None
    comment: _Words = ""
    reason: _Words = ""
    control: _Words = ""
    until: date | None = None
    plan: _Id | None = None


class Done(BaseModel):
    """How many findings were changed; those that the act does not fit, or that are not yours, are passed over."""

    findings: int


class ActDone(BaseModel):
    """One act in the history of a finding."""

    act: str
    actor: str
    at: datetime
    detail: dict[str, Any]


class FindingDetail(Finding):
    """A finding with what was done about it, the oldest first."""

    history: list[ActDone]


def _ask(at: Handling, wanted: WantedAct) -> int:
    if wanted.until is None:
        raise Invalid("bad-waiver-end", "a waiver needs the day `until`")
    return workflow.ask_waiver(at, wanted.reason, wanted.control, wanted.until)


def _link(at: Handling, wanted: WantedAct) -> int:
    if wanted.plan is None:
        raise NotFound("plan-not-found", "Name the plan.")
    return linking.link_plan(at, wanted.plan)


_ACTS: Mapping[Kind, Callable[[Handling, WantedAct], int]] = {
    Kind.ACKNOWLEDGE: lambda at, _wanted: workflow.acknowledge(at),
    Kind.ASSIGN: lambda at, wanted: workflow.assign(at, wanted.to, wanted.due_on),
    Kind.UNASSIGN: lambda at, _wanted: workflow.unassign(at),
    Kind.COMMENT: lambda at, wanted: workflow.comment(at, wanted.comment),
    Kind.ASK_WAIVER: _ask,
    Kind.GRANT_WAIVER: lambda at, wanted: workflow.grant_waiver(at, wanted.comment),
    Kind.REFUSE_WAIVER: lambda at, wanted: workflow.refuse_waiver(at, wanted.comment),
    Kind.END_WAIVER: lambda at, wanted: workflow.end_waiver(at, wanted.comment),
    Kind.LINK_PLAN: _link,
}
_EXAMPLES: Any = {
    "comment": {
        "value": {
            "act": "comment",
            "findings": {"rule": "security-support-ended", "handling": "new"},
            "comment": "Replacements are ordered.",
        }
    }
}


@router.post("/findings/acts", response_model=Done, responses=problems(403, 404, 422))
def act_on_findings(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    wanted: Annotated[WantedAct, Body(openapi_examples=_EXAMPLES)],
) -> dict[str, int]:
    """Do one act on all open findings that are chosen and that you may handle."""
    if not wanted.findings.model_dump(exclude_defaults=True):
        raise Invalid("findings-unchosen", "name ids or a filter: nothing acts on everything at once")
    told = wanted.findings.model_dump()
    standing = wanted.findings.handling
    chosen = FindingFilter(**{**told, "handling": standing.value if standing else None}, on=clock.today)
    return {"findings": _ACTS[wanted.act](Handling(session, caller, chosen, clock.today, clock.now), wanted)}


@router.get("/findings/{finding_id}", response_model=FindingDetail, responses=problems(404))
def get_finding(
    session: ReadSession, caller: Caller, clock: Clock, finding_id: Annotated[int, Path(ge=1, le=2**63 - 1)]
) -> dict[str, object]:
    """One finding, open or resolved, with what was done about it."""
    wanted = FindingFilter(ids=(finding_id,), state="all", on=clock.today)
    found = queries.list_findings(session, caller, wanted).items
    if not found:
        raise NotFound("finding-not-found", f"There is no finding {finding_id}.")
    acts = handling.list_acts(session, caller, finding_id)
    return {**found[0].to_json(), "history": [one.to_json() for one in acts]}
