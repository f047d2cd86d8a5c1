"""All SQL of the budgeting room: what a plan is made from, and saved plans. Every query of an agency's data
takes a scope and is limited to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, and_, case, cast, func, select, true
from sqlmodel import Session

from tracker.budgeting.comparison import Scenarios, compare_all
from tracker.budgeting.forecast import AssetFacts, Names
from tracker.budgeting.limits import Place
from tracker.budgeting.models import Plan, PlanLine, PlanState, PlanYear
from tracker.budgeting.money import to_major
from tracker.budgeting.schemas import PlanSummary, PlanView
from tracker.budgeting.signatures import VerdictFacts
from tracker.budgeting.stored import read_plan
from tracker.catalogue.models import CatalogueSnapshot
from tracker.db import table_of
from tracker.identity.errors import Conflict, NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission, subtree_range
from tracker.identity.schemas import Principal, Scope
from tracker.identity.scope import limit
from tracker.inventory.models import Asset, Condition, HardwareModel, ItScope, SoftwareTitle
from tracker.lifecycle import temporary
from tracker.lifecycle.asset_rules import latest_day
from tracker.lifecycle.models import Condition as FindingCondition
from tracker.lifecycle.models import Finding, RefreshPolicy, ScanRun, Verdict
from tracker.lifecycle.rollups import latest_counts
from tracker.lifecycle.schemas import Coverage, coverage_json

agency = table_of(Agency)
asset = table_of(Asset)
condition = table_of(FindingCondition)
finding = table_of(Finding)
model = table_of(HardwareModel)
plan = table_of(Plan)
plan_line = table_of(PlanLine)
plan_year = table_of(PlanYear)
policy = table_of(RefreshPolicy)
scan_run = table_of(ScanRun)
snapshot = table_of(CatalogueSnapshot)
title = table_of(SoftwareTitle)
verdict = table_of(Verdict)

_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Area:
    """The assets of a plan: a subtree of agencies by its path, within what the principal may plan for."""

    path: str
    scope: Scope

    def holds(self, column: ColumnElement[int]) -> ColumnElement[bool]:
        """That `column` (an agency id) lies in the area."""
        subtree = Scope((subtree_range(self.path),))
        return and_(limit(column, self.scope), limit(column, subtree))


def list_places(session: Session, area: Area) -> list[Place]:
    """The agencies in the area, in tree order."""
    columns = (
        agency.c.id,
        agency.c.code,
        agency.c.name,
        agency.c.path,
        agency.c.region,
        agency.c.service_area,
    )
    query = select(*columns).where(area.holds(agency.c.id)).order_by(agency.c.path)
    return [Place(*row) for row in session.execute(query)]


def _planned(area: Area) -> ColumnElement[bool]:
    return and_(area.holds(asset.c.agency_id), asset.c.it_scope != ItScope.OTHER.value)


def _open_findings(area: Area, rules: Sequence[str]) -> ColumnElement[bool]:
    return and_(finding.c.resolved_on.is_(None), finding.c.rule.in_(rules), area.holds(finding.c.agency_id))


def list_verdicts(session: Session, area: Area, rules: Sequence[str]) -> dict[int, VerdictFacts]:
    """{id: facts} of the verdicts behind the area's open findings of `rules`. One statement."""
    used = select(finding.c.verdict_id).where(_open_findings(area, rules))
    query = (
        select(
            verdict.c.id,
            condition.c.rule,
            verdict.c.severity,
            condition.c.subject_kind,
            verdict.c.title_id,
            verdict.c.ends_on,
        )
        .join(condition, condition.c.id == verdict.c.condition_id)
        .where(verdict.c.id.in_(used))
    )
    return {row[0]: VerdictFacts(*row[1:]) for row in session.execute(query)}


def _signatures(area: Area, rules: Sequence[str]) -> Any:
    return (
        select(
            finding.c.agency_id,
            finding.c.asset_id,
            func.aggregate_strings(cast(finding.c.verdict_id, String), ";").label("signature"),
        )
        .where(_open_findings(area, rules))
        .group_by(finding.c.agency_id, finding.c.asset_id)
        .subquery("signatures")
    )


def _staged_signatures(rules: Sequence[str]) -> Any:
    return (
        select(
            temporary.WANTED.c.agency_id,
            temporary.WANTED.c.asset_id,
            func.aggregate_strings(cast(temporary.WANTED.c.no, String), ";").label("signature"),
        )
        .join(temporary.VERDICT, temporary.VERDICT.c.no == temporary.WANTED.c.no)
        .where(temporary.VERDICT.c.rule.in_(rules))
        .group_by(temporary.WANTED.c.agency_id, temporary.WANTED.c.asset_id)
        .subquery("signatures")
    )


