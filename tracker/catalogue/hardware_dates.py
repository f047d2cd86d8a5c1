"""Support dates of hardware models, told by the office itself: by hand or from a list, each with its source.

No open data has them, so a person copies them from the vendor's page. A model's dates are facts like any
other: a maker is a product of the category "hardware", its models are that product's releases. So phases,
rules, history and pages know nothing special about them.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlmodel import Session

from tracker.catalogue import stored, writing
from tracker.catalogue.comparison import compare_products
from tracker.catalogue.facts import ProductRecord, ReleaseRecord, ReleaseValues
from tracker.catalogue.matching import HARDWARE, hardware_maker, hardware_slug, normalise_hardware
from tracker.catalogue.snapshot import Source
from tracker.catalogue.stored import StoredProduct
from tracker.catalogue.writing import Origin
from tracker.identity import audit
from tracker.identity.actions import ROOT_ID
from tracker.identity.errors import Forbidden, Refused
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal

COLUMNS = (
    "manufacturer", "model", "end_of_sale", "end_of_sw_maintenance", "end_of_security", "end_of_support", "source",
)  # fmt: skip
#: A list is small; what is larger is another file.
MOST_BYTES = 5_000_000
MOST_ROWS = 20_000


def _day(value: object) -> object:
    """2027-12-31 or 31/12/2027; '' is None."""
    text = value.strip() if isinstance(value, str) else value
    if not text:
        return None
    if isinstance(text, str) and "/" in text:
        day, month, year = (int(part) for part in text.split("/"))
        return date(year, month, day)
    return text


Day = Annotated[date | None, BeforeValidator(_day)]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class ModelDates(BaseModel):
    """What is known of one model; a date left out stays what it was. `source` is a page or a document."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    manufacturer: Words
    model: Words
    end_of_sale: Day = None
    end_of_sw_maintenance: Day = None
    end_of_security: Day = None
    end_of_support: Day = None
    source: Words


@dataclass(frozen=True, slots=True)
class ModelsResult:
    """How many models are new, got other dates, or stand as they were told."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model with its dates as they are known now."""

    manufacturer: str
    model: str
    end_of_sale: date | None
    end_of_sw_maintenance: date | None
    end_of_security: date | None
    end_of_support: date | None
    source: str
    as_of: date


