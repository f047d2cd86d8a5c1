"""Assets: list, one with its history, its lifecycle, and edits by hand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from tracker.api.access import AfterCursor, Caller, Clock, Id, Language, Limit, ReadSession, WriteSession
from tracker.api.files import SPREADSHEET, new_file, send_file
from tracker.api.pages import Page
from tracker.api.problems import problems
from tracker.inventory import actions, queries
from tracker.inventory.export_queries import iterate_exported
from tracker.inventory.exporting import ListFormat, write_assets
from tracker.inventory.models import AssetClass, AssetStatus, Condition
from tracker.inventory.schemas import AssetDetail, AssetEdit, AssetFilter, AssetRow
from tracker.lifecycle.explaining import asset_lifecycle

router = APIRouter(prefix="/assets", tags=["assets"])

_EXAMPLE: JsonDict = {
    "id": 5120,
    "agency": "DINKES",
    "asset_tag": "02.06.03.02.01-0007",
    "serial": "PF2ABC12",
    "name": "Laptop",
    "asset_class": "laptop",
    "manufacturer": "Lenovo",
    "model": "ThinkPad L14",
    "status": "in-use",
    "units": 1,
    "condition": "good",
    "acquired_on": "2021-03-01",
    "acquired_precision": "month",
    "cost": "14500000.00",
    "currency": "IDR",
    "location": "Ruang Server",
    "hostname": "dk-014",
}
_CHANGE = {
    "row_version": 1,
    "status": "in-store",
    "location": "Gudang",
    "cost": "14500000",
    "currency": "IDR",
}


class ListedAsset(BaseModel):
    """One line of the asset list; `acquired_on` counts as exactly as `acquired_precision` says."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    id: int
    agency: str
    asset_tag: str | None
    serial: str | None
    name: str
    asset_class: str
    manufacturer: str
    model: str
    status: str
    units: int
    condition: str | None
    acquired_on: date | None
    acquired_precision: str | None
    cost: str | None
    currency: str | None
    location: str | None
    hostname: str | None


def _without_minor(schema: JsonDict) -> None:
    properties = schema["properties"]
    assert isinstance(properties, dict)
    properties.pop("cost_minor", None)


class AssetChange(AssetEdit):
    """Changes of one asset: only members that are given change something, null clears one.

    Send the `row_version` that you saw, and an asset that was changed since is a conflict.
    """

    model_config = ConfigDict(json_schema_extra=_without_minor)
    cost: Decimal | None = Field(default=None, ge=0, max_digits=17, decimal_places=2)

    @model_validator(mode="before")
    @classmethod
    def _takes_major_units(cls, given: Any) -> Any:
        if isinstance(given, dict) and "cost_minor" in given:
            raise ValueError("an amount is given in major units, as cost")
        return given

    def to_edit(self) -> AssetEdit:
        """The same with the amount in minor units."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if "cost" in given:
            cost = given.pop("cost")
            given["cost_minor"] = None if cost is None else int(cost * 100)
        return AssetEdit.model_validate(given)


def _cost(minor: int | None) -> str | None:
    return None if minor is None else str(Decimal(minor).scaleb(-2))


def _row_json(row: AssetRow) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ListedAsset.model_fields if name != "cost"}
    return {**plain, "cost": _cost(row.cost_minor)}


def _detail_json(detail: AssetDetail) -> dict[str, Any]:
    plain = asdict(detail)
    plain.pop("asset")
    return {**_row_json(detail.asset), **plain}


Text = Annotated[str | None, Query(max_length=200)]


@router.get("", response_model=Page[ListedAsset])
def list_assets(
    session: ReadSession,
    caller: Caller,
    agency: Annotated[Text, Query(description="Code of an agency: with all below it.")] = None,
    text: Annotated[Text, Query(description="In tag, serial, name or host name.")] = None,
    asset_class: AssetClass | None = None,
    status: AssetStatus | None = None,
    condition: Condition | None = None,
    phase: Annotated[Text, Query(description="With software in this lifecycle phase.")] = None,
    rule: Annotated[Text, Query(description="With an open finding of this rule.")] = None,
    sort: Annotated[
        str,
        Query(
            max_length=50,
            description="asset_tag, name, asset_class, acquired_on, cost or id; - first: descending.",
        ),
    ] = "asset_tag",
    after: AfterCursor = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Assets of your agencies."""
    wanted = AssetFilter(agency, text, asset_class, status, phase, rule, condition)
    page = queries.list_assets(session, caller, wanted, sort, after, limit)
    return {"items": [_row_json(row) for row in page.items], "next": page.next_cursor}


@router.get("/export", response_class=FileResponse, responses=SPREADSHEET)
def export_assets(
    session: ReadSession,
    caller: Caller,
    clock: Clock,
    agency: Annotated[Text, Query(description="Code of an agency: with all below it.")] = None,
    status: AssetStatus | None = None,
    format: ListFormat = ListFormat.XLSX,
    language: Language = "en",
) -> FileResponse:
    """Assets of your agencies as a list that can be changed and uploaded again."""
    rows = iterate_exported(session, caller, AssetFilter(agency=agency, status=status))
    path = new_file(f".{format}")
    try:
        write_assets(rows, path, format, language)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return send_file(path, f"assets-{clock.today}.{format}")


@router.get("/{asset_id}", responses=problems(404))
def get_asset(session: ReadSession, caller: Caller, asset_id: Id) -> dict[str, Any]:
    """One asset with its names, software, matches and every change."""
    return _detail_json(queries.get_asset(session, caller, asset_id))


@router.get("/{asset_id}/lifecycle", responses=problems(404))
def get_asset_lifecycle(
    session: ReadSession, caller: Caller, clock: Clock, asset_id: Id, on: date | None = None
) -> dict[str, Any]:
    """Phase, dates, patch state and evidence of everything on an asset, today or on another day."""
    return asdict(asset_lifecycle(session, caller, asset_id, on or clock.today))


@router.patch("/{asset_id}", responses=problems(404, 409))
def change_asset(
    session: WriteSession,
    caller: Caller,
    clock: Clock,
    asset_id: Id,
    change: Annotated[AssetChange, Body(openapi_examples={"move to store": {"value": _CHANGE}})],
) -> dict[str, Any]:
    """Change an asset by hand; every field that differs becomes a row of its history."""
    return _detail_json(actions.update_asset(session, caller, asset_id, change.to_edit(), clock.now))
