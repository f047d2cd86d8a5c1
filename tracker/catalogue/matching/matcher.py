"""The matcher: compiled once per catalogue, asked once per distinct name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tracker.catalogue.matching.normalise import Plain, plain, words
from tracker.catalogue.matching.types import CatalogueProduct, Match, Outcome, Tier
from tracker.catalogue.versions import longest_prefix_release

MATCHER_VERSION = "1"

_VERSION = re.compile(r"\d+(?:[._]\d+)*\w*")
_NOT_TRACKED = None


class Matcher:
    """Finds the product and release that a name means.

    `extra_aliases` are pairs (name, slug) that outrank every other rule; a slug of None marks a name as
    not tracked.
    """

    def __init__(
        self, products: Iterable[CatalogueProduct], extra_aliases: Iterable[tuple[str, str | None]] = ()
    ) -> None:
        self._products = {product.slug: product for product in products}
        self._index: dict[tuple[str, ...], str | None] = {}
        for product in self._products.values():
            for name in (product.slug, product.label, *product.aliases):
                self._index.setdefault(words(name), product.slug)
        for alias, slug in extra_aliases:
            self._index[words(alias)] = slug
        self._longest = max(map(len, self._index), default=0)

    def match(self, text: str, vendor: str | None = None, version: str | None = None) -> Match:
        """What `text` means, with the vendor and version columns beside it where there are any."""
        name = plain(text)
        found = self._find(name)
        if found is None:
            return Match(Outcome.UNRECOGNISED, reason="no-alias")
        start, end, slug = found
        if slug is _NOT_TRACKED:
            return Match(Outcome.NOT_TRACKED, reason="alias", confidence=1.0)
        return self._resolve(name, slug, start, end, version)

    def match_cell(self, text: str) -> list[Match]:
        """The matches of a cell that may hold several products."""
        return [self.match(text)]

    def _find(self, name: Plain) -> tuple[int, int, str | None] | None:
        tokens = [token.text for token in name.tokens]
        for length in range(min(self._longest, len(tokens)), 0, -1):
            for start in range(len(tokens) - length + 1):
                key = tuple(tokens[start : start + length])
                if key in self._index:
                    return start, start + length, self._index[key]
        return None

    def _resolve(self, name: Plain, slug: str, start: int, end: int, column: str | None) -> Match:
        product = self._products[slug]
        stated = _VERSION.search(name.text, name.tokens[end - 1].end)
        version = column or (stated.group() if stated else None)
        releases = [release.name for release in product.releases]
        release = longest_prefix_release(version, releases, product.version_scheme) if version else None
        span = [*name.span(name.tokens[start].start, name.tokens[end - 1].end), "product"]
        evidence = {"spans": [span], "rules": [f"alias:{slug}"]}
        outcome = Outcome.MATCHED if release else Outcome.PRODUCT_ONLY
        reason = None if release else "no-version" if version is None else "version-not-in-catalogue"
        return Match(outcome, slug, release, version, 0.7, Tier.REVIEW, "alias+prefix", reason, evidence)
