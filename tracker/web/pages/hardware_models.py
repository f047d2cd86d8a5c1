"""Hardware models whose support dates the office itself tells: listed, told one by one, or from a list."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.catalogue import hardware_dates
from tracker.catalogue.hardware_dates import COLUMNS, ModelDates, ModelsResult, ModelView
from tracker.db import reading, transaction
from tracker.identity.errors import Invalid, Refused
from tracker.identity.rules import Permission
from tracker.web.choices import Column, columns
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, field_errors
from tracker.web.i18n import N_
from tracker.web.rendering import render
from tracker.web.translation import code_text, error_text
from tracker.web.uploads import UploadedForm, need_file
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_HERE = "/catalogue/models"


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """The models with their dates, and the forms, with what was typed and what is wrong with it."""

    models: tuple[ModelView, ...]
    columns: tuple[Column, ...]
    may_tell: bool
    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def _may_tell(visitor: Visitor) -> bool:
    return visitor.principal.scope(Permission.ADMIN).is_everything


def _page(
    request: Request, visitor: Visitor, typed: dict[str, str], errors: dict[str, str], status: int = 200
) -> Response:
    with reading(get_engine(request)) as session:
        models = tuple(hardware_dates.list_models(session))
    page = ModelsPage(
        models,
        columns(visitor, N_("Manufacturer"), N_("Model"), N_("End of sale"), N_("End of software maintenance"),
                N_("Security support ends"), N_("End of support"), N_("Source")),
        _may_tell(visitor),
        typed,
        errors,
    )  # fmt: skip
    return render(request, visitor, "hardware_models.html", page, status=status)


@router.get(_HERE)
def show_models(request: Request, visitor: SignedIn) -> Response:
    """The models whose dates are known."""
    return _page(request, visitor, {}, {})


@router.get(f"{_HERE}/template")
def download_template(visitor: SignedIn) -> Response:
    """An empty list to fill in."""
    headers = {"Content-Disposition": 'attachment; filename="hardware-models.csv"'}
    content = "\ufeff" + hardware_dates.write_template()
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post(_HERE)
def tell_model(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Keep the dates of one model."""
    typed = {name: form.text(name) for name in COLUMNS}
    try:
        told = ModelDates.model_validate(typed)
        with transaction(get_engine(request)) as session:
            result = hardware_dates.record_models(session, visitor.principal, [told], "page", visitor.now)
    except ValidationError as error:
        found = {name: code_text(visitor, text, text) for name, text in field_errors(error).items()}
        return _page(request, visitor, typed, found, 422)
    except Refused as error:
        return _page(request, visitor, typed, {"end_of_support": error_text(visitor, error)}, 422)
    return _told(request, result)


@router.post(f"{_HERE}/list")
def tell_list(request: Request, visitor: SignedIn, upload: UploadedForm) -> Response:
    """Keep the dates of all models in a list."""
    try:
        told = hardware_dates.read_list(need_file(upload))
        with transaction(get_engine(request)) as session:
            result = hardware_dates.record_models(
                session, visitor.principal, told, upload.filename, visitor.now
            )
    except (Invalid, Refused) as error:
        return _page(request, visitor, {}, {"file": error_text(visitor, error)}, 422)
    return _told(request, result)


def _told(request: Request, result: ModelsResult) -> Response:
    counts = {"added": result.added, "changed": result.changed, "unchanged": result.unchanged}
    flash = Flash("models-told", {name: str(count) for name, count in counts.items()})
    return redirect(_HERE, flash, secure=get_settings(request).cookie_secure)
