"""The form that changes one asset by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.db import reading, transaction
from tracker.identity.errors import Conflict, Invalid
from tracker.identity.rules import Permission
from tracker.inventory import queries
from tracker.inventory.editing import update_asset
from tracker.inventory.schemas import AssetDetail, AssetEdit
from tracker.web.choices import Option, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted, field_errors
from tracker.web.i18n import N_
from tracker.web.rendering import render, translate
from tracker.web.translation import code_text, error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_OF_ROW = ("name", "asset_tag", "serial", "asset_class", "status", "condition", "units", "acquired_on", "location",
           "hostname")  # fmt: skip
_OF_DETAIL = ("warranty_ends_on", "custodian", "processor", "criticality", "last_seen_on", "notes")
_FLAGS = ("is_edge", "internet_facing")
_FLAG_VALUES = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class AssetEditPage:
    """The form with what the asset holds, or what was typed and what is wrong with it."""

    asset_id: int
    name: str
    row_version: int
    classes: tuple[Option, ...]
    statuses: tuple[Option, ...]
    conditions: tuple[Option, ...]
    criticalities: tuple[Option, ...]
    yes_no: tuple[Option, ...]
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def _held(detail: AssetDetail) -> dict[str, str]:
    values = {name: getattr(detail.asset, name) for name in _OF_ROW}
    values |= {name: getattr(detail, name) for name in _OF_DETAIL}
    values |= {name: {True: "yes", False: "no", None: None}[getattr(detail, name)] for name in _FLAGS}
    return {name: str(value) for name, value in values.items() if value is not None}


def _page(
    visitor: Visitor,
    detail: AssetDetail,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str | None = None,
) -> AssetEditPage:
    return AssetEditPage(
        asset_id=detail.asset.id,
        name=detail.asset.asset_tag or detail.asset.name,
        row_version=detail.row_version,
        classes=term_options(visitor, "asset_class"),
        statuses=term_options(visitor, "status"),
        conditions=term_options(visitor, "condition"),
        criticalities=term_options(visitor, "criticality"),
        yes_no=(Option("yes", translate(visitor, N_("Yes"))), Option("no", translate(visitor, N_("No")))),
        typed=_held(detail) if typed is None else typed,
        errors=errors or {},
        problem=problem,
    )


def _edit(form: Posted, detail: AssetDetail) -> AssetEdit:
    """What was typed; a date of acquisition that was changed is exact to the day.

    Raises: ValidationError where a value cannot be read.
    """
    given: dict[str, object] = {name: form.find(name) for name in (*_OF_ROW, *_OF_DETAIL)}
    given |= {name: _FLAG_VALUES.get(form.text(name)) for name in _FLAGS}
    if form.text("acquired_on") != str(detail.asset.acquired_on or ""):
        given["acquired_precision"] = "day" if form.find("acquired_on") else None
    version = form.text("row_version")
    given["row_version"] = int(version) if version.isascii() and version.isdigit() else 0
    return AssetEdit.model_validate(given)


@router.get("/assets/{asset_id}/edit")
def show_form(request: Request, visitor: SignedIn, asset_id: int) -> Response:
    """The form of an asset that the visitor may change."""
    visitor.need(Permission.MANAGE_ASSETS)
    with reading(get_engine(request)) as session:
        detail = queries.get_asset(session, visitor.principal, asset_id)
    return render(request, visitor, "asset_edit.html", _page(visitor, detail))


@router.post("/assets/{asset_id}/edit")
def save(request: Request, visitor: SignedIn, asset_id: int, form: Form) -> Response:
    """Write what differs from the asset as it is, unless somebody else changed it meanwhile."""
    visitor.need(Permission.MANAGE_ASSETS)
    with reading(get_engine(request)) as session:
        detail = queries.get_asset(session, visitor.principal, asset_id)
    errors: dict[str, str] = {}
    problem = None
    try:
        with transaction(get_engine(request)) as session:
            update_asset(session, visitor.principal, asset_id, _edit(form, detail), visitor.now)
    except ValidationError as error:
        errors = {name: code_text(visitor, told, told) for name, told in field_errors(error).items()}
        problem = errors.get("")
    except (Conflict, Invalid) as error:
        problem = error_text(visitor, error)
    if errors or problem:
        page = _page(visitor, detail, dict(form.fields), errors, problem)
        return render(request, visitor, "asset_edit.html", page, status=422)
    return redirect(f"/assets/{asset_id}", Flash("asset-saved"), secure=get_settings(request).cookie_secure)
