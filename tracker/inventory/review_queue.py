"""Names that wait for a person: unresolved ones and those the matcher is not sure of, heaviest first.

A name is shown, and counted, only through installations of agencies that the principal may see.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, literal, or_, select
from sqlmodel import Session

from tracker.catalogue import queries as catalogue
from tracker.catalogue.matching import Matcher
from tracker.catalogue.matching.deciding import METHOD
from tracker.catalogue.models import Product, Release, ReleaseFact
from tracker.db import table_of
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.models import Agency
from tracker.identity.queries import find_subtree_scope
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal, Scope
from tracker.identity.scope import limit as in_scope
from tracker.inventory.decision_models import DecisionOutcome, TitleDecision
from tracker.inventory.models import Asset, AssetStatus, Installation, SoftwareTitle, TitleMatch
from tracker.inventory.queue_schemas import QueueFilter, QueueGroup, QueuePage, QueueTitle, Suggestion

_asset, _installation, _title = table_of(Asset), table_of(Installation), table_of(SoftwareTitle)
_shared, _own = table_of(TitleMatch).alias("shared"), table_of(TitleMatch).alias("own")
_decision, _fact, _agency = table_of(TitleDecision), table_of(ReleaseFact), table_of(Agency)
_holder = _agency.alias("holder")
_product, _release = table_of(Product), table_of(Release)
#: From this confidence on a proposal may be taken without looking at it alone.
CONFIDENT = 0.75
_SHOWN_TITLES, _SUGGESTED = 5, 5
_KINDS: Mapping[str, ColumnElement[bool]] = {
    "unrecognised": _shared.c.outcome == "unrecognised",
    "product-only": and_(_shared.c.outcome == "product-only", _shared.c.tier != "review"),
    "review": _shared.c.tier == "review",
}
#: Support that ended or ends within a year weighs most; one whose end is unknown more than a far one.
_NEAR_DAYS, _LATER_DAYS = 365, 3 * 365


def _nearness(today: date) -> ColumnElement[int]:
    """SQL: 4 ended or within a year, 3 within three, 1 later, 2 unknown.

    Where several releases remain possible, the earliest end among them counts: days of the evidence as texts.
    """
    ends_on, told = _fact.c.security_support_ends_on, _shared.c.evidence["earliest_end"].as_string()
    near, later = (today + timedelta(days=days) for days in (_NEAR_DAYS, _LATER_DAYS))
    open_ = _shared.c.release_id.is_(None)
    return case(
        (or_(ends_on <= near, _fact.c.security_support_flag.is_(True)), 4),
        (and_(open_, told <= near.isoformat()), 4),
        (or_(ends_on <= later, and_(open_, told <= later.isoformat())), 3),
        (or_(ends_on.is_not(None), and_(open_, told.is_not(None))), 1),
        else_=2,
    )


def _is_ignored() -> ColumnElement[bool]:
    """SQL: the installation's agency, or one above it, said not to ask about the title."""
    below = and_(
        _agency.c.path >= _holder.c.path,
        _agency.c.path < func.substr(_holder.c.path, 1, func.length(_holder.c.path) - 1).concat("0"),
    )
    return exists(
        select(literal(1))
        .select_from(_decision.join(_holder, _holder.c.id == _decision.c.agency_id).join(_agency, below))
        .where(
            _agency.c.id == _installation.c.agency_id,
            _decision.c.key == _shared.c.subject_key,
            _decision.c.superseded_at.is_(None),
            _decision.c.outcome == DecisionOutcome.IGNORED,
            or_(
                _decision.c.name == "",
                and_(_decision.c.name == _title.c.name, _decision.c.version == _title.c.version),
            ),
        )
    )


