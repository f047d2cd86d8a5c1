"""Affected versions of exploited vulnerabilities: read from CVE records, kept, and asked for one version."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tracker.catalogue import actions, queries
from tracker.catalogue.affected import RangesResult, read_ranges, record_ranges
from tracker.catalogue.ranges import Range, ToldRange, covers, read_record
from tracker.db import reading, record_statements, transaction
from tracker.identity.actions import ensure_root
from tracker.identity.errors import Forbidden, Refused
from tracker.identity.models import Role
from tracker.identity.schemas import Principal, operator

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def record(
    cve: str, *affected: dict[str, Any], adp: list[dict[str, Any]] | None = None, **cna: Any
) -> dict[str, Any]:
    """A published record of the schema's shape."""
    containers: dict[str, Any] = {"cna": {"affected": list(affected), **cna}}
    if adp is not None:
        containers["adp"] = [{"affected": adp}]
    return {
        "dataType": "CVE_RECORD",
        "cveMetadata": {"cveId": cve, "state": "PUBLISHED"},
        "containers": containers,
    }


FORTIOS = {
    "vendor": "Fortinet",
    "product": "FortiOS",
    "versions": [
        {"version": "7.2.0", "lessThanOrEqual": "7.2.2", "status": "affected", "versionType": "semver"},
        {"version": "7.0.0", "lessThanOrEqual": "7.0.8", "status": "affected"},
        {"version": "7.2.3", "status": "unaffected"},
    ],
}
TOMCAT = {
    "vendor": "Apache Software Foundation",
    "product": "Apache Tomcat",
    "cpes": ["cpe:2.3:a:apache:tomcat:*:*:*:*:*:*:*:*"],
    "versions": [{"version": "9.0.0.M1", "lessThan": "9.0.31", "status": "affected"}],
}


@pytest.fixture
def shipped(engine: Engine) -> Engine:
    """A database with all that the program ships."""
    with transaction(engine) as session:
        ensure_root(session, NOW)
        actions.ensure_loaded(session, NOW)
    return engine


def keep(engine: Engine, path: Path, now: datetime = NOW) -> RangesResult:
    with transaction(engine) as session:
        return record_ranges(session, operator(), path, now)


def test_ranges_of_the_vendor_are_read() -> None:
    assert read_record(record("CVE-2022-42475", FORTIOS)) == (
        "CVE-2022-42475",
        (
            ToldRange("Fortinet", "FortiOS", False, Range("7.2.0", "7.2.2", True)),
            ToldRange("Fortinet", "FortiOS", False, Range("7.0.0", "7.0.8", True)),
        ),
    )
    assert read_record(record("CVE-2020-1938", TOMCAT)) == (
        "CVE-2020-1938",
        (ToldRange("apache", "tomcat", True, Range("9.0.0.M1", "9.0.31")),),
    )


def test_an_addition_counts_where_the_vendor_tells_no_range() -> None:
    vague = {"vendor": "n/a", "product": "n/a", "versions": [{"version": "n/a", "status": "affected"}]}
    found = read_record(record("CVE-2020-1938", vague, adp=[TOMCAT]))
    assert found and [one.product for one in found[1]] == ["tomcat"]
    found = read_record(record("CVE-2022-42475", FORTIOS, adp=[TOMCAT]))
    assert found and {one.product for one in found[1]} == {"FortiOS"}


def test_cpe_matches_are_ranges() -> None:
    match = {
        "criteria": "cpe:2.3:o:fortinet:fortios:*:*:*:*:*:*:*:*",
        "vulnerable": True,
        "versionStartIncluding": "6.4.0",
        "versionEndExcluding": "6.4.11",
    }
    exact = {"criteria": "cpe:2.3:o:fortinet:fortios:5.6.1:*:*:*:*:*:*:*", "vulnerable": True}
    safe = {**match, "vulnerable": False}
    told = record("CVE-2022-42475", cpeApplicability=[{"nodes": [{"cpeMatch": [match, exact, safe]}]}])
    found = read_record(told)
    assert found and [one.range for one in found[1]] == [Range("6.4.0", "6.4.11"), Range("5.6.1", "")]


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"cveMetadata": {"cveId": "CVE-1"}}, {"cveMetadata": {"cveId": "CVE-2020-1938"}}],
)
def test_what_is_no_record_is_none(document: object) -> None:
    assert read_record(document) is None