def write_template() -> str:
    """An empty list with one example row, as CSV text with a header."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow(COLUMNS)
    lines.writerow(
        (
            "Cisco",
            "Catalyst 2960-X",
            "2022-10-31",
            "2023-10-31",
            "2025-10-31",
            "2027-10-31",
            "https://www.cisco.com/",
        )
    )
    return out.getvalue()


def read_list(path: Path) -> list[ModelDates]:
    """The models of a filled-in template: CSV with comma or semicolon, UTF-8.

    Raises:
        Refused: the file is too large, has other columns, or a row makes no sense; the row is named.
    """
    content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    if content is None:
        raise Refused("models_file", f"{path.name}: larger than {MOST_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("models_file", f"{path.name}: not a CSV file in UTF-8") from error
    head = text.partition("\n")[0]
    lines = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    missing = {"manufacturer", "model", "source"} - {name.strip() for name in lines.fieldnames or ()}
    if missing:
        raise Refused("models_file", f"{path.name}: column {', '.join(sorted(missing))} is missing")
    return [_row(path.name, number, row) for number, row in enumerate(lines, start=2) if any(row.values())]


def _row(file: str, number: int, row: Mapping[str | None, Any]) -> ModelDates:
    if number > MOST_ROWS:
        raise Refused("models_file", f"{file}: more than {MOST_ROWS} rows")
    try:
        known = {
            str(name).strip(): value for name, value in row.items() if name and str(name).strip() in COLUMNS
        }
        return ModelDates.model_validate({name: value or "" for name, value in known.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise Refused("models_row", f"{file}, row {number}, {where}: {first['msg']}") from error


def record_models(
    session: Session, principal: Principal, told: Iterable[ModelDates], name: str, now: datetime
) -> ModelsResult:
    """Keep the dates of these models; `name` is the list's, for the log. Of a model told twice the last counts.

    At most 14 statements, however many models. Earlier dates are superseded and stay readable.

    Raises:
        Forbidden: the principal is no administrator of all agencies: models are everyone's.
        Refused: an end of support lies before the end of sale.
    """
    if not principal.scope(Permission.ADMIN).is_everything:
        raise Forbidden("catalogue_admin", "only an administrator of all agencies may tell dates of models")
    rows = {_key(one): one for one in told}
    for one in rows.values():
        _check(one)
    writing.lock_catalogue(session)
    known = {
        slug: one for slug, one in stored.read_products(session).items() if one.values["category"] == HARDWARE
    }
    products = _products(rows, known)
    difference = compare_products(known, products)
    fresh, changed = len(difference.new_releases), len(difference.changed_facts)
    if not difference.is_empty:
        source = _source(rows.values(), now)
        ids = writing.write_sources(session, [source], now)
        writing.write_difference(session, known, difference, Origin(ids[source.kind], source.source, now))
        writing.note_counts(session, ids.values())
        detail: dict[str, object] = {"list": name, "added": fresh, "changed": changed}
        audit.record(session, principal, "catalogue.models", "catalogue", None, ROOT_ID, detail, now)
    return ModelsResult(fresh, changed, len(rows) - fresh - changed)


def _key(one: ModelDates) -> tuple[str, str]:
    return normalise_hardware(one.manufacturer, one.model)


def _check(one: ModelDates) -> None:
    sale = one.end_of_sale
    for name in ("end_of_security", "end_of_support"):
        end = getattr(one, name)
        if sale is not None and end is not None and end < sale:
            raise Refused(
                "models_row", f"{one.manufacturer} {one.model}: {name} {end} lies before end_of_sale {sale}"
            )


def _products(
    rows: Mapping[tuple[str, str], ModelDates], known: Mapping[str, StoredProduct]
) -> list[ProductRecord]:
    makers: dict[str, list[ReleaseRecord]] = {}
    for (maker, model), one in sorted(rows.items()):
        before = known.get(hardware_slug(maker))
        there = before.releases.get(model) if before else None
        values = _values(one, there.values if there else ReleaseValues())
        makers.setdefault(maker, []).append(ReleaseRecord(model, one.model, None, values, one.source))
    labels = {
        "discontinued": "End of sale",
        "eoas": "End of software maintenance",
        "eol": "End of security support",
    }
    return [
        ProductRecord(
            hardware_slug(maker),
            f"{maker.upper()} hardware",
            HARDWARE,
            None,
            (),
            (),
            (),
            labels,
            None,
            tuple(releases),
        )
        for maker, releases in makers.items()
    ]


def _values(one: ModelDates, before: ReleaseValues) -> ReleaseValues:
    """The dates as facts; the last day of support is that of security where the vendor tells no other."""
    security, support = one.end_of_security or one.end_of_support, one.end_of_support
    told: dict[str, Any] = {
        "discontinued_on": one.end_of_sale,
        "active_support_ends_on": one.end_of_sw_maintenance,
        "security_support_ends_on": security,
        "extended_support_ends_on": support if support != security else None,
    }
    return replace(before, **{name: on for name, on in told.items() if on is not None})


def _source(rows: Iterable[ModelDates], now: datetime) -> Source:
    content = json.dumps([one.model_dump(mode="json") for one in rows], sort_keys=True)
    digest = hashlib.sha256(f"{now.isoformat()} {content}".encode()).hexdigest()
    return Source(
        "models", "Hardware dates of this installation", "own", now.date(), content.count("{"), digest, digest
    )


def list_models(session: Session) -> list[ModelView]:
    """Every model whose dates were told, by maker and model. One statement."""
    product, release, fact, snapshot = stored.product, stored.release, stored.fact, stored.snapshot
    query = (
        select(
            product.c.slug,
            release.c.label,
            fact.c.discontinued_on,
            fact.c.active_support_ends_on,
            fact.c.security_support_ends_on,
            fact.c.extended_support_ends_on,
            fact.c.source,
            snapshot.c.as_of,
        )
        .select_from(
            fact.join(release, release.c.id == fact.c.release_id)
            .join(product, product.c.id == release.c.product_id)
            .join(snapshot, snapshot.c.id == fact.c.snapshot_id)
        )
        .where(product.c.category == HARDWARE, fact.c.superseded_at.is_(None))
        .order_by(product.c.slug, release.c.name)
    )
    return [
        ModelView(
            _shown(hardware_maker(row[0])), row[1], row[2], row[3], row[4], row[5] or row[4], row[6], row[7]
        )
        for row in session.execute(query)
    ]


def _shown(maker: str) -> str:
    """A maker as a heading: "HP", "Fuji Xerox"."""
    return maker.upper() if len(maker) <= 3 else maker.title()
