"""People decide what a name is: the decision holds at once for the titles that it is about, and for later ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, and_, select, update
from sqlmodel import Session

from tracker.catalogue.matching import group_key
from tracker.catalogue.models import Product, Release
from tracker.db import insert_rows, reserve_ids, table_of
from tracker.identity.audit import record as audit
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.models import Agency
from tracker.identity.queries import find_subtree_scope, get_agency_by_code
from tracker.identity.rules import Permission, subtree_range
from tracker.identity.schemas import ROOT_PATH, AgencyView, Principal, Scope
from tracker.identity.scope import limit as in_scope
from tracker.inventory.decision_models import DecisionOutcome, TitleDecision
from tracker.inventory.matching import match_again
from tracker.inventory.models import SoftwareTitle, TitleMatch
from tracker.inventory.queue_schemas import Decided, DecisionView, NewDecision, QueueFilter
from tracker.inventory.review_queue import count_installed, get_title, list_confident

_decision, _agency = table_of(TitleDecision), table_of(Agency)
_match, _title = table_of(TitleMatch), table_of(SoftwareTitle)
_product, _release = table_of(Product), table_of(Release)
_COLUMNS = ("agency_id", "id", "key", "name", "version", "outcome", "product_id", "release_id", "reason",
            "author", "recorded_at")  # fmt: skip
#: Groups that one "accept all" takes: a page that answers at once.
MOST_ACCEPTED = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision before it is kept: its products by id."""

    key: str
    name: str
    version: str
    outcome: str
    product_id: int | None
    release_id: int | None
    reason: str

    @property
    def about(self) -> tuple[str, str, str]:
        """What it is about; an agency has one opinion of it."""
        return self.key, self.name, self.version

    @property
    def says(self) -> tuple[str, int | None, int | None]:
        """What it says, without why."""
        return self.outcome, self.product_id, self.release_id


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping decisions did: new ones by id, those they replaced, and those that held already."""

    ids: tuple[int, ...]
    replaced: int
    unchanged: int


def decide(session: Session, principal: Principal, new: NewDecision, now: datetime) -> Decided:
    """Keep one decision of `new.agency`, or of the whole organisation where that is the root.

    Raises:
        NotFound: no such agency where `principal` manages assets, no such title in sight, no such product
            or release in the catalogue.
        Invalid: the name has no words.
    """
    agency = get_agency_by_code(session, principal, new.agency, Permission.MANAGE_ASSETS)
    key, name, version = _about(session, principal, new)
    product_id, release_id = find_meant(session, new.product, new.release)
    one = Verdict(key, name, version, new.outcome.value, product_id, release_id, new.reason.strip())
    kept = keep(session, principal, agency, [one], now)
    return Decided(_views(session, _decision.c.id.in_(kept.ids)), replay(session, agency, [one], now))


def _about(session: Session, principal: Principal, new: NewDecision) -> tuple[str, str, str]:
    if new.title_id is not None:
        key, title = get_title(session, principal, new.title_id)
        return (key, title.name, title.version) if new.exact else (key, "", "")
    name = " ".join((new.text or "").split())
    key = group_key(name)
    if not key or "\x00" in name + new.version:
        raise Invalid("bad-name", "a name needs words")
    return (key, name, new.version.strip()) if new.exact else (key, "", "")


def find_meant(session: Session, product: str | None, release: str | None) -> tuple[int | None, int | None]:
    """The ids of a product and of its release, by slug and name. One statement, none without a product.

    Raises:
        NotFound: the catalogue has none of that name.
    """
    if not product:
        return None, None
    query = (
        select(_product.c.id, _release.c.id)
        .outerjoin(_release, and_(_release.c.product_id == _product.c.id, _release.c.name == (release or "")))
        .where(_product.c.slug == product)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("product_unknown", f"no product {product!r} is in the catalogue")
    if release and row[1] is None:
        raise NotFound("release_unknown", f"{product} has no release {release!r} in the catalogue")
    return row[0], row[1] if release else None


def keep(
    session: Session, principal: Principal, agency: AgencyView, verdicts: Sequence[Verdict], now: datetime
) -> Kept:
    """Write decisions of `agency` that say something new, superseding earlier ones, with one audit event.

    The caller has checked the right. At most nine statements, whatever their number.
    """
    held = held_decisions(session, agency.id, {one.key for one in verdicts})
    new = [one for one in verdicts if held.get(one.about, (0, None))[1] != one]
    if not new:
        return Kept((), 0, len(verdicts))
    replaced = [held[one.about][0] for one in new if one.about in held]
    _supersede(session, replaced, principal, now)
    ids = tuple(reserve_ids(session, len(new)))
    rows = (
        (agency.id, at, one.key, one.name, one.version, one.outcome, one.product_id, one.release_id, one.reason,
         principal.name, now)
        for at, one in zip(ids, new, strict=True)
    )  # fmt: skip
    insert_rows(session, TitleDecision, _COLUMNS, rows)
    detail: dict[str, object] = {"decisions": [_told(at, one) for at, one in zip(ids, new, strict=True)]}
    subject = ids[0] if len(ids) == 1 else None
    audit(session, principal, "names-decided", "title-decision", subject, agency.id, detail, now)
    return Kept(ids, len(replaced), len(verdicts) - len(new))


def _told(at: int, one: Verdict) -> dict[str, object]:
    return {"id": at, "key": one.key, "name": one.name, "version": one.version, "outcome": one.outcome,
            "product_id": one.product_id, "release_id": one.release_id, "reason": one.reason}  # fmt: skip


def held_decisions(
    session: Session, agency_id: int, keys: Collection[str]
) -> Mapping[tuple[str, str, str], tuple[int, Verdict]]:
    """{what it is about: (id, decision)} of the agency's that hold, of these keys. One statement."""
    names = [_decision.c[name] for name in _COLUMNS[1:9]]
    query = select(*names).where(
        _decision.c.agency_id == agency_id, _decision.c.superseded_at.is_(None), _decision.c.key.in_(keys)
    )
    found = ((row[0], Verdict(*row[1:])) for row in session.execute(query))
    return {one.about: (at, one) for at, one in found}


