"""Dates that agencies hold against the catalogue's, laid over what a scan has loaded. Pure.

The organisation's change the dates of the release; an agency's give it verdicts of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tracker.catalogue.overrides import SHARED, Held
from tracker.lifecycle.facts import Dated, Matched
from tracker.lifecycle.schemas import SupportDate

#: Date → its fields in ReleaseDates: the day, and what is said without one.
_FIELDS = {
    "active_support_ends": ("active_on", "active_flag"),
    "security_support_ends": ("security_on", "security_flag"),
    "extended_support_ends": ("extended_on", "extended_flag"),
    "discontinued": ("discontinued_on", "discontinued_flag"),
}
Overrides = Mapping[int, Mapping[int, Mapping[str, Held]]]


def lay_over(dated: Dated, held: Mapping[str, Held]) -> Dated:
    """The dates of a release with those that are held in their place, and who holds them for the evidence."""
    changes: dict[str, Any] = {}
    for name, one in held.items():
        on, flag = _FIELDS[name]
        changes |= {on: one.value, flag: None}
    kept = [one for one in dated.told if one.kind not in held]
    told = (*kept, *(SupportDate(name, one.value, None) for name, one in held.items()))
    overridden = {name: tell(one) for name, one in held.items()}
    return replace(
        dated,
        dates=replace(dated.dates, **changes),
        told=told,
        overridden={**dated.overridden, **overridden},
        moved=tuple(one for one in dated.moved if one.kind not in held),
    )


def tell(one: Held) -> dict[str, object]:
    """What evidence says of an overridden date."""
    return {
        "date_by_local_override": one.value.isoformat(),
        "decided_for": one.agency,
        "decided_by": one.author,
        "decided_on": one.recorded_at.date().isoformat(),
        "decided_because": one.reason,
        "document": one.document,
    }


def shared_dates(releases: Mapping[int, Dated], overrides: Overrides) -> dict[int, Dated]:
    """The dates of every release as the organisation holds them."""
    held = overrides.get(SHARED, {})
    return {at: lay_over(dated, held[at]) if at in held else dated for at, dated in releases.items()}


def own_dates(releases: Mapping[int, Dated], overrides: Overrides) -> dict[tuple[int, int], Dated]:
    """{(release, agency): its dates} where an agency holds other ones."""
    return {
        (at, agency_id): lay_over(releases[at], held)
        for agency_id, by_release in overrides.items()
        if agency_id != SHARED
        for at, held in by_release.items()
        if at in releases
    }


def own_subjects(matched: list[Matched], own: Mapping[tuple[int, int], Dated]) -> list[Matched]:
    """`matched`, and each shared subject once more for every agency that holds other dates of its release."""
    agencies: dict[int, list[int]] = {}
    for release_id, agency_id in sorted(own):
        agencies.setdefault(release_id, []).append(agency_id)
    taken = {(one.subject.kind, one.subject.id, one.subject.scope) for one in matched}
    more = [
        replace(one, subject=replace(one.subject, scope=agency_id))
        for one in matched
        if not one.subject.scope
        for agency_id in agencies.get(one.subject.release_id or 0, ())
        if (one.subject.kind, one.subject.id, agency_id) not in taken
    ]
    return [*matched, *more]
