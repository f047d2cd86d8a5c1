"""What is offered to the catalogue: the bytes of a source, understood; and the table of those that wait."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session

from tracker.catalogue.bundles import is_bundle, open_bundle
from tracker.catalogue.bundling import BundleFacts, read_bundle
from tracker.catalogue.fetching import Access, FetchLimits, Validators, fetch, is_public, parse_document
from tracker.catalogue.models import CatalogueFetch, CatalogueProposal
from tracker.catalogue.queries import catalogue_version
from tracker.db import insert_unless_taken, new_id, table_of
from tracker.identity.errors import Conflict, NotFound
from tracker.identity.schemas import Principal
from tracker.settings import CatalogueSettings

_fetch, _proposal = table_of(CatalogueFetch), table_of(CatalogueProposal)
_UNPACKED = 64_000_000
#: How long a shown update waits to be applied, and how many may wait.
KEEP_HOURS, KEEP = 24, 5


@dataclass(frozen=True, slots=True)
class Offer:
    """A source as it came, and as it was understood: a parsed JSON `document` or the facts of a `bundle`.

    `address` and `validators` are of what was fetched.
    """

    name: str
    content: bytes
    document: Any = None
    bundle: BundleFacts | None = None
    address: str | None = None
    validators: Validators = field(default_factory=Validators)


@dataclass(frozen=True, slots=True)
class ProposalView:
    """An update that waits: `shown` is what was shown of it, as JSON."""

    id: int
    name: str
    shown: dict[str, Any]
    made_by: str
    made_at: datetime


def access_of(settings: CatalogueSettings) -> Access:
    """Where updates may be fetched from."""
    if settings.private_allowed:
        return Access(is_allowed=lambda _address: True, http_allowed=settings.http_allowed)
    return Access(is_allowed=is_public, http_allowed=settings.http_allowed)


def _limits(settings: CatalogueSettings) -> FetchLimits:
    return FetchLimits(settings.most_bytes, _UNPACKED, float(settings.most_seconds), tries=settings.tries)


def read_offer(name: str, content: bytes, settings: CatalogueSettings) -> Offer:
    """Understand the bytes of a source; of a bundle nothing is read before its signature holds.

    Raises:
        Refused: they are no JSON and no bundle, or the bundle is not what a trusted key signed.
    """
    if is_bundle(content):
        bundle = open_bundle(name, content, settings.trusted_keys, _UNPACKED)
        return Offer(name, content, bundle=read_bundle(bundle))
    return Offer(name, content, parse_document(name, content, _UNPACKED))


def fetch_offer(
    source: str,
    settings: CatalogueSettings,
    known: Validators | None = None,
    access: Access | None = None,
) -> Offer | None:
    """What is at `source`, a path or address; None where the server says that `known` still holds.

    Raises:
        Refused: it cannot be reached or read; names it and the cause.
    """
    fetched = fetch(source, _limits(settings), access or access_of(settings), known)
    if fetched is None:
        return None
    is_address = "://" in source
    offer = read_offer(source if is_address else Path(source).name, fetched.content, settings)
    if not is_address:
        return offer
    return Offer(offer.name, offer.content, offer.document, offer.bundle, source, fetched.validators)


def find_fetch(session: Session, address: str) -> Any:
    """What is remembered of the last answer of an address that was taken; None: nothing. One statement."""
    return session.execute(select(_fetch).where(_fetch.c.address == address)).one_or_none()


def keep_fetch(session: Session, offer: Offer, kind: str, as_of: Any, now: datetime) -> None:
    """Remember what the server said of an answer that was taken; differences only. At most three statements.

    What other addresses said says nothing any more once facts came from elsewhere, and is forgotten.
    """
    told = offer.validators
    row = find_fetch(session, offer.address) if offer.address else None
    if row is not None and (row.etag, row.last_modified) == (told.etag, told.last_modified):
        return
    session.execute(delete(_fetch).where(_fetch.c.kind == kind))
    if offer.address and told != Validators():
        values = {
            "address": offer.address, "etag": told.etag, "last_modified": told.last_modified, "kind": kind,
            "as_of": as_of, "fetched_at": now,
        }  # fmt: skip
        insert_unless_taken(session, CatalogueFetch, values)


def forget_fetches(session: Session) -> None:
    """Forget what servers said: the catalogue is no longer what their answers made of it."""
    session.execute(delete(_fetch))


def base_version(session: Session) -> str:
    """What a proposal is compared with; changes with the catalogue. One statement."""
    return json.dumps(catalogue_version(session), default=str)


def keep_proposal(
    session: Session, principal: Principal, offer: Offer, base: str, shown: dict[str, object], now: datetime
) -> int:
    """Let an update wait to be applied; older ones go. Four statements."""
    newest = select(_proposal.c.id).order_by(_proposal.c.id.desc()).limit(KEEP - 1)
    session.execute(
        delete(_proposal).where(
            (_proposal.c.made_at < now - timedelta(hours=KEEP_HOURS)) | _proposal.c.id.not_in(newest)
        )
    )
    number = new_id(session)
    values = {
        "id": number, "name": offer.address or offer.name, "content": offer.content, "base": base,
        "shown": json.loads(json.dumps(shown, default=str)), "made_by": principal.name, "made_at": now,
    }  # fmt: skip
    session.execute(_proposal.insert().values(values))
    return number


def get_proposal(session: Session, number: int) -> ProposalView:
    """An update that waits. One statement.

    Raises:
        NotFound: it was applied, discarded, or waited too long.
    """
    names = ("id", "name", "shown", "made_by", "made_at")
    row = session.execute(
        select(*(_proposal.c[name] for name in names)).where(_proposal.c.id == number)
    ).one_or_none()
    if row is None:
        raise NotFound("proposal_gone", "this update was applied or discarded, or waited too long")
    return ProposalView(**row._mapping)


def take_proposal(session: Session, number: int) -> tuple[str, bytes]:
    """(name, content) of an update that waits, which then waits no more. Three statements.

    Raises:
        NotFound: it was applied, discarded, or waited too long.
        Conflict: the catalogue has changed since it was shown.
    """
    get_proposal(session, number)
    row = session.execute(select(_proposal).where(_proposal.c.id == number)).one()
    if row.base != base_version(session):
        raise Conflict(
            "catalogue_changed", "the catalogue has changed since this update was shown: look at it anew"
        )
    discard_proposal(session, number)
    return row.name, row.content


def discard_proposal(session: Session, number: int) -> None:
    """Let an update wait no more. One statement."""
    session.execute(delete(_proposal).where(_proposal.c.id == number))
