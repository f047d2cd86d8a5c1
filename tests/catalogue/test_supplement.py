"""Our own products beside endoflife.date's: whole, with sources, kept by every sync, and giving way to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.catalogue.shipped import matcher
from tests.catalogue.upstream import later, product, release, write_document
from tracker.catalogue import actions, queries
from tracker.catalogue.facts import ReleaseValues
from tracker.catalogue.matching import Outcome
from tracker.catalogue.schemas import SyncResult
from tracker.catalogue.snapshot import Snapshot
from tracker.catalogue.supplement import (
    is_unchecked,
    older_parts,
    supplement_products,
    supplement_slugs,
    supplement_source,
    unchecked_releases,
    upstream_answer,
)
from tracker.db import reading, transaction
from tracker.identity.actions import ensure_root
from tracker.identity.schemas import operator

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def shipped(engine: Engine) -> Engine:
    """A database with all that the program ships."""
    with transaction(engine) as session:
        ensure_root(session, NOW)
        actions.ensure_loaded(session, NOW)
    return engine


def test_every_product_names_its_vendors_page_and_no_date_is_out_of_order() -> None:
    told = {each.slug for each in Snapshot().read_products()}
    assert supplement_slugs() & told == set()
    assert set(older_parts()) <= told
    for each in supplement_products():
        assert each.link and each.link.startswith("https://"), each.slug
        names = [one.name for one in each.releases]
        assert len(names) == len(set(names)), each.slug
        for one in each.releases:
            values = one.values
            days = (
                values.released_on,
                values.active_support_ends_on,
                values.security_support_ends_on,
                values.extended_support_ends_on,
            )
            known = [day for day in days if day is not None]
            assert known == sorted(known), (each.slug, one.name)


def test_what_was_read_on_a_page_is_told_from_what_was_not() -> None:
    said = {
        (each.slug, one.name)
        for each in supplement_products()
        for one in each.releases
        if one.values != ReleaseValues()
    }
    assert unchecked_releases() < said
    assert (len(said), len(unchecked_releases())) == (122, 75)
    page = "https://helpx.adobe.com/support/programs/eol-matrix.html"
    assert is_unchecked("adobe-acrobat", "11", page)
    assert not is_unchecked("adobe-acrobat", "11", "endoflife.date")
    assert not is_unchecked("adobe-acrobat", "2024", page)
    assert not is_unchecked("hcl-domino", "9", "https://medium.com/swingsoftware/")


def test_its_dates_are_shown_with_the_vendors_page(shipped: Engine) -> None:
    with reading(shipped) as session:
        view = queries.get_product(session, "adobe-acrobat")
        state = actions.status(session, date(2026, 11, 25))
    eleven = next(one for one in view.releases if one.release == "11")
    assert eleven.security_support_ends_on == date(2017, 10, 15)
    assert eleven.source == "https://helpx.adobe.com/support/programs/eol-matrix.html"
    assert eleven.as_of == supplement_source().as_of
    assert "CVE-2021-21017" in {entry.cve_id for entry in view.exploited}
    assert ("supplement", "Tracker supplement") in {(one.kind, one.source) for one in state.sources}


def test_a_sync_keeps_it_and_does_not_call_it_missing(shipped: Engine, tmp_path: Path) -> None:
    result = _sync(shipped, tmp_path, later(), NOW + timedelta(hours=1))
    assert set(result.products_missing) & supplement_slugs() == set()
    with reading(shipped) as session:
        assert supplement_slugs() <= set(queries.product_ids(session))


def test_endoflife_date_takes_a_product_over_and_keeps_it(shipped: Engine, tmp_path: Path) -> None:
    told = later()
    told["result"].append(product("zimbra", "Zimbra", "server-app", [release("9.0", eolFrom="2025-06-30")]))
    _sync(shipped, tmp_path, told, NOW + timedelta(hours=1))
    with transaction(shipped) as session:
        session.connection().exec_driver_sql(
            "UPDATE catalogue_snapshot SET sha256 = 'older' WHERE kind = 'supplement'"
        )
    with transaction(shipped) as session:
        actions.ensure_loaded(session, NOW + timedelta(hours=2))
    with reading(shipped) as session:
        view = queries.get_product(session, "zimbra")
    dates = {one.release: (one.security_support_ends_on, one.source) for one in view.releases}
    assert dates["9.0"] == (date(2025, 6, 30), "endoflife.date")
    assert dates["10.0"][0] == date(2025, 12, 31)


def _sync(engine: Engine, folder: Path, told: object, now: datetime) -> SyncResult:
    result = actions.sync(engine, operator(), write_document(folder / "full.json", told), now)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("text", "answer", "upstream"),
    [
        ("Cisco ASA 9.8(2)", ("cisco-asa", "9.8"), (None, None)),
        ("Microsoft Office Professional 2003", ("office-older", "2003"), ("office", None)),
        ("Microsoft Office Professional 2007", ("office", "2007"), ("office", "2007")),
        ("LibreOffice 6.4.7", ("libreoffice-older", "6.4"), ("libreoffice", None)),
        ("Nobody knows this", (None, None), (None, None)),
    ],
)
def test_an_answer_in_the_names_of_endoflife_date(
    text: str, answer: tuple[str | None, str | None], upstream: tuple[str | None, str | None]
) -> None:
    found = matcher().match(text)
    assert (found.product, found.release) == answer
    assert upstream_answer(found.product, found.release) == upstream


def test_a_version_of_no_part_stays_with_the_product() -> None:
    found = matcher().match("Joomla 9.1")
    assert (found.outcome, found.product, found.reason) == (
        Outcome.PRODUCT_ONLY,
        "joomla",
        "version-not-in-catalogue",
    )