def stream_assets(
    session: Session, area: Area, rules: Sequence[str], skipped: Sequence[str]
) -> Iterator[AssetFacts]:
    """Every IT asset of the area but those of a `skipped` status, with its open findings of `rules` as one
    signature, by agency and id. One statement, read in chunks."""
    return _stream(session, area, skipped, _signatures(area, rules), true())


def stream_staged_assets(
    session: Session, area: Area, rules: Sequence[str], skipped: Sequence[str]
) -> Iterator[AssetFacts]:
    """The same for the chunk of a staged scan; a signature holds numbers of its causes. One statement."""
    staged = asset.c.agency_id.in_(select(temporary.CHUNK.c.agency_id))
    return _stream(session, area, skipped, _staged_signatures(rules), staged)


def _stream(
    session: Session, area: Area, skipped: Sequence[str], signatures: Any, within: ColumnElement[bool]
) -> Iterator[AssetFacts]:
    joined = asset.outerjoin(
        signatures,
        and_(signatures.c.agency_id == asset.c.agency_id, signatures.c.asset_id == asset.c.id),
    )
    tag = func.coalesce(asset.c.asset_tag, asset.c.serial, asset.c.hostname, asset.c.name)
    query = (
        select(
            asset.c.agency_id,
            asset.c.id,
            asset.c.asset_class,
            asset.c.hardware_model_id,
            asset.c.units,
            case((asset.c.condition == Condition.BROKEN.value, 1), else_=0),
            asset.c.acquired_on,
            asset.c.acquired_precision,
            signatures.c.signature,
            tag,
        )
        .select_from(joined)
        .where(_planned(area), asset.c.status.not_in(skipped), within)
        .order_by(asset.c.agency_id, asset.c.id)
        .execution_options(yield_per=_CHUNK)
    )
    for row in session.execute(query):
        latest = None if row[6] is None else latest_day(row[6], row[7])
        yield AssetFacts(row[0], row[1], row[2], row[3], row[4], bool(row[5]), latest, row[8], row[9] or "")


def get_names(
    session: Session,
    area: Area,
    agencies: Mapping[int, tuple[str, str]],
    verdicts: Mapping[int, VerdictFacts],
) -> Names:
    """Names of the models and titles that the area's plan can show. Two statements, more beyond some
    thousand titles."""
    used = select(asset.c.hardware_model_id).where(_planned(area), asset.c.hardware_model_id.is_not(None))
    models = session.execute(
        select(model.c.id, model.c.manufacturer, model.c.name).where(model.c.id.in_(used))
    )
    wanted = sorted({one.title_id for one in verdicts.values() if one.title_id is not None})
    titles: list[Row[Any]] = []
    for start in range(0, len(wanted), _CHUNK):
        part = title.c.id.in_(wanted[start : start + _CHUNK])
        titles += session.execute(select(title.c.id, title.c.name, title.c.version).where(part)).all()
    return Names(
        agencies={at: code for at, (code, _) in agencies.items()},
        models={row.id: f"{row.manufacturer} {row.name}".strip() for row in models},
        titles={row.id: _title(row.name, row.version) for row in titles},
    )


def _title(name: str, version: str) -> str:
    return name if not version or version in name else f"{name} {version}"


def list_other_currencies(session: Session, area: Area, currency: str) -> list[tuple[str, int]]:
    """(currency, units) of the area's assets bought in another currency."""
    query = (
        select(asset.c.currency, func.sum(asset.c.units))
        .where(_planned(area), asset.c.currency.is_not(None), asset.c.currency != currency)
        .group_by(asset.c.currency)
        .order_by(asset.c.currency)
    )
    return [(row[0], int(row[1])) for row in session.execute(query)]


def find_policy(session: Session) -> Row[Any] | None:
    """The current refresh policy."""
    query = select(policy).where(policy.c.superseded_at.is_(None))
    return session.execute(query.order_by(policy.c.version.desc(), policy.c.id.desc()).limit(1)).first()


def find_last_scan(session: Session) -> Row[Any] | None:
    """The last finished scan: as_of."""
    query = select(scan_run.c.as_of)
    query = query.where(scan_run.c.finished_at.is_not(None))
    return session.execute(query.order_by(scan_run.c.as_of.desc(), scan_run.c.id.desc()).limit(1)).first()


def get_coverage(session: Session, area: Area, on: date) -> dict[str, object]:
    """What the area's newest counts on or before a day say is known of its installed units; empty where it
    was never counted. One statement."""
    totals: Counter[str] = Counter()
    for _, _, measure, value in latest_counts(session, Scope((subtree_range(area.path),)), on):
        totals[measure] += value
    if not totals:
        return {}
    return coverage_json(Coverage(**{name: totals[name] for name in temporary.MEASURES}))


