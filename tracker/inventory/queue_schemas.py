"""What the review queue and the decisions about names take and give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tracker.inventory.decision_models import DecisionOutcome

Unresolved = Literal["unrecognised", "product-only", "review"]


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What of the queue is wanted: below an agency, of one kind, for one reason, with a text in the name."""

    agency: str | None = None
    kind: str | None = None
    reason: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product that a name may mean; `likeness` 0–1, null where the matcher itself proposes it."""

    product: str
    label: str
    likeness: float | None = None


@dataclass(frozen=True, slots=True)
class QueueTitle:
    """A title that waits for a person, with what the matcher says of it and the assets in sight it is on."""

    id: int
    publisher: str
    name: str
    version: str
    outcome: str
    tier: str
    product: str | None
    product_label: str | None
    release: str | None
    confidence: float
    reason: str | None
    evidence: Mapping[str, object]
    assets: int


@dataclass(frozen=True, slots=True)
class QueueGroup:
    """Titles that differ in numbers and noise only. `score` is assets × nearness of the end of support (1–4).

    `proposed` is what the matcher takes all of them for, `is_confident` whether it is nearly sure of each.
    `titles` are the five on most assets of `title_count`.
    """

    key: str
    assets: int
    title_count: int
    score: int
    nearness: int
    proposed: Suggestion | None
    is_confident: bool
    titles: tuple[QueueTitle, ...]
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, heaviest first, and how many groups wait in all."""

    items: tuple[QueueGroup, ...]
    next_cursor: str | None
    total: int
    confident: int


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision; `titles` are those in the decider's sight that it is about."""

    id: int
    agency: str
    key: str
    name: str
    version: str
    outcome: str
    product: str | None
    release: str | None
    reason: str
    author: str
    recorded_at: datetime
    superseded_at: datetime | None
    superseded_by: str | None


@dataclass(frozen=True, slots=True)
class Decided:
    """What decisions did: their keys, and how many titles in sight are another thing now."""

    decisions: tuple[DecisionView, ...]
    titles: int


class NewDecision(BaseModel):
    """What a person says of a name: of a title in sight, or of a name as people write it.

    With `exact`, only that name with that version; else every name that differs in numbers and noise only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    agency: Annotated[str, Field(min_length=1, max_length=64)]
    title_id: Annotated[int | None, Field(ge=1, le=2**63 - 1)] = None
    text: Annotated[str | None, Field(min_length=1, max_length=500)] = None
    version: Annotated[str, Field(max_length=200)] = ""
    exact: bool = False
    outcome: DecisionOutcome = DecisionOutcome.PRODUCT
    product: Annotated[str | None, Field(max_length=120)] = None
    release: Annotated[str | None, Field(max_length=200)] = None
    reason: Annotated[str, Field(max_length=1_000)] = ""

    @model_validator(mode="after")
    def _fits(self) -> NewDecision:
        if (self.title_id is None) == (self.text is None):
            raise ValueError("either title_id or text is needed")
        if (self.outcome is DecisionOutcome.PRODUCT) != bool(self.product):
            raise ValueError("a product is needed where the outcome is product, and only there")
        if self.release and not self.product:
            raise ValueError("a release needs its product")
        return self


@dataclass(frozen=True, slots=True)
class ImportedAlias:
    """A row of a file of decisions that was not taken: `code` is conflict or why it cannot be read."""

    row: int
    agency: str
    key: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class AliasImport:
    """What came of a file of decisions."""

    added: int
    replaced: int
    unchanged: int
    refused: tuple[ImportedAlias, ...]
