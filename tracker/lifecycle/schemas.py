"""Frozen results of the lifecycle room, and the filter of findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from tracker.inventory.schemas import Coverage, Page

#: How findings may stand with people: nothing done yet, acknowledged, assigned and past the due date, and so on.
HANDLINGS = ("new", "acknowledged", "overdue", "waiver-asked", "waived", "not-waived")

__all__ = [
    "HANDLINGS",
    "AssetLifecycle",
    "Coverage",
    "Dashboard",
    "FindingFilter",
    "FindingRow",
    "Holding",
    "Page",
    "ScanResult",
    "SubjectLifecycle",
    "SupportDate",
    "Work",
]


@dataclass(frozen=True)
class ScanResult:
    """What a scan saw and changed. `open` counts the findings open afterwards, by rule."""

    as_of: date
    assets: int
    installations: int
    titles: int
    coverage: Coverage
    opened: int
    resolved: int
    changed: int
    open: Mapping[str, int]
    seconds: float

    def to_json(self) -> dict[str, object]:
        """The document of `scan --json`. In `coverage`, `tracked` and `not_tracked` count installed units,
        `matched` and `dated` are shares of the tracked ones; `units` holds all four as counts."""
        return {
            "as_of": self.as_of.isoformat(),
            "assets": self.assets,
            "installations": self.installations,
            "titles": self.titles,
            "coverage": coverage_json(self.coverage),
            "opened": self.opened,
            "resolved": self.resolved,
            "open": dict(self.open),
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class FindingFilter:
    """Which findings: an agency with all below it, a rule, a severity, an asset; open, resolved or all.

    `text` is looked for in tag, serial, name and host of the asset, and in the name of what is found.
    `handling` is one of HANDLINGS, `assignee` an e-mail address or "nobody"; `on` is the day by which waivers and
    due dates are told (None: a waiver counts whenever it ends).
    """

    agency: str | None = None
    rule: str | None = None
    severity: str | None = None
    asset_id: int | None = None
    state: str = "open"
    text: str | None = None
    handling: str | None = None
    assignee: str | None = None
    ids: tuple[int, ...] = ()
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """How a finding stands with people; see FindingWork. `assignee` is an e-mail address."""

    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    assignee: str | None = None
    due_on: date | None = None
    asked_by: str | None = None
    asked_until: date | None = None
    waived_by: str | None = None
    plan_id: int | None = None
    plan_line_id: int | None = None


@dataclass(frozen=True)
class FindingRow:
    """One finding with its asset, subject, dates and evidence; `id` is None where it is not stored."""

    id: int | None
    agency_id: int
    asset_id: int
    asset_tag: str | None
    asset_name: str
    agency: str
    rule: str
    severity: str
    opened_on: date
    resolved_on: date | None
    since_on: date | None
    title: str | None
    product: str | None
    release: str | None
    version: str | None
    ends_on: date | None
    waived_until: date | None
    evidence: Mapping[str, object]
    work: Work = Work()

    def to_json(self) -> dict[str, object]:
        """The object of `findings --format json`: the agreed keys first, further ones after them."""
        return {
            "asset_tag": self.asset_tag,
            "agency": self.agency,
            "rule": self.rule,
            "severity": self.severity,
            "opened_on": self.opened_on.isoformat(),
            "title": self.title,
            "product": self.product,
            "release": self.release,
            "version": self.version,
            "ends_on": _text(self.ends_on),
            "waived_until": _text(self.waived_until),
            "evidence": dict(self.evidence),
            "since_on": _text(self.since_on),
            "resolved_on": _text(self.resolved_on),
            "acknowledged_by": self.work.acknowledged_by,
            "assignee": self.work.assignee,
            "due_on": _text(self.work.due_on),
            "waiver_asked_until": _text(self.work.asked_until),
            "plan": self.work.plan_id,
            "id": self.id,
            "asset_id": self.asset_id,
        }


@dataclass(frozen=True)
class Dashboard:
    """Headline figures of a subtree, as counted by the last scan; every count sums units.

    `obsolete_by_agency` holds (agency code, obsolete, all assets) by tree order, `ending_by_month`
    (YYYY-MM, units on which something's security support ends in that month) this month and the next
    twelve, zeros too, as far as the policy's longest warning reaches. `unpatched` counts units with any
    patch finding, `unpatchable` those of them that only an upgrade helps. `open` and `open_by_severity`
    count findings, by rule and by severity; `installations` are rows.
    """

    assets: int
    obsolete: int
    obsolete_by_agency: list[tuple[str, int, int]]
    ending_by_month: list[tuple[str, int]]
    unpatched: int
    unknown: int
    coverage: Coverage
    open: Mapping[str, int] = field(default_factory=dict)
    counted_on: date | None = None
    last_scan: datetime | None = None
    unpatchable: int = 0
    open_by_severity: Mapping[str, int] = field(default_factory=dict)
    installations: int = 0


@dataclass(frozen=True)
class SupportDate:
    """One date of a release: when that support ends, or what is said in place of a day."""

    kind: str
    on: date | None
    said: str | None


@dataclass(frozen=True)
class Holding:
    """A rule that holds for a subject: since when, until when support lasted, and the facts it rests on."""

    rule: str
    severity: str
    since_on: date | None
    ends_on: date | None
    facts: Mapping[str, object]


@dataclass(frozen=True)
class SubjectLifecycle:
    """What a title (or the hardware model) of an asset is on a day: phase, patch state, dates, evidence.

    `phase` takes the agency's extended-support contract into account (`contract_ends_on`). `source` and
    `source_as_of` name where the dates are from and of which day that is. `days_behind` counts from the
    day on which the first newer version came out.
    """

    kind: str
    subject_id: int
    installation_id: int | None
    role: str | None
    title: str
    product: str | None
    product_label: str | None
    release: str | None
    version: str | None
    phase: str
    patch: str
    latest: str | None
    versions_behind: int | None
    days_behind: int | None
    dates: tuple[SupportDate, ...]
    source: str | None
    source_as_of: date | None
    contract_ends_on: date | None
    unknown: str | None
    holdings: tuple[Holding, ...]
    evidence: Mapping[str, object]


@dataclass(frozen=True)
class AssetLifecycle:
    """An asset on a day: its titles and model, and what its own dates say. `policy` is the one applied."""

    asset_id: int
    agency_id: int
    on: date
    policy: str
    model: SubjectLifecycle | None
    installations: tuple[SubjectLifecycle, ...]
    holdings: tuple[Holding, ...]
    age_unknown: str | None


def coverage_json(seen: Coverage) -> dict[str, object]:
    """Coverage as `scan --json` tells it; see ScanResult.to_json."""
    return {
        "tracked": seen.tracked,
        "matched": _share(seen.matched, seen.tracked),
        "dated": _share(seen.dated, seen.tracked),
        "not_tracked": seen.not_tracked,
        "units": asdict(seen),
    }


def _text(on: date | None) -> str | None:
    return on.isoformat() if on else None


def _share(count: int, total: int) -> float:
    return round(count / total, 4) if total else 0.0
