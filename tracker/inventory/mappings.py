"""What an agency's own columns hold, as its people said: remembered when an import is applied.

A remembered column outranks what the importers would guess, in every later file of that agency.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlmodel import Session

from importers import field_names
from tracker.db import insert_rows, table_of
from tracker.identity.audit import record as audit
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.queries import get_agency_by_code
from tracker.identity.rules import Permission
from tracker.identity.schemas import AgencyView, Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.models import ColumnMapping

_mapping = table_of(ColumnMapping)
#: Headers of one agency, and characters of one header.
MOST, LONGEST = 1_000, 500


@dataclass(frozen=True, slots=True)
class MappingView:
    """A remembered column."""

    header: str
    field: str
    recorded_at: datetime


def check_mapping(mapping: Mapping[str, str]) -> dict[str, str]:
    """The mapping with its headers in one line each.

    Raises:
        Invalid: no such field (the right ones are named), or a header that cannot be one.
    """
    known = field_names()
    clean = {" ".join(header.split()): field.strip() for header, field in mapping.items()}
    for header, field in clean.items():
        if field not in known:
            raise Invalid(
                "unknown-field",
                f"{field!r} is no field; the fields are: {', '.join(known)}",
                fields=list(known),
            )
        if not header or len(header) > LONGEST or "\x00" in header:
            raise Invalid("bad-header", f"a header has 1 to {LONGEST} characters")
    if len(clean) > MOST:
        raise Invalid("too-many-headers", f"at most {MOST} headers can be assigned")
    return clean


def list_mappings(session: Session, principal: Principal, agency_code: str) -> list[MappingView]:
    """The agency's remembered columns by header. Two statements.

    Raises:
        NotFound: no such agency in sight.
    """
    agency = get_agency_by_code(session, principal, agency_code, Permission.VIEW)
    seen = in_scope(_mapping.c.agency_id, principal.scope(Permission.VIEW))
    columns = (_mapping.c.header, _mapping.c.field, _mapping.c.recorded_at)
    query = select(*columns).where(_mapping.c.agency_id == agency.id, seen).order_by(_mapping.c.header)
    return [MappingView(*row) for row in session.execute(query)]


def load_mapping(session: Session, agency_id: int) -> dict[str, str]:
    """{header: field} of the agency, for reading a file of it. One statement."""
    query = select(_mapping.c.header, _mapping.c.field).where(_mapping.c.agency_id == agency_id)
    return {row[0]: row[1] for row in session.execute(query)}


def remember(
    session: Session, principal: Principal, agency_id: int, mapping: Mapping[str, str], now: datetime
) -> None:
    """Remember what is new in `mapping`, with an audit event; the caller has checked the right and the mapping.

    A fixed number of statements; nothing is written where all of it is remembered already.

    Raises:
        Invalid: the agency would have too many.
    """
    held = load_mapping(session, agency_id) if mapping else {}
    new = {header: field for header, field in mapping.items() if held.get(header) != field}
    if not new:
        return
    if len(held.keys() | new.keys()) > MOST:
        raise Invalid("too-many-headers", f"an agency remembers at most {MOST} headers")
    _forget(session, agency_id, new)
    rows = [(agency_id, header, field, now) for header, field in sorted(new.items())]
    insert_rows(session, ColumnMapping, ("agency_id", "header", "field", "recorded_at"), rows)
    detail: dict[str, object] = {"columns": new}
    audit(session, principal, "columns-remembered", "agency", agency_id, agency_id, detail, now)


def _forget(session: Session, agency_id: int, headers: Iterable[str]) -> None:
    gone = delete(_mapping).where(_mapping.c.agency_id == agency_id, _mapping.c.header.in_(list(headers)))
    session.execute(gone)


def remember_mapping(
    session: Session,
    principal: Principal,
    agency_code: str,
    mapping: Mapping[str, str],
    now: datetime,
    *,
    forget_others: bool = False,
) -> list[MappingView]:
    """Remember columns by hand; those not named stay unless `forget_others`. Returns all of the agency.

    Raises:
        NotFound: no such agency where `principal` may import.
        Invalid: see `check_mapping`.
    """
    agency = _get_agency(session, principal, agency_code)
    clean = check_mapping(mapping)
    if forget_others:
        others = load_mapping(session, agency.id).keys() - clean.keys()
        _forget_noted(session, principal, agency, others, now)
    remember(session, principal, agency.id, clean, now)
    return list_mappings(session, principal, agency_code)


def forget_mapping(
    session: Session, principal: Principal, agency_code: str, header: str | None, now: datetime
) -> int:
    """Forget one header, or all of them where `header` is None; how many were forgotten.

    Raises:
        NotFound: no such agency where `principal` may import, or the header is not remembered.
    """
    agency = _get_agency(session, principal, agency_code)
    held = load_mapping(session, agency.id).keys()
    headers = held if header is None else held & {" ".join(header.split())}
    if header is not None and not headers:
        raise NotFound("unknown-header", f"the header {header!r} is not remembered")
    return _forget_noted(session, principal, agency, headers, now)


def _forget_noted(
    session: Session, principal: Principal, agency: AgencyView, headers: Collection[str], now: datetime
) -> int:
    if not headers:
        return 0
    _forget(session, agency.id, headers)
    detail: dict[str, object] = {"columns": sorted(headers)}
    audit(session, principal, "columns-forgotten", "agency", agency.id, agency.id, detail, now)
    return len(headers)


def _get_agency(session: Session, principal: Principal, code: str) -> AgencyView:
    return get_agency_by_code(session, principal, code, Permission.IMPORT)
