"""Pure rules: what a title, a hardware model or an asset's dates mean on a day. No session, no clock.

A support date's named day is still supported, and the last day of a useful life is still within it:
every rule holds from the day after. Dates are used; a flag counts only where the source gives no date.
Unknown is a phase of its own and never counts as supported.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from tracker.lifecycle.policy import Policy


class Rule(StrEnum):
    """What can be found about an asset."""

    SECURITY_ENDED = "security-support-ended"
    SECURITY_ENDS_SOON = "security-support-ends-soon"
    ACTIVE_ENDED = "active-support-ended"
    BEHIND_LATEST = "behind-latest"
    UNPATCHABLE = "unpatchable"
    EXPLOITED_POSSIBLE = "exploited-possible"
    PAST_USEFUL_LIFE = "past-useful-life"
    WARRANTY_ENDED = "warranty-ended"
    LIFECYCLE_UNKNOWN = "lifecycle-unknown"


class Phase(StrEnum):
    """Where a release is in its life on a day."""

    ACTIVE = "active"
    SECURITY_ONLY = "security-only"
    EXTENDED = "extended"
    ENDED = "ended"
    NONE_ANNOUNCED = "none-announced"
    UNKNOWN = "unknown"
    NOT_TRACKED = "not-tracked"


class Patch(StrEnum):
    """How an installed version stands against its release."""

    CURRENT = "current"
    BEHIND = "behind"
    UNPATCHABLE = "unpatchable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReleaseDates:
    """The dates of a release; a flag is true (ended, day unknown), false (none announced) or None."""

    active_on: date | None = None
    active_flag: bool | None = None
    security_on: date | None = None
    security_flag: bool | None = None
    extended_on: date | None = None
    extended_flag: bool | None = None


@dataclass(frozen=True, slots=True)
class PatchFacts:
    """What is newer than the installed version within its release on the day."""

    latest: str | None = None
    newer_versions: int | None = None
    newer_since_on: date | None = None
    installed_on: date | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class Exploited:
    """A known exploited vulnerability of a product (no version range is known)."""

    cve_id: str
    added_on: date


@dataclass(frozen=True, slots=True)
class Subject:
    """A title or model as matched in a scope (0: shared by all agencies)."""

    kind: str
    id: int
    scope: int = 0
    outcome: str | None = None
    tier: str = "none"
    product_id: int | None = None
    release_id: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """One rule holding: since when, until when support lasted or lasts, and the facts it rests on."""

    rule: Rule
    severity: str
    since_on: date | None = None
    ends_on: date | None = None
    threshold: int = 0
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is concluded about a subject, without and with an extended-support contract."""

    phase: Phase
    contract_phase: Phase
    patch: Patch
    unknown_reason: str | None
    verdicts: tuple[RuleVerdict, ...]
    contract_verdicts: tuple[RuleVerdict, ...]


def has_ended(day: date, on: date | None, flag: bool | None) -> bool | None:
    """Whether support that lasts through `on` is over on `day`; None where nothing is known."""
    return flag if on is None else day > on


def phase_on(day: date, dates: ReleaseDates, *, contract: bool = False) -> Phase:
    """The phase of a release on `day`; `contract`: an extended-support contract covers the agency."""
    ended = has_ended(day, dates.security_on, dates.security_flag)
    if ended:
        extended = has_ended(day, dates.extended_on, dates.extended_flag)
        return Phase.EXTENDED if contract and extended is False else Phase.ENDED
    active = has_ended(day, dates.active_on, dates.active_flag)
    if active is False and dates.active_on is not None:
        return Phase.ACTIVE
    if ended is None:
        return Phase.UNKNOWN
    if active:
        return Phase.SECURITY_ONLY
    return Phase.NONE_ANNOUNCED if dates.security_on is None else Phase.ACTIVE


