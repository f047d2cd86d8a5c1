"""What the first values of a column look like, and which field that suggests where its header says nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from importers.classes import names_kind
from importers.layout import Header, Row, is_blank
from importers.values.brands import split_brand
from importers.values.conditions import parse_condition
from importers.values.dates import DateStyle, is_month_first, parse_date
from importers.values.durations import parse_months
from importers.values.money import find_currency, parse_money
from importers.values.ranges import looks_like_code, split_code_register, units_of_range
from importers.values.text import header_words, text_of, words_of
from importers.vocabulary import Vocabulary

_DATE_LIKE = frozenset({None, "date-future", "date-invalid", "date-order"})
#: Item codes as they are written: 3100102001, 3.10.01.02.001, 1.3.2.10.01.02.001, 02.06.03.02.01.
_ITEM_CODE = re.compile(r"3\d{9}|3(?:\.\d\d){3}\.\d{3}|1\.3(?:\.\d{1,2}){4,5}\.\d{3}\.?|0\d(?:\.\d\d){4}")
_SERIAL = re.compile(r"(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z\d]{6,20}")
#: What stands in a few rows only proves nothing.
_FEWEST = 3
#: How sure a guess is that rests on values alone.
GUESS = 0.6


class Profile:
    """What the first values of each column look like. Shapes: up to some hundreds of rows."""

    def __init__(
        self, header: Header, sample: Sequence[Row], vocabulary: Vocabulary, style: DateStyle
    ) -> None:
        width = len(header.levels)
        self.vocabulary = vocabulary
        self.style = style
        self.rows = sum(1 for _, values in sample if sum(not is_blank(v) for v in values) > 2)
        self.unheaded = self._find_unheaded(header, sample)
        self.values: list[list[object]] = [
            [values[at] for _, values in sample if at < len(values) and not is_blank(values[at])]
            for at in range(width)
        ]

    def _find_unheaded(self, header: Header, sample: Sequence[Row]) -> tuple[int, ...]:
        """Columns without a label that most rows fill."""
        filled: Counter[int] = Counter()
        labelled = {at for at, label in enumerate(header.labels) if label}
        for _, values in sample:
            filled.update(at for at, value in enumerate(values) if at not in labelled and not is_blank(value))
        return tuple(sorted(at for at, count in filled.items() if count * 2 > self.rows))

    def share(self, at: int, test: str) -> float:
        """The share of a column's filled cells that pass a test; 1 for an empty column."""
        values = self.values[at]
        if not values:
            return 1.0
        return sum(1 for value in values if self.passes(value, test)) / len(values)

    def passes(self, value: object, test: str) -> bool:
        if test == "code":
            return isinstance(value, int) or looks_like_code(text_of(value))
        if test == "long-code":
            return sum(sign.isdigit() for sign in text_of(value)) >= 10
        if test == "date":
            return parse_date(value, self.style, self.vocabulary).problem in _DATE_LIKE
        if test == "money":
            return parse_money(value, self.vocabulary).problem is None
        if test == "joined":
            return split_code_register(text_of(value)) is not None
        if test == "condition-word":
            return not text_of(value).isdecimal() and parse_condition(value, self.vocabulary) is not None
        if test == "register":
            text = text_of(value)
            return units_of_range(text) is not None or (text.isdecimal() and len(text) > 2 and text[0] == "0")
        if test == "duration":
            return parse_months(value, 1) is not None
        return False

    def counts(self, at: int) -> bool:
        """Whether the cells do nothing but count up from 1: 'S/N' means 'serial number' and 'No.' alike."""
        texts = [text_of(value) for value in self.values[at]]
        return len(texts) > 1 and texts == [str(number) for number in range(1, len(texts) + 1)]

    def tells_condition(self, at: int) -> bool:
        """Whether a column of states says good and broken rather than in use and in store."""
        texts = [text.casefold() for text in self.texts(at)]
        said = [text for text in texts if not text.isdecimal() and parse_condition(text, self.vocabulary)]
        used = sum(text in self.vocabulary.statuses for text in texts)
        return len(said) > 0.7 * len(texts) and len(said) > used

    def names_models(self, at: int) -> bool:
        """Whether the cells name models rather than kinds of things: digits in them, or many distinct words."""
        texts = [text for text in self.texts(at) if text.casefold() not in self.vocabulary.blanks]
        if not texts:
            return False
        if _share(texts, lambda text: any(sign.isdigit() for sign in text)) > 0.5:
            return True
        kinds = _share(texts, lambda text: names_kind(text, self.vocabulary.classes))
        return kinds < 0.5 and len(set(texts)) > max(12, len(texts) // 5)

    def texts(self, at: int) -> list[str]:
        return [value for value in self.values[at] if isinstance(value, str)]


def guess_by_values(at: int, label: str, fields: set[str], profile: Profile) -> str | None:
    """The field that a column's values suggest, of those that no other column has; None where they say nothing."""
    values = profile.values[at]
    if len(values) < _FEWEST:
        return None
    texts = [text_of(value) for value in values[:_LOOKED_AT]]
    for field, rivals, looks in _LOOKS:
        if not fields & rivals and looks(texts, label, profile.vocabulary):
            return field
    return None


#: So many values tell what a column holds.
_LOOKED_AT = 100
Looks = Callable[[list[str], str, Vocabulary], bool]


def _share(texts: Sequence[str], test: Callable[[str], object]) -> float:
    return sum(1 for text in texts if test(text)) / len(texts)


def _are_codes(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    return _share(texts, _ITEM_CODE.fullmatch) > 0.8


def _are_conditions(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    """Words of condition; single letters such as B only beside another word, for they may be grades."""
    distinct = {text.casefold() for text in texts}
    known = {text for text in distinct if not text.isdecimal() and parse_condition(text, vocabulary)}
    return known == distinct and any(text in _SURE_CONDITIONS for text in distinct)


_SURE_CONDITIONS = frozenset(
    {"baik", "rr", "rb", "kb", "rusak ringan", "rusak berat", "kurang baik", "broken", "damaged"}
)


def _are_makers(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    return _share(texts, lambda text: text.casefold() in vocabulary.makers) > 0.6


def _begin_with_makers(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    return _share(texts, lambda text: all(split_brand(text, vocabulary))) > 0.6


def _are_kinds(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    return _share(texts, lambda text: len(text) < 60 and names_kind(text, vocabulary.classes)) > 0.6


def _are_amounts(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    """Amounts whose header or most of whose cells name a currency."""
    if _share(texts, lambda text: parse_money(text, vocabulary).problem is None) < 0.8:
        return False
    stated = find_currency(label, vocabulary) is not None
    return stated or _share(texts, lambda text: find_currency(text, vocabulary)) > 0.6


def _are_years(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    """Years under a header that says so, whatever else it says."""
    said = frozenset(words_of(label).split()) & vocabulary.year_words
    return bool(said) and _share(texts, _YEAR.fullmatch) > 0.8


def _are_bought(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    """Dates under a header of dates that is not that of something later, such as the last check."""
    words = frozenset(header_words(label).split())
    if not words & vocabulary.date_words or words & vocabulary.later_words:
        return False
    style = DateStyle(is_month_first(texts), False, date.max)
    return _share(texts, lambda text: parse_date(text, style, vocabulary).on is not None) > 0.8


_YEAR = re.compile(r"(?:19[89]|20[0-4])\d")


def _are_serials(texts: list[str], label: str, vocabulary: Vocabulary) -> bool:
    """Distinct runs of capitals and digits that do not merely count up behind one beginning."""
    if len(set(texts)) < len(texts) or _share(texts, _SERIAL.fullmatch) < 0.9:
        return False
    return len({text[:4] for text in texts}) > len(texts) // 2


#: In this order: the field, the fields beside which it is not guessed, and how its values look.
_LOOKS: tuple[tuple[str, frozenset[str], Looks], ...] = (
    ("item_code", frozenset({"item_code", "code_register"}), _are_codes),
    (
        "condition",
        frozenset({"condition", "condition_good", "condition_fair", "condition_broken"}),
        _are_conditions,
    ),
    ("brand", frozenset({"brand", "brand_model"}), _are_makers),
    ("brand_model", frozenset({"brand", "brand_model", "model"}), _begin_with_makers),
    ("name", frozenset({"name", "category"}), _are_kinds),
    ("cost", frozenset({"cost", "unit_cost"}), _are_amounts),
    ("acquired_on", frozenset({"acquired_on"}), _are_years),
    ("acquired_on", frozenset({"acquired_on"}), _are_bought),
    ("serial", frozenset({"serial"}), _are_serials),
)
