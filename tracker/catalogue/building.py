"""Makes the shipped snapshot from recorded answers of the public sources. No database."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tracker.catalogue.exploited import EXPLOITED_LICENCE, EXPLOITED_SOURCE, read_exploited
from tracker.catalogue.facts import ProductRecord, ReleaseRecord, VersionRecord
from tracker.catalogue.matching import CatalogueProduct
from tracker.catalogue.snapshot import Source, write_snapshot
from tracker.catalogue.supplement import supplement_products
from tracker.catalogue.upstream import LIFECYCLE_LICENCE, LIFECYCLE_SOURCE, product_data, read_lifecycle
from tracker.catalogue.versions import longest_prefix_release
from tracker.identity.errors import Refused

VERSIONS_LICENCE = "MIT, Copyright 2022 endoflife.date"
BUILDS_LICENCE = "MIT"
_SERVICE_PACK = re.compile(r"^0*(\d+)\.0*(\d+)(?:-(sp\d+[a-z]?))?$")

Versions = dict[str, list[VersionRecord]]


def _read(directory: Path, name: str) -> tuple[Any, str]:
    """The document in a recorded file, and the SHA-256 of its unpacked bytes."""
    try:
        content = gzip.decompress((directory / name).read_bytes())
        return json.loads(content), hashlib.sha256(content).hexdigest()
    except (OSError, EOFError, ValueError) as error:
        raise Refused("snapshot_source", f"{name} cannot be read: {error}") from error


def assign_releases(product: ProductRecord, versions: Iterable[str]) -> Iterator[str | None]:
    """The release of each version by the longest prefix of whole components; None where none fits."""
    names = [release.name for release in product.releases]
    for version in versions:
        yield longest_prefix_release(version, names, product.version_scheme)


def read_versions(document: Mapping[str, Any], products: Sequence[ProductRecord]) -> Versions:
    """Dated versions per slug from {product or alias: {version: date or null}}.

    Raises:
        Refused: a product is neither a slug nor an alias of the catalogue.
    """
    by_name = {alias: product for product in products for alias in product.aliases}
    by_name |= {product.slug: product for product in products}
    # A product can be told under its slug and an alias: the same version then counts once.
    found: dict[str, dict[str, VersionRecord]] = {}
    for name, told in document["result"].items():
        if name not in by_name:
            raise Refused("snapshot_source", f"versions of {name}, which is no product")
        product = by_name[name]
        kept = found.setdefault(product.slug, {})
        for (version, on), release in zip(told.items(), assign_releases(product, told), strict=True):
            day = date.fromisoformat(on) if on else None
            kept.setdefault(version, VersionRecord(version, day, (release,) if release else ()))
    return {slug: list(kept.values()) for slug, kept in found.items()}


def add_latest(products: Iterable[ProductRecord], versions: Versions) -> None:
    """Let each release have its latest version where the dated versions lack it: the sources are days apart.

    A known version that no release takes by its name goes to the releases whose latest it is.
    """
    for product in products:
        known = {each.name: each for each in versions.get(product.slug, ())}
        placed = {name for each in known.values() for name in each.releases}
        unplaced = {name for name, each in known.items() if not each.releases}
        base_build = product.slug in product_data()["latest_is_base_build"]
        for release in product.releases:
            latest, on = release.values.latest_version, release.values.latest_released_on
            # A base build is older than every update of it: it stands only where no update is known.
            if not latest or not is_version(latest) or (base_build and release.name in placed):
                continue
            if latest not in known or latest in unplaced:
                before = known.get(latest, VersionRecord(latest, on, ()))
                unplaced.add(latest)
                known[latest] = replace(before, releases=(*before.releases, release.name))
        if known:
            versions[product.slug] = list(known.values())


def is_version(text: str) -> bool:
    """Whether a source's text is a version alone, without words."""
    # "17.0.4075.5 CU8" is 17.0.4075.5 in the list of builds; other text is no version at all.
    return " " not in text and any(character.isdigit() for character in text)


def _still_serviced(release: ReleaseRecord, on: date) -> bool:
    """Whether a build of that day was made for the release: an edition that ended gets none of the later."""
    values = release.values
    ends = [day for day in (values.security_support_ends_on, values.extended_support_ends_on) if day]
    return not ends or on <= max(ends)


def _windows_builds(products: Iterable[ProductRecord], rows: Any) -> Versions:
    """Builds of Windows per edition: the release's `latest` names the base build that its updates begin with."""
    slugs = {"client": "windows", "server": "windows-server"}
    base: dict[tuple[str, str | None], list[ReleaseRecord]] = defaultdict(list)
    for product in products:
        if product.slug in product_data()["latest_is_base_build"]:
            for release in product.releases:
                base[product.slug, release.values.latest_version].append(release)
    found: Versions = defaultdict(list)
    for row in rows:
        slug, on = slugs[row["os_type"]], _on(row)
        releases = base[slug, row["full_version"].rpartition(".")[0]]
        # Previews are optional and hotpatches belong to a line of their own: nobody is behind without them.
        due = row["release_type"] in {"Standard", "Out-of-band"}
        names = tuple(release.name for release in releases if due and _still_serviced(release, on))
        found[slug].append(VersionRecord(row["full_version"], on, names, row.get("kb_article")))
    return found


