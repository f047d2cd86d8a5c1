"""How alike two names are: the share of three-letter pieces that they have in common (Dice's measure). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

from importers.values.text import words_of

Key = TypeVar("Key")
#: A piece that stands in so many names says nothing; looking all of them up would cost the square of the names.
_COMMON = 400
#: So many candidates, by pieces in common, are compared exactly.
_COMPARED = 40
#: Names that are less alike are not worth showing.
LEAST = 0.45


def pieces(text: str) -> frozenset[str]:
    """The three-letter pieces of a name; case, punctuation and the order of words count little."""
    return frozenset(f" {word} "[at : at + 3] for word in words_of(text).split() for at in range(len(word)))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """From 0 (nothing in common) to 1 (the same pieces)."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


class Alike(Generic[Key]):
    """Finds the names most alike to one, without comparing it with all."""

    def __init__(self, names: Iterable[tuple[Key, str]]) -> None:
        self._names = [(key, pieces(text)) for key, text in names]
        self._places: dict[str, list[int]] = {}
        for at, (_, parts) in enumerate(self._names):
            for part in parts:
                self._places.setdefault(part, []).append(at)

    def find(self, text: str, besides: Key | None = None, most: int = 3) -> list[tuple[Key, float]]:
        """At most `most` (key, likeness), the most alike first; `besides` is not among them."""
        parts = pieces(text)
        shared: Counter[int] = Counter()
        for part in parts:
            places = self._places.get(part, ())
            if len(places) <= _COMMON:
                shared.update(places)
        found = []
        for at, _ in shared.most_common(_COMPARED):
            key, other = self._names[at]
            alike = likeness(parts, other)
            if key != besides and alike >= LEAST:
                found.append((key, round(alike, 3)))
        return sorted(found, key=lambda one: (-one[1], str(one[0])))[:most]
