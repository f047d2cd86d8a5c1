"""Names as inventories and clerks write them, each with the answer that it must keep getting."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.catalogue.shipped import matcher
from tracker.catalogue.matching import Tier

NAMES = Path(__file__).with_name("names.tsv")


def _rows() -> list[dict[str, str]]:
    with NAMES.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_name_keeps_its_answer() -> None:
    wrong = []
    for row in _rows():
        found = matcher().match(row["name"], version=row["version"] or None)
        if (found.product or "", found.release or "") != (row["product"], row["release"]):
            wrong.append((row["name"], row["version"], found.product, found.release, found.reason))
    assert wrong == []


def test_what_is_no_product_of_ours_is_never_answered_automatically() -> None:
    nothing = [row for row in _rows() if not row["product"]]
    assert len(nothing) > 300
    answered = [row["name"] for row in nothing if matcher().match(row["name"]).tier is Tier.AUTO]
    assert answered == []
