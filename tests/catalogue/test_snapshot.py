"""The snapshot: the shipped one in exact figures, and one made from small recorded answers."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.catalogue.upstream import VERSIONS, lifecycle, write_upstream
from tracker.catalogue import actions
from tracker.catalogue.facts import ExploitedRecord, ProductRecord, VersionRecord
from tracker.catalogue.matching.rules import document
from tracker.catalogue.snapshot import Snapshot
from tracker.catalogue.supplement import supplement_slugs
from tracker.identity.errors import Refused

SHIPPED = Path(actions.__file__).parent / "data" / "snapshot.json.gz"


@pytest.fixture(scope="module")
def shipped() -> tuple[Snapshot, list[ProductRecord], list[tuple[str, VersionRecord]], list[ExploitedRecord]]:
    snapshot = Snapshot()
    products = list(snapshot.read_products())
    return snapshot, products, list(snapshot.read_versions(products)), list(snapshot.read_exploited())


Shipped = tuple[Snapshot, list[ProductRecord], list[tuple[str, VersionRecord]], list[ExploitedRecord]]


def test_the_shipped_snapshot_holds_all_products_releases_and_dates(shipped: Shipped) -> None:
    _, products, _, _ = shipped
    values = [release.values for product in products for release in product.releases]
    assert len(products) == 464
    assert len(values) == 8_351
    assert sum(each.security_support_ends_on is not None for each in values) == 7_228
    assert Counter(each.security_support_flag for each in values) == {None: 7_228, True: 479, False: 644}
    assert sum(each.active_support_ends_on is not None for each in values) == 2_259
    assert sum(each.extended_support_ends_on is not None for each in values) == 455
    assert sum(each.discontinued_on is not None for each in values) == 136
    assert sum(each.lts_starts_on is not None for each in values) == 108
    identifiers = Counter(kind for product in products for kind, _ in product.identifiers)
    assert identifiers == {"purl": 940, "cpe": 479, "repology": 264}
    assert Counter(product.category for product in products) == {
        "server-app": 164, "framework": 70, "os": 66, "app": 61, "lang": 34, "database": 26, "service": 21,
        "device": 20, "standard": 2,
    }  # fmt: skip


def test_the_shipped_snapshot_holds_dated_versions_and_microsoft_builds(shipped: Shipped) -> None:
    _, _, versions, _ = shipped
    assert len({(slug, version.name) for slug, version in versions}) == len(versions) == 90_824
    windows = {version.name: version for slug, version in versions if slug == "windows"}
    assert windows["10.0.19045.2251"].article == "KB5019959"
    assert windows["10.0.26100.1150"].releases == (
        "11-24h2-iot-lts", "11-24h2-e-lts", "11-24h2-e", "11-24h2-w",
    )  # fmt: skip
    exchange = {version.name: version for slug, version in versions if slug == "msexchange"}
    assert exchange["15.2.1748.48"].releases == ("2019",)
    sql = {version.name: version.releases for slug, version in versions if slug == "mssqlserver"}
    assert sql["13.0.6500.1"] == ("13.0-sp3",) and sql["13.0.7016.1"] == ("13.0-sp3-acp",)
    assert sql["9.00.2047"] == ("9.0-sp1",) and sql["16.0.4265.3"] == ("16.0",)


def test_the_shipped_snapshot_holds_exploited_entries_without_prose(shipped: Shipped) -> None:
    _, products, _, exploited = shipped
    assert len(exploited) == len({entry.cve_id for entry in exploited}) == 1_404
    assert sum(entry.ransomware for entry in exploited) == 293
    assert sum(bool(entry.slugs) for entry in exploited) == 824
    slugs = {product.slug for product in products} | supplement_slugs()
    assert {slug for entry in exploited for slug in entry.slugs} <= slugs
    assert not any("ios" in entry.slugs for entry in exploited if entry.vendor == "Cisco")
    assert sum("windows" in entry.slugs for entry in exploited) == 210
    assert sum("windows-server" in entry.slugs for entry in exploited) == 214


def test_schemes_of_the_matcher_are_those_of_the_shipped_products(shipped: Shipped) -> None:
    """A stored version key and a key made for a match are compared: both need one scheme."""
    schemes = {product.slug: product.version_scheme for product in shipped[1]}
    told = {slug: how["scheme"] for slug, how in document("resolvers")["products"].items() if "scheme" in how}
    assert {slug: scheme for slug, scheme in schemes.items() if scheme == "java"} == {
        slug: scheme for slug, scheme in told.items() if scheme == "java"
    }


def test_the_shipped_snapshot_names_its_sources_and_is_small(shipped: Shipped) -> None:
    snapshot = shipped[0]
    assert [(each.kind, each.source, each.as_of, each.count) for each in snapshot.sources] == [
        ("lifecycle", "endoflife.date", date(2026, 8, 22), 8_351),
        ("versions", "endoflife-date/release-data", date(2026, 8, 22), 87_203),
        ("builds", "altrhombus/DataForGeeks", date(2026, 8, 18), 2_871),
        ("exploited", "CISA KEV", date(2025, 8, 25), 1_404),
    ]
    assert all(
        each.licence and len(each.sha256) == len(each.origin_sha256) == 64 for each in snapshot.sources
    )
    assert SHIPPED.stat().st_size < 2_500_000


@pytest.fixture
def built(tmp_path: Path) -> tuple[dict[str, object], Path]:
    output = tmp_path / "snapshot.json.gz"
    return actions.build(write_upstream(tmp_path / "upstream"), output), output


def test_building_counts_what_it_wrote(built: tuple[dict[str, object], Path]) -> None:
    counts, output = built
    assert counts == {
        "products": 4, "releases": 7, "versions": 12, "exploited": 2, "mapped": counts["mapped"],
        "bytes": output.stat().st_size,
    }  # fmt: skip


def test_building_gives_the_same_bytes_again(built: tuple[dict[str, object], Path], tmp_path: Path) -> None:
    again = tmp_path / "again.json.gz"
    actions.build(write_upstream(tmp_path / "upstream"), again)
    assert again.read_bytes() == built[1].read_bytes()


def test_dates_are_taken_and_flags_only_where_no_date_is(built: tuple[dict[str, object], Path]) -> None:
    products = {product.slug: product for product in Snapshot(built[1]).read_products()}
    values = {(slug, release.name): release.values for slug, p in products.items() for release in p.releases}
    ended = values["postgresql", "9.6"]
    assert (ended.security_support_ends_on, ended.security_support_flag) == (date(2021, 11, 11), None)
    unknown_day = values["windows", "7-sp1"]
    assert (unknown_day.security_support_ends_on, unknown_day.security_support_flag) == (None, True)
    none_announced = values["eclipse-temurin", "8"]
    assert (none_announced.security_support_ends_on, none_announced.security_support_flag) == (None, False)
    assert (none_announced.active_support_flag, none_announced.extended_support_flag) == (True, None)
    noble = values["ubuntu", "24.04"]
    assert (noble.extended_support_ends_on, noble.discontinued_flag) == (date(2036, 4, 25), False)
    assert (noble.is_lts, noble.lts_starts_on) == (True, date(2024, 4, 25))
    assert products["eclipse-temurin"].version_scheme == "java"
    assert products["postgresql"].labels == {"eol": "Security Support"}


def test_versions_go_to_the_release_of_the_longest_prefix(built: tuple[dict[str, object], Path]) -> None:
    snapshot = Snapshot(built[1])
    products = snapshot.read_products()
    versions = {(slug, each.name): each for slug, each in snapshot.read_versions(products)}
    assert versions["postgresql", "17.5"] == VersionRecord("17.5", date(2025, 5, 8), ("17",))
    assert versions["postgresql", "8.4.22"].releases == ()
    assert versions["postgresql", "17.6"] == VersionRecord("17.6", date(2025, 8, 14), ("17",))
    assert versions["eclipse-temurin", "8u452-b09"].releases == ("8",)


def test_builds_go_to_each_edition_until_its_end_and_previews_to_none(
    built: tuple[dict[str, object], Path],
) -> None:
    snapshot = Snapshot(built[1])
    versions = {
        each.name: each
        for slug, each in snapshot.read_versions(snapshot.read_products())
        if slug == "windows"
    }
    assert versions["10.0.26100.7000"].releases == ("11-24h2-e", "11-24h2-w")
    assert versions["10.0.26100.7000"].article == "KB5071000"
    assert versions["10.0.26100.7100"].releases == ()
    assert versions["10.0.26100.8100"].releases == ("11-24h2-e",)
    assert "10.0.26100" not in versions and versions["6.1.7601"].releases == ("7-sp1",)


@pytest.mark.parametrize(
    ("name", "document", "cause"),
    [
        (
            "versions",
            {**VERSIONS, "result": {"no-such": {"1": None}}},
            "versions of no-such, which is no product",
        ),
        ("lifecycle", {"result": []}, "not an answer of endoflife.date"),
        ("lifecycle", {**lifecycle(), "result": []}, "result: List should have at least 1 item"),
    ],
)
def test_a_source_of_another_shape_is_refused(name: str, document: Any, cause: str, tmp_path: Path) -> None:
    output = tmp_path / "snapshot.json.gz"
    with pytest.raises(Refused, match=cause):
        actions.build(write_upstream(tmp_path / "upstream", **{name: document}), output)
    assert not output.exists()


def test_a_missing_or_damaged_source_is_named(tmp_path: Path) -> None:
    upstream = write_upstream(tmp_path / "upstream")
    (upstream / "kev.json.gz").write_bytes(b"\x1f\x8bdamaged")
    with pytest.raises(Refused, match=r"kev\.json\.gz cannot be read"):
        actions.build(upstream, tmp_path / "out")
    (upstream / "microsoft-builds.json.gz").unlink()
    with pytest.raises(Refused, match=r"microsoft-builds\.json\.gz cannot be read"):
        actions.build(upstream, tmp_path / "out")


def test_a_snapshot_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"format": 9, "sources": []}).encode() + b"\n"))
    with pytest.raises(ValueError, match="snapshot format 9, 1 is needed"):
        Snapshot(path)


def test_every_shipped_source_has_its_licence_notice(shipped: Shipped) -> None:
    notices = json.loads((SHIPPED.parent / "notices.json").read_text("utf-8"))
    assert {each.source for each in shipped[0].sources} <= set(notices)
    assert notices["MIT"].startswith("Permission is hereby granted")
