"""Staging a read file as a batch: identity, comparison with what is held, and the rows of the preview.

First every record is prepared and spooled, without the database; then one transaction finds the assets
that the rows mean, compares, and writes the batch. The number of statements does not depend on the rows.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from importers.rows import Record, Skipped
from tracker.inventory.blocks import KEY, LABEL, label_of
from tracker.inventory.diffing import cleared_by
from tracker.inventory.keys import CONTENT, SERIAL, KeyPolicy, in_order
from tracker.inventory.models import ItScope, RowOutcome
from tracker.inventory.records import MODEL, Prepared, Title, clean, prepare, split_by_condition
from tracker.inventory.spool import Spool

Problem = dict[str, object]
_NAMED = 5
# Plain text compares faster than members of an enumeration, once per row.
_NOT_IT, _NEAR_IT = ItScope.OTHER.value, ItScope.NEAR_IT.value


@dataclass(slots=True)
class Place:
    """Where a row stands in the file."""

    n: int
    sheet: str
    row: int

    def __str__(self) -> str:
        return f"sheet {self.sheet} row {self.row}"


@dataclass(slots=True)
class Names:
    """The names of one scheme by which rows are known, as hashes, and the rows' numbers.

    Eight bytes a name instead of the name: two of one hash are looked at again in the spool.
    """

    hashes: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("q"))

    def repeated(self) -> set[int]:
        """The numbers of rows whose name may stand in another row too."""
        if len(set(self.hashes)) == len(self.hashes):
            return set()
        ordered = sorted(self.hashes)
        twice = {one for one, other in pairwise(ordered) if one == other}
        return {n for n, name in zip(self.rows, self.hashes, strict=True) if name in twice}


@dataclass(slots=True)
class Collected:
    """Everything known about the file when its last record is spooled."""

    spool: Spool
    order: tuple[str, ...] = ()
    titles: dict[Title, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    names: dict[str, Names] = field(default_factory=dict)
    content: dict[str, int] = field(default_factory=dict)
    #: The first row that is known by its content only.
    nameless: Place | None = None
    #: Where each agency is named first, and by which assets.
    agencies: dict[str, Place] = field(default_factory=dict)
    agency_rows: dict[str, array[int]] = field(default_factory=dict)
    #: Why rows of another agency are not taken.
    foreign: dict[int, str] = field(default_factory=dict)
    #: Whether blank cells clear values.
    clear_blanks: bool = False

    def title_number(self, title: Title) -> int:
        """The number by which rows name `title`."""
        return self.titles.setdefault(title, len(self.titles))

    def names_of(self, scheme: str) -> Names:
        """The names of a scheme met so far."""
        return self.names.setdefault(scheme, Names())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a file is imported: near-IT and other things only when asked for."""

    include_near_it: bool
    include_other: bool
    #: Whether a blank cell clears a value.
    clear_blanks: bool = False

    def skip_reason(self, record: Record) -> str | None:
        """Why the record is left out; None when it is not."""
        if self.takes(record.it_scope):
            return None
        return "not-it" if record.it_scope == _NOT_IT else "near-it"

    def takes(self, scope: str) -> bool:
        """Whether things of a scope are imported."""
        if scope == _NOT_IT:
            return self.include_other
        return scope != _NEAR_IT or self.include_near_it


def _label(record: Record) -> str:
    parts = (
        record.asset_tag or record.item_code,
        record.register,
        record.name or record.model,
        record.serial,
    )
    return " ".join(filter(None, map(clean, parts)))[:LABEL]


def collect_record(collected: Collected, record: Record, wanted: Wanted, policy: KeyPolicy) -> None:
    """Spool one record."""
    for problem in record.problems:
        collected.problems.append(problem_of(problem))
    if record.agency_text:
        here = Place(collected.spool.count, record.sheet, record.row)
        collected.agencies.setdefault(clean(record.agency_text), here)
    reason = wanted.skip_reason(record)
    if record.rejected:
        why = "; ".join(problem.message for problem in record.problems) or "rejected"
        _set_aside(collected, record, RowOutcome.REJECTED, why)
    elif reason is not None:
        _set_aside(collected, record, RowOutcome.SKIPPED, reason)
    elif record.conditions:
        for part, suffix in split_by_condition(record):
            _collect_asset(collected, part, prepare(part, policy), suffix)
    else:
        _collect_asset(collected, record, prepare(record, policy), "")


