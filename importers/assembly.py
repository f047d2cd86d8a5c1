"""From the rows of a table to records: what several columns say together, and what each thing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from importers.classes import OTHER, classify, classify_conflict, classify_maker
from importers.columns import PRESENT, Column, Columns
from importers.drafts import MESSAGES, Draft, Setter, add_months, share
from importers.formats import Format
from importers.own import bared
from importers.reading.messages import BROKEN_OFF, NEVER_CALCULATED, CellError
from importers.rows import ItScope, Problem, Record, SoftwareName
from importers.setters import compile_column
from importers.values.conditions import condition_in_notes
from importers.values.dates import DateStyle
from importers.values.ranges import units_of_range
from importers.values.specification import Specification, read_model, read_specification
from importers.values.text import compact, text_of, visible
from importers.vocabulary import Vocabulary

_REJECTING = frozenset(
    {
        "money-negative",
        "money-absurd",
        "tag-not-text",
        "tag-unseen-character",
        "forbidden-character",
        "cell-error-in-key",
        "cell-unusable",
        "row-too-long",
        "row-too-short",
    }
)
_KEYS = frozenset({"asset_tag", "serial", "item_code", "register", "code_register", "hostname"})
_MONEY = frozenset({"cost", "unit_cost"})
#: Beside these a name says nothing of maker and model.
_MAKERS = frozenset({"brand", "model", "brand_model", "specification"})
_LAST = frozenset({"model", "serial_other"})
_CLASS_MEMO = 50_000
#: What a cell says of a thing's kind stands at its beginning.
_READ = 300


class Assembler:
    """Makes the records of one table. `titles` are what the title block says (agency, room, currency)."""

    def __init__(
        self,
        sheet: str,
        columns: Columns,
        style: DateStyle,
        vocabulary: Vocabulary,
        titles: dict[str, str],
        known: Format | None = None,
        delimited: bool = False,
    ) -> None:
        self.sheet = sheet
        self.columns = columns
        self.vocabulary = vocabulary
        self.titles = titles
        self.format = known
        self.exact = known is not None and known.exact
        self.overflow = "row-too-long" if delimited else "beyond-header"
        self.plan = self._compile(style)
        self.width = columns.reach
        self.present = frozenset(
            name
            for column in columns.columns
            for name in PRESENT.get(column.field, (column.field,))
            if column.field not in ("extra", "ignore", "sequence")
        )
        fields = {column.field for column in columns.columns}
        self.condition_in_notes = "notes" in fields and not fields & {
            "condition", "condition_good", "condition_fair", "condition_broken"
        }  # fmt: skip
        self.brand_in_name = "name" in fields and not fields & _MAKERS
        self.money_column = next((c.label for c in columns.columns if c.field in ("cost", "unit_cost")), None)
        self.currency = next((c.currency for c in columns.columns if c.currency), None)
        self.multiple = "units" in fields or "register" in fields or "code_register" in fields
        self.headed_class = _headed_class(columns, vocabulary)
        self.unit_is_place = _unit_is_place(columns, vocabulary)
        if self.unit_is_place:
            self.present |= {"location"}
        self.specified: dict[str, Specification] = {}
        self.memo: dict[tuple[str | None, ...], tuple[str, ItScope, bool]] = {}

    def _compile(self, style: DateStyle) -> list[tuple[int, Column, Setter]]:
        plan = []
        fields = frozenset(column.field for column in self.columns.columns)
        # A model column outranks the rest of a brand cell, a second serial number fills in for the first.
        for column in sorted(self.columns.columns, key=lambda c: (c.field in _LAST, c.at)):
            setter = compile_column(column, style, self.vocabulary, fields)
            if setter is not None:
                plan.append((column.at, column, bared(setter) if self.exact else setter))
        return plan

    def make(self, row: int, values: Sequence[object]) -> Record:
        """The record of an asset row; `values` is at least as long as the header."""
        record = Record(self.sheet, row, columns_present=self.present)
        draft = Draft(record)
        problems: list[Problem] = []
        for at, column, setter in self.plan:
            value = values[at]
            if value is None or value == "":
                continue
            if type(value) is CellError:
                issue: tuple[str, str] | None = _issue_of(column.field, value.text)
            else:
                issue = setter(draft, value)
            if issue is not None:
                shown = value.text if type(value) is CellError else visible(text_of(value))
                problems.append(Problem(self.sheet, row, column.label, issue[0], issue[1], shown[:200]))
        if len(values) > self.width:
            self._note_overflow(values, row, problems)
        self._finish(draft, problems)
        if problems:
            record.problems = tuple(problems)
            record.rejected = any(problem.code in _REJECTING for problem in problems)
        return record

    def _note_overflow(self, values: Sequence[object], row: int, problems: list[Problem]) -> None:
        beyond = [text_of(value) for value in values[self.width :] if value is not None and value != ""]
        if beyond:
            text = "the row holds values to the right of the last header"
            problems.append(Problem(self.sheet, row, None, self.overflow, text, "; ".join(beyond)[:200]))

    def _finish(self, draft: Draft, problems: list[Problem]) -> None:
        record = draft.record
        self._name(draft)
        if draft.ticks or draft.units_stated is not None or self.multiple:
            _count(draft, self.sheet, problems)
        if record.unit_cost is not None and record.cost is None:
            record.cost = record.unit_cost * record.units
        elif record.cost is not None and record.unit_cost is None:
            record.unit_cost = share(record.cost, record.units) if record.units > 1 else record.cost
        if self.money_column is not None and (record.cost is not None or record.currency is not None):
            record.currency = record.currency or draft.money_currency or self.currency or "IDR"
        if self.condition_in_notes and record.notes:
            record.condition = condition_in_notes(record.notes, self.vocabulary)
        if draft.warranty_months and record.acquired_on and record.acquired_precision == "day":
            record.warranty_ends_on = add_months(record.acquired_on, draft.warranty_months)
        if draft.os_version or draft.os_fallback or draft.software:
            _install(draft)
        self.classify(draft, problems)
        if self.unit_is_place:
            record.location = record.agency_text
        for name, text in self.titles.items():
            if getattr(record, name) is None:
                setattr(record, name, text)

    def _name(self, draft: Draft) -> None:
        record = draft.record
        if draft.address:
            record.extra.setdefault("address", draft.address)
            record.hostname = record.hostname or draft.address
        if draft.specification:
            record.extra.setdefault("specification", draft.specification)
            self._specify(record, draft.specification)
        elif self.brand_in_name and not self.exact:
            self._specify(record, record.name)
        if not record.name and not self.exact:
            record.name = record.hostname or draft.category or record.model or record.brand or ""
        if draft.category:
            record.extra.setdefault("category", draft.category)

    def _specify(self, record: Record, text: str) -> None:
        """Fill maker, model and system from a cell of free text where no column names them."""
        found = self.specification(text)
        if record.brand is None and record.model is None:
            record.brand, record.model = found.brand, found.model
        elif record.brand is not None and record.model is None:
            record.model = read_model(text, record.brand, self.vocabulary)
        record.os = record.os or found.os

    def specification(self, text: str) -> Specification:
        """What a cell of free text says of maker, model and system."""
        found = self.specified.get(text)
        if found is None:
            found = read_specification(text, self.vocabulary)
            if len(self.specified) < _CLASS_MEMO:
                self.specified[text] = found
        return found

    def classify(self, draft: Draft, problems: list[Problem]) -> None:
        """Give the record its class and scope, once its name, maker and software are known."""
        record = draft.record
        said = f"{record.brand or ''} {record.model or ''} {draft.specification}"[:_READ].strip()
        name = (record.name if not draft.category else f"{draft.category} {record.name}")[:_READ]
        # 'Desktop PC 181' is what 'Desktop PC' is: a running number says nothing and would defeat the memory.
        base = name.rstrip("0123456789")
        if base[-1:] == " ":
            name = base
        key = (
            record.item_code,
            name,
            said,
            draft.marker,
            "software" if draft.software else None,
            record.os if record.item_code is None else None,
        )
        known = self.memo.get(key)
        if known is None:
            known = self._decide(draft, name, said)
            if len(self.memo) < _CLASS_MEMO:
                self.memo[key] = known
        kind, scope, odd = known
        record.asset_class, record.it_scope = kind, scope
        if draft.stated_class or draft.stated_scope:
            _state(draft)
            odd = False
        if odd:
            text = f"the item code is not one of information technology, the name is; taken as {kind}"
            problems.append(Problem(self.sheet, record.row, None, "class-conflict", text, record.item_code))
        if self.columns.coded and not record.item_code:
            self._without_code(record, problems)

    def _decide(self, draft: Draft, name: str, said: str) -> tuple[str, ItScope, bool]:
        rules = self.vocabulary.classes
        code = draft.record.item_code
        known = self.format
        if known is not None and known.asset_class:
            return known.asset_class, ItScope.IT, False
        kind, scope = classify(code, name, said, rules)
        marked = rules.markers.get(draft.marker.casefold()) if draft.marker else None
        if marked is not None and marked != scope:
            return (
                ("peripheral" if kind == OTHER else kind) if marked == "it" else OTHER,
                ItScope(marked),
                False,
            )
        if code and scope == ItScope.OTHER:
            conflict = classify_conflict(name, rules)
            if conflict:
                return conflict, ItScope.IT, True
        if not code and scope == ItScope.OTHER:
            kind, scope = self._by_circumstance(draft, name)
        if known is not None and known.scope:
            return kind, ItScope(known.scope), False
        return kind, scope, False

    def _by_circumstance(self, draft: Draft, name: str) -> tuple[str, ItScope]:
        """The class of a thing whose name says nothing: by its maker, its system, or the software on it."""
        record, rules = draft.record, self.vocabulary.classes
        made = classify_maker(record.brand, name, rules) if record.brand else None
        if made and made != OTHER:
            return made, ItScope.IT
        if self.headed_class:
            return self.headed_class, ItScope.IT
        if record.os:
            system = record.os.casefold()
            if system.split()[0].split("/")[0] in self.vocabulary.mobile_systems:
                return "mobile", ItScope.IT
            serves = any(word in system for word in self.vocabulary.server_systems)
            return ("server" if serves else "desktop"), ItScope.IT
        return OTHER, ItScope.IT if made or draft.software else ItScope.OTHER

    def _without_code(self, record: Record, problems: list[Problem]) -> None:
        """In a sheet where every other row has an item code, a row without one is not counted as IT."""
        text = "the row has no item code, unlike all others"
        if record.it_scope != ItScope.OTHER:
            text += f"; by its name it may be {record.asset_class}, but it is not taken as IT"
        record.asset_class, record.it_scope = OTHER, ItScope.OTHER
        problems.append(Problem(self.sheet, record.row, None, "item-code-missing", text, record.name))


def _headed_class(columns: Columns, vocabulary: Vocabulary) -> str | None:
    """The class that the header of the names states: under 'Nama VM' stand virtual machines."""
    heads = [column.label for column in columns.columns if column.field in ("name", "hostname")]
    return next(filter(None, (vocabulary.headed_classes.get(compact(label)) for label in heads)), None)


def _unit_is_place(columns: Columns, vocabulary: Vocabulary) -> bool:
    """Whether a unit of the agency ('Unit Kerja', 'Dept') is the only word of where a thing is."""
    fields = columns.fields()
    unit = fields.get("agency_text")
    return unit is not None and "location" not in fields and compact(unit.label) in vocabulary.unit_headers


def _state(draft: Draft) -> None:
    """What the row itself says of class and scope outranks what its name would say."""
    record = draft.record
    record.asset_class = draft.stated_class or record.asset_class
    if draft.stated_scope:
        record.it_scope = draft.stated_scope
    elif record.it_scope == ItScope.OTHER and record.asset_class != OTHER:
        record.it_scope = ItScope.IT


def _issue_of(field: str, error: str) -> tuple[str, str]:
    """What a cell without a usable value means: a damaged one spoils its row, a spreadsheet's own error
    (#N/A of a failed look-up) only its field, unless the field names the thing or the number has no end.
    """
    if error.startswith(BROKEN_OFF):
        return "row-too-short", f"{error}; is it broken off?"
    if field in _MONEY and error == "#NUM!":
        return "money-absurd", MESSAGES["money-absurd"]
    if not error.startswith("#") and error != NEVER_CALCULATED:
        return "cell-unusable", f"the cell cannot be used: {error}"
    shown = "a formula that was never calculated" if error == NEVER_CALCULATED else f"the error {error}"
    if field in _KEYS:
        return "cell-error-in-key", f"the cell that names the asset holds {shown}"
    return "cell-error", f"the cell holds {shown}; it stays unknown"


def _count(draft: Draft, sheet: str, problems: list[Problem]) -> None:
    """Units from the quantity, the register range or the condition columns; they should agree."""
    record = draft.record
    ranged = units_of_range(record.register) if record.register else None
    units = draft.units_stated or ranged or 1
    if draft.units_stated and ranged and draft.units_stated != ranged:
        text = (
            f"the quantity is {draft.units_stated}, the register range names {ranged}; the quantity is taken"
        )
        problems.append(Problem(sheet, record.row, None, "units-disagree", text, record.register))
    if draft.ticks:
        counted = sum(units if count < 0 else count for count in draft.ticks.values())
        if draft.units_stated is None and ranged is None and all(count > 0 for count in draft.ticks.values()):
            units = counted
        _spread(draft, units)
        if counted != units:
            text = f"{counted} things are counted by condition, {units} in all"
            problems.append(Problem(sheet, record.row, None, "units-disagree", text, str(counted)))
    record.units = units
    if units > 1 and record.serial is None and ranged:
        text = f"the register range stands for {units} things without serial numbers of their own"
        problems.append(Problem(sheet, record.row, None, "register-range", text, record.register))


def _spread(draft: Draft, units: int) -> None:
    conditions = {word: units if count < 0 else count for word, count in draft.ticks.items()}
    if len(conditions) == 1 and units == 1:
        draft.record.condition = next(iter(conditions))
    else:
        draft.record.conditions = conditions


def _install(draft: Draft) -> None:
    record = draft.record
    if draft.os_fallback and not record.os:
        record.os = draft.os_fallback
    if draft.os_version and record.os:
        if draft.os_version.casefold() not in record.os.casefold():
            record.os = f"{record.os} {draft.os_version}"
    elif draft.os_version:
        record.os = draft.os_version
        if "windows" in draft.category.casefold() and record.os[0].isdigit():
            record.os = f"Windows {record.os}"
    if not draft.software:
        return
    names: tuple[SoftwareName, ...] = draft.software[0]
    for more in draft.software[1:]:
        names += more
    if draft.software_version or draft.software_publisher:
        names = tuple(
            replace(item, version=draft.software_version, publisher=draft.software_publisher)
            for item in names
        )
    record.software = names
