"""The matcher: compiled once per catalogue, asked once per distinct name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tracker.catalogue.matching.candidates import Choice, Scene, choose, select, structural
from tracker.catalogue.matching.confidence import COSTS, confidence, tier
from tracker.catalogue.matching.devices import by_device
from tracker.catalogue.matching.hardware import HARDWARE, ModelIndex
from tracker.catalogue.matching.identifiers import identifier_index, split_identifier
from tracker.catalogue.matching.index import Hit, build_index
from tracker.catalogue.matching.normalise import Plain, plain, tokenise, words
from tracker.catalogue.matching.resolving import (
    NAME,
    Compiled,
    Question,
    Resolution,
    Resolve,
    by_branch,
    by_names,
    by_prefix,
    by_single,
    compile_product,
    prefix_release,
)
from tracker.catalogue.matching.rules import PRODUCT, Lexicon, lexicon
from tracker.catalogue.matching.suggestions import Suggester
from tracker.catalogue.matching.types import CatalogueProduct, Match, Outcome, Tier
from tracker.catalogue.matching.windows import by_windows_client
from tracker.catalogue.supplement import older_parts

#: Changes whenever the same name may get another answer; stored beside every match.
MATCHER_VERSION = "4"

_MAX_COLUMN = 200

#: What may stand between the products of one cell.
_SEPARATOR = re.compile(r"[;|\n]|,\s|\s[+/]\s|\s&\s|\s(?:dan|and)\s")

_RESOLVERS: dict[str, Resolve] = {
    "prefix": by_prefix,
    "names": by_names,
    "branch": by_branch,
    "single": by_single,
    "device": by_device,
    "windows-client": by_windows_client,
}


class Matcher:
    """Finds the product and release that a name means.

    `extra_aliases` are pairs (name, slug) that outrank every other rule; a slug of None marks a name as
    not tracked. Asking holds no lock and changes nothing that an answer depends on.
    """

    def __init__(
        self, products: Iterable[CatalogueProduct], extra_aliases: Iterable[tuple[str, str | None]] = ()
    ) -> None:
        everything = list(products)
        # The names of models are matched as models, never as a part of a text.
        known = [product for product in everything if product.category != HARDWARE]
        self._models = ModelIndex(everything)
        self._products = {product.slug: product for product in known}
        self._index = build_index(known, extra_aliases)
        self._identifiers = identifier_index(known)
        self._compiled: dict[str, Compiled] = {}
        self._lexicon = _with_codenames(known)
        self._suggester: Suggester | None = None

    def match(self, text: str, vendor: str | None = None, version: str | None = None) -> Match:
        """What `text` means, with the vendor and version columns beside it where there are any."""
        if text.startswith(("pkg:", "cpe:")) and (exact := self._by_identifier(text, version)):
            return exact
        version = version[:_MAX_COLUMN] if version else None
        found = self._match(text, vendor, version)
        if found.outcome is Outcome.UNRECOGNISED and vendor and vendor.strip():
            return self._with_vendor(text, vendor, version) or found
        return found

    def match_hardware(self, manufacturer: str, model: str) -> Match:
        """What a hardware model is: one whose dates the office told, else a device of the catalogue."""
        told = self._models.find(manufacturer, model)
        text = model if model.casefold().startswith(manufacturer.casefold()) else f"{manufacturer} {model}"
        if told is None:
            return self.match(text.strip(), vendor=manufacturer or None)
        slug, release, same = told
        evidence = {
            "spans": [[0, len(text.strip()), "product"]],
            "rules": ["model:exact" if same else "model:beginning"],
            "conflicts": [],
        }
        sure = 0.97 if same else 0.8
        return Match(Outcome.MATCHED, slug, release, None, sure, tier(sure), "model", None, evidence)

    def suggest(self, text: str, limit: int = 5) -> list[tuple[str, float]]:
        """(slug, likeness 0–1) of the products whose names look most like an unresolved one, for review only."""
        if self._suggester is None:
            self._suggester = Suggester(self._products.values())
        return self._suggester.suggest(text, limit)

    def _with_vendor(self, text: str, vendor: str, version: str | None) -> Match | None:
        """A name that only its vendor makes whole: "Database 19c" of "Oracle"; None unless both are in it."""
        head = f"{vendor.split(maxsplit=1)[0]} "
        found = self._match(head + text, None, version)
        if (
            found.product is None
            or not found.evidence["spans"][0][0] < len(head) < found.evidence["spans"][0][1]
        ):
            return None
        sure = round(found.confidence - COSTS["named-by-vendor-column"], 3)
        shifted = _shifted(found, -len(head))
        return replace(shifted, confidence=sure, tier=tier(sure), method=f"vendor+{found.method}")

    def _match(self, text: str, vendor: str | None, version: str | None) -> Match:
        name = plain(text)
        scene = self._scene(name, version)
        found = select(scene, self._index.find(scene.tokens))
        form = structural(scene, found)
        if form is not None:
            return _not_tracked(form[0], form[1], [])
        choice = choose(scene, found)
        if choice is None:
            return Match(Outcome.UNRECOGNISED, method="none", reason="no-name-known")
        if choice.hit.entry.strength != PRODUCT:
            entry = choice.hit.entry
            return _not_tracked(entry.kind, entry.rule, [_span(name, scene, choice.hit, entry.kind)])
        if vendor and "head" in choice.hit.entry.needs and self._foreign(choice.hit, vendor):
            choice = choice._replace(doubts=(*choice.doubts, "ordinary-word-of-another-vendor"))
        return self._answer(name, scene, choice, version)

    def match_cell(self, text: str) -> list[Match]:
        """The matches of a cell that may hold several products: one each, in the order of the text.

        A cell with at most one product gives exactly one match, the same as `match`. Spans count from the
        beginning of the cell.
        """
        pieces = self._pieces(text)
        matches = [_shifted(self.match(text[start:end]), start) for start, end in pieces]
        named = [match for match in matches if match.product is not None]
        return (
            [match for match in matches if match.outcome is not Outcome.UNRECOGNISED]
            if len(named) > 1
            else [self.match(text)]
        )

    def _scene(self, name: Plain, version: str | None) -> Scene:
        tokens = tokenise(name.text, self._lexicon.spellings)
        return Scene(name.text, tokens, self._lexicon, bool(version))

    def _pieces(self, text: str) -> list[tuple[int, int]]:
        """Stretches between separators that stand in no product's name, each with a name in it."""
        name = plain(text)
        scene = self._scene(name, None)
        hits = [h for h in select(scene, self._index.find(scene.tokens)) if h.entry.strength == PRODUCT]
        inside = [(scene.tokens[h.first].start, scene.tokens[h.last - 1].end) for h in hits]
        cuts = [
            boundary
            for boundary in _SEPARATOR.finditer(name.text)
            if not any(start < boundary.end() and boundary.start() < end for start, end in inside)
        ]
        edges = [0, *(place for cut in cuts for place in cut.span()), len(name.text)]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [name.span(start, end) for start, end in pairs if name.text[start:end].strip()]

    def _by_identifier(self, text: str, version: str | None) -> Match | None:
        split = split_identifier(text)
        slug = self._identifiers.get(split[0]) if split else None
        if split is None or slug is None:
            return None
        compiled = self._product(slug)
        stated = version or split[1]
        release = prefix_release(compiled, stated) if stated else None
        reason = None if release else "version-not-in-catalogue" if stated else "no-version"
        evidence = {
            "spans": [[0, len(text), "product"]],
            "rules": [f"identifier:{split[0]}"],
            "conflicts": [],
        }
        outcome = Outcome.MATCHED if release else Outcome.PRODUCT_ONLY
        return Match(outcome, slug, release, stated, 0.99, Tier.AUTO, "identifier", reason, evidence)

    def _product(self, slug: str) -> Compiled:
        compiled = self._compiled.get(slug)
        if compiled is None:
            compiled = self._compiled[slug] = compile_product(self._products[slug])
        return compiled

    def _foreign(self, hit: Hit, vendor: str) -> bool:
        """Whether the vendor column names neither the product's maker nor a distribution that packs it."""
        made_by = set(words(vendor))
        known = set(words(self._products[hit.entry.product or ""].label)) | self._lexicon.packagers
        return made_by.isdisjoint(known)

    def _answer(self, name: Plain, scene: Scene, choice: Choice, version: str | None) -> Match:
        hit = choice.hit
        slug = hit.entry.product
        assert slug is not None
        compiled = self._product(slug)
        start, name_end = scene.tokens[hit.first].start, scene.tokens[hit.last - 1].end
        if "numbered" in hit.entry.needs:
            numbers = (t.start for t in scene.tokens[hit.first : hit.last] if t.is_number)
            name_end = next(numbers, name_end)
        part = tuple(token for token in scene.tokens if start <= token.start < choice.end)
        question = Question(
            scene.text,
            start,
            name_end,
            choice.end,
            part,
            tuple(token.text for token in part),
            version or None,
            self._lexicon.soft,
        )
        compiled, resolution = self._resolved(compiled, question)
        lost = "unknown-word-after" in choice.doubts and "model" in hit.entry.needs
        if not resolution.releases and (lost or "release" in hit.entry.needs):
            return Match(Outcome.UNRECOGNISED, method="none", reason="no-model")
        return _finished(name, scene, choice, compiled, resolution)

    def _resolved(self, compiled: Compiled, question: Question) -> tuple[Compiled, Resolution]:
        """The release; where the product has none of that version, from the part that holds its older ones."""
        resolution = _RESOLVERS[compiled.spec.kind](compiled, question)
        older = older_parts().get(compiled.product.slug)
        if resolution.releases or older not in self._products or resolution.reason == "no-version":
            return compiled, resolution
        part = self._product(older)
        other = _RESOLVERS[part.spec.kind](part, question)
        return (part, other) if len(other.releases) == 1 and not other.conflicts else (compiled, resolution)