def unknown_reason(subject: Subject, dates: ReleaseDates | None) -> str | None:
    """Why nothing can be said about `subject`: a stable code, None where its release is known."""
    if subject.outcome is None:
        return "not-matched"
    if subject.outcome == "unrecognised" or subject.product_id is None:
        return "unrecognised"
    if subject.tier != "auto":
        return "match-to-review"
    if subject.release_id is None:
        return "release-unknown"
    return "no-dates" if dates is None else None


def patch_on(phase: Phase, subject: Subject, facts: PatchFacts | None) -> Patch:
    """The patch state of the installed version, its release being in `phase`.

    A version that is only the beginning of the latest one ("22.04" of "22.04.5") says nothing about
    patches, unless it is a version of its own in the catalogue.
    """
    if phase is Phase.ENDED:
        return Patch.UNPATCHABLE
    if facts is None or not subject.version or facts.newer_versions is None:
        return Patch.UNKNOWN
    if facts.newer_versions == 0:
        return Patch.CURRENT
    if not facts.known and facts.latest and is_coarser(subject.version, facts.latest):
        return Patch.UNKNOWN
    return Patch.BEHIND


def is_coarser(version: str, other: str) -> bool:
    """Whether `version` is `other` cut off at a component boundary."""
    rest = other[len(version) :]
    return other.startswith(version) and bool(rest) and not (rest[0].isdigit() and version[-1].isdigit())


def assess(
    subject: Subject,
    dates: ReleaseDates | None,
    facts: PatchFacts | None,
    exploited: tuple[Exploited, ...],
    policy: Policy,
    day: date,
) -> Assessment:
    """Evaluate every title rule for `subject` on `day`, without and with an extended-support contract."""
    if subject.outcome == "not-tracked":
        return Assessment(Phase.NOT_TRACKED, Phase.NOT_TRACKED, Patch.UNKNOWN, None, (), ())
    reason = unknown_reason(subject, dates)
    if reason is not None or dates is None:
        return Assessment(Phase.UNKNOWN, Phase.UNKNOWN, Patch.UNKNOWN, reason, (), ())
    phase = phase_on(day, dates)
    patch = patch_on(phase, subject, facts)
    plain = tuple(_verdicts(phase, patch, dates, facts, exploited, policy, day))
    covered = phase if phase is not Phase.ENDED else phase_on(day, dates, contract=True)
    with_contract = plain
    if covered is not phase:
        patch_covered = patch_on(covered, subject, facts)
        with_contract = tuple(_verdicts(covered, patch_covered, dates, facts, exploited, policy, day))
    missing = "no-dates" if phase is Phase.UNKNOWN else None
    return Assessment(phase, covered, patch, missing, plain, with_contract)


def _verdicts(
    phase: Phase,
    patch: Patch,
    dates: ReleaseDates,
    facts: PatchFacts | None,
    exploited: tuple[Exploited, ...],
    policy: Policy,
    day: date,
) -> Iterator[RuleVerdict]:
    yield from support_verdicts(phase, dates, policy, day)
    if facts is not None and patch is Patch.BEHIND:
        yield from _behind(facts, policy, day)
    if exploited and patch in (Patch.BEHIND, Patch.UNPATCHABLE):
        yield from _exploited(facts, exploited, policy, day)


def support_verdicts(phase: Phase, dates: ReleaseDates, policy: Policy, day: date) -> Iterator[RuleVerdict]:
    """What the support dates alone say: ended (and so unpatchable), ending soon, active support ended."""
    if phase is Phase.ENDED:
        for rule in (Rule.SECURITY_ENDED, Rule.UNPATCHABLE):
            yield _after(rule, dates.security_on, policy)
        return
    if phase is Phase.SECURITY_ONLY:
        yield _after(Rule.ACTIVE_ENDED, dates.active_on, policy)
    ends_on = dates.extended_on if phase is Phase.EXTENDED else dates.security_on
    if ends_on is None:
        return
    for window in policy.ends_soon_days:
        if (ends_on - day).days <= window:
            since = ends_on - timedelta(days=window)
            severity = policy.severity(Rule.SECURITY_ENDS_SOON)
            yield RuleVerdict(Rule.SECURITY_ENDS_SOON, severity, since, ends_on, window)


