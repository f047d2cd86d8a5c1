"""Sync: what it would change, what it changes, and what it refuses without writing anything."""

from __future__ import annotations

import copy
import gzip
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from tests.catalogue.upstream import (
    find_product,
    later,
    latest,
    lifecycle,
    product,
    release,
    write_document,
    write_upstream,
)
from tracker.catalogue import actions, queries
from tracker.catalogue.loading import load_snapshot
from tracker.catalogue.schemas import FieldChange, ReleaseName, SyncResult, VersionName
from tracker.db import reading, record_statements, transaction
from tracker.identity.actions import add_agency, ensure_root
from tracker.identity.errors import Conflict, Forbidden, Refused, TrackerError
from tracker.identity.models import Role
from tracker.identity.schemas import NewAgency, Principal, operator

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
THEN = NOW + timedelta(hours=2)


@pytest.fixture
def loaded(engine: Engine, tmp_path: Path) -> Engine:
    """A database with the small catalogue."""
    output = tmp_path / "small.json.gz"
    actions.build(write_upstream(tmp_path / "upstream"), output)
    with transaction(engine) as session:
        ensure_root(session, NOW)
        load_snapshot(session, NOW, output)
    return engine


def contents(engine: Engine) -> dict[str, list[tuple[str, ...]]]:
    """Every row of every table but the id counter, as text."""
    with engine.connect() as connection:
        return {
            name: sorted(
                tuple(str(value) for value in row)
                for row in connection.execute(text(f"SELECT * FROM {name}"))
            )
            for name in SQLModel.metadata.tables
            if name != "id_counter"
        }


def changed() -> dict[str, Any]:
    """Three months later: a product, a release, a date, a flag, a label and a patch are new; one product is gone."""
    told = later()
    postgresql = find_product(told, "postgresql")
    postgresql["label"] = "PostgreSQL Server"
    postgresql["releases"][0]["latest"] = latest("17.7", "2026-11-13")
    postgresql["releases"].append(release("8.4", isEol=True, eolFrom="2014-07-24", releaseDate="2009-07-01"))
    find_product(told, "windows")["releases"][2]["eolFrom"] = "2020-01-14"
    find_product(told, "eclipse-temurin")["releases"][0] |= {"codename": None, "isEol": True}
    told["result"].append(
        product("zabbix", "Zabbix", "server-app", [release("7.0", latest=latest("7.0.1", None))])
    )
    told["result"] = [each for each in told["result"] if each["name"] != "ubuntu"]
    return told


def sync(engine: Engine, source: str, now: datetime = THEN, *, dry_run: bool = False) -> SyncResult:
    result = actions.sync(engine, operator(), source, now, dry_run=dry_run)
    assert result is not None
    return result


CHANGES = (
    FieldChange("postgresql", None, "label", "PostgreSQL", "PostgreSQL Server"),
    FieldChange("postgresql", "17", "latest_version", "17.6", "17.7"),
    FieldChange("postgresql", "17", "latest_released_on", "2025-08-14", "2026-11-13"),
    FieldChange("eclipse-temurin", "8", "codename", "Spider", None),
    FieldChange("eclipse-temurin", "8", "security_support_flag", False, True),
    FieldChange("windows", "7-sp1", "security_support_ends_on", None, "2020-01-14"),
    FieldChange("windows", "7-sp1", "security_support_flag", True, None),
)


def test_a_dry_run_tells_the_changes_and_writes_nothing(loaded: Engine, tmp_path: Path) -> None:
    before = contents(loaded)
    result = sync(loaded, write_document(tmp_path / "full.json", changed()), dry_run=True)
    assert contents(loaded) == before
    assert result == SyncResult(
        source="full.json",
        kind="lifecycle",
        as_of=date(2026, 11, 20),
        previous_as_of=date(2026, 8, 22),
        dry_run=True,
        products=4,
        releases=8,
        products_added=("zabbix",),
        releases_added=(ReleaseName("postgresql", "8.4"), ReleaseName("zabbix", "7.0")),
        changes=CHANGES,
        versions_added=(
            VersionName("zabbix", "7.0", "7.0.1"),
            VersionName("postgresql", "17", "17.7"),
        ),
        products_missing=("ubuntu",),
        releases_missing=(),
    )


