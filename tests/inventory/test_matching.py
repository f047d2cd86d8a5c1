"""Titles and models against a small catalogue: once per title, again only when something newer would answer."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine, text
from sqlmodel import Session

from tests.inventory.world import LATER, MUCH_LATER, NOW, build, detail, load, pc, software
from tracker.catalogue.models import CatalogueSnapshot, Product, Release
from tracker.catalogue.versions import version_key
from tracker.db import reading, record_statements, reserve_ids, transaction
from tracker.inventory import actions

_PRODUCTS = {
    ("postgresql", "PostgreSQL", "database"): ("14", "15"),
    ("firefox", "Mozilla Firefox", "app"): ("115", "128"),
    ("iphone", "Apple iPhone", "device"): ("12", "13"),
}


def _add_snapshot(session: Session) -> int:
    (at,) = reserve_ids(session, 1)
    session.add(
        CatalogueSnapshot(
            id=at, source="test", kind="lifecycle", licence="-", as_of=date(2026, 11, 1), sha256=str(at),
            loaded_at=NOW, counts={},
        )
    )  # fmt: skip
    session.flush()
    return at


def _add_catalogue(engine: Engine) -> None:
    with transaction(engine) as session:
        snapshot = _add_snapshot(session)
        for (slug, label, category), releases in _PRODUCTS.items():
            product, *ids = reserve_ids(session, 1 + len(releases))
            session.add(
                Product(
                    id=product, slug=slug, label=label, category=category, aliases=[], identifiers=[], tags=[],
                    labels={}, snapshot_id=snapshot,
                )
            )  # fmt: skip
            session.flush()
            for at, name in zip(ids, releases, strict=True):
                session.add(
                    Release(id=at, product_id=product, name=name, label=name, version_key=version_key(name))
                )


def _match(engine: Engine) -> tuple[int, int]:
    """(titles and models matched, statements)"""
    with record_statements(engine) as statements, transaction(engine) as session:
        count = actions.match_titles(session, LATER)
    return count, len(statements)


def _forget_matches(engine: Engine) -> None:
    with transaction(engine) as session:
        session.execute(text("DELETE FROM title_match"))


def test_every_title_gets_an_answer_once_per_catalogue(engine: Engine) -> None:
    build(engine)
    _add_catalogue(engine)
    names = (
        software("PostgreSQL", "14.2", "database"),
        software("Mozilla Firefox"),
        software("Zzyzx Ledger", "3"),
    )
    load(engine, [pc(2, "T1", brand="Apple", model="iPhone 12", software=names),
                  pc(3, "T2", brand="PostgreSQL", model="14", software=names)])  # fmt: skip
    assert _match(engine)[0] == 0, "the apply matched what it brought"
    held = detail(engine, "T1")
    found = {
        item.name: (m.outcome, m.product, m.release, m.version)
        for item in held.installations
        if (m := item.match) is not None
    }
    assert found["PostgreSQL"] == ("matched", "postgresql", "14", "14.2")
    assert found["Mozilla Firefox"][:3] == ("product-only", "firefox", None)
    assert found["Zzyzx Ledger"][:3] == ("unrecognised", None, None)
    assert held.model_match is not None
    assert (held.model_match.product, held.model_match.release) == ("iphone", "12")
    # A thing named like a program is not the program.
    other = detail(engine, "T2").model_match
    assert other is not None
    assert (other.outcome, other.product, other.reason) == ("unrecognised", None, "postgresql is no device")
    with reading(engine) as session:
        key = session.execute(text("SELECT version_key FROM title_match WHERE version = '14.2'")).scalar_one()
    assert key == version_key("14.2")


def test_a_version_that_only_repeats_its_release_tells_no_patch_level(engine: Engine) -> None:
    build(engine)
    _add_catalogue(engine)
    load(engine, [pc(2, "T1", software=(software("PostgreSQL", "14", "database"),))])
    _match(engine)
    with reading(engine) as session:
        found = session.execute(
            text(
                "SELECT r.name, m.version, m.version_key FROM title_match m JOIN release r ON r.id = m.release_id"
            )
        ).one()
    assert tuple(found) == ("14", "14", None)


def test_only_what_is_new_is_matched_and_a_newer_catalogue_answers_all_again(engine: Engine) -> None:
    build(engine)
    _add_catalogue(engine)
    load(engine, [pc(row, f"T{row}", software=(software("PostgreSQL", f"14.{row}"),)) for row in range(2, 7)])
    assert _match(engine)[0] == 0
    _forget_matches(engine)
    count, few = _match(engine)
    assert count == 5
    load(
        engine, [pc(row, f"T{row}", software=(software("PostgreSQL", f"14.{row}"),)) for row in range(2, 99)]
    )
    assert _match(engine)[0] == 0
    _forget_matches(engine)
    count, many = _match(engine)
    assert (count, many <= few) == (97, True)
    with transaction(engine) as session:
        _add_snapshot(session)
        assert actions.match_titles(session, MUCH_LATER) == 97
    with reading(engine) as session:
        assert session.execute(text("SELECT COUNT(*) FROM title_match")).scalar_one() == 97


def test_an_agencys_own_match_is_left_alone(engine: Engine) -> None:
    build(engine)
    _add_catalogue(engine)
    load(engine, [pc(2, "T1", software=(software("PostgreSQL", "14.2"),))])
    _match(engine)
    with transaction(engine) as session:
        agency = session.execute(text("SELECT id FROM agency WHERE code = 'A'")).scalar_one()
        session.execute(text("UPDATE title_match SET scope_agency_id = :agency, release_id = NULL, method = 'hand', "
                             "outcome = 'product-only'"), {"agency": agency})  # fmt: skip
        _add_snapshot(session)
    assert _match(engine)[0] == 1
    (installed,) = detail(engine, "T1").installations
    assert installed.match is not None
    assert (installed.match.method, installed.match.release) == ("hand", None)
