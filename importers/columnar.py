"""The common rows of a table taken column by column: each distinct value of a column is understood once.

Only rows in which no value needs a second look are understood this way; all others, and tables in which
columns depend on each other, are made record by record (`Assembler.make`), which says what is right.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import and_
from typing import Any, overload

from importers.assembly import Assembler
from importers.drafts import MEMO, Draft, Setter
from importers.layout_rows import RowKinds
from importers.reading.blocks import Block, Coded, encode, expand
from importers.reading.messages import CellError
from importers.rows import ItScope, Problem, Record
from importers.values.conditions import condition_in_notes
from importers.values.ranges import units_of_range
from importers.values.text import base_name

#: Shorter runs of common rows are not worth it.
SHORTEST = 32
_DATES = ("acquired_on", "warranty_ends_on", "support_ends_on")
#: What a column of a field sets, and nothing else: attributes of the record, or of the draft after a dot.
_SETS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("asset_tag", "serial", "name", "brand", "model", "condition", "source",
                                  "location", "custodian", "hostname", "uuid", "status", "agency_text", "os",
                                  "notes", "currency", "item_code", "register")},
    **{name: (name,) for name in _DATES},
    "acquired_on": ("acquired_on", "acquired_precision"),
    "cost": ("cost", ".money_currency"),
    "unit_cost": ("unit_cost", ".money_currency"),
    "units": (".units_stated",),
    "code_register": ("item_code", "register"),
    "brand_model": ("brand", "model", ".specification"),
    "category": (".category",),
    "it_marker": (".marker",),
    "office": (".software",),
    "database": (".software",),
    "software": (".software",),
    "extra": (),
    "ignore": (),
    "sequence": (),
}  # fmt: skip
_SOFTWARE = ("office", "database", "software")
#: What tells the class of a thing beside its name.
_TELLING = ("brand", "model", ".category", ".marker", "os", "item_code")
#: What several columns may set; the later one counts.
_SHARED = ".money_currency"
_NEW: Any = object()
#: Cells of other kinds (errors, truth values) need a second look.
_PLAIN = frozenset({str, int, float, date, datetime, type(None)})


class RecordBlock(Sequence[Record]):
    """Records of one sheet in columns; as a sequence it gives them one by one.

    `columns` holds, by attribute of Record, the distinct values and each row's number among them; absent
    attributes are at their default in every row. The software stands by column under 'office', 'database' and
    'software', as tuples of SoftwareName. Columns hold for the rows that `common` says; in the others some value
    needs a second look, and the record tells. `extra` and `unit_cost` are told by the records only.
    """

    def __init__(
        self, assembler: Assembler, width: int, rows: Block, columns: dict[str, Coded], common: list[bool]
    ) -> None:
        self.sheet = assembler.sheet
        self.numbers = rows.numbers
        self.present = assembler.present
        self.columns = columns
        self.common = common
        self._assembler = assembler
        self._width = width
        self._rows = rows

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Record]: ...
    def __getitem__(self, at: int | slice) -> Record | Sequence[Record]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        values = [column[codes[at]] for column, codes in self._rows.columns]
        return self._assembler.make(self.numbers[at], self._padded(values))

    def __iter__(self) -> Iterator[Record]:
        for number, values in self._rows:
            yield self._assembler.make(number, self._padded(values))

    def _padded(self, values: list[Any]) -> list[Any]:
        return values + [None] * (self._width - len(values))


@dataclass(slots=True)
class _Part:
    """One column: its setter, what that sets, and what is known of values met before (None: odd)."""

    at: int
    field: str
    setter: Setter
    targets: tuple[str, ...]
    memo: dict[Any, tuple[Any, ...] | None]


class ColumnTable:
    """Takes blocks of one table apart into common rows, in columns, and others."""

    def __init__(self, assembler: Assembler, kinds: RowKinds, width: int, parts: list[_Part]) -> None:
        self._width = width
        self._assembler = assembler
        self._kinds = kinds
        self._parts = parts
        self._blank = Draft(Record("", 0))
        for part in parts:
            defaults = [default for _, _, default in map(self._owner, part.targets)]
            blank = tuple(() if type(default) is list else default for default in defaults)
            part.memo |= {None: blank, "": blank}
        self._classes: dict[tuple[Any, ...], Any] = {}

    @classmethod
    def of(cls, assembler: Assembler, kinds: RowKinds, width: int) -> ColumnTable | None:
        """The table, `width` columns wide, or None when its columns depend on each other in ways that are not known here."""
        fields = [column.field for _, column, _ in assembler.plan]
        told = [name for name in fields if name not in ("extra", "ignore")]
        if len(set(told)) < len(told) or not set(fields) <= _SETS.keys():
            return None
        parts = [
            _Part(at, column.field, setter, _targets(column.field, told), {})
            for at, column, setter in assembler.plan
        ]
        targets = [t for part in parts for t in part.targets if t != _SHARED and part.field not in _SOFTWARE]
        return cls(assembler, kinds, width, parts) if len(set(targets)) == len(targets) else None

    def parts(self, block: Block) -> Iterator[tuple[int, int, RecordBlock | None]]:
        """(first row, row behind the last, the records in columns or None), from the first row to the last."""
        told = {part.at: self._read(part, block) for part in self._parts if part.at < len(block.columns)}
        assets, common = self._assets(block), self._common(block, told)
        start = pending = 0
        for good, run in groupby(assets):
            end = start + sum(1 for _ in run)
            if good and end - start >= SHORTEST:
                if pending < start:
                    yield pending, start, None
                yield start, end, self._records(block.part(start, end), told, common[start:end], start)
                pending = end
            start = end
        if pending < start:
            yield pending, start, None

    def _read(self, part: _Part, block: Block) -> tuple[list[tuple[Any, ...] | None], Sequence[int]]:
        """What each distinct value of a column sets (None: it needs a second look)."""
        values, codes = block.columns[part.at]
        memo = part.memo
        if not part.targets:
            return [None if type(value) is CellError else () for value in values], codes
        memo, understand = part.memo, self._understander(part)
        found: list[tuple[Any, ...] | None] = []
        for value in values:
            known = memo.get(value, _NEW) if type(value) in _PLAIN else None
            if known is _NEW:
                known = understand(value) if not self._says_more(part, value) else None
                if known is not None and _stands_for_more(part.field, known):
                    known = None
                if len(memo) < MEMO:
                    memo[value] = known
            found.append(known)
        return found, codes

    def _says_more(self, part: _Part, value: Any) -> bool:
        """Whether a name says maker or system too, which no column does."""
        if part.field != "name" or not self._assembler.brand_in_name or type(value) is not str:
            return False
        found = self._assembler.specification(value)
        return found.brand is not None or found.os is not None

    def _understander(self, part: _Part) -> Callable[[Any], tuple[Any, ...] | None]:
        """What a plain value sets, told by its setter on a draft that is blank again afterwards."""
        draft, setter = self._blank, part.setter
        owners = [self._owner(name) for name in part.targets]
        if len(owners) == 1 and type(owners[0][2]) is not list:
            ((owner, name, default),) = owners

            def one(value: Any) -> tuple[Any, ...] | None:
                issue = setter(draft, value)
                told = getattr(owner, name)
                setattr(owner, name, default)
                return (told,) if issue is None else None

            return one

        def several(value: Any) -> tuple[Any, ...] | None:
            issue = setter(draft, value)
            told = []
            for owner, name, default in owners:
                got = getattr(owner, name)
                if type(got) is list:
                    got = got.pop() if got else ()
                else:
                    setattr(owner, name, default)
                told.append(got)
            return tuple(told) if issue is None else None

        return several

    def _owner(self, target: str) -> tuple[Any, str, Any]:
        """(object, attribute, its default) of what a column sets."""
        owner: Any = self._blank if target.startswith(".") else self._blank.record
        name = target.removeprefix(".")
        return owner, name, getattr(owner, name)

    def _common(self, block: Block, told: dict[int, Any]) -> list[bool]:
        """For each row whether none of its values needs a second look."""
        common = [True] * len(block)
        for found, codes in told.values():
            if None in found:
                common = list(map(and_, common, [found[code] is not None for code in codes]))
        return common

    def _assets(self, block: Block) -> list[bool]:
        """For each row whether it is an asset at first sight."""
        assets = [True] * len(block)
        for test in (self._are_filled, self._are_unmarked, self._are_named, self._are_inside):
            good = test(block)
            if good is not None:
                assets = list(map(and_, assets, good))
        return assets

    def _are_filled(self, block: Block) -> list[bool] | None:
        """Whether more than two cells of each row are filled; None when all are."""
        if sum(1 for values, _ in block.columns if None not in values and "" not in values) > 2:
            return None
        width = len(block.columns)
        rows = zip(*map(expand, block.columns), strict=True)
        return [width - row.count(None) - row.count("") > 2 for row in rows]

    def _are_unmarked(self, block: Block) -> list[bool]:
        """Whether the first text of each row begins like a thing, not like a subtotal or a signature."""
        good: list[bool | None] = [None] * len(block)
        kinds = self._kinds
        for at, (values, codes) in enumerate(block.columns):
            plain = [
                kinds.mark(v) is None if type(v) is str and v != "" and not kinds.is_count(at, v) else None
                for v in values
            ]
            said = map(plain.__getitem__, codes)
            good = [old if old is not None else new for old, new in zip(good, said, strict=True)]
            if None not in good:
                break
        return [bool(one) for one in good]

    def _are_named(self, block: Block) -> list[bool] | None:
        """Whether a column that names things is filled in each row; None when it is in all."""
        named = [False] * len(block)
        for at in self._kinds.identity:
            if at >= len(block.columns):
                continue
            values, codes = block.columns[at]
            filled = [v is not None and v != "" and self._kinds.names_thing(at, v) for v in values]
            if all(filled):
                return None
            named = [old or filled[code] for old, code in zip(named, codes, strict=True)]
        return named

    def _are_inside(self, block: Block) -> list[bool] | None:
        """Whether no cell stands to the right of the last header; None when none does."""
        beyond = [
            column
            for column in block.columns[self._assembler.width :]
            if any(v is not None for v in column[0])
        ]
        if not beyond:
            return None
        return [all(v is None or v == "" for v in row) for row in zip(*map(expand, beyond), strict=True)]

    def _records(self, rows: Block, told: dict[int, Any], common: list[bool], start: int) -> RecordBlock:
        columns: dict[str, Coded] = {}
        for part in self._parts:
            if part.at not in told:
                continue
            found, codes = told[part.at]
            codes = codes[start : start + len(rows)]
            for place, target in enumerate(part.targets):
                name = part.field if part.field in _SOFTWARE else target
                told_here = ([one[place] if one is not None else None for one in found], codes)
                columns[name] = _later(columns[name], told_here) if name in columns else told_here
        common = list(map(and_, common, self._finish(columns, len(rows))))
        return RecordBlock(self._assembler, self._width, rows, columns, common)

    def _finish(self, columns: dict[str, Coded], count: int) -> list[bool]:
        """What several columns say together, as `Assembler._finish` does for one record; the value tells the
        rows that need no second look."""
        assembler = self._assembler
        self._count(columns, count)
        if assembler.condition_in_notes and "notes" in columns:
            columns["condition"] = coded_map(columns["notes"], self._condition)
        if assembler.unit_is_place and "agency_text" in columns:
            columns["location"] = columns["agency_text"]
        for name, text in assembler.titles.items():
            values, codes = columns.get(name) or ([None], array("H", bytes(2 * count)))
            columns[name] = ([text if value is None else value for value in values], codes)
        if assembler.money_column is not None:
            given = [_cells(columns, name, count) for name in ("cost", "currency", ".money_currency")]
            columns["currency"] = encode(list(map(self._currency, *given)))
        names = _cells(columns, "name", count)
        if not all(names):
            others = [_cells(columns, name, count) for name in ("hostname", ".category", "model", "brand")]
            names = [next(filter(None, row), "") for row in zip(names, *others, strict=True)]
            columns["name"] = encode(names)
        return self._classify(columns, count)

    def _count(self, columns: dict[str, Coded], count: int) -> None:
        """Units, and the costs of all of them where only that of one is stated."""
        if ".units_stated" in columns:
            columns["units"] = coded_map(columns[".units_stated"], lambda stated: stated or 1)
        each = columns.pop("unit_cost", None)
        if each is None:
            return
        costs, units = _cells(columns, "cost", count), _cells(columns, "units", count, 1)
        rows = zip(costs, expand(each), units, strict=True)
        columns["cost"] = encode(
            [one * many if cost is None and one is not None else cost for cost, one, many in rows]
        )

    def _condition(self, notes: str | None) -> str | None:
        return condition_in_notes(notes, self._assembler.vocabulary) if notes else None

    def _currency(self, cost: Any, stated: str | None, beside: str | None) -> str | None:
        if cost is None and stated is None:
            return None
        return stated or beside or self._assembler.currency or "IDR"

    def _classify(self, columns: dict[str, Coded], count: int) -> list[bool]:
        """Put class and scope; the value tells the rows where nothing is odd about them."""
        bases = coded_map(columns["name"], base_name) if "name" in columns else None
        software = [_cells(columns, name, count, ()) for name in _SOFTWARE if name in columns]
        has = [any(row) for row in zip(*software, strict=True)] if software else [False] * count
        given = [list(expand(bases)) if bases else [""] * count]
        given += [_cells(columns, name, count) for name in _TELLING]
        keys = list(zip(*given, has, strict=True))
        classes: dict[Any, tuple[str, ItScope, bool]] = {}
        names = list(expand(columns["name"])) if "name" in columns else [""] * count
        firsts = dict(zip(reversed(keys), reversed(range(count)), strict=True))
        for key, at in firsts.items():
            known = self._classes.get(key)
            if known is None:
                known = self._class_of(key, names[at])
                if len(self._classes) < MEMO:
                    self._classes[key] = known
            classes[key] = known
        found = list(map(classes.__getitem__, keys))
        columns["asset_class"] = encode([kind for kind, _, _ in found])
        columns["it_scope"] = encode([scope for _, scope, _ in found])
        return [plain for _, _, plain in found]

    def _class_of(self, key: tuple[Any, ...], name: str) -> tuple[str, ItScope, bool]:
        """Class, scope, and whether nothing is odd about them."""
        _, brand, model, category, marker, system, code, has = key
        record = Record("", 0, name=name, brand=brand, model=model, os=system, item_code=code)
        problems: list[Problem] = []
        draft = Draft(record, category=category or "", marker=marker or "", software=[()] if has else [])
        self._assembler.classify(draft, problems)
        return record.asset_class, ItScope(record.it_scope), not problems


def _targets(field: str, told: list[str]) -> tuple[str, ...]:
    """What a column sets; a brand without a model column beside it may name both, or be a specification."""
    return _SETS["brand_model"] if field == "brand" and "model" not in told else _SETS[field]


def _stands_for_more(field: str, told: tuple[Any, ...]) -> bool:
    """Whether a value speaks of other columns too: a range of registers of units, a specification of all."""
    if field in ("register", "code_register"):
        return bool(told[-1]) and units_of_range(told[-1]) is not None
    return field in ("brand", "brand_model") and bool(told[-1]) and len(told) > 1


def _later(first: Coded, second: Coded) -> Coded:
    """Of two columns the later one's cells, and the first one's where those are blank."""
    return encode([b if b is not None else a for a, b in zip(expand(first), expand(second), strict=True)])


def coded_map(column: Coded, act: Callable[[Any], Any]) -> Coded:
    """The column with `act` applied to each distinct value."""
    values, codes = column
    return list(map(act, values)), codes


def _cells(columns: dict[str, Coded], name: str, count: int, default: Any = None) -> list[Any]:
    return list(expand(columns[name])) if name in columns else [default] * count
