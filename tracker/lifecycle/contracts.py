"""Contracts for extended support: what an agency (and all below it) bought beyond the maker's ordinary support."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlmodel import Session

from tracker.catalogue.models import Product, Release
from tracker.db import new_id, table_of
from tracker.identity import audit
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import in_paths
from tracker.identity.scope import limit as within
from tracker.lifecycle.models import SupportContract

agency = table_of(Agency)
contract = table_of(SupportContract)
product = table_of(Product)
release = table_of(Release)


class NewContract(BaseModel):
    """A contract of `agency` (code) for a product, or for one release of it; both days are covered."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    agency: str = Field(max_length=64)
    product: str = Field(max_length=120)
    release: str | None = Field(default=None, max_length=120)
    starts_on: date
    ends_on: date
    reference: str | None = Field(default=None, max_length=200)


@dataclass(frozen=True, slots=True)
class ContractView:
    """A contract with the names of what it is about."""

    id: int
    agency: str
    product: str
    product_label: str
    release: str | None
    starts_on: date
    ends_on: date
    reference: str | None
    recorded_at: datetime


def list_contracts(session: Session, principal: Principal) -> list[ContractView]:
    """Contracts that the principal may see, the one that ends last first. One statement."""
    query = (
        select(
            contract.c.id,
            agency.c.code,
            product.c.slug,
            product.c.label,
            release.c.name,
            contract.c.starts_on,
            contract.c.ends_on,
            contract.c.reference,
            contract.c.recorded_at,
        )
        .join(agency, agency.c.id == contract.c.agency_id)
        .join(product, product.c.id == contract.c.product_id)
        .outerjoin(release, release.c.id == contract.c.release_id)
        .where(within(contract.c.agency_id, principal.scope(Permission.VIEW)))
        .order_by(contract.c.ends_on.desc(), contract.c.id)
    )
    return [ContractView(*row) for row in session.execute(query)]


def add_contract(session: Session, principal: Principal, new: NewContract, now: datetime) -> int:
    """Record a contract; its id. The next scan takes it into account.

    Raises: NotFound for an agency whose findings the principal may not manage, or an unknown product or
    release; Invalid where it ends before it starts.
    """
    if new.ends_on < new.starts_on:
        raise Invalid("bad-period", "a contract ends on the day it starts or later")
    scope = principal.scope(Permission.MANAGE_FINDINGS)
    here = select(agency.c.id).where(agency.c.code == new.agency, in_paths(scope))
    agency_id = session.execute(here).scalar_one_or_none()
    if agency_id is None:
        raise NotFound("agency-not-found", f"There is no agency {new.agency!r}.")
    product_id, release_id = _about(session, new)
    contract_id = new_id(session)
    session.execute(
        contract.insert().values(
            agency_id=agency_id,
            id=contract_id,
            product_id=product_id,
            release_id=release_id,
            starts_on=new.starts_on,
            ends_on=new.ends_on,
            reference=new.reference,
            recorded_at=now,
        )
    )
    told: dict[str, object] = new.model_dump(mode="json")
    audit.record(session, principal, "contract-added", "support_contract", contract_id, agency_id, told, now)
    return contract_id


def _about(session: Session, new: NewContract) -> tuple[int, int | None]:
    product_id = session.execute(
        select(product.c.id).where(product.c.slug == new.product)
    ).scalar_one_or_none()
    if product_id is None:
        raise NotFound("product_unknown", f"There is no product {new.product!r} in the catalogue.")
    if new.release is None:
        return product_id, None
    named = select(release.c.id).where(release.c.product_id == product_id, release.c.name == new.release)
    release_id = session.execute(named).scalar_one_or_none()
    if release_id is None:
        raise NotFound("release_unknown", f"{new.product} has no release {new.release!r}.")
    return product_id, release_id


def end_contract(
    session: Session, principal: Principal, contract_id: int, ends_on: date, now: datetime
) -> None:
    """Let a contract end on another day, as when it is cancelled or prolonged.

    Raises: NotFound for a contract of an agency whose findings the principal may not manage; Invalid where
    it would end before it starts.
    """
    scope = principal.scope(Permission.MANAGE_FINDINGS)
    mine = (contract.c.id == contract_id, within(contract.c.agency_id, scope))
    row = session.execute(
        select(contract.c.agency_id, contract.c.starts_on, contract.c.ends_on).where(*mine)
    ).one_or_none()
    if row is None:
        raise NotFound("contract-not-found", f"There is no contract {contract_id}.")
    if ends_on < row.starts_on:
        raise Invalid("bad-period", "a contract ends on the day it starts or later")
    here = (contract.c.agency_id == row.agency_id, contract.c.id == contract_id)
    session.execute(update(contract).where(*here).values(ends_on=ends_on))
    told: dict[str, object] = {"before": row.ends_on.isoformat(), "after": ends_on.isoformat()}
    audit.record(
        session, principal, "contract-changed", "support_contract", contract_id, row.agency_id, told, now
    )
