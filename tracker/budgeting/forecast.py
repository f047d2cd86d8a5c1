"""What becomes due and when, pure: assets with their open findings → groups of like assets and their needs.

A row of input is one asset. Its findings come as a signature, the ids of their verdicts, because thousands
of assets share the same one and each distinct one is understood once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from tracker.budgeting.models import PlanAction
from tracker.budgeting.money import fiscal_year
from tracker.budgeting.needs import Member, Need, Reason, RiskPart
from tracker.budgeting.signatures import RuleCause, Rules, Side, Understood, VerdictFacts, understand
from tracker.lifecycle.asset_rules import add_years

_MANY_TITLES = 5


class AssetFacts(NamedTuple):
    """One asset as the forecast sees it; `acquired_on` is the latest day that its precision allows."""

    agency_id: int
    asset_id: int
    asset_class: str
    model_id: int | None
    units: int
    is_broken: bool
    acquired_on: date | None
    signature: str | None
    tag: str = ""


@dataclass(slots=True)
class _Group:
    key: tuple[object, ...]
    agency_id: int
    asset_class: str
    model_id: int | None
    title_id: int | None
    cohort: str
    software_due: int | None
    hardware_due: int | None
    understood: Understood
    is_broken: bool
    has_past_life: bool
    units: int = 0
    assets: list[Member] = field(default_factory=list)
    #: What was understood of the members, by identity, with the units of which it holds.
    seen: dict[int, tuple[Understood, int]] = field(default_factory=dict)
    life_from: date | None = None
    life_to: date | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The needs in a stable order, and what the forecast could not know."""

    needs: tuple[Need, ...]
    assets: int
    units: int
    units_without_date: int
    units_without_life: int


@dataclass(frozen=True, slots=True)
class Names:
    """Names to show: agencies' codes, models and titles by id."""

    agencies: Mapping[int, str] = field(default_factory=dict)
    models: Mapping[int, str] = field(default_factory=dict)
    titles: Mapping[int, str] = field(default_factory=dict)


def forecast(
    assets: Iterable[AssetFacts],
    verdicts: Mapping[int, VerdictFacts],
    rules: Rules,
    years: tuple[int, int],
    names: Names,
) -> Forecast:
    """Groups of like assets with what each needs within fiscal years `years` (first, last; inclusive).

    A group shares agency, class, model or title, cohort and findings. It needs an upgrade where only
    software is at fault and the hardware's useful life goes on for the policy's minimum after that;
    otherwise a replacement, which brings its software with it. Hardware whose useful life ends later
    within the years needs both, the replacement making an upgrade not yet done needless.
    """
    groups: dict[tuple[object, ...], _Group] = {}
    cache: dict[str | None, Understood] = {}
    counts = Counter[str]()
    for asset in assets:
        known = cache.get(asset.signature)
        if known is None:
            known = cache[asset.signature] = understand(asset.signature, verdicts, rules)
        counts["assets"] += 1
        counts["units"] += asset.units
        _note_gaps(asset, rules, counts)
        _collect(groups, asset, known, rules, years)
    needs = _needs(sorted(groups.values(), key=lambda group: str(group.key)), rules, names)
    return Forecast(needs, counts["assets"], counts["units"], counts["undated"], counts["lifeless"])


def _note_gaps(asset: AssetFacts, rules: Rules, counts: Counter[str]) -> None:
    if asset.asset_class == "virtual-machine":
        return
    if asset.asset_class not in rules.useful_life_years:
        counts["lifeless"] += asset.units
    elif asset.acquired_on is None:
        counts["undated"] += asset.units


def life_ends_on(asset: AssetFacts, rules: Rules) -> date | None:
    """The last day of the useful life that the policy gives the asset; None where unknown."""
    years = rules.useful_life_years.get(asset.asset_class)
    if years is None or asset.acquired_on is None:
        return None
    return add_years(asset.acquired_on, years)


def _collect(
    groups: dict[tuple[object, ...], _Group],
    asset: AssetFacts,
    known: Understood,
    rules: Rules,
    years: tuple[int, int],
) -> None:
    life_end = life_ends_on(asset, rules)
    software_due = _due(known.software, rules, years)
    hardware_due = _hardware_due(asset, known, life_end, rules, years)
    is_past = (
        hardware_due is not None and life_end is not None and _year(life_end, rules, years) <= hardware_due
    )
    due = _actions_due(software_due, hardware_due, rules, years)
    if due == (None, None):
        return
    group = _group(groups, asset, known, due, is_past and due[1] is not None)
    _add(group, asset, known, life_end)


