"""From a product and the text around its name to the release that is meant, by the rules of data."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tracker.catalogue.matching.mentions import BARE, Mention, column_version, mentions
from tracker.catalogue.matching.normalise import Token
from tracker.catalogue.matching.rules import Resolver, resolver
from tracker.catalogue.matching.types import CatalogueProduct
from tracker.catalogue.versions import components

NAME, COLUMN, BOTH, ASSUMED, CODENAME = "name", "version-column", "name+column", "assumed", "codename"
_FAR = date(9999, 12, 31)
_SERVICE_PACK = re.compile(r"\b(?:sp|service pack)\s*-?\s*(\d)\b")


class Question(NamedTuple):
    """What a resolver may look at.

    `text` is the plain text, `start`–`end` the part that belongs to the product, `name_end` where its
    name ends; `tokens` and `words` are those of the part; `column` is the version column as it stands.
    """

    text: str
    start: int
    name_end: int
    end: int
    tokens: tuple[Token, ...]
    words: tuple[str, ...]
    column: str | None
    soft: frozenset[str]


class Resolution(NamedTuple):
    """Releases that remain possible (one: it is meant), the stated version, and where it was stated."""

    releases: tuple[str, ...] = ()
    version: str | None = None
    source: str | None = None
    reason: str | None = None
    conflicts: tuple[str, ...] = ()
    span: tuple[int, int] | None = None
    assumed: bool = False


@dataclass(slots=True)
class Compiled:
    """A product with its resolver, ready to be asked."""

    product: CatalogueProduct
    spec: Resolver
    scheme: str | None
    prefixes: dict[tuple[str, ...], str]
    ends: dict[str, date]
    rewrite: tuple[tuple[re.Pattern[str], str], ...]
    codenames: tuple[tuple[tuple[str, ...], str], ...]
    extra: Any = field(default=None)


def compile_product(product: CatalogueProduct) -> Compiled:
    """Everything that asking needs, computed once per catalogue."""
    spec = resolver(product.slug)
    scheme = product.version_scheme or spec.scheme
    prefixes = _prefixes(product, scheme)
    return Compiled(
        product,
        spec,
        scheme,
        prefixes,
        {r.name: r.ends_on or _FAR for r in product.releases},
        tuple((re.compile(pattern), into) for pattern, into in spec.rewrite),
        _codenames(product, by_first_word=bool(spec.options.get("codename_words"))),
    )


def _prefixes(product: CatalogueProduct, scheme: str | None) -> dict[tuple[str, ...], str]:
    """Beginnings of versions → releases: their names, and what their newest versions tell.

    "pc.7.6" also as 7.6; a release 5.0 whose newest version is 5.4.4 takes all of 5, if none else does.
    """
    found = {components(r.name, scheme): r.name for r in reversed(product.releases)}
    for key, name in list(found.items()):
        if len(key) > 1 and not key[0].isdigit() and len(key[0]) <= 4 and key[1].isdigit():
            found.setdefault(key[1:], name)
    newest = {r.name: components(r.latest, scheme) for r in product.releases if r.latest}
    for name, parts in newest.items():
        if not parts or not parts[0].isdigit() or any(found.get(parts[:n]) for n in range(1, len(parts) + 1)):
            continue
        for length in range(1, len(parts) + 1):
            rivals = [n for n, other in newest.items() if n != name and other[:length] == parts[:length]]
            if not rivals and not any(key[:length] == parts[:length] for key in found):
                found[parts[:length]] = name
                break
    return found


def _codenames(product: CatalogueProduct, *, by_first_word: bool) -> tuple[tuple[tuple[str, ...], str], ...]:
    found: dict[tuple[str, ...], list[str]] = {}
    for release in product.releases:
        words = tuple(re.findall(r"[a-z]+", (release.codename or "").casefold()))
        for name in {words, words[:1]} if by_first_word else {words}:
            if name and len(name[0]) > 2:
                found.setdefault(name, []).append(release.name)
    unique = [(name, releases[0]) for name, releases in found.items() if len(releases) == 1]
    return tuple(sorted(unique, key=lambda item: -len(item[0])))


def phrase_at(question: Question, phrase: tuple[str, ...]) -> tuple[int, int] | None:
    """The place in the text of the first occurrence of a phrase in the product's part."""
    said, length, first = question.words, len(phrase), 0
    while phrase[0] in said[first:]:
        first = said.index(phrase[0], first)
        if said[first : first + length] == phrase:
            return question.tokens[first].start, question.tokens[first + length - 1].end
        first += 1
    return None


def prefix_release(compiled: Compiled, version: str) -> str | None:
    """The longest release name that begins the version."""
    parts = components(version, compiled.scheme)
    renamed = compiled.spec.options.get("alias_of", {})
    if renamed and (special := renamed.get(".".join(parts))):
        return str(special)
    for length in range(len(parts), 0, -1):
        release = compiled.prefixes.get(parts[:length])
        if release is not None:
            return release
    return None


