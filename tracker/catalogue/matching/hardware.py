"""Makers and models of hardware in one spelling, so that the same model is one model.

The words are in data/makers.json: spellings of makers, families that betray their maker, family names
that people write in two words, and words that say nothing about the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from tracker.catalogue.matching.normalise import plain
from tracker.catalogue.matching.rules import document
from tracker.catalogue.matching.types import CatalogueProduct

_LEGAL = re.compile(r"\b(?:inc|corp|corporation|co|ltd|limited|llc|gmbh|company|tbk|pt)\b\.?")
_PART_NUMBER = re.compile(r"[a-z0-9]+(?:[-/][a-z0-9]+)*")


@cache
def _makers() -> dict[str, str]:
    rows: dict[str, list[str]] = document("makers")["makers"]
    return {" ".join(_parts(name)): maker for maker, names in rows.items() for name in names}


@cache
def _families() -> dict[str, str]:
    rows: dict[str, list[str]] = document("makers")["families"]
    return {family.replace(" ", ""): maker for maker, names in rows.items() for family in names}


@cache
def _joined() -> frozenset[str]:
    return frozenset(document("makers")["joined"])


@cache
def _spellings() -> dict[str, str]:
    spellings: dict[str, str] = document("makers")["spellings"]
    return spellings


def _parts(text: str) -> list[str]:
    return _PART_NUMBER.findall(plain(text).text)


def _maker(manufacturer: str) -> str:
    name = " ".join(_parts(_LEGAL.sub(" ", plain(manufacturer).text)))
    return _makers().get(name, name)


def _words(model: str) -> list[str]:
    """The words of a model: "400G6" is 400 g6, "Pro Desk" prodesk, "Gen 9" gen9."""
    words: list[str] = []
    for part in _parts(model):
        words.extend(_split(part))
    out: list[str] = []
    for word in words:
        right = _spellings().get(word, word)
        if (out and out[-1] + right in _joined()) or (out and out[-1] in {"g", "gen"} and right.isdigit()):
            out[-1] += right
        elif right:
            out.append(right)
    return out


def _split(part: str) -> list[str]:
    """A part in two where a generation is written onto a number ("400g6"); other codes stay whole."""
    match = re.fullmatch(r"(\d{2,4})(g\d{1,2})", part)
    if match:
        return [match[1], match[2]]
    joined = re.fullmatch(r"([a-z]{5,})(\d[a-z0-9]*)", part)
    if joined and joined[1] in _joined():
        return [joined[1], *_split(joined[2])]
    return [part]


def _without_maker(words: list[str], maker: str) -> list[str]:
    for length in (3, 2, 1):
        head = " ".join(words[:length])
        if len(words) > length and _makers().get(head) and (not maker or _makers()[head] in {maker, head}):
            return words[length:]
    return words


@lru_cache(maxsize=65_536)
def normalise_hardware(manufacturer: str | None, model: str | None) -> tuple[str, str]:
    """(maker, model) in one spelling, '' where unknown: "HP", "Pro Desk 400G6" → ("hp", "prodesk 400 g6").

    A maker that only the model names ("LENOVO 20L5…") or that its family betrays ("Optiplex") is taken
    from there.
    """
    maker = _maker(manufacturer or "")
    words = _words(model or "")
    if not maker:
        named = (" ".join(words[:length]) for length in (3, 2, 1) if len(words) > length)
        maker = next((_makers()[name] for name in named if name in _makers()), "")
    words = _without_maker(words, maker)
    if not maker:
        maker = next((_families()[word] for word in words if word in _families()), "")
    return maker, " ".join(words)


HARDWARE = "hardware"
_SLUG = "hardware-"


def hardware_slug(maker: str) -> str:
    """The product that holds the models of a maker whose dates are known: "fuji xerox" → "hardware-fuji-xerox"."""
    return _SLUG + ("-".join(_parts(maker)) or "unknown")


def hardware_maker(slug: str) -> str:
    """The maker of such a product: "hardware-fuji-xerox" → "fuji xerox"."""
    return slug.removeprefix(_SLUG).replace("-", " ")


class ModelIndex:
    """The models whose dates are known, by maker and normalised name."""

    def __init__(self, products: Iterable[CatalogueProduct]) -> None:
        self._known = {
            _loose(hardware_maker(product.slug), release.name.split()): (product.slug, release.name)
            for product in products
            if product.category == HARDWARE
            for release in product.releases
        }

    def find(self, manufacturer: str | None, model: str) -> tuple[str, str, bool] | None:
        """(product, release, whether it is the very model) of a model or of the longest known beginning of its name.

        Words of build ("sff", "tower") may follow a known model; any other word makes it another model
        whose dates a person must confirm.
        """
        if not self._known:
            return None
        maker, name = normalise_hardware(manufacturer, model)
        words = name.split()
        for length in range(len(words), 0, -1):
            told = self._known.get(_loose(maker, words[:length]))
            if told is not None:
                return *told, all(word in _builds() for word in words[length:])
        return None


def _loose(maker: str, words: list[str]) -> tuple[str, str]:
    """A key without what people leave out or put in: "rb 750 gr3" is "rb750gr3", "2960-x" "2960x", hp's proliant hpe's."""
    family = _families().get(words[0]) if words and maker in {"hp", "hpe"} else None
    return family or maker, "".join(words).replace("-", "")


@cache
def _builds() -> frozenset[str]:
    return frozenset(document("makers")["builds"])
