"""A name with the words that its match rests on, for pages that underline them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class NamePart:
    """A stretch of a name; `kind` is "" for words that nothing rests on, else product, version or a rule's kind."""

    text: str
    kind: str


def name_parts(text: str, evidence: Mapping[str, Any] | None) -> tuple[NamePart, ...]:
    """The name in stretches, in order; where no part is known, one stretch; spans outside of it count not at all."""
    spans = _apart(text, (evidence or {}).get("spans") or ())
    edges = sorted({0, len(text), *(place for start, end, _ in spans for place in (start, end))})
    kinds = {start: kind for start, _, kind in spans}
    return tuple(NamePart(text[start:end], kinds.get(start, "")) for start, end in pairwise(edges))


def _apart(text: str, told: Iterable[Any]) -> list[tuple[int, int, str]]:
    """The spans that lie within the text, none over another."""
    kept: list[tuple[int, int, str]] = []
    for start, end, kind in sorted((int(one[0]), int(one[1]), str(one[2])) for one in told):
        if (kept[-1][1] if kept else 0) <= start < end <= len(text):
            kept.append((start, end, kind))
    return kept


def model_text(manufacturer: str, model: str) -> str:
    """A hardware model as the matcher reads it."""
    return (
        model if model.casefold().startswith(manufacturer.casefold()) else f"{manufacturer} {model}"
    ).strip()
