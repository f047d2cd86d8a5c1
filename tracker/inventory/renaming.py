"""What is done to the records of a file before they are compared with what is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from importers import Reading, Record
from tracker.inventory.key_policy import load_key_policy
from tracker.inventory.keys import KeyPolicy
from tracker.inventory.naming import Names, renamed
from tracker.inventory.staging import Wanted

_NONE = Names()


def open_batches(
    file: Reading, wanted: Wanted, names: Names = _NONE, policy: KeyPolicy | None = None
) -> tuple[Iterator[Iterable[Record]], Wanted]:
    """The batches of a file under the agency's decided names, and what of them is imported.

    Of our own list everything is: it was put there on purpose.
    """
    batches = iter(file.batches())
    first = next(batches, None)
    whole = batches if first is None else chain((first,), batches)
    taken = replace(wanted, include_near_it=True, include_other=True) if file.is_own else wanted
    return renamed(whole, names, policy or load_key_policy()), taken
