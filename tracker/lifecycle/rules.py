"""Pure rules: what a title, a hardware model or an asset's dates mean on a day. No session, no clock.

A support date's named day is still supported, and the last day of a useful life is still within it:
every rule holds from the day after. Dates are used; a flag counts only where the source gives no date.
Unknown is a phase of its own and never counts as supported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from tracker.lifecycle.policy import Ordering, Policy


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
    EXTENDED_WITHOUT_CONTRACT = "extended-support-without-contract"
    DISCONTINUED = "discontinued"
    DATES_MOVED = "dates-moved"
    EXPLOITED = "exploited"
    CANNOT_FOLLOW = "hardware-cannot-follow"
    NOT_REPAIRABLE = "not-repairable"
    NOT_SEEN = "not-seen"
    NO_CUSTODIAN = "no-custodian"
    MATCH_TO_REVIEW = "match-to-review"
    RULESET = "government-ruleset"


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
    discontinued_on: date | None = None
    discontinued_flag: bool | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A date of a release that is not what it was at the start of the policy's window; noticed `on`."""

    kind: str
    before: date | None
    after: date | None
    on: date


@dataclass(frozen=True, slots=True)
class PatchFacts:
    """What is newer than the installed version within its release on the day.

    `newer_months`: in how many calendar months newer versions came out, so how many monthly updates are
    missing; None where dates of versions are not known.
    """

    latest: str | None = None
    newer_versions: int | None = None
    newer_since_on: date | None = None
    installed_on: date | None = None
    known: bool = True
    newer_months: int | None = None


