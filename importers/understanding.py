"""From a file to records: each sheet's tables found, their rows told apart, and what was understood of it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType

from importers.assembly import Assembler
from importers.column_kinds import problems_of
from importers.columnar import ColumnTable, RecordBlock
from importers.columns import Columns
from importers.formats import Format, find_format
from importers.formats.glpi import rewrite
from importers.formats.nested import unfold
from importers.grouping import Group, group_field
from importers.layout import Header, HeaderWords, Row, find_header, is_blank, score_row
from importers.layout_columns import assign_columns, default_style
from importers.layout_rows import ASSET, BLANK, NO_IDENTITY, SUBTOTAL, RowKinds, row_kinds
from importers.merges import Merges
from importers.reading import Block, RawFile, open_sheets
from importers.rows import Limits, Problem, RawSheet, Record, RefusedFile, SheetInfo, Skipped
from importers.rowstream import RowStream
from importers.titles import read_titles
from importers.totals import Totals
from importers.values.text import text_of
from importers.vocabulary import Vocabulary, default_vocabulary

BATCH = 5_000
#: Rows whose values say what a column holds; more would only cost time.
_SAMPLE = 400
_PREFIX = 60
Mapping_ = Mapping[str, str]
#: A record, or many of them in columns.
Made = Record | RecordBlock


@dataclass(slots=True)
class SheetReader:
    """Reads one sheet into records; afterwards says what was understood."""

    raw: RawSheet
    words: HeaderWords
    today: date
    mapping: Mapping_ | None = None
    delimited: bool = False
    family: str | None = None
    format: Format | None = None
    header_rows: list[int] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    sure: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    rows: int = 0
    records: int = 0
    header_found: bool = False
    not_inventory: bool = False

    def info(self) -> SheetInfo:
        """What was understood of the sheet so far."""
        return SheetInfo(
            self.raw.name, self.raw.hidden, tuple(self.header_rows), dict(self.named), self.rows, self.records,
            len(self.skipped), dict(self.sure), dict(self.places), dict(self.reasons),
        )  # fmt: skip

    def read(self, blocks: Iterable[Iterable[Row]]) -> Iterator[Made]:
        """The records of the sheet, in order."""
        stream = RowStream(iter(blocks))
        while True:
            before = stream.peek(_PREFIX)
            if not any(not is_blank(value) for _, values in before for value in values):
                return
            header = find_header(before, self.words, self.raw.merged)
            if header is None:
                self._no_header(stream, before)
                return
            sample = stream.peek(header.data_from + _SAMPLE)
            self.format = find_format(header.labels)
            titles = read_titles(before[: header.data_from - len(header.rows)], self.words.vocabulary)
            columns = assign_columns(
                header,
                sample[header.data_from :],
                self.words,
                default_style(self.raw.date_1904, self.today),
                self.mapping,
                self.format,
                titles,
            )
            rows = stream.take() or []
            stream.put_back(rows[header.data_from :])
            again = yield from self._joined(self._table(stream, header, columns, titles.fields), columns)
            if not again:
                return

    def _joined(self, records: Generator[Made, None, bool], columns: Columns) -> Generator[Made, None, bool]:
        """The records, those of one thing joined where each row is an installation or a scanner's find."""
        field = group_field(columns, self.format)
        if field is None:
            return (yield from records)
        group = Group(field, installations=columns.kind == "installations")
        again = yield from group.join(records)
        yield from group.records()
        if group.rows > group.count:
            text = f"{group.rows} rows were joined to {group.count} assets by {field}"
            self.problems.append(Problem(self.raw.name, self.header_rows[-1], None, "rows-joined", text))
            self.records -= group.rows - group.count
        return again

    def _no_header(self, stream: RowStream, before: list[Row]) -> None:
        row = next(number for number, values in before if any(not is_blank(value) for value in values))
        message = "no row names columns that are known (such as asset tag, serial number, name, Kode Barang)"
        self.problems.append(Problem(self.raw.name, row, None, "no-header", message))
        while (rows := stream.take()) is not None:
            self.rows += len(rows)

    def _table(
        self, stream: RowStream, header: Header, columns: Columns, titles: dict[str, str]
    ) -> Generator[Made, None, bool]:
        """Records of one table; the generator's value says whether another table follows."""
        self.header_found = True
        self.header_rows += header.rows
        self.named.update(columns.named())
        self.sure.update(columns.sure())
        self.reasons.update(columns.reasons())
        self.places.update({label: column.at + 1 for label, column in columns.shown().items()})
        if header.rival is not None:
            text = f"rows {header.rows[0]} and {header.rival} both look like the header; row {header.rows[0]} is used"
            self.problems.append(Problem(self.raw.name, header.rival, None, "two-headers", text))
        if columns.kind in ("none", "licences", "nameless") or self._is_other_family():
            self._leave(stream, header, columns)
            return False
        self.problems += problems_of(columns, self.raw.name, header.rows[-1])
        return (yield from self._rows(stream, header, columns, titles))

    def _is_other_family(self) -> bool:
        """Whether the sheet belongs to a file whose assets stand on other sheets."""
        if self.format is not None and self.format.skip is not None:
            return True
        return self.family is not None and (self.format is None or self.format.family != self.family)

    def _leave(self, stream: RowStream, header: Header, columns: Columns) -> None:
        self.not_inventory = True
        if self.format is not None and self.format.quiet:
            self._pass_over(stream, self.format.quiet)
            return
        licences = columns.kind == "licences"
        message = "a list of licences, not of things" if licences else "the columns do not describe assets"
        if columns.kind == "nameless":
            message = (
                "rows name software, but no column names its machine (asset tag, serial number or host name)"
            )
        if self._is_other_family():
            message = (
                self.format.skip if self.format else None
            ) or "the assets of this file stand on other sheets"
        self.problems.append(
            Problem(
                self.raw.name, header.rows[-1], None, "licence-list" if licences else "not-inventory", message
            )
        )
        places = columns.fields()
        while (rows := stream.take()) is not None:
            for number, values in rows:
                if not any(not is_blank(value) for value in values):
                    continue
                self.rows += 1
                self._skip(number, "licence" if licences else "not-inventory", values)
                if licences and "licences_used" in places:
                    self._compare_licences(number, values, places["licences"].at, places["licences_used"].at)

    def _pass_over(self, stream: RowStream, reason: str) -> None:
        while (rows := stream.take()) is not None:
            for number, values in rows:
                if any(not is_blank(value) for value in values):
                    self.rows += 1
                    self._skip(number, reason, values)

    def _compare_licences(self, number: int, values: list[object], held: int, used: int) -> None:
        have = values[held] if held < len(values) else None
        want = values[used] if used < len(values) else None
        if isinstance(have, int) and isinstance(want, int) and want > have:
            text = f"{want} of {have} licences are in use"
            self.problems.append(Problem(self.raw.name, number, None, "licences-exceeded", text, str(want)))

    def _skip(self, number: int, reason: str, values: list[object]) -> None:
        text = " ".join(text_of(value) for value in values if not is_blank(value))
        self.skipped.append(Skipped(self.raw.name, number, reason, text[:200]))

    def _rows(
        self, stream: RowStream, header: Header, columns: Columns, titles: dict[str, str]
    ) -> Generator[Made, None, bool]:
        style = default_style(self.raw.date_1904, self.today)
        assembler = Assembler(
            self.raw.name, columns, style, self.words.vocabulary, titles, self.format, self.delimited
        )
        kinds = row_kinds(header, columns, self.words.vocabulary, assembler.exact)
        width = len(header.levels)
        one_by_one = assembler.exact or group_field(columns, self.format) is not None
        table = None if one_by_one else ColumnTable.of(assembler, kinds, width)
        merges = Merges(self.raw.merged, columns, header.rows[-1])
        totals = Totals.of(columns, self.words.vocabulary)
        while (taken := stream.take_block()) is not None:
            block = merges.fill(taken)
            for start, end, records in table.parts(block) if table else [(0, len(block), None)]:
                if records is not None and not kinds.signing:
                    totals.add_block(block, start, end)
                    self.rows += len(records)
                    self.records += len(records)
                    yield records
                    continue
                again = yield from self._each(block.part(start, end), header, assembler, kinds, totals)
                if again is not None:
                    stream.put_back(list(block)[start + again :])
                    return True
        if not self.records:
            text = "the sheet has a header and no rows"
            self.problems.append(Problem(self.raw.name, header.rows[-1], None, "no-rows", text))
        return False

    def _each(
        self, block: Block, header: Header, assembler: Assembler, kinds: RowKinds, totals: Totals
    ) -> Generator[Record, None, int | None]:
        """Records made one by one; the generator's value is where another table begins, counted from 0."""
        width = len(header.levels)
        make, kind_of = assembler.make, kinds.kind_of
        for at, (number, values) in enumerate(block):
            if len(values) < width:
                values = values + [None] * (width - len(values))  # noqa: PLW2901 - the padded row
            kind = kind_of(values)
            if kind == ASSET:
                self.rows += 1
                self.records += 1
                totals.add(values)
                yield make(number, values)
            elif kind != BLANK:
                if self._is_new_header(values, header):
                    return at
                self.rows += 1
                if kind == NO_IDENTITY:
                    yield self._nameless(number, values, assembler)
                else:
                    self._skip(number, kind, values)
                    if kind == SUBTOTAL:
                        self.problems += totals.problems_of(self.raw.name, number, values)
        return None

    def _is_new_header(self, values: list[object], header: Header) -> bool:
        """Whether another table begins: a row of three or more field names that is not this table's header."""
        texts = [text_of(value) for value in values if isinstance(value, str) and value.strip()]
        if len(texts) < 3 or all(any(text in level for level in header.levels) for text in texts):
            return False
        return score_row(values, self.words) >= 3.6

    def _nameless(self, number: int, values: list[object], assembler: Assembler) -> Record:
        """A row that names nothing: kept as a rejected record, so that it is not lost."""
        self.records += 1
        record = assembler.make(number, values)
        text = " ".join(text_of(value) for value in values if not is_blank(value))
        message = "the row names no asset: no tag, code, serial, name, brand or model"
        problem = Problem(self.raw.name, number, None, "no-identity", message, text[:200])
        record.problems = (*record.problems, problem)
        record.rejected = True
        return record