def longer_releases(compiled: Compiled, version: str) -> list[str]:
    """Releases that the version begins: "SLES 12" → 12.0 … 12.5."""
    parts = components(version, compiled.scheme)
    return [name for key, name in compiled.prefixes.items() if parts and key[: len(parts)] == parts]


def settle(compiled: Compiled, releases: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """One release out of several where the product's data allows to assume the one supported longest."""
    if len(releases) > 1 and compiled.spec.assume == "latest-end":
        return (max(releases, key=lambda name: compiled.ends.get(name, _FAR)),), True
    return tuple(releases), False


def _rewritten(compiled: Compiled, question: Question) -> list[Mention]:
    part = question.text[question.name_end : question.end]
    for pattern, into in compiled.rewrite:
        part = pattern.sub(into, part)
    return mentions(part, 0, len(part), question.soft)


def _stated(compiled: Compiled, question: Question) -> list[Mention]:
    found = (
        _rewritten(compiled, question)
        if compiled.rewrite
        else mentions(question.text, question.name_end, question.end, question.soft)
    )
    if compiled.spec.options.get("dotted"):
        found = [m for m in found if m.mark != BARE]
    return _leading(compiled, question, found)


def _leading(compiled: Compiled, question: Question, found: list[Mention]) -> list[Mention]:
    """A version that opens the text right before the name ("5.5.37-MariaDB-1") goes first if joined."""
    lead = question.text[: question.start].rstrip(" -_/")
    if not lead or not lead[0].isdigit() or (found and question.text[len(lead)] != "-"):
        return found
    for pattern, into in compiled.rewrite:
        lead = pattern.sub(into, lead)
    whole = [m for m in mentions(lead, 0, len(lead), question.soft) if (m.start, m.end) == (0, len(lead))]
    return [*(m for m in whole if m.mark != BARE or not found), *found]


def by_prefix(compiled: Compiled, question: Question) -> Resolution:
    """The release whose name begins the stated version; else the codename that the text gives."""
    column = column_version(question.column, compiled.rewrite)
    stated = _stated(compiled, question)
    name = _from_mentions(compiled, stated)
    if column and compiled.spec.options.get("column") == "fallback" and name.releases:
        return name
    named = name.releases[0] if len(name.releases) == 1 else None
    from_column = prefix_release(compiled, column) if column else None
    if name.version and column:
        return _agree(compiled, name, column, from_column, question)
    if column:
        return _from_column(compiled, column, from_column, question)
    if named is None and (codename := _by_codename(compiled, question)):
        return codename
    return name


def _from_mentions(compiled: Compiled, stated: Sequence[Mention]) -> Resolution:
    for mention in stated:
        release = prefix_release(compiled, mention.text)
        if release is not None:
            span = None if compiled.rewrite else (mention.start, mention.end)
            return Resolution((release,), mention.text, NAME, span=span)
    if not stated:
        return Resolution(reason="no-version")
    return _ambiguous(compiled, stated[0].text, NAME)


def _ambiguous(compiled: Compiled, version: str, source: str) -> Resolution:
    longer = longer_releases(compiled, version)
    if len(longer) == 1:
        sure = "." in version or longer[0] == f"{version}.0" or compiled.spec.assume
        reason = None if sure else "ambiguous-release"
        return Resolution(tuple(longer), version, source, reason, assumed=True)
    releases, assumed = settle(compiled, longer)
    reason = "ambiguous-release" if len(releases) > 1 else None if releases else "version-not-in-catalogue"
    return Resolution(releases, version, source, reason, assumed=assumed)


def _agree(
    compiled: Compiled, name: Resolution, column: str, from_column: str | None, question: Question
) -> Resolution:
    """Name and column together: the finer of two that agree; the name, flagged, where they do not."""
    mine = components(name.version or "", compiled.scheme)
    theirs = components(column, compiled.scheme)
    if theirs[: len(mine)] == mine:
        if from_column is not None:
            return Resolution((from_column,), column, BOTH, span=name.span)
        return Resolution(name.releases, column, BOTH, name.reason, span=name.span, assumed=name.assumed)
    if mine[: len(theirs)] == theirs or (from_column and (from_column,) == name.releases):
        return name
    if not name.releases and from_column is not None:
        return Resolution((from_column,), column, COLUMN)
    conflict = f"the name says {name.version}, the version column {question.column}"
    return Resolution(
        name.releases, name.version, NAME, name.reason, (conflict,), name.span, assumed=name.assumed
    )


def _from_column(compiled: Compiled, column: str, release: str | None, question: Question) -> Resolution:
    if release is not None:
        return Resolution((release,), column, COLUMN)
    if codename := _by_codename(compiled, question):
        return codename
    return _ambiguous(compiled, column, COLUMN)


def _by_codename(compiled: Compiled, question: Question) -> Resolution | None:
    for phrase, release in compiled.codenames:
        place = phrase_at(question, phrase)
        if place is not None:
            return Resolution((release,), None, CODENAME, span=place)
    return None


def by_names(compiled: Compiled, question: Question) -> Resolution:
    """Releases sold under names (years) of their own, with service packs and build numbers."""
    named, span = _named(compiled, question)
    version = _build_in(question.text[question.name_end : question.end])
    column = column_version(question.column, compiled.rewrite)
    built = _by_build(compiled, column) if column else None
    source = COLUMN
    if built is None and version:
        built, source, column = _by_build(compiled, version), NAME, version
    if named is not None and len(named) > 1 and compiled.spec.options.get("also_prefix"):
        exact = by_prefix(compiled, question)
        if exact.releases and exact.releases[0] in named:
            return exact
    if named is None:
        return _unnamed(compiled, question, built, column, source)
    both = tuple(name for name in named if built and name in built)
    version = column if both else None
    conflicts = (
        () if both or not built or not named else (f"{question.column or column} is no version of it",)
    )
    releases, assumed = settle(compiled, both or named)
    reason = None if len(releases) == 1 else "ambiguous-release" if releases else "version-not-in-catalogue"
    return Resolution(releases, version, BOTH if both else NAME, reason, conflicts, span, assumed=assumed)


def _named(compiled: Compiled, question: Question) -> tuple[tuple[str, ...] | None, tuple[int, int] | None]:
    for phrase, releases in compiled.spec.names:
        place = phrase_at(question, phrase)
        if place is not None:
            return _service_pack(_expand(compiled, releases), question), place
    return None, None


def _expand(compiled: Compiled, releases: Any) -> tuple[str, ...]:
    if releases is None:
        return ()
    if isinstance(releases, str) and releases.endswith(".*"):
        return tuple(name for name in compiled.ends if name.startswith(releases[:-1]))
    wanted = (releases,) if isinstance(releases, str) else tuple(releases)
    return tuple(name for name in wanted if name in compiled.ends)


def _service_pack(releases: tuple[str, ...], question: Question) -> tuple[str, ...]:
    """The release of the stated service pack, where the family lists its packs in order."""
    stated = _SERVICE_PACK.search(question.text, question.start, question.end)
    number = int(stated.group(1)) if stated else None
    if number is None or len(releases) < 2 or not any("-sp" in name for name in releases):
        return releases
    return (releases[number],) if number < len(releases) else releases


_BUILD = re.compile(r"\b\d{1,2}\.\d{1,2}(?:\.\d{3,6}(?:\.\d+)?|\b)")


def _build_in(part: str) -> str | None:
    match = _BUILD.search(part)
    return match.group() if match else None


def _by_build(compiled: Compiled, version: str) -> tuple[str, ...] | None:
    """Releases by the longest build prefix of the product's data, with thresholds of the next component."""
    parts = [part for part in components(version) if part.isdigit()]
    for length in (3, 2, 1):
        key = ".".join(parts[:length])
        if len(parts) < length or key not in compiled.spec.builds:
            continue
        found = compiled.spec.builds[key]
        if isinstance(found, list) and found and isinstance(found[0], list):
            following = int(parts[length]) if len(parts) > length else 0
            found = [name for least, name in found if least <= following][-1]
        return _expand(compiled, found)
    return None


def _unnamed(
    compiled: Compiled, question: Question, built: tuple[str, ...] | None, version: str | None, source: str
) -> Resolution:
    if built is not None:
        releases, assumed = settle(compiled, built)
        reason = (
            None if len(releases) == 1 else "ambiguous-release" if releases else "version-not-in-catalogue"
        )
        return Resolution(releases, version, source, reason, assumed=assumed)
    if compiled.spec.options.get("also_prefix"):
        return by_prefix(compiled, question)
    return Resolution(
        (), version, source if version else None, "version-not-in-catalogue" if version else "no-version"
    )


def by_branch(compiled: Compiled, question: Question) -> Resolution:
    """The newest branch that is not newer than the version's first number (NVIDIA: 474.64 → r470)."""
    column = column_version(question.column, ())
    stated = column or next((m.text for m in _stated(compiled, question)), None)
    if stated is None:
        return Resolution(reason="no-version")
    prefix, suffix = str(compiled.spec.options["prefix"]), str(compiled.spec.options["suffix"])
    number = int(components(stated)[0])
    branches = {
        int(name.removeprefix(prefix).removesuffix(suffix)): name
        for name in compiled.ends
        if name.startswith(prefix) and name.endswith(suffix)
    }
    fitting = [branch for branch in branches if branch <= number < branch + 20]
    releases = (branches[max(fitting)],) if fitting else ()
    source = COLUMN if column else NAME
    return Resolution(releases, stated, source, None if releases else "version-not-in-catalogue")


def by_single(compiled: Compiled, question: Question) -> Resolution:
    """The one release of a product whose versions all ended on one day (Flash Player)."""
    column = column_version(question.column, ())
    stated = column or next((m.text for m in _stated(compiled, question)), None)
    return Resolution((next(iter(compiled.ends)),), stated, COLUMN if column else NAME)


Resolve = Callable[[Compiled, Question], Resolution]
