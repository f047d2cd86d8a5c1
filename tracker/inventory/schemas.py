"""What goes into and comes out of the inventory room: frozen values, no session behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Generic, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tracker.inventory.models import AssetClass, AssetStatus, Condition, Criticality, Precision

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class BatchView:
    """An import batch; counts are rows of the file. `sheets` and `problems` are as the importers said."""

    id: int
    agency_code: str
    filename: str
    format: str
    state: str
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    sheets: list[dict[str, object]]
    problems: list[dict[str, object]]
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None
    actor: str


@dataclass(frozen=True, slots=True)
class BatchRowView:
    """One source row: `row` is the spreadsheet's own number; `diff` is {field: [before, after]}."""

    id: int
    sheet: str
    row: int
    outcome: str
    label: str
    reason: str | None
    diff: dict[str, object] | None
    record: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A value that an undo left alone, and why."""

    asset_id: int
    asset_tag: str | None
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What an undo did: values restored, assets withdrawn, values kept because they changed later."""

    batch: BatchView
    restored: int
    withdrawn: int
    kept: list[KeptRow]


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """What to list: `agency` is a code (its subtree), `text` is looked for in tag, serial, name, host and
    model; manufacturer and model are whole names, case does not count."""

    agency: str | None = None
    text: str | None = None
    asset_class: str | None = None
    status: str | None = None
    phase: str | None = None
    rule: str | None = None
    condition: str | None = None
    manufacturer: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One line of the asset list."""

    id: int
    agency_id: int
    agency: str
    asset_tag: str | None
    serial: str | None
    name: str
    asset_class: str
    manufacturer: str
    model: str
    status: str
    units: int
    condition: str | None
    acquired_on: date | None
    acquired_precision: str | None
    cost_minor: int | None
    currency: str | None
    location: str | None
    hostname: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A keyset page: `next_cursor` is None on the last one; `total` is None where it was not counted."""

    items: list[Item]
    next_cursor: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class MatchView:
    """What a title or model was found to be, and on what evidence."""

    outcome: str
    product: str | None
    release: str | None
    version: str | None
    confidence: float
    tier: str
    method: str
    reason: str | None
    evidence: dict[str, object]
    matcher_version: str


@dataclass(frozen=True, slots=True)
class InstallationView:
    """A title on an asset; `superseded_at` is None while it is there."""

    id: int
    title_id: int
    role: str
    publisher: str
    name: str
    version: str
    recorded_at: datetime
    superseded_at: datetime | None
    match: MatchView | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change of one field; field '*' is the creation."""

    id: int
    field: str
    before: str | None
    after: str | None
    batch_id: int | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class IdentifierView:
    """A normalised name of the asset."""

    scheme: str
    value: str
    recorded_at: datetime
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class AssetDetail:
    """One asset with everything that is known of it."""

    asset: AssetRow
    item_code: str | None
    register_number: str | None
    it_scope: str
    source: str | None
    custodian: str | None
    warranty_ends_on: date | None
    support_ends_on: date | None
    notes: str | None
    row_version: int
    recorded_at: datetime
    updated_at: datetime
    status_changed_on: date | None
    transferred_from_id: int | None
    model_match: MatchView | None
    identifiers: list[IdentifierView]
    installations: list[InstallationView]
    changes: list[ChangeView]
    processor: str | None = None
    is_edge: bool | None = None
    internet_facing: bool | None = None
    criticality: str | None = None
    last_seen_on: date | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Installations by what is known of their title: `tracked` = all but `not_tracked`, the denominator of
    the other two; `matched` have a release, `dated` a release with a security support date or statement."""

    tracked: int
    matched: int
    dated: int
    not_tracked: int


def _line(text: str) -> str:
    """One line without outer or repeated spaces."""
    return " ".join(text.replace("\x00", "").split())


Line = Annotated[str, AfterValidator(_line), Field(max_length=2_000)]
#: Fields that an edit may change but not clear.
_NEVER_BLANK = ("name", "asset_class", "status", "units")


class AssetEdit(BaseModel):
    """Changes of one asset by hand: only fields that are given change, None clears one.

    `row_version` is the one that the editor saw; when given, an asset that changed since is a conflict.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    row_version: int | None = None
    asset_tag: Line | None = None
    item_code: Line | None = None
    register_number: Line | None = None
    serial: Line | None = None
    name: Line | None = None
    asset_class: AssetClass | None = None
    status: AssetStatus | None = None
    units: int | None = Field(default=None, ge=1, le=1_000_000)
    condition: Condition | None = None
    acquired_on: date | None = None
    acquired_precision: Precision | None = None
    cost_minor: int | None = Field(default=None, ge=0, lt=2**63)
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    source: Line | None = None
    location: Line | None = None
    custodian: Line | None = None
    hostname: Line | None = None
    warranty_ends_on: date | None = None
    support_ends_on: date | None = None
    notes: Line | None = None
    processor: Line | None = None
    is_edge: bool | None = None
    internet_facing: bool | None = None
    criticality: Criticality | None = None
    last_seen_on: date | None = None

    @model_validator(mode="after")
    def _keeps_what_it_must(self) -> Self:
        blank = [
            name for name in _NEVER_BLANK if name in self.model_fields_set and getattr(self, name) is None
        ]
        if blank:
            raise ValueError(f"cannot be cleared: {', '.join(blank)}")
        return self

    def changes(self) -> dict[str, object]:
        """{field: value} of the fields that are given, in stored form; blank text is None."""
        given = self.model_dump(include=self.model_fields_set - {"row_version"})
        return {name: None if value == "" and name != "name" else value for name, value in given.items()}
