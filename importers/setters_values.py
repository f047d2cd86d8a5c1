"""Compiled functions that take values with a meaning: dates, money, conditions, quantities, software."""

from __future__ import annotations

from decimal import Decimal

from importers.columns import Column
from importers.drafts import MEMO, MESSAGES, Draft, Issue, Setter
from importers.rows import SoftwareName, SoftwareRole
from importers.values.conditions import parse_condition, parse_tick
from importers.values.dates import DateStyle, Day, parse_date
from importers.values.durations import parse_months
from importers.values.money import Money, parse_money
from importers.values.software import software_names
from importers.values.text import text_of
from importers.vocabulary import Vocabulary

#: Whole amounts below this need no further look.
_PLAIN_AMOUNT = 10**12


def set_date(name: str, style: DateStyle, vocabulary: Vocabulary) -> Setter:
    memo: dict[object, Day] = {}
    acquired = name == "acquired_on"

    def run(draft: Draft, value: object) -> Issue | None:
        known = memo.get(value) if type(value) is not bool else None
        day = known or parse_date(value, style, vocabulary)
        if known is None and len(memo) < MEMO and type(value) is not bool:
            memo[value] = day
        if acquired:
            draft.record.acquired_on = day.on
            draft.record.acquired_precision = day.precision if day.on else None
        else:
            setattr(draft.record, name, day.on)
        if day.problem is None or (day.problem == "date-future" and not acquired):
            return None
        return day.problem, MESSAGES[day.problem]

    return run


def set_money(name: str, column: Column, vocabulary: Vocabulary) -> Setter:
    memo: dict[str, Money] = {}
    multiplier = column.multiplier

    def run(draft: Draft, value: object) -> Issue | None:
        if type(value) is int and 0 < value < _PLAIN_AMOUNT:
            setattr(draft.record, name, Decimal(value * multiplier))
            return None
        if type(value) is str:
            money = memo.get(value)
            if money is None:
                money = parse_money(value, vocabulary)
                if len(memo) < MEMO:
                    memo[value] = money
        else:
            money = parse_money(value, vocabulary)
        amount = money.amount
        if amount is not None and multiplier != 1:
            amount *= multiplier
        setattr(draft.record, name, amount)
        if money.currency:
            draft.money_currency = money.currency
        if money.problem:
            return money.problem, MESSAGES[money.problem]
        if amount is not None and amount == 0:
            return "cost-zero", "the cost is 0: more likely unknown than free"
        return None

    return run


def set_currency(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = text_of(value)
        if text.casefold() in vocabulary.blanks:
            return None
        code = vocabulary.currencies.get(text.casefold())
        if code is None and len(text) == 3 and text.isalpha():
            code = text.upper()
        if code is None:
            return "currency-unknown", "the currency is not known; IDR is assumed"
        draft.record.currency = code
        return None

    return run


def set_condition(vocabulary: Vocabulary) -> Setter:
    memo: dict[str, str | None] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = value if type(value) is str else text_of(value)
        if text in memo:
            word = memo[text]
        else:
            word = memo[text] = parse_condition(text, vocabulary)
        draft.record.condition = word
        if word is None and text.strip().casefold() not in vocabulary.blanks:
            draft.record.extra.setdefault("condition", text.strip())
            return "condition-unknown", "the condition is not known"
        return None

    return run


def set_tick(word: str, vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        count = parse_tick(value, vocabulary)
        if count is None:
            return "tick-unreadable", "neither a tick nor a count"
        if count:
            draft.ticks[word] = count
        return None

    return run


def set_units(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        if type(value) is int:
            number = value
        else:
            text = text_of(value)
            if text.casefold() in vocabulary.blanks:
                return None
            digits = text.split()[0].replace(".", "").replace(",", "")
            if not digits.isdecimal() or len(digits) > 9:
                return "units-unreadable", "the quantity cannot be read; one is assumed"
            number = int(digits)
        if not 0 < number <= 1_000_000:
            return "units-implausible", "the quantity is not plausible; one is assumed"
        draft.units_stated = number
        return None

    return run


def set_months(factor: int) -> Setter:
    """Keeps a length in months; bare numbers count `factor` months each."""

    def run(draft: Draft, value: object) -> Issue | None:
        draft.warranty_months = parse_months(value, factor)
        return None

    return run


def set_status(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = text_of(value)
        word = _status_of(text.casefold(), vocabulary)
        if word is not None:
            draft.record.status = word
        elif text.casefold() not in vocabulary.blanks:
            draft.record.extra.setdefault("status", text)
        return None

    return run


def _status_of(text: str, vocabulary: Vocabulary) -> str | None:
    """The status of a text, or of its first two words or more."""
    words = text.replace(",", " ").split()
    whole = vocabulary.statuses.get(text)
    starts = (" ".join(words[:count]) for count in range(min(len(words), 6), 1, -1))
    return whole or next(
        (vocabulary.statuses[start] for start in starts if start in vocabulary.statuses), None
    )


def set_software(role: SoftwareRole, vocabulary: Vocabulary, label: str = "") -> Setter:
    memo: dict[str, tuple[SoftwareName, ...]] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = value if type(value) is str else text_of(value)
        names = memo.get(text)
        if names is None:
            names = software_names(text, role, vocabulary, label)
            if len(memo) < MEMO:
                memo[text] = names
        if names:
            draft.software.append(names)
        return None

    return run
