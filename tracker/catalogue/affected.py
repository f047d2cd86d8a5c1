"""Affected versions of exploited vulnerabilities: read from CVE records and kept beside the exploited list.

Only records of vulnerabilities on the list are kept, and only for products of the catalogue that are named by a
CPE of theirs or by vendor and product exactly.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session

from tracker.catalogue import queries, stored, writing
from tracker.catalogue.matching.exploited import ExploitedIndex
from tracker.catalogue.matching.identifiers import identifier_index
from tracker.catalogue.models import ExploitedRange
from tracker.catalogue.ranges import CVE_ID, Range, ToldRange, read_record
from tracker.catalogue.snapshot import Source
from tracker.db import insert_rows, reserve_ids, table_of
from tracker.identity import audit
from tracker.identity.actions import ROOT_ID
from tracker.identity.errors import Forbidden, Refused
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal

#: A record is some kilobytes; what is larger is no record.
MOST_BYTES = 5_000_000
MOST_RECORDS = 500_000
RANGES_SOURCE = "CVE records"
RANGES_LICENCE = "CVE Terms of Use; CC0 1.0 (vulnrichment)"
ranges = table_of(ExploitedRange)


@dataclass(frozen=True, slots=True)
class RangesResult:
    """How many records were read, how many of them are on the exploited list, and the ranges kept of those."""

    records: int
    listed: int
    ranges: int
    products: int


def read_records(path: Path, wanted: frozenset[str]) -> Iterator[Any]:
    """The JSON documents of the wanted CVE ids in a folder, a zip, a .jsonl or a .json file.

    Raises:
        Refused: the path is none of these, or holds too much; a document that cannot be read is passed over.
    """
    if path.is_dir():
        yield from _parsed(each.read_bytes() for each in sorted(path.rglob("*.json")) if _fits(each, wanted))
    elif path.suffix.casefold() == ".zip":
        yield from _zipped(path, wanted)
    elif path.suffix.casefold() in {".jsonl", ".ndjson"}:
        with path.open("rb") as lines:
            yield from _parsed(lines)
    elif path.is_file():
        yield from _parsed([path.read_bytes()] if path.stat().st_size <= MOST_BYTES else [])
    else:
        raise Refused("ranges_source", f"{path.name}: no folder, zip or JSON file of CVE records")


def _fits(each: Path, wanted: frozenset[str]) -> bool:
    """Files are named after their CVE; one of another name is looked into."""
    is_wanted = each.stem in wanted or not CVE_ID.match(each.stem)
    return is_wanted and each.stat().st_size <= MOST_BYTES


def _zipped(path: Path, wanted: frozenset[str]) -> Iterator[Any]:
    try:
        with zipfile.ZipFile(path) as packed:
            entries = [
                info
                for info in packed.infolist()
                if info.filename.endswith(".json")
                and info.file_size <= MOST_BYTES
                and (Path(info.filename).stem in wanted or not CVE_ID.match(Path(info.filename).stem))
            ]
            if len(entries) > MOST_RECORDS:
                raise Refused("ranges_source", f"{path.name}: more than {MOST_RECORDS} records")
            yield from _parsed(packed.read(info) for info in entries)
    except zipfile.BadZipFile as error:
        raise Refused("ranges_source", f"{path.name}: not a zip file") from error


def _parsed(contents: Iterable[bytes]) -> Iterator[Any]:
    for content in contents:
        if len(content) > MOST_BYTES:
            continue
        try:
            yield json.loads(content)
        except ValueError:
            continue


def record_ranges(session: Session, principal: Principal, path: Path, now: datetime) -> RangesResult:
    """Keep the affected versions that the CVE records in `path` tell of listed vulnerabilities.

    A record replaces what was known of its vulnerability. At most 16 statements.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        Refused: `path` holds no CVE records, or none of a listed vulnerability.
    """
    if not principal.scope(Permission.ADMIN).is_everything:
        raise Forbidden("catalogue_admin", "only an administrator of all agencies may sync the catalogue")
    entries = {row[0]: row[1] for row in session.execute(select(stored.entry.c.cve_id, stored.entry.c.id))}
    told: dict[str, tuple[ToldRange, ...]] = {}
    read = 0
    for document in read_records(path, frozenset(entries)):
        read += 1
        record = read_record(document)
        if record is not None and record[0] in entries:
            told[record[0]] = record[1]
    if not told:
        raise Refused("ranges_source", f"{path.name}: no record of a vulnerability on the exploited list")
    writing.lock_catalogue(session)
    kept = _by_product(session, told)
    rows = [
        (entries[cve], product_id, one.start, one.end, one.end_included)
        for cve, found in kept.items()
        for product_id, each in found.items()
        for one in each
    ]
    _replace(session, [entries[cve] for cve in told], rows, _source(path, told, now), now)
    result = RangesResult(read, len(told), len(rows), len({row[1] for row in rows}))
    detail: dict[str, object] = {"source": path.name, "records": len(told), "ranges": len(rows)}
    audit.record(session, principal, "catalogue.ranges", "catalogue", None, ROOT_ID, detail, now)
    return result


def _by_product(
    session: Session, told: Mapping[str, tuple[ToldRange, ...]]
) -> dict[str, dict[int, dict[Range, None]]]:
    """{cve: {product id: its ranges}} of the products that a name means exactly."""
    products = queries.load_index(session)
    ids, cpes, words = queries.product_ids(session), identifier_index(products), ExploitedIndex(products)
    found: dict[str, dict[int, dict[Range, None]]] = {}
    for cve, each in told.items():
        by_product: dict[int, dict[Range, None]] = defaultdict(dict)
        for one in each:
            slug = cpes.get(f"cpe:{one.vendor}:{one.product}") if one.is_cpe else None
            for name in [slug] if slug else words.find(one.vendor, one.product):
                by_product[ids[name]].setdefault(one.range)
        found[cve] = by_product
    return found


def _source(path: Path, told: Mapping[str, tuple[ToldRange, ...]], now: datetime) -> Source:
    digest = hashlib.sha256(f"{path.name} {now.isoformat()} {sorted(told)}".encode()).hexdigest()
    return Source("ranges", RANGES_SOURCE, RANGES_LICENCE, now.date(), len(told), digest, digest)


def _replace(
    session: Session,
    entry_ids: list[int],
    rows: list[tuple[int, int, str, str, bool]],
    source: Source,
    now: datetime,
) -> None:
    snapshots = writing.write_sources(session, [source], now)
    session.execute(delete(ranges).where(ranges.c.entry_id.in_(entry_ids)))
    columns = (
        "id", "entry_id", "product_id", "from_version", "to_version", "to_included", "snapshot_id", "recorded_at",
    )  # fmt: skip
    numbered = (
        (number, *row, snapshots["ranges"], now)
        for number, row in zip(reserve_ids(session, len(rows)), rows, strict=True)
    )
    if rows:
        insert_rows(session, ExploitedRange, columns, numbered)
    writing.note_counts(session, snapshots.values())


def read_ranges(
    session: Session, known_at: datetime | None = None
) -> dict[tuple[int, str], tuple[Range, ...]]:
    """{(product id, CVE id): its affected ranges} of everything known. One statement."""
    query = select(
        ranges.c.product_id,
        stored.entry.c.cve_id,
        ranges.c.from_version,
        ranges.c.to_version,
        ranges.c.to_included,
    ).join(stored.entry, stored.entry.c.id == ranges.c.entry_id)
    if known_at is not None:
        query = query.where(ranges.c.recorded_at <= known_at)
    found: dict[tuple[int, str], list[Range]] = defaultdict(list)
    for product_id, cve_id, *told in session.execute(query.order_by(ranges.c.id)):
        found[product_id, cve_id].append(Range(*told))
    return {key: tuple(each) for key, each in found.items()}
