"""The organisation's own products: found in names, kept by a sync, ended with their history."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from tests.catalogue.upstream import later, write_document
from tracker.catalogue import actions, local_products, queries
from tracker.catalogue.local_products import LocalView, NewLocalRelease, local_slug
from tracker.catalogue.matching import Match, Outcome
from tracker.db import reading, table_of, transaction
from tracker.identity.actions import ensure_root
from tracker.identity.errors import Forbidden, Invalid, NotFound
from tracker.identity.models import AuditEvent
from tracker.identity.schemas import nobody, operator

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def known(engine: Engine, tmp_path: Path) -> Engine:
    """A database with a small catalogue."""
    with transaction(engine) as session:
        ensure_root(session, NOW)
    actions.sync(engine, operator(), write_document(tmp_path / "full.json", later()), NOW)
    return engine


def _new(**changes: object) -> NewLocalRelease:
    told = {"product": "Aplikasi Surat", "release": "2.1", "security_support_ends_on": "2028-12-31",
            "aliases": ["e-Surat"], "reason": "our own", "document": "SK 12/2026"}  # fmt: skip
    return NewLocalRelease.model_validate({**told, **changes})


def _add(engine: Engine, now: datetime = NOW, **changes: object) -> LocalView:
    with transaction(engine) as session:
        return local_products.add_release(session, operator(), _new(**changes), now)


def _match(engine: Engine, text: str) -> Match:
    with reading(engine) as session:
        return queries.get_matcher(session).match(text)


def _answer(engine: Engine, text: str) -> tuple[str | None, str | None]:
    found = _match(engine, text)
    return found.product, found.release


def test_a_release_of_our_own_is_found_by_its_names_and_keeps_its_document(known: Engine) -> None:
    assert _match(known, "Aplikasi Surat 2.1").outcome is Outcome.UNRECOGNISED
    made = _add(known)
    assert (made.product, made.author, made.document) == (
        "local-aplikasi-surat",
        operator().name,
        "SK 12/2026",
    )
    _add(known, release="3.0", security_support_ends_on=None, aliases=["Surat Digital"])
    for text, release in (("Aplikasi Surat 2.1.4", "2.1"), ("aplikasi surat v3.0", "3.0"), ("e-Surat 2.1", "2.1"),
                          ("Surat Digital 3.0", "3.0")):  # fmt: skip
        assert _answer(known, text) == ("local-aplikasi-surat", release), text
    with reading(known) as session:
        shown = {one.release: one for one in queries.get_product(session, made.product).releases}
    assert (shown["2.1"].security_support_ends_on, shown["2.1"].source) == (date(2028, 12, 31), "SK 12/2026")
    assert shown["3.0"].security_support_flag is False


def test_a_sync_neither_changes_nor_misses_it(known: Engine, tmp_path: Path) -> None:
    _add(known)
    result = actions.sync(known, operator(), write_document(tmp_path / "again.json", later()), LATER)
    assert result is not None and result.products_missing == ()
    assert _answer(known, "Aplikasi Surat 2.1") == ("local-aplikasi-surat", "2.1")


def test_another_date_supersedes_and_the_history_shows_both(known: Engine) -> None:
    first = _add(known)
    second = _add(known, LATER, security_support_ends_on="2029-06-30", reason="decree", document="SK 3/2027")
    with reading(known) as session:
        (now,) = local_products.list_releases(session)
        before, after = local_products.list_releases(session, history=True)
        then = queries.get_product(session, first.product, NOW).releases[0]
    assert now == after == second
    assert (before.id, before.security_support_ends_on, before.superseded_at) == (
        first.id,
        date(2028, 12, 31),
        LATER,
    )
    assert then.security_support_ends_on == date(2028, 12, 31)


def test_an_ended_release_is_nothing_that_a_name_means(known: Engine) -> None:
    first = _add(known)
    second = _add(known, release="3.0")
    with transaction(known) as session:
        ended = local_products.end_release(session, operator(), first.id, LATER)
    assert (ended.superseded_at, ended.superseded_by) == (LATER, operator().name)
    assert _answer(known, "Aplikasi Surat 3.0") == ("local-aplikasi-surat", "3.0")
    assert _answer(known, "Aplikasi Surat 2.1") == ("local-aplikasi-surat", None)
    with transaction(known) as session:
        local_products.end_release(session, operator(), second.id, LATER)
    assert _match(known, "Aplikasi Surat 3.0").outcome is Outcome.UNRECOGNISED
    with reading(known) as session:
        assert local_products.list_releases(session) == []
    with pytest.raises(NotFound), transaction(known) as session:
        local_products.end_release(session, operator(), first.id, LATER)
    _add(known, LATER + timedelta(hours=1), security_support_ends_on="2030-01-01")
    assert _answer(known, "Aplikasi Surat 2.1") == ("local-aplikasi-surat", "2.1")


def test_what_makes_no_sense_or_is_not_allowed_is_refused(known: Engine) -> None:
    with pytest.raises(Invalid, match="in this order"):
        _add(known, released_on="2029-01-01")
    with pytest.raises(Invalid, match="no letter or digit"):
        local_slug("———")
    with pytest.raises(Forbidden), transaction(known) as session:
        local_products.add_release(session, nobody(), _new(), NOW)
    with reading(known) as session:
        assert local_products.list_releases(session, history=True) == []


def test_every_change_stands_in_the_log(known: Engine) -> None:
    made = _add(known)
    with transaction(known) as session:
        local_products.end_release(session, operator(), made.id, LATER)
    events = table_of(AuditEvent)
    query = select(events.c.action).where(events.c.action.like("catalogue.local%")).order_by(events.c.id)
    with reading(known) as session:
        assert list(session.execute(query).scalars()) == ["catalogue.local-added", "catalogue.local-ended"]
