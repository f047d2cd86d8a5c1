"""The parameters of a forecast: the shipped data/planning.json together with a refresh policy."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from tracker.budgeting.signatures import RuleEffect, Rules
from tracker.lifecycle.policy import Policy


@cache
def _shipped(name: str) -> Any:
    return json.loads((resources.files("tracker.budgeting") / "data" / name).read_text(encoding="utf-8"))


def shipped_prices() -> dict[str, Any]:
    """The price books of data/prices.json."""
    found: dict[str, Any] = _shipped("prices.json")
    return found


def planning_rules(policy: Policy, start_month: int) -> Rules:
    """Useful lives and risk weights of `policy` with the shipped meaning of each rule for a plan."""
    data = _shipped("planning.json")
    return Rules(
        effects={rule: RuleEffect(**effect) for rule, effect in data["rules"].items()},
        rule_points=dict(policy.risk_weights),
        severity_points=data["severity_points"],
        broken_points=data["broken_points"],
        past_life_points=policy.risk_weights.get("past-useful-life", 0),
        mandatory_severities=frozenset(data["mandatory_severities"]),
        upgrade_needs_remaining_years=data["upgrade_needs_remaining_years"],
        useful_life_years={
            name: life.years for name, life in policy.useful_life.items() if life.years is not None
        },
        start_month=start_month,
    )
