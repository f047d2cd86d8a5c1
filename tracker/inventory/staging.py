"""Staging a read file as a batch: identity, comparison with what is held, and the rows of the preview.

First every record is prepared and spooled, without the database; then one transaction finds the assets
that the rows mean, compares, and writes the batch. The number of statements does not depend on the rows.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from importers.rows import Record, Skipped
from tracker.inventory.keys import CONTENT, SERIAL, KeyPolicy
from tracker.inventory.models import ItScope, RowOutcome
from tracker.inventory.records import MODEL, Prepared, Title, clean, prepare, split_by_condition
from tracker.inventory.spool import Spool, SpooledRow

Problem = dict[str, object]
#: JSON without spaces; the values are plain, so that the check for cycles only costs time.
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
#: Longest label of a row, in characters.
LABEL = 120
_NAMED = 5
# Plain text compares and spools faster than members of an enumeration, once per row.
_CREATED, _NOT_IT, _NEAR_IT = RowOutcome.CREATED.value, ItScope.OTHER.value, ItScope.NEAR_IT.value


@dataclass(slots=True)
class Place:
    """Where a row stands in the file."""

    n: int
    sheet: str
    row: int

    def __str__(self) -> str:
        return f"sheet {self.sheet} row {self.row}"


@dataclass(slots=True)
class Collected:
    """Everything known about the file when its last record is spooled."""

    spool: Spool[SpooledRow]
    titles: dict[Title, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: Where each name stands first: plain tuples, which the garbage collector does not look at.
    first: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    repeated: dict[str, list[Place]] = field(default_factory=dict)
    content: dict[str, int] = field(default_factory=dict)
    #: Where each agency is named first, and by which assets.
    agencies: dict[str, Place] = field(default_factory=dict)
    agency_rows: dict[str, array[int]] = field(default_factory=dict)
    #: Why rows of another agency are not taken.
    foreign: dict[int, str] = field(default_factory=dict)

    def title_number(self, title: Title) -> int:
        """The number by which rows name `title`."""
        return self.titles.setdefault(title, len(self.titles))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a file is imported: near-IT and other things only when asked for."""

    include_near_it: bool
    include_other: bool

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


def label_of(record: Record) -> str:
    """A short text by which a person finds the row."""
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
    collected.spool.add((record.sheet, record.row, outcome.value, label_of(record), clean(reason), None, {}))


def _collect_asset(collected: Collected, record: Record, prepared: Prepared, suffix: str) -> None:
    keys = prepared.keys
    if CONTENT in keys and not record.content_key:
        # The same content again is the next of its kind: the nth row means the nth such thing.
        occurrence = collected.content.get(keys[CONTENT], 0) + 1
        collected.content[keys[CONTENT]] = occurrence
        keys = {CONTENT: f"{keys[CONTENT]}#{occurrence}"}
    if suffix:
        keys = {scheme: value + suffix for scheme, value in keys.items()}
    _note_keys(collected, record, keys)
    if record.agency_text:
        rows = collected.agency_rows.setdefault(clean(record.agency_text), array("q"))
        rows.append(collected.spool.count)
    stored = prepared.values
    stored["keys"] = keys
    if prepared.model is not None:
        stored["model"] = collected.title_number((MODEL, *prepared.model, ""))
    if prepared.titles:
        stored["software"] = [collected.title_number(title) for title in prepared.titles]
    collected.spool.add((record.sheet, record.row, _CREATED, label_of(record), None, encode(stored), keys))


def _note_keys(collected: Collected, record: Record, keys: Mapping[str, str]) -> None:
    """Remember the strongest name of the row, and its serial, to see the ones that come twice."""
    strongest = next(iter(keys))
    here = (collected.spool.count, record.sheet, record.row)
    note_key(collected, here, f"{strongest}:{keys[strongest]}")
    if strongest != SERIAL and SERIAL in keys:
        note_key(collected, here, f"{SERIAL}:{keys[SERIAL]}")


def note_key(collected: Collected, here: tuple[int, str, int], key: str) -> None:
    """Remember where a name stands: (row number, sheet, row of the sheet)."""
    held = collected.first.setdefault(key, here)
    if held is not here:
        collected.repeated.setdefault(key, [Place(*held)]).append(Place(*here))


def find_rejected(collected: Collected) -> dict[int, str]:
    """{row number: why} for rows of another agency, and for rows whose strongest name stands in an earlier row.

    Where another row bears that name as a second name, it is unclear which is meant: none of the former is
    taken. A serial that is only the second name of its rows is noted as a problem and rejects nothing.
    """
    rejected = dict(collected.foreign)
    if not collected.repeated:
        return rejected
    places = {place.n: place for found in collected.repeated.values() for place in found}
    strongest = _strongest_keys(collected.spool, places)
    for key, found in collected.repeated.items():
        scheme, value = key.split(":", 1)
        mine = [place for place in found if strongest[place.n] == key]
        taken = mine[0] if len(mine) == len(found) else None
        code = "duplicate-key" if mine else "duplicate-serial"
        for place in found:
            message = _repeat_message(scheme, value, place, found, taken)
            collected.problems.append(_problem(place, scheme, code, message, value))
            if place in mine and place is not taken:
                rejected.setdefault(place.n, message)
    return rejected


def _strongest_keys(spool: Spool[SpooledRow], numbers: Mapping[int, Place]) -> dict[int, str]:
    found = {}
    for n, row in enumerate(spool):
        if n in numbers:
            scheme, value = next(iter(row[6].items()))
            found[n] = f"{scheme}:{value}"
    return found


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
    count = sum(collected.content.values())
    if not count:
        return
    place = next(
        Place(n, row[0], row[1]) for n, row in enumerate(collected.spool) if CONTENT in row[6]
    )  # fmt: skip
    message = (
        f"{count} rows have no tag, register number, serial or host name: they are recognised by their "
        "content, and a changed one will look new"
    )
    collected.problems.append(_problem(place, None, "no-identifier", message, str(count)))


def note_skipped(collected: Collected, skipped: Iterable[Skipped]) -> None:
    """Add the rows that are no assets (titles, subtotals, signatures) as skipped rows of the batch."""
    for row in skipped:
        outcome, label = RowOutcome.SKIPPED.value, clean(row.text)[:LABEL]
        collected.spool.add((row.sheet, row.row, outcome, label, str(row.reason), None, {}))


def note_held_names(collected: Collected, held: Mapping[int, Iterable[str]]) -> None:
    """Point out rows one of whose names belongs to another asset, each with the name."""
    if not held:
        return
    for n, row in enumerate(collected.spool):
        for scheme in held.get(n, ()):
            value = row[6][scheme]
            message = f"{scheme} {value} belongs to another asset too; the row was not recognised by it"
            place = Place(n, row[0], row[1])
            collected.problems.append(_problem(place, scheme, "name-in-use", message, value))


def iterate_keys(
    spool: Spool[SpooledRow], skip: Mapping[int, str], order: Mapping[str, int]
) -> Iterator[tuple[int, int, str, str]]:
    """(row number, rank of the scheme in `order`, scheme, value) of every name of the rows not in `skip`."""
    for n, row in enumerate(spool):
        if n not in skip:
            for scheme, value in row[6].items():
                yield n, order[scheme], scheme, value
