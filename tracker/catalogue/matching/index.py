"""All names the matcher knows, as a trie of words: one walk over a text finds every name in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tracker.catalogue.matching.normalise import Token
from tracker.catalogue.matching.rules import PRODUCT, Entry, alias_entries, canonical, lexicon
from tracker.catalogue.matching.types import CatalogueProduct

_LABEL_VENDORS = ("microsoft ", "apache ", "apple ", "hashicorp ", "oracle ", "google ", "vmware ", "ibm ")
_OWN_NAME = frozenset({"version", "head", "next"})
_EVERY = frozenset({"next"})


class Hit(NamedTuple):
    """A name found in a text: tokens `first` to `last` (not included)."""

    entry: Entry
    first: int
    last: int


@dataclass(slots=True)
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    entry: Entry | None = None


class Index:
    """Names → entries; a later name replaces an earlier one only where `replace` says so."""

    def __init__(self) -> None:
        self._root = _Node()
        self.size = 0

    def add(self, name: Sequence[str], entry: Entry, *, replace: bool = False) -> None:
        """Enter one name; an empty one is ignored."""
        node = self._root
        for word in name:
            node = node.children.setdefault(word, _Node())
        if node is not self._root and (node.entry is None or replace or _outranks(entry, node.entry)):
            self.size += node.entry is None
            node.entry = entry

    def find(self, tokens: Sequence[Token]) -> list[Hit]:
        """Every name in the text, also names inside of longer ones."""
        hits: list[Hit] = []
        count = len(tokens)
        begin = self._root.children.get
        texts = [token.text for token in tokens]
        for first in range(count):
            node = begin(texts[first])
            place = first + 1
            while node is not None:
                if node.entry is not None:
                    hits.append(Hit(node.entry, first, place))
                if place == count:
                    break
                node = node.children.get(texts[place])
                place += 1
        return hits


def _outranks(entry: Entry, known: Entry) -> bool:
    """A name of the catalogue itself beats a rule that says nothing of that name is tracked."""
    return entry.product is not None and known.product is None and ":label:" in entry.rule


def _own_names(product: CatalogueProduct) -> Iterable[tuple[str, str]]:
    """(name, where from) of everything the catalogue itself calls a product."""
    yield product.label, "label"
    label = product.label.casefold()
    for vendor in _LABEL_VENDORS:
        if label.startswith(vendor) and len(label) > len(vendor):
            yield label.removeprefix(vendor), "short-label"
    yield product.slug.replace("-", " "), "slug"
    for alias in product.aliases:
        yield alias, "alias"
    for kind, identifier in product.identifiers:
        if kind == "repology":
            yield identifier, "repology"


def _own_entry(product: CatalogueProduct, name: tuple[str, ...], source: str) -> Entry | None:
    lists = lexicon()
    joined = " ".join(name)
    short = len(name) == 1 and (len(joined) < 4 or joined in lists.ordinary)
    if joined in lists.not_names or joined in lists.soft or joined.isdigit():
        return None
    ordinary = short or joined in lists.ordinary or (source == "short-label" and len(name) > 1)
    needs = _OWN_NAME if ordinary else _EVERY if len(name) == 1 else frozenset()
    return Entry(
        f"catalogue:{product.slug}:{source}:{joined}",
        PRODUCT,
        product.slug,
        needs=needs,
        weight=0.86 if ordinary else 0.92,
    )


def build_index(
    products: Iterable[CatalogueProduct], extra_aliases: Iterable[tuple[str, str | None]] = ()
) -> Index:
    """The index of shipped rules, the catalogue's own names and, outranking both, `extra_aliases`."""
    index = Index()
    known = {product.slug: product for product in products}
    for name, entry in alias_entries():
        if entry.product is None or entry.product in known:
            index.add(name, entry)
    for product in known.values():
        for text, source in _own_names(product):
            name = canonical(text)
            own = _own_entry(product, name, source)
            if own is not None:
                index.add(name, own)
    for text, slug in extra_aliases:
        strength = PRODUCT if slug is not None else "block"
        entry = Entry(f"own:{text}", strength, slug, kind="own", weight=1.0)
        index.add(canonical(text), entry, replace=True)
    return index
