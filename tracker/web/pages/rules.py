"""What is flagged and by which parameters: rules in words, the policy in force, its versions, and a form for a new one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fastapi import Request, Response
from pydantic import ValidationError

from tracker.db import reading, transaction
from tracker.identity.errors import Invalid
from tracker.identity.rules import Permission
from tracker.lifecycle import policy_versions
from tracker.lifecycle.policies import get_policy
from tracker.lifecycle.policy import (
    SEVERITIES,
    Policy,
    default_document,
    rule_documents,
    rule_texts,
    ruleset_document,
    ruleset_names,
)
from tracker.lifecycle.policy_versions import PolicyEdit
from tracker.lifecycle.rules import Rule
from tracker.lifecycle.rulesets import Ruleset, parse_ruleset
from tracker.web.choices import Column, Fact, Option, columns, term_options
from tracker.web.flash import Flash, redirect
from tracker.web.formats import Formats
from tracker.web.forms import Form, Posted
from tracker.web.i18n import N_
from tracker.web.rendering import formats_for, render, translate
from tracker.web.translation import error_text
from tracker.web.visitor import SignedIn, Visitor, get_engine, get_settings, page_router

router = page_router()
_WINDOWS = 3
#: Numbers of the form: name, member of the document, and the member within it.
_NUMBERS = (
    ("behind_versions", "behind", "versions"),
    ("behind_days", "behind", "days"),
    ("lead_days", "ordering", "procurement_lead_days"),
    ("approval_days", "ordering", "approval_days"),
    ("closing_days", "ordering", "closing_days"),
    ("dates_moved_days", "dates_moved_days", None),
    ("not_seen_days", "not_seen_days", None),
    ("waiver_days", "waivers", "max_days"),
)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule in words; `severities` are one, or one for each window with its days."""

    rule: str
    title: str
    description: str
    action: str
    severities: tuple[tuple[str, str], ...]
    is_on: bool


@dataclass(frozen=True, slots=True)
class ClauseLine:
    """A clause of a ruleset; `verify` says that it could not be checked in its source."""

    id: str
    text: str
    points: str
    verify: bool


