"""Which versions a vulnerability affects, as CVE records tell it: their shape, and whether a version is within. Pure.

A record is JSON of the CVE Program (https://cveproject.github.io/cve-schema/schema/docs/, version 5), as cve.org and
CISA's vulnrichment publish it. Ranges stand in `affected` of the CNA and of each ADP container, and as CPE matches
in `cpeApplicability`. A container of an ADP is an addition by somebody else than the vendor: it is used where the
vendor tells no range that can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracker.catalogue.matching.identifiers import split_identifier
from tracker.catalogue.versions import compare

CVE_ID = re.compile(r"^CVE-\d{4}-\d{4,}$")
_NO_START = frozenset({"", "0", "unspecified", "n/a", "*", "-", "all", "unknown"})
_NO_VERSION = frozenset({"", "unspecified", "n/a", "*", "-", "all", "unknown", "various"})


@dataclass(frozen=True, slots=True)
class Range:
    """Affected versions: from `start` ('' is from the first) to `end`, which is affected too if `end_included`.

    Without an end only `start` itself is affected.
    """

    start: str
    end: str
    end_included: bool = False


@dataclass(frozen=True, slots=True)
class ToldRange:
    """A range with what it is about: a CPE's (vendor, product) or the record's own words."""

    vendor: str
    product: str
    is_cpe: bool
    range: Range


def covers(version: str, ranges: Iterable[Range], scheme: str | None = None) -> bool:
    """Whether one of the ranges holds the version. What cannot be compared is not within."""
    return any(_within(version, one, scheme) for one in ranges)


def _within(version: str, one: Range, scheme: str | None) -> bool:
    if not one.end:
        return compare(version, one.start, scheme) == 0
    if one.start and compare(version, one.start, scheme) not in (0, 1):
        return False
    order = compare(version, one.end, scheme)
    return order == -1 or (one.end_included and order == 0)


def read_record(document: Any) -> tuple[str, tuple[ToldRange, ...]] | None:
    """(CVE id, its ranges) of a record; None for anything that is no published CVE record."""
    if not isinstance(document, dict):
        return None
    cve_id = _at(document, "cveMetadata", "cveId")
    containers = document.get("containers")
    if not isinstance(cve_id, str) or not CVE_ID.match(cve_id) or not isinstance(containers, dict):
        return None
    own = tuple(_container(containers.get("cna")))
    if own:
        return cve_id, tuple(dict.fromkeys(own))
    others = containers.get("adp")
    added = (told for each in (others if isinstance(others, list) else ()) for told in _container(each))
    return cve_id, tuple(dict.fromkeys(added))


def _at(document: Any, *steps: str) -> Any:
    for step in steps:
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _list(document: Any, name: str) -> Iterator[dict[str, Any]]:
    value = document.get(name) if isinstance(document, dict) else None
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _container(document: Any) -> Iterator[ToldRange]:
    for affected in _list(document, "affected"):
        ranges = [told for each in _list(affected, "versions") if (told := _version(each)) is not None]
        for vendor, product, is_cpe in _names(affected):
            yield from (ToldRange(vendor, product, is_cpe, one) for one in ranges)
    for part in _list(document, "cpeApplicability"):
        for node in _list(part, "nodes"):
            matches = (_cpe_match(each) for each in _list(node, "cpeMatch"))
            yield from (one for one in matches if one is not None)


def _names(affected: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The CPE names of an affected product; its vendor and product in words where it has none."""
    cpes = affected.get("cpes")
    found = dict.fromkeys(_cpe_name(one) for one in (cpes if isinstance(cpes, list) else ()))
    found.pop(None, None)
    if found:
        yield from ((*name, True) for name in found if name is not None)
        return
    vendor, product = affected.get("vendor"), affected.get("product")
    if isinstance(vendor, str) and isinstance(product, str):
        yield vendor[:300], product[:300], False


def _cpe_name(text: object) -> tuple[str, str] | None:
    split = split_identifier(text) if isinstance(text, str) else None
    if split is None or not split[0].startswith("cpe:"):
        return None
    _, vendor, product = split[0].split(":", 2)
    return vendor, product


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value.strip()[:100] if isinstance(value, str) else ""


def _version(told: Mapping[str, Any]) -> Range | None:
    """A version entry as a range; None for what is not affected or says nothing."""
    if told.get("status", "affected") != "affected" or told.get("versionType") == "git":
        return None
    start, below, through = (_text(told, name) for name in ("version", "lessThan", "lessThanOrEqual"))
    end, included = (below, False) if below else (through, True)
    if end and end not in _NO_VERSION:
        return Range("" if start.casefold() in _NO_START else start, end, included)
    if start.startswith(("<= ", "< ")):
        sign, _, end = start.partition(" ")
        return Range("", end.strip(), sign == "<=")
    return None if end or start.casefold() in _NO_VERSION or " " in start else Range(start, "")


def _cpe_match(told: Mapping[str, Any]) -> ToldRange | None:
    name = _cpe_name(told.get("criteria"))
    if name is None or told.get("vulnerable") is False:
        return None
    start, below, through = (
        _text(told, key) for key in ("versionStartIncluding", "versionEndExcluding", "versionEndIncluding")
    )
    if below or through:
        return ToldRange(*name, True, Range(start, below or through, not below))
    split = split_identifier(str(told["criteria"]))
    exact = split[1] if split else None
    return ToldRange(*name, True, Range(exact, "")) if exact else None
