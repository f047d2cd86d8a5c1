"""Planning problems of any size for figures: agencies with yearly budgets, deadlines, prices that differ.

The instance follows the one that solvers were compared on: 40 agencies with a budget each in five years, a
yearly capacity of work, one need in twenty mandatory, prices up to 15 % around those of their class.
"""

from __future__ import annotations

import random

from tracker.budgeting.models import PlanAction
from tracker.budgeting.needs import Cap, Limits, Need, Problem

YEARS = tuple(range(2027, 2032))
AGENCIES = 40
_PRICES = {"laptop": 15_000_000, "desktop": 12_500_000, "server": 165_000_000, "network": 28_000_000}
_MINOR = 100


def problem(groups: int, seed: int = 1, money: float = 0.45) -> Problem:
    """A problem of `groups` groups; `money` is the share of all needs' cost that the budgets hold together.

    Each group can be replaced, one in two upgraded before, and those bridged by extended support: up to three
    actions a group and year.
    """
    chance = random.Random(seed)
    needs: list[Need] = []
    prices: dict[tuple[str, str], dict[int, int]] = {}
    for at in range(groups):
        needs.extend(_group(chance, at, len(needs), prices))
    wanted = dict.fromkeys(range(AGENCIES), 0)
    for need in needs:
        if need.covers is None or need.action == PlanAction.REPLACE:
            wanted[need.agency_id] += need.units * prices[need.price_key, need.action][YEARS[0]]
    caps = tuple(
        Cap(f"agency {agency}", frozenset({agency}), {year: int(cost * money / len(YEARS) * chance.uniform(0.5, 1.5))
            for year in YEARS})
        for agency, cost in wanted.items()
    )  # fmt: skip
    total = {year: int(0.95 * sum(cap.budgets_minor[year] for cap in caps)) for year in YEARS}
    works = sum(need.units for need in needs)
    capacity = dict.fromkeys(YEARS, int(works * money / len(YEARS)))
    return Problem(tuple(needs), YEARS, total, prices, Limits(caps=caps, capacity_units=capacity))


def _group(
    chance: random.Random, at: int, place: int, prices: dict[tuple[str, str], dict[int, int]]
) -> list[Need]:
    kind, agency, units = chance.choice(list(_PRICES)), chance.randrange(AGENCIES), chance.randint(1, 40)
    key, base = f"g{at}", _PRICES[kind] * chance.uniform(0.85, 1.15)
    for action, share in (
        (PlanAction.REPLACE, 1.0),
        (PlanAction.UPGRADE, 0.2),
        (PlanAction.EXTEND_SUPPORT, 0.08),
    ):
        prices[key, action] = {year: int(base * share * 1.03 ** (year - YEARS[0])) * _MINOR for year in YEARS}
    due, mandatory = chance.choice(YEARS), chance.random() < 0.05

    def need(action: PlanAction, risk: int, **more: int | None) -> Need:
        return Need(f"{key}|{action}", agency, kind, action, key, "", min(due + (more.get("later") or 0), YEARS[-1]), units, risk,
                    mandatory, covers=more.get("covers"), price_key=key, bridge=more.get("bridge") or 0)  # fmt: skip

    if chance.random() < 0.5:
        return [need(PlanAction.REPLACE, chance.randint(20, 95))]
    software = chance.randint(15, 50)
    return [
        need(PlanAction.UPGRADE, software, bridge=software // 2),
        need(PlanAction.REPLACE, chance.randint(10, 45), covers=place, later=chance.randint(0, 2)),
    ]
