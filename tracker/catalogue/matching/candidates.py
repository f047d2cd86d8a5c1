"""Which of the names found in a text is the one that the text is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from tracker.catalogue.matching.index import Hit
from tracker.catalogue.matching.normalise import Token
from tracker.catalogue.matching.rules import BLOCK, PRODUCT, VETO, WEAK, Lexicon

_BOUNDARY = re.compile(r"[()\[\]{}|,;/\\+&:]|\s[-–]\s")
#: Where one thing of a cell ends and the next begins.
HARD_BOUNDARY = re.compile(r"[;|\n]|\s\+\s")
#: Needs that hold even where the name is the whole text.
_PLAIN_GAPS = frozenset(("", " ", "-", ".", "_"))
_STRICT = frozenset({"release", "generic", "joined"})
_MARKED = re.compile(r"\bv(?:er(?:sion)?)?[\s.:]*\d+\.\d")
_BANNER = re.compile(r"^([a-z][a-z0-9_.-]*)/v?\d")
_COMPACT = re.compile(r"^[a-z][\w.+@-]*[-.@_]+[\w.+@-]+$")
_UPDATE = re.compile(r"\bkb\s?\d{5,8}\b|\bservice pack \d\s?\(sp\d\)")
#: What `SELECT @@VERSION` says: the product, the article of its last update in brackets, and the build.
_BANNER_OF_BUILD = re.compile(r"\(kb\s?\d{5,8}\)\s+-\s+\d+(?:\.\d+){3}\b")


class Scene(NamedTuple):
    """A text ready for choosing: its tokens, its plain form and the version column's word."""

    text: str
    tokens: tuple[Token, ...]
    lexicon: Lexicon
    has_column: bool


class Choice(NamedTuple):
    """The hit that was chosen; `doubts` lower the confidence; `end` is where its part of the text ends."""

    hit: Hit
    end: int
    doubts: tuple[str, ...]


def _between(scene: Scene, left: int, right: int) -> str:
    return scene.text[scene.tokens[left].end : scene.tokens[right].start]


def _parted(scene: Scene, left: int, right: int) -> bool:
    """Whether a bracket, a comma or the like stands between two tokens."""
    gap = scene.text[scene.tokens[left].end : scene.tokens[right].start]
    return gap not in _PLAIN_GAPS and _BOUNDARY.search(gap) is not None


def unknown_next(scene: Scene, hit: Hit) -> int | None:
    """How many soft words stand between the name and the first unknown word after it; None if none does."""
    for distance, place in enumerate(range(hit.last, min(hit.last + 4, len(scene.tokens)))):
        token = scene.tokens[place]
        if token.is_number or _parted(scene, place - 1, place):
            return None
        if token.text not in scene.lexicon.soft and token.text != "+":
            return distance
    return None


def unknown_behind(scene: Scene, hit: Hit) -> bool:
    """Whether an unknown word follows the version that follows the name: "Python 3.9 pip"."""
    numbered = any(scene.tokens[place].is_number for place in range(hit.first, hit.last))
    for place in range(hit.last, len(scene.tokens)):
        token = scene.tokens[place]
        if _parted(scene, place - 1, place):
            return False
        if token.is_number:
            numbered = True
        elif len(token.text) > 1 and token.text not in scene.lexicon.soft:
            return numbered
    return False


def unknown_previous(scene: Scene, hit: Hit) -> bool:
    """Whether an unknown word stands right before the name."""
    if hit.first == 0:
        return False
    token = scene.tokens[hit.first - 1]
    if token.is_number or len(token.text) == 1 or token.text in scene.lexicon.soft:
        return False
    return not _parted(scene, hit.first - 1, hit.first)


def _other_head(scene: Scene, hit: Hit) -> bool:
    """Whether the word before the name is more than a vendor or noise ("Surface Laptop Go")."""
    if hit.first == 0:
        return False
    token = scene.tokens[hit.first - 1]
    return token.text not in scene.lexicon.heads and not _parted(scene, hit.first - 1, hit.first)


def _inside_a_word(scene: Scene, hit: Hit) -> bool:
    """Whether the name is a part of a host's name or of a version: "a.rapid7.com", "8.0.21-0ubuntu0.20"."""
    start, end = scene.tokens[hit.first].start, scene.tokens[hit.last - 1].end
    before, after = scene.text[start - 1 : start], scene.text[end : end + 1]
    return (before == "." == after) or (before.isdecimal() and after.isdecimal())


def _number_near(scene: Scene, hit: Hit) -> bool:
    """A number inside the name, or after it with at most soft words between."""
    tokens = scene.tokens
    if any(tokens[place].is_number for place in range(hit.first, hit.last)):
        return True
    for place in range(hit.last, min(hit.last + 5, len(tokens))):
        if tokens[place].is_number:
            return True
        if tokens[place].text not in scene.lexicon.soft:
            return False
    return hit.first == 1 and tokens[0].is_number


def fits(scene: Scene, hit: Hit, weak_places: frozenset[int]) -> bool:
    """Whether the surroundings are what the name's `needs` ask for."""
    needs = hit.entry.needs
    if not needs or (hit.first == 0 and hit.last == len(scene.tokens) and needs.isdisjoint(_STRICT)):
        return True
    if "next" in needs and unknown_next(scene, hit) == 0 and hit.last not in weak_places:
        return False
    if "prev" in needs and unknown_previous(scene, hit) and hit.first - 1 not in weak_places:
        return False
    if "head" in needs and _other_head(scene, hit):
        return False
    if "whole" in needs and unknown_behind(scene, hit):
        return False
    if "joined" in needs and any(_between(scene, p, p + 1) for p in range(hit.first, hit.last - 1)):
        return False
    if "version" not in needs or scene.has_column or _number_near(scene, hit):
        return True
    return _MARKED.search(scene.text, scene.tokens[hit.last - 1].end) is not None