class Reading:
    """A file being understood. Use as a context manager; iterate `batches()` once, then look at the rest.

    `sheets`, `problems` (of the file and its sheets, not those that records carry) and `skipped` are
    complete when the batches are.
    """

    def __init__(
        self,
        raw: RawFile,
        vocabulary: Vocabulary,
        mapping: Mapping_ | None,
        include_hidden: bool,
        today: date,
    ) -> None:
        self._raw = raw
        self._words = HeaderWords(vocabulary)
        self._mapping = mapping
        self._include_hidden = include_hidden
        self._today = today
        self._finished: list[SheetReader] = []
        self._problems: list[Problem] = []
        self._family: str | None = None

    def __enter__(self) -> Reading:
        self._raw.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.__exit__(kind, error, trace)

    @property
    def format(self) -> str:
        """'xlsx', 'xls', 'ods', 'csv', 'json', 'html'."""
        return self._raw.format

    @property
    def sheets(self) -> tuple[SheetInfo, ...]:
        """What was understood of each sheet."""
        return tuple(reader.info() for reader in self._finished)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the file and its sheets; each record carries its own."""
        found = [*self._raw.problems, *self._problems]
        for reader in self._finished:
            found += reader.problems
        return tuple(found)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The rows that are no assets, with the reason."""
        return tuple(row for reader in self._finished for row in reader.skipped)

    @property
    def is_own(self) -> bool:
        """Whether the sheet read first is our own list, in which everything was put on purpose."""
        formats = (reader.format for reader in self._finished if reader.header_found)
        first = next((known for known in formats if known is None or not known.quiet), None)
        return first is not None and first.exact

    def batches(self) -> Iterator[Sequence[Record]]:
        """The records in file order, at most 5,000 at a time; many like rows come as a RecordBlock.

        Raises:
            RefusedFile: the file cannot be read, or no sheet has a header that is understood.
        """
        batch: list[Record] = []
        for record in self._records():
            if isinstance(record, RecordBlock):
                if batch:
                    yield batch
                yield record
                batch = []
                continue
            batch.append(record)
            if len(batch) == BATCH:
                yield batch
                batch = []
        if batch:
            yield batch
        self._refuse_unknown()

    def _records(self) -> Iterator[Made]:
        for sheet, blocks in self._raw.sheets():
            reader = SheetReader(
                sheet, self._words, self._today, self._mapping, self.format == "csv", self._family
            )
            self._finished.append(reader)
            if sheet.hidden and not self._include_hidden:
                text = "the sheet is hidden and was not read"
                self._problems.append(Problem(sheet.name, None, None, "hidden-sheet", text))
                continue
            yield from reader.read(unfold(rewrite(map(list, blocks))) if self.format == "json" else blocks)
            if reader.format is not None and reader.format.exclusive:
                self._family = reader.format.family

    def _refuse_unknown(self) -> None:
        """A file in which no sheet lists assets is refused, saying what was looked for."""
        if any(reader.header_found and not reader.not_inventory for reader in self._finished):
            return
        named = ", ".join(f"'{reader.raw.name}'" for reader in self._finished if not reader.raw.hidden)
        found = next((problem for reader in self._finished for problem in reader.problems), None)
        where = f" ({found.sheet}, row {found.row}: {found.message})" if found else ""
        code = "missing_header" if any(reader.header_found for reader in self._finished) else "no_header"
        raise RefusedFile(code, f"No list of assets was found on sheet {named or 'any'}{where}.")


def read(
    path: Path,
    vocabulary: Vocabulary | None = None,
    mapping: Mapping_ | None = None,
    limits: Limits | None = None,
    *,
    include_hidden: bool = False,
    today: date | None = None,
) -> Reading:
    """Begin to understand a file; nothing is kept in memory but what batches hold.

    `mapping` assigns source headers to fields and outranks what is found; `today` decides which dates lie
    in the future (default: the day in UTC).

    Raises:
        RefusedFile: the file is of no kind that is read, or breaks a limit.
    """
    raw = open_sheets(Path(path), limits or Limits(), include_hidden=include_hidden)
    day = today or datetime.now(UTC).date()
    return Reading(raw, vocabulary or default_vocabulary(), mapping, include_hidden, day)
