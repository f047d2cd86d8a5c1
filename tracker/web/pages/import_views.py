"""What the pages of an import show: rows with their differences, problems with their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from tracker.inventory.diffing import ASSET_FIELDS
from tracker.inventory.replacing import RetiringView
from tracker.inventory.schemas import BatchRowView, BatchView, KeptRow
from tracker.inventory.tasks import TaskView
from tracker.web.choices import Column, Option, Tab, address, columns
from tracker.web.formats import NOTHING, Formats
from tracker.web.i18n import N_
from tracker.web.pages.import_columns import ColumnsPart
from tracker.web.rendering import translate
from tracker.web.terms import term
from tracker.web.translation import code_text
from tracker.web.visitor import Visitor

ROWS_PER_PAGE = 50
OUTCOMES = ("created", "updated", "unchanged", "skipped", "rejected")
PROBLEMS, RETIRED = "problems", "retired"
#: Fields that say how another is to be read; they are not shown as values of their own.
_COMPANIONS = frozenset({"acquired_precision", "currency", "it_scope"})
_TERM_FIELDS = {
    "asset_class": "asset_class",
    "condition": "condition",
    "status": "status",
    "it_scope": "it_scope",
}


@dataclass(frozen=True, slots=True)
class UploadPage:
    """The form for a file."""

    agencies: tuple[Option, ...]
    agency: str | None
    most_bytes: int
    most_shown: str
    policies: tuple[Option, ...]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ImportsPage:
    """Uploaded files, newest first."""

    batches: tuple[BatchView, ...]
    columns: tuple[Column, ...]
    may_import: bool
    next_url: str | None
    first_url: str | None
    waiting: tuple[TaskView, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a row: `before` is None where the row makes the asset."""

    label: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row of the file with what becomes of it."""

    sheet: str
    row: int
    outcome: str
    tone: str
    label: str
    reason: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One doubtful place of the file: `row` is 'the whole sheet' where it has none."""

    sheet: str
    row: str
    column: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A value that an undo left alone."""

    asset_id: int
    asset: str
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One import: counts, a view of its rows or its problems, and what can be done with it."""

    batch: BatchView
    tone: str
    tabs: tuple[Tab, ...]
    view: str
    rows: tuple[RowLine, ...]
    problems: tuple[ProblemLine, ...]
    columns: ColumnsPart
    kept: tuple[KeptLine, ...]
    policy: str
    retiring: int
    retired: tuple[RetiringView, ...]
    retired_columns: tuple[Column, ...]
    kept_columns: tuple[Column, ...]
    row_columns: tuple[Column, ...]
    problem_columns: tuple[Column, ...]
    first_url: str | None
    next_url: str | None
    may_apply: bool
    may_undo: bool
    writes: int


TONES = {"previewed": "info", "applied": "good", "undone": "plain", "refused": "bad"}
ROW_TONES = {
    "created": "good",
    "updated": "info",
    "unchanged": "plain",
    "skipped": "plain",
    "rejected": "bad",
}


def list_page(
    visitor: Visitor, batches: list[BatchView], may_import: bool, before: int | None, waiting: list[TaskView]
) -> ImportsPage:
    """A page of batches; one more than a page means that there is a next one."""
    shown = batches[:ROWS_PER_PAGE]
    labels = (N_("Import"), N_("Agency"), N_("State"), N_("Uploaded"), N_("By"), N_("Created"), N_("Updated"),
              N_("Unchanged"), N_("Skipped"), N_("Rejected"))  # fmt: skip
    return ImportsPage(
        tuple(shown),
        columns(visitor, *labels, numbers=range(5, 10)),
        may_import,
        f"/imports?before={shown[-1].id}" if len(batches) > ROWS_PER_PAGE else None,
        "/imports" if before else None,
        tuple(waiting),
    )


def row_line(visitor: Visitor, formats: Formats, row: BatchRowView, codes: Mapping[str, str]) -> RowLine:
    """A row as shown: a created one with its values, an updated one with before and after.

    `codes` gives the code of each problem's message: why a row was rejected is said in its words.
    """
    changes: Iterable[Change] = ()
    if row.diff:
        changes = _differences(visitor, formats, row.diff)
    elif row.record and row.outcome == "created":
        changes = _values(visitor, formats, row.record)
    reason = None if row.reason is None else code_text(visitor, codes.get(row.reason, row.reason), row.reason)
    return RowLine(
        row.sheet,
        row.row,
        row.outcome,
        ROW_TONES.get(row.outcome, "plain"),
        row.label,
        reason,
        tuple(changes),
    )


