"""Support dates of hardware models, told by the office itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body

from tracker.api.access import Caller, Clock, ReadSession, WriteSession
from tracker.catalogue import hardware_dates
from tracker.catalogue.hardware_dates import ModelDates, ModelsResult

router = APIRouter(prefix="/catalogue/models", tags=["catalogue"])

_EXAMPLE = [
    {
        "manufacturer": "Cisco",
        "model": "Catalyst 2960-X",
        "end_of_sale": "2022-10-31",
        "end_of_support": "2027-10-31",
        "source": "https://www.cisco.com/",
    }
]


@router.get("")
def list_models(session: ReadSession, caller: Caller) -> list[dict[str, Any]]:
    """Every model whose dates were told, by maker and model, with the source of its dates."""
    return [asdict(one) for one in hardware_dates.list_models(session)]


@router.post("")
def record_models(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    told: Annotated[
        list[ModelDates], Body(max_length=2_000, openapi_examples={"one model": {"value": _EXAMPLE}})
    ],
) -> ModelsResult:
    """Keep the dates of these models; a date left out stays what it was. For administrators of all agencies."""
    return hardware_dates.record_models(session, caller, told, "api", clock.now)
