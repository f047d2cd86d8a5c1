"""Releases that are models of a device: the longest model name that the text holds."""

from __future__ import annotations

import re

from tracker.catalogue.matching.normalise import words
from tracker.catalogue.matching.resolving import NAME, Compiled, Question, Resolution, phrase_at

_GENERATION = re.compile(r"\((\d+)(?:st|nd|rd|th) gen(?:eration)?\)", re.IGNORECASE)
_REMARK = re.compile(r"\s*(?:\([^)]*\)|-\s.*|\d+(?:[.,]\d+)?-inch)")
_MAKERS = frozenset({"samsung", "apple", "google", "microsoft"})

#: Words of a model's name → (releases of that name, whether words of the label were left out).
Models = list[tuple[tuple[str, ...], tuple[str, ...], bool]]


def _models(compiled: Compiled) -> Models:
    """Every model by its full name and, where that is enough, by a shorter one; the longest first."""
    if compiled.extra is None:
        own = set(words(compiled.product.label)) | _MAKERS
        full: dict[tuple[str, ...], list[str]] = {}
        cut: dict[tuple[str, ...], list[str]] = {}
        for release in compiled.product.releases:
            label = _GENERATION.sub(lambda match: match[1], release.label)
            for name in {_bare(words(label), own), _bare(words(release.name), own)}:
                full.setdefault(name, []).append(release.name)
            cut.setdefault(_bare(words(_REMARK.sub("", label)), own), []).append(release.name)
        short = {name: releases for name, releases in cut.items() if name not in full}
        rows = [(name, tuple(dict.fromkeys(found)), False) for name, found in full.items() if name]
        rows += [(name, tuple(dict.fromkeys(found)), True) for name, found in short.items() if name]
        # "iPad" alone names the family, not the one iPad that is called nothing else.
        compiled.extra = sorted((row for row in rows if not set(row[0]) <= own), key=lambda row: -len(row[0]))
    models: Models = compiled.extra
    return models


def _bare(name: tuple[str, ...], own: set[str]) -> tuple[str, ...]:
    """A model's words without the maker and the family that every model has."""
    while len(name) > 1 and name[0] in own:
        name = name[1:]
    return name


def _stray(question: Question, name: tuple[str, ...], place: tuple[int, int]) -> bool:
    """Whether a mere number stands apart from the product's name: "iPad iOS 9" is no ninth iPad."""
    between = question.text[question.name_end : place[0]]
    return len(name) == 1 and name[0].isdigit() and any(letter.isalpha() for letter in between)


def by_device(compiled: Compiled, question: Question) -> Resolution:
    """The model named; where only the beginning of one model's name is given, that model."""
    for name, releases, cut in _models(compiled):
        place = phrase_at(question, name)
        if place is not None and not _stray(question, name, place):
            reason = "ambiguous-release" if len(releases) > 1 else None
            return Resolution(releases, None, NAME, reason, span=place, assumed=cut)
    said = question.words
    for length in range(min(len(said), 4), 1, -1):
        begun = {row[1] for row in _models(compiled) if row[0][:length] == said[-length:]}
        if len(begun) == 1:
            return Resolution(next(iter(begun)), None, NAME, assumed=True)
    return Resolution(reason="no-model")
