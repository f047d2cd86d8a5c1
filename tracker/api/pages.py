"""Keyset pages: {"items", "next"}; `next` goes into the query parameter `after` of the following request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, Field

Item = TypeVar("Item")
Row = TypeVar("Row")


class Page(BaseModel, Generic[Item]):
    """One page; `next` is null on the last one."""

    items: list[Item]
    next: str | None = Field(default=None, description="For `after` of the next page; null on the last.")


def cut(
    rows: Sequence[Row], limit: int, key: Callable[[Row], object], to_json: Callable[[Row], dict[str, object]]
) -> dict[str, object]:
    """A page of `limit` from `limit` + 1 rows: the one too many says that there is more."""
    shown = rows[:limit]
    more = str(key(shown[-1])) if len(rows) > limit else None
    return {"items": [to_json(row) for row in shown], "next": more}
