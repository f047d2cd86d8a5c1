"""Lists, the dashboard and the explanation of one asset, as the pages and the API get them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from tests.lifecycle.test_scan import EXPECTED, THINGS
from tests.lifecycle.world import (
    NOW,
    OPERATOR,
    TODAY,
    WINDOWS_10_END,
    Thing,
    World,
    add_asset,
    add_row,
    build,
    match,
)
from tracker.db import new_id, reading, record_statements, transaction
from tracker.identity.errors import Invalid, NotFound
from tracker.identity.schemas import Principal, nobody
from tracker.lifecycle.actions import scan
from tracker.lifecycle.models import SupportContract
from tracker.lifecycle.queries import asset_lifecycle, dashboard, list_findings, worst_first
from tracker.lifecycle.schemas import AssetLifecycle, Coverage, Dashboard, FindingFilter, FindingRow
from tracker.lifecycle.trends import list_trend


def scanned(engine: Engine) -> World:
    """The world of the scan tests, scanned today."""
    world = build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    return world


def listed(engine: Engine, principal: Principal = OPERATOR, **wanted: object) -> list[FindingRow]:
    """All findings of a filter."""
    with reading(engine) as session:
        return list_findings(session, principal, FindingFilter(**wanted), limit=None).items  # type: ignore[arg-type]


def pairs(rows: list[FindingRow]) -> set[tuple[str | None, str]]:
    """{(asset tag, rule)}."""
    return {(row.asset_tag, row.rule) for row in rows}


def test_a_finding_explains_itself(engine: Engine) -> None:
    scanned(engine)
    (row,) = listed(engine, rule="security-support-ended", text="windows 10")
    told = row.to_json()
    assert list(told)[:12] == [
        "asset_tag", "agency", "rule", "severity", "opened_on", "title", "product", "release", "version",
        "ends_on", "waived_until", "evidence",
    ]  # fmt: skip
    evidence = told.pop("evidence")
    assert told == {
        "asset_tag": "old-os", "agency": "A", "rule": "security-support-ended", "severity": "high",
        "opened_on": "2026-11-25", "title": "Windows 10 Pro", "product": "windows", "release": "10",
        "version": None, "ends_on": "2025-10-14", "waived_until": None, "since_on": "2025-10-15", "acknowledged_by": None,
        "assignee": None, "due_on": None, "waiver_asked_until": None, "plan": None,
        "resolved_on": None, "id": row.id, "asset_id": row.asset_id,
    }  # fmt: skip
    assert evidence == {
        "policy": "default v2",
        "match": {
            "outcome": "matched", "tier": "auto", "confidence": 0.95, "method": "alias",
            "evidence": {"alias": "windows 10 pro"},
        },
        "source": "endoflife.date",
        "snapshot_as_of": "2026-11-20",
        "dates": {
            "active_support_ends": "2025-10-14", "security_support_ends": "2025-10-14",
            "extended_support_ends": "2028-10-10",
        },
    }  # fmt: skip


def test_age_says_that_it_counts_from_the_latest_day_of_the_year(engine: Engine) -> None:
    scanned(engine)
    (row,) = listed(engine, rule="past-useful-life")
    assert (row.since_on, row.ends_on, row.title) == (date(2025, 1, 1), date(2024, 12, 31), None)
    assert row.evidence["acquired_on"] == "2020"
    assert row.evidence["acquired_precision"] == "year"
    assert row.evidence["counted_from"] == "2020-12-31"
    assert str(row.evidence["useful_life_source"]).startswith("KMK 295/KM.6/2019")


def test_filters(engine: Engine) -> None:
    world = scanned(engine)
    assert pairs(listed(engine)) == EXPECTED
    assert pairs(listed(engine, agency="A1")) == {pair for pair in EXPECTED if pair[0] in ("soon", "behind")}
    assert pairs(listed(engine, severity="info")) == {
        ("strange", "lifecycle-unknown"), ("undated", "lifecycle-unknown")
    }  # fmt: skip
    assert pairs(listed(engine, text="DEBIAN")) == {("soon", "active-support-ended")}
    assert pairs(listed(engine, text="thing aged")) == {
        ("aged", "past-useful-life"), ("aged", "warranty-ended")
    }  # fmt: skip
    assert listed(engine, text="100%") == []
    assert pairs(listed(engine, asset_id=world.assets["behind"])) == {("behind", "behind-latest")}
    assert listed(engine, state="resolved") == []
    assert len(listed(engine, state="all")) == len(EXPECTED)
    with pytest.raises(Invalid):
        listed(engine, state="everything")


def test_unknown_titles_are_named_with_the_reason(engine: Engine) -> None:
    world = build(engine, [Thing(agency, f"pc-{agency}", ["Kantorku", "Dateless"]) for agency in ("A", "B")])
    with transaction(engine) as session:
        match(session, world, "Kantorku", "matched", "office 2021", scope="A")
    scan(engine, OPERATOR, TODAY, NOW)
    for limit in (None, 50):
        with reading(engine) as session:
            page = list_findings(session, OPERATOR, FindingFilter(rule="lifecycle-unknown"), limit=limit)
        told = {row.asset_tag: row.evidence["unknown"] for row in page.items}
        dateless = {"title": "Dateless", "reason": "no-dates", "policy": "default v2"}
        kantorku = {"title": "Kantorku", "reason": "unrecognised", "policy": "default v2"}
        assert told == {"pc-A": [dateless], "pc-B": [dateless, kantorku]}


def test_nobody_sees_beyond_the_own_subtree(engine: Engine) -> None:
    world = scanned(engine)
    viewer = world.viewer("A1")
    assert {row.agency for row in listed(engine, viewer)} == {"A1"}
    assert listed(engine, nobody()) == []
    assert listed(engine, viewer, asset_id=world.assets["aged"]) == []
    with pytest.raises(NotFound):
        listed(engine, viewer, agency="B")
    with reading(engine) as session:
        assert dashboard(session, nobody(), TODAY).assets == 0
        for principal in (viewer, nobody()):
            with pytest.raises(NotFound):
                asset_lifecycle(session, principal, world.assets["aged"], TODAY)


def test_pages_follow_each_other_without_gap_or_repeat(engine: Engine) -> None:
    scanned(engine)
    seen: list[int | None] = []
    cursor: str | None = None
    pages = 0
    with reading(engine) as session:
        while True:
            page = list_findings(session, OPERATOR, after=cursor, limit=4)
            seen += [row.id for row in page.items]
            pages, cursor = pages + 1, page.next_cursor
            if cursor is None:
                break
        for wrong in ("", "x", "1-2-3", "-1", "1-", "1-9999999999999999999", "１-２"):
            with pytest.raises(Invalid):
                list_findings(session, OPERATOR, after=wrong)
    assert pages == 3
    assert len(seen) == len(set(seen)) == len(EXPECTED)


def test_the_worst_comes_first_then_what_ends_first_page_by_page(engine: Engine) -> None:
    scanned(engine)
    seen: list[FindingRow] = []
    cursor: str | None = None
    with reading(engine) as session:
        while True:
            page = list_findings(session, OPERATOR, after=cursor, limit=3, sort="severity")
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        for wrong in ("1-2", "0-0-1-1", "0-9999999-1-1", "x-1-1-1"):
            with pytest.raises(Invalid):
                list_findings(session, OPERATOR, after=wrong, sort="severity")
    assert len({row.id for row in seen}) == len(seen) == len(EXPECTED)
    assert [row.severity for row in seen] == ["high"] * 5 + ["medium"] * 3 + ["low"] * 2 + ["info"] * 2
    assert [row.ends_on for row in seen[:5]] == [
        WINDOWS_10_END, WINDOWS_10_END, date(2026, 12, 31), None, None
    ]  # fmt: skip
    assert seen == sorted(seen, key=worst_first)


def test_statements_of_reads_do_not_grow(engine: Engine) -> None:
    world = scanned(engine)
    few = _read_everything(engine, world)
    with transaction(engine) as session:
        for number in range(50):
            add_asset(session, world, Thing("B", f"more-{number}", ["Kantorku", "Windows 10 Pro"]))
    scan(engine, OPERATOR, TODAY, NOW)
    assert _read_everything(engine, world) == few
    assert few == [4, 3, 17]


def _read_everything(engine: Engine, world: World) -> list[int]:
    counted = []
    with reading(engine) as session:
        session.connection()
        for read in (
            lambda: list_findings(session, OPERATOR, limit=200),
            lambda: dashboard(session, OPERATOR, TODAY),
            lambda: asset_lifecycle(session, OPERATOR, world.assets["soon"], TODAY),
        ):
            with record_statements(engine) as statements:
                read()
            counted.append(len(statements))
    return counted


def test_dashboard_sums_units_by_agency_month_rule_and_severity(engine: Engine) -> None:
    world = scanned(engine)
    with reading(engine) as session:
        found = dashboard(session, OPERATOR, TODAY)
        mine = dashboard(session, world.viewer("A1"), TODAY)
        before = dashboard(session, OPERATOR, TODAY - timedelta(days=1))
    assert found.assets == 12
    assert found.obsolete == 3
    assert found.obsolete_by_agency == [("A", 1, 2), ("A1", 0, 6), ("B", 2, 4)]
    assert (found.unpatched, found.unpatchable, found.unknown) == (3, 2, 2)
    assert found.ending_by_month[:3] == [("2026-11", 0), ("2026-12", 5), ("2027-01", 0)]
    assert len(found.ending_by_month) == 13
    assert found.ending_by_month[-1] == ("2027-11", 0)
    assert found.coverage == Coverage(tracked=17, matched=16, dated=15, not_tracked=1)
    assert found.open["security-support-ended"] == 2
    assert found.open_by_severity == {"high": 5, "medium": 3, "low": 2, "info": 2}
    assert sum(found.open.values()) == sum(found.open_by_severity.values()) == len(EXPECTED)
    assert (found.counted_on, found.last_scan) == (TODAY, NOW)
    assert mine == Dashboard(
        assets=6, obsolete=0, obsolete_by_agency=[("A1", 0, 6)], ending_by_month=found.ending_by_month,
        unpatched=1, unknown=0, coverage=Coverage(11, 11, 11, 0),
        open={"security-support-ends-soon": 1, "active-support-ended": 1, "behind-latest": 1},
        counted_on=TODAY, last_scan=NOW, unpatchable=0, open_by_severity={"high": 1, "medium": 1, "low": 1},
        installations=3,
    )  # fmt: skip
    assert (before.obsolete, before.counted_on, before.open) == (0, None, {})


def test_the_dashboard_of_a_past_day_reads_the_counts_of_that_day(engine: Engine) -> None:
    build(engine, [Thing("A", "pc", ["Windows 10 Pro"])])
    scan(engine, OPERATOR, WINDOWS_10_END, NOW)
    scan(engine, OPERATOR, TODAY, NOW)
    with reading(engine) as session:
        then = dashboard(session, OPERATOR, WINDOWS_10_END + timedelta(days=2))
        now = dashboard(session, OPERATOR, TODAY)
    assert (then.obsolete, then.counted_on) == (0, WINDOWS_10_END)
    assert (now.obsolete, now.counted_on) == (1, TODAY)


def test_the_trend_carries_an_agency_that_was_not_counted_on_a_day(engine: Engine) -> None:
    world = build(
        engine, [Thing("A", "pc", ["Windows 10 Pro"]), Thing("B", "server", ["Old Thing"], units=4)]
    )
    for back in (200, 3, 1):
        scan(engine, OPERATOR, TODAY - timedelta(days=back), NOW)
    with transaction(engine) as session:
        add_asset(session, world, Thing("A", "late", ["Windows 10 Pro"]))
    scan(engine, world.viewer("A"), TODAY, NOW)
    with reading(engine) as session:
        found = list_trend(session, OPERATOR, TODAY, 90)
        assert list_trend(session, nobody(), TODAY, 90) == []
        mine = list_trend(session, world.viewer("B"), TODAY, 90)
    assert [(one.day, one.assets, one.obsolete) for one in found] == [
        (TODAY - timedelta(days=3), 5, 5), (TODAY - timedelta(days=1), 5, 5), (TODAY, 6, 6),
    ]  # fmt: skip
    assert [one.assets for one in mine] == [4, 4]


def explained(engine: Engine, world: World, tag: str, on: date = TODAY) -> AssetLifecycle:
    """The lifecycle of the asset `tag`."""
    with reading(engine) as session:
        return asset_lifecycle(session, OPERATOR, world.assets[tag], on)


def test_an_asset_explains_each_of_its_titles(engine: Engine) -> None:
    world = build(engine, THINGS)
    debian, office = explained(engine, world, "soon").installations
    assert (debian.title, debian.product, debian.release, debian.phase) == (
        "Debian 12", "debian", "12", "security-only",
    )  # fmt: skip
    assert [(one.kind, one.on, one.said) for one in debian.dates] == [
        ("active_support_ends", date(2026, 6, 10), None),
        ("security_support_ends", date(2028, 6, 30), None),
    ]
    assert (debian.source, debian.source_as_of) == ("endoflife.date", date(2026, 11, 20))
    assert debian.evidence["match"] == {
        "outcome": "matched", "tier": "auto", "confidence": 0.95, "method": "alias",
        "evidence": {"alias": "debian 12"},
    }  # fmt: skip
    assert [(one.rule, one.ends_on) for one in office.holdings] == [
        ("security-support-ends-soon", date(2026, 12, 31))
    ]
    (nginx,) = explained(engine, world, "behind").installations
    assert (nginx.phase, nginx.patch, nginx.latest) == ("none-announced", "behind", "1.28.2")
    assert (nginx.versions_behind, nginx.days_behind) == (2, (TODAY - date(2026, 1, 10)).days)
    assert [(one.kind, one.on, one.said) for one in nginx.dates] == [
        ("security_support_ends", None, "none announced")
    ]


def test_what_is_unknown_of_an_asset_says_why(engine: Engine) -> None:
    world = build(engine, THINGS)
    found = {one.title: (one.phase, one.unknown) for one in explained(engine, world, "strange").installations}
    assert found == {"Dateless": ("unknown", "no-dates"), "Kantorku": ("unknown", "unrecognised")}
    undated = explained(engine, world, "undated")
    assert (undated.age_unknown, undated.holdings, undated.model) == ("no-acquisition-date", (), None)
    aged = explained(engine, world, "aged")
    assert [one.rule for one in aged.holdings] == ["past-useful-life", "warranty-ended"]
    driver = explained(engine, world, "flagged").installations[1]
    assert (driver.title, driver.phase, driver.unknown) == ("Printer driver", "not-tracked", None)


def test_a_contract_shows_on_the_asset_until_its_last_day(engine: Engine) -> None:
    world = build(engine, [Thing("A1", "pc", ["Windows 10 Pro"])])
    with transaction(engine) as session:
        add_row(session, SupportContract(
            agency_id=world.agencies["A"], id=new_id(session), product_id=world.products["windows"],
            starts_on=date(2025, 10, 1), ends_on=TODAY, recorded_at=NOW,
        ))  # fmt: skip
    (covered,) = explained(engine, world, "pc").installations
    assert (covered.phase, covered.contract_ends_on, covered.holdings) == ("extended", TODAY, ())
    (after,) = explained(engine, world, "pc", TODAY + timedelta(days=1)).installations
    assert (after.phase, after.patch, after.contract_ends_on) == ("ended", "unpatchable", None)


def test_an_asset_shows_the_match_of_its_own_agency(engine: Engine) -> None:
    world = build(engine, [Thing(agency, f"pc-{agency}", ["Kantorku"]) for agency in ("A", "B")])
    with transaction(engine) as session:
        match(session, world, "Kantorku", "matched", "office 2021", scope="A")
    assert [one.product for one in explained(engine, world, "pc-A").installations] == ["office"]
    assert [one.product for one in explained(engine, world, "pc-B").installations] == [None]
