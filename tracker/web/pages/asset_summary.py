"""The top of an asset's page: what is wrong, since when, on what facts, what to do next, and how bad it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracker.identity.rules import Permission
from tracker.lifecycle.policy import rule_texts
from tracker.lifecycle.profiles import Risk
from tracker.lifecycle.queries import worst_first
from tracker.lifecycle.rules import Rule
from tracker.lifecycle.schemas import FindingRow
from tracker.web.choices import Fact, address
from tracker.web.formats import Formats
from tracker.web.i18n import N_
from tracker.web.pages.asset_views import flatten
from tracker.web.rendering import translate
from tracker.web.terms import term
from tracker.web.visitor import Visitor

BAND_TONES = {
    "critical": "bad",
    "high": "bad",
    "medium": "warn",
    "low": "info",
    "none": "good",
    "unknown": "warn",
}
#: What of the evidence is shown at once; the rest opens on demand.
_FIRST = (
    "order_by_on",
    "due_on",
    "listed",
    "useful_life_years",
    "last_seen_on",
    "processor",
    "reached",
)
_LONG = ("match", "ruleset_title", "clauses", "unknown")


@dataclass(frozen=True, slots=True)
class Flag:
    """An open finding: what, since when, the facts that decide, all facts, and what to do."""

    severity: str
    title: str
    subject: str
    description: str
    action: str
    first: tuple[Fact, ...]
    notes: tuple[str, ...]
    evidence: tuple[Fact, ...]
    contract_url: str | None
    url: str
    waived: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The flags, the worst first, and the risk with its parts; `score` is '' where the risk is unknown."""

    flags: tuple[Flag, ...]
    is_scanned: bool
    band: str
    tone: str
    score: str
    parts: tuple[Fact, ...]


def make_summary(
    visitor: Visitor, formats: Formats, findings: Iterable[FindingRow], risk: Risk | None
) -> Summary:
    """The summary of an asset from its stored findings and its risk."""
    still = sorted((one for one in findings if one.resolved_on is None), key=worst_first)
    parts = () if risk is None else risk.parts
    return Summary(
        flags=tuple(make_flag(visitor, formats, one) for one in still),
        is_scanned=risk is not None,
        band="" if risk is None else risk.band,
        tone=BAND_TONES.get(risk.band, "plain") if risk else "plain",
        score="" if risk is None or risk.score is None else formats.number(risk.score),
        parts=tuple(
            Fact(translate(visitor, term("risk_part", name)), f"+{formats.number(points)}")
            for name, points in parts
        ),
    )


def _subject(visitor: Visitor, finding: FindingRow) -> str:
    """What the finding is about: title and release, or the ruleset."""
    ruleset = finding.evidence.get("ruleset_title")
    if isinstance(ruleset, Mapping):
        return str(ruleset.get(visitor.language, ruleset.get("en")))
    release = " ".join(part for part in (finding.product, finding.release) if part)
    return f"{finding.title} ({release})" if finding.title and release else finding.title or release


def _contract_url(visitor: Visitor, finding: FindingRow) -> str | None:
    """The form of a contract filled with the release that has none."""
    if finding.rule != Rule.EXTENDED_WITHOUT_CONTRACT or not visitor.may(Permission.MANAGE_FINDINGS):
        return None
    return address("/contracts", {"product": finding.product, "release": finding.release})


def make_flag(visitor: Visitor, formats: Formats, finding: FindingRow) -> Flag:
    """A stored finding in words."""
    words = rule_texts(visitor.language)[finding.rule]
    return Flag(
        severity=finding.severity,
        title=words.title,
        subject=_subject(visitor, finding),
        description=words.description,
        action=words.action,
        first=tuple(_first(visitor, formats, finding)),
        notes=tuple(_notes(visitor, finding.evidence)),
        evidence=tuple(flatten(visitor, formats, _plain(finding.evidence))),
        contract_url=_contract_url(visitor, finding),
        url=f"/findings/{finding.id}",
        waived=formats.day(finding.waived_until) if finding.waived_until else None,
    )


def _first(visitor: Visitor, formats: Formats, finding: FindingRow) -> Iterable[Fact]:
    if finding.since_on:
        yield Fact(translate(visitor, N_("Since")), formats.day(finding.since_on))
    yield Fact(translate(visitor, N_("First seen")), formats.day(finding.opened_on))
    if finding.ends_on:
        yield Fact(translate(visitor, N_("Ended or ends")), formats.day(finding.ends_on))
    told = finding.evidence
    if told.get("source"):
        of = formats.day(str(told["snapshot_as_of"])) if told.get("snapshot_as_of") else ""
        yield Fact(translate(visitor, N_("Source of the dates")), f"{told['source']}, {of}".rstrip(", "))
    yield from flatten(visitor, formats, {name: told[name] for name in _FIRST if name in told})


def _notes(visitor: Visitor, told: Mapping[str, object]) -> Iterable[str]:
    """What a list of the evidence says in sentences: clauses of a ruleset, titles that are unknown."""
    clauses, unknown = told.get("clauses"), told.get("unknown")
    for one in clauses if isinstance(clauses, list) else ():
        text = one["text"].get(visitor.language, one["text"]["en"])
        mark = f" ({translate(visitor, N_('To be verified'))})" if one["to_verify"] else ""
        yield f"{one['clause']}: {text}{mark}"
    for one in unknown if isinstance(unknown, list) else ():
        why = translate(visitor, term("unknown", str(one.get("reason"))))
        yield f"{one['title']}: {why}" if one.get("title") else why


def _plain(told: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in told.items() if name not in _LONG and name not in _FIRST}
