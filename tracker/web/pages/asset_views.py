"""What the page of one asset shows: what it is, what the rules say of it, and everything that happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from tracker.identity.rules import Permission
from tracker.inventory.schemas import (
    AssetDetail,
    AssetRow,
    ChangeView,
    IdentifierView,
    InstallationView,
    MatchView,
)
from tracker.lifecycle.schemas import AssetLifecycle, FindingRow, Holding, SubjectLifecycle, SupportDate
from tracker.web.choices import Column, Fact, Option, columns
from tracker.web.formats import NOTHING, Formats
from tracker.web.i18n import N_
from tracker.web.pages.import_views import shown_value
from tracker.web.pages.match_views import NamePart, model_text, name_parts
from tracker.web.rendering import translate
from tracker.web.terms import term
from tracker.web.visitor import Visitor

if TYPE_CHECKING:
    from tracker.web.pages.asset_summary import Summary

PHASE_TONES = {"active": "good", "security-only": "info", "extended": "info", "ended": "bad",
               "none-announced": "good", "unknown": "warn", "not-tracked": "plain"}  # fmt: skip
SEVERITY_MARKS = {"critical": "bad", "high": "bad", "medium": "warn", "low": "warn"}
_CREATION = "*"


@dataclass(frozen=True, slots=True)
class AssetsPage:
    """A page of the asset list with its filters."""

    rows: tuple[AssetRow, ...]
    columns: tuple[Column, ...]
    total: str
    text: str
    agency: str | None
    asset_class: str | None
    status: str | None
    condition: str | None
    phase: str | None
    rule: str | None
    sort: str
    agencies: tuple[Option, ...]
    classes: tuple[Option, ...]
    statuses: tuple[Option, ...]
    conditions: tuple[Option, ...]
    phases: tuple[Option, ...]
    rules: tuple[Option, ...]
    is_filtered: bool
    may_import: bool
    csv_url: str
    xlsx_url: str
    first_url: str | None
    next_url: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that holds, in words."""

    rule: str
    severity: str
    since: str
    ends: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class SubjectCard:
    """A title or the hardware model: what it was found to be, its dates, and the evidence of both."""

    title: str
    parts: tuple[NamePart, ...]
    role: str | None
    product: str | None
    phase: str
    tone: str
    dates: tuple[Fact, ...]
    patch: tuple[Fact, ...]
    held: tuple[Held, ...]
    evidence: tuple[Fact, ...]
    why_unknown: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing on the timeline; `at` sorts, `when` shows."""

    at: str
    when: str
    mark: str
    title: str
    detail: str
    url: str | None


@dataclass(frozen=True, slots=True)
class AssetPage:
    """One asset."""

    asset: AssetRow
    facts: tuple[Fact, ...]
    identifiers: tuple[IdentifierView, ...]
    identifier_columns: tuple[Column, ...]
    hardware: SubjectCard | None
    software: tuple[SubjectCard, ...]
    former: tuple[str, ...]
    held: tuple[Held, ...]
    policy: str
    timeline: tuple[Event, ...]
    summary: Summary
    may_edit: bool


def asset_facts(visitor: Visitor, formats: Formats, detail: AssetDetail) -> tuple[Fact, ...]:
    """The plain facts of an asset; what is not known is left out."""
    row = detail.asset
    words: tuple[tuple[str, object], ...] = (
        (N_("Agency"), row.agency),
        (N_("Class"), translate(visitor, term("asset_class", row.asset_class))),
        (N_("Model"), f"{row.manufacturer} {row.model}".strip()),
        (N_("Status"), translate(visitor, term("status", row.status))),
        (N_("Condition"), row.condition and translate(visitor, term("condition", row.condition))),
        (N_("Units"), formats.number(row.units) if row.units > 1 else None),
        (N_("Acquired"), row.acquired_on and formats.dated(row.acquired_on, row.acquired_precision)),
        (N_("Cost"), row.cost_minor is not None and formats.money(row.cost_minor, row.currency)),
        (N_("Warranty ends"), detail.warranty_ends_on and formats.day(detail.warranty_ends_on)),
        (N_("Support ends"), detail.support_ends_on and formats.day(detail.support_ends_on)),
        (N_("Location"), row.location),
        (N_("Custodian"), detail.custodian),
        (N_("Host name"), row.hostname),
        (N_("Source of funds"), detail.source),
        (N_("Item code"), detail.item_code),
        (N_("Register number"), detail.register_number),
        (N_("Processor"), detail.processor),
        (N_("Edge of the network"), _yes_no(visitor, detail.is_edge)),
        (N_("Reachable from the internet"), _yes_no(visitor, detail.internet_facing)),
        (
            N_("Criticality of the service"),
            detail.criticality and translate(visitor, term("criticality", detail.criticality)),
        ),
        (N_("Last seen"), detail.last_seen_on and formats.day(detail.last_seen_on)),
        (N_("Notes"), detail.notes),
        (N_("Recorded"), formats.instant(detail.recorded_at)),
    )
    return tuple(Fact(translate(visitor, label), str(value)) for label, value in words if value)


def _yes_no(visitor: Visitor, value: bool | None) -> str | None:
    return None if value is None else translate(visitor, N_("Yes") if value else N_("No"))


def held_line(visitor: Visitor, formats: Formats, holding: Holding) -> Held:
    """A rule that holds, with the facts that it rests on."""
    return Held(
        holding.rule,
        holding.severity,
        formats.day(holding.since_on),
        formats.day(holding.ends_on),
        tuple(flatten(visitor, formats, holding.facts)),
    )


def flatten(visitor: Visitor, formats: Formats, value: object, name: str = "") -> Iterable[Fact]:
    """Evidence as names and values: nested names are joined, dates are written as dates."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flatten(
                visitor, formats, inner, f"{name} › {_name(visitor, key)}" if name else _name(visitor, key)
            )
    elif isinstance(value, list | tuple):
        if value and all(isinstance(one, str | int | float) for one in value):
            yield Fact(name, ", ".join(_value(formats, one) for one in value))
        else:
            for at, inner in enumerate(value, start=1):
                yield from flatten(visitor, formats, inner, f"{name} {at}")
    elif value is not None and value != "":
        yield Fact(name, _value(formats, value))