def _with_codenames(products: Iterable[CatalogueProduct]) -> Lexicon:
    """The word lists, where codenames of operating systems ("Debian Buster") are no unknown words."""
    codenames = {
        word
        for product in products
        if product.category == "os"
        for release in product.releases
        for word in words(release.codename or "")
    }
    return replace(lexicon(), soft=lexicon().soft | codenames)


def _span(name: Plain, scene: Scene, hit: Hit, what: str) -> list[Any]:
    first, last = scene.tokens[hit.first], scene.tokens[hit.last - 1]
    return [*name.span(first.start, last.end), what]


def _not_tracked(kind: str, rule: str, spans: list[list[Any]]) -> Match:
    evidence = {"spans": spans, "rules": [rule], "conflicts": []}
    return Match(Outcome.NOT_TRACKED, None, None, None, 0.95, Tier.NONE, "rule", kind, evidence)


def _finished(name: Plain, scene: Scene, choice: Choice, compiled: Compiled, resolution: Resolution) -> Match:
    entry = choice.hit.entry
    one = resolution.releases[0] if len(resolution.releases) == 1 and resolution.reason is None else None
    spans = [_span(name, scene, choice.hit, "product")]
    if resolution.span is not None:
        spans.append([*name.span(*resolution.span), "version"])
    evidence: dict[str, Any] = {
        "spans": spans,
        "rules": [entry.rule, f"release:{compiled.spec.kind}"],
        "version_source": resolution.source,
        "conflicts": list(resolution.conflicts),
        "doubts": list(choice.doubts),
    }
    if one is None and resolution.releases:
        evidence.update(_ends(compiled, resolution))
    sure = confidence(entry.weight, choice.doubts, resolution)
    return Match(
        Outcome.MATCHED if one else Outcome.PRODUCT_ONLY,
        compiled.product.slug,
        one,
        resolution.version,
        sure,
        tier(sure),
        f"{entry.rule.partition(':')[0]}+{resolution.source or NAME}",
        None if one else resolution.reason or "no-version",
        evidence,
        () if one else resolution.releases,
    )


def _ends(compiled: Compiled, resolution: Resolution) -> dict[str, str | None]:
    """The first and last day on which support ends among the releases that remain possible."""
    known = {release.name: release.ends_on for release in compiled.product.releases}
    ends = [known.get(name) for name in resolution.releases]
    days = sorted(day for day in ends if day is not None)
    return {
        "earliest_end": days[0].isoformat() if days else None,
        "latest_end": days[-1].isoformat() if len(days) == len(ends) and days else None,
    }


def _shifted(match: Match, by: int) -> Match:
    spans = [
        [max(start + by, 0), max(end + by, 0), what] for start, end, what in match.evidence.get("spans", ())
    ]
    return replace(match, evidence={**match.evidence, "spans": spans}) if spans else match
