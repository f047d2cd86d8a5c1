"""The shipped catalogue, the supplement with it, as the matcher wants it, read without a database."""

from __future__ import annotations

from functools import cache

from tracker.catalogue.matching import CatalogueProduct, CatalogueRelease, Matcher
from tracker.catalogue.snapshot import Snapshot
from tracker.catalogue.supplement import supplement_products


@cache
def products() -> tuple[CatalogueProduct, ...]:
    """Every product of the shipped snapshot and of the supplement."""
    return tuple(
        CatalogueProduct(
            product.slug,
            product.label,
            product.category,
            tuple(product.aliases),
            tuple(product.identifiers),
            tuple(
                CatalogueRelease(
                    release.name,
                    release.label,
                    release.codename,
                    release.values.latest_version,
                    release.values.released_on,
                    release.values.security_support_ends_on,
                )
                for release in product.releases
            ),
            product.version_scheme,
        )
        for product in (*Snapshot().read_products(), *supplement_products())
    )


@cache
def matcher() -> Matcher:
    """A matcher over the shipped catalogue."""
    return Matcher(products())
