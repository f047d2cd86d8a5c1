"""The facts that rules judge by: subjects as matched, dates of releases, newer versions, exploited products."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from tracker.catalogue.ranges import Range, covers
from tracker.catalogue.versions import compare
from tracker.lifecycle.rules import Exploited, Moved, PatchFacts, ReleaseDates, Subject
from tracker.lifecycle.schemas import SupportDate


@dataclass(frozen=True, slots=True)
class Matched:
    """A subject with its version key and the evidence of its match."""

    subject: Subject
    version_key: str | None
    evidence: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Dated:
    """The dates of a release with what the evidence of a finding cites."""

    dates: ReleaseDates
    latest: str | None
    latest_on: date | None
    scheme: str | None
    source: str
    as_of: date
    told: tuple[SupportDate, ...]
    moved: tuple[Moved, ...] = ()
    overridden: Mapping[str, object] = field(default_factory=dict)

    @property
    def cited(self) -> dict[str, object]:
        """What evidence cites: source, its day, and every date as a day or as what is said in its place."""
        dates = {one.kind: one.on.isoformat() if one.on else one.said for one in self.told}
        local = {"overridden": dict(self.overridden)} if self.overridden else {}
        return {"source": self.source, "snapshot_as_of": self.as_of.isoformat(), "dates": dates, **local}


@dataclass(frozen=True, slots=True)
class Versions:
    """Dated versions of a release in version order, and from each place on the earliest date and the number
    of calendar months in which one came out."""

    keys: list[str]
    names: list[str]
    dates: list[date | None]
    earliest_from: list[date | None]
    months_from: list[int]


@dataclass(frozen=True)
class Facts:
    """All that the rules need, by id."""

    matched: list[Matched]
    releases: Mapping[int, Dated]
    versions: Mapping[int, Versions]
    exploited: Mapping[int, tuple[Exploited, ...]]
    catalogue_as_of: date | None
    exploited_as_of: date | None
    matcher_version: str
    #: Releases that the requirement on processors is about: those that the next operating system replaces.
    followed: frozenset[int] = frozenset()
    #: Affected versions by product and CVE, where a record tells them.
    affected: Mapping[tuple[int, str], tuple[Range, ...]] = field(default_factory=dict)
    #: Dates by release and agency, where an agency holds other ones than the catalogue.
    own_dates: Mapping[tuple[int, int], Dated] = field(default_factory=dict)

    def dated_of(self, subject: Subject) -> Dated | None:
        """The dates of the subject's release, as the agency of its scope holds them."""
        at = subject.release_id
        return self.own_dates.get((at, subject.scope)) or self.releases.get(at) if at is not None else None

    def exploited_of(self, subject: Subject, scheme: str | None) -> tuple[Exploited, ...]:
        """The entries that may concern the subject: without those whose affected versions leave its version out."""
        if subject.product_id is None:
            return ()
        listed = self.exploited.get(subject.product_id, ())
        if not subject.version or not self.affected:
            return listed
        kept = []
        for one in listed:
            told = self.affected.get((subject.product_id, one.cve_id))
            if told is None:
                kept.append(one)
            elif covers(subject.version, told, scheme):
                kept.append(replace(one, is_within=True))
        return tuple(kept)

    def patch_facts(self, found: Matched, day: date) -> PatchFacts | None:
        """What is newer than the installed version on `day`; None where the version is not known."""
        release_id = found.subject.release_id
        if release_id is None or found.version_key is None:
            return None
        known = self.versions.get(release_id)
        if known is not None:
            return _place_among(known, found.version_key)
        dated = self.releases.get(release_id)
        return _against_latest(dated, found.subject.version, day) if dated is not None else None


def _against_latest(dated: Dated, installed: str | None, day: date) -> PatchFacts | None:
    """Without dated versions only "is it the latest" can be told, not how many lie between; nothing where
    the two have no order ("Update 4", "unknown")."""
    if dated.latest is None or installed is None or (dated.latest_on or day) > day:
        return None
    order = compare(installed, dated.latest, dated.scheme)
    if order is None:
        return None
    behind = order < 0
    return PatchFacts(dated.latest, int(behind), dated.latest_on if behind else None, None, known=order == 0)


def _place_among(known: Versions, key: str) -> PatchFacts:
    after = bisect_right(known.keys, key)
    exact = after > 0 and known.keys[after - 1] == key
    newer = len(known.keys) - after
    installed_on = known.dates[after - 1] if exact else None
    since, months = (known.earliest_from[after], known.months_from[after]) if newer else (None, 0)
    if since is not None and installed_on is not None and since <= installed_on:
        since, months = _after_day(known.dates[after:], installed_on)
    return PatchFacts(known.names[-1], newer, since, installed_on, exact, months)


def _after_day(dates: Sequence[date | None], installed_on: date) -> tuple[date | None, int]:
    """The earliest date and the calendar months of newer versions that came out after the installed one.

    Lines that are kept up side by side make this necessary (SQL Server's GDR and cumulative updates, Exchange's
    last two): of the other line, only what came out since is an update that was missed.
    """
    later = [on for on in dates if on is not None and on > installed_on]
    return min(later, default=installed_on), len({(on.year, on.month) for on in later})
