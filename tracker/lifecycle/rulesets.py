"""Rulesets of governments: which combination of facts makes an asset legacy there, and by which clause. Pure.

A ruleset is data. Each clause fires on atoms (profiles.py): rules that hold for the asset, and what the
asset is. Three methods join clauses: `categories` (one of each category), `points` (enough of them) and
`likelihood-impact` (the highest of the one times the highest of the other).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

METHODS = ("categories", "points", "likelihood-impact")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: fires where any of `any_of` is there and all of `all_of` are. `verify`: its wording or
    figure could not be checked in the source. `due_on`: what the source sets for it."""

    id: str
    category: str
    text: Mapping[str, str]
    any_of: frozenset[str]
    all_of: frozenset[str]
    points: int
    verify: bool
    due_on: date | None

    def fires(self, atoms: frozenset[str]) -> bool:
        """Whether the clause holds for an asset with these atoms."""
        return self.all_of <= atoms and (not self.any_of or bool(self.any_of & atoms))


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A government's test. `threshold` is the sum or product from which on it holds."""

    id: str
    title: Mapping[str, str]
    source: str
    note: Mapping[str, str]
    method: str
    severity: str
    threshold: int
    clauses: tuple[Clause, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories, in the order of the clauses."""
        return tuple(dict.fromkeys(clause.category for clause in self.clauses))


@dataclass(frozen=True, slots=True)
class Judgement:
    """That a ruleset holds for an asset: the clauses that fired, and the figure reached where one is."""

    fired: tuple[Clause, ...]
    reached: int | None

    @property
    def due_on(self) -> date | None:
        """The earliest day by which a clause that fired wants action."""
        return min((one.due_on for one in self.fired if one.due_on is not None), default=None)


def judge(ruleset: Ruleset, atoms: frozenset[str]) -> Judgement | None:
    """Whether `ruleset` holds for an asset with these atoms, and why; None where it does not."""
    fired = tuple(clause for clause in ruleset.clauses if clause.fires(atoms))
    if not fired:
        return None
    if ruleset.method == "categories":
        met = {clause.category for clause in fired}
        return Judgement(fired, None) if met >= set(ruleset.categories) else None
    reached = sum(clause.points for clause in fired)
    if ruleset.method == "likelihood-impact":
        reached = _product(ruleset, fired)
    return Judgement(fired, reached) if reached >= ruleset.threshold else None


def _product(ruleset: Ruleset, fired: tuple[Clause, ...]) -> int:
    made = 1
    for category in ruleset.categories:
        made *= max((one.points for one in fired if one.category == category), default=0)
    return made


def parse_ruleset(raw: Mapping[str, Any]) -> Ruleset:
    """The ruleset that a document states.

    Raises: KeyError, TypeError or ValueError where the document lacks a part or holds a wrong one.
    """
    if raw["method"] not in METHODS:
        raise ValueError(f"method: {raw['method']}")
    clauses = tuple(_clause(one) for one in raw["clauses"])
    if len({one.id for one in clauses}) != len(clauses) or not clauses:
        raise ValueError("clauses have different names, and there is one at least")
    return Ruleset(
        id=str(raw["id"]),
        title=dict(raw["title"]),
        source=str(raw["source"]),
        note=dict(raw["note"]),
        method=raw["method"],
        severity=raw["severity"],
        threshold=int(raw.get("threshold", 0)),
        clauses=clauses,
    )


def _clause(raw: Mapping[str, Any]) -> Clause:
    any_of, all_of = frozenset(raw.get("any", ())), frozenset(raw.get("all", ()))
    if not any_of | all_of:
        raise ValueError(f"clause {raw['id']} names nothing to fire on")
    due_on = date.fromisoformat(raw["due_on"]) if raw.get("due_on") else None
    points = int(raw.get("points", 0))
    return Clause(
        raw["id"], raw["category"], dict(raw["text"]), any_of, all_of, points, bool(raw.get("verify")), due_on
    )