def _sql_key(text: str) -> tuple[int, int, str] | None:
    found = _SERVICE_PACK.match(text)
    return (int(found[1]), int(found[2]), found[3] or "") if found else None


def _sql_builds(product: ProductRecord, rows: Any) -> list[VersionRecord]:
    """Builds of SQL Server: release names are major.minor with the service pack (9.00-sp2, 9.0-sp4)."""
    names = {release.name for release in product.releases}
    special = product_data()["release_of_build"][product.slug]
    by_key = {_sql_key(known): name for known, name in special.items()}
    by_key |= {_sql_key(name): name for name in names}
    found: dict[str, VersionRecord] = {}
    for row in rows:
        build, pack = row["build"], row.get("service_pack", "RTM").lower()
        major, minor, third = build.split(".")[:3]
        name = special.get(f"{major}.{minor}.{third[:1]}") if len(third) == 4 else None
        name = name or by_key.get((int(major), int(minor), "" if pack == "rtm" else pack))
        record = VersionRecord(build, _on(row), (name,) if name in names else (), row.get("kb_article"))
        found.setdefault(build, record)
    return list(found.values())


def _on(row: Any) -> date:
    return date.fromisoformat(row["release_date"])


def _exchange_builds(product: ProductRecord, rows: Any) -> list[VersionRecord]:
    names = {release.name for release in product.releases}
    special = product_data()["release_of_build"][product.slug]
    found = []
    for row in rows:
        name = special.get(row["exchange_version"], row["exchange_version"])
        found.append(VersionRecord(row["build"], _on(row), (name,) if name in names else ()))
    return found


def read_builds(builds: Mapping[str, Any], products: Sequence[ProductRecord]) -> Versions:
    """Dated builds of Windows, SQL Server and Exchange, with their KB articles."""
    by_slug = {product.slug: product for product in products}
    result = builds["result"]
    found = _windows_builds(products, result["win"])
    if "mssqlserver" in by_slug:
        found["mssqlserver"] = _sql_builds(by_slug["mssqlserver"], result["sql"])
    if "msexchange" in by_slug:
        found["msexchange"] = _exchange_builds(by_slug["msexchange"], result["exchange"])
    return dict(found)


def to_index(products: Iterable[ProductRecord]) -> list[CatalogueProduct]:
    """The products as the matcher wants them."""
    return [
        CatalogueProduct(
            slug=product.slug,
            label=product.label,
            category=product.category,
            aliases=product.aliases,
            identifiers=product.identifiers,
            version_scheme=product.version_scheme,
        )
        for product in products
    ]


def _merged(first: Versions, second: Versions) -> Versions:
    merged = {slug: list(versions) for slug, versions in first.items()}
    for slug, versions in second.items():
        known = {each.name for each in merged.get(slug, ())}
        merged.setdefault(slug, []).extend(each for each in versions if each.name not in known)
    return merged


def _count(versions: Versions) -> int:
    return sum(map(len, versions.values()))


def build_snapshot(upstream_dir: Path, output: Path) -> dict[str, object]:
    """Write the snapshot of the recorded answers in `upstream_dir` to `output`; returns counts and size.

    Raises:
        Refused: a recorded answer is missing, unreadable or of another shape; names it.
    """
    lifecycle, lifecycle_hash = _read(upstream_dir, "endoflife-products-full.json.gz")
    dated, dated_hash = _read(upstream_dir, "endoflife-versions.json.gz")
    builds, builds_hash = _read(upstream_dir, "microsoft-builds.json.gz")
    kev, kev_hash = _read(upstream_dir, "kev.json.gz")
    told = read_lifecycle(lifecycle, "endoflife-products-full.json.gz")
    versions, microsoft = read_versions(dated, told.products), read_builds(builds, told.products)
    known = to_index((*told.products, *supplement_products()))
    exploited = read_exploited(kev, "kev.json.gz", known)
    entries = exploited.entries
    releases = sum(len(product.releases) for product in told.products)
    sources = [
        Source("lifecycle", LIFECYCLE_SOURCE, LIFECYCLE_LICENCE, told.as_of, releases, lifecycle_hash),
        Source("versions", dated["source"], VERSIONS_LICENCE, _day(dated), _count(versions), dated_hash),
        Source("builds", builds["source"], BUILDS_LICENCE, _day(builds), _count(microsoft), builds_hash),
        Source("exploited", EXPLOITED_SOURCE, EXPLOITED_LICENCE, exploited.as_of, len(entries), kev_hash),
    ]
    merged = _merged(versions, microsoft)
    add_latest(told.products, merged)
    write_snapshot(output, sources, told.products, merged, entries)
    return {
        "products": len(told.products),
        "releases": releases,
        "versions": _count(merged),
        "exploited": len(entries),
        "mapped": sum(bool(entry.slugs) for entry in entries),
        "bytes": output.stat().st_size,
    }


def _day(document: Mapping[str, Any]) -> date:
    return date.fromisoformat(document["generated_at"][:10])
