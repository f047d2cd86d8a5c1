"""Text as it was typed → plain lower-case text and tokens that remember where they stood."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

_MARKS = dict.fromkeys(map(ord, "®™©℠"), " ")
_MARK_WORDS = re.compile(r"\((?:r|tm|c)\)")
#: A run of letters, or digits joined by dots: "php5.6" becomes php, 5.6 and "2008R2" 2008, r, 2.
#: A plus sign that closes a name is part of it: "S26+", "Notepad++".
_TOKEN = re.compile(r"(?<![^\W_])\.net\b(?!\.)|\d+(?:\.\d+)*|[^\W\d_]+|(?<=\w)\+{1,2}(?!\w)|#")

MAX_TEXT = 1000


class Token(NamedTuple):
    """A word or a number with its place in the plain text."""

    text: str
    start: int
    end: int
    is_number: bool


class Plain(NamedTuple):
    """Normalised text; `origin[i]` is the place in the source of its i-th character (identity if None)."""

    text: str
    origin: tuple[int, ...] | None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Places in the source for a stretch of the plain text."""
        if self.origin is None or start >= end:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def _fold(source: str) -> tuple[str, tuple[int, ...] | None]:
    if source.isascii():
        return source.lower(), None
    letters: list[str] = []
    origin: list[int] = []
    for place, character in enumerate(source.translate(_MARKS)):
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", character).casefold())
        for letter in folded:
            if not unicodedata.combining(letter):
                letters.append(letter)
                origin.append(place)
    return "".join(letters), tuple(origin)


def plain(source: str) -> Plain:
    """Lower case, compatible characters unified, accents and trade marks dropped."""
    text, origin = _fold(source[:MAX_TEXT])
    if "(" in text:
        text = _MARK_WORDS.sub(lambda match: " " * len(match.group()), text)
    return Plain(text, origin)


def tokenise(text: str, spellings: Mapping[str, tuple[str, ...]]) -> tuple[Token, ...]:
    """The words and numbers of a plain text; a misspelt one becomes the right one(s) at the same place."""
    tokens: list[Token] = []
    # The hottest loop of the matcher: tuple.__new__ makes a Token at half the price of its own constructor.
    new, right_of = tuple.__new__, spellings.get
    for match in _TOKEN.finditer(text):
        word = match.group()
        start, end = match.span()
        right = right_of(word)
        if right is None:
            tokens.append(new(Token, (word, start, end, word[0].isdecimal())))
        else:
            tokens += [Token(each, start, end, each[0].isdecimal()) for each in right]
    return tuple(tokens)


def words(phrase: str) -> tuple[str, ...]:
    """The tokens of an alias or another phrase, as the index holds them."""
    return tuple(_TOKEN.findall(plain(phrase).text))
