"""Releases that are models of a device: the longest model name that the text holds."""

from __future__ import annotations

import re

from tracker.catalogue.matching.normalise import words
from tracker.catalogue.matching.resolving import NAME, Compiled, Question, Resolution, phrase_at

_GENERATION = re.compile(r"\((\d+)(?:st|nd|rd|th) generation\)|\((\d+)(?:st|nd|rd|th) gen\)", re.IGNORECASE)
_REMARK = re.compile(r"\s*(?:\([^)]*\)|-\s.*|\d+(?:[.,]\d+)?-inch)")


def _models(compiled: Compiled) -> list[tuple[tuple[str, ...], str, bool]]:
    """(words, release, whether words were left out) of every model, the longest first."""
    if compiled.extra is None:
        own = set(words(compiled.product.label)) | {"samsung", "apple", "google", "microsoft"}
        found: dict[tuple[str, ...], tuple[str, bool]] = {}
        for release in compiled.product.releases:
            label = _GENERATION.sub(lambda m: m[1] or m[2], release.label)
            short = _REMARK.sub("", label)
            for text, cut in ((label, False), (short, short != label)):
                name = words(text)
                while len(name) > 1 and name[0] in own:
                    name = name[1:]
                known = found.get(name)
                if name and (known is None or (known[1] and not cut)):
                    found[name] = (release.name, cut)
        compiled.extra = sorted(
            ((name, *value) for name, value in found.items()), key=lambda item: -len(item[0])
        )
    models: list[tuple[tuple[str, ...], str, bool]] = compiled.extra
    return models


def by_device(compiled: Compiled, question: Question) -> Resolution:
    """The model named; where only the beginning of one model's name is given, that model."""
    for name, release, cut in _models(compiled):
        place = phrase_at(question.tokens, name)
        if place is not None:
            return Resolution((release,), None, NAME, span=place, assumed=cut)
    said = tuple(token.text for token in question.tokens)
    for length in range(min(len(said), 4), 1, -1):
        begun = {release for name, release, _ in _models(compiled) if name[:length] == said[-length:]}
        if len(begun) == 1:
            return Resolution(tuple(begun), None, NAME, assumed=True)
    return Resolution(reason="no-model")