def _supersede(session: Session, ids: Collection[int], principal: Principal, now: datetime) -> None:
    if ids:
        ended = {"superseded_at": now, "superseded_by": principal.name}
        session.execute(update(_decision).where(_decision.c.id.in_(ids)).values(ended))


def replay(session: Session, agency: AgencyView, verdicts: Iterable[Verdict], now: datetime) -> int:
    """Match again what the decisions are about; how many of the titles are on assets of the agency or below."""
    about = list(verdicts)
    groups = {one.key for one in about if not one.name}
    exact = {one.about for one in about if one.name}
    query = (
        select(_title.c.id, _match.c.subject_key, _title.c.name, _title.c.version)
        .join(_match, _match.c.subject_id == _title.c.id)
        .where(
            _match.c.subject_kind == "title",
            _match.c.scope_agency_id == 0,
            _match.c.subject_key.in_({one.key for one in about}),
        )
    )
    titles = [row[0] for row in session.execute(query) if row[1] in groups or tuple(row[1:]) in exact]
    match_again(session, titles if agency.path == ROOT_PATH else (), now)
    below = Scope((subtree_range(agency.path),))
    return len(count_installed(session, below, titles)) if titles else 0


def accept_confident(
    session: Session, principal: Principal, agency_code: str, wanted: QueueFilter, today: date, now: datetime
) -> Decided:
    """Accept what the matcher is nearly sure of, in the queue of an agency and below: at most 500 groups.

    Raises:
        NotFound: no such agency where `principal` manages assets.
    """
    agency = get_agency_by_code(session, principal, agency_code, Permission.MANAGE_ASSETS)
    below = QueueFilter(agency.code, wanted.kind, wanted.reason, wanted.text)
    groups = list_confident(session, principal, today, below, MOST_ACCEPTED)
    ids = {
        row[0]: row[1]
        for row in session.execute(
            select(_product.c.slug, _product.c.id).where(_product.c.slug.in_({slug for _, slug in groups}))
        )
    }
    reason = "accepted as proposed"
    verdicts = [
        Verdict(key, "", "", DecisionOutcome.PRODUCT.value, ids[slug], None, reason) for key, slug in groups
    ]
    kept = keep(session, principal, agency, verdicts, now)
    titles = replay(session, agency, verdicts, now) if kept.ids else 0
    return Decided(_views(session, _decision.c.id.in_(kept.ids)), titles)


