"""Loading: everything once, nothing twice, what is newer only, in a bounded number of statements."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.catalogue.upstream import (
    EXPLOITED,
    VERSIONS,
    find_product,
    later,
    latest,
    lifecycle,
    product,
    release,
    write_upstream,
)
from tracker.catalogue import actions, queries
from tracker.catalogue.loading import load_snapshot
from tracker.catalogue.versions import version_key
from tracker.db import reading, record_statements, transaction

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    output = tmp_path / "small.json.gz"
    actions.build(write_upstream(tmp_path / "upstream"), output)
    return output


def load(engine: Engine, path: Path, now: datetime = NOW) -> bool:
    with transaction(engine) as session:
        return load_snapshot(session, now, path)


def count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_the_shipped_catalogue_loads_whole_and_once(engine: Engine) -> None:
    with record_statements(engine) as statements, transaction(engine) as session:
        actions.ensure_loaded(session, NOW)
    assert len(statements) <= 32
    with record_statements(engine) as again, transaction(engine) as session:
        actions.ensure_loaded(session, NOW + timedelta(hours=1))
    assert len([sql for sql in again if not sql.startswith("BEGIN")]) == 1
    with reading(engine) as session:
        status = actions.status(session, TODAY)
        assert len(queries.list_release_facts(session)) == len(queries.release_ids(session)) == 8_351 + 375
        assert len(queries.product_ids(session)) == len(queries.load_index(session)) == 464 + 44
    assert (status.products, status.releases, status.versions, status.exploited) == (
        464 + 44,
        8_351 + 375,
        90_824,
        1_404,
    )
    assert count(engine, "release_fact") == 8_351 + 375
    with engine.connect() as connection:
        unknown = connection.execute(text(
            "SELECT count(*) FROM version v JOIN release r ON r.id = v.release_id WHERE r.product_id <> v.product_id"
        )).scalar_one()  # fmt: skip
    assert unknown == 0


def test_a_page_asks_one_statement_for_counts_ages_and_sources(engine: Engine, small: Path) -> None:
    load(engine, small)
    with reading(engine) as session:
        actions.status(session, TODAY)
        with record_statements(engine) as statements:
            status = actions.status(session, TODAY)
    assert len(statements) == 1
    assert (status.products, status.releases, status.versions, status.exploited) == (4, 7, 12, 2)
    assert [(each.kind, each.source, each.age_days) for each in status.sources] == [
        ("lifecycle", "endoflife.date", 95),
        ("versions", "endoflife-date/release-data", 95),
        ("builds", "altrhombus/DataForGeeks", 99),
        ("exploited", "CISA KEV", 457),
    ]
    assert {each.licence for each in status.sources} == {
        "MIT, Copyright 2020 endoflife.date contributors", "MIT, Copyright 2022 endoflife.date", "MIT", "CC0 1.0",
    }  # fmt: skip


@pytest.mark.parametrize(("today", "stale"), [(date(2026, 11, 20), False), (date(2026, 11, 21), True)])
def test_dates_older_than_ninety_days_are_stale(
    sqlite_engine: Engine, small: Path, today: date, stale: bool
) -> None:
    load(sqlite_engine, small)
    with reading(sqlite_engine) as session:
        status = actions.status(session, today)
    assert (status.stale, status.as_of, status.age_days) == (
        stale,
        date(2026, 8, 22),
        (today - date(2026, 8, 22)).days,
    )


def test_an_empty_catalogue_is_stale_and_of_no_day(engine: Engine) -> None:
    with reading(engine) as session:
        status = actions.status(session, TODAY)
    assert (status.products, status.stale, status.as_of, status.sources) == (0, True, None, ())


def test_versions_are_stored_with_keys_in_version_order(engine: Engine, small: Path) -> None:
    load(engine, small)
    with engine.connect() as connection:
        rows = connection.execute(text(
            "SELECT v.name, v.version_key FROM version v JOIN product p ON p.id = v.product_id "
            "WHERE p.slug IN ('postgresql', 'eclipse-temurin') ORDER BY p.slug, v.version_key"
        )).all()  # fmt: skip
    assert [row.name for row in rows] == ["8u452-b09", "8u462", "8.4.22", "9.6.24", "17.0", "17.5", "17.6"]
    assert rows[0].version_key == version_key("8u452-b09", "java")
    assert rows[-1].version_key == version_key("17.6")


def test_a_newer_snapshot_adds_and_supersedes_and_keeps_the_old_facts(
    engine: Engine, small: Path, tmp_path: Path
) -> None:
    load(engine, small)
    told = later()
    postgresql = find_product(told, "postgresql")
    postgresql["releases"].insert(0, release("18", latest=latest("18.1", "2026-11-13")))
    postgresql["releases"][2]["eolFrom"] = "2022-01-31"
    exploited = {**EXPLOITED, "dateReleased": "2026-11-01", "vulnerabilities": [
        *EXPLOITED["vulnerabilities"],
        {"cveID": "CVE-2026-0003", "vendorProject": "PostgreSQL", "product": "PostgreSQL", "dateAdded": "2026-10-01"},
    ]}  # fmt: skip
    newer = tmp_path / "newer.json.gz"
    actions.build(write_upstream(tmp_path / "later", lifecycle=told, exploited=exploited), newer)
    then = NOW + timedelta(days=1)
    assert load(engine, newer, then) is True
    assert load(engine, newer, then) is False
    with reading(engine) as session:
        status = actions.status(session, TODAY)
        ids = queries.release_ids(session)
        changed = [ids["postgresql", "9.6"]]
        now, before = (queries.list_release_facts(session, changed, at)[0] for at in (None, NOW))
        assert queries.list_release_facts(session, [ids["postgresql", "18"]], NOW) == []
    assert (now.security_support_ends_on, now.as_of) == (date(2022, 1, 31), date(2026, 11, 20))
    assert (before.security_support_ends_on, before.as_of) == (date(2021, 11, 11), date(2026, 8, 22))
    assert (status.releases, status.versions, status.exploited, status.stale) == (8, 13, 3, False)
    assert count(engine, "release_fact") == 9


def test_an_older_snapshot_changes_nothing(engine: Engine, small: Path, tmp_path: Path) -> None:
    load(engine, small)
    older = tmp_path / "older.json.gz"
    told = lifecycle("2025-01-01T00:00:00+00:00")
    find_product(told, "postgresql")["releases"][0]["eolFrom"] = "2031-01-01"
    actions.build(write_upstream(tmp_path / "past", lifecycle=told), older)
    assert load(engine, older) is False
    assert count(engine, "release_fact") == 7


def test_a_better_making_of_the_same_day_is_loaded_once(engine: Engine, small: Path, tmp_path: Path) -> None:
    load(engine, small)
    told = lifecycle()
    told["result"].append(product("nothing", "Nobody Nothing", "app", []))
    better = tmp_path / "better.json.gz"
    actions.build(write_upstream(tmp_path / "again", lifecycle=told), better)
    assert load(engine, better) is True
    assert load(engine, better) is False
    with reading(engine) as session:
        ids = queries.product_ids(session)
        exploited = queries.exploited_by_product(session, [ids["nothing"]])
    assert [each.cve_id for each in exploited[ids["nothing"]]] == ["CVE-2024-0002"]
    assert (count(engine, "release_fact"), count(engine, "exploited_entry"), count(engine, "version")) == (
        7,
        2,
        13,
    )


def test_an_entry_stands_with_every_product_that_it_means(
    engine: Engine, small: Path, tmp_path: Path
) -> None:
    load(engine, small)
    told = lifecycle()
    told["result"].append(product("windows-server", "Windows Server", "os", []))
    better = tmp_path / "better.json.gz"
    actions.build(write_upstream(tmp_path / "again", lifecycle=told), better)
    assert _meant(engine) == {("CVE-2025-0001", "windows")}
    load(engine, better)
    assert _meant(engine) == {("CVE-2025-0001", "windows"), ("CVE-2025-0001", "windows-server")}
    load(engine, _with_another_product(tmp_path))
    assert _meant(engine) == {("CVE-2025-0001", "postgresql")}


def _with_another_product(folder: Path) -> Path:
    """A later list that calls the first entry by another product's name."""
    first, *rest = EXPLOITED["vulnerabilities"]
    renamed = {**first, "vendorProject": "PostgreSQL", "product": "PostgreSQL"}
    feed = {**EXPLOITED, "dateReleased": "2026-11-01T00:00:00Z", "vulnerabilities": [renamed, *rest]}
    path = folder / "renamed.json.gz"
    actions.build(write_upstream(folder / "renamed", exploited=feed), path)
    return path