def _after(rule: Rule, ends_on: date | None, policy: Policy) -> RuleVerdict:
    facts: dict[str, object] = {} if ends_on else {"date": "unknown"}
    return RuleVerdict(rule, policy.severity(rule), _next_day(ends_on), ends_on, 0, facts)


def _next_day(on: date | None) -> date | None:
    return None if on is None or on == date.max else on + timedelta(days=1)


def _behind(facts: PatchFacts, policy: Policy, day: date) -> Iterator[RuleVerdict]:
    since = facts.newer_since_on
    if since is not None and (day - since).days < policy.behind_grace_days:
        return
    severity = policy.severity(Rule.BEHIND_LATEST)
    yield RuleVerdict(Rule.BEHIND_LATEST, severity, since)


def _exploited(
    facts: PatchFacts | None, exploited: tuple[Exploited, ...], policy: Policy, day: date
) -> Iterator[RuleVerdict]:
    installed_on = facts.installed_on if facts is not None else None
    later = [
        e for e in exploited if e.added_on <= day and (installed_on is None or e.added_on > installed_on)
    ]
    if later:
        newest = max(later, key=lambda entry: (entry.added_on, entry.cve_id))
        since = min(entry.added_on for entry in later)
        told: dict[str, object] = {"entries": len(later), "newest": newest.cve_id}
        told["newest_added_on"] = newest.added_on.isoformat()
        severity = policy.severity(Rule.EXPLOITED_POSSIBLE)
        yield RuleVerdict(Rule.EXPLOITED_POSSIBLE, severity, since, None, 0, told)


def latest_day(on: date, precision: str | None) -> date:
    """The latest day that a date of this precision (day, month, year) can mean."""
    if precision == "year":
        return date(on.year, 12, 31)
    if precision == "month":
        return on.replace(day=monthrange(on.year, on.month)[1])
    return on


def add_years(on: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 28 February in a common year, the end of the calendar
    is never passed."""
    if on.year + years > date.max.year:
        return date.max
    try:
        return on.replace(year=on.year + years)
    except ValueError:
        return on.replace(year=on.year + years, day=28)


def assess_age(
    asset_class: str, acquired_on: date | None, precision: str | None, policy: Policy, day: date
) -> tuple[RuleVerdict | None, str | None]:
    """The verdict past-useful-life, if it holds, and why age says nothing, if it does not know.

    Age counts from the latest day that the acquisition date can mean, and the evidence says so.
    """
    life = policy.useful_life.get(asset_class)
    if life is None:
        return None, "no-useful-life"
    if life.years is None:
        return None, None
    if acquired_on is None:
        return None, "no-acquisition-date"
    counted_from = latest_day(acquired_on, precision)
    ends_on = add_years(counted_from, life.years)
    if day <= ends_on:
        return None, None
    facts: dict[str, object] = {
        "asset_class": asset_class,
        "acquired_on": stated(acquired_on, precision),
        "acquired_precision": precision or "day",
        "counted_from": counted_from.isoformat(),
        "useful_life_years": life.years,
        "useful_life_source": life.source,
        "useful_life_to_verify": life.verify,
    }
    severity = policy.severity(Rule.PAST_USEFUL_LIFE)
    return RuleVerdict(Rule.PAST_USEFUL_LIFE, severity, _next_day(ends_on), ends_on, 0, facts), None


def stated(on: date, precision: str | None) -> str:
    """A date as exactly as it is known: "2017", "2017-08" or "2017-08-17"."""
    return on.isoformat()[: {"year": 4, "month": 7}.get(precision or "day", 10)]


def assess_warranty(ends_on: date, policy: Policy, day: date) -> RuleVerdict | None:
    """The verdict warranty-ended, if the warranty's last day is over."""
    if day <= ends_on:
        return None
    return _after(Rule.WARRANTY_ENDED, ends_on, policy)
