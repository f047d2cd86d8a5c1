"""The number of statements does not depend on the number of rows."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from importers.rows import Record
from tests.inventory.world import LATER, OPERATOR, build, load, pc, preview, software
from tracker.db import record_statements
from tracker.inventory import actions


def _file(count: int, start: int, version: str = "1", **more: object) -> list[Record]:
    return [
        pc(
            row, f"T{start + row}", serial=f"S{start + row}", brand="Dell", model=f"M{start}{row % 7}",
            software=(software("Firefox", version), software("Office", f"{start}.{row % 3}", "office")), **more,
        )
        for row in range(2, count + 2)
    ]  # fmt: skip


def _count(engine: Engine, act: Callable[[], object]) -> int:
    with record_statements(engine) as statements:
        act()
    return len(statements)


def _journey(engine: Engine, count: int, start: int) -> list[int]:
    """Statements of: preview and apply of creates, preview, apply and undo of updates, undo of creates."""
    found: list[int] = []
    batches = []
    # Each journey brings names of its own, so that both match new names.
    for records in (_file(count, start, f"1.{start}"), _file(count, start, f"2.{start}", location="moved")):
        found.append(_count(engine, lambda records=records: batches.append(preview(engine, records))))  # type: ignore[misc]
        found.append(_count(engine, lambda: actions.apply(engine, OPERATOR, batches[-1].id, LATER)))
    for batch in reversed(batches):
        found.append(_count(engine, lambda batch=batch: actions.undo(engine, OPERATOR, batch.id, LATER)))  # type: ignore[misc]
    return found


def test_ten_rows_and_a_thousand_take_the_same_statements(engine: Engine) -> None:
    build(engine)
    # The first names make the matcher, which the process then keeps.
    load(engine, [pc(2, "first", software=(software("Any"),))])
    few, many = _journey(engine, 10, 0), _journey(engine, 1_000, 10_000)
    assert few == many
    assert max(few) <= 76
