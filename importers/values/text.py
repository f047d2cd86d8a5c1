"""Text as people type it: spaces, blanks, invisible characters."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

_NOT_WORD = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
#: Control, private, surrogate and unassigned characters, and the format ones that cannot be seen.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LATIN = re.compile(r"[A-Za-z]")
_LOOKALIKE = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")


def text_of(value: object) -> str:
    """A cell as one line of text: spaces folded, whole numbers without '.0', dates in ISO form, None as ''."""
    if type(value) is str:
        return " ".join(value.split())
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        day = value.isoformat(sep=" ")
        return day[:10] if day.endswith("00:00:00") else day
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return " ".join(str(value).split())


def unquoted(text: str) -> str:
    """An identifier without the apostrophe by which spreadsheets are told that digits are text: '00123."""
    return text[1:] if text.startswith("'") and text[1:2].isdigit() else text


def words_of(text: str) -> str:
    """Lower-case words with single spaces, without punctuation: 'P.C Unit' is 'p c unit'."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return _NOT_WORD.sub(" ", folded.casefold()).strip()


def header_words(text: str) -> str:
    """As `words_of`, with 'SerialNumber' read as two words."""
    return words_of(_CAMEL.sub(" ", text))


def compact(text: str) -> str:
    """Only the letters and digits, lower case: 'Kode BMN / NUP' is 'kodebmnnup'."""
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def find_unseen(text: str) -> str | None:
    """The first character that cannot be seen, as 'U+200B', or None."""
    found = _UNSEEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def find_forbidden(text: str) -> str | None:
    """The first control character, lone surrogate or noncharacter, as 'U+FFFE', or None."""
    found = _FORBIDDEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else None


def mixes_scripts(text: str) -> bool:
    """Whether Latin letters stand beside Greek or Cyrillic ones."""
    return _LATIN.search(text) is not None and _LOOKALIKE.search(text) is not None


def visible(text: str) -> str:
    """The text with characters that cannot be seen as marks: 'AST<U+200B>-5'."""
    return text if text.isascii() else _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def base_name(name: str | None) -> str:
    """A name without its running number."""
    base = (name or "").rstrip("0123456789")
    return base if base[-1:] == " " else name or ""