def _meant(engine: Engine) -> set[tuple[str, str]]:
    with reading(engine) as session:
        slugs = {product_id: slug for slug, product_id in queries.product_ids(session).items()}
        found = queries.exploited_by_product(session)
    return {(each.cve_id, slugs[product_id]) for product_id, listed in found.items() for each in listed}


def test_a_product_with_another_scheme_gets_its_keys_anew(
    engine: Engine, small: Path, tmp_path: Path
) -> None:
    load(engine, small)
    with transaction(engine) as session:
        session.execute(text("UPDATE product SET version_scheme = NULL WHERE slug = 'eclipse-temurin'"))
        session.execute(text("UPDATE version SET version_key = 'old' WHERE name = '8u452-b09'"))
    told = lifecycle()
    told["result"].append(product("nothing", "Nobody Nothing", "app", []))
    better = tmp_path / "better.json.gz"
    actions.build(write_upstream(tmp_path / "again", lifecycle=told), better)
    load(engine, better)
    with engine.connect() as connection:
        key = connection.execute(
            text("SELECT version_key FROM version WHERE name = '8u452-b09'")
        ).scalar_one()
    assert key == version_key("8u452-b09", "java")


def test_a_version_without_release_moves_when_its_release_is_told(
    engine: Engine, small: Path, tmp_path: Path
) -> None:
    load(engine, small)
    told = later()
    find_product(told, "postgresql")["releases"].append(
        release("8.4", releaseDate="2009-07-01", isEol=True, eolFrom="2014-07-24")
    )
    newer = tmp_path / "newer.json.gz"
    versions = {"generated_at": "2026-11-20", "source": "endoflife-date/release-data", "result": {
        "postgresql": {"17.0": "2024-09-26", "8.4.22": "2014-07-24", "8.4.1": "2009-09-09"},
    }}  # fmt: skip
    actions.build(write_upstream(tmp_path / "later", lifecycle=told, versions=versions), newer)
    load(engine, newer)
    with engine.connect() as connection:
        rows = connection.execute(text(
            "SELECT v.name, r.name FROM version v JOIN release r ON r.id = v.release_id WHERE r.name = '8.4' ORDER BY 1"
        )).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [("8.4.1", "8.4"), ("8.4.22", "8.4")]


