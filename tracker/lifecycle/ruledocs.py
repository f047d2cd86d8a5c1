"""docs/rules.md out of the rules' own data, in both languages: `python -m tracker.lifecycle.ruledocs`."""

from __future__ import annotations

from collections.abc import Iterator

from tracker.lifecycle.policy import (
    Policy,
    default_document,
    parse_policy,
    rule_documents,
    ruleset_document,
    ruleset_names,
)
from tracker.lifecycle.rules import Rule
from tracker.lifecycle.rulesets import Ruleset, parse_ruleset

_HEAD = """# Rules

What a scan flags. This page is written by `python -m tracker.lifecycle.ruledocs` from
`tracker/lifecycle/data/rules.json`, the shipped policy and the shipped rulesets; a test holds it to them.

Severities, windows, weights and the ruleset are a versioned policy (`tracker/lifecycle/data/policy.json`, stored in
`refresh_policy`): an organisation copies it, edits the copy and says from which day on it holds. Every scan and every
finding names the version. A support date's named day is still supported; a date known by month or year counts from its
last day. Unknown is never counted as supported.
"""
_TAIL = """
## Risk score

Each asset has a score from 0 to 100, the sum of its parts: the heaviest severity of what is wrong with it, full years
since security support ended, known exploited entries, exposure (edge of the network, internet-facing), criticality of
its service, and doubt where something on it is unknown. Exposure and criticality weigh only where something is wrong.
Where nothing but the unknown is found, the band is `unknown` and there is no score; a score with doubt never reaches
100. Points and bands are policy. The parts always stand beside the score.

## Order-by date

End of support, less the policy's procurement lead time and approval window, and not within the weeks before the fiscal
year closes: then the day before they begin.

## Coverage

Beside every headline number stands how much of the inventory it rests on: of the installations whose title is tracked,
how many are matched to a product, and how many of those to dates. Titles that are not tracked (drivers, redistributables,
updates) leave the denominator; unknown ones stay in it.
"""


def severity_text(rule: str, policy: Policy) -> str:
    """The severity of a rule as the policy says it: one, or one for each window, the widest first."""
    if rule == Rule.SECURITY_ENDS_SOON:
        windows = sorted(policy.ends_soon, key=lambda one: -one.days)
        return ", ".join(f"{one.severity} ({one.days} d)" for one in windows)
    if rule == Rule.RULESET and policy.ruleset is not None:
        return policy.ruleset.severity
    return policy.severity(rule)


def write_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_rules(parse_policy(default_document()))) + "".join(_rulesets()) + _TAIL


def _rules(policy: Policy) -> Iterator[str]:
    yield "\n| rule | area | severity | parameters | English | Bahasa Indonesia |\n| --- | --- | --- | --- | --- | --- |\n"
    for rule, told in rule_documents().items():
        words = (
            f"**{told[language]['title']}**. {told[language]['description']} *{told[language]['action']}*"
            for language in ("en", "id")
        )
        parameters = ", ".join(f"`{name}`" for name in told["parameters"])
        cells = (f"`{rule}`", told["area"], severity_text(rule, policy), parameters, *words)
        yield f"| {' | '.join(cells)} |\n"


def _rulesets() -> Iterator[str]:
    yield "\n## Rulesets of governments\n\n"
    yield "A policy names one. Clauses marked *verify* could not be checked word for word or figure for figure.\n"
    for name in ruleset_names():
        yield from _ruleset(parse_ruleset(ruleset_document(name)))


def _ruleset(made: Ruleset) -> Iterator[str]:
    yield f"\n### {made.title['en']} · {made.title['id']}\n\n"
    threshold = f", from {made.threshold} on" if made.method != "categories" else ""
    yield f"`{made.id}`, {made.method}{threshold}. Source: {made.source}.\n\n{made.note['en']}\n\n*{made.note['id']}*\n\n"
    yield "| clause | fires on | points | English | Bahasa Indonesia |\n| --- | --- | --- | --- | --- |\n"
    for one in made.clauses:
        atoms = " or ".join(f"`{atom}`" for atom in sorted(one.any_of))
        if one.all_of:
            atoms = " and ".join(f"`{atom}`" for atom in sorted(one.all_of)) + f", with {atoms}"
        mark = " *(verify)*" if one.verify else ""
        points = str(one.points) if made.method != "categories" else ""
        yield f"| {one.id}{mark} | {atoms} | {points} | {one.text['en']} | {one.text['id']} |\n"


if __name__ == "__main__":
    print(write_page(), end="")
