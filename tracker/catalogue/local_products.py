"""Products of the organisation itself ("our own application 2.1, supported until …"): added, ended, listed.

Such a product is one of the catalogue, of the category "local", its slug beginning with "local-": its label and
aliases are found in names, and rules, phases and history treat its dates like any other. No sync touches it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, select, update
from sqlmodel import Session

from tracker.catalogue import stored, writing
from tracker.catalogue.comparison import compare_products
from tracker.catalogue.facts import LOCAL, ProductRecord, ReleaseRecord, ReleaseValues
from tracker.catalogue.override_models import LocalRelease
from tracker.catalogue.snapshot import Source
from tracker.catalogue.stored import StoredProduct, fact, product, release
from tracker.catalogue.writing import Origin
from tracker.db import insert_rows, new_id, table_of
from tracker.identity import audit
from tracker.identity.actions import ROOT_ID
from tracker.identity.errors import Forbidden, Invalid, NotFound
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal

_note = table_of(LocalRelease)
_NO_WORD = re.compile(r"[^a-z0-9]+")

Words = Annotated[str, Field(min_length=1, max_length=200)]


class NewLocalRelease(BaseModel):
    """A release of an own product; without an end of support it counts as supported, no end announced.

    `product` is its name as people write it; `aliases` are other names, added to those it has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    product: Annotated[str, Field(min_length=3, max_length=100)]
    release: Annotated[str, Field(min_length=1, max_length=60)]
    released_on: date | None = None
    active_support_ends_on: date | None = None
    security_support_ends_on: date | None = None
    aliases: Annotated[tuple[Words, ...], Field(max_length=20)] = ()
    reason: Annotated[str, Field(min_length=1, max_length=1_000)]
    document: Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class LocalView:
    """A release of an own product with its dates, and who told them."""

    id: int
    product: str
    label: str
    release: str
    released_on: date | None
    active_support_ends_on: date | None
    security_support_ends_on: date | None
    reason: str
    document: str
    author: str
    recorded_at: datetime
    superseded_at: datetime | None
    superseded_by: str | None


def local_slug(label: str) -> str:
    """The slug of an own product: "Aplikasi Surat Kita" is local-aplikasi-surat-kita.

    Raises:
        Invalid: the name has no letter or digit.
    """
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().casefold()
    name = _NO_WORD.sub("-", plain).strip("-")
    if not name:
        raise Invalid("local_name", f"{label!r} has no letter or digit")
    return f"{LOCAL}-{name}"


def add_release(session: Session, principal: Principal, new: NewLocalRelease, now: datetime) -> LocalView:
    """Keep a release of an own product from now on; what was told of it before is superseded. ≤ 20 statements.

    Raises:
        Forbidden: the principal is no administrator of all agencies: the catalogue is everyone's.
        Invalid: the name has no letter or digit, or a date lies before an earlier one.
    """
    _need_admin(principal)
    _check(new)
    slug = local_slug(new.product)
    writing.lock_catalogue(session)
    before = stored.read_products(session).get(slug)
    known = {slug: before} if before is not None else {}
    difference = compare_products(known, [_record(slug, new, before)])
    origin = _note_source(session, f"{slug} {new.model_dump_json()}", now)
    writing.write_difference(session, known, difference, origin)
    release_id = known[slug].releases[new.release].id
    _end_notes(session, release_id, principal, now)
    at = new_id(session)
    columns = ("id", "release_id", "reason", "document", "author", "recorded_at")
    row = (at, release_id, new.reason, new.document, principal.name, now)
    insert_rows(session, LocalRelease, columns, [row])
    writing.note_counts(session, [origin.snapshot_id])
    _log(session, principal, "catalogue.local-added", at, new.model_dump(mode="json"), now)
    return LocalView(*session.execute(_views().where(_note.c.id == at)).one())


