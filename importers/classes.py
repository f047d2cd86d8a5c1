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
        known = rules.codes.get(digits) or rules.names.find(words_of(name))
        if known is None:
            known = next(
                (kind for prefix, kind in rules.prefix_classes if digits.startswith(prefix)), "peripheral"
            )
        return known, ItScope.IT
    if digits in rules.near_codes:
        return rules.near_codes[digits], ItScope.NEAR_IT
    words = words_of(name)
    near = None if rules.not_it.find(words) else rules.near_it.find(words)
    return (near, ItScope.NEAR_IT) if near else (OTHER, ItScope.OTHER)


def classify_maker(brand: str, name: str, rules: ClassRules) -> str | None:
    """The class of a thing of which only the maker speaks; 'other' for one that makes several kinds."""
    if rules.not_it.find(words_of(name)) or rules.near_it.find(words_of(name)):
        return None
    return rules.makers.find(words_of(brand))


def names_kind(text: str, rules: ClassRules) -> bool:
    """Whether the text names a kind of thing, IT or not: 'Lap Top', 'Meja Komputer'."""
    words = words_of(text)
    return any(phrases.find(words) for phrases in (rules.not_it, rules.near_it, rules.names))


def classify_conflict(name: str, rules: ClassRules) -> str | None:
    """The class of a thing whose code says 'not IT' and whose name says a computer; None for all others."""
    words = words_of(name)
    kind = rules.names.find(words)
    return kind if kind in _PLAIN_COMPUTERS and not rules.not_it.find(words) else None


def _by_name(name: str, model: str, rules: ClassRules) -> tuple[str, ItScope]:
    for text in (words_of(name), words_of(model)):
        if not text:
            continue
        if rules.not_it.find(text):
            return OTHER, ItScope.OTHER
        near = rules.near_it.find(text)
        if near:
            return near, ItScope.NEAR_IT
        kind = rules.names.find(text)
        if kind:
            return kind, ItScope.IT
    return OTHER, ItScope.OTHER
