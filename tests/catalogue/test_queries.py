"""What other rooms and pages ask of the catalogue."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.catalogue.upstream import EXPLOITED, lifecycle, product, write_document, write_upstream
from tracker.catalogue import actions, queries
from tracker.catalogue.loading import load_snapshot
from tracker.catalogue.matching import CatalogueRelease
from tracker.catalogue.schemas import ExploitedView, ProductSummary, VersionsBehind
from tracker.catalogue.versions import version_key
from tracker.db import new_id, reading, record_statements, transaction
from tracker.identity.actions import ensure_root
from tracker.identity.errors import Conflict, NotFound, Refused
from tracker.identity.schemas import operator

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def loaded(engine: Engine, tmp_path: Path) -> Engine:
    """A database with the small catalogue and a product that the exploited list names."""
    told = lifecycle()
    told["result"].append(product("nothing", "Nobody Nothing", "app", []))
    output = tmp_path / "small.json.gz"
    actions.build(write_upstream(tmp_path / "upstream", lifecycle=told), output)
    with transaction(engine) as session:
        ensure_root(session, NOW)
        load_snapshot(session, NOW, output)
    return engine


def test_the_index_holds_what_the_matcher_needs(loaded: Engine) -> None:
    with reading(loaded) as session:
        index = {each.slug: each for each in queries.load_index(session)}
    assert list(index) == sorted(index)
    postgresql = index["postgresql"]
    assert (postgresql.label, postgresql.category, postgresql.aliases) == (
        "PostgreSQL",
        "database",
        ("postgres",),
    )
    assert postgresql.identifiers == (("cpe", "cpe:/a:postgresql:postgresql"),)
    assert postgresql.releases == (
        CatalogueRelease("17", "17", None, "17.6", date(2024, 9, 26), date(2029, 11, 8)),
        CatalogueRelease("9.6", "9.6", None, "9.6.24", date(2020, 1, 1), date(2021, 11, 11)),
    )
    assert index["eclipse-temurin"].version_scheme == "java"
    assert index["windows"].releases[0].latest == "10.0.26100"


def test_the_matcher_is_kept_until_the_catalogue_or_its_aliases_change(loaded: Engine) -> None:
    with reading(loaded) as session:
        first = queries.get_matcher(session)
        with record_statements(loaded) as statements:
            assert queries.get_matcher(session) is first
    assert len(statements) == 1
    with transaction(loaded) as session:
        session.execute(
            text(
                "INSERT INTO product_alias (id, agency_id, alias, product_id, recorded_at) "
                "SELECT :id, 0, 'gajah biru', id, :now FROM product WHERE slug = 'postgresql'"
            ),
            {"id": new_id(session), "now": NOW.isoformat(sep=" ")},
        )
    with reading(loaded) as session:
        assert queries.get_matcher(session) is not first
        assert queries.get_matcher(session).match("Gajah Biru 17").product == "postgresql"


@pytest.mark.parametrize(
    ("release", "version", "day", "behind"),
    [
        (("postgresql", "17"), "17.0", date(2026, 11, 25), VersionsBehind(
            2, "17.6", date(2025, 8, 14), date(2025, 5, 8), date(2024, 9, 26), True)),
        (("postgresql", "17"), "17.0", date(2025, 6, 1), VersionsBehind(
            1, "17.5", date(2025, 5, 8), date(2025, 5, 8), date(2024, 9, 26), True)),
        (("postgresql", "17"), "17.6", date(2026, 11, 25), VersionsBehind(
            0, "17.6", date(2025, 8, 14), None, date(2025, 8, 14), True)),
        (("postgresql", "17"), "17.2", date(2026, 11, 25), VersionsBehind(
            2, "17.6", date(2025, 8, 14), date(2025, 5, 8), None, False)),
        (("windows", "11-24h2-w"), "10.0.26100.7100", date(2026, 11, 25), VersionsBehind(
            0, "10.0.26100.7000", date(2025, 12, 9), None, None, False)),
        (("ubuntu", "24.04"), "24.04.1", date(2024, 9, 1), None),
    ],
)  # fmt: skip
def test_how_far_a_version_is_behind(
    loaded: Engine, release: tuple[str, str], version: str, day: date, behind: VersionsBehind | None
) -> None:
    with reading(loaded) as session:
        found = queries.versions_behind(
            session, queries.release_ids(session)[release], version_key(version), day
        )
    assert found == behind


def test_products_are_listed_page_by_page(loaded: Engine) -> None:
    with reading(loaded) as session:
        first = queries.list_products(session, limit=3)
        rest = queries.list_products(session, limit=3, after=first.next_after)
        found = queries.list_products(session, search=" POSTGRESQL ")
        assert queries.list_products(session, search="%").rows == ()
        assert [each.slug for each in queries.list_products(session, category="os").rows] == [
            "ubuntu",
            "windows",
        ]
        assert queries.list_categories(session) == [("app", 1), ("database", 1), ("lang", 1), ("os", 2)]
    assert [each.slug for each in first.rows] == ["eclipse-temurin", "nothing", "postgresql"]
    assert (first.next_after, rest.next_after) == ("postgresql", None)
    assert [each.slug for each in rest.rows] == ["ubuntu", "windows"]
    assert found.rows == (
        ProductSummary(
            found.rows[0].id, "postgresql", "PostgreSQL", "database", 2, "https://endoflife.date/postgresql"
        ),
    )


def test_a_product_is_shown_with_its_releases_and_exploited_entries(loaded: Engine) -> None:
    with reading(loaded) as session, record_statements(loaded) as statements:
        windows = queries.get_product(session, "windows")
        nothing = queries.get_product(session, "nothing")
        earlier = queries.get_product(session, "windows", known_at=NOW - timedelta(days=1))
    assert len([sql for sql in statements if sql.startswith("SELECT")]) == 9
    assert [each.release for each in windows.releases] == ["11-24h2-e", "11-24h2-w", "7-sp1"]
    assert windows.labels == {"eol": "Security Support"}
    assert (earlier.releases, earlier.exploited) == ((), ())
    assert nothing.exploited == (
        ExploitedView("CVE-2024-0002", "Nobody", "Nothing", date(2024, 1, 2), date(2024, 1, 23), False),
    )
    with reading(loaded) as session, pytest.raises(NotFound, match="no product 'nope' is in the catalogue"):
        queries.get_product(session, "nope")


def test_exploited_entries_by_product_and_day(loaded: Engine) -> None:
    with reading(loaded) as session:
        ids = queries.product_ids(session)
        everything = queries.exploited_by_product(session)
        assert [each.cve_id for each in everything[ids["nothing"]]] == ["CVE-2024-0002"]
        assert queries.exploited_by_product(session, [ids["nothing"]], date(2024, 1, 1)) == {}
        assert queries.exploited_by_product(session, [ids["postgresql"]]) == {}
        assert queries.exploited_by_product(session, [], date(2026, 1, 1)) == {}
        assert queries.exploited_by_product(session, known_at=NOW - timedelta(days=1)) == {}


def test_schemes_are_told_per_product(loaded: Engine) -> None:
    with reading(loaded) as session:
        assert queries.version_schemes(session) == {
            "eclipse-temurin": "java", "nothing": None, "postgresql": None, "ubuntu": None, "windows": "windows-feature",
        }  # fmt: skip


def test_the_exploited_list_is_synced_from_its_own_feed(loaded: Engine, tmp_path: Path) -> None:
    entries = [
        *EXPLOITED["vulnerabilities"],
        {
            "cveID": "CVE-2026-0003",
            "vendorProject": "Nobody",
            "product": "Nothing",
            "dateAdded": "2026-11-01",
        },
    ]
    feed = {**EXPLOITED, "dateReleased": "2026-11-24T17:00:00.1234Z", "vulnerabilities": entries}
    source = write_document(tmp_path / "kev.json", feed)
    for dry_run in (True, False):
        result = actions.sync(loaded, operator(), source, NOW, dry_run=dry_run)
        assert result is not None
        assert (result.kind, result.as_of, result.previous_as_of) == (
            "exploited",
            date(2026, 11, 24),
            date(2025, 8, 25),
        )
        assert result.exploited_added == ("CVE-2026-0003",)
    with reading(loaded) as session:
        found = queries.exploited_by_product(session)[queries.product_ids(session)["nothing"]]
        status = actions.status(session, date(2026, 11, 25))
    assert [each.cve_id for each in found] == ["CVE-2024-0002", "CVE-2026-0003"]
    assert (status.exploited, status.as_of) == (3, date(2026, 8, 22))
    assert {each.kind: each.age_days for each in status.sources}["exploited"] == 1


def test_a_bad_or_older_exploited_list_is_refused(loaded: Engine, tmp_path: Path) -> None:
    older = {**EXPLOITED, "dateReleased": "2025-01-01T00:00:00Z"}
    bad = {**EXPLOITED, "vulnerabilities": [{**EXPLOITED["vulnerabilities"][0], "dateAdded": "soon"}]}
    with pytest.raises(Conflict, match="generated on 2025-01-01"):
        actions.sync(loaded, operator(), write_document(tmp_path / "kev.json", older), NOW)
    with pytest.raises(Refused, match="CVE-2025-0001 › dateAdded"):
        actions.sync(loaded, operator(), write_document(tmp_path / "kev.json", bad), NOW)