def end_release(session: Session, principal: Principal, number: int, now: datetime) -> LocalView:
    """End what was told under this number: no name means the release any more; its history stays.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        NotFound: nothing told under this number holds.
    """
    _need_admin(principal)
    writing.lock_catalogue(session)
    holds = _note.c.superseded_at.is_(None)
    release_id = session.execute(
        select(_note.c.release_id).where(_note.c.id == number, holds)
    ).scalar_one_or_none()
    if release_id is None:
        raise NotFound("local_unknown", f"no release of an own product holds under the number {number}")
    origin = _note_source(session, f"end {number}", now)
    current = (fact.c.release_id == release_id, fact.c.superseded_at.is_(None))
    session.execute(update(fact).where(*current).values(superseded_at=now))
    _end_notes(session, release_id, principal, now)
    writing.note_counts(session, [origin.snapshot_id])
    _log(session, principal, "catalogue.local-ended", number, {}, now)
    return LocalView(*session.execute(_views().where(_note.c.id == number)).one())


def list_releases(session: Session, *, history: bool = False) -> list[LocalView]:
    """Releases of own products that hold, by product and release; earlier tellings too with `history`.

    One statement. An earlier telling shows the dates that it told.
    """
    query = _views().order_by(product.c.slug, release.c.version_key, _note.c.id)
    if not history:
        query = query.where(_note.c.superseded_at.is_(None))
    return [LocalView(*row) for row in session.execute(query)]


def _views() -> Select[Any]:
    dates = (fact.c.released_on, fact.c.active_support_ends_on, fact.c.security_support_ends_on)
    note = (_note.c[name] for name in ("reason", "document", "author", "recorded_at", "superseded_at",
                                       "superseded_by"))  # fmt: skip
    # The dates that held when the note was made: telling the same dates again makes no new fact.
    held = (
        (fact.c.release_id == release.c.id)
        & (fact.c.recorded_at <= _note.c.recorded_at)
        & (fact.c.superseded_at.is_(None) | (fact.c.superseded_at > _note.c.recorded_at))
    )
    return select(_note.c.id, product.c.slug, product.c.label, release.c.name, *dates, *note).select_from(
        _note.join(release, release.c.id == _note.c.release_id)
        .join(product, product.c.id == release.c.product_id)
        .outerjoin(fact, held)
    )


def _need_admin(principal: Principal) -> None:
    if not principal.scope(Permission.ADMIN).is_everything:
        raise Forbidden("catalogue_admin", "only an administrator of all agencies may add own products")


def _check(new: NewLocalRelease) -> None:
    days = (new.released_on, new.active_support_ends_on, new.security_support_ends_on)
    known = [day for day in days if day is not None]
    if known != sorted(known):
        raise Invalid(
            "local_dates", "release, end of active and end of security support are not in this order"
        )


def _record(slug: str, new: NewLocalRelease, before: StoredProduct | None) -> ProductRecord:
    names: list[str] = list(before.values["aliases"]) if before else []
    names += [alias for alias in new.aliases if alias not in names]
    ends = new.security_support_ends_on
    values = ReleaseValues(
        released_on=new.released_on,
        active_support_ends_on=new.active_support_ends_on,
        security_support_ends_on=ends,
        security_support_flag=False if ends is None else None,
    )
    told = ReleaseRecord(new.release, new.release, None, values, new.document)
    return ProductRecord(slug, new.product, LOCAL, None, tuple(names), (), (), {}, None, (told,))


def _note_source(session: Session, content: str, now: datetime) -> Origin:
    """What was told as a source of facts of its own: it makes matches anew."""
    digest = hashlib.sha256(f"{now.isoformat()} {content}".encode()).hexdigest()
    source = Source(LOCAL, "Own products of this installation", "own", now.date(), 1, digest, digest)
    ids = writing.write_sources(session, [source], now)
    return Origin(ids[LOCAL], source.source, now)


def _end_notes(session: Session, release_id: int, principal: Principal, now: datetime) -> None:
    holds = (_note.c.release_id == release_id, _note.c.superseded_at.is_(None))
    session.execute(update(_note).where(*holds).values(superseded_at=now, superseded_by=principal.name))


def _log(
    session: Session, principal: Principal, event: str, number: int, detail: dict[str, object], now: datetime
) -> None:
    audit.record(session, principal, event, "local-release", number, ROOT_ID, detail, now)