def test_keys_of_another_order_are_made_anew(engine: Engine, small: Path) -> None:
    load(engine, small)
    with transaction(engine) as session:
        session.execute(text("UPDATE version SET version_key = 'old'"))
        marked = "json_set(counts, '$.keys', 'older')"
        if engine.dialect.name != "sqlite":
            marked = "jsonb_set(counts, '{keys}', '\"older\"')"
        session.execute(text(f"UPDATE catalogue_snapshot SET counts = {marked}"))
    assert load(engine, small) is True
    assert load(engine, small) is False
    with engine.connect() as connection:
        keys = {row[0]: row[1] for row in connection.execute(text("SELECT name, version_key FROM version"))}
    assert keys["17.5"] == version_key("17.5")
    assert keys["8u462"] == version_key("8u462", "java")
    assert "old" not in keys.values()


def test_two_processes_at_once_load_once(engine: Engine, small: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: load(engine, small), range(2)))
    assert sorted(done) == [False, True]
    assert (count(engine, "product"), count(engine, "catalogue_snapshot")) == (4, 4)


def test_newer_versions_beside_older_dates_find_their_way(engine: Engine, tmp_path: Path) -> None:
    told = later()
    find_product(told, "postgresql")["releases"].pop()
    first, second = tmp_path / "first.json.gz", tmp_path / "second.json.gz"
    none: dict[str, object] = {
        "generated_at": "2026-08-22",
        "source": "endoflife-date/release-data",
        "result": {},
    }
    actions.build(write_upstream(tmp_path / "a", lifecycle=told, versions=none), first)
    actions.build(write_upstream(tmp_path / "b", versions={**VERSIONS, "generated_at": "2026-11-21"}), second)
    assert (load(engine, first), load(engine, second)) == (True, True)
    with engine.connect() as connection:
        rows = connection.execute(text(
            "SELECT v.name, r.name FROM version v LEFT JOIN release r ON r.id = v.release_id "
            "JOIN product p ON p.id = v.product_id WHERE p.slug = 'postgresql' ORDER BY v.version_key"
        )).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [
        ("8.4.22", None), ("9.6.24", None), ("17.0", "17"), ("17.5", "17"), ("17.6", "17"),
    ]  # fmt: skip
    assert count(engine, "release") == 6