def _outer(hits: Sequence[Hit]) -> list[Hit]:
    """Hits that no longer hit covers, in the order of the text."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.first - h.last, h.first)):
        if all(hit.last <= other.first or hit.first >= other.last for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda h: h.first)


def select(scene: Scene, found: Sequence[Hit]) -> list[Hit]:
    """The hits that count: those whose needs are met, longest first, none inside another."""
    weak = frozenset(p for h in found if h.entry.strength == WEAK for p in range(h.first, h.last))
    return _outer([hit for hit in found if fits(scene, hit, weak) and not _inside_a_word(scene, hit)])


def _after(scene: Scene, hit: Hit, words: frozenset[str]) -> bool:
    return hit.first > 0 and scene.tokens[hit.first - 1].text in words


def _unknown_head(scene: Scene, hit: Hit, hits: Sequence[Hit]) -> int:
    """Unknown words before the name, those of other hits not counted."""
    covered = {p for h in hits for p in range(h.first, h.last)}
    return sum(
        1
        for place in range(hit.first)
        if place not in covered
        and not scene.tokens[place].is_number
        and len(scene.tokens[place].text) > 1
        and scene.tokens[place].text not in scene.lexicon.soft
        and scene.tokens[place].text not in scene.lexicon.after_for
    )


def _segment_end(scene: Scene, hit: Hit, hits: Sequence[Hit]) -> int:
    """Where in the text the chosen name's part ends: the next name of a thing, or a hard boundary."""
    following = [
        scene.tokens[h.first].start
        for h in hits
        if h.first >= hit.last
        and h.entry.strength in {PRODUCT, BLOCK}
        and h.entry.product != hit.entry.product
        and "generic" not in h.entry.needs
    ]
    end = min(following, default=len(scene.text))
    boundary = HARD_BOUNDARY.search(scene.text, scene.tokens[hit.last - 1].end, end)
    return boundary.start() if boundary else end


def structural(scene: Scene, hits: Sequence[Hit]) -> tuple[str, str] | None:
    """(kind, rule) when the form of the text alone says that it is no product of its own."""
    if _UPDATE.search(scene.text) and not _BANNER_OF_BUILD.search(scene.text):
        return "update", "form:update"
    banner = _BANNER.match(scene.text)
    if banner and not any(h.first == 0 for h in hits):
        return "product", "form:banner-of-another-server"
    if _COMPACT.match(scene.text):
        covered = {p for h in hits if h.entry.strength != VETO for p in range(h.first, h.last)}
        rest = [
            t
            for place, t in enumerate(scene.tokens)
            if place not in covered
            and not t.is_number
            and len(t.text) > 1
            and t.text not in scene.lexicon.package_words
        ]
        if covered and rest:
            return "component", "form:part-of-a-package"
    return None


def _vetoed(scene: Scene, choice: Hit, hits: Sequence[Hit], end: int) -> Hit | None:
    for hit in hits:
        if hit.entry.strength != VETO:
            continue
        start = scene.tokens[hit.first].start
        if _in_brackets(scene, hit) or ("after" in hit.entry.needs and hit.first < choice.first):
            continue
        before = HARD_BOUNDARY.search(
            scene.text, scene.tokens[hit.last - 1].end, scene.tokens[choice.first].start
        )
        if start < end and not (hit.last <= choice.first and before):
            return hit
    return None


def _in_brackets(scene: Scene, hit: Hit) -> bool:
    """Whether the name stands in round brackets, as remarks do."""
    start = scene.tokens[hit.first].start
    return scene.text.count("(", 0, start) > scene.text.count(")", 0, start)


def choose(scene: Scene, hits: Sequence[Hit]) -> Choice | None:
    """The hit that the text is about: leftmost, but never a platform that something else runs on."""
    things = [hit for hit in hits if hit.entry.strength in {PRODUCT, BLOCK}]
    special = [hit for hit in things if "generic" not in hit.entry.needs]
    things = special or things
    machine = any(hit.entry.strength == WEAK for hit in hits)
    for hit in things:
        if _after(scene, hit, scene.lexicon.after_for) and _unknown_head(scene, hit, hits):
            continue
        end = _segment_end(scene, hit, hits)
        veto = _vetoed(scene, hit, hits, end)
        if veto is not None:
            return Choice(veto, end, ())
        return Choice(hit, end, _doubts(scene, hit, hits, machine))
    for hit in hits:
        if hit.entry.strength == VETO and "after" not in hit.entry.needs:
            return Choice(hit, len(scene.text), ())
    weak = [hit for hit in hits if hit.entry.strength == WEAK]
    return Choice(weak[0], len(scene.text), ()) if weak and not things else None


def _doubts(scene: Scene, hit: Hit, hits: Sequence[Hit], machine: bool) -> tuple[str, ...]:
    doubts: list[str] = []
    following = unknown_next(scene, hit)
    if following is not None:
        doubts.append("unknown-word-after" if following == 0 else "unknown-word-further")
    if not machine and unknown_behind(scene, hit):
        doubts.append("unknown-part-behind" if "parts" in hit.entry.needs else "unknown-word-behind")
    if not machine:
        head = _unknown_head(scene, hit, hits)
        doubts.extend(["unknown-word-before"] * min(head, 3))
        if _after(scene, hit, scene.lexicon.after_on | scene.lexicon.after_for):
            doubts.append("named-as-platform")
    return tuple(doubts)
