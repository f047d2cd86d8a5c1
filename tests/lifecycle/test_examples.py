"""The examples that the rules carry as data: literal dates, and whether the rule holds on the day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tracker.lifecycle.asset_rules import (
    assess_age,
    assess_custody,
    assess_processor,
    assess_repair,
    assess_sighting,
    assess_warranty,
)
from tracker.lifecycle.judging import ruleset_cause
from tracker.lifecycle.policy import default_document, parse_policy, rule_documents
from tracker.lifecycle.processors import windows_11
from tracker.lifecycle.profiles import Profile, assess_risk
from tracker.lifecycle.rules import (
    Exploited,
    Moved,
    PatchFacts,
    ReleaseDates,
    Rule,
    RuleVerdict,
    Subject,
    assess,
)

POLICY = parse_policy(default_document())
EXAMPLES = [
    pytest.param(rule, told, id=f"{rule}-{at}")
    for rule, document in rule_documents().items()
    for at, told in enumerate(document["examples"])
]


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _dated(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _day(value) if name.endswith("_on") else value for name, value in values.items()}


def _entry(told: list[str | None]) -> Exploited:
    cve, on, due = told
    assert cve and on
    return Exploited(cve, date.fromisoformat(on), _day(due))


def _of_release(rule: str, told: dict[str, Any], day: date) -> RuleVerdict | bool | None:
    named = {"outcome": "matched", "tier": "auto"} | told.get("match", {})
    found = named["outcome"] == "matched"
    subject = Subject("title", 1, 0, named["outcome"], named["tier"], 10 if found else None, 100, "1.28.0")
    made = assess(
        subject,
        ReleaseDates(**_dated(told["release"])) if "release" in told else None,
        PatchFacts(**_dated(told["patch"])) if "patch" in told else None,
        tuple(_entry(one) for one in told.get("entries", ())),
        POLICY,
        day,
        tuple(Moved(kind, *(date.fromisoformat(on) for on in days)) for kind, *days in told.get("moved", ())),
    )  # fmt: skip
    if rule == Rule.LIFECYCLE_UNKNOWN:
        return made.unknown_reason is not None
    if rule == Rule.MATCH_TO_REVIEW:
        return made.unknown_reason == "match-to-review"
    found_of = made.contract_verdicts if told.get("contract") else made.verdicts
    return next((one for one in found_of if one.rule == rule), None)


def _of_asset(rule: str, told: dict[str, Any], day: date) -> RuleVerdict | None:
    held = _dated(told)
    if rule == Rule.PAST_USEFUL_LIFE:
        return assess_age(held["asset_class"], held["acquired_on"], held["precision"], POLICY, day)[0]
    if rule == Rule.NO_CUSTODIAN:
        return None if held["custodian"] or held["location"] else assess_custody(POLICY)
    if rule == Rule.NOT_REPAIRABLE:
        return assess_repair(POLICY) if held["condition"] == "broken" else None
    if rule == Rule.CANNOT_FOLLOW:
        return assess_processor(held["processor"], windows_11(), POLICY, day)
    if rule == Rule.NOT_SEEN:
        return assess_sighting(held["last_seen_on"], POLICY, day)
    return assess_warranty(held["warranty_ends_on"], POLICY, day)


def _of_profile(told: dict[str, Any]) -> RuleVerdict | None:
    profile = Profile(
        frozenset(Rule(name) for name in told["rules"]), bool(told.get("is_edge")), worst="high"
    )
    cause = ruleset_cause(profile, assess_risk(profile, POLICY), POLICY)
    return None if cause is None else cause.verdict


@pytest.mark.parametrize(("rule", "told"), EXAMPLES)
def test_an_example_of_a_rule_is_true(rule: str, told: dict[str, Any]) -> None:
    day = date.fromisoformat(told["day"])
    found: RuleVerdict | bool | None
    if "profile" in told:
        found = _of_profile(told["profile"])
    elif "asset" in told:
        found = _of_asset(rule, told["asset"], day)
    else:
        found = _of_release(rule, told, day)
    assert bool(found) is told["holds"]
    if isinstance(found, RuleVerdict):
        for name in ("since_on", "ends_on"):
            if name in told:
                assert getattr(found, name) == date.fromisoformat(told[name])
        assert found.severity == told.get("severity", found.severity)
        assert told.get("facts", {}).items() <= found.facts.items()
        fired: Any = found.facts.get("clauses", [])
        assert [one["clause"] for one in fired] == told.get("clauses", [])


def test_every_rule_has_an_example_that_holds_and_one_that_does_not() -> None:
    assert set(rule_documents()) == {rule.value for rule in Rule}
    for document in rule_documents().values():
        assert {told["holds"] for told in document["examples"]} == {True, False}
