"""Amounts in Indonesian and English style."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from importers.values.text import text_of
from importers.vocabulary import Vocabulary

CENT = Decimal("0.01")
#: One quadrillion: above any single asset in any currency, below what the stored minor units hold.
LARGEST = Decimal(10) ** 15
_BRACKETS = re.compile(r"\((?!\d[\d.,]*\)$).*?\)")
_NUMBER = re.compile(r"[-+(]?\s*\d[\d.,' ]*\)?")
_THOUSANDS_DOT = re.compile(r"\d{1,3}(?:\.\d{3})+")
_THOUSANDS_COMMA = re.compile(r"\d{1,3}(?:,\d{3})+")
_LETTERS = re.compile(r"[^\W\d_]+[$]?|[$€£¥₹₱]")


@dataclass(frozen=True, slots=True)
class Money:
    """A parsed amount. `amount` None with `problem` None is a stated blank ('-', 'Rp -')."""

    amount: Decimal | None
    currency: str | None = None
    problem: str | None = None


def parse_money(value: object, vocabulary: Vocabulary) -> Money:
    """The amount of a cell in major units, at most two decimals; `problem` says why there is none."""
    if type(value) is int:
        return _checked(Decimal(value), None)
    if isinstance(value, bool):
        return Money(None, None, "money-unreadable")
    if isinstance(value, float):
        if not math.isfinite(value):
            return Money(None, None, "money-absurd")
        if abs(value) >= float(LARGEST):
            return Money(None, None, "money-absurd")
        return _checked(Decimal(repr(value)), None)
    return _parse_text(text_of(value), vocabulary)


def _parse_text(text: str, vocabulary: Vocabulary) -> Money:
    if text.casefold() in vocabulary.blanks:
        return Money(None)
    if len(text) > 64:
        return Money(None, None, "money-unreadable")
    bare = _BRACKETS.sub(" ", text)
    found = _NUMBER.search(bare)
    letters = [word.casefold() for word in _LETTERS.findall(bare)]
    currency = next((vocabulary.currencies[w] for w in letters if w in vocabulary.currencies), None)
    if found is None:
        # 'Rp -' states that there is no amount; 'dua belas juta' states one that cannot be read.
        rest = [w for w in letters if w not in vocabulary.currencies]
        return Money(None, currency, "money-unreadable" if rest else None)
    unknown = [w for w in letters if w not in vocabulary.currencies and w not in vocabulary.multipliers]
    if unknown and unknown != ["e"]:
        unknown = [w for w in unknown if w not in vocabulary.money_noise]
    if unknown or len(_NUMBER.findall(bare)) > 1:
        return Money(None, currency, "money-unreadable")
    number = _number_of(found[0])
    if number is None:
        return Money(None, currency, "money-unreadable")
    if bare[: found.start()].rstrip().endswith(("-", "−")):
        number = -number
    factor = next((vocabulary.multipliers[w] for w in letters if w in vocabulary.multipliers), 1)
    return _checked(number * factor, currency)


def _number_of(text: str) -> Decimal | None:
    """The number, by where its separators stand; one separator before three digits separates thousands."""
    negative = text.startswith(("-", "("))
    digits = text.strip("-+() '").replace(" ", "").replace("'", "").rstrip(".,")
    dot, comma = digits.rfind("."), digits.rfind(",")
    if dot >= 0 and comma >= 0:
        decimal = "." if dot > comma else ","
        whole, _, fraction = digits.rpartition(decimal)
        grouped = (_THOUSANDS_COMMA if decimal == "." else _THOUSANDS_DOT).fullmatch(whole)
        if grouped is None:
            return None
        digits = re.sub(r"[.,]", "", whole) + "." + fraction
    elif dot >= 0 or comma >= 0:
        mark = "." if dot >= 0 else ","
        pattern = _THOUSANDS_DOT if mark == "." else _THOUSANDS_COMMA
        if pattern.fullmatch(digits) and not digits.startswith("0"):
            digits = digits.replace(mark, "")
        elif digits.count(mark) == 1:
            digits = digits.replace(mark, ".")
        else:
            return None
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    return -number if negative else number


def _checked(number: Decimal, currency: str | None) -> Money:
    if abs(number) >= LARGEST:
        return Money(None, currency, "money-absurd")
    if number < 0 and number.quantize(CENT) != 0:
        return Money(None, currency, "money-negative")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -2:
        number = number.quantize(CENT)
    return Money(abs(number), currency)


def find_currency(text: str, vocabulary: Vocabulary) -> str | None:
    """The currency that a header or cell names, or None."""
    for word in _LETTERS.findall(text.casefold()):
        if word in vocabulary.currencies:
            return vocabulary.currencies[word]
    return None


def find_multiplier(header: str, vocabulary: Vocabulary) -> int:
    """By how much the amounts under `header` are to be multiplied: '(ribuan Rp)' is 1000."""
    for inside in [*re.findall(r"\(([^)]*)\)", header.casefold()), header.casefold().rpartition(" in ")[2]]:
        for word in re.findall(r"[^\W\d_]+|000", inside):
            if word in vocabulary.header_multipliers:
                return vocabulary.header_multipliers[word]
    return 1