@dataclass(frozen=True, slots=True)
class RulesetView:
    """A ruleset in words."""

    title: str
    source: str
    note: str
    is_chosen: bool
    clauses: tuple[ClauseLine, ...]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A stored version of the policy."""

    label: str
    effective: str
    recorded: str
    note: str
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class RulesPage:
    """Everything about rules; the form is there for administrators of the whole installation."""

    policy: str
    facts: tuple[Fact, ...]
    rules: tuple[RuleLine, ...]
    rule_columns: tuple[Column, ...]
    rulesets: tuple[RulesetView, ...]
    clause_columns: tuple[Column, ...]
    versions: tuple[VersionLine, ...]
    version_columns: tuple[Column, ...]
    may_edit: bool
    windows: tuple[int, ...]
    severities: tuple[Option, ...]
    choices: tuple[Option, ...]
    titles: tuple[Option, ...]
    yes_no: tuple[Option, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def _rule_lines(visitor: Visitor, formats: Formats, policy: Policy) -> tuple[RuleLine, ...]:
    texts = rule_texts(visitor.language)
    return tuple(
        RuleLine(
            rule, texts[rule].title, texts[rule].description, texts[rule].action,
            tuple(_severities(visitor, formats, rule, policy)), policy.is_on(rule),
        )
        for rule in rule_documents()
    )  # fmt: skip


def _severities(visitor: Visitor, formats: Formats, rule: str, policy: Policy) -> list[tuple[str, str]]:
    if rule == Rule.SECURITY_ENDS_SOON:
        windows = sorted(policy.ends_soon, key=lambda one: -one.days)
        return [
            (one.severity, translate(visitor, N_("%(days)s days"), days=formats.number(one.days)))
            for one in windows
        ]
    if rule == Rule.RULESET and policy.ruleset is not None:
        return [(policy.ruleset.severity, "")]
    return [(policy.severity(rule), "")]


def _ruleset_view(visitor: Visitor, formats: Formats, made: Ruleset, policy: Policy) -> RulesetView:
    scored = made.method != "categories"
    return RulesetView(
        made.title[visitor.language],
        made.source,
        made.note[visitor.language],
        policy.ruleset is not None and policy.ruleset.id == made.id,
        tuple(
            ClauseLine(
                one.id, one.text[visitor.language], formats.number(one.points) if scored else "", one.verify
            )
            for one in made.clauses
        ),
    )


def _facts(visitor: Visitor, formats: Formats, policy: Policy) -> tuple[Fact, ...]:
    ordering = policy.ordering
    ends = formats.day(ordering.year_end(visitor.today.year))
    words: tuple[tuple[str, object], ...] = (
        (N_("Ruleset"), policy.ruleset.title[visitor.language] if policy.ruleset else "–"),
        (N_("Behind from (versions)"), policy.behind.versions),
        (N_("Behind from (days)"), policy.behind.days),
        (N_("Procurement takes (days)"), ordering.procurement_lead_days),
        (N_("Approval takes (days)"), ordering.approval_days),
        (N_("Nothing is ordered before the year closes (days)"), ordering.closing_days),
        (N_("The fiscal year ends"), ends),
        (N_("Moved dates are told for (days)"), policy.dates_moved_days),
        (N_("Not seen from (days)"), policy.not_seen_days),
        (N_("Longest waiver (days)"), policy.waivers.max_days),
        (
            N_("A waiver needs two persons"),
            translate(visitor, N_("yes") if policy.waivers.two_persons else N_("no")),
        ),
    )
    return tuple(
        Fact(translate(visitor, name), formats.number(value) if isinstance(value, int) else str(value))
        for name, value in words
    )


def _typed(policy: Policy, today: date) -> dict[str, str]:
    found = {
        "name": "" if policy.name == default_document()["name"] else policy.name,
        "effective_on": today.isoformat(),
        "ruleset": policy.ruleset.id if policy.ruleset else "",
        "fiscal_year_end": policy.ordering.fiscal_year_end,
        "two_persons": "yes" if policy.waivers.two_persons else "no",
    }
    for name, member, inner in _NUMBERS:
        value = getattr(policy, member)
        found[name] = str(getattr(value, inner) if inner else value)
    for at, window in enumerate(sorted(policy.ends_soon, key=lambda one: -one.days)):
        found[f"window_{at}"], found[f"window_severity_{at}"] = str(window.days), window.severity
    for rule in rule_documents():
        found[f"severity_{rule}"] = policy.severity(rule) if policy.is_on(rule) else ""
    return found


def _page(
    request: Request, visitor: Visitor, typed: Mapping[str, str] | None = None, problem: str | None = None
) -> RulesPage:
    formats = formats_for(request, visitor)
    with reading(get_engine(request)) as session:
        policy = get_policy(session, day=visitor.today)
        versions = policy_versions.list_policies(session, visitor.today)
    shipped = [parse_ruleset(ruleset_document(name)) for name in ruleset_names()]
    return RulesPage(
        policy=policy.label,
        facts=_facts(visitor, formats, policy),
        rules=_rule_lines(visitor, formats, policy),
        rule_columns=columns(visitor, N_("Rule"), N_("Severity"), N_("What it means"), N_("What to do")),
        rulesets=tuple(_ruleset_view(visitor, formats, one, policy) for one in shipped),
        clause_columns=columns(visitor, N_("Clause"), N_("Text"), N_("Points"), numbers=(2,)),
        versions=tuple(
            VersionLine(
                f"{one.name} v{one.version}",
                formats.day(one.effective_on) if one.effective_on else "–",
                formats.instant(one.recorded_at),
                one.note,
                one.is_in_force,
            )
            for one in versions
        ),
        version_columns=columns(visitor, N_("Policy"), N_("From"), N_("Recorded"), N_("Note")),
        may_edit=visitor.principal.scope(Permission.ADMIN).is_everything,
        windows=tuple(range(_WINDOWS)),
        severities=term_options(visitor, "severity", SEVERITIES),
        choices=tuple(Option(one.id, one.title[visitor.language]) for one in shipped),
        titles=tuple(Option(rule, text.title) for rule, text in rule_texts(visitor.language).items()),
        yes_no=(Option("yes", translate(visitor, N_("yes"))), Option("no", translate(visitor, N_("no")))),
        typed=_typed(policy, visitor.today) if typed is None else typed,
        problem=problem,
    )


@router.get("/rules")
def show_rules(request: Request, visitor: SignedIn) -> Response:
    """Every rule with the severity that the policy in force gives it, and where the policy is from."""
    return render(request, visitor, "rules.html", _page(request, visitor))


def _changes(form: Posted) -> dict[str, object]:
    """What the form says of the policy.

    Raises: ValueError where a number cannot be read.
    """
    changes: dict[str, object] = {"ruleset": form.find("ruleset")}
    parts: dict[str, dict[str, object]] = {"ordering": {"fiscal_year_end": form.text("fiscal_year_end")}}
    for name, member, inner in _NUMBERS:
        number = int(form.text(name))
        if inner is None:
            changes[member] = number
        else:
            parts.setdefault(member, {})[inner] = number
    parts.setdefault("waivers", {})["two_persons"] = form.text("two_persons") != "no"
    changes["ends_soon"] = [
        {"days": int(form.text(f"window_{at}")), "severity": form.text(f"window_severity_{at}") or "low"}
        for at in range(_WINDOWS)
        if form.find(f"window_{at}")
    ]
    chosen = {rule: form.find(f"severity_{rule}") for rule in rule_documents()}
    changes["severities"] = {rule: severity for rule, severity in chosen.items() if severity}
    changes["rules_off"] = [rule for rule, severity in chosen.items() if not severity]
    return changes | parts


@router.post("/rules")
def add_version(request: Request, visitor: SignedIn, form: Form) -> Response:
    """A new version of the policy out of the one in force."""
    try:
        edit = PolicyEdit.model_validate(
            {"name": form.text("name"), "effective_on": form.text("effective_on"), "note": form.text("note"),
             "changes": _changes(form)}
        )  # fmt: skip
        with transaction(get_engine(request)) as session:
            made = policy_versions.add_policy(session, visitor.principal, edit, visitor.today, visitor.now)
    except (ValidationError, ValueError):
        problem = translate(visitor, N_("A name, a first day and whole numbers are needed."))
        page = _page(request, visitor, dict(form.fields), problem)
        return render(request, visitor, "rules.html", page, status=422)
    except Invalid as error:
        page = _page(request, visitor, dict(form.fields), error_text(visitor, error))
        return render(request, visitor, "rules.html", page, status=422)
    values = {"name": made.label, "day": formats_for(request, visitor).day(made.effective_on)}
    return redirect("/rules", Flash("policy-saved", values), secure=get_settings(request).cookie_secure)