@dataclass(frozen=True, slots=True)
class Exploited:
    """A known exploited vulnerability of a product, to be fixed until `due_on`.

    `is_within`: the range of affected versions holds the installed one; false where no range is known.
    """

    cve_id: str
    added_on: date
    due_on: date | None = None
    is_within: bool = False

    @property
    def year(self) -> int | None:
        """The year in which the vulnerability got its number, so was known at the earliest."""
        parts = self.cve_id.split("-")
        return int(parts[1]) if len(parts) > 2 and parts[1].isdigit() else None


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
    moved: tuple[Moved, ...] = (),
) -> Assessment:
    """Evaluate every title rule for `subject` on `day`, without and with an extended-support contract."""
    if subject.outcome == "not-tracked":
        return Assessment(Phase.NOT_TRACKED, Phase.NOT_TRACKED, Patch.UNKNOWN, None, (), ())
    reason = unknown_reason(subject, dates)
    if reason is not None or dates is None:
        return Assessment(Phase.UNKNOWN, Phase.UNKNOWN, Patch.UNKNOWN, reason, (), ())
    phase = phase_on(day, dates)
    told = _Told(dates, facts, exploited, moved)
    plain = tuple(_verdicts(phase, subject, told, policy, day))
    covered = phase if phase is not Phase.ENDED else phase_on(day, dates, contract=True)
    with_contract = plain
    if covered is not phase:
        with_contract = tuple(_verdicts(covered, subject, told, policy, day))
        plain = (*plain, *_uncovered(dates, policy))
    missing = "no-dates" if phase is Phase.UNKNOWN else None
    return Assessment(phase, covered, patch_on(phase, subject, facts), missing, plain, with_contract)


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known of a subject beside its match."""

    dates: ReleaseDates
    facts: PatchFacts | None
    exploited: tuple[Exploited, ...]
    moved: tuple[Moved, ...]


def _verdicts(
    phase: Phase, subject: Subject, told: _Told, policy: Policy, day: date
) -> Iterator[RuleVerdict]:
    patch = patch_on(phase, subject, told.facts)
    yield from support_verdicts(phase, told.dates, policy, day)
    if told.facts is not None and patch is Patch.BEHIND:
        yield from _behind(told.facts, policy, day)
    outdated = patch in (Patch.BEHIND, Patch.UNPATCHABLE)
    listed = tuple(entry for entry in told.exploited if outdated or entry.is_within)
    if listed:
        yield from _exploited(told.facts, listed, policy, day)
    if told.moved and policy.is_on(Rule.DATES_MOVED):
        yield _moved(told.moved, policy)


def support_verdicts(phase: Phase, dates: ReleaseDates, policy: Policy, day: date) -> Iterator[RuleVerdict]:
    """What the dates of a release alone say: ended (and so unpatchable), ending soon, active support ended,
    discontinued. Of several warning windows only the narrowest that holds speaks."""
    if policy.is_on(Rule.DISCONTINUED) and has_ended(day, dates.discontinued_on, dates.discontinued_flag):
        yield _after(Rule.DISCONTINUED, dates.discontinued_on, policy)
    if phase is Phase.ENDED:
        for rule in (Rule.SECURITY_ENDED, Rule.UNPATCHABLE):
            if policy.is_on(rule):
                yield _after(rule, dates.security_on, policy)
        return
    if phase is Phase.SECURITY_ONLY and policy.is_on(Rule.ACTIVE_ENDED):
        yield _after(Rule.ACTIVE_ENDED, dates.active_on, policy)
    ends_on = dates.extended_on if phase is Phase.EXTENDED else dates.security_on
    if ends_on is not None and policy.is_on(Rule.SECURITY_ENDS_SOON):
        yield from _ends_soon(ends_on, policy, day)


def _ends_soon(ends_on: date, policy: Policy, day: date) -> Iterator[RuleVerdict]:
    holding = [window for window in policy.ends_soon if (ends_on - day).days <= window.days]
    if holding:
        window = min(holding, key=lambda one: one.days)
        told: dict[str, object] = {"order_by_on": order_by(ends_on, policy.ordering).isoformat()}
        since = ends_on - timedelta(days=window.days)
        yield RuleVerdict(Rule.SECURITY_ENDS_SOON, window.severity, since, ends_on, window.days, told)


def order_by(ends_on: date, ordering: Ordering) -> date:
    """The last day to order a replacement of what ends on `ends_on`: procurement and approval before it, and
    not in the weeks in which the fiscal year closes, when nothing is ordered any more: then the day before."""
    latest = ends_on - timedelta(days=ordering.procurement_lead_days + ordering.approval_days)
    closes_on = ordering.year_end(latest.year)
    if latest > closes_on:
        closes_on = ordering.year_end(latest.year + 1)
    return min(latest, closes_on - timedelta(days=ordering.closing_days))


def _uncovered(dates: ReleaseDates, policy: Policy) -> Iterator[RuleVerdict]:
    """Extended support exists, but no contract says that the agency gets it."""
    if policy.is_on(Rule.EXTENDED_WITHOUT_CONTRACT):
        severity = policy.severity(Rule.EXTENDED_WITHOUT_CONTRACT)
        since = _next_day(dates.security_on)
        yield RuleVerdict(Rule.EXTENDED_WITHOUT_CONTRACT, severity, since, dates.extended_on)


def _after(rule: Rule, ends_on: date | None, policy: Policy) -> RuleVerdict:
    facts: dict[str, object] = {} if ends_on else {"date": "unknown"}
    return RuleVerdict(rule, policy.severity(rule), _next_day(ends_on), ends_on, 0, facts)


def _next_day(on: date | None) -> date | None:
    return None if on is None or on == date.max else on + timedelta(days=1)


def _moved(moved: tuple[Moved, ...], policy: Policy) -> RuleVerdict:
    told: dict[str, object] = {
        "moved": [
            {"date": one.kind, "before": _stated_or_none(one.before), "after": _stated_or_none(one.after)}
            for one in moved
        ]
    }
    since = max(one.on for one in moved)
    return RuleVerdict(Rule.DATES_MOVED, policy.severity(Rule.DATES_MOVED), since, None, 0, told)


def _stated_or_none(on: date | None) -> str:
    return "none" if on is None else on.isoformat()


def _behind(facts: PatchFacts, policy: Policy, day: date) -> Iterator[RuleVerdict]:
    """Behind by as many versions, days and monthly updates as the policy asks, all three."""
    least, since = policy.behind, facts.newer_since_on
    if not policy.is_on(Rule.BEHIND_LATEST) or (facts.newer_versions or 0) < least.versions:
        return
    if since is not None and (day - since).days < least.days:
        return
    if facts.newer_months is not None and facts.newer_months < least.monthly_updates:
        return
    yield RuleVerdict(Rule.BEHIND_LATEST, policy.severity(Rule.BEHIND_LATEST), since)


def _exploited(
    facts: PatchFacts | None, exploited: tuple[Exploited, ...], policy: Policy, day: date
) -> Iterator[RuleVerdict]:
    """Entries whose affected versions hold the installed one, and entries listed after it came out. The list
    itself names products, not versions: where a vulnerability got its number in a later year than the
    installed version, that version cannot hold the fix (exploited); otherwise it may (exploited-possible)."""
    installed_on = facts.installed_on if facts is not None else None
    later = [
        e
        for e in exploited
        if e.added_on <= day and (e.is_within or installed_on is None or e.added_on > installed_on)
    ]
    unfixed = [
        e
        for e in later
        if e.is_within or (installed_on and e.year is not None and e.year > installed_on.year)
    ]
    rule, entries = (Rule.EXPLOITED, unfixed) if unfixed else (Rule.EXPLOITED_POSSIBLE, later)
    if entries and policy.is_on(rule):
        since = min(entry.added_on for entry in entries)
        yield RuleVerdict(rule, policy.severity(rule), since, None, 0, _tell_entries(entries))


_MOST_ENTRIES = 10


def _tell_entries(entries: list[Exploited]) -> dict[str, object]:
    newest = max(entries, key=lambda entry: (entry.added_on, entry.cve_id))
    told: dict[str, object] = {"entries": len(entries), "newest": newest.cve_id}
    told["newest_added_on"] = newest.added_on.isoformat()
    due = [entry.due_on for entry in entries if entry.due_on is not None]
    if due:
        told["due_on"] = min(due).isoformat()
    latest = sorted(entries, key=lambda entry: (entry.added_on, entry.cve_id), reverse=True)
    told["listed"] = [entry.cve_id for entry in latest[:_MOST_ENTRIES]]
    within = [entry.cve_id for entry in latest if entry.is_within]
    if within:
        told["affected"] = within[:_MOST_ENTRIES]
    return told
