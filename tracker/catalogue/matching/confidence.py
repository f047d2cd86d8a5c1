"""How sure an answer is, and which answers may stand without a person looking at them."""

from __future__ import annotations

from collections.abc import Iterable

from tracker.catalogue.matching.resolving import COLUMN, Resolution
from tracker.catalogue.matching.types import Tier

#: What each doubt takes away. Set on the development names so that automatic answers are ≥ 99 % right.
COSTS = {
    "unknown-word-after": 0.15,
    "unknown-word-further": 0.12,
    "unknown-word-behind": 0.04,
    "unknown-part-behind": 0.12,
    "unknown-word-before": 0.06,
    "named-as-platform": 0.15,
    "ordinary-word-of-another-vendor": 0.12,
    "named-by-vendor-column": 0.06,
}
#: What an unknown release takes away: a version that no release takes may be another product's.
_REASONS = {"version-not-in-catalogue": 0.15, "ambiguous-release": 0.1, "edition-not-stated": 0.1}
_AUTO, _FLOOR = 0.87, 0.05


def confidence(weight: float, doubts: Iterable[str], resolution: Resolution) -> float:
    """0–1: the name's own weight, less doubts about it, its version and its agreement with the column."""
    sure = weight - sum(COSTS[doubt] for doubt in doubts)
    sure -= 0.2 * len(resolution.conflicts)
    sure -= 0.05 if resolution.assumed else 0.0
    sure -= 0.02 if resolution.source == COLUMN else 0.0
    sure -= _REASONS.get(resolution.reason or "", 0.0)
    return round(max(sure, _FLOOR), 3)


def tier(sure: float) -> Tier:
    """The tier of a product that was found with this confidence."""
    return Tier.AUTO if sure >= _AUTO else Tier.REVIEW
