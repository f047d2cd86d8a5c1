"""A scan rests on what people decided: an agency's decision opens findings there and nowhere else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from tests.inventory.test_deciding import decide, world_of
from tests.lifecycle.world import NOW, OPERATOR, TODAY, Facts, Thing, add_fact, build, findings
from tracker.catalogue import overrides
from tracker.catalogue.overrides import NewOverride, OverrideView
from tracker.db import reading, transaction
from tracker.identity.errors import NotFound
from tracker.identity.models import Role
from tracker.identity.schemas import Principal
from tracker.lifecycle.actions import scan
from tracker.lifecycle.queries import list_findings
from tracker.lifecycle.schemas import FindingFilter


def _ended(engine: Engine) -> set[str]:
    scan(engine, OPERATOR, TODAY, NOW)
    return {tag for tag, rule in findings(engine) if rule == "security-support-ended"}


def test_the_scan_of_an_agency_rests_on_its_own_decision(engine: Engine) -> None:
    world = world_of(engine)
    assert _ended(engine) == set()
    decide(engine, world.viewer("A"), "A", "Kantorku Pro", product="windows", release="10")
    assert _ended(engine) == {"A-1", "A-2", "A1-1"}
    decide(engine, world.viewer("A1"), "A1", "Kantorku Pro", product="windows", release="11")
    assert _ended(engine) == {"A-1", "A-2"}
    decide(engine, OPERATOR, "ROOT", "Kantorku Pro", product="windows", release="10")
    assert _ended(engine) == {"A-1", "A-2", "B-1"}


def _hold(engine: Engine, who: Principal, agency: str, value: date) -> OverrideView:
    new = NewOverride(agency=agency, product="windows", release="11", value=value, reason="our contract",
                      document="SPK 7/2026")  # fmt: skip
    with transaction(engine) as session:
        return overrides.set_override(session, who, new, NOW + timedelta(hours=1))


def test_an_agency_holds_another_date_of_a_release(engine: Engine) -> None:
    things = [Thing(agency, f"{agency}-W", ["Windows 11 Pro"]) for agency in ("A", "A1", "B")]
    world = build(engine, things)
    assert _ended(engine) == set()
    _hold(engine, world.viewer("A"), "A", date(2026, 1, 31))
    assert _ended(engine) == {"A-W", "A1-W"}
    below = _hold(engine, world.viewer("A"), "A1", date(2030, 1, 31))
    assert _ended(engine) == {"A-W"}
    _hold(engine, OPERATOR, "ROOT", date(2026, 2, 28))
    assert _ended(engine) == {"A-W", "B-W"}
    with reading(engine) as session:
        found = list_findings(session, OPERATOR, FindingFilter(rule="security-support-ended")).items
    told = {one.asset_tag: (one.ends_on, one.evidence["overridden"]) for one in found}
    assert told["B-W"][0] == date(2026, 2, 28)
    assert told["A-W"] == (
        date(2026, 1, 31),
        {
            "security_support_ends": {
                "date_by_local_override": "2026-01-31", "decided_for": "A", "decided_by": "viewer of A",
                "decided_on": "2026-11-25", "decided_because": "our contract", "document": "SPK 7/2026",
            }
        },
    )  # fmt: skip
    with transaction(engine) as session:
        add_fact(session, world, "windows 11", Facts(security_on=date(2031, 1, 1)), NOW + timedelta(hours=2))
        overrides.end_override(session, world.viewer("A"), below.id, NOW + timedelta(hours=2))
    assert _ended(engine) == {"A-W", "A1-W", "B-W"}


def test_overridden_dates_are_their_agencys_alone(engine: Engine) -> None:
    world = build(engine)
    made = _hold(engine, world.viewer("A"), "A", date(2026, 1, 31))
    with pytest.raises(NotFound):
        _hold(engine, world.viewer("A"), "B", date(2026, 1, 31))
    with pytest.raises(NotFound):
        _hold(engine, world.viewer("A", Role.AUDITOR), "A", date(2026, 1, 31))
    with pytest.raises(NotFound), transaction(engine) as session:
        overrides.end_override(session, world.viewer("B"), made.id, NOW)
    with reading(engine) as session:
        assert overrides.list_overrides(session, world.viewer("B")) == []
        assert [one.id for one in overrides.list_overrides(session, world.viewer("A"))] == [made.id]
