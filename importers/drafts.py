"""From the values of a row to a draft: one small function per column, compiled once per table.

Each function takes the draft and a filled cell, and returns None or what is wrong as (code, message).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from importers.layout_columns import Column
from importers.rows import Record, SoftwareName, SoftwareRole
from importers.values.brands import split_brand
from importers.values.conditions import parse_condition, parse_tick
from importers.values.dates import DateStyle, Day, parse_date
from importers.values.money import Money, parse_money
from importers.values.ranges import clean_code, split_code_register
from importers.values.software import software_names
from importers.values.text import find_unseen, text_of
from importers.vocabulary import Vocabulary

Issue = tuple[str, str]
Setter = Callable[["Draft", object], Issue | None]
_MEMO = 20_000
MESSAGES = {
    "money-unreadable": "the amount cannot be read; it stays unknown",
    "money-negative": "the amount is negative",
    "money-absurd": "the amount is not a plausible price",
    "date-unreadable": "the date cannot be read; it stays unknown",
    "date-invalid": "there is no such day; the date stays unknown",
    "date-order": "day and month are in the other order than in the rest of the column; the date stays unknown",
    "date-implausible": "the date is before 1950 or after 2100; it stays unknown",
    "date-future": "the date is in the future",
}


@dataclass(slots=True)
class Draft:
    """A record in the making, with what needs other columns before it means something."""

    record: Record
    category: str = ""
    specification: str = ""
    marker: str = ""
    os_version: str = ""
    ticks: dict[str, int] = field(default_factory=dict)
    units_stated: int | None = None
    warranty_months: int | None = None
    money_currency: str | None = None
    software_version: str | None = None
    software_publisher: str | None = None
    software: list[SoftwareName] = field(default_factory=list)


def compile_column(column: Column, style: DateStyle, vocabulary: Vocabulary) -> Setter | None:
    """The function that takes the column's cells into a draft; None for a column that is not kept."""
    name = column.field
    if name in ("ignore", "sequence"):
        return None if name == "sequence" else _extra(column.label)
    if name in ("acquired_on", "warranty_ends_on", "support_ends_on"):
        return _dates(name, DateStyle(column.month_first, style.date_1904, style.today), vocabulary)
    if name in ("cost", "unit_cost"):
        return _money(name, column, vocabulary)
    makers = {
        "condition": lambda: _condition(vocabulary),
        "condition_good": lambda: _tick("good", vocabulary),
        "condition_fair": lambda: _tick("fair", vocabulary),
        "condition_broken": lambda: _tick("broken", vocabulary),
        "units": lambda: _units(vocabulary),
        "code_register": _code_register,
        "item_code": _item_code,
        "brand": lambda: _brand(vocabulary),
        "brand_model": lambda: _brand(vocabulary),
        "serial": lambda: _serial(vocabulary),
        "asset_tag": lambda: _tag(vocabulary),
        "status": lambda: _status(vocabulary),
        "currency": lambda: _currency(vocabulary),
        "office": lambda: _software(SoftwareRole.OFFICE, vocabulary),
        "database": lambda: _software(SoftwareRole.DATABASE, vocabulary),
        "software": lambda: _software(SoftwareRole.APPLICATION, vocabulary),
        "software_name": lambda: _software(SoftwareRole.APPLICATION, vocabulary),
        "warranty_months": _months,
        "notes": _notes,
        "extra": lambda: _extra(column.label),
    }
    if name in makers:
        return makers[name]()
    if name in _SCRATCH:
        return _scratch(_SCRATCH[name], vocabulary)
    return _text(name, vocabulary)


_SCRATCH = {
    "category": "category",
    "specification": "specification",
    "it_marker": "marker",
    "os_version": "os_version",
    "software_version": "software_version",
    "software_publisher": "software_publisher",
}


def _keep(memo: dict[object, object], key: object, value: object) -> None:
    if len(memo) < _MEMO:
        memo[key] = value


def _clean(value: object, blanks: frozenset[str], memo: dict[str, str]) -> str:
    """One line of text, '' for words that mean nothing; remembers texts."""
    if type(value) is not str:
        return text_of(value)
    known = memo.get(value)
    if known is None:
        known = " ".join(value.split())
        if known.casefold() in blanks:
            known = ""
        if len(memo) < _MEMO:
            memo[value] = known
    return known


def _text(name: str, vocabulary: Vocabulary) -> Setter:
    blanks = vocabulary.blanks if name != "name" else frozenset()
    memo: dict[str, str] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = _clean(value, blanks, memo)
        if text:
            setattr(draft.record, name, text)
        return None

    return run


def _scratch(name: str, vocabulary: Vocabulary) -> Setter:
    memo: dict[str, str] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = _clean(value, vocabulary.blanks, memo)
        if text:
            setattr(draft, name, text)
        return None

    return run


def _extra(label: str) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = value.strip() if type(value) is str else text_of(value)
        if text:
            draft.record.extra[label] = text
        return None

    return run


