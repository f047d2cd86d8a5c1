"""Scans on both databases: what opens, what is written, what resolves and comes back."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import Engine

from tests.lifecycle.world import NOW, OPERATOR, TODAY, Thing, build, contents, findings
from tracker.lifecycle.actions import scan

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
    assert (result.opened, result.resolved, result.changed) == (11, 0, 0)
    assert result.open == {
        "security-support-ended": 2,
        "security-support-ends-soon": 1,
        "active-support-ended": 1,
        "behind-latest": 1,
        "unpatchable": 2,
        "past-useful-life": 1,
        "warranty-ended": 1,
        "lifecycle-unknown": 2,
    }
    assert (result.assets, result.installations, result.titles) == (8, 10, 10)


def test_second_scan_of_the_day_writes_no_row(engine: Engine) -> None:
    build(engine, THINGS)
    scan(engine, OPERATOR, TODAY, NOW)
    before = contents(engine)
    result = scan(engine, OPERATOR, TODAY, NOW + timedelta(hours=1))
    assert (result.opened, result.resolved, result.changed) == (0, 0, 0)
    assert contents(engine) == before
