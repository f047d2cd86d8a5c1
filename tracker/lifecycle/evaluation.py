"""From facts to verdicts: pure rules over distinct titles, models and dates. No session, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from tracker.lifecycle.facts import Facts, Matched
from tracker.lifecycle.policy import Policy
from tracker.lifecycle.rules import (
    Assessment,
    Patch,
    PatchFacts,
    Phase,
    Rule,
    RuleVerdict,
    assess,
    assess_age,
    assess_warranty,
)

ConditionKey = tuple[str, str, int, int]
EITHER, WITHOUT, WITH = -1, 0, 1
_WEIGHT = {"critical": 0, "high": 1, "medium": 2, "low": 3, "info": 4}


@dataclass(frozen=True, slots=True)
class Cause:
    """A verdict as stored: what it is about, its dates, the title it rests on, and its key."""

    key: str
    condition: ConditionKey
    verdict: RuleVerdict
    title_id: int | None = None
    scope: int = 0
    release_id: int | None = None
    version: str | None = None

    @property
    def order(self) -> tuple[int, date, str]:
        """The worst first, then the oldest, then by name: decides which of several makes the finding."""
        return _WEIGHT[self.verdict.severity], self.verdict.since_on or date.max, self.key


@dataclass(frozen=True, slots=True)
class Pick:
    """That a subject yields a cause, in which scope, and with or without (or either) a contract."""

    subject_id: int
    scope: int
    plain: bool
    contract: int
    release_id: int | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class State:
    """A subject's row of title_state, without its id."""

    kind: str
    subject_id: int
    scope: int
    product_id: int | None
    release_id: int | None
    phase: str
    contract_phase: str
    patch: str
    security_support_ends_on: date | None
    behind_versions: int | None
    behind_since_on: date | None
    evidence: dict[str, object]

    @property
    def dated(self) -> bool:
        """Whether its dates are known."""
        return self.phase not in (Phase.UNKNOWN, Phase.NOT_TRACKED)


@dataclass
class Evaluation:
    """All verdicts of a day, by the kind of subject that yields them."""

    title_picks: list[Pick] = field(default_factory=list)
    model_picks: list[Pick] = field(default_factory=list)
    age_picks: list[tuple[str, date, str, Cause]] = field(default_factory=list)
    undated_picks: list[tuple[str, Cause]] = field(default_factory=list)
    warranty_picks: list[tuple[date, Cause]] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def causes(self) -> list[Cause]:
        """Every distinct cause in the order of its weight."""
        by_key: dict[str, Cause] = {}
        for pick in self.title_picks + self.model_picks:
            by_key[pick.cause.key] = pick.cause
        dated = [row[-1] for row in self.age_picks]
        dated += [row[-1] for row in self.undated_picks] + [row[-1] for row in self.warranty_picks]
        by_key.update((cause.key, cause) for cause in dated)
        return sorted(by_key.values(), key=lambda cause: cause.order)


def unknown_cause(policy: Policy) -> Cause:
    """The one cause of lifecycle-unknown: its reasons stand with the titles, and are read from there."""
    verdict = RuleVerdict(Rule.LIFECYCLE_UNKNOWN, policy.severity(Rule.LIFECYCLE_UNKNOWN))
    return Cause(f"asset|{verdict.rule}|{verdict.severity}", (verdict.rule, "asset", 0, 0), verdict)


def evaluate(
    facts: Facts,
    ages: Iterable[tuple[str, date | None, str | None]],
    warranties: Iterable[date],
    policy: Policy,
    day: date,
) -> Evaluation:
    """Apply every rule to every distinct subject: title or model in a scope, class and age, warranty end."""
    found = Evaluation()
    unknown = unknown_cause(policy)
    several = _subjects_with_scopes(facts.matched)
    for matched in facts.matched:
        _add_subject(found, facts, matched, policy, day, unknown, several)
    for asset_class, acquired_on, precision in ages:
        _add_age(found, asset_class, acquired_on, precision, policy, day, unknown)
    for ends_on in warranties:
        verdict = assess_warranty(ends_on, policy, day)
        if verdict is not None:
            told = {**verdict.facts, "warranty_ends_on": ends_on.isoformat(), "policy": policy.label}
            found.warranty_picks.append((ends_on, _asset_cause(verdict, ends_on.isoformat(), told)))
    return found


def _subjects_with_scopes(matched: Iterable[Matched]) -> set[tuple[str, int]]:
    return {(one.subject.kind, one.subject.id) for one in matched if one.subject.scope}


def assess_matched(
    facts: Facts, matched: Matched, policy: Policy, day: date
) -> tuple[Assessment, PatchFacts | None]:
    """What is concluded about one title or model on `day`, and what is newer than its version.

    Only a match that needs no review is rested on.
    """
    subject = matched.subject
    auto = subject.tier == "auto"
    dated = facts.releases.get(subject.release_id) if auto and subject.release_id is not None else None
    patch = facts.patch_facts(matched, day) if auto else None
    listed = facts.exploited.get(subject.product_id, ()) if auto and subject.product_id is not None else ()
    return assess(subject, dated.dates if dated else None, patch, listed, policy, day), patch


