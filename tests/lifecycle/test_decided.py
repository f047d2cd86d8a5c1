"""A scan rests on what people decided: an agency's decision opens findings there and nowhere else."""

from __future__ import annotations

from sqlalchemy import Engine

from tests.inventory.test_deciding import decide, world_of
from tests.lifecycle.world import NOW, OPERATOR, TODAY, findings
from tracker.lifecycle.actions import scan


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
