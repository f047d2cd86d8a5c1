"""What risk and rulesets judge an asset by, packed into one number, and the score made of it. Pure.

Assets with equal profiles are judged once: there are far fewer profiles than assets. The same number is
put together in SQL (profiling.py), so that a score needs no asset in this process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tracker.lifecycle.policy import SEVERITIES, Policy
from tracker.lifecycle.rules import Rule

RULES = tuple(Rule)
CRITICALITIES = ("low", "medium", "high", "critical")
#: Places in the number: rules from 0 on, then the asset itself, then how long and how bad.
EDGE, INTERNET, BARE = 1 << 28, 1 << 29, 1 << 40
CRITICALITY_AT, YEARS_AT, WORST_AT = 30, 33, 37
MOST_YEARS = 15
#: Rules that say that something is not known: alone they make a risk unknown.
UNKNOWN_RULES = frozenset({Rule.LIFECYCLE_UNKNOWN, Rule.MATCH_TO_REVIEW})
#: Rules about the records, which say nothing of a risk.
RECORD_RULES = frozenset({Rule.NO_CUSTODIAN, Rule.NOT_SEEN, Rule.DATES_MOVED, Rule.RULESET})


@dataclass(frozen=True, slots=True)
class Profile:
    """An asset as risk sees it. `worst` is the heaviest severity of its telling findings, `years_ended` full years
    since security support of something on it ended; `is_bare`: a computer on which nothing is recorded."""

    rules: frozenset[Rule]
    is_edge: bool = False
    internet_facing: bool = False
    criticality: str | None = None
    years_ended: int = 0
    worst: str | None = None
    is_bare: bool = False

    @property
    def telling(self) -> frozenset[Rule]:
        """The rules that tell of a risk."""
        return self.rules - UNKNOWN_RULES - RECORD_RULES

    @property
    def is_unknown(self) -> bool:
        """Whether something is unknown and nothing else tells of a risk."""
        return not self.telling and (self.is_bare or bool(self.rules & UNKNOWN_RULES))


def encode(profile: Profile) -> int:
    """The number of a profile."""
    number = sum(1 << RULES.index(rule) for rule in profile.rules)
    number |= EDGE * profile.is_edge | INTERNET * profile.internet_facing | BARE * profile.is_bare
    if profile.criticality is not None:
        number |= (CRITICALITIES.index(profile.criticality) + 1) << CRITICALITY_AT
    number |= min(profile.years_ended, MOST_YEARS) << YEARS_AT
    return number | severity_weight(profile.worst) << WORST_AT


def decode(number: int) -> Profile:
    """The profile of a number."""
    criticality = number >> CRITICALITY_AT & 7
    worst = number >> WORST_AT & 7
    return Profile(
        frozenset(rule for at, rule in enumerate(RULES) if number >> at & 1),
        bool(number & EDGE),
        bool(number & INTERNET),
        CRITICALITIES[criticality - 1] if criticality else None,
        number >> YEARS_AT & 15,
        SEVERITIES[-worst] if worst else None,
        bool(number & BARE),
    )


def severity_weight(severity: str | None) -> int:
    """0 for none, 1 for info … 5 for critical."""
    return len(SEVERITIES) - SEVERITIES.index(severity) if severity is not None else 0


def years_since(ended_on: date | None, day: date) -> int:
    """Full years from the last supported day to `day`, at most 15; 0 where the day is not known."""
    if ended_on is None or ended_on >= day:
        return 0
    years = day.year - ended_on.year - ((day.month, day.day) < (ended_on.month, ended_on.day))
    return min(years, MOST_YEARS)


@dataclass(frozen=True, slots=True)
class Risk:
    """A score of 0-100 with its parts (name, points); `score` is None in the band unknown. Parts add up to
    more than 100 at times: the score then is 100."""

    score: int | None
    band: str
    parts: tuple[tuple[str, int], ...]


def assess_risk(profile: Profile, policy: Policy) -> Risk:
    """The risk of an asset with `profile` under the weights of `policy`.

    Exposure and criticality only weigh where something is wrong. What is unknown adds its part, and never
    makes 100: it could be worse or better.
    """
    if profile.is_unknown:
        return Risk(None, "unknown", ())
    if not profile.telling:
        return Risk(0, "none", ())
    parts = tuple((name, points) for name, points in _parts(profile, policy) if points)
    doubtful = any(name == "coverage" for name, _ in parts)
    score = min(sum(points for _, points in parts), 99 if doubtful else 100)
    return Risk(score, _band(score, policy), parts)


def _parts(profile: Profile, policy: Policy) -> Iterable[tuple[str, int]]:
    weights = policy.risk
    yield "severity", weights.severity[profile.worst or "info"]
    yield "years-since-end", min(profile.years_ended, weights.most_years) * weights.years_since_end
    if Rule.EXPLOITED in profile.rules:
        yield "exploited", weights.exploited
    elif Rule.EXPLOITED_POSSIBLE in profile.rules:
        yield "exploited-possible", weights.exploited_possible
    yield "edge", weights.is_edge * profile.is_edge
    yield "internet-facing", weights.internet_facing * profile.internet_facing
    yield "criticality", weights.criticality.get(profile.criticality or "", 0)
    yield "coverage", weights.coverage * bool(profile.rules & UNKNOWN_RULES)


def _band(score: int, policy: Policy) -> str:
    reached = [(least, name) for name, least in policy.risk.bands.items() if score >= least]
    return max(reached)[1] if reached else "none"


def atoms_of(profile: Profile, risk: Risk) -> frozenset[str]:
    """What clauses of rulesets fire on: rules by name, edge, internet-facing, criticality-…, years-ended-N for
    every full year, risk-N for every 25 points."""
    atoms = {rule.value for rule in profile.rules}
    atoms |= {
        name
        for name, there in (("edge", profile.is_edge), ("internet-facing", profile.internet_facing))
        if there
    }
    if profile.criticality is not None:
        atoms.add(f"criticality-{profile.criticality}")
    atoms |= {f"years-ended-{year}" for year in range(1, profile.years_ended + 1)}
    return frozenset(atoms | {f"risk-{least}" for least in (25, 50, 75) if (risk.score or 0) >= least})
