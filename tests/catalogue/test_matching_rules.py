"""Every rule proves itself: the examples that stand beside the rules in data run here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.catalogue.shipped import matcher, products
from tracker.catalogue.matching import Outcome
from tracker.catalogue.matching.rules import document, resolver

ALIASES: list[dict[str, Any]] = document("aliases")["rows"]
BLOCKS: list[dict[str, Any]] = document("blocks")["rows"]
KNOWN = {product.slug: {release.name for release in product.releases} for product in products()}


def _examples() -> Iterator[tuple[str, str, str | None, str | None]]:
    for row in ALIASES:
        for text, release, *more in row.get("examples", ()):
            yield row["product"], text, release, more[0].get("version") if more else None


@pytest.mark.parametrize(("product", "text", "release", "version"), list(_examples()))
def test_a_name_means_what_its_rule_says(
    product: str, text: str, release: str | None, version: str | None
) -> None:
    found = matcher().match(text, version=version)
    assert (found.product, found.release) == (product, release)
    assert found.outcome is (Outcome.MATCHED if release else Outcome.PRODUCT_ONLY)


@pytest.mark.parametrize(
    ("product", "text"), [(row["product"], text) for row in ALIASES for text in row.get("counter", ())]
)
def test_a_name_like_it_does_not_mean_the_product(product: str, text: str) -> None:
    assert matcher().match(text).product != product


@pytest.mark.parametrize("text", [text for row in BLOCKS for text in row["examples"]])
def test_a_blocked_name_is_not_tracked(text: str) -> None:
    found = matcher().match(text)
    assert (found.outcome, found.product) == (Outcome.NOT_TRACKED, None)
    assert found.reason and found.evidence["rules"]


def test_rules_name_products_and_releases_of_the_catalogue() -> None:
    assert {row["product"] for row in ALIASES} - set(KNOWN) == set()
    assert set(document("resolvers")["products"]) - set(KNOWN) == set()
    wrong = []
    for slug in document("resolvers")["products"]:
        spec = resolver(slug)
        for told in (*(value for _, value in spec.names), *spec.builds.values()):
            wrong += [(slug, name) for name in _releases(told) if name not in KNOWN[slug]]
    assert wrong == []


def _releases(told: Any) -> Iterator[str]:
    """Release names in a rule's value; patterns are left out."""
    if isinstance(told, str) and not told.endswith(".*"):
        yield told
    for each in told if isinstance(told, list) else ():
        yield each[1] if isinstance(each, list) else each


def test_no_name_is_given_to_two_products() -> None:
    owners: dict[str, set[str]] = {}
    for row in ALIASES:
        for name in row["names"]:
            owners.setdefault(name, set()).add(row["product"])
    assert {name: slugs for name, slugs in owners.items() if len(slugs) > 1} == {}


def test_the_rules_cover_what_offices_have() -> None:
    assert len({row["product"] for row in ALIASES}) >= 230


def test_every_rule_has_examples_for_and_against() -> None:
    assert [row["product"] for row in ALIASES if not (row.get("examples") and row.get("counter"))] == []
    assert [row["kind"] for row in BLOCKS if not row.get("examples")] == []


def test_every_resolver_is_tried_by_an_example() -> None:
    tried = {row["product"] for row in ALIASES if any(release for _, release, *_ in row["examples"])}
    assert set(document("resolvers")["products"]) - tried == set()
