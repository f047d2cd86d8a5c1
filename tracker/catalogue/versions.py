"""Order of versions: a sortable key per scheme, trains, and the release that a version belongs to.

A key is ASCII text whose byte order is version order, so that the database compares versions with an
index. Keys of different schemes, and of different release trains, must not be compared.

Schemes: None or "generic", "java" (1.8.0_392 = 8u392), "windows-feature" (2004 < 20H2), "deb"
(Debian Policy 5.6.12) and "rpm" (rpmvercmp).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Literal

Order = Literal[-1, 0, 1]

_MAX_KEY = 240
_LENGTHS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Token classes of the generic key, in the order in which they sort at one position.
_PRE, _END, _WORD, _NUMBER, _DOTTED = "0", "1", "2", "3", "4"

_PRERELEASES = {
    **dict.fromkeys(("dev", "snapshot", "nightly", "canary"), "a"),
    **dict.fromkeys(("alpha",), "b"),
    **dict.fromkeys(("beta",), "c"),
    **dict.fromkeys(("milestone",), "d"),
    **dict.fromkeys(("pre", "preview", "ea", "tp", "ctp", "eap", "insider"), "e"),
    **dict.fromkeys(("rc", "cr"), "f"),
}
_NOISE = frozenset(
    [
        "lts",
        "ltsr",
        "esr",
        "ga",
        "rtm",
        "final",
        "release",
        "released",
        "stable",
        "build",
        "version",
        "ver",
        "std",
        "edition",
        "x64",
        "fips",
        "x86",
        "amd64",
        "bit",
    ]
)
_SPELLINGS = (
    (re.compile(r"\bservice pack\s*"), "sp"),
    (re.compile(r"\bcumulative update\s*"), "cu"),
    (re.compile(r"\bmaintenance (?:level|pack|release)\s*"), "mr"),
    (re.compile(r"\bupdate\s*(?=\d)"), "u"),
    (re.compile(r"\bpatch\s*(?=\d)"), "p"),
    (re.compile(r"\bhotfix\s*(?=\d)"), "h"),
    (re.compile(r"\brelease\s*(?=\d)"), "r"),
)
_LEAD = re.compile(r"^(?:version|ver\.?|v(?=\.?\s*\d)|release)[\s.:]*|^[a-z]{2,}[-_/ ]?(?=\d)")
#: Microsoft's names for what a build number says already: "15.0.4430.1 CU32 GDR".
_BUILD_WITH_TEXT = re.compile(
    r"^(\d+(?:\.\d+){2,})\s+\(?(?:cu|gdr|qfe|sp|su|ru|rtm|azure|security|kb)(?![a-z]).*$"
)
#: Junos counts spins after a point: 12.3R12.4 is a spin of R12, older than its service release 12.3R12-S1.
_JUNOS_SPIN = re.compile(r"^(\d+\.\d+[rx]\d+(?:-[sd]\d+)?)\.(\d+)")
_TOKEN = re.compile(r"(\d+)|([a-z]+)|(~)|([^0-9a-z~]+)")


def _number(digits: str) -> str:
    """A number as text that sorts by value: its length, then its digits without leading zeros."""
    bare = digits.lstrip("0")
    length = len(bare)
    if length >= len(_LENGTHS):
        return _LENGTHS[-1] + bare[: len(_LENGTHS) - 1]
    return _LENGTHS[length] + bare


def _clean(version: str) -> str:
    text = version.strip().casefold().encode("ascii", "ignore").decode()
    for pattern, short in _SPELLINGS:
        text = pattern.sub(short, text)
    stripped = _LEAD.sub("", text, count=1)
    text = stripped if any(c.isdigit() for c in stripped) else text
    build = _BUILD_WITH_TEXT.match(text)
    return build.group(1) if build else _JUNOS_SPIN.sub(r"\1-a\2", text)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(class, encoded) of each part of a cleaned version."""
    separator, before = "", ""
    previous_number = ""
    for match in _TOKEN.finditer(text):
        digits, word, tilde, other = match.groups()
        if digits is not None:
            dotted = separator == "." or before == ""
            yield (_DOTTED if dotted else _NUMBER, _number(digits))
            before, previous_number = "number", digits
        elif word is not None:
            yield from _word(word, text[match.end() : match.end() + 1], separator, before, previous_number)
            before = "word"
        elif tilde is not None:
            yield (_PRE, "!")
            before = "word"
        separator = other.strip() if other is not None else ""
        if other is not None and not separator:
            separator = " "


