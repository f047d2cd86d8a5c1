"""Which field each column holds: by its header, then by what its first values look like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from importers.formats import Format
from importers.layout import Header, HeaderWords, Row, is_blank
from importers.rows import Problem, RefusedFile
from importers.values.conditions import parse_condition
from importers.values.dates import DateStyle, is_month_first, parse_date
from importers.values.durations import parse_months
from importers.values.money import find_currency, find_multiplier, parse_money
from importers.values.ranges import looks_like_code, split_code_register
from importers.values.text import compact, text_of, words_of
from importers.vocabulary import Vocabulary

EXTRA, IGNORE = "extra", "ignore"
#: Fields that several columns of one sheet may hold.
_MANY = frozenset({"notes", "software", "office", "database", EXTRA, IGNORE, "sequence"})
_IDENTIFIERS = frozenset({"asset_tag", "serial", "item_code", "register", "code_register", "uuid"})
STRONG = frozenset(
    {
        "asset_tag",
        "serial",
        "item_code",
        "code_register",
        "register",
        "hostname",
        "model",
        "brand",
        "brand_model",
    }
)
_NAMES = frozenset({"name", "category", "software_name", "product"})
_WITH_NAME = frozenset({"os", "acquired_on", "condition", "custodian", "location"})
_NOT_COUNTED = frozenset({EXTRA, IGNORE, "sequence", "notes"})
_DATES = frozenset({"acquired_on", "warranty_ends_on", "support_ends_on"})
_DATE_LIKE = frozenset({None, "date-future", "date-invalid", "date-order"})
_MONEY = frozenset({"cost", "unit_cost"})
_TICKS = frozenset({"condition_good", "condition_fair", "condition_broken"})
#: The field of a record that a column's field fills, where the names differ.
PRESENT: Mapping[str, tuple[str, ...]] = {
    "code_register": ("item_code", "register"),
    "brand_model": ("brand", "model"),
    "condition_good": ("conditions", "condition"),
    "condition_fair": ("conditions", "condition"),
    "condition_broken": ("conditions", "condition"),
    "office": ("software",),
    "database": ("software",),
    "software_name": ("software",),
    "software_version": ("software",),
    "os_version": ("os",),
    "category": ("asset_class",),
}

#: What names a thing besides its tag, serial and host name.
_OTHER_KEYS = frozenset({"item_code", "code_register", "register", "uuid", "address"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where, what it is called, its field, how sure that is, and how its values are read."""

    at: int
    label: str
    field: str
    confidence: float
    multiplier: int = 1
    currency: str | None = None
    month_first: bool = False
    version_at: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a table, what kind of table it is, and what is odd about them."""

    columns: tuple[Column, ...]
    kind: str
    problems: tuple[tuple[str | None, str, str], ...] = ()
    coded: bool = False
    reach: int = 0
    code_digits: int = 5

    def fields(self) -> dict[str, Column]:
        """{field: first column with it}."""
        found: dict[str, Column] = {}
        for column in self.columns:
            found.setdefault(column.field, column)
        return found

    def shown(self) -> dict[str, Column]:
        """{source header: column} as shown to people; a header that comes twice carries its letter."""
        found: dict[str, Column] = {}
        for column in sorted(self.columns, key=lambda c: (c.field in (EXTRA, IGNORE), c.at)):
            label = column.label or f"({column_letter(column.at)})"
            if label in found:
                label = f"{label} ({column_letter(column.at)})"
            found[label] = column
        return found

    def named(self) -> dict[str, str]:
        """{source header: field} as shown to people."""
        return {
            label: EXTRA if column.field == IGNORE else column.field for label, column in self.shown().items()
        }

    def sure(self) -> dict[str, float]:
        """{source header: confidence from 0 to 1}; a remembered or a format's own column is certain."""
        return {label: round(min(column.confidence, 1.0), 2) for label, column in self.shown().items()}


def column_letter(at: int) -> str:
    """The spreadsheet's name of a column, counted from 0: 0 is 'A', 26 is 'AA'."""
    name = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(65 + rest) + name
    return name


def assign_columns(
    header: Header,
    sample: Sequence[Row],
    words: HeaderWords,
    style: DateStyle,
    mapping: Mapping[str, str] | None = None,
    known: Format | None = None,
) -> Columns:
    """The columns of a table from its header and its first rows; `mapping` (header to field) outranks both.

    Raises:
        RefusedFile: two filled columns of the same name hold an identifier, so that neither can be believed.
    """
    profile = _Profile(header, sample, words.vocabulary, style)
    guesses = [_guess(at, levels, words, mapping, known) for at, levels in enumerate(header.levels)]
    guesses = _adjust(guesses, profile, words)
    chosen = _resolve(header, guesses, profile)
    columns = [
        _column(at, header.labels[at], name, guesses[at][1], profile)
        for at, name in enumerate(chosen)
        if header.labels[at]
    ]
    return _finish(columns, profile, known)


