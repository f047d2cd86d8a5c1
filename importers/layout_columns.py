"""Which field each column holds: by its header, then by what its first values look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from importers.column_kinds import finish
from importers.column_profiles import GUESS, Profile, guess_by_values
from importers.columns import (
    BY_FORMAT,
    BY_HEADER,
    BY_MAPPING,
    BY_VALUES,
    DATES,
    EXTRA,
    IGNORE,
    MONEY,
    SERIAL_OTHER,
    TICKS,
    Column,
    Columns,
    column_letter,
)
from importers.formats import Format
from importers.layout import Header, HeaderWords, Row
from importers.rows import RefusedFile
from importers.titles import Titles
from importers.values.dates import DateStyle, is_month_first
from importers.values.money import find_currency, find_multiplier
from importers.values.text import compact, text_of, words_of
from importers.vocabulary import Vocabulary

#: Fields that several columns of one sheet may hold.
_MANY = frozenset({"notes", "software", "office", "database", EXTRA, IGNORE, "sequence"})
_IDENTIFIERS = frozenset({"asset_tag", "serial", "item_code", "register", "code_register", "uuid"})
#: How sure the agency's mapping and a known export are: above every guess.
_MAPPED, _KNOWN = 2.0, 1.5


#: How alike two headers must be, from 0 to 1, and how sure one is then. Short words are too like each other.
_LIKENESS, _LIKE = 0.9, 0.55
_SHORTEST_LIKE, _LONGEST_LIKE = 6, 40
#: 'Officer' is not 'Office'.
_NEVER_LIKE = frozenset({EXTRA, "office", "database", "software", "os", "sequence"})


class Guess(NamedTuple):
    """What a column may hold: a field, how sure that is (above 1 it is stated, not guessed), and why."""

    field: str
    confidence: float
    reason: str = BY_HEADER


def assign_columns(
    header: Header,
    sample: Sequence[Row],
    words: HeaderWords,
    style: DateStyle,
    mapping: Mapping[str, str] | None = None,
    known: Format | None = None,
    titles: Titles | None = None,
) -> Columns:
    """The columns of a table from its header and its first rows; `mapping` (header to field) outranks both.

    `titles` says in which amounts the whole table is written, where its headers do not.

    Raises:
        RefusedFile: two filled columns of the same name hold an identifier, so that neither can be believed.
    """
    profile = Profile(header, sample, words.vocabulary, style)
    guesses = [_guess(at, levels, words, mapping, known) for at, levels in enumerate(header.levels)]
    guesses = _adjust(guesses, header, profile)
    if known is None:
        guesses = _fill_by_values(guesses, header, profile)
    columns = [
        _column(at, header.labels[at], guess, profile, titles or Titles())
        for at, guess in enumerate(_resolve(header, guesses, profile))
        if header.labels[at]
    ]
    return finish(columns, profile, known)


def _guess(
    at: int,
    levels: tuple[str, ...],
    words: HeaderWords,
    mapping: Mapping[str, str] | None,
    known: Format | None,
) -> Guess:
    if not levels:
        return Guess(IGNORE, 0.0)
    label = " / ".join(levels)
    # In our own list a header means what it says, whatever other files taught.
    if mapping and not (known is not None and known.exact):
        own = mapping.get(f"{label} ({column_letter(at)})") or mapping.get(label)
        if own:
            return Guess(own, _MAPPED, BY_MAPPING)
    if known and (field := known.columns.get(compact(label))):
        return Guess(field, _KNOWN, BY_FORMAT)
    tries = [(label, 0.0), (levels[-1], 0.01)]
    if levels[-1].startswith("(") and len(levels) > 1:
        tries.append((levels[-2], 0.02))
    if len(levels) > 1:
        tries.append((f"{levels[0]} {levels[-1]}", 0.03))
    best = Guess(EXTRA, 0.0)
    for text, cost in tries:
        found = words.field_of(text)
        # A group's words must not decide alone: under 'Spesifikasi' there is also 'Bahan'.
        joined = len(levels) > 1 and text not in levels
        if found and found[1] - cost > best.confidence and (not joined or found[1] >= 0.95):
            best = Guess(found[0], found[1] - cost)
    return best if best.field != EXTRA else _by_likeness(levels[-1], words.vocabulary)


def _by_likeness(label: str, vocabulary: Vocabulary) -> Guess:
    """The field of a header that is one slip away from a known one: 'No. Serie', 'Nama Barnag'."""
    text = compact(label)
    if not _SHORTEST_LIKE <= len(text) <= _LONGEST_LIKE:
        return Guess(EXTRA, 0.0)
    like = get_close_matches(text, vocabulary.headers, 1, _LIKENESS)
    name = vocabulary.headers[like[0]] if like else EXTRA
    return Guess(name, _LIKE) if name not in _NEVER_LIKE else Guess(EXTRA, 0.0)


def _adjust(guesses: list[Guess], header: Header, profile: Profile) -> list[Guess]:
    """Correct what the header says by what the values show, and by which other columns there are."""
    guesses = _tell_hosts(_tell_types(guesses, header, profile), header)
    fields = {guess.field for guess in guesses}
    adjusted = []
    for at, guess in enumerate(guesses):
        name = guess.field if guess.confidence > 1 else _by_values(at, guess, fields, profile)
        adjusted.append(guess if name == guess.field else Guess(name, guess.confidence, BY_VALUES))
    ticked = sum(1 for guess in adjusted if guess.field in TICKS)
    if ticked == 1:
        adjusted = [Guess(EXTRA, 0.0) if g.field in TICKS and g.confidence <= 1 else g for g in adjusted]
    return _products(adjusted, profile)


def _tell_types(guesses: list[Guess], header: Header, profile: Profile) -> list[Guess]:
    """'Type' and 'Tipe' mean the kind of thing or its model: beside a model the kind, beside a brand alone
    what its values look like."""
    fields = {guess.field for guess in guesses}
    models = [at for at, guess in enumerate(guesses) if guess.field == "model"]
    told = list(guesses)
    for at, guess in enumerate(guesses):
        if guess.confidence > 1 or not header.levels[at] or compact(header.levels[at][-1]) not in _TYPES:
            continue
        if guess.field == "model" and len(models) > 1 and "category" not in fields:
            told[at] = guess._replace(field="category")
        elif guess.field == "category" and "brand" in fields and not models and profile.names_models(at):
            told[at] = Guess("model", guess.confidence, BY_VALUES)
    return told


def _tell_hosts(guesses: list[Guess], header: Header) -> list[Guess]:
    """Of 'Nama VM' and 'Hostname' the one is the name and the other the host name."""
    hosts = [at for at, guess in enumerate(guesses) if guess.field == "hostname" and guess.confidence <= 1]
    named = next((at for at in hosts if not _HOST.search(header.levels[at][-1])), None)
    if len(hosts) < 2 or named is None or any(guess.field == "name" for guess in guesses):
        return guesses
    return [guess._replace(field="name") if at == named else guess for at, guess in enumerate(guesses)]


#: A column that only counts its rows is no name or serial number where others tell the things apart.
_NAMING = {
    "serial": frozenset({"serial", "asset_tag", "name", "category", "hostname"}),
    "name": frozenset({"category", "brand", "brand_model", "model", "hostname", "item_code", "name"}),
}
#: What only a machine's name in its network is called.
_HOST = re.compile(r"host|dns|fqdn|netbios", re.IGNORECASE)
#: Headers that mean one or the other.
_TYPES = frozenset({"type", "types", "tipe"})


def _fill_by_values(guesses: list[Guess], header: Header, profile: Profile) -> list[Guess]:
    """Give columns whose header says nothing the field that their values suggest, where no other has it."""
    fields = {guess.field for guess in guesses}
    filled = []
    for at, guess in enumerate(guesses):
        if guess == Guess(EXTRA, 0.0) and header.labels[at]:
            name = guess_by_values(at, header.labels[at], fields, profile)
            if name is not None:
                guess = Guess(name, GUESS, BY_VALUES)  # noqa: PLW2901 - the better guess
                fields.add(name)
        filled.append(guess)
    return filled


def _by_values(at: int, guess: Guess, fields: set[str], profile: Profile) -> str:
    name, confidence = guess.field, guess.confidence
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
    if (
        name == "units"
        and "register" not in fields
        and profile.values[at]
        and profile.share(at, "register") > 0.5
    ):
        return "register"
    if name in _NAMING and profile.counts(at) and fields & _NAMING[name]:
        return "sequence"
    if name == "status" and "condition" not in fields and profile.tells_condition(at):
        return "condition"
    if name == "warranty_ends_on" and profile.share(at, "duration") > 0.5:
        return name
    if name in DATES and confidence < 1 and profile.share(at, "date") < 0.3:
        return EXTRA
    if name == "support_ends_on" and profile.share(at, "date") < 0.3:
        return EXTRA
    if name in MONEY and confidence < 1 and profile.share(at, "money") < 0.3:
        return EXTRA
    return name


def _products(guesses: list[Guess], profile: Profile) -> list[Guess]:
    """'product' and 'version' mean software where there is one row per installation, else the model."""
    place = {guess.field: at for at, guess in enumerate(guesses)}
    if "product" not in place and "version" not in place:
        return guesses
    listing = "product" in place and "version" in place and "software_name" not in place
    listing = listing and _repeats(profile, place)
    turned = {"product": "model" if "model" not in place else EXTRA, "version": EXTRA}
    if _names_programs(place) and _repeats(profile, place):
        turned = {"name": "software_name", "version": "software_version", "brand": "software_publisher"}
    elif listing:
        turned = {"product": "software_name", "version": "software_version", "brand": "software_publisher"}
    elif "software_name" in place and "software_version" not in place:
        turned["version"] = "software_version"
    elif "os" in place and "os_version" not in place and place.get("version") == place["os"] + 1:
        turned["version"] = "os_version"
    return [
        guess._replace(field=turned[guess.field])
        if guess.confidence <= 1 and guess.field in turned
        else guess
        for guess in guesses
    ]


def _names_programs(place: Mapping[str, int]) -> bool:
    """Whether machine, name and version are told, and nothing that a machine alone has."""
    others = {
        "serial",
        "model",
        "brand_model",
        "os",
        "acquired_on",
        "cost",
        "condition",
        "product",
        "software_name",
    }
    return {"hostname", "name", "version"} <= place.keys() and not others & place.keys()


def _repeats(profile: Profile, place: Mapping[str, int]) -> bool:
    """Whether most things of the sample stand in several rows."""
    for key in ("asset_tag", "hostname", "serial"):
        if key in place and profile.values[place[key]]:
            texts = [text_of(value) for value in profile.values[place[key]]]
            return len(set(texts)) * 3 <= len(texts) * 2
    return False


def _resolve(header: Header, guesses: list[Guess], profile: Profile) -> list[Guess]:
    """One column for each field that can stand only once: the surest, then the fuller, then the first."""
    wanted: dict[str, list[int]] = {}
    for at, guess in enumerate(guesses):
        if guess.field not in _MANY:
            wanted.setdefault(guess.field, []).append(at)
    chosen = list(guesses)
    for name, places in wanted.items():
        if len(places) == 1:
            continue
        _refuse_twins(name, places, header, profile)
        keep = max(places, key=lambda at: (_preference(name, at, guesses, profile), -at))
        for at in places:
            if at != keep:
                chosen[at] = guesses[at]._replace(field=SERIAL_OTHER if name == "serial" else EXTRA)
    return chosen


def _preference(name: str, at: int, guesses: list[Guess], profile: Profile) -> tuple[float, ...]:
    worded = profile.share(at, "condition-word") if name == "condition" and profile.values[at] else 0.0
    return (
        round(guesses[at].confidence, 1),
        worded,
        bool(profile.values[at]),
        guesses[at].confidence,
        len(profile.values[at]),
    )


def _refuse_twins(name: str, places: list[int], header: Header, profile: Profile) -> None:
    labels = Counter(header.labels[at].casefold() for at in places if profile.values[at])
    twin = next((label for label, count in labels.items() if count > 1), None)
    if name in _IDENTIFIERS and twin:
        where = ", ".join(column_letter(at) for at in places)
        raise RefusedFile(
            "duplicate_header",
            f"Row {header.rows[-1]}: columns {where} are all named '{twin}'; keep one of them.",
        )


def _column(at: int, label: str, guess: Guess, profile: Profile, titles: Titles) -> Column:
    vocabulary, name, confidence = profile.vocabulary, guess.field, guess.confidence
    if name in MONEY:
        multiplier = find_multiplier(label, vocabulary)
        if multiplier == 1:
            multiplier = titles.multiplier
        return Column(
            at,
            label,
            name,
            confidence,
            multiplier,
            _currency(at, label, profile, titles),
            reason=guess.reason,
        )
    if name in DATES:
        if name == "warranty_ends_on" and profile.values[at] and profile.share(at, "duration") > 0.5:
            years = bool(frozenset(words_of(label).split()) & vocabulary.year_words)
            return Column(at, label, "warranty_months", confidence, 12 if years else 1, reason=guess.reason)
        month_first = is_month_first(profile.texts(at))
        return Column(at, label, name, confidence, month_first=month_first, reason=guess.reason)
    return Column(at, label, name, confidence, reason=guess.reason)


def _currency(at: int, label: str, profile: Profile, titles: Titles) -> str | None:
    """The currency that the header names, or the only one that the cells name, or the title's."""
    currency = find_currency(label, profile.vocabulary)
    if currency is not None:
        return currency
    found = {word for text in profile.texts(at) if (word := find_currency(text, profile.vocabulary))}
    return found.pop() if len(found) == 1 else titles.currency if not found else None


def default_style(date_1904: bool, today: date) -> DateStyle:
    """Day first, as Indonesia and most of the world write."""
    return DateStyle(month_first=False, date_1904=date_1904, today=today)
