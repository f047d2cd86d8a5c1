"""All SQL of the lifecycle room that answers questions. Every query takes a principal and fails closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, Select, and_, case, func, literal, or_, select, true, tuple_
from sqlmodel import Session

from tracker.catalogue.models import Product
from tracker.db import table_of
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.models import Agency
from tracker.identity.rules import Permission, subtree_range
from tracker.identity.schemas import Principal, Scope
from tracker.identity.scope import in_paths
from tracker.identity.scope import limit as within
from tracker.inventory.models import Asset, HardwareModel, Installation, SoftwareTitle
from tracker.lifecycle import temporary
from tracker.lifecycle.dashboards import dashboard, find_last_scan
from tracker.lifecycle.details import (
    Details,
    add_evaluated_unknowns,
    add_unknown_titles,
    load_details,
)
from tracker.lifecycle.evaluation import AssetFacts, State
from tracker.lifecycle.explaining import asset_lifecycle
from tracker.lifecycle.fanout import Source
from tracker.lifecycle.handling import ASSIGNEE, WORKED, handled, work, work_of
from tracker.lifecycle.models import Condition, Finding, Verdict
from tracker.lifecycle.policy import SEVERITIES
from tracker.lifecycle.rules import Rule
from tracker.lifecycle.schemas import FindingFilter, FindingRow, Page, Work

__all__ = [
    "asset_lifecycle",
    "count_titles",
    "dashboard",
    "find_last_scan",
    "list_agency_sizes",
    "list_asset_facts",
    "list_findings",
    "list_staged",
    "worst_first",
]

agency = table_of(Agency)
asset = table_of(Asset)
finding = table_of(Finding)
installation = table_of(Installation)
condition = table_of(Condition)
verdict = table_of(Verdict)
model = table_of(HardwareModel)
title = table_of(SoftwareTitle)
product = table_of(Product)


def list_agency_sizes(session: Session, scope: Scope, code: str | None = None) -> list[tuple[int, int]]:
    """(agency id, assets) of every agency in `scope` that has assets, or of those at and below `code`.

    Raises: NotFound where no agency of the scope has this code.
    """
    counted = select(asset.c.agency_id, func.count()).where(within(asset.c.agency_id, scope))
    if code is not None:
        counted = counted.where(asset.c.agency_id.in_(_subtree(session, scope, code)))
    rows = session.execute(counted.group_by(asset.c.agency_id).order_by(asset.c.agency_id))
    return [(row[0], row[1]) for row in rows]


def _subtree(session: Session, scope: Scope, code: str) -> Select[Any]:
    visible = true() if scope.is_everything else in_paths(scope)
    path = session.execute(select(agency.c.path).where(agency.c.code == code, visible)).scalar_one_or_none()
    if path is None:
        raise NotFound("agency-not-found", f"There is no agency {code!r}.")
    low, high = subtree_range(path)
    return select(agency.c.id).where(agency.c.path >= low, agency.c.path < high)


def count_titles(session: Session, scope: Scope) -> int:
    """How many distinct titles are installed on assets of `scope`. One statement."""
    live = (installation.c.superseded_at.is_(None), within(installation.c.agency_id, scope))
    query = select(func.count(installation.c.title_id.distinct())).where(*live)
    return int(session.execute(query).scalar_one())


def count_all_titles(session: Session) -> int:
    """How many distinct titles are known, installed or not. One statement."""
    return int(session.execute(select(func.count()).select_from(title)).scalar_one())


def list_asset_facts(session: Session, source: Source) -> AssetFacts:
    """Every distinct (class, acquired on, precision), warranty end, day of a last sighting, and processor with
    model. Four statements."""
    table = asset if source.known_at is None else temporary.ASSET
    ages = select(table.c.asset_class, table.c.acquired_on, table.c.acquired_precision).distinct()
    days = (
        select(column).where(column.is_not(None)).distinct()
        for column in (table.c.warranty_ends_on, table.c.last_seen_on)
    )
    warranties, sightings = (list(session.execute(query).scalars()) for query in days)
    said = select(table.c.processor, table.c.hardware_model_id).distinct().subquery()
    named = select(said.c.processor, said.c.hardware_model_id, model.c.name).outerjoin(
        model, model.c.id == said.c.hardware_model_id
    )
    processors = [
        (processor or "", model_id or 0, processor or name or "")
        for processor, model_id, name in session.execute(named)
    ]
    return AssetFacts(
        [(row[0], row[1], row[2]) for row in session.execute(ages)], warranties, sightings, processors
    )


def list_findings(
    session: Session,
    principal: Principal,
    wanted: FindingFilter | None = None,
    after: str | None = None,
    limit: int | None = 50,
    sort: str = "id",
) -> Page[FindingRow]:
    """Findings that the principal may see, with their evidence; a page of `limit`, or all.

    `sort`: "id" by agency and age, "severity" the worst first, then what ends first. At most five statements,
    whatever the number of findings.
    Raises: NotFound for an agency outside the subtree; Invalid for a cursor or state that is none of ours.
    """
    wanted = wanted or FindingFilter()
    query = filtered(session, principal.scope(Permission.VIEW), wanted)
    order = _ORDERS[sort]
    if after is not None:
        query = query.where(_later(order, _read_cursor(after, order)))
    rows = session.execute(_limited(query.order_by(*order), limit)).all()
    more = limit is not None and len(rows) > limit
    rows = rows[:limit] if more else rows
    details = _details(session, rows, principal, everything=limit is None)
    return Page(
        [_stored_finding(row, details, wanted.on) for row in rows], _cursor(rows[-1], sort) if more else None
    )


def worst_first(row: FindingRow) -> tuple[int, date, int, int]:
    """The order of the list by severity, for findings that are not stored."""
    return SEVERITIES.index(row.severity), row.ends_on or date.max, row.agency_id, row.asset_id


def _limited(query: Select[Any], limit: int | None) -> Select[Any]:
    return query if limit is None else query.limit(limit + 1)


#: 0 for critical … 4 for info; what never ends comes last.
_WEIGHT = case({name: at for at, name in enumerate(SEVERITIES)}, value=finding.c.severity)
_ENDS = func.coalesce(finding.c.ends_on, literal(date.max, Date))
_ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "id": (finding.c.agency_id, finding.c.id),
    "severity": (_WEIGHT, _ENDS, finding.c.agency_id, finding.c.id),
}


def _later(order: Sequence[ColumnElement[Any]], at: Sequence[object]) -> ColumnElement[bool]:
    """SQL: the row comes after the place `at`."""
    tests = []
    for place in range(len(order)):
        same = [column == value for column, value in zip(order[:place], at, strict=False)]
        tests.append(and_(*same, order[place] > at[place]))
    return and_(order[0] >= at[0], or_(*tests))


def _cursor(row: Row[Any], sort: str) -> str:
    if sort == "id":
        return f"{row.agency_id}-{row.id}"
    ends = (row.ends_on or date.max).toordinal()
    return f"{SEVERITIES.index(row.severity)}-{ends}-{row.agency_id}-{row.id}"


_SHOWN = (
    finding.c.id,
    finding.c.agency_id,
    finding.c.asset_id,
    finding.c.verdict_id,
    finding.c.rule,
    finding.c.severity,
    finding.c.ends_on,
    finding.c.opened_on,
    finding.c.resolved_on,
    asset.c.asset_tag,
    asset.c.name.label("asset_name"),
    asset.c.acquired_on,
    agency.c.code,
    *WORKED,
)


def filtered(session: Session, scope: Scope, wanted: FindingFilter) -> Select[Any]:
    """The findings of a filter within `scope`, as a SELECT; a statement where an agency is named.

    Raises: NotFound for an agency outside the scope; Invalid for a state that is none.
    """
    same = and_(asset.c.agency_id == finding.c.agency_id, asset.c.id == finding.c.asset_id)
    joined = finding.join(asset, same).join(agency, agency.c.id == finding.c.agency_id)
    joined = joined.outerjoin(work, work_of(finding)).outerjoin(ASSIGNEE, ASSIGNEE.c.id == work.c.assignee_id)
    query = select(*_SHOWN).select_from(joined).where(within(finding.c.agency_id, scope), *_tests(wanted))
    if wanted.agency is not None:
        query = query.where(finding.c.agency_id.in_(_subtree(session, scope, wanted.agency)))
    return query


def _tests(wanted: FindingFilter) -> Iterator[ColumnElement[bool]]:
    states = {"open": finding.c.resolved_on.is_(None), "resolved": finding.c.resolved_on.is_not(None)}
    if wanted.state in states:
        yield states[wanted.state]
    elif wanted.state != "all":
        raise Invalid("finding-state", "The state is one of open, resolved, all.")
    for column, value in (("rule", wanted.rule), ("severity", wanted.severity)):
        if value is not None:
            yield finding.c[column] == value
    if wanted.asset_id is not None:
        # Open findings are found by (agency, asset): an asset's id alone would read all of them.
        owner = select(asset.c.agency_id).where(asset.c.id == wanted.asset_id).scalar_subquery()
        yield and_(finding.c.agency_id == owner, finding.c.asset_id == wanted.asset_id)
    if wanted.ids:
        # The key begins with the agency: each one is looked up, never the whole table.
        yield and_(finding.c.agency_id.in_(select(agency.c.id)), finding.c.id.in_(wanted.ids))
    yield from handled(wanted)
    if wanted.text:
        yield or_(_names(wanted.text), finding.c.verdict_id.in_(_about(wanted.text)))


def _names(words: str) -> ColumnElement[bool]:
    columns = (asset.c.asset_tag, asset.c.serial, asset.c.name, asset.c.hostname)
    return or_(*(column.icontains(words, autoescape=True) for column in columns))


def _about(words: str) -> Select[Any]:
    """Verdicts about a title, model or product whose name holds `words`: few rows, read once."""
    about = {kind: condition.c.subject_kind == kind for kind in ("model", "product")}
    named = (title.c.publisher, title.c.name, model.c.manufacturer, model.c.name, product.c.label)
    return (
        select(verdict.c.id)
        .join(condition, condition.c.id == verdict.c.condition_id)
        .outerjoin(title, title.c.id == verdict.c.title_id)
        .outerjoin(model, about["model"] & (model.c.id == condition.c.subject_id))
        .outerjoin(product, about["product"] & (product.c.id == condition.c.subject_id))
        .where(or_(*(column.icontains(words, autoescape=True) for column in named)))
    )


def _read_cursor(cursor: str, order: Sequence[object]) -> list[object]:
    parts = cursor.split("-")
    right = all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts)
    if len(parts) != len(order) or not right:
        raise Invalid("cursor", "This cursor is not one of ours.")
    read: list[object] = [int(part) for part in parts]
    if len(order) > 2:
        if not 1 <= int(parts[1]) <= date.max.toordinal():
            raise Invalid("cursor", "This cursor is not one of ours.")
        read[1] = date.fromordinal(int(parts[1]))
    return read


def _details(
    session: Session, rows: Sequence[Row[Any]], principal: Principal, *, everything: bool
) -> Details:
    if not rows:
        return Details({})
    details = load_details(session, None if everything else sorted({row.verdict_id for row in rows}))
    unknown = [row for row in rows if _is_unknown(row)]
    if unknown and everything:
        about = select(finding.c.agency_id, finding.c.asset_id).where(
            finding.c.rule == Rule.LIFECYCLE_UNKNOWN.value,
            finding.c.resolved_on.is_(None),
            within(finding.c.agency_id, principal.scope(Permission.VIEW)),
        )
        add_unknown_titles(session, details, _AT.in_(about))
    elif unknown:
        add_unknown_titles(session, details, _AT.in_(sorted((r.agency_id, r.asset_id) for r in unknown)))
    return details


_AT = tuple_(installation.c.agency_id, installation.c.asset_id)


def _is_unknown(row: Row[Any]) -> bool:
    # What was unknown of a finding that is resolved is known now, and said nowhere.
    return bool(row.rule == Rule.LIFECYCLE_UNKNOWN and row.resolved_on is None)


def _evidence(row: Row[Any], details: Details) -> Mapping[str, object]:
    told = details.by_verdict[row.verdict_id].evidence
    if not _is_unknown(row):
        return told
    return {**told, "unknown": details.unknown(row.asset_id, aged=row.acquired_on is not None)}


def _finding(row: Row[Any], details: Details) -> FindingRow:
    about = details.by_verdict[row.verdict_id]
    return FindingRow(
        id=row.id,
        agency_id=row.agency_id,
        asset_id=row.asset_id,
        asset_tag=row.asset_tag,
        asset_name=row.asset_name,
        agency=row.code,
        rule=row.rule,
        severity=row.severity,
        opened_on=row.opened_on,
        resolved_on=row.resolved_on,
        since_on=about.since_on,
        title=about.title,
        product=about.product,
        release=about.release,
        version=about.version,
        ends_on=about.ends_on,
        waived_until=None,
        evidence=_evidence(row, details),
    )


def _stored_finding(row: Row[Any], details: Details, on: date | None) -> FindingRow:
    ended = row.waived_until is not None and on is not None and row.waived_until < on
    told = Work(*(getattr(row, name) for name in Work.__slots__))
    return replace(_finding(row, details), waived_until=None if ended else row.waived_until, work=told)


def list_staged(
    session: Session,
    source: Source,
    wanted: FindingFilter,
    day: date,
    details: Details,
    states: Sequence[State],
) -> list[FindingRow]:
    """The findings of a scan that is not stored, from its temporary tables, by asset and rule.

    Names and tags are today's; `details` are numbered by verdict. Two statements.
    """
    if wanted.state not in ("open", "all"):
        return []
    w, v = temporary.WANTED, temporary.VERDICT
    dated = (asset if source.known_at is None else temporary.ASSET).alias("dated")
    shown = (w.c.agency_id, w.c.asset_id, v.c.verdict_id, v.c.rule, v.c.severity)
    rows = session.execute(
        select(
            literal(None).label("id"),
            *shown,
            literal(day).label("opened_on"),
            literal(None).label("resolved_on"),
            asset.c.asset_tag,
            asset.c.name.label("asset_name"),
            dated.c.acquired_on,
            agency.c.code,
            (_names(wanted.text) if wanted.text else true()).label("named"),
        )
        .select_from(w)
        .join(v, v.c.no == w.c.no)
        .join(asset, and_(asset.c.agency_id == w.c.agency_id, asset.c.id == w.c.asset_id))
        .join(dated, and_(dated.c.agency_id == w.c.agency_id, dated.c.id == w.c.asset_id))
        .join(agency, agency.c.id == w.c.agency_id)
        .where(*_staged_tests(wanted))
        .order_by(w.c.agency_id, w.c.asset_id, v.c.rule, w.c.condition_id)
    ).all()
    unknown = select(w.c.agency_id, w.c.asset_id).join(v, v.c.no == w.c.no)
    on = _AT.in_(unknown.where(v.c.rule == Rule.LIFECYCLE_UNKNOWN.value))
    add_evaluated_unknowns(session, details, states, on, source.known_at)
    words = (wanted.text or "").lower()
    found = [(row.named, _finding(row, details)) for row in rows]
    return [one for named, one in found if named or words in f"{one.title}\n{one.product}".lower()]


def _staged_tests(wanted: FindingFilter) -> Iterator[ColumnElement[bool]]:
    v, w = temporary.VERDICT, temporary.WANTED
    for column, value in (
        (v.c.rule, wanted.rule),
        (v.c.severity, wanted.severity),
        (w.c.asset_id, wanted.asset_id),
    ):
        if value is not None:
            yield column == value