def test_a_sync_does_what_its_dry_run_told(loaded: Engine, tmp_path: Path) -> None:
    source = write_document(tmp_path / "full.json", changed())
    told = sync(loaded, source, dry_run=True)
    with record_statements(loaded) as statements:
        done = sync(loaded, source)
    assert len(statements) <= 35
    assert done.changes == told.changes and done.releases_added == told.releases_added
    with reading(loaded) as session:
        status = actions.status(session, date(2026, 11, 25))
        facts = {(each.product, each.release): each for each in queries.list_release_facts(session)}
    assert (status.products, status.releases, status.versions) == (5, 9, 14)
    assert (status.as_of, status.stale) == (date(2026, 11, 20), False)
    assert facts["windows", "7-sp1"].security_support_ends_on == date(2020, 1, 14)
    assert facts["windows", "7-sp1"].as_of == date(2026, 11, 20)
    assert facts["windows", "11-24h2-e"].as_of == date(2026, 8, 22)
    assert facts["postgresql", "17"].product_label == "PostgreSQL Server"
    assert facts["ubuntu", "24.04"].security_support_ends_on == date(2029, 5, 31)
    assert facts["eclipse-temurin", "8"].codename is None


def test_what_was_known_before_a_sync_stays_readable(loaded: Engine, tmp_path: Path) -> None:
    sync(loaded, write_document(tmp_path / "full.json", changed()))
    with reading(loaded) as session:
        ids = queries.release_ids(session)
        wanted = [ids["windows", "7-sp1"], ids["zabbix", "7.0"]]
        before = queries.list_release_facts(session, wanted, known_at=THEN - timedelta(seconds=1))
        after = queries.list_release_facts(session, wanted, known_at=THEN)
        nothing = queries.list_release_facts(session, wanted, known_at=NOW - timedelta(seconds=1))
    assert [(each.release, each.security_support_ends_on, each.security_support_flag) for each in before] == [
        ("7-sp1", None, True)
    ]
    assert [(each.release, each.security_support_ends_on) for each in after] == [
        ("7-sp1", date(2020, 1, 14)), ("7.0", None),
    ]  # fmt: skip
    assert nothing == []


def test_versions_move_to_the_release_that_a_sync_brings(loaded: Engine, tmp_path: Path) -> None:
    sync(loaded, write_document(tmp_path / "full.json", changed()))
    with loaded.connect() as connection:
        rows = connection.execute(text(
            "SELECT v.name, r.name FROM version v JOIN release r ON r.id = v.release_id "
            "JOIN product p ON p.id = v.product_id WHERE p.slug IN ('postgresql', 'zabbix') ORDER BY v.version_key"
        ))  # fmt: skip
        assert [tuple(row) for row in rows] == [
            ("7.0.1", "7.0"), ("8.4.22", "8.4"), ("9.6.24", "9.6"), ("17.0", "17"), ("17.5", "17"), ("17.6", "17"),
            ("17.7", "17"),
        ]  # fmt: skip


def test_the_same_answer_again_writes_nothing(loaded: Engine, tmp_path: Path) -> None:
    source = write_document(tmp_path / "full.json", changed())
    sync(loaded, source)
    before = contents(loaded)
    result = sync(loaded, source, THEN + timedelta(hours=1))
    assert (result.changes, result.releases_added, result.versions_added) == ((), (), ())
    assert not result.written
    assert contents(loaded) == before


def test_a_newer_answer_without_changes_makes_the_catalogue_young(loaded: Engine, tmp_path: Path) -> None:
    result = sync(loaded, write_document(tmp_path / "full.json", later()))
    assert (result.changes, result.products_missing) == ((), ())
    with reading(loaded) as session:
        status = actions.status(session, date(2026, 11, 25))
    assert (status.stale, status.age_days, status.versions) == (False, 5, 12)


def test_a_gzipped_answer_is_read_and_the_audit_log_says_who_did_what(loaded: Engine, tmp_path: Path) -> None:
    path = tmp_path / "full.json.gz"
    path.write_bytes(gzip.compress(json.dumps(changed()).encode()))
    sync(loaded, str(path))
    with loaded.connect() as connection:
        row = connection.execute(
            text("SELECT actor, action, detail FROM audit_event ORDER BY seq DESC LIMIT 1")
        ).one()
    assert (row.actor, row.action) == ("operator", "catalogue.sync")
    detail = row.detail if isinstance(row.detail, dict) else json.loads(row.detail)
    assert detail == {
        "source": "full.json.gz", "as_of": "2026-11-20", "products_added": 1, "releases_added": 2, "changes": 7,
        "versions_added": 2, "exploited_added": 0,
    }  # fmt: skip


