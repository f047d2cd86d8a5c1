"""Package addresses (purl) and CPE names, which mean one product exactly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

from tracker.catalogue.matching.types import CatalogueProduct

_CPE_23 = re.compile(r"^cpe:2\.3:[aoh\*]:([^:]+):([^:]+)(?::([^:]+))?", re.IGNORECASE)
_CPE_22 = re.compile(r"^cpe:/[aoh]:([^:]+):([^:]+)(?::([^:]+))?", re.IGNORECASE)
_PURL = re.compile(r"^pkg:([^@?#]+)(?:@([^?#]+))?", re.IGNORECASE)


def split_identifier(text: str) -> tuple[str, str | None] | None:
    """(key without version, version) of a purl or CPE; None for any other text."""
    purl = _PURL.match(text)
    if purl:
        return f"pkg:{purl[1].casefold().rstrip('/')}", unquote(purl[2]) if purl[2] else None
    cpe = _CPE_23.match(text) or _CPE_22.match(text)
    if cpe is None:
        return None
    version = cpe[3] if cpe[3] and cpe[3] not in {"*", "-"} else None
    return f"cpe:{cpe[1]}:{cpe[2]}".casefold(), version


def identifier_index(products: Iterable[CatalogueProduct]) -> dict[str, str]:
    """Key of every purl and CPE of the catalogue → slug; the first product named wins."""
    found: dict[str, str] = {}
    for product in products:
        for kind, identifier in product.identifiers:
            if kind in {"purl", "cpe"} and (split := split_identifier(identifier)):
                found.setdefault(split[0], product.slug)
    return found
