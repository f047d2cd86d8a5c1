"""Spooling the records of a reading: one by one, or many like rows by column.

By column, each distinct value is brought into its stored form once. Both ways give the same spooled rows.
"""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, groupby
from typing import Any

from importers.columnar import RecordBlock
from importers.rows import Record
from tracker.inventory.blocks import KEY, LABEL, Column, StagedBlock
from tracker.inventory.diffing import cleared_by
from tracker.inventory.keys import CONTENT, NORMALISERS, KeyPolicy, normalise_item, tag_key
from tracker.inventory.models import InstallationRole, ItScope, Precision, RowOutcome
from tracker.inventory.records import MODEL, STATUSES, Title, clean, title_of, to_minor
from tracker.inventory.spool import Spool
from tracker.inventory.staging import Collected, Place, Wanted, collect_record, known_by

_OTHER = ItScope.OTHER.value
_SYSTEM = InstallationRole.OPERATING_SYSTEM.value
_SOFTWARE = ("office", "database", "software")
_TEXTS = ("asset_tag", "serial", "name", "source", "location", "custodian", "hostname", "notes")
#: Shorter runs of plain rows are spooled row by row.
_RUN = 256
#: Ways of a row: on its own, by column, left out.
_ODD, _PLAIN, _ASIDE = range(3)


