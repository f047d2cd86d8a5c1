"""An agency's decided names, given to the records of its files before these are compared. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from importers.columnar import RecordBlock, coded_map
from importers.reading.blocks import encode, expand
from importers.rows import Record
from tracker.inventory.keys import CONTENT, KeyPolicy
from tracker.inventory.models import ItScope
from tracker.inventory.records import clean, prepare

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """What merged names are read as: {name: name}; models as (maker, model); classes {name of a thing: class}."""

    makers: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[Pair, Pair] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything is renamed at all."""
        return bool(self.makers or self.models or self.locations or self.classes)

    def model_of(self, brand: str | None, model: str | None) -> tuple[str | None, str | None]:
        """Maker and model of a record by their decided names."""
        pair = (clean(brand), clean(model))
        maker, name = self.models.get(pair, pair)
        maker = self.makers.get(maker, maker)
        return (maker or None, name or None) if (maker, name) != pair else (brand, model)

    def location_of(self, location: str | None) -> str | None:
        """The decided name of a place."""
        return self.locations.get(clean(location), location) if location else location

    def class_of(self, name: str, asset_class: str) -> str:
        """The class of a thing that its own file does not tell."""
        return self.classes.get(clean(name), asset_class) if asset_class == "other" else asset_class

    def rename(self, record: Record, policy: KeyPolicy) -> Record:
        """The record with its decided names. What it is recognised by stays what its file says."""
        brand, model = self.model_of(record.brand, record.model)
        kind = self.class_of(record.name, record.asset_class)
        if (brand, model, kind) != (record.brand, record.model, record.asset_class):
            record.content_base = prepare(record, policy).keys.get(CONTENT)
            if kind != record.asset_class:
                record.it_scope = ItScope.IT.value
            record.brand, record.model, record.asset_class = brand, model, kind
        record.location = self.location_of(record.location)
        return record


class RenamedBlock(RecordBlock):
    """A block whose records bear their decided names."""

    def __init__(self, block: RecordBlock, names: Names, policy: KeyPolicy) -> None:
        self.__dict__.update(block.__dict__)
        self._names, self._policy = names, policy
        self.columns = self._renamed(dict(block.columns))

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Record]: ...
    def __getitem__(self, at: int | slice) -> Record | Sequence[Record]:
        """The record in its decided names."""
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        return self._names.rename(super().__getitem__(at), self._policy)

    def __iter__(self) -> Iterator[Record]:
        """The records in their decided names."""
        return (self._names.rename(record, self._policy) for record in super().__iter__())

    def _renamed(self, columns: dict[str, Any]) -> dict[str, Any]:
        names = self._names
        if names.locations and "location" in columns:
            columns["location"] = coded_map(columns["location"], names.location_of)
        if names.makers or names.models:
            pairs = [
                names.model_of(*pair) for pair in zip(*self._cells(columns, "brand", "model"), strict=True)
            ]
            columns["brand"], columns["model"] = (encode([pair[at] for pair in pairs]) for at in (0, 1))
        if names.classes and "name" in columns:
            told = zip(*self._cells(columns, "name", "asset_class", "it_scope"), strict=True)
            found = [
                (kind, scope)
                if (new := names.class_of(name or "", kind)) == kind
                else (new, ItScope.IT.value)
                for name, kind, scope in told
            ]
            columns["asset_class"] = encode([kind for kind, _ in found])
            columns["it_scope"] = encode([scope for _, scope in found])
        return columns

    def _cells(self, columns: Mapping[str, Any], *names: str) -> list[list[Any]]:
        return [list(expand(columns[name])) if name in columns else [None] * len(self) for name in names]


def renamed(
    batches: Iterable[Iterable[Record]], names: Names, policy: KeyPolicy
) -> Iterator[Iterable[Record]]:
    """The batches with decided names; as they are where none was decided."""
    for batch in batches:
        if not names:
            yield batch
        elif isinstance(batch, RecordBlock):
            yield RenamedBlock(batch, names, policy)
        else:
            yield [names.rename(record, policy) for record in batch]