def _add_subject(
    found: Evaluation,
    facts: Facts,
    matched: Matched,
    policy: Policy,
    day: date,
    unknown: Cause,
    several: set[tuple[str, int]],
) -> None:
    subject = matched.subject
    made, patch = assess_matched(facts, matched, policy, day)
    found.states.append(state_of(matched, facts, made, patch, policy))
    picks = found.title_picks if subject.kind == "title" else found.model_picks
    scoped = (subject.kind, subject.id) in several
    if made.unknown_reason is not None and subject.kind == "title":
        picks.append(Pick(subject.id, subject.scope, not scoped, EITHER, subject.release_id, unknown))
    for contract, verdict in list(_by_contract(made)):
        plain = not scoped and contract == EITHER
        cause = _subject_cause(matched, facts, verdict)
        picks.append(Pick(subject.id, subject.scope, plain, contract, subject.release_id, cause))


def _by_contract(made: Assessment) -> Iterator[tuple[int, RuleVerdict]]:
    if made.verdicts is made.contract_verdicts:
        yield from ((EITHER, verdict) for verdict in made.verdicts)
        return
    for verdict in made.verdicts:
        yield (EITHER if verdict in made.contract_verdicts else WITHOUT), verdict
    yield from ((WITH, verdict) for verdict in made.contract_verdicts if verdict not in made.verdicts)


def _subject_cause(matched: Matched, facts: Facts, verdict: RuleVerdict) -> Cause:
    subject = matched.subject
    if verdict.rule is Rule.EXPLOITED_POSSIBLE and facts.exploited_as_of is not None:
        verdict.facts["list_as_of"] = facts.exploited_as_of.isoformat()
    about = ("product", subject.product_id or 0) if subject.kind == "title" else ("model", subject.id)
    key = "|".join(
        str(part)
        for part in (
            subject.kind,
            subject.id,
            subject.scope,
            verdict.rule,
            verdict.threshold,
            verdict.severity,
            verdict.since_on,
            verdict.ends_on,
            subject.product_id,
            subject.release_id,
            subject.version,
        )
    )
    condition = (verdict.rule.value, about[0], about[1], verdict.threshold)
    title_id = subject.id if subject.kind == "title" else None
    return Cause(key, condition, verdict, title_id, subject.scope, subject.release_id, subject.version)


def _asset_cause(verdict: RuleVerdict, name: str, told: dict[str, object]) -> Cause:
    verdict.facts.update(told)
    key = f"asset|{verdict.rule}|{verdict.severity}|{name}"
    return Cause(key, (verdict.rule.value, "asset", 0, 0), verdict)


def _add_age(
    found: Evaluation,
    asset_class: str,
    acquired_on: date | None,
    precision: str | None,
    policy: Policy,
    day: date,
    unknown: Cause,
) -> None:
    verdict, reason = assess_age(asset_class, acquired_on, precision, policy, day)
    if verdict is not None and acquired_on is not None:
        name = f"{asset_class}|{acquired_on}|{precision or 'day'}|{verdict.ends_on}"
        cause = _asset_cause(verdict, name, {"policy": policy.label})
        found.age_picks.append((asset_class, acquired_on, precision or "day", cause))
    elif reason is not None and acquired_on is None:
        found.undated_picks.append((asset_class, unknown))
    elif reason is not None and acquired_on is not None:
        found.age_picks.append((asset_class, acquired_on, precision or "day", unknown))


def state_of(
    matched: Matched, facts: Facts, made: Assessment, patch: PatchFacts | None, policy: Policy
) -> State:
    """The conclusion as it is stored and shown, with its evidence."""
    subject = matched.subject
    dated = facts.releases.get(subject.release_id) if subject.release_id is not None else None
    behind = patch if patch is not None and made.patch in (Patch.BEHIND, Patch.UNPATCHABLE) else None
    return State(
        kind=subject.kind,
        subject_id=subject.id,
        scope=subject.scope,
        product_id=subject.product_id,
        release_id=subject.release_id,
        phase=made.phase.value,
        contract_phase=made.contract_phase.value,
        patch=made.patch.value,
        security_support_ends_on=dated.dates.security_on if dated and subject.tier == "auto" else None,
        behind_versions=behind.newer_versions if behind else None,
        behind_since_on=behind.newer_since_on if behind else None,
        evidence=_evidence(matched, facts, made, patch, policy),
    )


def _evidence(
    matched: Matched, facts: Facts, made: Assessment, patch: PatchFacts | None, policy: Policy
) -> dict[str, object]:
    told: dict[str, object] = {"policy": policy.label}
    if matched.evidence is not None:
        told["match"] = dict(matched.evidence)
    dated = facts.releases.get(matched.subject.release_id) if matched.subject.release_id is not None else None
    if dated is not None:
        told.update(dated.cited)
    if made.unknown_reason is not None:
        told["unknown"] = made.unknown_reason
    if patch is not None:
        told["patch"] = _tell_patch(patch)
    return told


def _tell_patch(patch: PatchFacts) -> dict[str, object]:
    told: dict[str, object] = {"latest": patch.latest, "newer_versions": patch.newer_versions}
    if patch.newer_since_on is not None:
        told["newer_since_on"] = patch.newer_since_on.isoformat()
    if patch.installed_on is not None:
        told["installed_version_released_on"] = patch.installed_on.isoformat()
    return told
