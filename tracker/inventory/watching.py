"""What a long import tells while it works, and where it can be stopped. Costs a call per block of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from enum import StrEnum
from typing import Protocol

from sqlmodel import Session

from importers.rows import Record


class Phase(StrEnum):
    """What an import is doing."""

    READING = "reading"
    MATCHING = "matching"
    CHECKING = "checking"
    WRITING = "writing"


class Watch(Protocol):
    """Is told how far an import is. Every method may raise: the import then ends, and nothing was done."""

    def begin(self, phase: Phase, total: int | None = None, passes: int = 1) -> None:
        """The next phase begins, of `total` rows that it goes through `passes` times."""

    def advance(self, rows: int) -> None:
        """So many rows more have been gone through."""

    def settle(self, session: Session, batch_id: int) -> None:
        """The work is done in the transaction of `session`, which is about to be committed."""


class _Unwatched:
    """Nobody watches."""

    def begin(self, phase: Phase, total: int | None = None, passes: int = 1) -> None:
        """Nothing."""

    def advance(self, rows: int) -> None:
        """Nothing."""

    def settle(self, session: Session, batch_id: int) -> None:
        """Nothing."""


UNWATCHED: Watch = _Unwatched()


def watched_batches(batches: Iterable[Iterable[Record]], watch: Watch) -> Iterator[Iterable[Record]]:
    """The batches of a file, each told when the next one is asked for."""
    watch.begin(Phase.READING)
    for batch in batches:
        yield batch
        watch.advance(len(batch) if isinstance(batch, Sized) else 0)
