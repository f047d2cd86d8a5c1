"""Where the table of a sheet begins: title rows above, one to four header rows, what each column is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from importers.formats import find_format
from importers.values.money import find_currency
from importers.values.text import compact, header_words, text_of
from importers.vocabulary import Vocabulary

#: A row of a sheet: its number, counted from 1 as the spreadsheet does, and its values.
Row = tuple[int, list[object]]
#: Rows that hold something and are searched for a header.
SEARCHED_ROWS = 40
_DEEPEST = 3
_LONGEST_LABEL = 90
_INSIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_PARTS = re.compile(r"\s*[/|:]\s*|\s+[-–]\s+")
_NEVER_SCORED = frozenset({"condition_good", "condition_fair", "condition_broken", "ignore"})
Range = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: its row numbers, the levels of each column's label, and where data begins.

    `data_from` is an index into the rows that were searched; `rival` is the row number of another row that
    looks like a header and was not used.
    """

    rows: tuple[int, ...]
    levels: tuple[tuple[str, ...], ...]
    data_from: int
    rival: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """'Nomor / Pabrik' for a column under a group."""
        return tuple(" / ".join(levels) for levels in self.levels)


@dataclass(slots=True)
class HeaderWords:
    """Finds the field of a label, and remembers the answer."""

    vocabulary: Vocabulary
    known: dict[str, tuple[str, float] | None] = field(default_factory=dict)

    def field_of(self, label: str) -> tuple[str, float] | None:
        """(field, confidence from 0 to 1) of a header, or None."""
        if label not in self.known:
            self.known[label] = self._find(label)
        return self.known[label]

    def _find(self, label: str) -> tuple[str, float] | None:
        if not label or len(label) > _LONGEST_LABEL:
            return None
        headers = self.vocabulary.headers
        bare = _INSIDE.sub(" ", label).strip()
        if bare.endswith("#") and len(bare) > 1:
            bare = f"{bare[:-1].strip()} number"
            if (found := headers.get(compact(bare))) is not None:
                return found, 0.98
        for text, confidence in ((label, 1.0), (bare, 0.95)):
            found = headers.get(compact(text) or text)
            if found == "units" and find_currency(label, self.vocabulary):
                found = "cost"  # 'Jumlah (Rp)' is an amount, 'Jumlah' a quantity.
            if found:
                return found, confidence
        parts = [headers.get(compact(part)) for part in _PARTS.split(bare) if compact(part)]
        if len(parts) > 1 and parts[0] is not None:
            return parts[0], 0.85 if all(part == parts[0] for part in parts) else 0.7
        if len(parts) > 1 and (some := next((part for part in parts if part), None)):
            return some, 0.65
        words = frozenset(header_words(bare).split())
        if len(words) > 8:
            return None
        return next(((name, 0.6) for needed, name in self.vocabulary.patterns if needed <= words), None)