def take_back(session: Session, principal: Principal, decision_id: int, now: datetime) -> Decided:
    """End a decision: the next one up, or the matcher, speaks again.

    Raises:
        NotFound: no such decision holds where `principal` manages assets.
    """
    here = in_scope(_decision.c.agency_id, principal.scope(Permission.MANAGE_ASSETS))
    columns = [_decision.c[name] for name in _COLUMNS[2:9]]
    query = select(_agency.c.code, *columns).join(_agency, _agency.c.id == _decision.c.agency_id)
    row = session.execute(
        query.where(_decision.c.id == decision_id, _decision.c.superseded_at.is_(None), here)
    ).one_or_none()
    if row is None:
        raise NotFound("unknown_decision", f"no decision number {decision_id} holds")
    agency = get_agency_by_code(session, principal, row[0], Permission.MANAGE_ASSETS)
    one = Verdict(*row[1:])
    _supersede(session, [decision_id], principal, now)
    detail = _told(decision_id, one)
    audit(session, principal, "decision-ended", "title-decision", decision_id, agency.id, detail, now)
    return Decided(_views(session, _decision.c.id == decision_id), replay(session, agency, [one], now))


def _select_views() -> Select[tuple[object, ...]]:
    columns = ("key", "name", "version", "outcome")
    ends = ("reason", "author", "recorded_at", "superseded_at", "superseded_by")
    return select(
        _decision.c.id,
        _agency.c.code,
        *(_decision.c[name] for name in columns),
        _product.c.slug,
        _release.c.name,
        *(_decision.c[name] for name in ends),
    ).select_from(
        _decision.join(_agency, _agency.c.id == _decision.c.agency_id)
        .outerjoin(_product, _product.c.id == _decision.c.product_id)
        .outerjoin(_release, _release.c.id == _decision.c.release_id)
    )


def _views(session: Session, condition: object) -> tuple[DecisionView, ...]:
    query = _select_views().where(condition).order_by(_decision.c.id)  # type: ignore[arg-type]
    return tuple(DecisionView(*row) for row in session.execute(query))


def list_decisions(
    session: Session,
    principal: Principal,
    agency_code: str | None = None,
    *,
    text: str = "",
    key: str | None = None,
    history: bool = False,
    after: int = 0,
    limit: int | None = 100,
) -> list[DecisionView]:
    """Decisions of agencies in sight, by id after `after`; ended ones too with `history`. At most two statements.

    Those of agencies above are not listed: they may name what is theirs alone.

    Raises:
        NotFound: no such agency in sight.
    """
    scope = find_subtree_scope(session, principal, agency_code, Permission.VIEW)
    query = _select_views().where(in_scope(_decision.c.agency_id, scope), _decision.c.id > after)
    if not history:
        query = query.where(_decision.c.superseded_at.is_(None))
    if key is not None:
        query = query.where(_decision.c.key == key)
    if words := group_key(text) if text.strip() else "":
        query = query.where(_decision.c.key.contains(words, autoescape=True))
    query = query.order_by(_decision.c.id)
    return [DecisionView(*row) for row in session.execute(query.limit(limit) if limit else query)]
