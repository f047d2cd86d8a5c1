"""The use-cases of the catalogue room: load what ships, say how old it is, bring it up to date, hand it on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from tracker.catalogue import building, offers, stored, writing
from tracker.catalogue.bundling import export_bundle, sync_bundle
from tracker.catalogue.exploited import is_exploited_feed
from tracker.catalogue.fetching import Access, Validators
from tracker.catalogue.loading import load_snapshot
from tracker.catalogue.offers import Offer
from tracker.catalogue.schemas import STALE_AFTER_DAYS, CatalogueStatus, SourceView, SyncResult
from tracker.catalogue.syncing import sync_exploited, sync_lifecycle
from tracker.catalogue.upstream import read_lifecycle
from tracker.db import reading, transaction
from tracker.identity import audit
from tracker.identity.actions import ROOT_ID
from tracker.identity.errors import Forbidden
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal
from tracker.settings import CatalogueSettings


def ensure_loaded(session: Session, now: datetime) -> None:
    """Load the shipped facts that are not loaded yet; facts of a later sync stay. See load_snapshot."""
    load_snapshot(session, now)


def status(session: Session, today: date) -> CatalogueStatus:
    """Counts, ages and sources of the catalogue on `today`. One statement."""
    loaded = stored.read_snapshots(session)
    # What was loaded last holds, also where an older telling was asked for.
    newest = {row.kind: row for row in loaded}
    views = tuple(
        SourceView(row.source, row.kind, row.licence, row.as_of, row.loaded_at, (today - row.as_of).days)
        for row in newest.values()
    )
    of_dates = [newest["lifecycle"]] if "lifecycle" in newest else newest.values()
    as_of = max((row.as_of for row in of_dates), default=None)
    age = (today - as_of).days if as_of else None
    counts = loaded[-1].counts if loaded else {}
    return CatalogueStatus(
        products=int(counts.get("products", 0)),
        releases=int(counts.get("releases", 0)),
        versions=int(counts.get("versions", 0)),
        exploited=int(counts.get("exploited", 0)),
        sources=views,
        stale=age is None or age > STALE_AFTER_DAYS,
        as_of=as_of,
        age_days=age,
    )


def need_admin(principal: Principal) -> None:
    """Raises: Forbidden: the principal is no administrator of all agencies; the catalogue is everyone's."""
    if not principal.scope(Permission.ADMIN).is_everything:
        raise Forbidden("catalogue_admin", "only an administrator of all agencies may sync the catalogue")


def apply_offer(
    session: Session,
    principal: Principal,
    offer: Offer,
    now: datetime,
    *,
    dry_run: bool = False,
    allow_older: bool = False,
) -> SyncResult:
    """Bring the catalogue up to date with what is offered.

    That is an answer of endoflife.date's /api/v1/products/full, CISA's list of known exploited
    vulnerabilities, or a signed bundle. With `dry_run` nothing is written: the result is what would change.
    Whatever is in the catalogue and not in the offer stays. An offer with nothing new writes nothing.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        Refused: the document has another shape.
        Conflict: the catalogue has newer dates already, and `allow_older` does not hold.
    """
    need_admin(principal)
    name = offer.name
    if offer.bundle is not None:
        result = sync_bundle(session, offer.bundle, name, now, dry_run=dry_run, allow_older=allow_older)
    elif is_exploited_feed(offer.document):
        result = sync_exploited(session, offer.document, name, now, dry_run=dry_run, allow_older=allow_older)
    else:
        told = read_lifecycle(offer.document, name)
        result = sync_lifecycle(
            session, offer.document, told, name, now, dry_run=dry_run, allow_older=allow_older
        )
    if dry_run:
        return result
    _remember(session, offer, result, now)
    if result.written:
        audit.record(session, principal, "catalogue.sync", "catalogue", None, ROOT_ID, _detail(result), now)
    return result


def _remember(session: Session, offer: Offer, result: SyncResult, now: datetime) -> None:
    """What the server said of the answer; nothing where it was said before. At most four statements."""
    if offer.address is not None:
        offers.keep_fetch(session, offer, result.kind, result.as_of, now)
    elif result.written:
        offers.forget_fetches(session)


def _detail(result: SyncResult) -> dict[str, object]:
    detail: dict[str, object] = {
        "source": result.source,
        "as_of": result.as_of.isoformat(),
        "products_added": len(result.products_added),
        "releases_added": len(result.releases_added),
        "changes": len(result.changes),
        "versions_added": len(result.versions_added),
        "exploited_added": len(result.exploited_added),
    }
    if result.signed_by is not None:
        detail["signed_by"] = result.signed_by
    if result.problems:
        detail["problems"] = len(result.problems)
    return detail


def fetch(
    engine: Engine,
    principal: Principal,
    source: str,
    settings: CatalogueSettings,
    access: Access | None = None,
    *,
    anew: bool = False,
) -> Offer | None:
    """What is at `source`, a path or address; None where the server says that nothing has changed since what
    was taken last. With `anew` the server is not told what is known. No lock is held meanwhile.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        Refused: it cannot be reached or read; names it and the cause.
    """
    need_admin(principal)
    known = None
    if "://" in source and not anew:
        with reading(engine) as session:
            row = offers.find_fetch(session, source)
        known = Validators(row.etag, row.last_modified) if row is not None else None
    return offers.fetch_offer(source, settings, known, access)


def sync(
    engine: Engine,
    principal: Principal,
    source: str,
    now: datetime,
    settings: CatalogueSettings | None = None,
    access: Access | None = None,
    *,
    dry_run: bool = False,
    allow_older: bool = False,
) -> SyncResult | None:
    """Fetch what is at `source` and bring the catalogue up to date with it; see fetch and apply_offer.

    None where the server says that nothing has changed: then nothing is written. Opens its own transaction,
    after the source was read.
    """
    settings = settings or CatalogueSettings()
    offer = fetch(engine, principal, source, settings, access, anew=dry_run or allow_older)
    if offer is None:
        return None
    with reading(engine) if dry_run else transaction(engine) as session:
        return apply_offer(session, principal, offer, now, dry_run=dry_run, allow_older=allow_older)


def apply_proposal(
    engine: Engine, principal: Principal, number: int, now: datetime, settings: CatalogueSettings
) -> SyncResult:
    """Apply an update that was shown: exactly what was kept, its signature checked again. One transaction.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        NotFound: the update was applied or discarded, or waited too long.
        Conflict: the catalogue has changed since, or has newer dates.
    """
    need_admin(principal)
    with transaction(engine) as session:
        writing.lock_catalogue(session)
        name, content = offers.take_proposal(session, number)
        return apply_offer(session, principal, offers.read_offer(name, content, settings), now)


def discard_proposal(engine: Engine, principal: Principal, number: int) -> None:
    """Let an update wait no more. Raises: Forbidden as apply_proposal; none where it is gone already."""
    need_admin(principal)
    with transaction(engine) as session:
        offers.discard_proposal(session, number)


def make_bundle(session: Session, principal: Principal, private_key: str, now: datetime) -> bytes:
    """The catalogue as a signed bundle for offices without internet.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
        Conflict: the catalogue has no dates yet.
        Refused: this is no private key.
    """
    need_admin(principal)
    return export_bundle(session, private_key, now)


def build(upstream_dir: Path, output: Path) -> dict[str, object]:
    """Make a snapshot from recorded answers of the sources; see building.build_snapshot."""
    return building.build_snapshot(upstream_dir, output)
