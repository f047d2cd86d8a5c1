"""Identity of an asset: its names, normalised so that two ways of writing one name are one value.

Schemes: tag, bmn (item code + NUP, the three Indonesian code generations mapped onto one), bmd-17 (an old
code without a known successor), serial, hostname, uuid; and content, for a row without any of them.
Pure: no session, no clock, no I/O; the policy comes in as a value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TypeVar

Named = TypeVar("Named")
CONTENT, SERIAL = "content", "serial"
#: The columns whose change means that a scheme's value changed.
FIELDS_OF_SCHEME: Mapping[str, tuple[str, ...]] = {
    "tag": ("asset_tag",),
    "bmn": ("asset_tag", "item_code", "register_number"),
    "bmd-17": ("asset_tag", "item_code", "register_number"),
    "serial": ("serial",),
    "hostname": ("hostname",),
    "uuid": (),
}
#: What makes two rows without identifiers the same thing; notes, condition and place may change.
CONTENT_FIELDS = (
    "item_code",
    "name",
    "manufacturer",
    "model",
    "asset_class",
    "acquired_on",
    "cost_minor",
    "units",
)

_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E\+?\d+")
_RANGE = re.compile(r"(\d+)\s*(?:s\s*/\s*d|s\.d\.?|sd|to|-|–|\.\.)\s*(\d+)", re.IGNORECASE)
_COMPOSED = re.compile(r"((?:\d{10}|\d{12}|\d+(?:\.\d+){4,6}\.?))\s*[-/]\s*(\d{1,6})")
_NOT_ALNUM = re.compile(r"[\W_]+")
_DOTTED = re.compile(r"\d+(?:[.\s]\d+)*\.?")


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """The order in which schemes are tried, values that name nothing, and old item codes with their heirs.

    A scheme in `weak` names a thing only where no stronger name of it says otherwise: a host name moves
    to the machine's successor.
    """

    order: tuple[str, ...]
    weak: frozenset[str]
    placeholders: frozenset[str]
    old_codes: Mapping[str, str]


def squeeze(text: str) -> str:
    """`text` in upper case, compatibility forms folded, without anything but letters and digits."""
    if text.isalnum() and text.isascii():
        return text.upper()
    return _NOT_ALNUM.sub("", unicodedata.normalize("NFKC", text)).upper()


def normalise_tag(text: str) -> str:
    """A tag: case and spacing do not count, every other character does (00123 is not 123)."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(folded.split()).upper()


def is_placeholder(text: str, policy: KeyPolicy) -> bool:
    """Whether a serial, host name or UUID names nothing: a stock phrase, one repeated character, 1.2E+11."""
    return _says_nothing(text, squeeze(text), policy)


def _says_nothing(text: str, squeezed: str, policy: KeyPolicy) -> bool:
    if squeezed in policy.placeholders or squeezed.count(squeezed[:1]) == len(squeezed):
        return True
    return "E" in squeezed and _SCIENTIFIC.fullmatch(text.strip().upper()) is not None


def normalise_serial(text: str, policy: KeyPolicy) -> str | None:
    """A serial number without spaces and punctuation, upper case; None for a placeholder."""
    squeezed = squeeze(text)
    return None if _says_nothing(text, squeezed, policy) else squeezed


def normalise_hostname(text: str, policy: KeyPolicy) -> str | None:
    """A host name in lower case without the final dot; None for a placeholder."""
    return None if is_placeholder(text, policy) else text.strip().rstrip(".").lower()


def normalise_uuid(text: str, policy: KeyPolicy) -> str | None:
    """A UUID as 32 hexadecimal digits; None for a placeholder or anything else."""
    squeezed = squeeze(text)
    if len(squeezed) != 32 or is_placeholder(squeezed, policy):
        return None
    return squeezed.lower()


@lru_cache(maxsize=20_000)
def normalise_register(text: str) -> str:
    """A register number (NUP) without leading zeros; a range such as '0001 s/d 0012' becomes '1..12'."""
    text = text.strip()
    if text.isdecimal():
        return str(int(text))
    span = _RANGE.fullmatch(text)
    return f"{int(span[1])}..{int(span[2])}" if span else squeeze(text)


@lru_cache(maxsize=20_000)
def _code_of(code: str) -> tuple[str, str]:
    code = code.strip()
    if not _DOTTED.fullmatch(code):
        return "bmn", squeeze(code)
    digits = _NOT_ALNUM.sub("", code)
    if len(digits) == 12 and digits.startswith("132"):
        return "bmn", "3" + digits[3:]
    if len(digits) == 10 and digits.startswith("0"):
        return "bmd-17", digits
    return "bmn", digits


def normalise_item(code: str, register: str, policy: KeyPolicy) -> tuple[str, str]:
    """(scheme, value) of an item code and a register number.

    1.3.2.10.01.02.001 (Permendagri 108/2016) and 3100102001 (PMK 29/2010) are one code; a code of
    Permendagri 17/2007 is mapped where the policy knows its heir and stays bmd-17 where it does not.
    """
    scheme, digits = _code_of(code)
    if scheme == "bmd-17" and digits in policy.old_codes:
        scheme, digits = "bmn", policy.old_codes[digits]
    return scheme, f"{digits}-{normalise_register(register)}"


def tag_key(text: str, policy: KeyPolicy) -> tuple[str, str] | None:
    """(scheme, value) of a tag, which may be an item code and a register number; None for a placeholder."""
    composed = _COMPOSED.fullmatch(text.strip()) if text[0].isdecimal() else None
    if composed:
        return normalise_item(composed[1], composed[2], policy)
    value = normalise_tag(text)
    return ("tag", value) if value and squeeze(value) not in policy.placeholders else None


#: How the text of a scheme becomes its value; None for a placeholder.
NORMALISERS: Mapping[str, Callable[[str, KeyPolicy], str | None]] = {
    "serial": normalise_serial,
    "hostname": normalise_hostname,
    "uuid": normalise_uuid,
}


def find_keys(
    policy: KeyPolicy,
    *,
    asset_tag: str | None = None,
    item_code: str | None = None,
    register: str | None = None,
    serial: str | None = None,
    hostname: str | None = None,
    uuid: str | None = None,
) -> dict[str, str]:
    """{scheme: value} of a row's names in the order in which they are tried; empty when it has none."""
    found: dict[str, str] = {}
    named = tag_key(asset_tag, policy) if asset_tag else None
    if named:
        found[named[0]] = named[1]
    if item_code and register:
        scheme, value = normalise_item(item_code, register, policy)
        found[scheme] = value
    for scheme, text in (("serial", serial), ("hostname", hostname), ("uuid", uuid)):
        name = NORMALISERS[scheme](text, policy) if text else None
        if name:
            found[scheme] = name
    return in_order(found, policy.order)


def in_order(found: Mapping[str, Named], order: Sequence[str]) -> dict[str, Named]:
    """The names in the order in which they are tried."""
    return {scheme: found[scheme] for scheme in order if scheme in found}


def fingerprint(values: Mapping[str, object]) -> str:
    """A digest of what a row without identifiers says about the thing itself (CONTENT_FIELDS)."""
    parts = [squeeze(str(values.get(name) or "")) for name in CONTENT_FIELDS]
    return blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()
