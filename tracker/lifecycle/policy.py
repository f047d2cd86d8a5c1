"""The refresh policy as frozen values: useful lives, windows, severities, a ruleset, weights. All is data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

from tracker.lifecycle.rulesets import Ruleset, parse_ruleset

_DATA = "tracker.lifecycle.data"
LANGUAGES = ("en", "id")
SEVERITIES = ("critical", "high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class UsefulLife:
    """Years that a class of assets is meant to serve (None: it has no age), and where the figure is from."""

    years: int | None
    source: str
    verify: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A warning window before the end of support: how many days ahead, and how severe it is then."""

    days: int
    severity: str


@dataclass(frozen=True, slots=True)
class Behind:
    """How far behind an installed version has to be to be flagged; all three count."""

    versions: int = 1
    days: int = 0
    monthly_updates: int = 0


@dataclass(frozen=True, slots=True)
class Ordering:
    """How long an order takes, and the weeks before the fiscal year closes in which nothing is ordered.

    `fiscal_year_end` is a month and day, "12-31".
    """

    procurement_lead_days: int = 90
    approval_days: int = 30
    fiscal_year_end: str = "12-31"
    closing_days: int = 31

    def year_end(self, year: int) -> date:
        """The last day of the fiscal year that ends in the calendar year `year`."""
        month, day = (int(part) for part in self.fiscal_year_end.split("-"))
        if month == 12:
            return date(year, 12, day)
        return min(
            date(year, month, 1) + timedelta(days=day - 1), date(year, month + 1, 1) - timedelta(days=1)
        )


@dataclass(frozen=True, slots=True)
class Waivers:
    """How long a waiver may last, and whether its approver must be somebody else than who asked for it."""

    max_days: int = 365
    two_persons: bool = True


@dataclass(frozen=True)
class RiskWeights:
    """Points of the parts of a risk score, and from which score on a band begins (profiles.py)."""

    severity: Mapping[str, int]
    years_since_end: int
    most_years: int
    exploited: int
    exploited_possible: int
    is_edge: int
    internet_facing: int
    criticality: Mapping[str, int]
    coverage: int
    bands: Mapping[str, int]


