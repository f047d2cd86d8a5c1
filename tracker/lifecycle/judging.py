"""Judging the distinct profiles of a scan: risk, and the ruleset that the policy names. No session, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tracker.lifecycle.evaluation import Cause
from tracker.lifecycle.policy import Policy
from tracker.lifecycle.profiles import Profile, Risk, assess_risk, atoms_of, decode
from tracker.lifecycle.rules import Rule, RuleVerdict
from tracker.lifecycle.rulesets import Judgement, Ruleset, judge

CONDITION = (Rule.RULESET.value, "asset", 0, 0)


@dataclass(frozen=True, slots=True)
class Judged:
    """A profile with its risk and, where the ruleset holds, the cause of the finding."""

    number: int
    risk: Risk
    cause: Cause | None


def judge_profiles(numbers: Iterable[int], policy: Policy) -> list[Judged]:
    """The risk of each profile, and what the ruleset of `policy` says of it."""
    return [_judge(number, policy) for number in sorted(numbers)]


def _judge(number: int, policy: Policy) -> Judged:
    profile = decode(number)
    risk = assess_risk(profile, policy)
    return Judged(number, risk, ruleset_cause(profile, risk, policy))


def ruleset_cause(profile: Profile, risk: Risk, policy: Policy) -> Cause | None:
    """The finding of the policy's ruleset for an asset with `profile`; None where it does not hold."""
    ruleset = policy.ruleset
    if ruleset is None or not policy.is_on(Rule.RULESET):
        return None
    made = judge(ruleset, atoms_of(profile, risk))
    if made is None:
        return None
    told = _tell(ruleset, made, policy)
    verdict = RuleVerdict(Rule.RULESET, ruleset.severity, None, made.due_on, 0, told)
    fired = ",".join(one.id for one in made.fired)
    key = f"asset|{verdict.rule}|{policy.label}|{ruleset.id}|{ruleset.severity}|{fired}|{made.reached}"
    return Cause(key, CONDITION, verdict)


def _tell(ruleset: Ruleset, made: Judgement, policy: Policy) -> dict[str, object]:
    told: dict[str, object] = {
        "policy": policy.label,
        "ruleset": ruleset.id,
        "ruleset_title": dict(ruleset.title),
        "ruleset_source": ruleset.source,
        "clauses": [
            {"clause": one.id, "text": dict(one.text), "to_verify": one.verify} for one in made.fired
        ],
    }
    if made.reached is not None:
        told["reached"] = made.reached
        told["threshold"] = ruleset.threshold
    if made.due_on is not None:
        told["due_on"] = made.due_on.isoformat()
    return told


@dataclass
class Bench:
    """What a scan has judged so far: causes of findings by number, from the causes of the evaluation on."""

    policy: Policy
    causes: list[Cause]
    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, cause: Cause) -> tuple[int, bool]:
        """The number of a cause, and whether it is new."""
        known = self.numbers.get(cause.key)
        if known is not None:
            return known, False
        self.causes.append(cause)
        self.numbers[cause.key] = len(self.causes)
        return len(self.causes), True