def find_catalogue_date(session: Session) -> date | None:
    """The day of the newest catalogue facts."""
    return session.execute(select(func.max(snapshot.c.as_of))).scalar()


def has_plan(session: Session, agency_id: int, name: str) -> bool:
    """Whether the agency has a plan of this name."""
    query = select(plan.c.id).where(plan.c.agency_id == agency_id, plan.c.name == name)
    return session.execute(query).first() is not None


def get_plan(session: Session, principal: Principal, plan_id: int | str) -> PlanView:
    """A saved plan by id or name, as it was made. Three statements.

    Raises:
        NotFound: no such plan within what the principal may see.
        Conflict: several agencies have a plan of this name; use the id.
    """
    rows = list(session.execute(_chosen(principal.scope(Permission.VIEW), plan_id)))
    if not rows:
        raise NotFound("plan-not-found", f"There is no plan {plan_id!r}.")
    if len(rows) > 1:
        ids = ", ".join(str(row.id) for row in rows)
        raise Conflict("plan-name-ambiguous", f"Several plans are named {plan_id!r}; use an id: {ids}.")
    row = rows[0]
    of_plan = (plan_year.c.agency_id == row.agency_id, plan_year.c.plan_id == row.id)
    years = session.execute(select(plan_year).where(*of_plan).order_by(plan_year.c.fiscal_year)).all()
    lines = select(plan_line).where(plan_line.c.agency_id == row.agency_id, plan_line.c.plan_id == row.id)
    return read_plan(row, years, session.execute(lines.order_by(plan_line.c.position)).all())


def _chosen(scope: Scope, plan_id: int | str) -> Select[Any]:
    by_id = isinstance(plan_id, int) or (plan_id.isascii() and plan_id.isdigit())
    chosen = plan.c.id == min(int(plan_id), 2**63 - 1) if by_id else plan.c.name == plan_id
    columns = [column for column in plan.c if column.name not in ("inputs", "told")]
    return select(*columns).where(limit(plan.c.agency_id, scope), chosen).order_by(plan.c.id)


def get_frozen_problem(session: Session, principal: Principal, plan_id: int) -> dict[str, Any]:
    """The frozen inputs of a plan; see stored.read_problem.

    Raises:
        NotFound: no such plan within what the principal may see.
    """
    query = select(plan.c.inputs).where(
        plan.c.id == plan_id, limit(plan.c.agency_id, principal.scope(Permission.VIEW))
    )
    row = session.execute(query).first()
    if row is None:
        raise NotFound("plan-not-found", f"There is no plan {plan_id!r}.")
    found: dict[str, Any] = row.inputs
    return found


def list_plans(
    session: Session, principal: Principal, limit_to: int | None = None, before_id: int | None = None
) -> list[PlanSummary]:
    """Plans that the principal may see, newest first; `before_id` continues after a page. One statement."""
    totals = (
        select(
            plan_year.c.agency_id,
            plan_year.c.plan_id,
            func.sum(plan_year.c.budget_minor).label("budget"),
            func.sum(plan_year.c.cost_minor).label("cost"),
            func.sum(plan_year.c.actions).label("actions"),
        )
        .group_by(plan_year.c.agency_id, plan_year.c.plan_id)
        .subquery("totals")
    )
    columns = [column for column in plan.c if column.name not in ("inputs", "told")]
    query = (
        select(*columns, totals.c.budget, totals.c.cost, totals.c.actions)
        .join(totals, and_(totals.c.agency_id == plan.c.agency_id, totals.c.plan_id == plan.c.id))
        .where(limit(plan.c.agency_id, principal.scope(Permission.VIEW)))
        .order_by(plan.c.id.desc())
        .limit(limit_to)
    )
    if before_id is not None:
        query = query.where(plan.c.id < before_id)
    return [_summary(row) for row in session.execute(query)]


def _summary(row: Any) -> PlanSummary:
    return PlanSummary(
        id=row.id,
        name=row.name,
        agency=row.result["agency"],
        method=row.method,
        currency=row.currency,
        first_year=row.first_year,
        last_year=row.last_year,
        as_of=row.as_of,
        created_at=row.created_at,
        actor=row.actor,
        budget=to_major(int(row.budget)),
        cost=to_major(int(row.cost)),
        actions=int(row.actions),
        deferred=row.result["deferred_units"],
        objective=int(row.objective),
        state=PlanState(row.state),
        adjustments=row.result["adjustments"],
    )


def compare_plans(session: Session, principal: Principal, *plans: int | str) -> Scenarios:
    """What the other plans do otherwise than the first, group by group; see comparison.compare.

    Raises:
        NotFound: a plan is not within what the principal may see.
    """
    return compare_all([get_plan(session, principal, one) for one in plans])
