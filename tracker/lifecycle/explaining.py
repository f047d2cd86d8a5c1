"""Why an asset is what it is on a day: phase, dates, patch state and evidence of everything on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, select
from sqlmodel import Session

from tracker.catalogue.models import Product, Release
from tracker.db import table_of
from tracker.identity.errors import NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as within
from tracker.inventory.models import Asset, HardwareModel, Installation, SoftwareTitle
from tracker.lifecycle.asset_rules import assess_age, assess_warranty
from tracker.lifecycle.details import title_text
from tracker.lifecycle.evaluation import assess_matched, state_of
from tracker.lifecycle.facts import Dated, Facts, Matched
from tracker.lifecycle.loading import About, load
from tracker.lifecycle.models import SupportContract
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.policy import Policy
from tracker.lifecycle.rules import Phase, RuleVerdict, patch_on
from tracker.lifecycle.schemas import AssetLifecycle, Holding, SubjectLifecycle

agency = table_of(Agency)
asset = table_of(Asset)
contract = table_of(SupportContract)
installation = table_of(Installation)
model = table_of(HardwareModel)
product = table_of(Product)
release = table_of(Release)
title = table_of(SoftwareTitle)


@dataclass(frozen=True)
class _Context:
    """What every subject of the asset is judged by."""

    facts: Facts
    policy: Policy
    day: date
    products: Mapping[int, tuple[str, str]]
    releases: Mapping[int, str]
    contracts: Sequence[Row[Any]]
    own: Mapping[tuple[str, int], Matched]

    def contract_ends_on(self, matched: Matched) -> date | None:
        """The last day of the longest contract that covers the subject on the day."""
        subject = matched.subject
        covering = (
            row.ends_on
            for row in self.contracts
            if row.product_id == subject.product_id and row.release_id in (None, subject.release_id)
        )
        return max(covering, default=None)


def asset_lifecycle(session: Session, principal: Principal, asset_id: int, today: date) -> AssetLifecycle:
    """Everything that the rules say about one asset on `today`, worked out afresh, with its evidence.

    Thirteen statements, whatever is installed.
    Raises: NotFound for an asset outside the principal's subtree.
    """
    row = _asset(session, principal, asset_id)
    held = _installations(session, row.agency_id, asset_id)
    models = frozenset({row.model_id} if row.model_id is not None else ())
    facts = load(session, today, about=About(frozenset(one.title_id for one in held), models))
    context = _context(session, row, facts, today)
    verdict, age_unknown = assess_age(
        row.asset_class, row.acquired_on, row.acquired_precision, context.policy, today
    )
    warranty = row.warranty_ends_on and assess_warranty(row.warranty_ends_on, context.policy, today)
    about_model = _model(context, row)
    dated = about_model is not None and about_model.unknown is None
    return AssetLifecycle(
        asset_id=asset_id,
        agency_id=row.agency_id,
        on=today,
        policy=context.policy.label,
        model=about_model,
        installations=tuple(_title(context, one) for one in held),
        holdings=tuple(_holding(one) for one in (verdict, warranty) if one),
        age_unknown=None if dated else age_unknown,
    )


def _asset(session: Session, principal: Principal, asset_id: int) -> Row[Any]:
    query = (
        select(
            asset.c.agency_id,
            asset.c.asset_class,
            asset.c.acquired_on,
            asset.c.acquired_precision,
            asset.c.warranty_ends_on,
            agency.c.path,
            model.c.id.label("model_id"),
            model.c.manufacturer,
            model.c.name.label("model_name"),
        )
        .join(agency, agency.c.id == asset.c.agency_id)
        .outerjoin(model, model.c.id == asset.c.hardware_model_id)
        .where(asset.c.id == asset_id, within(asset.c.agency_id, principal.scope(Permission.VIEW)))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("asset-not-found", f"There is no asset {asset_id}.")
    return row


def _installations(session: Session, agency_id: int, asset_id: int) -> Sequence[Row[Any]]:
    query = (
        select(
            installation.c.id,
            installation.c.title_id,
            installation.c.role,
            title.c.publisher,
            title.c.name,
            title.c.version,
        )
        .join(title, title.c.id == installation.c.title_id)
        .where(installation.c.agency_id == agency_id, installation.c.asset_id == asset_id)
        .where(installation.c.superseded_at.is_(None))
        .order_by(installation.c.role, title.c.name, title.c.version, installation.c.id)
    )
    return session.execute(query).all()


def _context(session: Session, row: Row[Any], facts: Facts, day: date) -> _Context:
    """The agency's own match of a subject stands in the place of the shared one."""
    own: dict[tuple[str, int], Matched] = {}
    for one in sorted(facts.matched, key=lambda matched: matched.subject.scope):
        if one.subject.scope in (0, row.agency_id):
            own[one.subject.kind, one.subject.id] = one
    product_ids = {one.subject.product_id for one in own.values()} - {None}
    release_ids = {one.subject.release_id for one in own.values()} - {None}
    products = select(product.c.id, product.c.slug, product.c.label).where(product.c.id.in_(product_ids))
    releases = select(release.c.id, release.c.name).where(release.c.id.in_(release_ids))
    return _Context(
        facts=facts,
        policy=get_policy(session),
        day=day,
        products={one.id: (one.slug, one.label) for one in session.execute(products)},
        releases={one.id: one.name for one in session.execute(releases)},
        contracts=_contracts(session, row.path, day),
        own=own,
    )


