"""The queue of names that nobody knew: looked at, accepted, merged into known ones, ignored, carried elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ColumnElement, and_, delete, func, select, tuple_, update
from sqlmodel import Session

from tracker.db import insert_rows, reserve_ids, table_of
from tracker.identity.audit import record as audit
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.identity.models import Agency
from tracker.identity.queries import get_agency_by_code
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.merging import Merge, merge_names
from tracker.inventory.models import AssetClass
from tracker.inventory.naming import Names
from tracker.inventory.records import clean
from tracker.inventory.suggestion_models import NameKind, NameState, NameSuggestion

_suggestion, _agency = table_of(NameSuggestion), table_of(Agency)
_PLAIN = ("id", "kind", "manufacturer", "value", "state", "target_manufacturer", "target", "nearest", "assets",
          "noted_at", "decided_at", "decided_by")  # fmt: skip
_TOLD = 50


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """A name of an agency with what was decided of it."""

    agency: str
    id: int
    kind: str
    manufacturer: str
    value: str
    state: str
    target_manufacturer: str | None
    target: str | None
    nearest: list[dict[str, Any]]
    assets: int
    noted_at: datetime
    decided_at: datetime | None
    decided_by: str | None


Text = Annotated[str, AfterValidator(clean), Field(max_length=2_000)]


class DecidedName(BaseModel):
    """A decided name as files carry it from one agency or installation to another."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    kind: NameKind
    manufacturer: Text = ""
    value: Annotated[Text, Field(min_length=1)]
    state: NameState
    target_manufacturer: Text | None = None
    target: Text | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.state is NameState.OPEN:
            raise ValueError("an open name is no decision")
        if (self.state is NameState.MERGED) != bool(self.target):
            raise ValueError("a merged name has a target, others have none")
        if self.kind is NameKind.CLASS and self.target and self.target not in set(AssetClass):
            raise ValueError("the target of a class is an asset class")
        return self

    @property
    def key(self) -> tuple[str, str, str]:
        """What is unique in an agency."""
        return self.kind.value, self.manufacturer, self.value


def _seen(principal: Principal, permission: Permission) -> ColumnElement[bool]:
    return in_scope(_suggestion.c.agency_id, principal.scope(permission))


def list_suggestions(
    session: Session,
    principal: Principal,
    *,
    agency: str | None = None,
    kind: str | None = None,
    state: str | None = NameState.OPEN.value,
    text: str | None = None,
    after: int | None = None,
    limit: int | None = 50,
) -> list[SuggestionView]:
    """Names in sight, those of most assets first; the next page begins after the last one's id. One statement."""
    conditions = [_seen(principal, Permission.VIEW)]
    for column, wanted in (
        (_suggestion.c.kind, kind),
        (_suggestion.c.state, state),
        (_agency.c.code, agency),
    ):
        if wanted:
            conditions.append(column == wanted)
    if text:
        conditions.append(func.lower(_suggestion.c.value).contains(text.lower(), autoescape=True))
    if after is not None:
        conditions.append(_suggestion.c.id > after)
    query = (
        select(_agency.c.code, *(_suggestion.c[name] for name in _PLAIN))
        .join(_agency, _agency.c.id == _suggestion.c.agency_id)
        .where(*conditions)
        .order_by(_suggestion.c.id)
        .limit(limit)
    )
    return [SuggestionView(*row) for row in session.execute(query)]


def get_suggestion(session: Session, principal: Principal, suggestion_id: int) -> SuggestionView:
    """One name. One statement.

    Raises:
        NotFound: there is none in sight.
    """
    found = (_suggestion.c.id == suggestion_id) & _seen(principal, Permission.VIEW)
    columns = (_agency.c.code, *(_suggestion.c[name] for name in _PLAIN))
    joined = select(*columns).join(_agency, _agency.c.id == _suggestion.c.agency_id)
    row = session.execute(joined.where(found)).one_or_none()
    if row is None:
        raise NotFound("suggestion-not-found", f"there is no suggestion {suggestion_id}")
    return SuggestionView(*row)