def _word(word: str, following: str, separator: str, before: str, number: str) -> Iterator[tuple[str, str]]:
    """What a run of letters means at its place; nothing when it says nothing about order."""
    numbered = following.isdigit()
    if word in _NOISE:
        return
    if word in _PRERELEASES:
        yield (_PRE, _PRERELEASES[word])
    elif word == "m" and numbered and separator in {".", "-"}:
        yield (_PRE, "d")
    elif word in {"a", "b"} and numbered and not separator and before == "number":
        yield (_PRE, "b" if word == "a" else "c")
    elif word == "r" and numbered and len(number) == 4 and number[:2] in {"19", "20"}:
        # "2008 R2" is a product of its own, newer than every service pack of 2008.
        yield (_WORD, "zz!")
    else:
        yield (_WORD, word + "!")


def _generic_key(version: str) -> str:
    tokens = list(_tokens(_clean(version)))
    kept: list[tuple[str, str]] = []
    for token in (*tokens, (_END, "")):
        if token[0] != _DOTTED:
            # 6.4 and 6.4.0 are one version, also before a suffix.
            while len(kept) > 1 and kept[-1] == (_DOTTED, "0"):
                kept.pop()
        kept.append(token)
    return "".join(kind + body for kind, body in kept)


_JAVA_OLD = re.compile(r"^1\.(\d+)\.(\d+)(?:_0*(\d+))?(.*)$")
_JAVA_OLD_MAJOR = re.compile(r"^1\.(\d)$")
_JAVA_UPDATE = re.compile(r"^(\d+)(?:\.0)?\s*u0*(\d+)(.*)$")
_JAVA_INSTALLER = re.compile(r"^([5-8])\.0\.(\d{1,3})0(?:\.\d+)?$")
_JAVA_LEAD = re.compile(r"^(?:jdk|jre|java|openjdk)?[-_ ]*(?=\d)")


def _java_plain(version: str) -> str:
    """A Java version in the numbering of JEP 223: 1.8.0_392, 8u392 and 8.0.3920.8 become 8.0.392."""
    text = _JAVA_LEAD.sub("", re.sub(r"\bupdate\s*", "u", version.strip().casefold()))
    if old := _JAVA_OLD.match(text):
        major, middle, update, rest = old.groups()
        return f"{major}.{middle}.{update or 0}{rest}"
    if old_major := _JAVA_OLD_MAJOR.match(text):
        return old_major[1]
    if update_form := _JAVA_UPDATE.match(text):
        return "{}.0.{}{}".format(*update_form.groups())
    if installer := _JAVA_INSTALLER.match(text):
        return "{}.0.{}".format(*installer.groups())
    return text


def _java_key(version: str) -> str:
    return _generic_key(_java_plain(version))


_FEATURE = re.compile(
    r"^(?:(?:windows\s*)?(?:server\s*)?(1[01])[\s-]+)?(?:version\s*)?(?:(\d{2})(h[12])|(1507|1511|1607|1703|1709|1803|1809|1903|1909|2004))\b"
)
_HALVES = {"h1": "06", "h2": "12"}


def _feature(version: str) -> tuple[str, str] | None:
    """(10 or 11 or "", year and month) of a Windows feature version; None for anything else."""
    match = _FEATURE.match(version.strip().casefold())
    if match is None:
        return None
    base, year, half, number = match.groups()
    return base or "", number or year + _HALVES[half]


def _feature_key(version: str) -> str:
    feature = _feature(version)
    return f"F{feature[1]}" if feature else _generic_key(version)


_DEB_OTHER = {"+": "{", "-": "|", ".": "}", ":": "~"}


def _deb_part(text: str) -> str:
    """One part by dpkg's rule: ~ before the end, the end before letters, letters before the rest."""
    pairs = [(words, _number(digits)) for words, digits in re.findall(r"([^0-9]*)([0-9]*)", text)]
    while pairs and pairs[-1] == ("", "0"):
        pairs.pop()
    return "".join(f'{_deb_letters(words)}"{number}' for words, number in pairs) + '"'


def _deb_letters(words: str) -> str:
    return "".join("!" if c == "~" else c if c.isalpha() else _DEB_OTHER.get(c, "z{") for c in words)


def _epoch(version: str) -> tuple[str, str]:
    head, colon, rest = version.partition(":")
    return (head, rest) if colon and head.isdigit() else ("0", version)


def _deb_key(version: str) -> str:
    epoch, rest = _epoch(version.strip().encode("ascii", "ignore").decode())
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return f"{_number(epoch)}{_deb_part(upstream)}#{_deb_part(revision)}"


_RPM_TOKEN = re.compile(r"(\d+)|([a-zA-Z]+)|(~)|(\^)")


def _rpm_part(text: str) -> str:
    out: list[str] = []
    for digits, letters, tilde, caret in _RPM_TOKEN.findall(text):
        if digits:
            out.append("5" + _number(digits))
        elif letters:
            out.append(f"4{letters}!")
        elif tilde:
            out.append("1")
        elif caret:
            out.append("3")
    return "".join(out) + "2"


def _rpm_key(version: str) -> str:
    epoch, rest = _epoch(version.strip().encode("ascii", "ignore").decode())
    number, _, release = rest.partition("-")
    return f"{_number(epoch)}{_rpm_part(number)}{_rpm_part(release)}"


