"""Products whose names look like an unresolved one: help for a person who reviews, never an answer."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

from tracker.catalogue.matching.normalise import words
from tracker.catalogue.matching.rules import canonical, document
from tracker.catalogue.matching.types import CatalogueProduct

_SIZES = (2, 3, 4)


def _grams(text: str) -> Counter[str]:
    padded = f" {text} "
    return Counter(padded[i : i + size] for size in _SIZES for i in range(len(padded) - size + 1))


class Suggester:
    """Character n-grams of every product name, weighted by how rare they are (TF-IDF, cosine)."""

    def __init__(self, products: Iterable[CatalogueProduct]) -> None:
        known = {product.slug: product for product in products}
        names = {
            (" ".join(words(name)), product.slug)
            for product in known.values()
            for name in (product.label, product.slug.replace("-", " "), *product.aliases)
        }
        names |= {
            (" ".join(words(name)), row["product"])
            for row in document("aliases")["rows"]
            if row["product"] in known
            for name in row["names"]
        }
        rows = [(slug, _grams(name)) for name, slug in sorted(names)]
        seen = Counter(gram for _, grams in rows for gram in grams)
        self._rarity = {gram: math.log(len(rows) / count) + 1 for gram, count in seen.items()}
        self._slugs = [slug for slug, _ in rows]
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, (_, grams) in enumerate(rows):
            for gram, weight in self._weighted(grams).items():
                self._postings[gram].append((place, weight))

    def _weighted(self, grams: Counter[str]) -> dict[str, float]:
        """Weights of the known n-grams, scaled to length 1."""
        weights = {gram: count * self._rarity[gram] for gram, count in grams.items() if gram in self._rarity}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {gram: weight / length for gram, weight in weights.items()} if length else {}

    def suggest(self, text: str, limit: int) -> list[tuple[str, float]]:
        """The `limit` most alike products, each once, best first; ties by slug."""
        likeness: dict[int, float] = defaultdict(float)
        for gram, weight in self._weighted(_grams(" ".join(canonical(text)))).items():
            for place, other in self._postings[gram]:
                likeness[place] += weight * other
        best: dict[str, float] = {}
        for place, value in likeness.items():
            slug = self._slugs[place]
            best[slug] = max(best.get(slug, 0.0), value)
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return [(slug, round(value, 3)) for slug, value in ranked[:limit]]