def collect(
    batches: Iterable[Iterable[Record]], wanted: Wanted, policy: KeyPolicy, spool: Spool
) -> Collected:
    """Spool all records of a reading; one spooled row per asset, skipped or rejected record."""
    collected = Collected(spool, (*policy.order, CONTENT), clear_blanks=wanted.clear_blanks)
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
        self._labels: list[str] = []

    def run(self) -> None:
        """Spool the rows; those that are odd, left out or without a name go one by one."""
        block = self._staged()
        schemes = [scheme for scheme in self._collected.order if KEY + scheme in block.columns]
        keys = {scheme: block.cells(KEY + scheme) for scheme in schemes}
        end = 0
        for way, run in groupby(self._ways(keys)):
            start = end
            end += sum(1 for _ in run)
            if way == _PLAIN:
                self._note(keys, start, end)
                self._take(block, start, end)
                continue
            if way == _ASIDE:
                self._set_aside(block, start, end)
                continue
            for record in self._block[start:end]:
                collect_record(self._collected, record, self._wanted, self._policy)

    def _take(self, block: StagedBlock, start: int, end: int) -> None:
        spool = self._collected.spool
        if end - start == len(block):
            spool.add_block(block)
        elif end - start >= _RUN:
            spool.add_block(block.part(start, end))
        else:
            for at in range(start, end):
                spool.add(block.sheet, {"row": block.rows[at], **block.row(at)})

    def _set_aside(self, block: StagedBlock, start: int, end: int) -> None:
        """Spool rows that are left out, each with its reason."""
        if "agency_text" in self._columns:
            values, codes = self._columns["agency_text"]
            for at in range(start, end):
                if text := values[codes[at]]:
                    here = Place(self._collected.spool.count + at - start, block.sheet, block.rows[at])
                    self._collected.agencies.setdefault(clean(text), here)
        scopes, codes = self._columns["it_scope"]
        reasons = ["not-it" if scope == _OTHER else "near-it" for scope in scopes]
        columns: dict[str, Column] = {
            "outcome": ([RowOutcome.SKIPPED.value], array("H", bytes(2 * (end - start)))),
            "label": (self._labels[start:end], None),
            "reason": (reasons, codes[start:end]),
        }
        self._take(StagedBlock(block.sheet, block.rows[start:end], columns), 0, end - start)

    def _note(self, keys: dict[str, list[str | None]], start: int, end: int) -> None:
        """Remember the names by which each row must be alone, and what agencies rows name."""
        first = self._collected.spool.count
        run = {scheme: cells[start:end] for scheme, cells in keys.items()}
        full = next((scheme for scheme, cells in run.items() if None not in cells), None)
        if full is not None and full == next(iter(run)):
            # Each row has the strongest name of all.
            for scheme in known_by(run):
                named = [(n, name) for n, name in enumerate(run[scheme], start=first) if name is not None]
                self._remember(scheme, named)
        else:
            for n, names in enumerate(zip(*run.values(), strict=True), start=first):
                held = {scheme: name for scheme, name in zip(run, names, strict=True) if name is not None}
                for scheme in known_by(held):
                    self._remember(scheme, [(n, held[scheme])])
        if "agency_text" in self._columns:
            self._note_agencies(first, start, end)

    def _remember(self, scheme: str, named: list[tuple[int, str]]) -> None:
        names = self._collected.names_of(scheme)
        names.rows.extend([n for n, _ in named])
        names.hashes.extend([hash(name) for _, name in named])

    def _note_agencies(self, first: int, start: int, end: int) -> None:
        collected, block = self._collected, self._block
        values, codes = self._columns["agency_text"]
        for n, at in enumerate(range(start, end), start=first):
            text = values[codes[at]]
            if text:
                agency = clean(text)
                collected.agencies.setdefault(agency, Place(n, block.sheet, block.numbers[at]))
                collected.agency_rows.setdefault(agency, array("q")).append(n)

    def _ways(self, keys: dict[str, list[str | None]]) -> list[int]:
        """How each row is spooled: by column (nothing but the columns must be known of it, and it is imported
        and has a name), as one that is left out, or on its own."""
        values, codes = self._columns["it_scope"]
        taken = [self._wanted.takes(scope) for scope in values]
        named: Iterable[bool] = [False] * self._count
        if any(None not in cells for cells in keys.values()):
            named = [True] * self._count
        elif keys:
            named = [any(row) for row in zip(*keys.values(), strict=True)]
        return [
            (_ASIDE if not taken[code] else _PLAIN if name else _ODD) if common else _ODD
            for common, code, name in zip(self._block.common, codes, named, strict=True)
        ]

    def _staged(self) -> StagedBlock:
        """The block in stored form, odd rows too."""
        columns: dict[str, Column] = {}
        self._put_texts(columns)
        self._put_words(columns)
        self._put_dates(columns)
        self._put_cost(columns)
        self._put_model(columns)
        self._put_software(columns)
        self._put_keys(columns)
        self._put_codes(columns)
        if self._wanted.clear_blanks:
            columns["cleared"] = ([cleared_by(self._block.present)], array("H", [0]) * self._count)
        return StagedBlock(self._block.sheet, self._block.numbers, columns)

    def _coded(self, name: str, act: Callable[[Any], Any]) -> Column:
        """The column with `act` applied to its distinct values."""
        values, codes = self._columns[name]
        return self._column(list(map(act, values)), codes)

    def _column(self, values: list[Any], codes: Sequence[int]) -> Column:
        """A column, without codes where each row has a value of its own."""
        if len(values) < self._count:
            return values, codes
        if len(values) == self._count and list(codes) == list(range(self._count)):
            return values, None
        return list(map(values.__getitem__, codes)), None

    def _put_texts(self, columns: dict[str, Column]) -> None:
        for name in _TEXTS:
            if name in self._columns:
                columns[name] = self._coded(name, _text)

    def _put_codes(self, columns: dict[str, Column]) -> None:
        """Units, item code and register number, and the tag that these make where there is no other."""
        if "units" in self._columns:
            columns["units"] = self._coded("units", int)
        for name, stored in (("item_code", "item_code"), ("register", "register_number")):
            if name in self._columns:
                columns[stored] = self._coded(name, _text)
        self._labels = self._told(columns)
        if "item_code" not in columns and "register_number" not in columns:
            return
        cells = StagedBlock("", self._block.numbers, columns).cells
        rows = zip(*map(cells, ("asset_tag", "item_code", "register_number")), strict=True)
        tags = [tag or (f"{code}-{number}" if code and number else None) for tag, code, number in rows]
        columns["asset_tag"] = tags, None
        plain = zip(*map(cells, ("asset_tag", "name", "serial")), strict=True)
        usual = [" ".join(filter(None, row))[:LABEL] for row in plain]
        columns["label"] = [told if told != as_usual else None
                            for told, as_usual in zip(self._labels, usual, strict=True)], None  # fmt: skip

    def _told(self, columns: dict[str, Column]) -> list[str]:
        """The label of each row, before code and number make its tag."""
        cells = StagedBlock("", self._block.numbers, columns).cells
        names = ("asset_tag", "item_code", "register_number", "name", "serial")
        rows = zip(*map(cells, names), strict=True)
        return [" ".join(filter(None, (tag or code, *rest)))[:LABEL] for tag, code, *rest in rows]

    def _put_words(self, columns: dict[str, Column]) -> None:
        """Words of closed lists; what the importers fall back to is not stated."""
        for name in ("asset_class", "it_scope"):
            columns[name] = self._coded(name, lambda word: str(word) if word != _OTHER else None)
        if "status" in self._columns:
            columns["status"] = self._coded("status", lambda word: word if word in STATUSES else None)
        if "condition" in self._columns:
            columns["condition"] = self._coded("condition", lambda word: str(word) if word else None)

    def _put_dates(self, columns: dict[str, Column]) -> None:
        for name in ("acquired_on", "warranty_ends_on", "support_ends_on"):
            if name in self._columns:
                columns[name] = self._coded(name, lambda day: day.isoformat() if day is not None else None)
        if "acquired_on" in self._columns:
            days, codes = self._columns["acquired_on"]
            exact, _ = self._columns["acquired_precision"]
            told = [str(how or Precision.DAY.value) if day is not None else None
                    for day, how in zip(days, exact, strict=True)]  # fmt: skip
            columns["acquired_precision"] = self._column(told, codes)

    def _put_cost(self, columns: dict[str, Column]) -> None:
        if "cost" not in self._columns:
            return
        columns["cost_minor"] = self._coded("cost", to_minor)
        costs = StagedBlock("", self._block.numbers, columns).cells("cost_minor")
        given = self._columns.get("currency") or ([None], bytes(self._count))
        columns["currency"] = self._column([code or "IDR" for code in given[0]], given[1])
        if None in costs:
            codes = StagedBlock("", self._block.numbers, columns).cells("currency")
            told = [None if cost is None else code for cost, code in zip(costs, codes, strict=True)]
            columns["currency"] = _repeated(told)

    def _put_model(self, columns: dict[str, Column]) -> None:
        present = [self._columns.get(name) for name in ("brand", "model")]
        if not any(present):
            return
        blank = ([None], bytes(self._count))
        (brands, brand_codes), (models, model_codes) = [column or blank for column in present]
        makers, names = list(map(clean, brands)), list(map(clean, models))

        def number(pair: tuple[int, int]) -> int | None:
            maker, name = makers[pair[0]], names[pair[1]]
            return self._collected.title_number((MODEL, maker, name, "")) if maker or name else None

        columns["model"] = _combined(zip(brand_codes, model_codes, strict=True), number)

    def _put_software(self, columns: dict[str, Column]) -> None:
        """The numbers of each row's titles, the operating system first."""
        names = [name for name in self._columns if name in _SOFTWARE]
        told = [[_titles(cell) for cell in self._columns[name][0]] for name in names]
        codes = [self._columns[name][1] for name in names]
        systems, system_codes = self._columns.get("os") or ([None], bytes(self._count))
        if not names and not any(systems):
            return

        def joined(row: tuple[int, ...]) -> tuple[int, ...] | None:
            stated = dict.fromkeys(chain.from_iterable(map(list.__getitem__, told, row[1:])))
            system = systems[row[0]]
            if system and all(title[0] != _SYSTEM for title in stated):
                stated = {(_SYSTEM, "", clean(system), ""): None, **stated}
            return tuple(map(self._collected.title_number, stated)) or None

        columns["software"] = _combined(zip(system_codes, *codes, strict=True), joined)

    def _put_keys(self, columns: dict[str, Column]) -> None:
        """The row's names; those of a tag may be of another scheme."""
        if "asset_tag" in columns:
            values, codes = columns["asset_tag"]
            found = [tag_key(text, self._policy) if text else None for text in values]
            for scheme in dict.fromkeys(key[0] for key in found if key):
                told = [key[1] if key and key[0] == scheme else None for key in found]
                columns[KEY + scheme] = (told, codes)
        if "item_code" in self._columns and "register" in self._columns:
            self._put_item_keys(columns)
        for scheme, normalise in NORMALISERS.items():
            if scheme == "uuid":
                source = self._coded(scheme, _text) if scheme in self._columns else None
            else:
                source = columns.get(scheme)
            if source is not None:
                told = [normalise(text, self._policy) if text else None for text in source[0]]
                if any(told):
                    columns[KEY + scheme] = (told, source[1])

    def _put_item_keys(self, columns: dict[str, Column]) -> None:
        """The names that item code and register number make; they outrank a tag of the same scheme."""
        (codes, at), (numbers, beside) = self._columns["item_code"], self._columns["register"]

        def name(pair: tuple[int, int]) -> tuple[str, str] | None:
            code, number = _text(codes[pair[0]]), _text(numbers[pair[1]])
            return normalise_item(code, number, self._policy) if code and number else None

        found, rows = _combined(zip(at, beside, strict=True), name)
        for scheme in dict.fromkeys(key[0] for key in found if key):
            told = [key[1] if key and key[0] == scheme else None for key in found]
            cells = [told[row] for row in rows or ()]
            others = StagedBlock("", self._block.numbers, columns).cells(KEY + scheme)
            columns[KEY + scheme] = [cell or other for cell, other in zip(cells, others, strict=True)], None


def _titles(names: Any) -> list[Title]:
    """The titles of one cell."""
    return [title_of(item) for item in names or () if item.name]


def _text(text: str | None) -> str | None:
    # Most values of a register stand in one row only: no memo pays for them.
    return clean.__wrapped__(text) or None if text else None


def _repeated(cells: list[Any]) -> Column:
    index = {value: at for at, value in enumerate(dict.fromkeys(cells))}
    return list(index), array("H", map(index.__getitem__, cells))


def _combined(rows: Iterable[tuple[int, ...]], act: Callable[[Any], Any]) -> Column:
    """A column of what `act` makes of each distinct row of numbers."""
    values, codes = _repeated(list(rows))
    return list(map(act, values)), codes
