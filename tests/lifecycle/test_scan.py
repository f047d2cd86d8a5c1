"""Scans on both databases: what opens, what is written, what resolves and comes back."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import psycopg
import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from tests.lifecycle.world import (
    NOW,
    OPERATOR,
    TODAY,
    Facts,
    Thing,
    World,
    add_asset,
    add_exploited,
    add_fact,
    add_release,
    add_row,
    add_title,
    build,
    contents,
    findings,
    install,
    match,
)
from tracker.db import new_id, reading, record_statements, table_of, transaction
from tracker.identity.errors import Forbidden
from tracker.identity.models import AuditEvent, Role
from tracker.identity.schemas import nobody
from tracker.inventory.models import Asset, Installation
from tracker.lifecycle import scan as scanning
from tracker.lifecycle.actions import scan
from tracker.lifecycle.models import Finding, SupportContract
from tracker.lifecycle.queries import list_findings
from tracker.lifecycle.schemas import Coverage, FindingFilter

THINGS = (
    Thing("A", "old-os", ["Windows 10 Pro"]),
    Thing("A", "good", ["Windows 11 Pro", "nginx 1.28.2"]),
    Thing("A1", "soon", ["Office 2021", "Debian 12"], units=5),
    Thing("A1", "behind", ["nginx 1.28.0"]),
    Thing("B", "flagged", ["Old Thing", "Printer driver"]),
    Thing("B", "strange", ["Kantorku", "Dateless"]),
    Thing("B", "aged", acquired_on=date(2020, 1, 1), precision="year", warranty_ends_on=date(2023, 1, 1)),
    Thing("B", "undated", acquired_on=None),
    Thing("B", "gone", ["Windows 10 Pro"], status="retired"),
    Thing("B", "chair", ["Windows 10 Pro"], it_scope="other"),
)
EXPECTED = {
    ("old-os", "security-support-ended"),
    ("old-os", "unpatchable"),
    ("old-os", "extended-support-without-contract"),
    ("soon", "security-support-ends-soon"),
    ("soon", "active-support-ended"),
    ("behind", "behind-latest"),
    ("flagged", "security-support-ended"),
    ("flagged", "unpatchable"),
    ("strange", "lifecycle-unknown"),
    ("aged", "past-useful-life"),
    ("aged", "warranty-ended"),
    ("undated", "lifecycle-unknown"),
}


def test_every_rule_reaches_its_assets(engine: Engine) -> None:
    build(engine, THINGS)
    result = scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == EXPECTED
    assert (result.opened, result.resolved, result.changed) == (12, 0, 0)
    assert result.open == {
        "security-support-ended": 2,
        "security-support-ends-soon": 1,
        "active-support-ended": 1,
        "behind-latest": 1,
        "unpatchable": 2,
        "past-useful-life": 1,
        "warranty-ended": 1,
        "lifecycle-unknown": 2,
        "extended-support-without-contract": 1,
    }
    assert (result.assets, result.installations, result.titles) == (8, 10, 10)


def test_second_scan_of_the_day_writes_no_row(engine: Engine) -> None:
    build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    before = contents(engine)
    result = scan(engine, OPERATOR, TODAY, NOW + timedelta(hours=1))
    assert (result.opened, result.resolved, result.changed) == (0, 0, 0)
    assert contents(engine) == before


def test_statements_of_a_scan_do_not_grow_with_rows(engine: Engine) -> None:
    world = build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    few = _statements(engine)
    with transaction(engine) as session:
        for number in range(60):
            add_asset(session, world, Thing("A", f"more-{number}", ["Windows 10 Pro", "nginx 1.28.0"]))
    assert scan(engine, OPERATOR, TODAY, NOW).opened == 240
    assert _statements(engine) == few


def _statements(engine: Engine) -> int:
    with record_statements(engine) as statements:
        scan(engine, OPERATOR, TODAY, NOW)
    return len(statements)


_WRITING = ("INSERT INTO", "UPDATE", "DELETE FROM", "COPY", "TRUNCATE")


def _writing(engine: Engine) -> list[str]:
    with record_statements(engine) as statements:
        scan(engine, OPERATOR, TODAY, NOW)
    return [sql for sql in statements if sql.lstrip().upper().startswith(_WRITING)]


def test_second_scan_sends_no_statement_that_writes(engine: Engine) -> None:
    build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    assert _writing(engine) == []


def test_a_scan_that_finds_nothing_new_writes_no_more_than_what_it_rested_on(engine: Engine) -> None:
    build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM scan_mark"))
    written = [sql for sql in _writing(engine) if "scan_" not in sql.split("(")[0]]
    assert written == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE asset SET status = 'withdrawn' WHERE asset_tag = 'old-os'",
        "UPDATE asset SET it_scope = 'other' WHERE asset_tag = 'old-os'",
        "UPDATE installation SET title_id = (SELECT id FROM software_title WHERE name = 'Printer driver') "
        "WHERE asset_id = (SELECT id FROM asset WHERE asset_tag = 'old-os')",
        "UPDATE title_match SET tier = 'review' WHERE subject_kind = 'title' AND subject_id = "
        "(SELECT id FROM software_title WHERE name = 'Windows 10 Pro')",
        "DELETE FROM finding WHERE asset_id = (SELECT id FROM asset WHERE asset_tag = 'old-os')",
    ],
)
def test_whatever_changed_is_seen_by_a_scan_of_the_same_day(engine: Engine, change: str) -> None:
    """The second scan ends where a first one would, whatever was changed and by whom."""
    build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    with transaction(engine) as session:
        session.execute(text(change))
    result = scan(engine, OPERATOR, TODAY, NOW)
    assert result.opened + result.resolved == (3 if "tier" not in change else 5)
    found = findings(engine)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM finding"))
        session.execute(text("DELETE FROM scan_mark"))
    scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == found


def test_a_scan_of_a_part_leaves_the_rest_to_the_next(engine: Engine) -> None:
    world = build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    with transaction(engine) as session:
        add_asset(session, world, Thing("B", "late", ["Windows 10 Pro"]))
    assert scan(engine, world.viewer("A"), TODAY, NOW).opened == 0
    result = scan(engine, OPERATOR, TODAY, NOW)
    assert (result.opened, result.assets, result.installations) == (3, 9, 11)


def test_what_no_longer_holds_is_resolved_and_comes_back_as_a_new_episode(engine: Engine) -> None:
    world = build(engine, [Thing("A", "pc", ["nginx 1.28.0"])])
    scan(engine, OPERATOR, TODAY, NOW)
    _swap(engine, world, "nginx 1.28.0", "nginx 1.28.2")
    result = scan(engine, OPERATOR, TODAY + timedelta(days=1), NOW)
    assert (result.opened, result.resolved) == (0, 1)
    _swap(engine, world, "nginx 1.28.2", "nginx 1.28.0")
    result = scan(engine, OPERATOR, TODAY + timedelta(days=5), NOW)
    assert (result.opened, result.resolved) == (1, 0)
    assert _episodes(engine) == [
        (TODAY, TODAY + timedelta(days=1)),
        (TODAY + timedelta(days=5), None),
    ]


def _swap(engine: Engine, world: World, before: str, after: str) -> None:
    held = table_of(Installation)
    with transaction(engine) as session:
        gone = held.c.title_id == world.titles[before]
        session.execute(held.update().where(gone).values(superseded_at=NOW))
        install(session, world, "A", "pc", after)


def _episodes(engine: Engine) -> list[tuple[date, date | None]]:
    found = table_of(Finding)
    with engine.connect() as connection:
        rows = connection.execute(select(found.c.opened_on, found.c.resolved_on).order_by(found.c.id))
        return [(row[0], row[1]) for row in rows]


def test_a_patch_that_changes_the_title_keeps_the_history(engine: Engine) -> None:
    """Product, not title, is the subject: 1.28.1 is still behind, so the finding stays the same one."""
    world = build(engine, [Thing("A", "pc", ["nginx 1.28.0"])])
    with transaction(engine) as session:
        add_title(session, world, "nginx 1.28.1")
        match(session, world, "nginx 1.28.1", "matched", "nginx 1.28", version="1.28.1", version_key="1.28.1")
    scan(engine, OPERATOR, TODAY, NOW)
    _swap(engine, world, "nginx 1.28.0", "nginx 1.28.1")
    result = scan(engine, OPERATOR, TODAY + timedelta(days=1), NOW)
    assert (result.opened, result.resolved, result.changed) == (0, 0, 1)
    assert _episodes(engine) == [(TODAY, None)]
    with reading(engine) as session:
        (row,) = list_findings(session, OPERATOR).items
    assert (row.version, row.since_on, row.opened_on) == ("1.28.1", date(2026, 3, 1), TODAY)


def test_news_of_one_release_changes_only_its_findings(engine: Engine) -> None:
    world = build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    with transaction(engine) as session:
        add_fact(session, world, "office 2021", Facts(security_on=date(2030, 1, 1)), NOW)
    result = scan(engine, OPERATOR, TODAY, NOW)
    assert (result.opened, result.resolved, result.changed) == (0, 1, 0)
    assert findings(engine) == EXPECTED - {("soon", "security-support-ends-soon")}
    assert findings(engine, everything=True) == EXPECTED


def test_a_withdrawn_asset_keeps_its_findings_resolved(engine: Engine) -> None:
    world = build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    asset = table_of(Asset)
    with transaction(engine) as session:
        gone = asset.c.id == world.assets["old-os"]
        session.execute(asset.update().where(gone).values(status="withdrawn"))
    assert scan(engine, OPERATOR, TODAY, NOW).resolved == 3
    assert findings(engine, everything=True) == EXPECTED


def test_an_agency_scans_and_writes_its_own_subtree_only(engine: Engine) -> None:
    world = build(engine, THINGS)
    result = scan(engine, world.viewer("A1"), TODAY, NOW)
    assert (result.assets, result.installations, result.titles, result.opened) == (2, 3, 3, 3)
    assert {tag for tag, _ in findings(engine)} == {"soon", "behind"}
    assert scan(engine, world.viewer("A"), TODAY, NOW).opened == 3
    assert {tag for tag, _ in findings(engine)} == {"soon", "behind", "old-os"}
    assert _scanned_agencies(engine) == [world.agencies["A1"], world.agencies["A"]]


def _scanned_agencies(engine: Engine) -> list[int]:
    event = table_of(AuditEvent)
    with engine.connect() as connection:
        scans = select(event.c.agency_id).where(event.c.action == "scan").order_by(event.c.seq)
        return list(connection.execute(scans).scalars())


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.BUDGET_OFFICER, Role.UPLOADER])
def test_who_may_not_scan_is_refused_and_nothing_is_written(sqlite_engine: Engine, role: Role) -> None:
    world = build(sqlite_engine, THINGS)
    before = contents(sqlite_engine)
    for principal in (world.viewer("A", role), nobody()):
        with pytest.raises(Forbidden):
            scan(sqlite_engine, principal, TODAY, NOW)
    assert contents(sqlite_engine) == before


def test_a_contract_covers_its_agency_and_those_below(engine: Engine) -> None:
    things = [Thing(agency, f"pc-{agency}", ["Windows 10 Pro"]) for agency in ("A", "A1", "B")]
    world = build(engine, things)
    with transaction(engine) as session:
        add_row(session, SupportContract(
            agency_id=world.agencies["A"], id=new_id(session), product_id=world.products["windows"],
            release_id=world.releases["windows 10"], starts_on=date(2025, 10, 1), ends_on=TODAY, recorded_at=NOW,
        ))  # fmt: skip
    scan(engine, OPERATOR, TODAY, NOW)
    ended = {"security-support-ended", "unpatchable", "extended-support-without-contract"}
    assert findings(engine) == {("pc-B", rule) for rule in ended}
    scan(engine, OPERATOR, TODAY + timedelta(days=1), NOW)
    assert findings(engine) == {(thing.tag, rule) for thing in things for rule in ended}


def test_an_agencys_own_match_outranks_the_shared_one(engine: Engine) -> None:
    things = [Thing(agency, f"pc-{agency}", ["Kantorku"], units=3) for agency in ("A", "B")]
    world = build(engine, things)
    with transaction(engine) as session:
        match(session, world, "Kantorku", "matched", "office 2021", scope="A")
    result = scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == {("pc-A", "security-support-ends-soon"), ("pc-B", "lifecycle-unknown")}
    assert result.coverage == Coverage(tracked=6, matched=3, dated=3, not_tracked=0)
    assert result.installations == 2


def test_hardware_with_dates_counts_them_and_without_falls_back_to_useful_life(engine: Engine) -> None:
    world = build(
        engine,
        [
            Thing("A", "dated", asset_class="network", model="Switch 9", acquired_on=None),
            Thing("A", "undated", asset_class="network", model="Box", acquired_on=date(2021, 11, 24)),
            Thing("A", "neither", asset_class="network", model="Box", acquired_on=None),
        ],
    )
    with transaction(engine) as session:
        add_release(session, world, "switch 9", Facts(security_on=date(2026, 1, 31)))
        match(session, world, "Switch 9", "matched", "switch 9", kind="model")
    scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == {
        ("dated", "security-support-ended"),
        ("dated", "unpatchable"),
        ("undated", "past-useful-life"),
        ("neither", "lifecycle-unknown"),
    }


@pytest.mark.parametrize(
    ("cve", "rule", "severity"),
    [("CVE-2025-2", "exploited-possible", "high"), ("CVE-2026-2", "exploited", "critical")],
)
def test_exploited_says_which_entries_until_when_and_of_which_day(
    engine: Engine, cve: str, rule: str, severity: str
) -> None:
    """The installed version is of 2025: it may hold the fix of what was found that year, not of later ones."""
    world = build(engine, [Thing("A", "pc", ["nginx 1.28.0"])])
    with transaction(engine) as session:
        add_exploited(session, world, "nginx", "CVE-2025-1", date(2025, 4, 23))
        add_exploited(session, world, "nginx", cve, date(2026, 2, 2), date(2026, 2, 23))
    scan(engine, OPERATOR, TODAY, NOW)
    with reading(engine) as session:
        (row,) = list_findings(session, OPERATOR, FindingFilter(rule=rule)).items
    assert (row.severity, row.since_on) == (severity, date(2026, 2, 2))
    assert (row.evidence["newest"], row.evidence["entries"]) == (cve, 1)
    assert (row.evidence["due_on"], row.evidence["listed"]) == ("2026-02-23", [cve])
    assert findings(engine) >= {("pc", rule), ("pc", "behind-latest")}


def test_coverage_counts_units_and_leaves_out_what_nobody_tracks(engine: Engine) -> None:
    build(engine, THINGS)
    result = scan(engine, OPERATOR, TODAY, NOW)
    # 5 units with two titles, five single ones that match, and two unknown, one of them without dates.
    assert result.coverage == Coverage(tracked=17, matched=16, dated=15, not_tracked=1)
    told = result.to_json()
    assert told["as_of"] == "2026-11-25"
    assert told["coverage"] == {
        "tracked": 17,
        "matched": 0.9412,
        "dated": 0.8824,
        "not_tracked": 1,
        "units": {"tracked": 17, "matched": 16, "dated": 15, "not_tracked": 1},
    }
    assert list(told) == [
        "as_of", "assets", "installations", "titles", "coverage", "opened", "resolved", "open", "seconds",
    ]  # fmt: skip


def test_a_scan_that_breaks_leaves_whole_chunks_and_the_next_one_completes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(engine, THINGS)
    monkeypatch.setattr(scanning, "CHUNK_ASSETS", 1)
    _forbid_last_rollup(engine)
    with pytest.raises((sqlite3.Error, psycopg.Error, DBAPIError), match="forbidden"):
        scan(engine, OPERATOR, TODAY, NOW)
    assert {tag for tag, _ in findings(engine)} == {"old-os", "soon", "behind"}
    with transaction(engine) as session:
        on = " ON daily_rollup" if engine.dialect.name == "postgresql" else ""
        session.execute(text(f"DROP TRIGGER t{on}"))
    scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == EXPECTED


def _forbid_last_rollup(engine: Engine) -> None:
    """Let the database refuse the counts of the last agency, at the very end of its chunk."""
    trigger = "CREATE TRIGGER t BEFORE INSERT ON daily_rollup {} WHEN (NEW.agency_id = {}) {}"
    with transaction(engine) as session:
        last = session.execute(text("SELECT MAX(agency_id) FROM asset")).scalar_one()
        if engine.dialect.name == "postgresql":
            body = "BEGIN RAISE 'forbidden'; END"
            session.execute(text(f"CREATE FUNCTION f() RETURNS trigger AS $${body}$$ LANGUAGE plpgsql"))
            session.execute(text(trigger.format("FOR EACH ROW", last, "EXECUTE FUNCTION f()")))
        else:
            session.execute(text(trigger.format("", last, "BEGIN SELECT RAISE(FAIL, 'forbidden'); END")))
