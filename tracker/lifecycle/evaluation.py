"""From facts to verdicts: pure rules over distinct titles, models and dates. No session, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from tracker.lifecycle.asset_rules import (
    assess_age,
    assess_custody,
    assess_processor,
    assess_repair,
    assess_sighting,
    assess_warranty,
)
from tracker.lifecycle.facts import Facts, Matched
from tracker.lifecycle.policy import Policy
from tracker.lifecycle.processors import windows_11
from tracker.lifecycle.rules import Assessment, Patch, PatchFacts, Phase, Rule, RuleVerdict, Subject, assess

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


@dataclass(frozen=True, slots=True)
class Ending:
    """That support of a subject ends in a month (YYYY-MM) of the next twelve, in a scope, and with, without
    or with either a contract."""

    subject_id: int
    is_model: bool
    scope: int
    contract: int
    release_id: int | None
    month: str


@dataclass
class Evaluation:
    """All verdicts of a day, by the kind of subject that yields them."""

    title_picks: list[Pick] = field(default_factory=list)
    model_picks: list[Pick] = field(default_factory=list)
    age_picks: list[tuple[str, date, str, Cause]] = field(default_factory=list)
    undated_picks: list[tuple[str, Cause]] = field(default_factory=list)
    day_picks: list[tuple[str, date, Cause]] = field(default_factory=list)
    flag_picks: list[tuple[str, Cause]] = field(default_factory=list)
    processor_picks: list[tuple[str, int, Cause]] = field(default_factory=list)
    followed: list[tuple[int, int]] = field(default_factory=list)
    ending: list[Ending] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def causes(self) -> list[Cause]:
        """Every distinct cause in the order of its weight."""
        by_key: dict[str, Cause] = {}
        for pick in self.title_picks + self.model_picks:
            by_key[pick.cause.key] = pick.cause
        of_assets = [row[-1] for row in self.age_picks] + [row[-1] for row in self.undated_picks]
        of_assets += [row[-1] for row in self.day_picks] + [row[-1] for row in self.flag_picks]
        of_assets += [row[-1] for row in self.processor_picks]
        by_key.update((cause.key, cause) for cause in of_assets)
        return sorted(by_key.values(), key=lambda cause: cause.order)


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """The distinct facts of assets that rules look at: (class, acquired on, precision), warranty ends, days
    of last sightings, and (processor, model id, what says it: the processor, else the model's name)."""

    ages: Iterable[tuple[str, date | None, str | None]]
    warranties: Iterable[date] = ()
    sightings: Iterable[date] = ()
    processors: Iterable[tuple[str, int, str]] = ()


def unknown_cause(policy: Policy) -> Cause:
    """The one cause of lifecycle-unknown: its reasons stand with the titles, and are read from there."""
    verdict = RuleVerdict(Rule.LIFECYCLE_UNKNOWN, policy.severity(Rule.LIFECYCLE_UNKNOWN))
    return Cause(f"asset|{verdict.rule}|{verdict.severity}", (verdict.rule, "asset", 0, 0), verdict)


def review_cause(policy: Policy) -> Cause:
    """The one cause of match-to-review: which titles wait stands with the titles."""
    verdict = RuleVerdict(Rule.MATCH_TO_REVIEW, policy.severity(Rule.MATCH_TO_REVIEW))
    return Cause(f"asset|{verdict.rule}|{verdict.severity}", (verdict.rule, "asset", 0, 0), verdict)


def evaluate(facts: Facts, assets: AssetFacts, policy: Policy, day: date) -> Evaluation:
    """Apply every rule to every distinct subject: title or model in a scope, and each fact of assets."""
    found = Evaluation()
    unknown, review = unknown_cause(policy), review_cause(policy)
    several = _subjects_with_scopes(facts.matched)
    for matched in facts.matched:
        _add_subject(found, facts, matched, policy, day, (unknown, review), several)
    for asset_class, acquired_on, precision in assets.ages:
        _add_age(found, asset_class, acquired_on, precision, policy, day, unknown)
    _add_days(found, assets, policy, day)
    _add_flags(found, policy)
    for processor, model_id, said in assets.processors:
        verdict = assess_processor(said, windows_11(), policy, day)
        if verdict is not None:
            cause = _asset_cause(verdict, said, {"policy": policy.label})
            found.processor_picks.append((processor, model_id, cause))
    return found


def _add_days(found: Evaluation, assets: AssetFacts, policy: Policy, day: date) -> None:
    for kind, days, rule in (
        ("warranty", assets.warranties, assess_warranty),
        ("seen", assets.sightings, assess_sighting),
    ):
        for on in days:
            verdict = rule(on, policy, day)
            if verdict is not None:
                cause = _asset_cause(verdict, on.isoformat(), {"policy": policy.label})
                found.day_picks.append((kind, on, cause))


def _add_flags(found: Evaluation, policy: Policy) -> None:
    for kind, verdict in (("broken", assess_repair(policy)), ("custody", assess_custody(policy))):
        if verdict is not None:
            found.flag_picks.append((kind, _asset_cause(verdict, kind, {"policy": policy.label})))


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
    dated = facts.dated_of(subject) if auto else None
    patch = facts.patch_facts(matched, day) if auto else None
    listed = facts.exploited_of(subject, dated.scheme if dated else None) if auto else ()
    moved = dated.moved if dated else ()
    return assess(subject, dated.dates if dated else None, patch, listed, policy, day, moved), patch


def _add_subject(
    found: Evaluation,
    facts: Facts,
    matched: Matched,
    policy: Policy,
    day: date,
    causes: tuple[Cause, Cause],
    several: set[tuple[str, int]],
) -> None:
    subject = matched.subject
    made, patch = assess_matched(facts, matched, policy, day)
    found.states.append(state_of(matched, facts, made, patch, policy))
    picks = found.title_picks if subject.kind == "title" else found.model_picks
    scoped = (subject.kind, subject.id) in several
    for cause in _unknown_causes(subject, made, policy, *causes):
        picks.append(Pick(subject.id, subject.scope, not scoped, EITHER, subject.release_id, cause))
    if subject.kind == "title" and subject.tier == "auto" and subject.release_id in facts.followed:
        found.followed.append((subject.id, subject.scope))
    found.ending.extend(_endings(subject, made, facts, day))
    for contract, verdict in list(_by_contract(made)):
        plain = not scoped and contract == EITHER
        cause = _subject_cause(matched, facts, verdict)
        picks.append(Pick(subject.id, subject.scope, plain, contract, subject.release_id, cause))


def _unknown_causes(
    subject: Subject, made: Assessment, policy: Policy, unknown: Cause, review: Cause
) -> Iterator[Cause]:
    if made.unknown_reason is None:
        return
    if subject.kind == "title" and policy.is_on(Rule.LIFECYCLE_UNKNOWN):
        yield unknown
    if made.unknown_reason == "match-to-review" and policy.is_on(Rule.MATCH_TO_REVIEW):
        yield review


#: Support of what ends this month or in one of the twelve after it is counted by month.
_MONTHS_AHEAD = 12


def _endings(subject: Subject, made: Assessment, facts: Facts, day: date) -> Iterator[Ending]:
    """When support of a subject ends, without and with a contract, if that is within the next months."""
    dated = facts.dated_of(subject)
    if dated is None or subject.tier != "auto":
        return
    dates = dated.dates
    model = subject.kind == "model"
    if made.phase is not Phase.ENDED and _is_near(dates.security_on, day):
        yield Ending(subject.id, model, subject.scope, EITHER, subject.release_id, _month(dates.security_on))
    elif made.contract_phase is Phase.EXTENDED and _is_near(dates.extended_on, day):
        yield Ending(subject.id, model, subject.scope, WITH, subject.release_id, _month(dates.extended_on))


def _is_near(on: date | None, day: date) -> bool:
    if on is None or on < day:
        return False
    return (on.year - day.year) * 12 + on.month - day.month <= _MONTHS_AHEAD


def _month(on: date | None) -> str:
    return on.isoformat()[:7] if on else ""


def _by_contract(made: Assessment) -> Iterator[tuple[int, RuleVerdict]]:
    if made.verdicts is made.contract_verdicts:
        yield from ((EITHER, verdict) for verdict in made.verdicts)
        return
    for verdict in made.verdicts:
        yield (EITHER if verdict in made.contract_verdicts else WITHOUT), verdict
    yield from ((WITH, verdict) for verdict in made.contract_verdicts if verdict not in made.verdicts)


def _subject_cause(matched: Matched, facts: Facts, verdict: RuleVerdict) -> Cause:
    subject = matched.subject
    if verdict.rule in (Rule.EXPLOITED, Rule.EXPLOITED_POSSIBLE) and facts.exploited_as_of is not None:
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
    elif not policy.is_on(Rule.LIFECYCLE_UNKNOWN):
        return
    elif reason is not None and acquired_on is None:
        found.undated_picks.append((asset_class, unknown))
    elif reason is not None and acquired_on is not None:
        found.age_picks.append((asset_class, acquired_on, precision or "day", unknown))


def state_of(
    matched: Matched, facts: Facts, made: Assessment, patch: PatchFacts | None, policy: Policy
) -> State:
    """The conclusion as it is stored and shown, with its evidence."""
    subject = matched.subject
    dated = facts.dated_of(subject)
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
    dated = facts.dated_of(matched.subject)
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
    if patch.newer_months:
        told["monthly_updates_behind"] = patch.newer_months
    if patch.installed_on is not None:
        told["installed_version_released_on"] = patch.installed_on.isoformat()
    return told
