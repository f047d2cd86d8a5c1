"""The shipped snapshot: our own compact schema, one JSON document a line, gzipped.

Line 1, the manifest: {"format", "sources": [{kind, source, licence, as_of, count, hashes}]}; it alone is read on
every start. Lines 2 to 4: products, versions, exploited entries; rows instead of objects keep it small.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

from tracker.catalogue.facts import (
    VALUE_NAMES,
    ExploitedRecord,
    ProductRecord,
    ReleaseRecord,
    ReleaseValues,
    VersionRecord,
)

FORMAT = 1
_PARTS = {"lifecycle": "products", "versions": "versions", "builds": "versions", "exploited": "exploited"}
_DATES = [index for index, name in enumerate(VALUE_NAMES) if name.endswith("_on")]


@dataclass(frozen=True, slots=True)
class Source:
    """Where one kind of facts comes from, under which licence, as of which day, and how many there are.

    `origin_sha256` is that of the source's own answer, `sha256` that of what was made of it.
    """

    kind: str
    source: str
    licence: str
    as_of: date
    count: int
    origin_sha256: str = ""
    sha256: str = ""


def _iso(on: date | None) -> str | None:
    return on.isoformat() if on else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _write_values(values: ReleaseValues) -> list[object]:
    row = [getattr(values, name) for name in VALUE_NAMES]
    for index in _DATES:
        row[index] = _iso(row[index])
    while row and row[-1] is None:
        row.pop()
    return row


def _read_values(row: list[Any]) -> ReleaseValues:
    for index in _DATES:
        if index < len(row):
            row[index] = _day(row[index])
    return ReleaseValues(*row)


def _write_product(product: ProductRecord) -> list[object]:
    releases = [[r.name, r.label, r.codename, _write_values(r.values)] for r in product.releases]
    return [
        product.slug, product.label, product.category, product.version_scheme, product.aliases,
        product.identifiers, product.tags, product.labels, product.link, releases,
    ]  # fmt: skip


def _read_product(row: list[Any]) -> ProductRecord:
    slug, label, category, scheme, aliases, identifiers, tags, labels, link, releases = row
    return ProductRecord(
        slug,
        label,
        category,
        scheme,
        tuple(aliases),
        tuple((kind, value) for kind, value in identifiers),
        tuple(tags),
        labels,
        link,
        tuple(ReleaseRecord(name, told, code, _read_values(values)) for name, told, code, values in releases),
    )


def _write_versions(product: ProductRecord, versions: Iterable[VersionRecord]) -> list[object]:
    """[slug, rows]; a row names its releases by their places: one as a number, several as a list."""
    place = {release.name: index for index, release in enumerate(product.releases)}
    rows: list[list[object]] = []
    for version in versions:
        places = [place[name] for name in version.releases]
        where = places[0] if len(places) == 1 else places or None
        row: list[object] = [version.name, _iso(version.released_on), where]
        rows.append([*row, version.article] if version.article else row)
    return [product.slug, rows]


def _read_version(names: list[str], row: list[Any]) -> VersionRecord:
    where = row[2]
    places = [] if where is None else where if isinstance(where, list) else [where]
    return VersionRecord(
        row[0], _day(row[1]), tuple(names[place] for place in places), row[3] if len(row) > 3 else None
    )


def _write_exploited(entry: ExploitedRecord) -> list[object]:
    return [
        entry.cve_id, entry.vendor, entry.product_name, entry.slugs, _iso(entry.added_on), _iso(entry.due_on),
        int(entry.ransomware),
    ]  # fmt: skip


def _read_exploited(row: list[Any]) -> ExploitedRecord:
    cve, vendor, name, slugs, added, due, ransomware = row
    return ExploitedRecord(
        cve, vendor, name, tuple(slugs), date.fromisoformat(added), _day(due), bool(ransomware)
    )


def _write_source(source: Source, lines: dict[str, str]) -> dict[str, object]:
    """A source with the hash of what was made of it: a better making is loaded again, the same is not."""
    made = hashlib.sha256(lines[_PARTS[source.kind]].encode()).hexdigest()
    return {**asdict(source), "as_of": source.as_of.isoformat(), "sha256": made}


def snapshot_lines(
    sources: Iterable[Source],
    products: Iterable[ProductRecord],
    versions: Mapping[str, Sequence[VersionRecord]],
    exploited: Iterable[ExploitedRecord],
) -> list[str]:
    """The lines of a snapshot; the same facts always give the same lines."""
    kept = list(products)
    parts: dict[str, object] = {
        "products": [_write_product(product) for product in kept],
        "versions": [
            _write_versions(product, versions[product.slug]) for product in kept if product.slug in versions
        ],
        "exploited": [_write_exploited(entry) for entry in exploited],
    }
    lines = {
        name: json.dumps(part, ensure_ascii=False, separators=(",", ":")) for name, part in parts.items()
    }
    manifest = {"format": FORMAT, "sources": [_write_source(source, lines) for source in sources]}
    return [json.dumps(manifest), *lines.values()]


def write_snapshot(
    output: Path,
    sources: Iterable[Source],
    products: Iterable[ProductRecord],
    versions: Mapping[str, Sequence[VersionRecord]],
    exploited: Iterable[ExploitedRecord],
) -> None:
    """Write a snapshot; the same facts always give the same bytes."""
    buffer = BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0, filename="") as packed:
        for line in snapshot_lines(sources, products, versions, exploited):
            packed.write(line.encode() + b"\n")
    output.write_bytes(buffer.getvalue())


def _read_lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from lines


class Snapshot:
    """A snapshot read line by line: nobody pays for a part that is not asked for. Ask in the file's order."""

    def __init__(self, path: Path | None = None, lines: Iterable[str] | None = None) -> None:
        shipped = resources.files("tracker.catalogue.data").joinpath("snapshot.json.gz")
        source = path if path is not None else Path(str(shipped))
        self._lines = iter(lines) if lines is not None else _read_lines(source)
        manifest = self._next()
        if manifest.get("format") != FORMAT:
            raise ValueError(f"snapshot format {manifest.get('format')!r}, {FORMAT} is needed")
        self.sources = tuple(
            Source(**{**each, "as_of": date.fromisoformat(each["as_of"])}) for each in manifest["sources"]
        )

    def _next(self) -> Any:
        return json.loads(next(self._lines))

    def skip(self) -> None:
        """Leave out the part that comes next."""
        next(self._lines)

    def read_products(self) -> tuple[ProductRecord, ...]:
        """All products."""
        return tuple(_read_product(row) for row in self._next())

    def read_versions(self, products: Iterable[ProductRecord]) -> Iterator[tuple[str, VersionRecord]]:
        """(slug, version) of every product; `products` as read from the same snapshot."""
        releases = {product.slug: [release.name for release in product.releases] for product in products}
        for slug, rows in self._next():
            for row in rows:
                yield slug, _read_version(releases[slug], row)

    def read_exploited(self) -> Iterator[ExploitedRecord]:
        """All exploited entries."""
        for row in self._next():
            yield _read_exploited(row)
