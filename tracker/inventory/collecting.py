"""Spooling the records of a reading: one by one, or many like rows by column.

By column, each distinct value is brought into its stored form, as a piece of JSON, once; a row is its
pieces put together. Both ways give the same spooled rows.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import repeat
from json.encoder import encode_basestring
from operator import and_
from typing import Any

from importers.columnar import RecordBlock
from importers.rows import Record
from tracker.inventory.keys import NORMALISERS, SERIAL, KeyPolicy, in_order, tag_key
from tracker.inventory.models import InstallationRole, ItScope, Precision, RowOutcome
from tracker.inventory.records import MODEL, STATUSES, Title, clean, title_of, to_minor
from tracker.inventory.spool import Spool, SpooledRow
from tracker.inventory.staging import LABEL, Collected, Place, Wanted, collect_record, note_key

_CREATED, _OTHER = RowOutcome.CREATED.value, ItScope.OTHER.value
_SYSTEM = InstallationRole.OPERATING_SYSTEM.value
_SOFTWARE = ("office", "database", "software")
#: (scheme, value, both as JSON), or None where a cell names nothing.
_Key = tuple[str, str, str] | None


def collect(
    batches: Iterable[Iterable[Record]], wanted: Wanted, policy: KeyPolicy, spool: Spool[SpooledRow]
) -> Collected:
    """Spool all records of a reading; one spooled row per asset, skipped or rejected record."""
    collected = Collected(spool)
    for batch in batches:
        if isinstance(batch, RecordBlock):
            _BlockCollector(collected, batch, wanted, policy).run()
        else:
            for record in batch:
                collect_record(collected, record, wanted, policy)
    return collected


@contextmanager
def uncollected() -> Iterator[None]:
    """Rows hold no cycles: looking for some in each few hundred rows takes a fifth of the time of a preview."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _BlockCollector:
    """Spools one block."""

    def __init__(self, collected: Collected, block: RecordBlock, wanted: Wanted, policy: KeyPolicy) -> None:
        self._collected = collected
        self._block = block
        self._wanted = wanted
        self._policy = policy
        self._columns = block.columns
        self._count = len(block)

    def run(self) -> None:
        """Spool the rows; those that are odd, left out or without a name go one by one."""
        collected, sheet = self._collected, self._block.sheet
        ready: list[SpooledRow] = []
        rows = zip(self._block.numbers, self._plain_rows(), self._keys(), self._labels(), self._stated(),
                   self._models(), self._installed(), self._agencies(), strict=True)  # fmt: skip
        for at, (row, plain, keys, label, stated, model, titles, agency) in enumerate(rows):
            if not plain or not keys:
                self._flush(ready)
                collect_record(collected, self._block[at], self._wanted, self._policy)
                continue
            n = collected.spool.count + len(ready)
            if agency:
                collected.agencies.setdefault(agency, Place(n, sheet, row))
                collected.agency_rows.setdefault(agency, array("q")).append(n)
            self._note(keys, (n, sheet, row))
            named = ",".join([key[2] for key in keys])
            record = f'{{{stated}"keys":{{{named}}}{model}'
            if titles:
                record += f',"software":[{titles}]'
            names = {key[0]: key[1] for key in keys}
            ready.append((sheet, row, _CREATED, label, None, record + "}", names))
        self._flush(ready)

    def _flush(self, ready: list[SpooledRow]) -> None:
        self._collected.spool.extend(ready)
        ready.clear()

    def _note(self, keys: list[tuple[str, str, str]], here: tuple[int, str, int]) -> None:
        first = keys[0]
        note_key(self._collected, here, f"{first[0]}:{first[1]}")
        for key in keys[1:]:
            if key[0] == SERIAL:
                note_key(self._collected, here, f"{SERIAL}:{key[1]}")

    def _mapped(self, name: str, act: Callable[[Any], Any]) -> list[Any] | None:
        """The column with `act` applied to its distinct values, by row; None for an absent column."""
        column = self._columns.get(name)
        if column is None:
            return None
        values, codes = column
        return list(map(list(map(act, values)).__getitem__, codes))

    def _plain_rows(self) -> Iterator[bool]:
        """Whether nothing but the columns must be known of each row, and it is imported."""
        scopes = self._mapped("it_scope", self._wanted.takes) or [False] * self._count
        return map(and_, self._block.common, scopes)

    def _agencies(self) -> list[str]:
        return self._mapped("agency_text", clean) or [""] * self._count

    def _keys(self) -> Iterator[list[tuple[str, str, str]]]:
        """The names of each row in the order in which they are tried."""
        policy = self._policy
        columns = {"tag": self._mapped("asset_tag", lambda text: _key(tag_key, text, policy))}
        for scheme in NORMALISERS:
            columns[scheme] = self._mapped(scheme, _keyed(scheme, policy))
        ordered = [columns[scheme] for scheme in in_order(columns, policy.order) if columns[scheme]]
        mixed = any(key and key[0] != "tag" for key in columns["tag"] or ())
        for row in zip(*ordered, strict=True) if ordered else ((),) * self._count:
            keys = [key for key in row if key]
            yield sorted(keys, key=lambda key: policy.order.index(key[0])) if mixed else keys

    def _labels(self) -> Iterator[str]:
        blank = [""] * self._count
        tags, serials = self._mapped("asset_tag", clean) or blank, self._mapped("serial", clean) or blank
        names, models = self._mapped("name", clean) or blank, self._mapped("model", clean) or blank
        for tag, name, model, serial in zip(tags, names, models, serials, strict=True):
            name = name or model  # noqa: PLW2901 - a thing without a name is called by its model
            whole = (
                f"{tag} {name} {serial}"
                if tag and name and serial
                else " ".join(filter(None, (tag, name, serial)))
            )
            yield whole[:LABEL]

    def _stated(self) -> Iterator[str]:
        """The values of each row as members of a JSON object, each with a comma behind it."""
        pieces = [self._mapped(name, _text_piece(name)) for name in
                  ("asset_tag", "serial", "name", "source", "location", "custodian", "hostname", "notes")]  # fmt: skip
        pieces.append(self._mapped("asset_class", _piece_unless("asset_class", _OTHER)))
        pieces.append(self._mapped("it_scope", _piece_unless("it_scope", _OTHER)))
        pieces.append(self._mapped("status", lambda word: f'"status":"{word}",' if word in STATUSES else ""))
        pieces.append(self._mapped("condition", lambda word: f'"condition":"{word}",' if word else ""))
        pieces += [self._acquired(), *self._costs()]
        pieces += [self._mapped(name, _date_piece(name)) for name in ("warranty_ends_on", "support_ends_on")]
        return map("".join, zip(*(piece for piece in pieces if piece), strict=True))

    def _acquired(self) -> list[str] | None:
        if "acquired_on" not in self._columns:
            return None
        days, codes = self._columns["acquired_on"]
        exact, _ = self._columns["acquired_precision"]
        piece = _date_piece("acquired_on")
        found = [f'{piece(day)}"acquired_precision":"{how or Precision.DAY.value}",' if day is not None else ""
                 for day, how in zip(days, exact, strict=True)]  # fmt: skip
        return list(map(found.__getitem__, codes))

    def _costs(self) -> list[list[str]]:
        costs = self._mapped("cost", to_minor)
        if costs is None:
            return []
        currencies = self._mapped("currency", lambda code: code or "IDR") or ["IDR"] * self._count
        pairs = zip(costs, currencies, strict=True)
        return [
            [f'"cost_minor":{cost},"currency":"{code}",' if cost is not None else "" for cost, code in pairs]
        ]

    def _models(self) -> list[str]:
        blank = [""] * self._count
        pairs = list(
            zip(self._mapped("brand", clean) or blank, self._mapped("model", clean) or blank, strict=True)
        )
        number = self._collected.title_number
        pieces = {
            pair: f',"model":{number((MODEL, *pair, ""))}' if any(pair) else ""
            for pair in dict.fromkeys(pairs)
        }
        return list(map(pieces.__getitem__, pairs))

    def _installed(self) -> Iterator[str]:
        """The numbers of each row's titles as members of a JSON array."""
        columns = [
            self._mapped("os", lambda text: self._numbers([(_SYSTEM, "", clean(text), "")] if text else []))
        ]
        columns += [self._mapped(name, self._software) for name in self._columns if name in _SOFTWARE]
        present = [column for column in columns if column]
        if not present:
            return repeat("", self._count)
        return (",".join(filter(None, row)) for row in zip(*present, strict=True))

    def _software(self, names: Any) -> str:
        """The titles of one cell."""
        return self._numbers([title_of(item) for item in names or () if item.name])

    def _numbers(self, titles: list[Title]) -> str:
        return ",".join([str(self._collected.title_number(title)) for title in dict.fromkeys(titles)])


def _key(
    find: Callable[[str, KeyPolicy], tuple[str, str] | None], text: str | None, policy: KeyPolicy
) -> _Key:
    cleaned = clean(text)
    found = find(cleaned, policy) if cleaned else None
    return (*found, f'"{found[0]}":{encode_basestring(found[1])}') if found else None


def _keyed(scheme: str, policy: KeyPolicy) -> Callable[[str | None], _Key]:
    normalise = NORMALISERS[scheme]

    def find(text: str, policy: KeyPolicy) -> tuple[str, str] | None:
        value = normalise(text, policy)
        return (scheme, value) if value else None

    return lambda text: _key(find, text, policy)


def _text_piece(name: str) -> Callable[[str | None], str]:
    def piece(text: str | None) -> str:
        cleaned = clean(text)
        return f'"{name}":{encode_basestring(cleaned)},' if cleaned else ""

    return piece


def _piece_unless(name: str, default: str) -> Callable[[str], str]:
    return lambda word: f'"{name}":"{word!s}",' if word != default else ""


def _date_piece(name: str) -> Callable[[date | None], str]:
    return lambda day: f'"{name}":"{day.isoformat()}",' if day is not None else ""
