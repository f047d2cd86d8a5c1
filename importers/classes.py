"""What a thing is and whether it is information technology: by item code first, then by name."""

from __future__ import annotations

import re

from importers.rows import ItScope
from importers.values.text import words_of
from importers.vocabulary import ClassRules

OTHER = "other"
_DOTTED = re.compile(r"\d[\d.\s]*")
_PLAIN_COMPUTERS = frozenset({"laptop", "desktop"})
_NOT_DIGIT = re.compile(r"\D+")


def canonical_code(code: str) -> str | None:
    """The item code as digits, the dotted code of Permendagri 108/2016 in BMN's ten; None for other text.

    '1.3.2.10.01.02.001' and '3100102001' are one code; codes of Permendagri 17/2007 keep their own ten digits.
    """
    if not _DOTTED.fullmatch(code):
        return None
    digits = _NOT_DIGIT.sub("", code)
    if len(digits) >= 5 and digits.startswith("132"):
        return "3" + digits[3:]
    return digits


def classify(code: str | None, name: str, model: str, rules: ClassRules) -> tuple[str, ItScope]:
    """(class, scope) of a thing. A code that is readable decides the scope; the name refines the class.

    `name` is what the thing is called, `model` what else is said of it (brand, model, kind).
    """
    digits = canonical_code(code) if code else None
    if digits and len(digits) >= 5:
        return _by_code(digits, name, rules)
    return _by_name(name, model, rules)


def _by_code(digits: str, name: str, rules: ClassRules) -> tuple[str, ItScope]:
    if digits.startswith(rules.it_prefixes):
        known = rules.codes.get(digits) or _find(words_of(name), rules.names)
        if known is None:
            known = next(
                (kind for prefix, kind in rules.prefix_classes if digits.startswith(prefix)), "peripheral"
            )
        return known, ItScope.IT
    if digits in rules.near_codes:
        return rules.near_codes[digits], ItScope.NEAR_IT
    words = words_of(name)
    near = None if _holds(words, rules.not_it) else _find(words, rules.near_it)
    return (near, ItScope.NEAR_IT) if near else (OTHER, ItScope.OTHER)


def classify_conflict(name: str, rules: ClassRules) -> str | None:
    """The class of a thing whose code says 'not IT' and whose name says a computer; None for all others."""
    words = words_of(name)
    kind = _find(words, rules.names)
    return kind if kind in _PLAIN_COMPUTERS and not _holds(words, rules.not_it) else None


def _by_name(name: str, model: str, rules: ClassRules) -> tuple[str, ItScope]:
    for text in (words_of(name), words_of(model)):
        if not text:
            continue
        if _holds(text, rules.not_it):
            return OTHER, ItScope.OTHER
        near = _find(text, rules.near_it)
        if near:
            return near, ItScope.NEAR_IT
        kind = _find(text, rules.names)
        if kind:
            return kind, ItScope.IT
    return OTHER, ItScope.OTHER


def _holds(text: str, phrases: tuple[str, ...]) -> bool:
    padded = f" {text} "
    return any(f" {phrase} " in padded for phrase in phrases)


def _find(text: str, phrases: tuple[tuple[str, str], ...]) -> str | None:
    padded = f" {text} "
    return next((kind for phrase, kind in phrases if f" {phrase} " in padded), None)