def _actions_due(
    software_due: int | None, hardware_due: int | None, rules: Rules, years: tuple[int, int]
) -> tuple[int | None, int | None]:
    """Years of (upgrade, replacement). Hardware that would not outlive the software's date long enough is
    replaced in the software's year instead of upgraded."""
    least = rules.upgrade_needs_remaining_years
    if software_due is not None and hardware_due is not None and hardware_due <= software_due + least:
        return None, min(software_due, hardware_due)
    return software_due, hardware_due if hardware_due is not None and hardware_due <= years[1] else None


def _add(group: _Group, asset: AssetFacts, known: Understood, life_end: date | None) -> None:
    group.units += asset.units
    group.assets.append(Member(asset.asset_id, asset.units, asset.tag))
    group.seen[id(known)] = (known, group.seen.get(id(known), (known, 0))[1] + asset.units)
    if group.has_past_life and life_end is not None:
        group.life_from = _earliest(group.life_from, life_end)
        group.life_to = max(group.life_to or life_end, life_end)


def _earliest(one: date | None, other: date | None) -> date | None:
    return min((day for day in (one, other) if day is not None), default=None)


def _year(day: date, rules: Rules, years: tuple[int, int]) -> int:
    return max(fiscal_year(day, rules.start_month), years[0])


def _due(side: Side, rules: Rules, years: tuple[int, int]) -> int | None:
    """The year in which a side's findings must be dealt with; the first year when at once or past."""
    if not side.is_due:
        return None
    year = years[0] if side.due_on is None else _year(side.due_on, rules, years)
    return year if year <= years[1] else None


def _hardware_due(
    asset: AssetFacts, known: Understood, life_end: date | None, rules: Rules, years: tuple[int, int]
) -> int | None:
    found = [_due(known.hardware, rules, years)]
    if asset.is_broken:
        found.append(years[0])
    if life_end is not None:
        found.append(_year(life_end, rules, years))
    return min((year for year in found if year is not None), default=None)


def _group(
    groups: dict[tuple[object, ...], _Group],
    asset: AssetFacts,
    known: Understood,
    due: tuple[int | None, int | None],
    is_past: bool,
) -> _Group:
    software_due, hardware_due = due
    replaces = hardware_due is not None
    title = known.software.titles[0] if software_due is not None and known.software.titles else None
    cohort = str(asset.acquired_on.year) if replaces and asset.acquired_on is not None else ""
    model = asset.model_id if replaces else None
    findings = (known.software.parts, known.hardware.parts if replaces else ())
    key: tuple[object, ...] = (
        asset.agency_id,
        asset.asset_class,
        model or 0,
        title or 0,
        cohort,
        due,
        findings,
    )
    key = (*key, asset.is_broken and replaces, is_past)
    group = groups.get(key)
    if group is None:
        group = groups[key] = _Group(
            key, asset.agency_id, asset.asset_class, model, title, cohort, *due, known,
            asset.is_broken and replaces, is_past,
        )  # fmt: skip
    return group


def _needs(groups: list[_Group], rules: Rules, names: Names) -> tuple[Need, ...]:
    needs: list[Need] = []
    for group in groups:
        agency = names.agencies.get(group.agency_id, str(group.agency_id))
        upgrade = None
        if group.software_due is not None:
            upgrade = len(needs)
            needs.append(_upgrade(group, agency, rules, names))
        if group.hardware_due is not None:
            needs.append(_replacement(group, agency, rules, names, upgrade))
    return _with_unique_keys(needs)


def _upgrade(group: _Group, agency: str, rules: Rules, names: Names) -> Need:
    side = group.understood.software
    title = names.titles.get(group.title_id, "") if group.title_id is not None else ""
    assert group.software_due is not None
    return Need(
        key="|".join((agency, group.asset_class, "upgrade", title, group.cohort)),
        agency_id=group.agency_id,
        asset_class=group.asset_class,
        action=PlanAction.UPGRADE,
        label=title,
        cohort=group.cohort,
        due_year=group.software_due,
        units=group.units,
        risk=min(side.points, 100),
        mandatory=side.is_mandatory,
        parts=side.parts,
        reasons=_software_reasons(group, names),
        assets=tuple(group.assets),
    )