def _name(visitor: Visitor, key: object) -> str:
    return translate(visitor, term("evidence", str(key)))


def _value(formats: Formats, value: object) -> str:
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        try:
            return formats.day(value)
        except ValueError:
            return value
    return (
        formats.number(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value)
    )


def subject_card(
    visitor: Visitor, formats: Formats, subject: SubjectLifecycle, match: MatchView | None, text: str = ""
) -> SubjectCard:
    """A title or model with what is known of it; `text` is the name that was matched."""
    found = " ".join(part for part in (subject.product_label, subject.release) if part) or None
    dates = [_date_fact(visitor, formats, one) for one in subject.dates]
    if subject.contract_ends_on:
        dates.append(
            Fact(
                translate(visitor, N_("Extended-support contract until")),
                formats.day(subject.contract_ends_on),
            )
        )
    evidence = list(_match_facts(visitor, formats, match))
    if subject.source:
        source = f"{subject.source}, {formats.day(subject.source_as_of)}"
        evidence.append(Fact(translate(visitor, N_("Source of the dates")), source))
    return SubjectCard(
        title=subject.title,
        parts=name_parts(text, match.evidence if match else None) if text else (),
        role=subject.role,
        product=found,
        phase=subject.phase,
        tone=PHASE_TONES.get(subject.phase, "plain"),
        dates=tuple(dates),
        patch=_patch_facts(visitor, formats, subject),
        held=tuple(held_line(visitor, formats, one) for one in subject.holdings),
        evidence=tuple(evidence),
        why_unknown=subject.unknown and translate(visitor, term("unknown", subject.unknown)),
    )


def _title_card(
    visitor: Visitor, formats: Formats, subject: SubjectLifecycle, held: InstallationView | None
) -> SubjectCard:
    match, name = (held.match, held.name) if held else (None, "")
    return subject_card(visitor, formats, subject, match, name)


def _date_fact(visitor: Visitor, formats: Formats, one: SupportDate) -> Fact:
    said = formats.day(one.on) if one.on else translate(visitor, term("said", one.said))
    return Fact(translate(visitor, term("support", one.kind)), said)


def _patch_facts(visitor: Visitor, formats: Formats, subject: SubjectLifecycle) -> tuple[Fact, ...]:
    words: tuple[tuple[str, object], ...] = (
        (N_("Installed version"), subject.version),
        (N_("Latest version of the release"), subject.latest),
        (N_("Versions behind"), subject.versions_behind and formats.number(subject.versions_behind)),
        (N_("Days behind"), subject.days_behind and formats.number(subject.days_behind)),
    )
    return tuple(Fact(translate(visitor, label), str(value)) for label, value in words if value)


def _match_facts(visitor: Visitor, formats: Formats, match: MatchView | None) -> Iterable[Fact]:
    if match is None:
        return
    yield Fact(translate(visitor, N_("Match")), translate(visitor, term("match_outcome", match.outcome)))
    yield Fact(
        translate(visitor, N_("Certainty")),
        f"{formats.percent(match.confidence)} · {translate(visitor, term('tier', match.tier))}",
    )
    yield Fact(translate(visitor, N_("Method")), match.method)
    if match.reason:
        yield Fact(translate(visitor, N_("Reason")), translate(visitor, term("match_reason", match.reason)))
    # Positions within the name are shown by underlining.
    shown = {name: value for name, value in match.evidence.items() if name != "spans"}
    yield from flatten(visitor, formats, shown)
    yield Fact(translate(visitor, N_("Matcher version")), match.matcher_version)


