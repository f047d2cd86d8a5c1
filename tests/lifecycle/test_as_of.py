"""Another day or another instant: the same rules, and no row changes at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, update

from tests.lifecycle.test_scan import EXPECTED, THINGS
from tests.lifecycle.world import (
    NOW,
    OPERATOR,
    TODAY,
    Facts,
    Thing,
    add_asset,
    add_fact,
    add_row,
    build,
    contents,
    findings,
    install,
)
from tracker.db import new_id, record_statements, table_of, transaction
from tracker.identity.errors import Forbidden, NotFound
from tracker.identity.schemas import nobody
from tracker.inventory.models import Asset, AssetChange
from tracker.lifecycle.actions import findings_as_of, scan, scan_as_of
from tracker.lifecycle.schemas import FindingFilter

LATER = NOW + timedelta(days=3)


@pytest.mark.parametrize("day", [date(2024, 1, 1), TODAY, date(2031, 1, 1)])
def test_an_as_of_question_changes_no_row(engine: Engine, day: date) -> None:
    build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    before = contents(engine)
    scan_as_of(engine, OPERATOR, day)
    scan_as_of(engine, OPERATOR, day, NOW)
    findings_as_of(engine, OPERATOR, day, NOW)
    assert contents(engine) == before


def test_as_of_today_equals_the_stored_scan(engine: Engine) -> None:
    build(engine, THINGS)
    asked = scan_as_of(engine, OPERATOR, TODAY)
    assert findings(engine) == set()
    stored = scan(engine, OPERATOR, TODAY, NOW)
    assert (asked.open, asked.coverage, asked.assets) == (stored.open, stored.coverage, stored.assets)
    assert (asked.opened, asked.resolved, asked.changed) == (0, 0, 0)
    rows = findings_as_of(engine, OPERATOR, TODAY)
    assert {(row.asset_tag, row.rule) for row in rows} == EXPECTED
    assert {row.id for row in rows} == {None}


@pytest.mark.parametrize(
    ("day", "rules"),
    [
        (date(2025, 10, 14), {"security-support-ends-soon"}),
        (date(2025, 10, 15), {"security-support-ended", "unpatchable", "extended-support-without-contract"}),
        (date(2024, 10, 13), set()),
        (date(2024, 10, 14), {"security-support-ends-soon"}),
    ],
)
def test_a_past_or_future_day(sqlite_engine: Engine, day: date, rules: set[str]) -> None:
    build(sqlite_engine, [Thing("A", "pc", ["Windows 10 Pro"])])
    rows = findings_as_of(sqlite_engine, OPERATOR, day)
    assert {row.rule for row in rows} == rules
    assert {row.opened_on for row in rows} <= {day}


def test_known_at_an_instant_reads_the_facts_and_the_inventory_of_then(engine: Engine) -> None:
    world = build(
        engine, [Thing("A", "pc", ["Office 2021"]), Thing("A", "old", acquired_on=date(2020, 1, 1))]
    )
    with transaction(engine) as session:
        add_fact(session, world, "office 2021", Facts(security_on=date(2026, 1, 1)), LATER)
        add_asset(session, world, Thing("A", "new", ["Windows 10 Pro"], recorded_at=LATER))
        install(session, world, "A", "old", "Windows 10 Pro", LATER)
        asset = table_of(Asset)
        session.execute(
            update(asset)
            .where(asset.c.id == world.assets["old"])
            .values(acquired_on=date(2026, 1, 1), status="retired")
        )
        for field, before, after in (
            ("acquired_on", "2020-01-01", "2026-01-01"),
            ("status", "in-use", "retired"),
        ):
            add_row(session, AssetChange(
                agency_id=world.agencies["A"], id=new_id(session), asset_id=world.assets["old"], field=field,
                before=before, after=after, actor="x", at=LATER,
            ))  # fmt: skip
    then = {(row.asset_tag, row.rule) for row in findings_as_of(engine, OPERATOR, TODAY, NOW)}
    assert then == {("pc", "security-support-ends-soon"), ("old", "past-useful-life")}
    now = {(row.asset_tag, row.rule) for row in findings_as_of(engine, OPERATOR, TODAY)}
    assert now == {
        *((tag, rule) for tag in ("pc", "new") for rule in ("security-support-ended", "unpatchable")),
        ("new", "extended-support-without-contract"),
    }
    assert scan_as_of(engine, OPERATOR, TODAY, NOW).installations == 1
    assert scan_as_of(engine, OPERATOR, TODAY, NOW - timedelta(days=1)).assets == 0


def test_filters_scope_and_refusal(engine: Engine) -> None:
    world = build(engine, THINGS)

    def tags(principal: object = OPERATOR, **wanted: str) -> set[str | None]:
        rows = findings_as_of(engine, principal, TODAY, wanted=FindingFilter(**wanted))  # type: ignore[arg-type]
        return {row.asset_tag for row in rows}

    assert tags(agency="A") == {"old-os", "soon", "behind"}
    assert tags(agency="A1", rule="behind-latest") == {"behind"}
    assert tags(text="NGINX") == {"behind"}
    assert tags(text="AGED") == {"aged"}
    assert tags(severity="info") == {"strange", "undated"}
    assert tags(state="resolved") == set()
    assert tags(world.viewer("A1")) == {"soon", "behind"}
    with pytest.raises(NotFound):
        tags(world.viewer("A1"), agency="B")
    for asking in (scan_as_of, findings_as_of):
        with pytest.raises(Forbidden):
            asking(engine, nobody(), TODAY)


def test_evidence_of_a_day_that_was_never_scanned(engine: Engine) -> None:
    build(engine, THINGS)
    rows = {(row.asset_tag, row.rule): row for row in findings_as_of(engine, OPERATOR, TODAY)}
    assert rows["strange", "lifecycle-unknown"].evidence["unknown"] == [
        {"title": "Dateless", "reason": "no-dates", "policy": "default v2"},
        {"title": "Kantorku", "reason": "unrecognised", "policy": "default v2"},
    ]
    assert rows["undated", "lifecycle-unknown"].evidence["unknown"] == [{"reason": "no-acquisition-date"}]
    ended = rows["old-os", "security-support-ended"]
    assert (ended.title, ended.product, ended.release) == ("Windows 10 Pro", "windows", "10")
    assert ended.evidence["source"] == "endoflife.date"
    assert ended.evidence["snapshot_as_of"] == "2026-11-20"


def test_statements_do_not_grow(engine: Engine) -> None:
    world = build(engine, THINGS)
    counted = []
    for _ in range(2):
        with record_statements(engine) as statements:
            findings_as_of(engine, OPERATOR, TODAY, datetime(2026, 12, 31, tzinfo=UTC))
        counted.append(len(statements))
        with transaction(engine) as session:
            for number in range(40):
                add_asset(session, world, Thing("B", f"more-{number}", ["Kantorku", "Windows 10 Pro"]))
    assert counted[0] == counted[1]