def _set_aside(collected: Collected, record: Record, outcome: RowOutcome, reason: str) -> None:
    row = {"row": record.row, "outcome": outcome.value, "label": _label(record), "reason": clean(reason)}
    collected.spool.add(record.sheet, row)


def _collect_asset(collected: Collected, record: Record, prepared: Prepared, suffix: str) -> None:
    keys, n = prepared.keys, collected.spool.count
    if CONTENT in keys and not record.content_key:
        # The same content again is the next of its kind: the nth row means the nth such thing.
        occurrence = collected.content.get(keys[CONTENT], 0) + 1
        collected.content[keys[CONTENT]] = occurrence
        keys = {CONTENT: f"{keys[CONTENT]}#{occurrence}"}
        collected.nameless = collected.nameless or Place(n, record.sheet, record.row)
    if suffix:
        keys = {scheme: value + suffix for scheme, value in keys.items()}
    for scheme in known_by(keys):
        names = collected.names_of(scheme)
        names.hashes.append(hash(keys[scheme]))
        names.rows.append(n)
    if record.agency_text:
        collected.agency_rows.setdefault(clean(record.agency_text), array("q")).append(n)
    collected.spool.add(record.sheet, _row_of(collected, record, prepared, keys))


def _row_of(
    collected: Collected, record: Record, prepared: Prepared, keys: Mapping[str, str]
) -> dict[str, object]:
    row = {"row": record.row, **prepared.values, **{KEY + scheme: value for scheme, value in keys.items()}}
    if prepared.model is not None:
        row["model"] = collected.title_number((MODEL, *prepared.model, ""))
    if prepared.titles:
        row["software"] = tuple(map(collected.title_number, prepared.titles))
    # What cannot be read is no blank: a row with a doubtful cell clears nothing.
    if collected.clear_blanks and not record.problems:
        row["cleared"] = cleared_by(record.columns_present)
    label = _label(record)
    return row if label == label_of(row) else {**row, "label": label}


def known_by(keys: Iterable[str]) -> tuple[str, ...]:
    """Of the schemes of a row in policy order those by which it must be alone: the strongest, and its serial."""
    strongest, *others = keys
    return (strongest, SERIAL) if SERIAL in others else (strongest,)


def find_rejected(collected: Collected) -> dict[int, str]:
    """{row number: why} for rows of another agency, and for rows whose strongest name stands in an earlier row.

    Where another row bears that name as a second name, it is unclear which is meant: none of the former is
    taken. A serial that is only the second name of its rows is noted as a problem and rejects nothing.
    """
    rejected = dict(collected.foreign)
    for (scheme, value), found in _find_repeated(collected).items():
        mine = [place for place, strongest in found if strongest]
        places = [place for place, _ in found]
        taken = mine[0] if len(mine) == len(found) else None
        code = "duplicate-key" if mine else "duplicate-serial"
        for place, strongest in found:
            message = _repeat_message(scheme, value, place, places, taken)
            collected.problems.append(_problem(place, scheme, code, message, value))
            if strongest and place is not taken:
                rejected.setdefault(place.n, message)
    return rejected


def _find_repeated(collected: Collected) -> dict[tuple[str, str], list[tuple[Place, bool]]]:
    """{(scheme, name): [(where, whether it is the row's strongest name)]} of names that stand in several rows,
    by where they are met again."""
    candidates = set().union(*(names.repeated() for names in collected.names.values()))
    if not candidates:
        return {}
    found: dict[tuple[str, str], list[tuple[Place, bool]]] = {}
    for n, sheet, row, keys in iterate_names(collected, candidates):
        place = Place(n, sheet, row)
        for rank, scheme in enumerate(known_by(keys)):
            found.setdefault((scheme, keys[scheme]), []).append((place, rank == 0))
    several = [(key, places) for key, places in found.items() if len(places) > 1]
    return dict(sorted(several, key=lambda item: item[1][1][0].n))


