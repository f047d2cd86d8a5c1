"""What the title block above a table says: whose things these are, in which room, and in which amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from importers.layout import Row
from importers.values.money import find_currency, find_multiplier
from importers.values.text import compact, text_of, words_of
from importers.vocabulary import Vocabulary

_LONGEST = 120
#: Words of a line that speaks of all amounts below: 'dalam ribuan rupiah', 'all amounts in USD'.
_OF_AMOUNTS = frozenset({"dalam", "in", "x", "currency", "valuta"})


@dataclass(frozen=True, slots=True)
class Titles:
    """`fields` holds what each row of the table shares (agency_text, location); `multiplier` and `currency`
    hold for every amount whose header and cell say nothing else."""

    fields: dict[str, str] = field(default_factory=dict)
    multiplier: int = 1
    currency: str | None = None


def read_titles(rows: Sequence[Row], vocabulary: Vocabulary) -> Titles:
    """From lines such as 'SKPD : Dinas …', 'RUANGAN', ': Lab', or '(dalam ribuan rupiah)'."""
    found: dict[str, str] = {}
    multiplier, currency = 1, None
    for _, values in rows:
        texts = [text for value in values if (text := text_of(value))]
        for name, rest in _statements(texts):
            known = vocabulary.titles.get(compact(name))
            if known and known not in found:
                found[known] = rest
        for text in texts:
            money = _currency_of(text, vocabulary)
            if money is not None:
                currency = currency or money
                multiplier = multiplier if multiplier != 1 else _multiplier_of(text, vocabulary)
    return Titles(found, multiplier, currency)


def _statements(texts: list[str]) -> Iterator[tuple[str, str]]:
    """(name, what it is) of cells that hold both, or else of the whole line."""
    whole = [text for text in texts if not text.startswith(":") and text.rstrip().rstrip(":").count(":") == 1]
    if len(whole) < 2:
        whole = [" ".join(texts)]
    for text in whole:
        name, colon, rest = text.partition(":")
        rest = rest.strip(" :")
        if colon and rest and len(rest) <= _LONGEST:
            yield name, rest


def _currency_of(text: str, vocabulary: Vocabulary) -> str | None:
    """The currency of a line that speaks of amounts."""
    if len(text) > _LONGEST or not frozenset(words_of(text).split()) & _OF_AMOUNTS:
        return None
    return find_currency(text, vocabulary)


def _multiplier_of(text: str, vocabulary: Vocabulary) -> int:
    factor = find_multiplier(text, vocabulary)
    words = words_of(text).split()
    spoken = (vocabulary.header_multipliers[word] for word in words if word in vocabulary.header_multipliers)
    return factor if factor != 1 else next(spoken, 1)
