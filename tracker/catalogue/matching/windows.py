"""Releases of the Windows client: edition, feature version, build and long-term channel."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from tracker.catalogue.matching.resolving import ASSUMED, COLUMN, NAME, Compiled, Question, Resolution

_FEATURE = re.compile(r"\b(\d\d)\s?h\s?([12])\b|\b(1507|1511|1607|1703|1709|1803|1809|1903|1909|2004)\b")
_BUILD = re.compile(
    r"\b(?:(\d{1,2})\.(\d)(?:\.|\s+build\s+|,\s*build\s+|\s*\()\s*)?(\d{4,5})(?:\.(\d{1,5}))?\b"
)
_KERNEL = re.compile(r"\b(6\.[0-3]|5\.1)\b")
#: The catalogue's own way to write editions: "11-23h2-e", "11 23H2 (W)".
_EDITION_LETTER = re.compile(r"\dh\d(?:-|\s\()([ew])\b")
_MODERN_BUILD = re.compile(r"\b10\.0\.(\d{5})\b")
_RELEASE = re.compile(r"^(1[01])-(\w+?)(?:-(.+))?$")


class _Stated(NamedTuple):
    """What one text (the name or the version column) says about a Windows client."""

    base: str | None = None
    feature: str | None = None
    version: str | None = None


class _Modern(NamedTuple):
    """Windows 10 and 11 as the catalogue has them."""

    rows: list[_Row]
    builds: dict[str, tuple[str, str]]


class _Row(NamedTuple):
    """A release taken apart: "11-24h2-e-lts" is base 11, feature 24h2, suffix e-lts."""

    name: str
    base: str
    feature: str
    suffix: str


def _modern_releases(compiled: Compiled) -> _Modern:
    if compiled.extra is None:
        rows: list[_Row] = []
        builds: dict[str, tuple[str, str]] = {}
        for release in compiled.product.releases:
            match = _RELEASE.match(release.name)
            if match is None:
                continue
            rows.append(_Row(release.name, match[1], match[2], match[3] or ""))
            build = _MODERN_BUILD.search(release.latest or "")
            if build:
                builds[build[1]] = (match[1], match[2])
        compiled.extra = _Modern(rows, builds)
    known: _Modern = compiled.extra
    return known


def _by_build(compiled: Compiled, text: str) -> _Stated:
    options = compiled.spec.options
    known = _modern_releases(compiled).builds
    for match in _BUILD.finditer(text):
        major, minor, build, revision = match.groups()
        version = f"{major}.{minor}.{build}" if major else f"10.0.{build}"
        if build in known:
            base, feature = known[build]
            return _Stated(base, feature, version + (f".{revision}" if revision else ""))
        if build in options["kernel_builds"]:
            return _Stated(options["kernel_builds"][build], None, match.group() if major else None)
    kernel = _KERNEL.search(text)
    return _Stated(options["kernels"].get(kernel.group()) if kernel else None)


def _stated(compiled: Compiled, text: str) -> _Stated:
    built = _by_build(compiled, text)
    feature = _FEATURE.search(text)
    if feature and built.feature is None:
        named = f"{feature[1]}h{feature[2]}" if feature[1] else feature[3]
        return _Stated(built.base, named, built.version)
    return built


def _base_named(compiled: Compiled, question: Question) -> str | None:
    bases: dict[str, str] = compiled.spec.options["bases"]
    for token in question.tokens:
        if token.text in bases and (len(token.text) > 1 or token.text in "78"):
            return bases[token.text]
        if token.is_number and "." not in token.text and token.text not in {"64", "32", "86"}:
            return None
    return None


def _editions(compiled: Compiled, question: Question) -> frozenset[str]:
    kinds: dict[str, str] = compiled.spec.options["editions"]
    words = {token.text for token in question.tokens}
    found = {kind for word, kind in kinds.items() if " " not in word and word in words}
    if "e" in found and "pro" not in words:
        found.discard("w")
    if {"pro", "education"} <= words:
        found.discard("e")
    letter = _EDITION_LETTER.search(question.text, question.name_end, question.end)
    if letter:
        found.add(letter[1])
    return frozenset(found)


def _fitting(compiled: Compiled, base: str, feature: str | None, editions: frozenset[str]) -> list[str]:
    rows = [
        row for row in _modern_releases(compiled).rows if row.base == base and feature in {None, row.feature}
    ]
    if "lts" in editions:
        long_term = [row for row in rows if "lts" in row.suffix or row.suffix == "iot"]
        iot = [row for row in long_term if ("iot" in row.suffix) == ("iot" in editions)]
        return [row.name for row in iot or long_term]
    wanted = {"", "e" if "e" in editions or "iot" in editions else "w" if "w" in editions else ""}
    usual = [row for row in rows if "lts" not in row.suffix and "iot" not in row.suffix]
    return [row.name for row in usual if row.suffix in wanted or len(wanted) == 1]


def _long_term_feature(compiled: Compiled, question: Question) -> str | None:
    years: dict[str, str] = compiled.spec.options["ltsc_years"]
    return next((years[token.text] for token in question.tokens if token.text in years), None)


def _span(question: Question) -> tuple[int, int] | None:
    numbers = [token for token in question.tokens if token.is_number]
    return (numbers[0].start, numbers[0].end) if numbers else None


def by_windows_client(compiled: Compiled, question: Question) -> Resolution:
    """Editions end on different days: an unstated one leaves several releases possible."""
    part = question.text[question.start : question.end]
    in_name = _stated(compiled, part)
    in_column = _stated(compiled, question.column.casefold()) if question.column else _Stated()
    named = _base_named(compiled, question) or in_name.base
    base = named or in_column.base
    conflicts: tuple[str, ...] = ()
    if named and in_column.base and named != in_column.base:
        conflicts = (f"the name says Windows {named}, the version column {question.column}",)
        in_column = _Stated()
    if base is None:
        return Resolution(reason="no-version", conflicts=conflicts)
    version = in_column.version or in_name.version
    single = compiled.spec.options["single"].get(base)
    if single is not None:
        return Resolution((single,), version, NAME if named else COLUMN, None, conflicts, _span(question))
    feature = in_name.feature or in_column.feature
    return _modern(compiled, question, base, feature, version, conflicts)


def _modern(
    compiled: Compiled,
    question: Question,
    base: str,
    feature: str | None,
    version: str | None,
    conflicts: tuple[str, ...],
) -> Resolution:
    editions = _editions(compiled, question)
    if "lts" in editions:
        feature = _long_term_feature(compiled, question) or feature
    assumed: Any = compiled.spec.assume.get(base)
    if feature is None and "lts" not in editions and assumed in compiled.ends:
        # The last release of this base: every other one of it ended no later.
        return Resolution((assumed,), version, ASSUMED, None, conflicts, _span(question), assumed=True)
    releases = tuple(_fitting(compiled, base, feature, editions))
    if len(releases) == 1:
        return Resolution(releases, version, NAME, None, conflicts, _span(question))
    reason = (
        "version-not-in-catalogue"
        if not releases
        else "no-version"
        if feature is None
        else "edition-not-stated"
    )
    return Resolution(releases, version, NAME, reason, conflicts, _span(question))
