"""What is done to the records of a file before they are compared with what is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from importers import Reading, Record
from tracker.inventory.staging import Wanted


def open_batches(file: Reading, wanted: Wanted) -> tuple[Iterator[Iterable[Record]], Wanted]:
    """The batches of a file, and what of them is imported: of our own list all, it was put there on purpose."""
    batches = iter(file.batches())
    first = next(batches, None)
    whole = batches if first is None else chain((first,), batches)
    return whole, Wanted(True, True) if file.is_own else wanted