def count_suggestions(
    session: Session, principal: Principal, agency: str | None = None
) -> dict[tuple[str, str], int]:
    """{(kind, state): names} in sight. One statement."""
    conditions = [_seen(principal, Permission.VIEW)]
    if agency:
        conditions.append(_agency.c.code == agency)
    query = (
        select(_suggestion.c.kind, _suggestion.c.state, func.count())
        .join(_agency, _agency.c.id == _suggestion.c.agency_id)
        .where(*conditions)
        .group_by(_suggestion.c.kind, _suggestion.c.state)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def decide_names(
    session: Session, principal: Principal, ids: Sequence[int], state: NameState, now: datetime
) -> int:
    """Accept, ignore or open names again; how many. Names out of sight are not touched.

    What a merge has done to assets stays when its name is opened again; only later files are read as written.

    Raises:
        Invalid: a merge needs a target.
    """
    if state is NameState.MERGED:
        raise Invalid("target_missing", "a name is merged into another one")
    values: dict[str, object] = {"state": state.value, "target": None, "target_manufacturer": None,
                                 "decided_at": now, "decided_by": principal.name}  # fmt: skip
    if state is NameState.OPEN:
        values |= {"decided_at": None, "decided_by": None}
    mine = and_(_suggestion.c.id.in_(list(ids)), _seen(principal, Permission.IMPORT))
    returned = (_suggestion.c.agency_id, _suggestion.c.kind, _suggestion.c.value)
    rows = session.execute(update(_suggestion).where(mine).values(values).returning(*returned)).all()
    by_agency: dict[int, list[str]] = {}
    for agency_id, kind, value in rows:
        by_agency.setdefault(agency_id, []).append(f"{kind}: {value}")
    for agency_id, names in sorted(by_agency.items()):
        detail: dict[str, object] = {"count": len(names), "names": sorted(names)[:_TOLD]}
        audit(session, principal, f"names-{state.value}", "agency", agency_id, agency_id, detail, now)
    return len(rows)


def merge_name(
    session: Session,
    principal: Principal,
    suggestion_id: int,
    target: str,
    now: datetime,
    target_manufacturer: str | None = None,
) -> int:
    """Merge a name into a known one: the agency's assets bear it now, its later files are read with it.

    A model keeps its maker where `target_manufacturer` is None. Returns how many assets were changed.

    Raises:
        NotFound: no such name where `principal` may import.
        Invalid: no target, or for a class one that is none.
        Conflict: the target is the name itself, or is merged into it.
    """
    mine = and_(_suggestion.c.id == suggestion_id, _seen(principal, Permission.IMPORT))
    row = session.execute(select(_suggestion).where(mine)).one_or_none()
    if row is None:
        raise NotFound("suggestion-not-found", f"there is no suggestion {suggestion_id}")
    maker = clean(target_manufacturer) if target_manufacturer is not None else row.manufacturer
    maker = maker if row.kind == NameKind.MODEL else ""
    try:
        name = DecidedName(
            kind=NameKind(row.kind), manufacturer=row.manufacturer, value=row.value, state=NameState.MERGED,
            target_manufacturer=maker, target=target,
        )  # fmt: skip
    except ValueError as error:
        raise Invalid("bad-target", "the target is no name, or no class") from error
    return _decide(session, principal, row.agency_id, [name], now)[1]


def import_names(
    session: Session, principal: Principal, agency_code: str, names: Iterable[DecidedName], now: datetime
) -> tuple[int, int]:
    """Take over decisions from a file: (how many names, how many changes of assets).

    A fixed number of statements for any number of names.

    Raises:
        NotFound: no such agency where `principal` may import.
        Conflict: names are merged in a circle.
    """
    agency = get_agency_by_code(session, principal, agency_code, Permission.IMPORT)
    unique = {name.key: name for name in names}
    return _decide(session, principal, agency.id, list(unique.values()), now) if unique else (0, 0)


def _decide(
    session: Session, principal: Principal, agency_id: int, names: list[DecidedName], now: datetime
) -> tuple[int, int]:
    """Write decisions over what stands there, and give assets their names."""
    key = (_suggestion.c.kind, _suggestion.c.manufacturer, _suggestion.c.value)
    _refuse_circles(session, agency_id, names)
    here = and_(_suggestion.c.agency_id == agency_id, tuple_(*key).in_([name.key for name in names]))
    columns = (_suggestion.c.id, _suggestion.c.assets, _suggestion.c.noted_at)
    held = {tuple(row[:3]): row for row in session.execute(select(*key, *columns).where(here))}
    session.execute(delete(_suggestion).where(here))
    ids = reserve_ids(session, len(names))
    rows: list[tuple[object, ...]] = []
    for at, name in zip(ids, names, strict=True):
        old = held.get(name.key)
        rows.append((
            agency_id, old.id if old else at, *name.key, name.state.value,
            (name.target_manufacturer or "") if name.target else None, name.target or None, [],
            old.assets if old else 0, old.noted_at if old else now, now, principal.name,
        ))  # fmt: skip
    insert_rows(
        session,
        NameSuggestion,
        ("agency_id", "id", "kind", "manufacturer", "value", "state", "target_manufacturer", "target", "nearest",
         "assets", "noted_at", "decided_at", "decided_by"),
        rows,
    )  # fmt: skip
    merges = [
        Merge(*name.key, name.target_manufacturer or "", name.target)
        for name in names
        if name.state is NameState.MERGED and name.target
    ]
    changed = merge_names(session, agency_id, merges, principal.name, now)
    told = [f"{name.kind}: {name.value}" + (f" = {name.target}" if name.target else "") for name in names]
    detail: dict[str, object] = {"count": len(names), "changed": changed, "names": sorted(told)[:_TOLD]}
    audit(session, principal, "names-decided", "agency", agency_id, agency_id, detail, now)
    return len(names), changed


def _refuse_circles(session: Session, agency_id: int, names: Iterable[DecidedName]) -> None:
    """A name must not be read as one that is itself read as another: which of them is meant?"""
    merged = {name.key: name for name in names if name.state is NameState.MERGED}
    targets = {(one.kind.value, one.target_manufacturer or "", one.target or "") for one in merged.values()}
    if targets & merged.keys():
        raise Conflict("names-in-circle", "a name is merged into one that is itself merged")
    if not targets:
        return
    key = tuple_(_suggestion.c.kind, _suggestion.c.manufacturer, _suggestion.c.value)
    held = select(_suggestion.c.value).where(
        _suggestion.c.agency_id == agency_id, _suggestion.c.state == NameState.MERGED, key.in_(list(targets))
    )
    found = session.execute(held.limit(1)).scalar()
    if found is not None:
        raise Conflict("names-in-circle", f"{found!r} is itself merged into another name: choose that one")


def load_names(session: Session, agency_id: int) -> Names:
    """What the agency's files are read with. One statement."""
    columns = ("kind", "manufacturer", "value", "target_manufacturer", "target")
    query = select(*(_suggestion.c[name] for name in columns)).where(
        _suggestion.c.agency_id == agency_id, _suggestion.c.state == NameState.MERGED
    )
    told: dict[str, dict[Any, Any]] = {kind.value: {} for kind in NameKind}
    for kind, maker, value, target_maker, target in session.execute(query):
        if kind == NameKind.MODEL:
            told[kind][maker, value] = (target_maker or "", target)
        else:
            told[kind][value] = target
    return Names(told["maker"], told["model"], told["location"], told["class"])


def exported(views: Iterable[SuggestionView]) -> list[Mapping[str, object]]:
    """Decided names as files carry them."""
    fields = tuple(DecidedName.model_fields)
    return [{name: getattr(view, name) for name in fields} for view in views if view.state != NameState.OPEN]
