"""The matcher's rules as data: words, aliases, blocks and release resolvers, read once from data/*.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from tracker.catalogue.matching.normalise import words

PRODUCT, BLOCK, VETO, WEAK = "product", "block", "veto", "weak"


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in the index.

    `strength`: "product" names `product`; "block" is a thing of its own that is not tracked; "veto" makes
    the whole name a part of something (an update, a driver); "weak" is a word of hardware that only counts
    when nothing else is found. `needs` lists conditions of the surroundings (see candidates.py).
    """

    rule: str
    strength: str
    product: str | None = None
    kind: str = ""
    needs: frozenset[str] = frozenset()
    weight: float = 0.95


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Word lists; `soft` are words that say nothing about which product is meant.

    `heads` are those of them that may stand before a product whose name is an ordinary word."""

    spellings: dict[str, tuple[str, ...]]
    soft: frozenset[str]
    heads: frozenset[str]
    package_words: frozenset[str]
    ordinary: frozenset[str]
    not_names: frozenset[str]
    packagers: frozenset[str]
    after_for: frozenset[str]
    after_on: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resolver:
    """How the release of one product is told, as data/resolvers.json says; see resolving.py."""

    kind: str = "prefix"
    scheme: str | None = None
    assume: Any = None
    names: tuple[tuple[tuple[str, ...], Any], ...] = ()
    builds: dict[str, Any] = field(default_factory=dict)
    rewrite: tuple[tuple[str, str], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@cache
def document(name: str) -> dict[str, Any]:
    """The content of data/NAME.json."""
    source = files("tracker.catalogue.matching").joinpath("data", f"{name}.json")
    content: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return content


@cache
def lexicon() -> Lexicon:
    """The word lists of data/words.json."""
    lists = document("words")
    return Lexicon(
        spellings={word: tuple(right.split()) for word, right in lists["spellings"].items()},
        soft=frozenset(word for name in ("noise", "editions", "vendors", "machines") for word in lists[name]),
        heads=frozenset([*lists["noise"], *lists["vendors"]]),
        package_words=frozenset(lists["package_words"]),
        ordinary=frozenset(lists["ordinary"]),
        not_names=frozenset(lists["not_names"]),
        packagers=frozenset(lists["packagers"]),
        after_for=frozenset(lists["after_for"]),
        after_on=frozenset(lists["after_on"]),
    )


def canonical(phrase: str) -> tuple[str, ...]:
    """The words of a phrase with common misspellings and abbreviations put right."""
    spellings = lexicon().spellings
    return tuple(right for word in words(phrase) for right in spellings.get(word, (word,)))


def group_key(name: str) -> str:
    """What unresolved names of one thing share: their words, put right, without numbers and words of no meaning.

    "Foo Bar 1.2 (64-bit)" and "foo bar versi 2" give "foo bar"; a name without other words keeps all of them.
    """
    said = canonical(name)
    noise = frozenset(document("words")["noise"])
    kept = [word for word in said if word not in noise and not word[0].isdecimal() and len(word) > 1]
    return " ".join(kept or said)


def alias_entries() -> list[tuple[tuple[str, ...], Entry]]:
    """(words, entry) of every name in data/aliases.json and data/blocks.json."""
    found: list[tuple[tuple[str, ...], Entry]] = []
    for row in document("aliases")["rows"]:
        needs = frozenset(row.get("needs", ()))
        for name in row["names"]:
            entry = Entry(f"alias:{row['product']}:{name}", PRODUCT, row["product"], needs=needs)
            found.append((canonical(name), entry))
    for row in document("blocks")["rows"]:
        for name in row["names"]:
            entry = Entry(
                f"{row['strength']}:{row['kind']}:{name}",
                row["strength"],
                kind=row["kind"],
                needs=frozenset(row.get("where", "").split()),
            )
            found.append((canonical(name), entry))
    return found


@cache
def resolver(slug: str) -> Resolver:
    """The resolver of a product; plain prefix matching where data names none."""
    spec = dict(document("resolvers")["products"].get(slug, {}))
    names = spec.pop("names", {})
    return Resolver(
        kind=spec.pop("kind", "prefix"),
        scheme=spec.pop("scheme", None),
        assume=spec.pop("assume", None),
        names=tuple((words(name), releases) for name, releases in names.items()),
        builds=spec.pop("builds", {}),
        rewrite=tuple((pattern, into) for pattern, into in spec.pop("rewrite", ())),
        options=spec,
    )
