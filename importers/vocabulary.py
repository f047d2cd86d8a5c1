"""The words that the importers know, as one frozen value loaded from data files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from importers.values.text import compact, words_of


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases with what they mean, found by their first word; of several the one listed first counts."""

    by_word: Mapping[str, tuple[tuple[int, str, str], ...]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Phrases:
        """From (phrase, meaning) in order of precedence."""
        by_word: dict[str, tuple[tuple[int, str, str], ...]] = {}
        for rank, (phrase, meaning) in enumerate(pairs):
            words = words_of(phrase)
            first = words.partition(" ")[0]
            by_word[first] = (*by_word.get(first, ()), (rank, f" {words} ", meaning))
        return cls(by_word)

    def find(self, words: str) -> str | None:
        """What the first listed phrase in `words` (lower case, single spaces) means; None without one."""
        padded = ""
        best: tuple[int, str] | None = None
        for word in words.split():
            for rank, phrase, meaning in self.by_word.get(word, ()):
                padded = padded or f" {words} "
                if (best is None or rank < best[0]) and phrase in padded:
                    best = (rank, meaning)
        return best[1] if best else None


@dataclass(frozen=True, slots=True)
class ClassRules:
    """What a thing is, by code and by name (data/classes.json)."""

    it_prefixes: tuple[str, ...]
    near_codes: Mapping[str, str]
    codes: Mapping[str, str]
    prefix_classes: tuple[tuple[str, str], ...]
    not_it: Phrases
    near_it: Phrases
    names: Phrases
    makers: Phrases
    markers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Header synonyms, words of rows and values, makers, classes. All keys are lower case."""

    headers: Mapping[str, str]
    header_starts: frozenset[str]
    patterns: tuple[tuple[frozenset[str], str], ...]
    subtotal: frozenset[str]
    signature: frozenset[str]
    blanks: frozenset[str]
    serial_placeholders: frozenset[str]
    titles: Mapping[str, str]
    months: Mapping[str, int]
    year_prefixes: frozenset[str]
    year_words: frozenset[str]
    conditions: Mapping[str, str]
    condition_phrases: Phrases
    statuses: Mapping[str, str]
    ticks: frozenset[str]
    currencies: Mapping[str, str]
    multipliers: Mapping[str, int]
    header_multipliers: Mapping[str, int]
    money_noise: frozenset[str]
    makers: frozenset[str]
    maker_suffixes: frozenset[str]
    server_systems: tuple[str, ...]
    mobile_systems: frozenset[str]
    unit_headers: frozenset[str]
    headed_classes: Mapping[str, str]
    date_words: frozenset[str]
    later_words: frozenset[str]
    total_words: frozenset[str]
    classes: ClassRules


def read_data(name: str) -> Any:
    """One of the shipped data files."""
    return json.loads(resources.files("importers").joinpath(f"data/{name}.json").read_text(encoding="utf-8"))


@cache
def field_names() -> tuple[str, ...]:
    """Every field that a column may be assigned to, the two for unused columns last."""
    return (*read_data("headers")["fields"], "extra", "ignore")


def _turned(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {word.casefold(): key for key, words in groups.items() for word in words}


@cache
def default_vocabulary() -> Vocabulary:
    """The vocabulary that ships with the package; the same object every time."""
    headers, words, classes = read_data("headers"), read_data("words"), read_data("classes")
    makers = read_data("makers")
    multipliers = {word: int(factor) for word, factor in words["multipliers"].items()}
    return Vocabulary(
        headers={
            compact(name) or name: field for field, names in headers["fields"].items() for name in names
        },
        header_starts=frozenset(
            words_of(name).partition(" ")[0] for names in headers["fields"].values() for name in names
        ),
        patterns=tuple((frozenset(text.split()), field) for text, field in headers["patterns"]),
        subtotal=frozenset(words["subtotal"]),
        signature=frozenset(words["signature"]),
        blanks=frozenset(words["blank"]),
        serial_placeholders=frozenset(words["serial_placeholders"]),
        titles={compact(word): field for word, field in words["titles"].items()},
        months={word: int(number) for number, names in words["months"].items() for word in names},
        year_prefixes=frozenset(words["year_prefixes"]),
        year_words=frozenset(words["year_words"]),
        conditions=_turned(words["conditions"]),
        condition_phrases=Phrases.of((phrase, word) for phrase, word in words["condition_phrases"]),
        statuses=_turned(words["statuses"]),
        ticks=frozenset(words["ticks"]),
        currencies=words["currencies"],
        multipliers=multipliers,
        header_multipliers={word: n for word, n in multipliers.items() if word not in ("m", "k", "rb")},
        money_noise=frozenset(words.get("money_noise", ())),
        makers=frozenset(maker.casefold() for maker in makers["makers"]),
        maker_suffixes=frozenset(makers["suffixes"]),
        server_systems=tuple(words["server_systems"]),
        mobile_systems=frozenset(words["mobile_systems"]),
        unit_headers=frozenset(compact(word) for word in words["unit_headers"]),
        headed_classes={compact(word): kind for word, kind in words["headed_classes"].items()},
        date_words=frozenset(words["date_words"]),
        later_words=frozenset(words["later_words"]),
        total_words=frozenset(words["total_words"]),
        classes=_class_rules(classes),
    )


def _class_rules(data: Mapping[str, Any]) -> ClassRules:
    return ClassRules(
        it_prefixes=tuple(data["it_code_prefixes"]),
        near_codes=data["near_it_codes"],
        codes=data["codes"],
        prefix_classes=tuple(data["code_prefix_classes"].items()),
        not_it=Phrases.of((phrase, "other") for phrase in data["not_it"]),
        near_it=Phrases.of((phrase, kind) for phrase, kind in data["near_it"]),
        names=Phrases.of((phrase, kind) for phrase, kind in data["names"]),
        makers=Phrases.of((maker, kind) for maker, kind in data["it_makers"]),
        markers=data["it_markers"],
    )