def _guess(
    at: int,
    levels: tuple[str, ...],
    words: HeaderWords,
    mapping: Mapping[str, str] | None,
    known: Format | None,
) -> tuple[str, float]:
    if not levels:
        return IGNORE, 0.0
    label = " / ".join(levels)
    if mapping:
        own = mapping.get(f"{label} ({column_letter(at)})") or mapping.get(label)
        if own:
            return own, 2.0
    if known and (field := known.columns.get(compact(label))):
        return field, 1.5
    tries = [(label, 0.0), (levels[-1], 0.01)]
    if levels[-1].startswith("(") and len(levels) > 1:
        tries.append((levels[-2], 0.02))
    if len(levels) > 1:
        tries.append((f"{levels[0]} {levels[-1]}", 0.03))
    best: tuple[str, float] = (EXTRA, 0.0)
    for text, cost in tries:
        found = words.field_of(text)
        # A group's words must not decide alone: under 'Spesifikasi' there is also 'Bahan'.
        joined = len(levels) > 1 and text not in levels
        if found and found[1] - cost > best[1] and (not joined or found[1] >= 0.95):
            best = (found[0], found[1] - cost)
    return best


class _Profile:
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
        return sum(1 for value in values if self._passes(value, test)) / len(values)

    def _passes(self, value: object, test: str) -> bool:
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
        if test == "duration":
            return parse_months(value, 1) is not None
        return False

    def texts(self, at: int) -> list[str]:
        return [value for value in self.values[at] if isinstance(value, str)]


def _adjust(
    guesses: list[tuple[str, float]], profile: _Profile, words: HeaderWords
) -> list[tuple[str, float]]:
    """Correct what the header says by what the values show, and by which other columns there are."""
    fields = {name for name, _ in guesses}
    adjusted = []
    for at, (name, confidence) in enumerate(guesses):
        adjusted.append((_by_values(at, name, confidence, fields, profile), confidence))
    ticked = sum(1 for name, _ in adjusted if name in _TICKS)
    if ticked == 1:
        adjusted = [(EXTRA if name in _TICKS else name, c) for name, c in adjusted]
    return _products(adjusted, profile)


def _by_values(at: int, name: str, confidence: float, fields: set[str], profile: _Profile) -> str:
    if confidence > 1:
        return name
    if name == "item_code" and profile.share(at, "code") < 0.5:
        if profile.share(at, "joined") > 0.5:
            return "code_register"
        return "asset_tag" if "asset_tag" not in fields else EXTRA
    if (
        name == "item_code"
        and "register" not in fields
        and profile.values[at]
        and profile.share(at, "joined") > 0.8
    ):
        return "code_register"
    if name == "warranty_ends_on" and profile.share(at, "duration") > 0.5:
        return name
    if name in _DATES and confidence < 1 and profile.share(at, "date") < 0.3:
        return EXTRA
    if name == "support_ends_on" and profile.share(at, "date") < 0.3:
        return EXTRA
    if name in _MONEY and confidence < 1 and profile.share(at, "money") < 0.3:
        return EXTRA
    if name == "category" and "brand" in fields and "model" not in fields and "name" in fields:
        return name if _names_classes(profile.texts(at), profile.vocabulary) else "model"
    return name


