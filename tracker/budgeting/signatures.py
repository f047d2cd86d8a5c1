"""What a signature of findings means to a plan, pure; and the parameters that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from tracker.budgeting.needs import RiskPart

#: Severities from mild to grave.
SEVERITIES = ("info", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What a finding of a rule means to a plan; see data/planning.json for the words."""

    part: str
    due: str | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The parameters of a forecast. Points are 0–100; `useful_life_years` by asset class."""

    effects: Mapping[str, RuleEffect]
    rule_points: Mapping[str, int]
    severity_points: Mapping[str, int]
    broken_points: int
    past_life_points: int
    mandatory_severities: frozenset[str]
    upgrade_needs_remaining_years: int
    useful_life_years: Mapping[str, int]
    start_month: int = 1

    def points(self, rule: str, severity: str) -> int:
        """Risk points of a finding: the policy's weight of its rule, else what its severity is worth."""
        return self.rule_points.get(rule, self.severity_points.get(severity, 0))


class VerdictFacts(NamedTuple):
    """Why findings hold: one verdict stands behind those of many assets."""

    rule: str
    severity: str
    subject_kind: str
    title_id: int | None
    ends_on: date | None


class RuleCause(NamedTuple):
    """What one rule is about on one side of an asset: titles, the most urgent first, and the first end."""

    titles: tuple[int, ...]
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Side:
    """The findings about one side of an asset (software or hardware), the gravest of each rule."""

    parts: tuple[RiskPart, ...] = ()
    causes: Mapping[str, RuleCause] = field(default_factory=dict)
    points: int = 0
    due_on: date | None = None
    is_due: bool = False
    is_mandatory: bool = False
    titles: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Understood:
    """A signature once understood. A side with `is_due` and without `due_on` is due at once."""

    software: Side
    hardware: Side


def understand(signature: str | None, verdicts: Mapping[int, VerdictFacts], rules: Rules) -> Understood:
    """What a signature (ids of verdicts joined by `;`) means. Verdicts that are not given mean nothing."""
    sides: dict[str, list[VerdictFacts]] = {"software": [], "hardware": []}
    for token in signature.split(";") if signature else ():
        verdict = verdicts.get(int(token))
        effect = rules.effects.get(verdict.rule) if verdict is not None else None
        if verdict is not None and effect is not None:
            by_subject = "software" if verdict.subject_kind == "product" else "hardware"
            sides[effect.part if effect.part in sides else by_subject].append(verdict)
    return Understood(_side(sides["software"], rules), _side(sides["hardware"], rules))


def _side(found: list[VerdictFacts], rules: Rules) -> Side:
    worst: dict[str, str] = {}
    for one in found:
        if one.rule not in worst or SEVERITIES.index(one.severity) > SEVERITIES.index(worst[one.rule]):
            worst[one.rule] = one.severity
    parts = tuple(RiskPart(rule, worst[rule], rules.points(rule, worst[rule])) for rule in sorted(worst))
    due = [one for one in found if rules.effects[one.rule].due]
    dates = [one.ends_on for one in due if one.ends_on is not None]
    return Side(
        parts=parts,
        causes={rule: _cause([one for one in found if one.rule == rule]) for rule in worst},
        points=sum(part.points for part in parts),
        due_on=min(dates) if dates and len(dates) == len(due) else None,
        is_due=bool(due),
        is_mandatory=bool(due) and any(one.severity in rules.mandatory_severities for one in found),
        titles=_cause(due).titles,
    )


def _cause(found: list[VerdictFacts]) -> RuleCause:
    titles = dict.fromkeys(one.title_id for one in sorted(found, key=_urgency) if one.title_id is not None)
    return RuleCause(
        tuple(titles), min((one.ends_on for one in found if one.ends_on is not None), default=None)
    )


def _urgency(one: VerdictFacts) -> tuple[int, date, int]:
    return -SEVERITIES.index(one.severity), one.ends_on or date.min, one.title_id or 0
