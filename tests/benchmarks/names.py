"""The matcher's speed and size, in processor time: distinct names made from the catalogue as inventories write them."""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tests.catalogue.shipped import products
from tracker.catalogue.matching import CatalogueProduct, Matcher

_SHAPES = (
    "{label} {version}", "{label} v{version} (64-bit)", "{label} versi {version}", "{label}", "{slug}-{version}-1.el8.x86_64",
    "Server {label} {version} - produksi {n}", "Aplikasi dinas {n} {version}", "Laptop HP ProBook 440 G{n}",
    "Security Update for {label} (KB{n})", "Driver printer seri {n}", "{label} {version} + Microsoft Office 2016",
)  # fmt: skip


def make_names(known: Sequence[CatalogueProduct], count: int) -> Iterator[tuple[str, str | None]]:
    """Distinct (name, version column) pairs, the same in every run; every third has a version column."""
    dice = random.Random(7)
    seen: set[tuple[str, str | None]] = set()
    number = 0
    while len(seen) < count:
        product = dice.choice(known)
        release = dice.choice(product.releases)
        version = f"{release.name}.{number % 97}.{dice.randrange(4_000)}"
        name = dice.choice(_SHAPES).format(
            label=product.label, slug=product.slug, version=version, n=1_000_000 + number
        )
        pair = name, version if number % 3 == 0 else None
        number += 1
        if pair not in seen:
            seen.add(pair)
            yield pair


def measure(count: int) -> dict[str, Any]:
    """Seconds of the processor for the index and for `count` names, microseconds for one, and megabytes."""
    known = [product for product in products() if product.releases]
    pairs = list(make_names(known, count))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    matcher = Matcher(products())
    index = time.process_time() - start
    for name, version in pairs[:2_000]:
        matcher.match(name, None, version)
    start = time.process_time()
    for name, version in pairs:
        matcher.match(name, None, version)
    whole = time.process_time() - start
    each = sorted(_one(matcher, *pair) for pair in pairs[:: max(1, count // 20_000)])
    return {
        "names": count,
        "bare_cpu": bare_loop(),
        "index_cpu": index,
        "cpu": whole,
        "median_us": each[len(each) // 2],
        "p99_us": each[len(each) * 99 // 100],
        "grown_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
    }


def bare_loop() -> float:
    """Processor seconds of ten million additions: 0.3 on a quiet machine of 2024, more where others work too."""
    start, total = time.process_time(), 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - start


def _one(matcher: Matcher, name: str, version: str | None) -> float:
    start = time.process_time_ns()
    matcher.match(name, None, version)
    return (time.process_time_ns() - start) / 1000


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[3]))))
