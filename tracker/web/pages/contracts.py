"""Contracts for extended support: listed, recorded, ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.db import reading, transaction
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.lifecycle import contracts
from tracker.lifecycle.contracts import ContractView, NewContract
from tracker.web.choices import Column, Option, agency_options, columns
from tracker.web.flash import Flash, redirect
from tracker.web.forms import Form, Posted
from tracker.web.i18n import N_
from tracker.web.rendering import render, translate
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()


@dataclass(frozen=True, slots=True)
class ContractsPage:
    """Contracts and the form for a new one."""

    contracts: tuple[ContractView, ...]
    columns: tuple[Column, ...]
    agencies: tuple[Option, ...]
    may_edit: bool
    today: date
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def _page(
    request: Request, visitor: Visitor, typed: Mapping[str, str] | None = None, problem: str | None = None
) -> ContractsPage:
    with reading(get_engine(request)) as session:
        found = contracts.list_contracts(session, visitor.principal)
        agencies = list_agencies(session, visitor.principal, Permission.MANAGE_FINDINGS)
    may_edit = visitor.may(Permission.MANAGE_FINDINGS)
    names = (N_("Product"), N_("Release"), N_("Agency"), N_("From"), N_("Until"), N_("Reference"))
    return ContractsPage(
        contracts=tuple(found),
        columns=columns(visitor, *names, tools=may_edit),
        agencies=agency_options(agencies),
        may_edit=may_edit,
        today=visitor.today,
        typed=typed or {},
        problem=problem,
    )


@router.get("/contracts")
def list_contracts(request: Request, visitor: SignedIn, product: str = "", release: str = "") -> Response:
    """Contracts that the visitor may see; the form may come filled with a product and a release."""
    typed = {"product": product[:120], "release": release[:120]}
    return render(request, visitor, "contracts.html", _page(request, visitor, typed))


def _refused(request: Request, visitor: Visitor, form: Posted, problem: str) -> Response:
    page = _page(request, visitor, dict(form.fields), problem)
    return render(request, visitor, "contracts.html", page, status=422)


@router.post("/contracts")
def add_contract(request: Request, visitor: SignedIn, form: Form) -> Response:
    """Record a contract."""
    visitor.need(Permission.MANAGE_FINDINGS)
    names = ("product", "release", "agency", "starts_on", "ends_on", "reference")
    try:
        new = NewContract.model_validate({name: form.find(name) for name in names})
        with transaction(get_engine(request)) as session:
            contracts.add_contract(session, visitor.principal, new, visitor.now)
    except ValidationError:
        return _refused(
            request, visitor, form, translate(visitor, N_("An agency, a product and both days are needed."))
        )
    except (Invalid, NotFound) as error:
        return _refused(request, visitor, form, error_text(visitor, error))
    return redirect("/contracts", Flash("contract-saved"), secure=get_settings(request).cookie_secure)


@router.post("/contracts/{contract_id}")
def end_contract(request: Request, visitor: SignedIn, contract_id: int, form: Form) -> Response:
    """Let a contract end on another day."""
    visitor.need(Permission.MANAGE_FINDINGS)
    try:
        ends_on = date.fromisoformat(form.text("ends_on"))
        with transaction(get_engine(request)) as session:
            contracts.end_contract(session, visitor.principal, contract_id, ends_on, visitor.now)
    except ValueError:
        return _refused(
            request, visitor, form, translate(visitor, N_("A date such as 2027-01-31 is needed."))
        )
    except Invalid as error:
        return _refused(request, visitor, form, error_text(visitor, error))
    return redirect("/contracts", Flash("contract-saved"), secure=get_settings(request).cookie_secure)