def _notes() -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = value.strip() if type(value) is str else text_of(value)
        if text:
            held = draft.record.notes
            draft.record.notes = f"{held}; {text}" if held else text
        return None

    return run


def _tag(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        if type(value) is bool:
            return "tag-not-text", "an asset tag cannot be TRUE or FALSE"
        text = text_of(value)
        if text.casefold() in vocabulary.blanks:
            return None
        draft.record.asset_tag = text
        unseen = None if text.isascii() and text.isprintable() else find_unseen(text)
        if unseen:
            return "tag-unseen-character", f"the asset tag holds a character that cannot be seen ({unseen})"
        return None

    return run


def _serial(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = text_of(value)
        folded = text.casefold()
        if folded in vocabulary.blanks:
            if folded not in ("", "-"):
                return "serial-placeholder", "this is not a serial number; it stays unknown"
            return None
        if folded in vocabulary.serial_placeholders:
            return "serial-placeholder", "this is not a serial number; it stays unknown"
        draft.record.serial = text
        return None

    return run


def _item_code() -> Setter:
    memo: dict[str, str] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = value if type(value) is str else text_of(value)
        code = memo.get(text)
        if code is None:
            code = memo[text] = clean_code(" ".join(text.split()))
        draft.record.item_code = code or None
        return None

    return run


def _code_register() -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = text_of(value)
        parts = split_code_register(text)
        if parts is None:
            draft.record.item_code = clean_code(text) or None
        else:
            draft.record.item_code, draft.record.register = parts
        return None

    return run


def _brand(vocabulary: Vocabulary) -> Setter:
    memo: dict[str, tuple[str | None, str | None]] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = value if type(value) is str else text_of(value)
        parts = memo.get(text)
        if parts is None:
            parts = _split(" ".join(text.split()), vocabulary)
            if len(memo) < _MEMO:
                memo[text] = parts
        record = draft.record
        record.brand = parts[0]
        if parts[1] and record.model is None:
            record.model = parts[1]
        return None

    return run


def _split(text: str, vocabulary: Vocabulary) -> tuple[str | None, str | None]:
    """Brand and model; a bare number ('1' in SIMAK-BMN's Merk) names no brand."""
    if text.casefold() in vocabulary.blanks or (text.isdecimal() and len(text) < 3):
        return None, None
    return split_brand(text, vocabulary)


def _dates(name: str, style: DateStyle, vocabulary: Vocabulary) -> Setter:
    memo: dict[str, Day] = {}
    acquired = name == "acquired_on"

    def run(draft: Draft, value: object) -> Issue | None:
        if type(value) is str:
            day = memo.get(value)
            if day is None:
                day = parse_date(value, style, vocabulary)
                if len(memo) < _MEMO:
                    memo[value] = day
        else:
            day = parse_date(value, style, vocabulary)
        if acquired:
            draft.record.acquired_on = day.on
            draft.record.acquired_precision = day.precision if day.on else None
        else:
            setattr(draft.record, name, day.on)
        if day.problem is None or (day.problem == "date-future" and not acquired):
            return None
        return day.problem, MESSAGES[day.problem]

    return run


def _money(name: str, column: Column, vocabulary: Vocabulary) -> Setter:
    memo: dict[str, Money] = {}
    multiplier = column.multiplier

    def run(draft: Draft, value: object) -> Issue | None:
        if type(value) is str:
            money = memo.get(value)
            if money is None:
                money = parse_money(value, vocabulary)
                if len(memo) < _MEMO:
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


def _currency(vocabulary: Vocabulary) -> Setter:
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


def _condition(vocabulary: Vocabulary) -> Setter:
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


def _tick(word: str, vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        count = parse_tick(value, vocabulary)
        if count is None:
            return "tick-unreadable", "neither a tick nor a count"
        if count:
            draft.ticks[word] = count
        return None

    return run


def _units(vocabulary: Vocabulary) -> Setter:
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


def _months() -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        if type(value) is int and 0 < value <= 600:
            draft.warranty_months = value
        return None

    return run


def _status(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = text_of(value)
        word = vocabulary.statuses.get(text.casefold())
        if word is not None:
            draft.record.status = word
        elif text.casefold() not in vocabulary.blanks:
            draft.record.extra.setdefault("status", text)
        return None

    return run


def _software(role: SoftwareRole, vocabulary: Vocabulary) -> Setter:
    memo: dict[str, tuple[SoftwareName, ...]] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = value if type(value) is str else text_of(value)
        names = memo.get(text)
        if names is None:
            names = software_names(text, role, vocabulary)
            if len(memo) < _MEMO:
                memo[text] = names
        draft.software.extend(names)
        return None

    return run


def add_months(day: date | datetime, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    total = day.month - 1 + months
    year, month = day.year + total // 12, total % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def share(amount: Decimal, units: int) -> Decimal:
    """One unit's part of an amount, to the hundredth."""
    return (amount / units).quantize(Decimal("0.01"))
