"""Names as people write them → products, releases and versions of the catalogue. Pure: see types.py."""

from tracker.catalogue.matching.exploited import map_exploited
from tracker.catalogue.matching.hardware import HARDWARE, hardware_maker, hardware_slug, normalise_hardware
from tracker.catalogue.matching.matcher import MATCHER_VERSION, Matcher
from tracker.catalogue.matching.rules import group_key
from tracker.catalogue.matching.types import (
    CatalogueProduct,
    CatalogueRelease,
    Match,
    Outcome,
    Tier,
)

__all__ = [
    "HARDWARE",
    "MATCHER_VERSION",
    "CatalogueProduct",
    "CatalogueRelease",
    "Match",
    "Matcher",
    "Outcome",
    "Tier",
    "group_key",
    "hardware_maker",
    "hardware_slug",
    "map_exploited",
    "normalise_hardware",
]
