"""Known formats: exports of other tools, told by their headers and read without guessing (data/formats.json)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from importers.own import LANGUAGES, own_list
from importers.values.text import compact
from importers.vocabulary import read_data


@dataclass(frozen=True, slots=True)
class Format:
    """What is known of one export's sheet.

    `columns` maps compact headers to fields; `skip` says why the sheet lists no assets; an `exclusive`
    format leaves out sheets of other families; `group_by` is the field whose equal values are one thing.
    An `exact` one is our own list: each row is a thing, each word is known. `quiet` is the reason for which
    rows are skipped that nobody need look at.
    """

    name: str
    family: str
    signature: frozenset[str]
    columns: Mapping[str, str]
    exclusive: bool = False
    skip: str | None = None
    group_by: str | None = None
    asset_class: str | None = None
    scope: str | None = None
    exact: bool = False
    quiet: str | None = None


@cache
def known_formats() -> tuple[Format, ...]:
    """All known formats, the most particular of a family first."""
    listed = tuple(
        Format(
            name=entry["name"],
            family=entry["family"],
            signature=frozenset(compact(label) for label in entry["signature"]),
            columns={compact(label): field for label, field in entry["columns"].items()},
            exclusive=entry.get("exclusive", False),
            skip=entry.get("skip"),
            group_by=entry.get("group_by"),
            asset_class=entry.get("asset_class"),
            scope=entry.get("scope"),
        )
        for entry in read_data("formats")["formats"]
    )
    return (*listed, *_own_formats())


def _own_formats() -> Iterator[Format]:
    """Our own list, and the sheets that stand beside it, in each language."""
    own = own_list()
    for language in LANGUAGES:
        columns = {compact(column.names[language]): column.field for column in own.columns}
        signature = frozenset(label for label, field in columns.items() if field in own.signature)
        yield Format(f"own-list-{language}", "own", signature, columns, exact=True)
        for reason, headers in (("explanation", own.guide_headers), ("problem-list", own.problem_headers)):
            labels = frozenset(map(compact, headers[language]))
            yield Format(f"own-{reason}-{language}", "own", labels, {}, skip=reason, quiet=reason)


def find_format(labels: Sequence[str]) -> Format | None:
    """The known format whose signature headers all occur among the labels."""
    seen = {compact(label) for label in labels}
    return next((known for known in known_formats() if known.signature <= seen), None)
