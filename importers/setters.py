"""From cells to a draft: one small function per column, compiled once per table. Names, codes and text."""

from __future__ import annotations

from collections.abc import Callable

from importers.columns import Column
from importers.drafts import MEMO, Draft, Issue, Setter
from importers.own import SETTERS as OWN
from importers.rows import SoftwareRole
from importers.setters_values import (
    set_condition,
    set_currency,
    set_date,
    set_money,
    set_months,
    set_software,
    set_status,
    set_tick,
    set_units,
)
from importers.values.brands import split_brand
from importers.values.dates import DateStyle
from importers.values.ranges import clean_code, split_code_register
from importers.values.specification import cut_model, is_specification
from importers.values.text import find_forbidden, find_unseen, mixes_scripts, text_of, unquoted
from importers.vocabulary import Vocabulary

#: The longest word that means 'nothing' is shorter.
_LONGEST_BLANK = 20


def compile_column(
    column: Column, style: DateStyle, vocabulary: Vocabulary, fields: frozenset[str] = frozenset()
) -> Setter | None:
    """The function that takes the column's cells into a draft; None for a column that is not kept.

    `fields` are those of all columns: beside a model column, a brand cell holds nothing but the brand.
    """
    name = column.field
    if name in ("ignore", "sequence"):
        return None if name == "sequence" else _extra(column.label)
    if name in ("acquired_on", "warranty_ends_on", "support_ends_on"):
        return set_date(name, DateStyle(column.month_first, style.date_1904, style.today), vocabulary)
    if name in ("cost", "unit_cost"):
        return set_money(name, column, vocabulary)
    makers: dict[str, Callable[[], Setter]] = {
        "condition": lambda: set_condition(vocabulary),
        "condition_good": lambda: set_tick("good", vocabulary),
        "condition_fair": lambda: set_tick("fair", vocabulary),
        "condition_broken": lambda: set_tick("broken", vocabulary),
        "units": lambda: set_units(vocabulary),
        "code_register": _code_register,
        "item_code": _item_code,
        "brand": lambda: _brand(vocabulary, "model" not in fields),
        "brand_model": lambda: _brand(vocabulary),
        "serial": lambda: _serial(vocabulary),
        "serial_other": lambda: _serial_other(column.label, vocabulary),
        "asset_tag": lambda: _tag(vocabulary),
        "status": lambda: set_status(vocabulary),
        "currency": lambda: set_currency(vocabulary),
        "office": lambda: set_software(SoftwareRole.OFFICE, vocabulary, column.label),
        "database": lambda: set_software(SoftwareRole.DATABASE, vocabulary),
        "software": lambda: set_software(SoftwareRole.APPLICATION, vocabulary),
        "software_name": lambda: set_software(SoftwareRole.APPLICATION, vocabulary),
        "warranty_months": lambda: set_months(column.multiplier),
        "notes": lambda: _notes(vocabulary),
        "extra": lambda: _extra(column.label),
    }
    if name in makers:
        return makers[name]()
    if name in OWN:
        return OWN[name]()
    if name in _SCRATCH:
        return _scratch(_SCRATCH[name], vocabulary)
    return _text(name, vocabulary) if name in _TEXTS else _extra(column.label)


#: Fields of a record that are text as it stands.
_TEXTS = frozenset(
    {"register", "name", "model", "source", "location", "custodian", "hostname", "uuid", "agency_text", "os"}
)
#: Fields that a draft keeps until the row is read.
_SCRATCH = {
    "category": "category",
    "specification": "specification",
    "it_marker": "marker",
    "os_version": "os_version",
    "os_fallback": "os_fallback",
    "address": "address",
    "software_version": "software_version",
    "software_publisher": "software_publisher",
}


def _text(name: str, vocabulary: Vocabulary) -> Setter:
    """Sets a text field of the record; words that mean 'nothing' leave it unknown, except in names."""
    blanks = vocabulary.blanks if name != "name" else frozenset()

    def run(draft: Draft, value: object) -> Issue | None:
        text = " ".join(value.split()) if type(value) is str else text_of(value)
        if text and (len(text) > _LONGEST_BLANK or text.casefold() not in blanks):
            setattr(draft.record, name, text if name != "register" else unquoted(text))
            if not text.isascii() and not text.isprintable() and (found := find_forbidden(text)):
                return "forbidden-character", f"the text holds a character that no text may hold ({found})"
        return None

    return run