def iterate_names(
    collected: Collected, wanted: Iterable[int]
) -> Iterator[tuple[int, str, int, dict[str, str]]]:
    """(row number, sheet, row of the sheet, {scheme: name} in policy order) of the rows in `wanted`, in order."""
    left = sorted(wanted, reverse=True)
    for packed in collected.spool.packed():
        if not left:
            return
        end = packed.first + packed.rows
        if left[-1] >= end:
            continue
        block = packed.block()
        keys = in_order(block.keys(), collected.order)
        while left and left[-1] < end:
            n = left.pop()
            at = n - packed.first
            names = {scheme: cells[at] for scheme, cells in keys.items()}
            yield n, block.sheet, block.rows[at], {s: name for s, name in names.items() if name is not None}


def _repeat_message(scheme: str, value: str, here: Place, found: list[Place], taken: Place | None) -> str:
    others = [str(place) for place in found if place.n != here.n]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    message = f"{scheme} {value} also stands in {', '.join(others[:_NAMED])}{more}"
    if taken is None:
        return message
    return f"{message}; {'this row' if taken is here else taken} is taken"


def _problem(place: Place, column: str | None, code: str, message: str, value: str | None) -> Problem:
    return {
        "sheet": place.sheet,
        "row": place.row,
        "column": column,
        "code": code,
        "message": message,
        "value": value,
    }


def problem_of(problem: object) -> Problem:
    """A problem of the importers as JSON."""
    names = ("sheet", "row", "column", "code", "message", "value")
    found = {name: getattr(problem, name) for name in names}
    return {name: clean(value) if isinstance(value, str) else value for name, value in found.items()}


def note_agencies(collected: Collected, known: Iterable[str]) -> None:
    """Point out, once per name, that rows name another agency than the one imported into.

    Where other rows do name that one, the file holds several agencies: rows of the others are not taken.
    Where none does, its name is only written in another way.
    """
    ours = {name.casefold() for name in known}
    mixed = any(text.casefold() in ours for text in collected.agencies)
    for text, place in collected.agencies.items():
        if not text or text.casefold() in ours:
            continue
        message = f"the row names the agency {text!r}; it is imported into the one that was chosen"
        if mixed:
            message = f"the row names the agency {text!r}, others the one that was chosen: import it there"
            collected.foreign.update(dict.fromkeys(collected.agency_rows.get(text, ()), message))
        collected.problems.append(_problem(place, "agency", "other-agency", message, text))


def note_nameless(collected: Collected) -> None:
    """Point out, once, that rows without tag, number, serial or host name are known by their content only."""
    if collected.nameless is None:
        return
    count = sum(collected.content.values())
    message = (
        f"{count} rows have no tag, register number, serial or host name: they are recognised by their "
        "content, and a changed one will look new"
    )
    collected.problems.append(_problem(collected.nameless, None, "no-identifier", message, str(count)))


def note_skipped(collected: Collected, skipped: Iterable[Skipped]) -> None:
    """Add the rows that are no assets (titles, subtotals, signatures) as skipped rows of the batch."""
    for row in skipped:
        told = {
            "outcome": RowOutcome.SKIPPED.value,
            "label": clean(row.text)[:LABEL],
            "reason": str(row.reason),
        }
        collected.spool.add(row.sheet, {"row": row.row, **told})


def note_held_names(collected: Collected, held: Mapping[int, Iterable[str]]) -> None:
    """Point out rows one of whose names belongs to another asset, each with the name."""
    for n, sheet, row, keys in iterate_names(collected, held):
        for scheme in held[n]:
            value = keys[scheme]
            message = f"{scheme} {value} belongs to another asset too; the row was not recognised by it"
            collected.problems.append(_problem(Place(n, sheet, row), scheme, "name-in-use", message, value))


def iterate_keys(
    spool: Spool, skip: Mapping[int, str], order: Mapping[str, int]
) -> Iterator[tuple[int, int, str, str]]:
    """(row number, rank of the scheme in `order`, scheme, value) of every name of the rows not in `skip`."""
    for first, block in spool:
        for scheme, cells in block.keys().items():
            rank = order[scheme]
            for n, value in enumerate(cells, start=first):
                if value is not None and n not in skip:
                    yield n, rank, scheme, value
