"""What a name means once a person has said which product it is: only the release is left to find. Pure."""

from __future__ import annotations

from tracker.catalogue.matching.matcher import Matcher
from tracker.catalogue.matching.normalise import words
from tracker.catalogue.matching.rules import group_key
from tracker.catalogue.matching.types import CatalogueProduct, Match, Outcome, Tier

METHOD = "decision"


class Decided:
    """A product that a person chose for names; asked once per distinct name."""

    def __init__(self, product: CatalogueProduct) -> None:
        self._product = product
        self._releases = {release.name for release in product.releases}
        self._matcher: Matcher | None = None

    def match(self, name: str, version: str | None, release: str | None = None) -> Match:
        """The product with `release`, or with the one that the name's numbers or `version` tell."""
        slug, everything = self._product.slug, [[0, len(name), "product"]]
        if release in self._releases:
            return Match(Outcome.MATCHED, slug, release, version, 1.0, Tier.AUTO, METHOD, None,
                         {"spans": everything})  # fmt: skip
        found = self._by_version(name, version)
        one = found.release if found.product == slug else None
        reason = None if one else (found.reason if found.product == slug else None) or "no-version"
        outcome = Outcome.MATCHED if one else Outcome.PRODUCT_ONLY
        evidence = {"spans": everything, "version_source": found.evidence.get("version_source")}
        candidates = found.candidates if found.product == slug else ()
        stated = found.version or version
        return Match(outcome, slug, one, stated, 1.0, Tier.AUTO, METHOD, reason, evidence, candidates)

    def _by_version(self, name: str, version: str | None) -> Match:
        """The product's own name in the place of the words that named it, before what the name says besides."""
        named = set(group_key(name).split())
        rest = " ".join(word for word in _parts(name) if not named.issuperset(words(word)))
        label = self._product.label
        if self._matcher is None:
            self._matcher = Matcher([self._product], [(label, self._product.slug)])
        return self._matcher.match(f"{label} {rest}".strip(), version=version)


def _parts(name: str) -> list[str]:
    return name.replace("(", " ").replace(")", " ").split()


def not_tracked(name: str) -> Match:
    """A name that a person said has no lifecycle of its own."""
    evidence: dict[str, object] = {"spans": [[0, len(name), "own"]]}
    return Match(Outcome.NOT_TRACKED, None, None, None, 1.0, Tier.NONE, METHOD, "own", evidence)