def is_blank(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or (type(value) is str and not value.strip())


def texts_of(values: Sequence[object]) -> list[str]:
    """The cells as labels; a cell that holds no text counts as blank."""
    return [text_of(value) if isinstance(value, str) else "" for value in values]


def score_row(values: Sequence[object], words: HeaderWords) -> float:
    """How much a row looks like a header: distinct fields that its texts name, and their share of the row."""
    filled = [value for value in values if not is_blank(value)]
    if len(filled) < 2:
        return 0.0
    fields = set()
    mapped = 0
    for value in filled:
        found = words.field_of(text_of(value)) if isinstance(value, str) else None
        if found and found[0] not in _NEVER_SCORED:
            fields.add(found[0])
            mapped += 1
    numbers = sum(1 for value in filled if not isinstance(value, str))
    if find_format([value for value in filled if isinstance(value, str)]) is not None:
        return 100.0
    # Exports have many columns that are nobody's business; then nothing but distinct texts may stand there.
    few = mapped * 3 < len(filled) and (numbers or mapped * 8 < len(filled) or len(set(filled)) < len(filled))
    if len(fields) < 2 or few:
        return 0.0
    return len(fields) + mapped / len(filled) - numbers


def find_header(rows: Sequence[Row], words: HeaderWords, merged: Sequence[Range] = ()) -> Header | None:
    """The header among the first rows, or None when no row names two fields."""
    scores: list[tuple[float, int]] = []
    seen = 0
    for at, (_, values) in enumerate(rows):
        if any(not is_blank(value) for value in values):
            scores.append((score_row(values, words), at))
            seen += 1
            if seen == SEARCHED_ROWS:
                break
    if not scores:
        return None
    best, at = max(scores, key=lambda scored: (scored[0], -scored[1]))
    if best < 2:
        return None
    # Of several good rows the first heads the first table; the others are found when it ends.
    at = next((other for score, other in scores if score >= 3 and score >= 0.6 * best), at)
    header = _with_levels(rows, at, words, merged)
    return _with_rival(header, rows, scores, best)


def _with_rival(header: Header, rows: Sequence[Row], scores: list[tuple[float, int]], best: float) -> Header:
    """Note another row that names nearly as many fields and touches the header: one of the two is wrong."""
    first = min(header.rows)
    near = range(first - 3, max(header.rows) + 3)
    for score, at in scores:
        number = rows[at][0]
        if number not in header.rows and number in near and score >= 3 and score >= 0.7 * best:
            return Header(header.rows, header.levels, header.data_from, number)
    return header


def _with_levels(rows: Sequence[Row], at: int, words: HeaderWords, merged: Sequence[Range]) -> Header:
    top = at
    if at > 0 and rows[at - 1][0] == rows[at][0] - 1 and _is_group_row(rows[at - 1][1], rows[at][1]):
        top = at - 1
    width = max(len(values) for _, values in rows[top : at + _DEEPEST])
    levels: list[list[str]] = [[] for _ in range(width)]
    filled = _padded(texts_of(rows[top][1]), width)
    _put(levels, filled)
    last = top
    above = _spread(rows[top], filled, merged)
    while last + 1 < len(rows) and last - top < _DEEPEST:
        number, values = rows[last + 1]
        forced = last + 1 <= at
        below = _padded([text_of(v) if not is_blank(v) else "" for v in values], width)
        if not forced and (
            number != rows[last][0] + 1 or not _is_sub_row(values, below, above, levels, words)
        ):
            break
        for column, text in enumerate(below):
            group = above[column]
            if (
                text
                and group
                and (not levels[column] or (len(levels[column]) < 2 and levels[column][-1] != group))
            ):
                levels[column].append(group)
        _put(levels, below)
        above = [_join(below, above, column) for column in range(width)]
        last += 1
    while len(levels) > 1 and not levels[-1]:
        levels.pop()
    numbers = tuple(rows[index][0] for index in range(top, last + 1))
    return Header(numbers, tuple(tuple(level) for level in levels), last + 1)


def _join(below: list[str], above: list[str], column: int) -> str:
    return below[column] or above[column]


def _padded(texts: list[str], width: int) -> list[str]:
    return texts[:width] + [""] * (width - len(texts))


def _put(levels: list[list[str]], texts: list[str]) -> None:
    for column, text in enumerate(texts):
        if text and (not levels[column] or levels[column][-1] != text):
            levels[column].append(text)


def _spread(row: Row, texts: list[str], merged: Sequence[Range]) -> list[str]:
    """Each column's label or that of the group that spans it; without merged cells, up to the next label."""
    number = row[0]
    spans = {r[1] - 1: r[3] - 1 for r in merged if r[0] <= number <= r[2] and r[3] > r[1]}
    spread = list(texts)
    for column, text in enumerate(texts):
        if not text:
            continue
        end = spans.get(column, column) if merged else len(texts) - 1
        for other in range(column + 1, min(end, len(texts) - 1) + 1):
            if texts[other]:
                break
            spread[other] = text
    return spread


def _is_group_row(above: Sequence[object], header: Sequence[object]) -> bool:
    """Whether the row over the best one belongs to the header: groups over it, or labels over its blanks."""
    texts = [text_of(value) for value in above]
    filled = [column for column, text in enumerate(texts) if text]
    if len(filled) < 2 or any(
        not isinstance(above[c], str) or texts[c].startswith(":") or ":" in texts[c].rstrip(": ")
        for c in filled
    ):
        return False
    below = _padded(texts_of(header), max(len(texts), len(header)) + 1)
    texts = _padded(texts, len(below))
    for column in filled:
        starts_group = bool(below[column]) and not texts[column + 1] and bool(below[column + 1])
        if below[column] and below[column] != texts[column] and not starts_group:
            return False
    return True


def _is_sub_row(
    values: Sequence[object], below: list[str], above: list[str], levels: list[list[str]], words: HeaderWords
) -> bool:
    """Whether a row continues the header: every label stands under a blank, in a group, or in brackets."""
    filled = [column for column, text in enumerate(below) if text]
    if not filled or any(not isinstance(values[column], str) for column in filled):
        return False
    meaningful = 0
    for column in filled:
        text = below[column]
        bracketed = text.startswith("(") and text.endswith(")")
        under_blank = not levels[column]
        same = bool(levels[column]) and levels[column][-1] == text
        group_start = column + 1 < len(below) and not levels[column + 1] and bool(below[column + 1])
        if not (bracketed or under_blank or same or group_start):
            return False
        meaningful += bracketed or bool(words.field_of(text)) or bool(above[column])
    return meaningful * 2 >= len(filled)


def is_column_numbers(values: Sequence[object]) -> bool:
    """Whether a row counts its columns: 1 2 3 …, as numbers or text, perhaps '(1)' or '5=3x4'."""
    numbers = []
    for value in values:
        if is_blank(value):
            continue
        text = text_of(value).strip("() ").split("=")[0].strip()
        if not text.isdecimal() or len(text) > 3:
            return False
        numbers.append(int(text))
    return (
        len(numbers) > 2
        and numbers[0] in (0, 1, 2)
        and all(0 <= later - earlier <= 1 for earlier, later in pairwise(numbers))
    )