def _waiting(scope: Scope, wanted: QueueFilter) -> Select[Any]:
    """Installations in `scope` of titles that wait, with nothing selected yet."""
    joined = (
        _shared.join(_title, _title.c.id == _shared.c.subject_id)
        .join(_installation, _installation.c.title_id == _title.c.id)
        .join(
            _asset,
            and_(_asset.c.agency_id == _installation.c.agency_id, _asset.c.id == _installation.c.asset_id),
        )
        .outerjoin(
            _own,
            and_(
                _own.c.subject_kind == "title",
                _own.c.subject_id == _title.c.id,
                _own.c.scope_agency_id == _installation.c.agency_id,
            ),
        )
        .outerjoin(_fact, and_(_fact.c.release_id == _shared.c.release_id, _fact.c.superseded_at.is_(None)))
    )
    kinds = (
        [_KINDS[wanted.kind]] if wanted.kind is not None and wanted.kind in _KINDS else list(_KINDS.values())
    )
    query = (
        select()
        .select_from(joined)
        .where(
            _shared.c.subject_kind == "title",
            _shared.c.scope_agency_id == 0,
            _shared.c.method != METHOD,
            or_(*kinds),
            _own.c.id.is_(None),
            _installation.c.superseded_at.is_(None),
            in_scope(_installation.c.agency_id, scope),
            _asset.c.status.not_in((AssetStatus.RETIRED, AssetStatus.WITHDRAWN)),
            ~_is_ignored(),
        )
    )
    if wanted.reason:
        query = query.where(_shared.c.reason == wanted.reason)
    if words := (wanted.text or "").strip().lower():
        query = query.where(func.lower(_title.c.name).contains(words, autoescape=True))
    return query


def _groups(scope: Scope, wanted: QueueFilter, today: date) -> Any:
    assets = func.count(_installation.c.asset_id.distinct())
    nearness = func.max(_nearness(today))
    is_one = and_(
        func.count(_shared.c.product_id) == func.count(),
        func.min(_shared.c.product_id) == func.max(_shared.c.product_id),
    )
    sure = and_(is_one, func.min(_shared.c.confidence) >= CONFIDENT)
    return (
        _waiting(scope, wanted)
        .add_columns(
            _shared.c.subject_key.label("key"),
            assets.label("assets"),
            func.count(_title.c.id.distinct()).label("titles"),
            nearness.label("nearness"),
            (assets * nearness).label("score"),
            case((is_one, func.min(_shared.c.product_id))).label("product_id"),
            case((sure, 1), else_=0).label("confident"),
        )
        .group_by(_shared.c.subject_key)
        .subquery("groups")
    )


def _cursor(after: str) -> tuple[int, str]:
    score, mark, key = after.partition("-")
    if not mark or not score.isascii() or not score.isdecimal() or len(score) > 18:
        raise Invalid("bad-cursor", "this is no place in the queue")
    return int(score), key


def list_queue(
    session: Session,
    principal: Principal,
    today: date,
    wanted: QueueFilter = QueueFilter(),  # noqa: B008
    after: str | None = None,
    limit: int = 25,
) -> QueuePage:
    """A page of the queue by score, then key, with suggestions. At most five statements, and the matcher's.

    Raises:
        NotFound: no such agency in sight.
        Invalid: `after` is none of ours.
    """
    scope = find_subtree_scope(session, principal, wanted.agency, Permission.VIEW)
    groups = _groups(scope, wanted, today)
    counted = select(func.count(), func.coalesce(func.sum(groups.c.confident), 0)).select_from(groups)
    total, confident = session.execute(counted).one()
    query = select(groups).order_by(groups.c.score.desc(), groups.c.key).limit(limit + 1)
    if after is not None:
        score, key = _cursor(after)
        later = and_(groups.c.score == score, groups.c.key > key)
        query = query.where(or_(groups.c.score < score, later))
    rows = session.execute(query).all()
    shown = rows[:limit]
    titles = _list_titles(session, scope, wanted, today, [row.key for row in shown])
    labels = _labels(session)
    matcher = catalogue.get_matcher(session) if shown else None
    items = tuple(_group(row, titles[row.key], labels, matcher) for row in shown)
    cursor = f"{shown[-1].score}-{shown[-1].key}" if len(rows) > limit else None
    return QueuePage(items, cursor, int(total), int(confident))