def _replacement(group: _Group, agency: str, rules: Rules, names: Names, upgrade: int | None) -> Need:
    software, hardware = group.understood.software, group.understood.hardware
    parts = list(hardware.parts)
    if group.is_broken:
        parts.append(RiskPart("broken", None, rules.broken_points))
    if group.has_past_life:
        parts.append(RiskPart("past-useful-life", None, rules.past_life_points))
    total = min(sum(part.points for part in parts) + software.points, 100)
    model = names.models.get(group.model_id, "") if group.model_id is not None else ""
    alone = upgrade is None
    assert group.hardware_due is not None
    return Need(
        key="|".join((agency, group.asset_class, "replace", model, group.cohort)),
        agency_id=group.agency_id,
        asset_class=group.asset_class,
        action=PlanAction.REPLACE,
        label=model,
        cohort=group.cohort,
        due_year=group.hardware_due,
        units=group.units,
        risk=total if alone else total - min(software.points, 100),
        mandatory=hardware.is_mandatory or (alone and software.is_mandatory),
        parts=tuple(parts) + (software.parts if alone else ()),
        reasons=_hardware_reasons(group, rules, names, alone),
        assets=tuple(group.assets),
        covers=upgrade,
    )


def _hardware_reasons(group: _Group, rules: Rules, names: Names, alone: bool) -> tuple[Reason, ...]:
    model = names.models.get(group.model_id, "") if group.model_id is not None else ""
    reasons = [
        _finding(part, model, 0, _ends_on(side.hardware.causes[part.code] for side, _ in group.seen.values()))
        for part in group.understood.hardware.parts
    ]
    if group.is_broken:
        reasons.append(Reason("broken"))
    if group.life_from is not None and group.life_to is not None:
        params = {
            "years": rules.useful_life_years[group.asset_class],
            "from_on": group.life_from.isoformat(),
            "to_on": group.life_to.isoformat(),
        }
        reasons.append(Reason("useful-life", params))
    return tuple(reasons) + (_software_reasons(group, names) if alone else ())


def _software_reasons(group: _Group, names: Names) -> tuple[Reason, ...]:
    """One reason a rule, with its own titles (those of most units first) and the first of their dates."""
    return tuple(_software_reason(group, part, names) for part in group.understood.software.parts)


def _software_reason(group: _Group, part: RiskPart, names: Names) -> Reason:
    counted = Counter[int]()
    for known, units in group.seen.values():
        counted.update(dict.fromkeys(known.software.causes[part.code].titles, units))
    titles = [names.titles[at] for at, _ in _by_count(counted) if at in names.titles]
    shown, more = ", ".join(titles[:_MANY_TITLES]), max(len(titles) - _MANY_TITLES, 0)
    ends_on = _ends_on(known.software.causes[part.code] for known, _ in group.seen.values())
    return _finding(part, shown, more, ends_on)


def _ends_on(causes: Iterable[RuleCause]) -> date | None:
    return min((cause.ends_on for cause in causes if cause.ends_on is not None), default=None)


def _finding(part: RiskPart, subject: str, more: int, ends_on: date | None) -> Reason:
    params: dict[str, object] = {
        "rule": part.code,
        "severity": part.severity,
        "subject": subject,
        "more": more,
    }
    if ends_on is not None and part.code.startswith("security-support"):
        params["ends_on"] = ends_on.isoformat()
    return Reason("finding", params)


def _by_count(titles: Counter[int]) -> list[tuple[int, int]]:
    return sorted(titles.items(), key=lambda item: (-item[1], item[0]))


def _with_unique_keys(needs: list[Need]) -> tuple[Need, ...]:
    """Groups that differ in findings only would share a key; a number in stable order keeps them apart."""
    seen = Counter[str]()
    found = []
    for need in needs:
        seen[need.key] += 1
        number = seen[need.key]
        found.append(need if number == 1 else replace(need, key=f"{need.key}|{number}"))
    return tuple(found)