_SCHEMES: dict[str, Callable[[str], str]] = {
    "generic": _generic_key,
    "java": _java_key,
    "windows-feature": _feature_key,
    "deb": _deb_key,
    "rpm": _rpm_key,
}


@lru_cache(maxsize=65_536)
def version_key(version: str, scheme: str | None = None) -> str:
    """Text whose byte order is the order of versions of one scheme; at most 240 ASCII characters.

    An unknown scheme counts as generic. Versions that differ only in trailing zeros, in a leading "v" or
    in words without order (LTS, RTM) have the same key.
    """
    return _SCHEMES.get(scheme or "generic", _generic_key)(version)[:_MAX_KEY]


_IOS = re.compile(r"^v?(\d+\.\d+)\(\d+[a-z]?\)([a-z]+)", re.IGNORECASE)
_BUILD = re.compile(r"^(\d+\.\d+\.\d+)\.\d+$")


def release_train(version: str, scheme: str | None = None) -> str | None:
    """The line of versions within which alone an order exists, where the version itself names it.

    "15.2(7)E5" → "15.2E" (Cisco IOS), "10.0.19045.4046" → "10.0.19045" (Windows and alike builds),
    windows-feature "11 23H2" → "11"; None where the release must tell.
    """
    text = version.strip()
    if ios := _IOS.match(text):
        return f"{ios[1]}{ios[2].upper()}"
    if scheme == "windows-feature" and (feature := _feature(text)):
        return feature[0] or None
    build = _BUILD.match(text)
    return build[1] if build else None


_JAVA_FORM = re.compile(r"^(?:1\.[4-8]\.\d+_\d+|\d+u\d+)", re.IGNORECASE)
_FEATURE_FORM = re.compile(r"^\d{2}h[12]$", re.IGNORECASE)


def _guess(a: str, b: str) -> str | None:
    """A scheme that the form of either version betrays, where the caller names none."""
    if _JAVA_FORM.match(a) or _JAVA_FORM.match(b):
        return "java"
    if _FEATURE_FORM.match(a) or _FEATURE_FORM.match(b):
        return "windows-feature"
    return None


def _comparable(a: str, b: str, scheme: str | None) -> bool:
    if not (any(c.isdigit() for c in a) and any(c.isdigit() for c in b)):
        return False
    if scheme == "windows-feature" and (_feature(a) is None) != (_feature(b) is None):
        return False
    first, second = _IOS.match(a), _IOS.match(b)
    return not (first and second and first[1] == second[1] and _other_line(first[2], second[2]))


def _other_line(a: str, b: str) -> bool:
    """15.2(7)E and 15.2(4)M are two lines of one number: neither is newer. SXI and SXJ follow each other."""
    first, second = a.upper(), b.upper()
    return first != second and not (len(first) == len(second) > 2 and first[:2] == second[:2])


def _line(version: str, scheme: str | None) -> str:
    """10 or 11 where a Windows feature version names it: every 11 is newer than every 10."""
    feature = _feature(version) if scheme == "windows-feature" else None
    return feature[0] if feature else ""


def compare(a: str, b: str, scheme: str | None = None) -> Order | None:
    """-1 when `a` is older than `b`, 0 when they are the same version, 1 when newer, None without order."""
    a, b = a.strip(), b.strip()
    if a.casefold() == b.casefold() and a:
        return 0
    scheme = scheme or _guess(a, b)
    if not _comparable(a, b, scheme):
        return None
    lines = _line(a, scheme), _line(b, scheme)
    if all(lines) and lines[0] != lines[1]:
        return -1 if lines[0] < lines[1] else 1
    first, second = version_key(a, scheme), version_key(b, scheme)
    if first == second:
        return 0
    return -1 if first < second else 1


_PART = re.compile(r"\d+|[a-z]+")


@lru_cache(maxsize=65_536)
def components(version: str, scheme: str | None = None) -> tuple[str, ...]:
    """The numbers (without leading zeros) and words of a version, in order, lower case."""
    text = _java_plain(version) if scheme == "java" else version.strip().casefold()
    if scheme in {"deb", "rpm"}:
        text = _epoch(text)[1]
    text = _LEAD.sub("", text, count=1) if text[:1].isalpha() else text
    return tuple(part.lstrip("0") or "0" if part.isdigit() else part for part in _PART.findall(text))


def longest_prefix_release(version: str, releases: Iterable[str], scheme: str | None = None) -> str | None:
    """The longest of the release names that begins `version` and ends where a component ends, or None."""
    parts = components(version, scheme)
    best, best_length = None, 0
    for name in releases:
        wanted = components(name, scheme)
        length = len(wanted)
        if length > best_length and parts[:length] == wanted:
            best, best_length = name, length
    return best
