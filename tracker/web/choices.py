"""What lists, tables and drop-downs are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tracker.identity.schemas import AgencyView
from tracker.web.i18n import N_
from tracker.web.rendering import translate
from tracker.web.terms import TERMS
from tracker.web.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Option:
    """An entry of a drop-down."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `kind` is text, number or tools (its heading is only heard).

    `sorted` is ascending, descending or None.
    """

    label: str
    kind: str = "text"
    sort_url: str | None = None
    sorted: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of several, with how much is in it."""

    url: str
    label: str
    count: int
    is_current: bool


def term_options(visitor: Visitor, kind: str, values: Iterable[str] | None = None) -> tuple[Option, ...]:
    """The members of a closed set, or the `values` of it, in the visitor's language."""
    words = TERMS[kind]
    return tuple(
        Option(value, translate(visitor, words.get(value, value)))
        for value in (words if values is None else values)
    )


def agency_options(agencies: Iterable[AgencyView]) -> tuple[Option, ...]:
    """Agencies in tree order, indented by their depth below the first."""
    found = list(agencies)
    least = min((agency.path.count("/") for agency in found), default=0)
    return tuple(
        Option(agency.code, "\u2003" * (agency.path.count("/") - least) + f"{agency.name} ({agency.code})")
        for agency in found
    )


def columns(
    visitor: Visitor, *labels: str, numbers: Iterable[int] = (), tools: bool = False
) -> tuple[Column, ...]:
    """Columns without sorting; `numbers` are the places of those that hold numbers, `tools` adds one of buttons."""
    right = set(numbers)
    found = [
        Column(translate(visitor, label), "number" if at in right else "text")
        for at, label in enumerate(labels)
    ]
    if tools:
        found.append(Column(translate(visitor, N_("Actions")), "tools"))
    return tuple(found)


def address(path: str, query: Mapping[str, str | None], **changes: str | None) -> str:
    """`path` with the filled parts of `query`, after `changes`."""
    wanted = {key: value for key, value in {**query, **changes}.items() if value}
    return f"{path}?{urlencode(wanted)}" if wanted else path