def test_the_matcher_follows_a_sync(loaded: Engine, tmp_path: Path) -> None:
    with reading(loaded) as session:
        first = queries.get_matcher(session)
        assert queries.get_matcher(session) is first
        assert first.match("Zabbix 7.0").product is None
    sync(loaded, write_document(tmp_path / "full.json", changed()))
    with reading(loaded) as session:
        assert queries.get_matcher(session).match("Zabbix 7.0").product == "zabbix"


@pytest.mark.parametrize(
    ("content", "code", "cause"),
    [
        (b"", "catalogue_source", "full.json: is no JSON"),
        (b"<html>", "catalogue_source", "is no JSON"),
        (b"[" * 100_000, "catalogue_source", "is no JSON"),
        (b"\x1f\x8b\x08\x00broken", "catalogue_source", "is a damaged gzip file"),
        (b"[]", "catalogue_format", "not an answer of endoflife.date's /api/v1/products/full"),
        (json.dumps({"vulnerabilities": []}).encode(), "catalogue_format", "not an answer of"),
        ({**lifecycle(), "schema_version": "2.0.0"}, "catalogue_format", "schema version 2.0.0, only 1.x is read"),
        ({**lifecycle(), "generated_at": "soon"}, "catalogue_format", "generated_at: Input should be a valid datetime"),
        (lifecycle("2031-01-01T00:00:00+00:00"), "catalogue_future", "generated on 2031-01-01, which is in the future"),
        ({**lifecycle(), "result": [7, "x", *lifecycle()["result"][:1]]}, "catalogue_format",
         "2 products cannot be read, the first: #1: document: Input should be a valid dictionary"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_refused_with_its_cause_and_nothing_is_written(
    loaded: Engine, tmp_path: Path, content: Any, code: str, cause: str
) -> None:
    before = contents(loaded)
    path = tmp_path / "full.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(Refused, match=cause) as refused:
        sync(loaded, str(path))
    assert refused.value.code == code
    assert "full.json" in refused.value.message
    assert contents(loaded) == before


def nonsense() -> dict[str, Any]:
    """An answer in which five parts make no sense; a date of PostgreSQL 9.6 and a label of Ubuntu are new."""
    told = later()
    postgresql, windows = find_product(told, "postgresql"), find_product(told, "windows")
    postgresql["releases"][0]["eolFrom"] = "2029-02-30"
    postgresql["releases"][1]["eolFrom"] = "2021-11-12"
    postgresql["releases"].append(release("16", eolFrom="2019-01-01"))
    postgresql["releases"].append("no release")
    windows["releases"].append(copy.deepcopy(windows["releases"][0]) | {"eolFrom": "2031-01-01"})
    find_product(told, "eclipse-temurin")["label"] = "Ecl\x00ipse"
    find_product(told, "ubuntu")["label"] = "Ubuntu Linux"
    told["result"] += [copy.deepcopy(find_product(told, "windows"))]
    return told


def test_what_makes_no_sense_is_named_and_left_as_it_was_and_all_else_is_taken(
    loaded: Engine, tmp_path: Path
) -> None:
    result = sync(loaded, write_document(tmp_path / "full.json", nonsense()))
    assert [(one.product, one.release, one.message[:40]) for one in result.problems] == [
        ("postgresql", "17", "eolFrom: Input should be a valid date or"),
        ("postgresql", "16", "security_support_ends_on is 2019-01-01, "),
        ("postgresql", "#4", "document: Input should be a valid dictio"),
        ("eclipse-temurin", None, "label: Value error, must be printable te"),
        ("windows", None, "named twice"),
    ]
    assert result.changes == (
        FieldChange("postgresql", "9.6", "security_support_ends_on", "2021-11-11", "2021-11-12"),
        FieldChange("ubuntu", None, "label", "Ubuntu", "Ubuntu Linux"),
    )
    assert (result.products_missing, result.releases_missing, result.written) == ((), (), True)
    with reading(loaded) as session:
        facts = {(each.product, each.release): each for each in queries.list_release_facts(session)}
    assert facts["postgresql", "17"].security_support_ends_on == date(2029, 11, 8)
    assert facts["windows", "11-24h2-e"].security_support_ends_on == date(2027, 10, 12)
    assert ("postgresql", "16") not in facts


def missing(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        query = text("SELECT slug, missing_since FROM product WHERE missing_since IS NOT NULL")
        return {slug: str(since) for slug, since in connection.execute(query)}


def test_a_product_that_vanishes_is_kept_and_marked_until_it_returns(loaded: Engine, tmp_path: Path) -> None:
    sync(loaded, write_document(tmp_path / "full.json", changed()))
    assert missing(loaded) == {"ubuntu": "2026-11-20"}
    again = changed() | {"generated_at": "2026-11-22T00:00:00Z"}
    sync(loaded, write_document(tmp_path / "full.json", again), THEN + timedelta(hours=1))
    assert missing(loaded) == {"ubuntu": "2026-11-20"}
    back = later("2026-11-23T00:00:00Z")
    sync(loaded, write_document(tmp_path / "full.json", back), THEN + timedelta(hours=2))
    assert missing(loaded) == {"zabbix": "2026-11-23"}


def test_an_older_answer_is_shown_but_not_written(loaded: Engine, tmp_path: Path) -> None:
    source = write_document(tmp_path / "old.json", lifecycle("2026-01-01T00:00:00+00:00"))
    assert sync(loaded, source, dry_run=True).as_of == date(2026, 1, 1)
    before = contents(loaded)
    with pytest.raises(Conflict, match=r"generated on 2026-01-01, the catalogue is of 2026-08-22 already"):
        sync(loaded, source)
    assert contents(loaded) == before


def test_only_an_administrator_of_all_agencies_syncs(loaded: Engine, tmp_path: Path) -> None:
    with transaction(loaded) as session:
        path = add_agency(session, operator(), NewAgency(code="A", name="Agency A"), NOW).path
    source = write_document(tmp_path / "full.json", changed())
    for grants in (((path, Role.ADMIN),), (("/1/", Role.IT_MANAGER),), ()):
        with pytest.raises(Forbidden):
            actions.sync(loaded, Principal(7, "someone", grants), source, NOW)


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("no/such/file.json", "does not exist"),
        (".", "is no file"),
        ("http://endoflife.date/api/v1/products/full", "only https:// addresses are read, not http://"),
        ("file:///etc/passwd", "only https:// addresses are read, not file://"),
        ("https://name:secret@endoflife.date/", "without a name or password"),
        ("https://127.0.0.1/full", "the host 127.0.0.1 is not on the public internet"),
        ("https://localhost:8443/full", "the host localhost is not on the public internet"),
        ("https://[::ffff:10.0.0.1]/full", "is not on the public internet"),
        ("https://169.254.169.254/latest/meta-data", "is not on the public internet"),
        ("https://[broken/", "is no address"),
    ],
)
def test_a_source_out_of_bounds_is_refused(sqlite_engine: Engine, source: str, cause: str) -> None:
    with pytest.raises(TrackerError, match=cause) as refused:
        sync(sqlite_engine, source)
    assert refused.value.code == "catalogue_source"


def test_one_set_of_dates_holds_for_a_release_at_a_time(loaded: Engine) -> None:
    again = (
        "INSERT INTO release_fact (id, release_id, is_lts, source, snapshot_id, recorded_at) "
        "SELECT id + 1000000, release_id, is_lts, source, snapshot_id, recorded_at FROM release_fact"
    )
    with pytest.raises(IntegrityError), transaction(loaded) as session:
        session.execute(text(again))


def test_dates_that_change_twice_keep_both_earlier_tellings(loaded: Engine, tmp_path: Path) -> None:
    days = {}
    for number, (generated_at, eol) in enumerate(
        (
            ("2026-11-20T00:00:00Z", "2027-11-11"),
            ("2026-11-21T00:00:00Z", False),
            ("2026-11-22T00:00:00Z", "2028-01-01"),
        )
    ):
        told = later(generated_at)
        find_product(told, "postgresql")["releases"][1] |= {"eolFrom": eol or None, "isEol": False}
        days[number] = THEN + timedelta(days=number)
        sync(loaded, write_document(tmp_path / "full.json", told), days[number])
    with reading(loaded) as session:
        wanted = [queries.release_ids(session)["postgresql", "9.6"]]
        seen = [queries.list_release_facts(session, wanted, at) for at in (NOW, *days.values(), None)]
    assert [(one.security_support_ends_on, one.security_support_flag) for [one] in seen] == [
        (date(2021, 11, 11), None), (date(2027, 11, 11), None), (None, False), (date(2028, 1, 1), None),
        (date(2028, 1, 1), None),
    ]  # fmt: skip