def list_confident(
    session: Session, principal: Principal, today: date, wanted: QueueFilter, limit: int
) -> list[tuple[str, str]]:
    """(key, product) of the groups that the matcher is nearly sure of, heaviest first. Two statements."""
    scope = find_subtree_scope(session, principal, wanted.agency, Permission.MANAGE_ASSETS)
    groups = _groups(scope, wanted, today)
    query = (
        select(groups.c.key, _product.c.slug)
        .join(_product, _product.c.id == groups.c.product_id)
        .where(groups.c.confident == 1)
        .order_by(groups.c.score.desc(), groups.c.key)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def _group(
    row: Row[Any],
    titles: Sequence[QueueTitle],
    labels: Mapping[int, tuple[str, str]],
    matcher: Matcher | None,
) -> QueueGroup:
    proposed = Suggestion(*labels[row.product_id]) if row.product_id is not None else None
    by_slug = dict(labels.values())
    alike = matcher.suggest(titles[0].name, _SUGGESTED) if matcher is not None and titles else []
    suggestions = tuple(Suggestion(slug, by_slug[slug], value) for slug, value in alike if slug in by_slug)
    return QueueGroup(row.key, row.assets, row.titles, row.score, row.nearness, proposed, bool(row.confident),
                      tuple(titles), suggestions)  # fmt: skip


def _labels(session: Session) -> dict[int, tuple[str, str]]:
    rows = session.execute(select(_product.c.id, _product.c.slug, _product.c.label))
    return {row[0]: (row[1], row[2]) for row in rows}


def _list_titles(
    session: Session, scope: Scope, wanted: QueueFilter, today: date, keys: Sequence[str]
) -> Mapping[str, list[QueueTitle]]:
    """The titles on most assets of each key. One statement."""
    found: dict[str, list[QueueTitle]] = defaultdict(list)
    if not keys:
        return found
    assets = func.count(_installation.c.asset_id.distinct())
    counted = (
        _waiting(scope, wanted)
        .add_columns(
            _shared.c.id.label("match_id"),
            _shared.c.subject_key.label("key"),
            assets.label("assets"),
            func.row_number()
            .over(partition_by=_shared.c.subject_key, order_by=(assets.desc(), _shared.c.id))
            .label("place"),
        )
        .where(_shared.c.subject_key.in_(keys))
        .group_by(_shared.c.id, _shared.c.subject_key)
        .subquery("counted")
    )
    query = _title_columns(counted.c.key, counted.c.assets, counted.c.match_id == _shared.c.id, counted)
    ordered = query.where(counted.c.place <= _SHOWN_TITLES).order_by(counted.c.key, counted.c.place)
    for row in session.execute(ordered):
        found[row[0]].append(_read_title(row))
    return found


def _title_columns(key: Any, assets: Any, same: ColumnElement[bool], counted: Any) -> Select[Any]:
    return select(
        key,
        assets,
        _title.c.id,
        _title.c.publisher,
        _title.c.name,
        _title.c.version,
        _shared.c.outcome,
        _shared.c.tier,
        _product.c.slug,
        _product.c.label,
        _release.c.name,
        _shared.c.confidence,
        _shared.c.reason,
        _shared.c.evidence,
    ).select_from(
        counted.join(_shared, same)
        .join(_title, _title.c.id == _shared.c.subject_id)
        .outerjoin(_product, _product.c.id == _shared.c.product_id)
        .outerjoin(_release, _release.c.id == _shared.c.release_id)
    )


def _read_title(row: Any) -> QueueTitle:
    values: list[Any] = [*row[2:], row[1]]
    return QueueTitle(*values)


def count_installed(session: Session, scope: Scope, titles: Iterable[int]) -> dict[int, int]:
    """{title: assets in `scope` it is on now} of those of `titles` that are on any. One statement."""
    query = (
        select(_installation.c.title_id, func.count(_installation.c.asset_id.distinct()))
        .where(
            _installation.c.title_id.in_(list(titles)),
            _installation.c.superseded_at.is_(None),
            in_scope(_installation.c.agency_id, scope),
        )
        .group_by(_installation.c.title_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def get_title(session: Session, principal: Principal, title_id: int) -> tuple[str, QueueTitle]:
    """(key, title with its shared match) of a title on an asset in sight. Two statements.

    Raises:
        NotFound: there is none, or it is on none of the principal's assets; the two look the same.
    """
    installed = count_installed(session, principal.scope(Permission.VIEW), [title_id])
    here = and_(
        _shared.c.subject_kind == "title", _shared.c.subject_id == title_id, _shared.c.scope_agency_id == 0
    )
    only = select(literal(title_id).label("id")).subquery("only")
    assets = literal(installed.get(title_id, 0))
    row = session.execute(_title_columns(_shared.c.subject_key, assets, here, only)).one_or_none()
    if row is None or title_id not in installed:
        raise NotFound("unknown_title", f"there is no software title with the number {title_id}")
    return row[0], _read_title(row)


def suggest(session: Session, name: str) -> tuple[Suggestion, ...]:
    """The five products whose names look most like `name`. One statement, and the matcher's."""
    by_slug = dict(_labels(session).values())
    alike = catalogue.get_matcher(session).suggest(name, _SUGGESTED)
    return tuple(Suggestion(slug, by_slug[slug], value) for slug, value in alike if slug in by_slug)