def _names_classes(texts: list[str], vocabulary: Vocabulary) -> bool:
    """Whether a column named 'Type' says what things are (few distinct words) rather than which model."""
    return not texts or len(set(texts)) <= max(12, len(texts) // 5)


def _products(guesses: list[tuple[str, float]], profile: _Profile) -> list[tuple[str, float]]:
    """'product' and 'version' mean software where there is one row per installation, else the model."""
    place = {name: at for at, (name, _) in enumerate(guesses)}
    if "product" not in place and "version" not in place:
        return guesses
    listing = "product" in place and "version" in place and "software_name" not in place
    listing = listing and _repeats(profile, place)
    turned = {"product": "model" if "model" not in place else EXTRA, "version": EXTRA}
    if listing:
        turned = {"product": "software_name", "version": "software_version", "brand": "software_publisher"}
    elif "software_name" in place and "software_version" not in place:
        turned["version"] = "software_version"
    elif "os" in place and "os_version" not in place and place.get("version") == place["os"] + 1:
        turned["version"] = "os_version"
    return [(turned.get(name, name) if confidence <= 1 else name, confidence) for name, confidence in guesses]


def _repeats(profile: _Profile, place: Mapping[str, int]) -> bool:
    """Whether most things of the sample stand in several rows."""
    for key in ("asset_tag", "hostname", "serial"):
        if key in place and profile.values[place[key]]:
            texts = [text_of(value) for value in profile.values[place[key]]]
            return len(set(texts)) * 3 <= len(texts) * 2
    return False


def _resolve(header: Header, guesses: list[tuple[str, float]], profile: _Profile) -> list[str]:
    """One column for each field that can stand only once: the surest, then the fuller, then the first."""
    wanted: dict[str, list[int]] = {}
    for at, (name, _) in enumerate(guesses):
        if name not in _MANY:
            wanted.setdefault(name, []).append(at)
    chosen = [name for name, _ in guesses]
    for name, places in wanted.items():
        if len(places) == 1:
            continue
        _refuse_twins(name, places, header, profile)
        keep = max(places, key=lambda at: (_preference(name, at, guesses, profile), -at))
        for at in places:
            if at != keep:
                chosen[at] = EXTRA
    return chosen


def _preference(name: str, at: int, guesses: list[tuple[str, float]], profile: _Profile) -> tuple[float, ...]:
    worded = profile.share(at, "condition-word") if name == "condition" and profile.values[at] else 0.0
    return (
        round(guesses[at][1], 1),
        worded,
        bool(profile.values[at]),
        guesses[at][1],
        len(profile.values[at]),
    )


def _refuse_twins(name: str, places: list[int], header: Header, profile: _Profile) -> None:
    labels = Counter(header.labels[at].casefold() for at in places if profile.values[at])
    twin = next((label for label, count in labels.items() if count > 1), None)
    if name in _IDENTIFIERS and twin:
        where = ", ".join(column_letter(at) for at in places)
        raise RefusedFile(
            "duplicate_header",
            f"Row {header.rows[-1]}: columns {where} are all named '{twin}'; keep one of them.",
        )


def _column(at: int, label: str, name: str, confidence: float, profile: _Profile) -> Column:
    vocabulary = profile.vocabulary
    if name in _MONEY:
        currency = find_currency(label, vocabulary)
        if currency is None:
            named = (find_currency(text, vocabulary) for text in profile.texts(at))
            found = Counter(word for word in named if word)
            currency = found.most_common(1)[0][0] if len(found) == 1 else None
        return Column(at, label, name, confidence, find_multiplier(label, vocabulary), currency)
    if name in _DATES:
        if name == "warranty_ends_on" and profile.values[at] and profile.share(at, "duration") > 0.5:
            years = bool(frozenset(words_of(label).split()) & vocabulary.year_words)
            return Column(at, label, "warranty_months", confidence, 12 if years else 1)
        return Column(at, label, name, confidence, month_first=is_month_first(profile.texts(at)))
    return Column(at, label, name, confidence)


def _finish(columns: list[Column], profile: _Profile, known: Format | None) -> Columns:
    fields = {column.field for column in columns}
    counted = fields - _NOT_COUNTED
    problems: list[tuple[str | None, str, str]] = []
    if known is not None and known.skip is None:
        kind = "assets"
    elif "licences" in fields and not fields & {"asset_tag", "hostname", "serial"}:
        kind = "licences"
    elif (fields & STRONG and len(counted) >= 2) or (
        fields & _NAMES and fields & _WITH_NAME and len(counted) >= 3
    ):
        kind = "assets"
    else:
        kind = "none"
    machines = fields & {"asset_tag", "hostname", "serial"}
    named = machines or fields & _OTHER_KEYS
    if kind == "assets" and {"software_name", "software_version"} <= fields and not named and known is None:
        kind = "nameless"
    if "software_name" in fields and machines and kind == "assets":
        kind = "installations"
        # When a software was installed says nothing of when its machine was bought.
        columns = [
            replace(c, field=EXTRA) if "install" in c.label.casefold() and c.field in _DATES else c
            for c in columns
        ]
    money = [column for column in columns if column.field in _MONEY]
    if kind == "assets" and money and "currency" not in fields and not any(c.currency for c in money):
        problems.append(
            (money[0].label, "currency-assumed", "no currency is stated; amounts are taken as IDR")
        )
    for column in money:
        if column.multiplier != 1:
            text = f"amounts are multiplied by {column.multiplier}, as the header says"
            problems.append((column.label, "amounts-multiplied", text))
    code = next((column for column in columns if column.field in ("item_code", "code_register")), None)
    coded = code is not None and profile.rows > 0 and len(profile.values[code.at]) >= 0.9 * profile.rows
    if profile.unheaded:
        letters = ", ".join(column_letter(at) for at in profile.unheaded)
        problems.append((None, "column-without-header", f"columns without a header are not read: {letters}"))
    reach = max((*(column.at for column in columns), *profile.unheaded), default=0) + 1
    long = code is not None and profile.share(code.at, "long-code") > 0.3
    return Columns(tuple(columns), kind, tuple(problems), coded, reach, 9 if long else 5)


def problems_of(columns: Columns, sheet: str, row: int) -> list[Problem]:
    """The oddities of the columns as problems of the header row."""
    return [Problem(sheet, row, column, code, message) for column, code, message in columns.problems]


def default_style(date_1904: bool, today: date) -> DateStyle:
    """Day first, as Indonesia and most of the world write."""
    return DateStyle(month_first=False, date_1904=date_1904, today=today)