def _scratch(name: str, vocabulary: Vocabulary) -> Setter:
    """Sets a text of the draft that needs other columns before it means something."""

    def run(draft: Draft, value: object) -> Issue | None:
        text = " ".join(value.split()) if type(value) is str else text_of(value)
        if text and (len(text) > _LONGEST_BLANK or text.casefold() not in vocabulary.blanks):
            setattr(draft, name, text)
        return None

    return run


def _extra(label: str) -> Setter:
    """Keeps the cell under its own header; a dash is as good as a blank."""

    def run(draft: Draft, value: object) -> Issue | None:
        text = value.strip() if type(value) is str else text_of(value)
        if text and text != "-":
            draft.record.extra[label] = text
        return None

    return run


def _notes(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = value.strip() if type(value) is str else text_of(value)
        if text and text.casefold() not in vocabulary.blanks:
            held = draft.record.notes
            draft.record.notes = f"{held}; {text}" if held else text
        return None

    return run


def _tag(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        if type(value) is bool:
            return "tag-not-text", "an asset tag cannot be TRUE or FALSE"
        text = unquoted(text_of(value))
        if text.casefold() in vocabulary.blanks:
            return None
        draft.record.asset_tag = text
        if text.isascii() and text.isprintable():
            return None
        unseen = find_unseen(text)
        if unseen:
            return "tag-unseen-character", f"the asset tag holds a character that cannot be seen ({unseen})"
        if mixes_scripts(text):
            return "tag-mixed-scripts", "the asset tag mixes letters of several scripts that look alike"
        return None

    return run


def _serial(vocabulary: Vocabulary) -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = unquoted(text_of(value))
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


def _serial_other(label: str, vocabulary: Vocabulary) -> Setter:
    """Keeps a second serial number under its header; where the first is blank, it is the serial number."""
    keep, take = _extra(label), _serial(vocabulary)

    def run(draft: Draft, value: object) -> Issue | None:
        keep(draft, value)
        return take(draft, value) if draft.record.serial is None else None

    return run


def _item_code() -> Setter:
    memo: dict[str, str] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = value if type(value) is str else text_of(value)
        code = memo.get(text)
        if code is None:
            code = memo[text] = clean_code(unquoted(" ".join(text.split())))
        draft.record.item_code = code or None
        return None

    return run


def _code_register() -> Setter:
    def run(draft: Draft, value: object) -> Issue | None:
        text = unquoted(text_of(value))
        parts = split_code_register(text)
        if parts is None:
            draft.record.item_code = clean_code(text) or None
        else:
            draft.record.item_code, draft.record.register = parts
        return None

    return run


def _brand(vocabulary: Vocabulary, split: bool = True) -> Setter:
    memo: dict[str, tuple[str | None, str | None, bool]] = {}

    def run(draft: Draft, value: object) -> Issue | None:
        text = value if type(value) is str else text_of(value)
        parts = memo.get(text)
        if parts is None:
            parts = _parts(" ".join(text.split()), split, vocabulary)
            if len(memo) < MEMO:
                memo[text] = parts
        if parts[2]:
            draft.specification = draft.specification or text
        record = draft.record
        record.brand = parts[0]
        if parts[1] and record.model is None:
            record.model = parts[1]
        return None

    return run


def _parts(text: str, split: bool, vocabulary: Vocabulary) -> tuple[str | None, str | None, bool]:
    """Brand, model, and whether the cell is a specification, of which the model is the beginning."""
    brand, model = _split(text, vocabulary)
    if not split:
        return (text if brand or model else None), None, False
    if model and is_specification(model):
        return brand, cut_model(model), True
    return brand, model, False


def _split(text: str, vocabulary: Vocabulary) -> tuple[str | None, str | None]:
    """Brand and model; a bare number ('1' in SIMAK-BMN's Merk) names no brand."""
    if text.casefold() in vocabulary.blanks or (text.isdecimal() and len(text) < 3):
        return None, None
    return split_brand(text, vocabulary)