def _contracts(session: Session, path: str, day: date) -> Sequence[Row[Any]]:
    """Contracts that hold on `day`, of the agency at `path` and those above it."""
    above = [int(part) for part in path.strip("/").split("/")]
    query = select(contract.c.product_id, contract.c.release_id, contract.c.ends_on)
    running = and_(contract.c.starts_on <= day, contract.c.ends_on >= day)
    return session.execute(query.where(contract.c.agency_id.in_(above), running)).all()


def _model(context: _Context, row: Row[Any]) -> SubjectLifecycle | None:
    if row.model_id is None:
        return None
    name = f"{row.manufacturer} {row.model_name}".strip()
    return _subject(context, context.own["model", row.model_id], name, None, None)


def _title(context: _Context, row: Row[Any]) -> SubjectLifecycle:
    name = title_text(row.publisher, row.name, row.version)
    return _subject(context, context.own["title", row.title_id], name, row.id, row.role)


def _subject(
    context: _Context, matched: Matched, name: str, installation_id: int | None, role: str | None
) -> SubjectLifecycle:
    made, patch = assess_matched(context.facts, matched, context.policy, context.day)
    state = state_of(matched, context.facts, made, patch, context.policy)
    ends_on = context.contract_ends_on(matched)
    slug, label = context.products.get(state.product_id or 0, (None, None))
    since = state.behind_since_on
    phase = made.phase if ends_on is None else made.contract_phase
    return SubjectLifecycle(
        kind=state.kind,
        subject_id=state.subject_id,
        installation_id=installation_id,
        role=role,
        title=name,
        product=slug,
        product_label=label,
        release=context.releases.get(state.release_id or 0),
        version=matched.subject.version,
        phase=phase.value,
        patch=(made.patch if phase is made.phase else patch_on(phase, matched.subject, patch)).value,
        latest=patch.latest if patch is not None and made.phase is not Phase.UNKNOWN else None,
        versions_behind=state.behind_versions,
        days_behind=(context.day - since).days if since is not None else None,
        contract_ends_on=ends_on,
        unknown=made.unknown_reason,
        holdings=tuple(
            _holding(one) for one in (made.verdicts if ends_on is None else made.contract_verdicts)
        ),
        evidence=state.evidence,
        **_dates(context.facts.dated_of(matched.subject)),
    )


def _dates(dated: Dated | None) -> dict[str, Any]:
    if dated is None:
        return {"dates": (), "source": None, "source_as_of": None}
    return {"dates": dated.told, "source": dated.source, "source_as_of": dated.as_of}


def _holding(verdict: RuleVerdict) -> Holding:
    return Holding(
        verdict.rule.value, verdict.severity, verdict.since_on, verdict.ends_on, dict(verdict.facts)
    )
