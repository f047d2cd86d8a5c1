"""Pure rules about an asset's own facts: age, warranty, repair, custody, sightings, processor. No session, no clock."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from tracker.lifecycle.policy import Policy
from tracker.lifecycle.processors import Requirement
from tracker.lifecycle.rules import Rule, RuleVerdict


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


def add_days(on: date, days: int) -> date:
    """The day `days` later; the end of the calendar is never passed."""
    return on + timedelta(days=min(days, (date.max - on).days))


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
    if day <= ends_on or not policy.is_on(Rule.PAST_USEFUL_LIFE):
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
    return _ended(Rule.PAST_USEFUL_LIFE, ends_on, policy, facts), None


def _ended(rule: Rule, ends_on: date, policy: Policy, facts: dict[str, object]) -> RuleVerdict:
    since = None if ends_on == date.max else add_days(ends_on, 1)
    return RuleVerdict(rule, policy.severity(rule), since, ends_on, 0, facts)


def stated(on: date, precision: str | None) -> str:
    """A date as exactly as it is known: "2017", "2017-08" or "2017-08-17"."""
    return on.isoformat()[: {"year": 4, "month": 7}.get(precision or "day", 10)]


def assess_warranty(ends_on: date, policy: Policy, day: date) -> RuleVerdict | None:
    """The verdict warranty-ended, if the warranty's last day is over."""
    if day <= ends_on or not policy.is_on(Rule.WARRANTY_ENDED):
        return None
    return _ended(Rule.WARRANTY_ENDED, ends_on, policy, {"warranty_ends_on": ends_on.isoformat()})


def assess_sighting(last_seen_on: date, policy: Policy, day: date) -> RuleVerdict | None:
    """The verdict not-seen, if a thing in use was last seen more than the policy's days before `day`."""
    expected_on = add_days(last_seen_on, policy.not_seen_days)
    if day <= expected_on or not policy.is_on(Rule.NOT_SEEN):
        return None
    facts: dict[str, object] = {
        "last_seen_on": last_seen_on.isoformat(),
        "not_seen_days": policy.not_seen_days,
    }
    severity = policy.severity(Rule.NOT_SEEN)
    return RuleVerdict(Rule.NOT_SEEN, severity, add_days(expected_on, 1), None, 0, facts)


def assess_repair(policy: Policy) -> RuleVerdict | None:
    """The verdict not-repairable of what is recorded as broken; since when it is broken is not known."""
    if not policy.is_on(Rule.NOT_REPAIRABLE):
        return None
    return RuleVerdict(
        Rule.NOT_REPAIRABLE, policy.severity(Rule.NOT_REPAIRABLE), facts={"condition": "broken"}
    )


def assess_custody(policy: Policy) -> RuleVerdict | None:
    """The verdict no-custodian of a thing in use with neither a custodian nor a place."""
    if not policy.is_on(Rule.NO_CUSTODIAN):
        return None
    facts: dict[str, object] = {"missing": ["custodian", "location"]}
    return RuleVerdict(Rule.NO_CUSTODIAN, policy.severity(Rule.NO_CUSTODIAN), facts=facts)


def assess_processor(
    specification: str, requirement: Requirement, policy: Policy, day: date
) -> RuleVerdict | None:
    """The verdict hardware-cannot-follow of hardware whose processor the next operating system does not take.

    `specification` is what the inventory says of the processor, or the name of the model.
    """
    found = requirement.find_family(specification)
    if found is None or found.supported or day < requirement.since_on:
        return None
    if not policy.is_on(Rule.CANNOT_FOLLOW):
        return None
    facts: dict[str, object] = {
        "processor": specification,
        "processor_family": found.family,
        "required_by": requirement.name,
        "requirement_source": found.source,
        "requirement_to_verify": found.verify,
    }
    severity = policy.severity(Rule.CANNOT_FOLLOW)
    return RuleVerdict(Rule.CANNOT_FOLLOW, severity, requirement.since_on, None, 0, facts)