@dataclass(frozen=True)
class Policy:
    """One version of the refresh policy."""

    id: int | None
    name: str
    version: int
    useful_life: Mapping[str, UsefulLife]
    ends_soon: tuple[Window, ...]
    behind: Behind
    ordering: Ordering
    dates_moved_days: int
    not_seen_days: int
    severities: Mapping[str, str]
    risk_weights: Mapping[str, int]
    risk: RiskWeights
    obsolete_rules: frozenset[str]
    unpatched_rules: frozenset[str]
    skipped_statuses: tuple[str, ...]
    fiscal_year_end: Mapping[str, str]
    rules_off: frozenset[str] = frozenset()
    ruleset: Ruleset | None = None
    effective_on: date | None = field(default=None, compare=False)
    waivers: Waivers = Waivers()

    def severity(self, rule: str) -> str:
        """How bad a finding of `rule` is."""
        return self.severities[rule]

    def is_on(self, rule: str) -> bool:
        """Whether the organisation wants `rule`."""
        return rule not in self.rules_off

    @property
    def label(self) -> str:
        """The name by which evidence cites this version: "default v1"."""
        return f"{self.name} v{self.version}"


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule in words: what it is called, what it means, what to do."""

    title: str
    description: str
    action: str


def default_document() -> dict[str, object]:
    """The shipped policy as it is stored in `refresh_policy.document`, with its ruleset."""
    document: dict[str, object] = json.loads(_read("policy.json"))
    document["ruleset"] = ruleset_document(str(document["ruleset"]))
    return document


def ruleset_names() -> tuple[str, ...]:
    """The shipped rulesets, the default first."""
    names = [one.name.removesuffix(".json") for one in (resources.files(_DATA) / "rulesets").iterdir()]
    return tuple(sorted(names, key=lambda name: (name != "default", name)))


def ruleset_document(name: str) -> dict[str, object]:
    """The shipped ruleset `name`, to be put into a policy.

    Raises: KeyError where none is shipped under this name.
    """
    if name not in ruleset_names():
        raise KeyError(name)
    document: dict[str, object] = json.loads(_read(f"rulesets/{name}.json"))
    return document


def parse_policy(
    document: Mapping[str, object], policy_id: int | None = None, effective_on: date | None = None
) -> Policy:
    """The policy that `document` states.

    Raises: KeyError, TypeError or ValueError where the document lacks a part or holds a wrong one.
    """
    raw = json.loads(json.dumps(document))
    lives = {
        name: UsefulLife(life["years"], life["source"], life["verify"])
        for name, life in raw["useful_life"].items()
    }
    made = Policy(
        id=policy_id,
        name=str(raw["name"]),
        version=int(raw["version"]),
        useful_life=lives,
        ends_soon=tuple(Window(int(one["days"]), one["severity"]) for one in raw["ends_soon"]),
        behind=Behind(**raw["behind"]),
        ordering=Ordering(**raw["ordering"]),
        dates_moved_days=int(raw["dates_moved_days"]),
        not_seen_days=int(raw["not_seen_days"]),
        severities=raw["severities"],
        risk_weights=raw["risk_weights"],
        risk=RiskWeights(**raw["risk"]),
        obsolete_rules=frozenset(raw["obsolete_rules"]),
        unpatched_rules=frozenset(raw["unpatched_rules"]),
        skipped_statuses=tuple(raw["skipped_statuses"]),
        fiscal_year_end=raw["fiscal_year_end"],
        rules_off=frozenset(raw["rules_off"]),
        ruleset=parse_ruleset(raw["ruleset"]) if raw["ruleset"] else None,
        effective_on=effective_on,
        waivers=Waivers(**raw.get("waivers", {})),
    )
    _check(made)
    return made


def _check(made: Policy) -> None:
    shipped: dict[str, Any] = json.loads(_read("policy.json"))
    missing = shipped["severities"].keys() - made.severities.keys()
    unknown = {*made.severities.values(), *(one.severity for one in made.ends_soon)} - set(SEVERITIES)
    if missing or unknown or (made.rules_off - made.severities.keys()):
        raise ValueError(f"severities: {sorted(missing or unknown or made.rules_off)}")
    if not all(0 < one.days <= 3650 for one in made.ends_soon):
        raise ValueError("a warning window is of 1 to 3650 days")
    lengths = (made.dates_moved_days, made.not_seen_days, made.behind.versions, made.behind.days,
               made.behind.monthly_updates, made.ordering.procurement_lead_days, made.ordering.approval_days,
               made.ordering.closing_days, made.waivers.max_days)  # fmt: skip
    if not all(0 <= number <= 3650 for number in lengths):
        raise ValueError("days and counts are from 0 to 3650")
    made.ordering.year_end(2024)


@cache
def rule_texts(language: str) -> Mapping[str, RuleText]:
    """{rule: its words} in `language`; English where the language is not one of ours."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    return {rule: RuleText(**told[chosen]) for rule, told in rule_documents().items()}


@cache
def rule_documents() -> Mapping[str, Any]:
    """{rule: its words in both languages, its parameters in the policy, examples} as shipped."""
    documents: dict[str, Any] = json.loads(_read("rules.json"))
    return documents


def word(code: str, language: str) -> str:
    """A heading, severity or sentence of the exports in `language`; English where it is not one of ours."""
    return _words()[code][language if language in LANGUAGES else LANGUAGES[0]]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    words: dict[str, dict[str, str]] = json.loads(_read("columns.json"))
    return words


def _read(name: str) -> str:
    return resources.files(_DATA).joinpath(name).read_text(encoding="utf-8")
