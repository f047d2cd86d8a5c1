"""Frozen results of the lifecycle room, and the filter of findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from tracker.inventory.schemas import Coverage, Page

__all__ = ["Coverage", "Dashboard", "FindingFilter", "FindingRow", "Page", "ScanResult"]


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
        """The document of `scan --json`; coverage as shares of the tracked installations, with the counts."""
        seen = self.coverage
        return {
            "as_of": self.as_of.isoformat(),
            "assets": self.assets,
            "installations": self.installations,
            "titles": self.titles,
            "coverage": {
                "matched": _share(seen.matched, seen.tracked),
                "dated": _share(seen.dated, seen.tracked),
                "installations": {
                    "tracked": seen.tracked,
                    "matched": seen.matched,
                    "dated": seen.dated,
                    "not_tracked": seen.not_tracked,
                },
            },
            "opened": self.opened,
            "resolved": self.resolved,
            "open": dict(self.open),
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class FindingFilter:
    """Which findings: an agency with all below it, a rule, a severity, an asset; open, resolved or all."""

    agency: str | None = None
    rule: str | None = None
    severity: str | None = None
    asset_id: int | None = None
    state: str = "open"


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
            "id": self.id,
            "asset_id": self.asset_id,
        }


@dataclass(frozen=True)
class Dashboard:
    """Headline figures of a subtree, as counted by the last scan; every count sums units.

    `obsolete_by_agency` holds (agency code, obsolete, all assets), `ending_by_month` (YYYY-MM, units whose
    security support ends in that month).
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


def _text(on: date | None) -> str | None:
    return on.isoformat() if on else None


def _share(count: int, total: int) -> float:
    return round(count / total, 4) if total else 0.0