def make_page(
    visitor: Visitor,
    formats: Formats,
    detail: AssetDetail,
    life: AssetLifecycle,
    findings: Iterable[FindingRow],
    summary: Summary,
) -> AssetPage:
    """The page of one asset."""
    matches = {one.title_id: one for one in detail.installations}
    former = (one for one in detail.installations if one.superseded_at is not None)
    return AssetPage(
        asset=detail.asset,
        facts=asset_facts(visitor, formats, detail),
        identifiers=tuple(detail.identifiers),
        identifier_columns=columns(visitor, N_("Kind"), N_("Value"), N_("Since"), N_("Until")),
        hardware=None
        if life.model is None
        else subject_card(
            visitor,
            formats,
            life.model,
            detail.model_match,
            model_text(detail.asset.manufacturer or "", detail.asset.model or ""),
        ),
        software=tuple(
            _title_card(visitor, formats, one, matches.get(one.subject_id)) for one in life.installations
        ),
        former=tuple(f"{one.publisher} {one.name} {one.version}".strip() for one in former),
        held=tuple(held_line(visitor, formats, one) for one in life.holdings),
        policy=life.policy,
        timeline=timeline(visitor, formats, detail, findings),
        summary=summary,
        may_edit=visitor.may(Permission.MANAGE_ASSETS),
    )


def timeline(
    visitor: Visitor, formats: Formats, detail: AssetDetail, findings: Iterable[FindingRow]
) -> tuple[Event, ...]:
    """Changes, findings and dates of an asset, the latest first; what lies ahead stands on top."""
    events = [*_date_events(visitor, formats, detail), *_change_events(visitor, formats, detail.changes)]
    events += _finding_events(visitor, formats, findings)
    return tuple(sorted(events, key=lambda event: event.at, reverse=True))


def _day_event(
    formats: Formats, on: date, mark: str, title: str, detail: str = "", url: str | None = None
) -> Event:
    return Event(on.isoformat(), formats.day(on), mark, title, detail, url)


def _date_events(visitor: Visitor, formats: Formats, detail: AssetDetail) -> Iterable[Event]:
    row = detail.asset
    if row.acquired_on:
        when = formats.dated(row.acquired_on, row.acquired_precision)
        cost = "" if row.cost_minor is None else formats.money(row.cost_minor, row.currency)
        yield Event(row.acquired_on.isoformat(), when, "rest", translate(visitor, N_("Acquired")), cost, None)
    if detail.warranty_ends_on:
        yield _day_event(formats, detail.warranty_ends_on, "rest", translate(visitor, N_("Warranty ends")))
    if detail.support_ends_on:
        yield _day_event(formats, detail.support_ends_on, "rest", translate(visitor, N_("Support ends")))


def _finding_events(visitor: Visitor, formats: Formats, findings: Iterable[FindingRow]) -> Iterable[Event]:
    """Findings of one rule that opened (or were resolved) on one day are one event."""
    together: dict[tuple[date, str, str], list[FindingRow]] = {}
    for finding in findings:
        together.setdefault((finding.opened_on, "opened", finding.rule), []).append(finding)
        if finding.resolved_on:
            together.setdefault((finding.resolved_on, "resolved", finding.rule), []).append(finding)
    for (on, what, rule), group in together.items():
        opened = what == "opened"
        text = N_("Finding opened: %(rule)s") if opened else N_("Finding resolved: %(rule)s")
        title = translate(visitor, text, rule=translate(visitor, term("rule", rule)))
        mark = SEVERITY_MARKS.get(group[0].severity, "rest") if opened else "main"
        yield _day_event(
            formats, on, mark, title, "; ".join(filter(None, (_subject(formats, one) for one in group)))
        )


def _subject(formats: Formats, finding: FindingRow) -> str:
    ends = f"({formats.day(finding.ends_on)})" if finding.ends_on else ""
    return f"{finding.title or ''} {ends}".strip()


def _change_events(visitor: Visitor, formats: Formats, changes: Iterable[ChangeView]) -> Iterable[Event]:
    """Changes of one moment by one actor are one event."""
    together: dict[tuple[datetime, str, int | None], list[ChangeView]] = {}
    for change in changes:
        together.setdefault((change.at, change.actor, change.batch_id), []).append(change)
    for (at, actor, batch_id), group in together.items():
        created = any(change.field == _CREATION for change in group)
        title = translate(
            visitor, N_("Recorded by %(actor)s") if created else N_("Changed by %(actor)s"), actor=actor
        )
        words = [_change_text(visitor, formats, change) for change in group if change.field != _CREATION]
        url = f"/imports/{batch_id}" if batch_id else None
        yield Event(at.isoformat(), formats.instant(at), "main", title, "; ".join(words), url)


def _change_text(visitor: Visitor, formats: Formats, change: ChangeView) -> str:
    name = translate(visitor, term("field", change.field.split(":")[0]))
    values = (_stored(visitor, formats, change.field, value) for value in (change.before, change.after))
    return f"{name}: {' → '.join(values)}"


def _stored(visitor: Visitor, formats: Formats, field: str, value: str | None) -> str:
    try:
        return NOTHING if value is None else shown_value(visitor, formats, field, value, {})
    except ValueError:
        return str(value)
