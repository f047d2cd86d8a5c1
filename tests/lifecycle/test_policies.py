"""Versions of the policy, from which day they hold, and contracts: who may change them and what a scan makes of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.lifecycle.world import NOW, OPERATOR, TODAY, Thing, build, findings
from tracker.db import reading, transaction
from tracker.identity.errors import Forbidden, Invalid, NotFound
from tracker.identity.models import Role
from tracker.lifecycle.actions import findings_as_of, scan
from tracker.lifecycle.contracts import NewContract, add_contract, end_contract, list_contracts
from tracker.lifecycle.policies import ensure_policy, get_policy
from tracker.lifecycle.policy import default_document, parse_policy, ruleset_document, ruleset_names
from tracker.lifecycle.policy_versions import PolicyEdit, add_policy, list_policies

EDGE = Thing("A", "edge", ["Windows 10 Pro"], is_edge=True)


def edit(on: date = TODAY, **changes: Any) -> PolicyEdit:
    """An edit of the policy named ours."""
    return PolicyEdit(name="ours", effective_on=on, changes=changes)


def test_a_version_holds_from_its_day_on_and_findings_name_it(engine: Engine) -> None:
    build(engine, [Thing("A", "pc", ["Office 2021"])])
    later = TODAY + timedelta(days=10)
    with transaction(engine) as session:
        ensure_policy(session, NOW)
        made = add_policy(
            session, OPERATOR, edit(later, ends_soon=[{"days": 20, "severity": "low"}]), TODAY, NOW
        )
        assert (made.label, made.effective_on) == ("ours v1", later)
        assert get_policy(session, day=later - timedelta(days=1)).label == "default v2"
        assert get_policy(session, day=later).label == "ours v1"
        assert [(one.name, one.is_in_force) for one in list_policies(session, TODAY)] == [
            ("ours", False), ("default", True),
        ]  # fmt: skip
    scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == {("pc", "security-support-ends-soon")}
    scan(engine, OPERATOR, later, NOW)
    assert findings(engine) == set()
    (row,) = findings_as_of(engine, OPERATOR, later + timedelta(days=10))
    assert (row.evidence["policy"], row.severity) == ("ours v1", "low")


def test_a_second_edit_is_a_second_version_and_keeps_the_first(engine: Engine) -> None:
    build(engine)
    with transaction(engine) as session:
        ensure_policy(session, NOW)
        add_policy(session, OPERATOR, edit(not_seen_days=30), TODAY, NOW)
        made = add_policy(
            session, OPERATOR, edit(severities={"warranty-ended": "info"}), TODAY, NOW + timedelta(1)
        )
    assert (made.version, made.not_seen_days, made.severity("warranty-ended")) == (2, 30, "info")
    assert made.severity("unpatchable") == "high"


def test_rules_that_are_off_flag_nothing(engine: Engine) -> None:
    build(engine, [EDGE])
    off = ["unpatchable", "extended-support-without-contract", "government-ruleset"]
    with transaction(engine) as session:
        add_policy(session, OPERATOR, edit(rules_off=off), TODAY, NOW)
    scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == {("edge", "security-support-ended")}


@pytest.mark.parametrize("ruleset", ["default", "us-cisa-bod-26-02", "au-pspf-legacy"])
def test_the_ruleset_of_the_policy_cites_its_clauses(engine: Engine, ruleset: str) -> None:
    build(engine, [EDGE, Thing("A", "inside", ["Windows 10 Pro"]), Thing("A", "fine", ["Windows 11 Pro"])])
    with transaction(engine) as session:
        add_policy(session, OPERATOR, edit(ruleset=ruleset), TODAY, NOW)
    scan(engine, OPERATOR, TODAY, NOW)
    flagged = {tag for tag, rule in findings(engine) if rule == "government-ruleset"}
    assert flagged == ({"edge", "inside"} if ruleset == "au-pspf-legacy" else {"edge"})
    rows = [row for row in findings_as_of(engine, OPERATOR, TODAY) if row.rule == "government-ruleset"]
    assert {row.asset_tag for row in rows} == flagged
    clauses = [one["clause"] for one in rows[0].evidence["clauses"]]  # type: ignore[attr-defined]
    assert clauses == {"default": ["A.1", "B.1"], "us-cisa-bod-26-02": ["remove"],
                       "au-pspf-legacy": ["A.2", "B.1"]}[ruleset]  # fmt: skip


@pytest.mark.parametrize("name", ruleset_names())
def test_every_shipped_ruleset_can_be_picked(name: str) -> None:
    made = parse_policy(default_document() | {"ruleset": ruleset_document(name)})
    assert made.ruleset is not None
    assert made.ruleset.id == name
    assert all(clause.text.keys() == {"en", "id"} for clause in made.ruleset.clauses)


@pytest.mark.parametrize(
    "changes",
    [
        {"unheard": 1}, {"name": "x"}, {"severities": {"unpatchable": "awful"}}, {"ruleset": "none-such"},
        {"ends_soon": [{"days": 0, "severity": "low"}]}, {"ends_soon": 3}, {"not_seen_days": -1},
        {"rules_off": ["unheard"]}, {"ordering": {"fiscal_year_end": "13-40"}}, {"ruleset": {"method": "dice"}},
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused_and_nothing_is_written(
    sqlite_engine: Engine, changes: dict[str, Any]
) -> None:
    build(sqlite_engine)
    with transaction(sqlite_engine) as session, pytest.raises(Invalid):
        add_policy(session, OPERATOR, edit(**changes), TODAY, NOW)
    with reading(sqlite_engine) as session:
        assert session.execute(text("SELECT COUNT(*) FROM refresh_policy")).scalar_one() == 0


def test_who_may_change_the_policy_and_when(sqlite_engine: Engine) -> None:
    world = build(sqlite_engine)
    with transaction(sqlite_engine) as session:
        with pytest.raises(Forbidden):
            add_policy(session, world.viewer("A", Role.ADMIN), edit(), TODAY, NOW)
        with pytest.raises(Invalid):
            add_policy(session, OPERATOR, edit(TODAY - timedelta(days=1)), TODAY, NOW)
        with pytest.raises(Invalid):
            add_policy(session, OPERATOR, PolicyEdit(name="default", effective_on=TODAY), TODAY, NOW)


def test_a_contract_is_recorded_covers_and_ends(engine: Engine) -> None:
    world = build(engine, [Thing("A1", "pc", ["Windows 10 Pro"])])
    new = NewContract(agency="A", product="windows", release="10", starts_on=date(2025, 10, 15),
                      ends_on=date(2027, 1, 1), reference="SPK 1")  # fmt: skip
    manager = world.viewer("A")
    with transaction(engine) as session:
        contract_id = add_contract(session, manager, new, NOW)
        assert [(one.id, one.product, one.release) for one in list_contracts(session, manager)] == [
            (contract_id, "windows", "10")
        ]
        assert list_contracts(session, world.viewer("B")) == []
    scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == set()
    with transaction(engine) as session:
        end_contract(session, manager, contract_id, TODAY - timedelta(days=1), NOW)
    scan(engine, OPERATOR, TODAY, NOW)
    assert ("pc", "extended-support-without-contract") in findings(engine)
    with transaction(engine) as session:
        for principal, error in ((world.viewer("B"), NotFound), (world.viewer("A", Role.AUDITOR), NotFound)):
            with pytest.raises(error):
                add_contract(session, principal, new, NOW)
            with pytest.raises(error):
                end_contract(session, principal, contract_id, TODAY, NOW)
        for wrong in ({"product": "nothing"}, {"release": "99"}):
            with pytest.raises(NotFound):
                add_contract(session, manager, new.model_copy(update=wrong), NOW)
        with pytest.raises(Invalid):
            add_contract(session, manager, new.model_copy(update={"ends_on": date(2020, 1, 1)}), NOW)


def test_what_ends_within_a_year_is_counted_whatever_the_policy_warns_of(engine: Engine) -> None:
    build(engine, [Thing("A", "pc", ["Office 2021"], units=3)])
    with transaction(engine) as session:
        add_policy(session, OPERATOR, edit(ends_soon=[{"days": 1, "severity": "low"}]), TODAY, NOW)
    scan(engine, OPERATOR, TODAY, NOW)
    assert findings(engine) == set()
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT measure, value FROM daily_rollup WHERE measure LIKE 'ending:%'")
        )
        assert [tuple(row) for row in rows] == [("ending:2026-12", 3)]
