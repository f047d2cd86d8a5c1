"""Digests by mail: subscriptions and what was sent."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel

from tracker.api.access import Caller, Clock, ReadSession, WriteSession
from tracker.api.problems import problems
from tracker.notifications import actions, queries
from tracker.notifications.actions import NewSubscription

router = APIRouter(prefix="/notifications", tags=["notifications"])
_Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
_EXAMPLES: Any = {
    "mailbox": {
        "value": {
            "agency": "KAB",
            "cadence": "weekly",
            "least_severity": "high",
            "address": "it@dinkes.example.org",
        }
    }
}


class SubscriptionOut(BaseModel):
    """A subscription: yours, or of an agency that you administer."""

    id: int
    agency: str
    to: str
    cadence: str
    least_severity: str
    language: str
    starts_on: date


class DeliveryOut(BaseModel):
    """One digest: claimed, sent, failed or uncertain."""

    id: int
    agency: str
    to: str
    slot: str
    state: str
    attempt: int
    items: int
    claimed_at: datetime
    finished_at: datetime | None
    error: str | None


class Subscribed(BaseModel):
    """The new subscription's number."""

    id: int


@router.get("/subscriptions", response_model=list[SubscriptionOut])
def list_subscriptions(session: ReadSession, caller: Caller) -> list[dict[str, Any]]:
    """Your subscriptions, and those of agencies that you administer."""
    return [asdict(one) for one in queries.list_subscriptions(session, caller)]


@router.post("/subscriptions", response_model=Subscribed, status_code=201, responses=problems(404, 409, 422))
def subscribe(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    new: Annotated[NewSubscription, Body(openapi_examples=_EXAMPLES)],
) -> dict[str, int]:
    """Subscribe yourself, or with an address a mailbox of an agency that you administer."""
    return {"id": actions.subscribe(session, caller, new, clock.today, clock.now)}


@router.delete("/subscriptions/{subscription_id}", status_code=204, responses=problems(404))
def unsubscribe(session: WriteSession, caller: Caller, clock: Clock, subscription_id: _Id) -> None:
    """End a subscription; what was sent goes with it."""
    actions.unsubscribe(session, caller, subscription_id, clock.now)


@router.get("/deliveries", response_model=list[DeliveryOut])
def list_deliveries(session: ReadSession, caller: Caller) -> list[dict[str, Any]]:
    """The newest fifty digests of those subscriptions."""
    return [asdict(one) for one in queries.list_deliveries(session, caller)]