@pytest.mark.parametrize("broken", [{"affected": "x"}, {"affected": [1, {"versions": [2, {"version": 3}]}]}])
def test_a_record_of_odd_parts_has_no_range(broken: dict[str, Any]) -> None:
    document = {"cveMetadata": {"cveId": "CVE-2020-1938"}, "containers": {"cna": broken, "adp": [None]}}
    assert read_record(document) == ("CVE-2020-1938", ())


@pytest.mark.parametrize(
    ("version", "ranges", "scheme", "within"),
    [
        ("7.2.2", [Range("7.2.0", "7.2.2", True)], None, True),
        ("7.2.3", [Range("7.2.0", "7.2.2", True)], None, False),
        ("7.2.2", [Range("7.2.0", "7.2.2")], None, False),
        ("6.9", [Range("", "7.0")], None, True),
        ("7.0.5", [Range("7.2.0", "7.2.2", True), Range("7.0.0", "7.0.8", True)], None, True),
        ("5.6.1", [Range("5.6.1", "")], None, True),
        ("8u202", [Range("", "8u211")], "java", True),
        ("10.0.19045.1", [Range("10.0.17763.0", "10.0.17763.4737")], None, False),
        ("unknown", [Range("", "7.0")], None, False),
    ],
)
def test_a_version_within_ranges(version: str, ranges: list[Range], scheme: str | None, within: bool) -> None:
    assert covers(version, ranges, scheme) is within


def test_records_of_listed_vulnerabilities_are_kept_by_product(shipped: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "cves" / "2022"
    folder.mkdir(parents=True)
    (folder / "CVE-2022-42475.json").write_text(json.dumps(record("CVE-2022-42475", FORTIOS)))
    (folder / "CVE-2020-1938.json").write_text(json.dumps(record("CVE-2020-1938", TOMCAT)))
    (folder / "CVE-1999-0001.json").write_text("not read at all")
    (folder / "notes.json").write_text("{broken")
    assert keep(shipped, tmp_path / "cves") == RangesResult(2, 2, 5, 3)
    with reading(shipped) as session:
        ids, found = queries.product_ids(session), read_ranges(session)
        before = read_ranges(session, NOW - timedelta(days=1))
    assert found[ids["tomcat"], "CVE-2020-1938"] == (Range("9.0.0.M1", "9.0.31"),)
    assert found[ids["fortios"], "CVE-2022-42475"] == found[ids["fortios-older"], "CVE-2022-42475"]
    assert before == {}


def test_a_later_record_replaces_the_earlier_one(shipped: Engine, tmp_path: Path) -> None:
    lines = tmp_path / "records.jsonl"
    lines.write_text(json.dumps(record("CVE-2020-1938", TOMCAT)) + "\n")
    keep(shipped, lines)
    packed = tmp_path / "records.zip"
    newer = {**TOMCAT, "versions": [{"version": "0", "lessThan": "9.0.32", "status": "affected"}]}
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("cves/CVE-2020-1938.json", json.dumps(record("CVE-2020-1938", newer)))
    with record_statements(shipped) as statements:
        keep(shipped, packed, NOW + timedelta(days=1))
    assert len([one for one in statements if not one.startswith("BEGIN")]) <= 20
    with reading(shipped) as session:
        assert list(read_ranges(session).values()) == [(Range("", "9.0.32"),)]
    with shipped.connect() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM exploited_range")).scalar_one() == 1


def test_files_of_something_else_are_refused(shipped: Engine, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("[]")
    for path in (other, tmp_path / "missing", tmp_path):
        with pytest.raises(Refused):
            keep(shipped, path)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK no")
    with pytest.raises(Refused, match="not a zip file"):
        keep(shipped, broken)


def test_only_an_administrator_of_all_agencies_may(shipped: Engine, tmp_path: Path) -> None:
    clerk = Principal(7, "someone", (("/1/", Role.IT_MANAGER),))
    with pytest.raises(Forbidden), transaction(shipped) as session:
        record_ranges(session, clerk, tmp_path, NOW)
