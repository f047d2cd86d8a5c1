"""Rules, policies and contracts: what is flagged, by which parameters, and what extended support an agency bought."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, status
from pydantic import BaseModel, ConfigDict

from tracker.api.access import Caller, Clock, Id, ReadSession, WriteSession
from tracker.api.problems import problems
from tracker.lifecycle import contracts, policy_versions
from tracker.lifecycle.contracts import ContractView, NewContract
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.policy import rule_documents, ruleset_document, ruleset_names
from tracker.lifecycle.policy_versions import PolicyEdit, PolicyVersion
from tracker.lifecycle.ruledocs import severity_text

router = APIRouter(tags=["rules"])

_EDIT = {
    "name": "kominfo",
    "effective_on": "2027-01-01",
    "note": "Fiscal year 2027",
    "changes": {"ruleset": "au-pspf-legacy", "not_seen_days": 180, "severities": {"warranty-ended": "info"}},
}
_CONTRACT = {
    "agency": "DINKES",
    "product": "windows",
    "release": "10-22h2",
    "starts_on": "2025-10-15",
    "ends_on": "2026-10-13",
    "reference": "SPK 12/2025",
}


class NewEnd(BaseModel):
    """Another last day of a contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    ends_on: date


@router.get("/rules")
def list_rules(session: ReadSession, caller: Caller, clock: Clock) -> list[dict[str, Any]]:
    """Every rule with its words in both languages, its severity and whether the policy in force wants it."""
    policy = get_policy(session, day=clock.today)
    return [
        {"rule": rule, "severity": severity_text(rule, policy), "on": policy.is_on(rule), **told}
        for rule, told in rule_documents().items()
    ]


@router.get("/rulesets")
def list_rulesets(caller: Caller) -> list[dict[str, Any]]:
    """The shipped rulesets of governments, whole."""
    return [ruleset_document(name) for name in ruleset_names()]


@router.get("/policies")
def list_policies(session: ReadSession, caller: Caller, clock: Clock) -> list[PolicyVersion]:
    """Every version of the policy, the newest first."""
    return policy_versions.list_policies(session, clock.today)


@router.get("/policies/{policy_id}", responses=problems(404))
def get_policy_document(session: ReadSession, caller: Caller, policy_id: Id) -> dict[str, Any]:
    """The document of a version."""
    return policy_versions.get_document(session, policy_id)


@router.post("/policies", status_code=status.HTTP_201_CREATED)
def add_policy(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    edit: Annotated[PolicyEdit, Body(openapi_examples={"edit": {"value": _EDIT}})],
) -> dict[str, Any]:
    """A new version out of the one in force; administrators of the whole installation only."""
    made = policy_versions.add_policy(session, caller, edit, clock.today, clock.now)
    return {"id": made.id, "name": made.name, "version": made.version, "effective_on": made.effective_on}


@router.get("/contracts")
def list_contracts(session: ReadSession, caller: Caller) -> list[ContractView]:
    """Extended-support contracts of your agencies."""
    return contracts.list_contracts(session, caller)


@router.post("/contracts", status_code=status.HTTP_201_CREATED, responses=problems(404))
def add_contract(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewContract, Body(openapi_examples={"contract": {"value": _CONTRACT}})],
) -> dict[str, int]:
    """Record a contract; the next scan takes it into account."""
    return {"id": contracts.add_contract(session, caller, new, clock.now)}


@router.patch("/contracts/{contract_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(404))
def end_contract(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    contract_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    end: Annotated[NewEnd, Body(openapi_examples={"end": {"value": {"ends_on": "2026-12-31"}}})],
) -> None:
    """Let a contract end on another day."""
    contracts.end_contract(session, caller, contract_id, end.ends_on, clock.now)