def _values(visitor: Visitor, formats: Formats, record: Mapping[str, object]) -> Iterable[Change]:
    for field in ASSET_FIELDS:
        value = record.get(field)
        if value is not None and field not in _COMPANIONS and value != "":
            label = translate(visitor, term("field", field))
            yield Change(label, None, shown_value(visitor, formats, field, value, record))


def _differences(visitor: Visitor, formats: Formats, diff: Mapping[str, object]) -> Iterable[Change]:
    pairs = {field: pair for field, pair in diff.items() if isinstance(pair, list)}
    olds, news = ({field: pair[at] for field, pair in pairs.items()} for at in (0, 1))
    for field, (old, new) in pairs.items():
        # A date's exactness is shown with the date, unless it alone changed.
        if field == "acquired_precision" and "acquired_on" in pairs:
            continue
        kind = "field" if field in ASSET_FIELDS or field == "hardware_model" else "installation_role"
        label = translate(visitor, term(kind, field))
        before = shown_value(visitor, formats, field, old, olds)
        yield Change(label, before, shown_value(visitor, formats, field, new, news))


def shown_value(
    visitor: Visitor, formats: Formats, field: str, value: object, beside: Mapping[str, object]
) -> str:
    """A stored value of a field as people read it; `beside` holds the fields that say how."""
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if field == "cost_minor":
        return formats.money(int(str(value)), str(beside.get("currency") or "IDR"))
    if field == "acquired_on":
        precision = beside.get("acquired_precision")
        return formats.dated(date.fromisoformat(str(value)), None if precision is None else str(precision))
    if field.endswith("_on"):
        return formats.day(str(value))
    if field in _TERM_FIELDS:
        return translate(visitor, term(_TERM_FIELDS[field], str(value)))
    return formats.number(value) if isinstance(value, int) else str(value)


def problem_line(visitor: Visitor, problem: Mapping[str, object]) -> ProblemLine:
    """A problem with its place and why, in the visitor's language where the code is known."""
    row, column, value = problem.get("row"), problem.get("column"), problem.get("value")
    message = str(problem.get("message") or problem.get("code"))
    return ProblemLine(
        sheet=str(problem.get("sheet") or NOTHING),
        row=NOTHING if row is None else str(row),
        column=NOTHING if column is None else translate(visitor, term("field", str(column))),
        value=NOTHING if value is None else str(value),
        why=code_text(visitor, str(problem.get("code")), message),
    )


def tabs(visitor: Visitor, batch: BatchView, retiring: int, view: str) -> tuple[Tab, ...]:
    """The views of a batch with how many rows are in each."""
    path = f"/imports/{batch.id}"
    counts = {outcome: int(getattr(batch, outcome)) for outcome in OUTCOMES}
    found = [Tab(path, translate(visitor, N_("All rows")), sum(counts.values()), view == "")]
    for outcome, count in counts.items():
        label = translate(visitor, term("row_outcome", outcome))
        found.append(Tab(address(path, {"view": outcome}), label, count, view == outcome))
    if retiring:
        label = translate(visitor, N_("Not in the file"))
        found.append(Tab(address(path, {"view": RETIRED}), label, retiring, view == RETIRED))
    label = translate(visitor, N_("Problems"))
    found.append(Tab(address(path, {"view": PROBLEMS}), label, len(batch.problems), view == PROBLEMS))
    return tuple(found)


def sheet_notes(visitor: Visitor, formats: Formats, batch: BatchView) -> dict[str, str]:
    """How many rows each sheet has, and how many of them are assets."""
    return {str(sheet.get("name")): _sheet_note(visitor, formats, sheet) for sheet in batch.sheets}


def _sheet_note(visitor: Visitor, formats: Formats, sheet: Mapping[str, object]) -> str:
    return translate(
        visitor,
        N_("%(rows)s rows, %(records)s of them assets, %(skipped)s skipped"),
        rows=formats.number(int(str(sheet.get("rows") or 0))),
        records=formats.number(int(str(sheet.get("records") or 0))),
        skipped=formats.number(int(str(sheet.get("skipped") or 0))),
    )


def kept_line(visitor: Visitor, kept: KeptRow) -> KeptLine:
    """A value that an undo left alone, in words."""
    field = translate(visitor, term("field", kept.field))
    return KeptLine(
        kept.asset_id, kept.asset_tag or f"#{kept.asset_id}", field, code_text(visitor, kept.why, kept.why)
    )
