"""Names of a file that nearly name something else: typing errors within the agency, serials held elsewhere.

A fixed number of statements. Names are compared by skeletons in a dictionary; nothing is compared with
everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column as Col
from sqlalchemy import MetaData, Table, Text, and_, select
from sqlalchemy import column as sa_column
from sqlalchemy import table as sql_table
from sqlmodel import Session

from tracker.db import create_temporary, insert_rows, table_of
from tracker.identity.models import Agency
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.identity.scope import limit as in_scope
from tracker.inventory.blocks import KEY, StagedBlock
from tracker.inventory.keys import SERIAL
from tracker.inventory.models import AssetIdentifier

_identifier, _agency = table_of(AssetIdentifier), table_of(Agency)
_serial = Table("batch_serial", MetaData(), Col("value", Text))
_asked = sql_table("batch_serial", sa_column("value", Text))
_STREAM = 5_000
#: Signs that are taken for one another, by what they are taken for.
_SAME = str.maketrans("OQILSZBG", "00115286")
#: Shorter names differ by one sign too often to mean anything.
_SHORTEST = 5
_SCHEMES = ("tag", SERIAL)
_MOST = 500
#: So many names that are new to the agency are looked at, against so many that it has.
MOST_CHECKED, _MOST_HELD = 20_000, 500_000


@dataclass(frozen=True, slots=True)
class FileName:
    """A name that the file gives and the agency does not have: its scheme, value and place."""

    scheme: str
    value: str
    sheet: str
    row: int


def skeleton(value: str) -> str:
    """The name with signs that look alike made one: O and 0, I, L and 1, S and 5, Z and 2, B and 8, G and 6."""
    return value.translate(_SAME)


def variants(value: str, scheme: str) -> Iterator[str]:
    """Skeletons of names that are one slip away: look-alikes, two neighbours swapped, one sign too many.

    Numbers in a row differ by one digit and are no slips: a swap must move a letter, and only serial numbers,
    which nobody counts up, are looked up with a sign left out.
    """
    folded = skeleton(value)
    yield folded
    for at in range(len(value) - 1):
        one, other = value[at], value[at + 1]
        if one != other and (one.isalpha() or other.isalpha()):
            yield folded[:at] + folded[at + 1] + folded[at] + folded[at + 2 :]
    if scheme == SERIAL:
        for at in range(len(value)):
            yield folded[:at] + folded[at + 1 :]


def find_near(session: Session, agency_id: int, names: Iterable[FileName]) -> Iterator[tuple[FileName, str]]:
    """Each name of `names` with the one held name that is a slip away; a name like several others is in a series.

    One statement. Names that the agency has are passed over; at most MOST_CHECKED others are looked up.
    """
    query = select(_identifier.c.scheme, _identifier.c.value).where(
        _identifier.c.agency_id == agency_id,
        _identifier.c.scheme.in_(_SCHEMES),
        _identifier.c.superseded_at.is_(None),
    )
    held: dict[tuple[str, str], list[str]] = {}
    for scheme, value in session.execute(query.limit(_MOST_HELD), execution_options={"yield_per": _STREAM}):
        held.setdefault((scheme, skeleton(value)), []).append(value)
    checked = 0
    for name in names if held else ():
        if name.scheme not in _SCHEMES or len(name.value) < _SHORTEST:
            continue
        if name.value in held.get((name.scheme, skeleton(name.value)), ()):
            continue
        checked += 1
        if checked > MOST_CHECKED:
            return
        near = {
            value for key in variants(name.value, name.scheme) for value in held.get((name.scheme, key), ())
        }
        if len(near) == 1:
            yield name, near.pop()


def find_elsewhere(
    session: Session, principal: Principal, agency_id: int, names: Iterable[FileName]
) -> Iterator[tuple[FileName, str | None]]:
    """Names whose serial number another agency holds, with its code where `principal` may see it.

    Four statements.
    """
    serials: Mapping[str, FileName] = {name.value: name for name in names if name.scheme == SERIAL}
    if not serials:
        return
    create_temporary(session, "batch_serial", "value TEXT PRIMARY KEY")
    insert_rows(session, _serial, ("value",), ((value,) for value in sorted(serials)))
    held = and_(
        _identifier.c.scheme == SERIAL,
        _identifier.c.value == _asked.c.value,
        _identifier.c.superseded_at.is_(None),
        _identifier.c.agency_id != agency_id,
    )
    own = _identifier.alias("own")
    mine = select(own.c.value).where(
        own.c.agency_id == agency_id,
        own.c.scheme == SERIAL,
        own.c.value == _asked.c.value,
        own.c.superseded_at.is_(None),
    )
    seen = in_scope(_agency.c.id, principal.scope(Permission.VIEW))
    visible = select(_agency.c.code).where(_agency.c.id == _identifier.c.agency_id, seen).scalar_subquery()
    query = (
        select(_asked.c.value, visible)
        .select_from(_asked.join(_identifier, held))
        .where(~mine.exists())
        .order_by(_asked.c.value)
    )
    told: dict[str, str | None] = {}
    for value, code in session.execute(query):
        told[value] = told.get(value) or code
    for value, code in told.items():
        yield serials[value], code


def names_of(blocks: Iterable[StagedBlock]) -> Iterator[FileName]:
    """The tags and serial numbers of staged rows that are not set aside."""
    for block in blocks:
        outcomes = block.cells("outcome")
        for scheme in _SCHEMES:
            values = block.cells(KEY + scheme)
            for row, value, outcome in zip(block.rows, values, outcomes, strict=True):
                if value is not None and outcome is None:
                    yield FileName(scheme, value, block.sheet, row)


def point_out(
    session: Session, principal: Principal, agency_id: int, names: Iterable[FileName]
) -> list[dict[str, Any]]:
    """Problems of names that the agency does not have: those a slip away, and serials held elsewhere.

    Where nothing is held yet that they could be like, one statement says so and `names` are not read.
    """
    if not _holds_any(session):
        return []
    new = list(names)
    problems = []
    for name, held in find_near(session, agency_id, new):
        text = f"{name.scheme} {name.value} differs by one sign from {held}, which is held already"
        problems.append(_problem(name, name.scheme, "near-duplicate", text))
        if len(problems) == _MOST:
            break
    for name, code in find_elsewhere(session, principal, agency_id, new):
        who = f"the agency {code}" if code else "another agency"
        text = f"this serial number is also held by {who}"
        problems.append(_problem(name, name.scheme, "serial-elsewhere", text))
        if len(problems) >= 2 * _MOST:
            break
    return problems


def _holds_any(session: Session) -> bool:
    return session.execute(select(_identifier.c.asset_id).limit(1)).first() is not None


def _problem(name: FileName, column: str, code: str, message: str) -> dict[str, Any]:
    return {"sheet": name.sheet, "row": name.row, "column": column, "code": code, "message": message,
            "value": name.value}  # fmt: skip
