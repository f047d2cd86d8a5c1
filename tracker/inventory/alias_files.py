"""Decisions about names as a file, csv or JSON: out, and in again with what cannot be taken told row by row."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlmodel import Session

from importers.own import bare, protect
from tracker.catalogue.matching import group_key
from tracker.catalogue.models import Product, Release
from tracker.db import table_of
from tracker.identity.errors import Refused
from tracker.identity.queries import list_agencies
from tracker.identity.rules import Permission
from tracker.identity.schemas import AgencyView, Principal
from tracker.inventory.deciding import Verdict, held_decisions, keep, list_decisions, replay
from tracker.inventory.decision_models import DecisionOutcome
from tracker.inventory.queue_schemas import AliasImport, ImportedAlias

_product, _release = table_of(Product), table_of(Release)
COLUMNS = ("agency", "key", "name", "version", "outcome", "product", "release", "reason")
MOST_ROWS, MOST_BYTES = 10_000, 4_000_000


class _Line(BaseModel):
    """A row of the file; what else it holds (author, dates) is for people."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    agency: str = Field(min_length=1, max_length=64)
    key: str = Field(min_length=1, max_length=500)
    name: str = Field(default="", max_length=500)
    version: str = Field(default="", max_length=200)
    outcome: DecisionOutcome
    product: str = Field(default="", max_length=120)
    release: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=1_000)


def export_aliases(
    session: Session, principal: Principal, agency_code: str | None = None
) -> list[dict[str, str]]:
    """Every decision in sight that holds, as rows of COLUMNS and author and day. At most two statements."""
    found = list_decisions(session, principal, agency_code, limit=None)
    return [
        {name: getattr(one, name) or "" for name in COLUMNS}
        | {"author": one.author, "recorded_on": one.recorded_at.date().isoformat()}
        for one in found
    ]


def write_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """The rows as csv (RFC 4180); what a spreadsheet would take for a formula begins with an apostrophe."""
    target = io.StringIO()
    writer = csv.DictWriter(target, [*COLUMNS, "author", "recorded_on"])
    writer.writeheader()
    writer.writerows({name: protect(value) for name, value in row.items()} for row in rows)
    return target.getvalue()


def write_json(rows: Iterable[Mapping[str, str]]) -> str:
    """The rows as one JSON list."""
    return json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n"


