"""The refresh policy as frozen values: useful lives, warning windows, severities, weights. All is data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

_DATA = "tracker.lifecycle.data"
LANGUAGES = ("en", "id")


@dataclass(frozen=True, slots=True)
class UsefulLife:
    """Years that a class of assets is meant to serve (None: it has no age), and where the figure is from."""

    years: int | None
    source: str
    verify: bool


@dataclass(frozen=True)
class Policy:
    """One version of the refresh policy."""

    id: int | None
    name: str
    version: int
    useful_life: Mapping[str, UsefulLife]
    ends_soon_days: tuple[int, ...]
    behind_grace_days: int
    severities: Mapping[str, str]
    risk_weights: Mapping[str, int]
    obsolete_rules: frozenset[str]
    unpatched_rules: frozenset[str]
    skipped_statuses: tuple[str, ...]
    fiscal_year_end: Mapping[str, str]

    def severity(self, rule: str) -> str:
        """How bad a finding of `rule` is."""
        return self.severities[rule]

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
    """The shipped policy as it is stored in `refresh_policy.document`."""
    document: dict[str, object] = json.loads(_read("policy.json"))
    return document


def parse_policy(document: Mapping[str, object], policy_id: int | None = None) -> Policy:
    """The policy that `document` states.

    Raises: KeyError, TypeError or ValueError where the document lacks a part or holds a wrong one.
    """
    raw = json.loads(json.dumps(document))
    lives = {
        name: UsefulLife(life["years"], life["source"], life["verify"])
        for name, life in raw["useful_life"].items()
    }
    return Policy(
        id=policy_id,
        name=raw["name"],
        version=int(raw["version"]),
        useful_life=lives,
        ends_soon_days=tuple(int(days) for days in raw["ends_soon_days"]),
        behind_grace_days=int(raw["behind_grace_days"]),
        severities=raw["severities"],
        risk_weights=raw["risk_weights"],
        obsolete_rules=frozenset(raw["obsolete_rules"]),
        unpatched_rules=frozenset(raw["unpatched_rules"]),
        skipped_statuses=tuple(raw["skipped_statuses"]),
        fiscal_year_end=raw["fiscal_year_end"],
    )


@cache
def rule_texts(language: str) -> Mapping[str, RuleText]:
    """{rule: its words} in `language`; English where the language is not one of ours."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    stored = json.loads(_read("rules.json"))
    return {rule: RuleText(**texts[chosen]) for rule, texts in stored.items()}


def word(code: str, language: str) -> str:
    """A heading, severity or sentence of the exports in `language`; English where it is not one of ours."""
    return _words()[code][language if language in LANGUAGES else LANGUAGES[0]]


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    words: dict[str, dict[str, str]] = json.loads(_read("columns.json"))
    return words


def _read(name: str) -> str:
    return resources.files(_DATA).joinpath(name).read_text(encoding="utf-8")
