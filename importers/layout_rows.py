"""What a row under a header is: an asset, or a subtotal, a group title, a signature, a repeated header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from importers.columns import EXTRA, IGNORE, Columns
from importers.layout import Header, is_blank, is_column_numbers
from importers.own import EXAMPLE, example_marks
from importers.values.ranges import looks_like_code
from importers.values.text import compact, text_of, words_of
from importers.vocabulary import Vocabulary

#: How much of a cell tells what its row is.
_READ = 100
_REMEMBERED = 20_000
#: Tables whose codes are all of some digits only have no groups of fewer.
_SHORT_CODE = 5
_WORD = re.compile(r"[^\W_]+")
ASSET, BLANK = "asset", "blank"
SUBTOTAL, GROUP, SIGNATURE = "subtotal", "group-title", "signature"
NUMBERED = "numbered-blank"
REPEATED, NUMBERS, NO_IDENTITY = "repeated-header", "column-numbers", "no-identity"


@dataclass(slots=True)
class RowKinds:
    """Tells the rows of one table apart. Remembers that a signature block has begun.

    `identity` are the columns that name a thing, `codes` those of them that hold item codes, `mapped` all
    columns with a field, `amounts` those of costs and quantities, `counters` those that only number the rows,
    `labels` the header's text of each column. Item codes of fewer than `code_digits` digits name groups.
    """

    identity: tuple[int, ...]
    codes: frozenset[int]
    names: tuple[int, ...]
    mapped: tuple[int, ...]
    amounts: frozenset[int]
    counters: frozenset[int]
    labels: tuple[str, ...]
    vocabulary: Vocabulary
    code_digits: int = 5
    exact: bool = False
    signing: bool = False
    few: int = 0
    firsts: frozenset[str] = frozenset()
    coded: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Collect the words with which rows that are no assets begin, and how few cells such rows fill."""
        self.few = min(4, max(1, len(self.mapped) // 2))
        phrases = [*self.vocabulary.subtotal, *self.vocabulary.signature, *self.labels]
        words = {words_of(phrase).partition(" ")[0] for phrase in phrases if phrase}
        self.firsts = frozenset(words) | self.vocabulary.header_starts

    def kind_of(self, values: Sequence[object]) -> str:
        """The kind of a row; `values` is at least as long as the header."""
        first = ""
        filled = 0
        for value in values:
            if value is not None and value != "":
                filled += 1
                if not first and type(value) is str:
                    first = value
        if not filled:
            return BLANK
        if self.counters and first.isdecimal():
            first = self._behind_counter(values)
        if self.exact:
            return self._exactly(values, first)
        mark = self.mark(first) if first else None
        # A row without any text is no common asset: it may count the columns.
        if first and mark is None and filled > 2 and not self.signing and self._has_identity(values):
            return ASSET
        return self._judge(values, filled, mark)

    def _behind_counter(self, values: Sequence[object]) -> str:
        """The first text of a row whose running number is text too, as all cells of delimited files are."""
        found = (v for at, v in enumerate(values) if type(v) is str and v and not self.is_count(at, v))
        return next(found, "")

    def is_count(self, column: int, text: str) -> bool:
        """Whether a text only numbers its row."""
        return column in self.counters and text.isdecimal()

    def _exactly(self, values: Sequence[object], first: str) -> str:
        """The kind of a row of our own list: a thing, whatever its words, unless it is the template's example."""
        if first in example_marks():
            return EXAMPLE
        named = self._has_identity(values) or any(not is_blank(values[at]) for at in self.names)
        return ASSET if named else NO_IDENTITY

    def mark(self, text: str) -> str | None:
        """Whether the first text of a row begins like a subtotal, a signature or a repeated header."""
        text = text[:_READ]
        first = _WORD.search(text)
        if first is None:
            return NUMBERS
        word = first[0].casefold()
        if word in self.firsts:
            words = words_of(text)
            if _begins(words, self.vocabulary.subtotal):
                return SUBTOTAL
            if _begins(words, self.vocabulary.signature):
                return SIGNATURE
            if text_of(text) in self.labels or compact(text) in self.vocabulary.headers:
                return REPEATED
        return NUMBERS if len(text) < 6 and word.isdecimal() else None

    def _has_identity(self, values: Sequence[object]) -> bool:
        for column in self.identity:
            value = values[column]
            if value is None or value == "":
                continue
            if self.names_thing(column, value):
                return True
        return False

    def names_thing(self, column: int, value: object) -> bool:
        """Whether a filled cell of a column of `identity` names a thing, and no group of things."""
        return column not in self.codes or self._is_code(value)

    def _is_code(self, value: object) -> bool:
        """Whether a cell holds the item code of a thing, not a group's shorter one and not other text."""
        text = value if type(value) is str else text_of(value)
        known = self.coded.get(text)
        if known is None:
            digits = sum(sign.isdigit() for sign in text)
            known = looks_like_code(text) and digits >= self.code_digits
            if len(self.coded) < _REMEMBERED:
                self.coded[text] = known
        return known

    def _is_group_code(self, text: str) -> bool:
        """Whether a code that is no thing's is that of a group: beside long codes '3' and '310' are."""
        short = self.code_digits > _SHORT_CODE and text.replace(".", "").isdecimal()
        return short or looks_like_code(text)

    def _judge(self, values: Sequence[object], filled: int, mark: str | None) -> str:
        texts = {at: text_of(value) for at, value in enumerate(values) if not is_blank(value)}
        if not texts:
            return BLANK
        if is_column_numbers(values):
            return NUMBERS
        if texts.keys() <= self.amounts | self.counters and all(
            any(sign.isdigit() for sign in text) and " " not in text.strip() for text in texts.values()
        ):
            return NUMBERED if texts.keys() <= self.counters else SUBTOTAL
        same = sum(
            1 for at, text in texts.items() if at < len(self.labels) and _is_label(text, self.labels[at])
        )
        known = self.vocabulary.headers
        heads = sum(1 for text in texts.values() if len(text) < _READ and compact(text) in known)
        if (
            same == len(texts)
            or (same > 1 and same * 2 >= len(texts))
            or (heads > 2 and heads * 2 >= len(texts))
        ):
            return REPEATED
        identity = self._has_identity(values)
        named = any(at in texts for at in self.names)
        useful = sum(1 for at in self.mapped if at in texts)
        marks = [self.mark(text) for text in texts.values() if not text[:1].isdigit()]
        coded = any(at in texts and self._is_code(texts[at]) for at in self.codes)
        grouped = not identity and any(at in texts and self._is_group_code(texts[at]) for at in self.codes)
        if grouped:
            return SUBTOTAL if texts.keys() & self.amounts else GROUP
        if SUBTOTAL in marks and not coded and _is_total(texts, identity):
            return SUBTOTAL
        if useful <= self.few and not coded and (self.signing or SIGNATURE in marks or self._is_dated(texts)):
            self.signing = True
            return SIGNATURE
        self.signing = False
        if identity and (useful > 1 or coded or self._plain(texts)):
            return ASSET
        if len(texts) == 1 or useful <= 1:
            return self._title(values, texts)
        return ASSET if named or identity else NO_IDENTITY

    def _is_dated(self, texts: dict[int, str]) -> bool:
        """A lone 'Place, 31 Desember 2023' opens a signature block."""
        if len(texts) > 1:
            return False
        _, comma, rest = next(iter(texts.values())).partition(",")
        words = words_of(rest).split()
        return bool(comma) and len(words) in (2, 3) and any(word in self.vocabulary.months for word in words)

    def _plain(self, texts: dict[int, str]) -> bool:
        """A lone value under a tag, serial or host name is a thing if it holds a digit and no space."""
        for at in self.identity:
            text = texts.get(at, "")
            if text and at not in self.codes and " " not in text and any(sign.isdigit() for sign in text):
                return True
        return False

    def _title(self, values: Sequence[object], texts: dict[int, str]) -> str:
        at = next(iter(texts))
        last_name = max((*self.names, *self.identity), default=0)
        if at <= last_name and isinstance(values[at], str):
            return GROUP
        return NO_IDENTITY


def row_kinds(header: Header, columns: Columns, vocabulary: Vocabulary, exact: bool) -> RowKinds:
    """What tells the rows of a table apart, from its header and columns."""
    identity = {
        "asset_tag",
        "serial",
        "item_code",
        "code_register",
        "hostname",
        "model",
        "brand",
        "brand_model",
        "content_key",
        "uuid",
    }
    by_field: dict[str, list[int]] = {}
    for column in columns.columns:
        by_field.setdefault(column.field, []).append(column.at)
    unmapped = {EXTRA, IGNORE, "sequence"}
    return RowKinds(
        identity=tuple(at for name, places in by_field.items() if name in identity for at in places),
        codes=frozenset(at for name in ("item_code", "code_register") for at in by_field.get(name, ())),
        names=tuple(at for name in ("name", "category") for at in by_field.get(name, ())),
        mapped=tuple(at for name, places in by_field.items() if name not in unmapped for at in places),
        amounts=frozenset(at for name in ("cost", "unit_cost", "units") for at in by_field.get(name, ())),
        counters=frozenset(by_field.get("sequence", ())),
        labels=header.labels,
        vocabulary=vocabulary,
        code_digits=columns.code_digits,
        exact=exact,
    )


def _is_total(texts: dict[int, str], identity: bool) -> bool:
    """A total's word stands before its sums; beside it stands no other word, or one that names no thing."""
    worded = sum(
        1 for text in texts.values() if any(c.isalpha() for c in text) and not any(c.isdigit() for c in text)
    )
    return worded < 2 or (worded == 2 and not identity)


def _is_label(text: str, label: str) -> bool:
    return bool(label) and (text == label or text in label.split(" / "))


def _begins(words: str, phrases: frozenset[str]) -> bool:
    first, _, rest = words.partition(" ")
    second = f"{first} {rest.partition(' ')[0]}"
    return words in phrases or first in phrases or second in phrases