def read_file(content: bytes) -> list[dict[str, object]]:
    """The rows of a file that `write_csv` or `write_json` made, or a person in the same shape.

    Raises:
        Refused: neither csv nor JSON in UTF-8, or too large.
    """
    if len(content) > MOST_BYTES:
        raise Refused("file-too-large", f"a file of names has at most {MOST_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
        rows = _read_json(text) if text.lstrip().startswith(("[", "{")) else _read_csv(text)
    except (UnicodeDecodeError, ValueError, csv.Error, RecursionError) as error:
        raise Refused("file-unreadable", "a file of names is csv or JSON in UTF-8") from error
    if len(rows) > MOST_ROWS:
        raise Refused("too-many-rows", f"a file of names has at most {MOST_ROWS:,} rows")
    return rows


def _read_json(text: str) -> list[dict[str, object]]:
    rows = json.loads(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no list of objects")
    return rows


def _read_csv(text: str) -> list[dict[str, object]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if not set(reader.fieldnames or ()) >= {"agency", "key", "outcome"}:
        raise ValueError("columns are missing")
    return [{name: bare(value or "") for name, value in row.items() if name} for row in reader]


@dataclass
class _Sorted:
    """Rows of a file by what becomes of them."""

    wanted: dict[str, dict[int, Verdict]]
    refused: list[ImportedAlias]


def import_aliases(
    session: Session,
    principal: Principal,
    rows: list[dict[str, object]],
    now: datetime,
    *,
    replace: bool = False,
) -> AliasImport:
    """Take decisions of a file; those against one that holds are conflicts and stay out unless `replace`.

    Every row that is not taken is told with its number (from 1). Statements grow with agencies, not rows.
    """
    agencies = {one.code: one for one in list_agencies(session, principal, Permission.MANAGE_ASSETS)}
    found = _sort(session, agencies, rows)
    added = replaced = unchanged = 0
    for code, numbered in found.wanted.items():
        agency, verdicts = agencies[code], list(numbered.values())
        if not replace:
            verdicts = _without_conflicts(session, agency, numbered, found.refused)
        kept = keep(session, principal, agency, verdicts, now)
        added += len(kept.ids) - kept.replaced
        replaced, unchanged = replaced + kept.replaced, unchanged + kept.unchanged
        if kept.ids:
            replay(session, agency, verdicts, now)
    refused = tuple(sorted(found.refused, key=lambda one: one.row))
    return AliasImport(added, replaced, unchanged, refused)


def _sort(session: Session, agencies: Mapping[str, AgencyView], rows: list[dict[str, object]]) -> _Sorted:
    found = _Sorted(defaultdict(dict), [])
    known = _known(session)
    seen: dict[tuple[str, str, str, str], int] = {}
    for number, row in enumerate(rows, 1):
        said = str(row.get("agency") or "")[:64], str(row.get("key") or "")[:500]
        try:
            line = _Line.model_validate(row)
            verdict = _verdict(line, agencies, known)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            found.refused.append(ImportedAlias(number, *said, "bad-row", f"{where}: {first['msg']}"))
            continue
        except LookupError as error:
            found.refused.append(ImportedAlias(number, *said, *error.args))
            continue
        about = (line.agency, *verdict.about)
        if about in seen:
            said_before = f"row {seen[about]} is about the same name"
            found.refused.append(ImportedAlias(number, *said, "repeated", said_before))
            continue
        seen[about] = number
        found.wanted[line.agency][number] = verdict
    return found


def _known(session: Session) -> dict[str, tuple[int, dict[str, int]]]:
    """{slug: (id, {release: id})}. One statement."""
    query = select(_product.c.slug, _product.c.id, _release.c.name, _release.c.id).outerjoin(
        _release, _release.c.product_id == _product.c.id
    )
    found: dict[str, tuple[int, dict[str, int]]] = {}
    for slug, product_id, name, release_id in session.execute(query):
        found.setdefault(slug, (product_id, {}))[1][name] = release_id
    return found


def _verdict(
    line: _Line, agencies: Mapping[str, AgencyView], known: Mapping[str, tuple[int, dict[str, int]]]
) -> Verdict:
    """Raises: LookupError(code, message) where the row names what is not there."""
    if line.agency not in agencies:
        raise LookupError("unknown_agency", f"there is no agency with the code {line.agency!r}")
    key, product_id, release_id = group_key(line.key), None, None
    if not key or (line.name and group_key(line.name) != key):
        raise LookupError("bad-name", "the key has no words, or is not that of the name")
    if (line.outcome is DecisionOutcome.PRODUCT) != bool(line.product):
        raise LookupError("bad-outcome", "a product is needed where the outcome is product, and only there")
    if line.product:
        if line.product not in known:
            raise LookupError("product_unknown", f"no product {line.product!r} is in the catalogue")
        product_id, releases = known[line.product]
        if line.release and line.release not in releases:
            raise LookupError("release_unknown", f"{line.product} has no release {line.release!r}")
        release_id = releases.get(line.release) if line.release else None
    version = line.version if line.name else ""
    return Verdict(key, line.name, version, line.outcome.value, product_id, release_id, line.reason)


def _without_conflicts(
    session: Session, agency: AgencyView, numbered: Mapping[int, Verdict], refused: list[ImportedAlias]
) -> list[Verdict]:
    """Those that no decision of the agency speaks against; the others are told."""
    held = held_decisions(session, agency.id, {one.key for one in numbered.values()})
    kept = []
    for number, one in numbered.items():
        other = held.get(one.about)
        if other is None or other[1].says == one.says:
            kept.append(one if other is None else other[1])
            continue
        told = f"decision {other[0]} says otherwise"
        refused.append(ImportedAlias(number, agency.code, one.key, "conflict", told))
    return kept
