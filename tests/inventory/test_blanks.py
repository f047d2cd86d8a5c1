"""Blank cells that clear values where that was chosen, and retired assets that come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from importers.rows import Problem
from tests.inventory.world import LATER, MUCH_LATER, NOW, OPERATOR, build, counts, detail, load, pc, preview
from tracker.db import transaction
from tracker.inventory import actions
from tracker.inventory.batch_queries import list_batch_rows
from tracker.inventory.diffing import cleared_by
from tracker.inventory.schemas import BatchView
from tracker.inventory.staging import Wanted
from tracker.settings import load_settings

CLEARING = Wanted(False, False, clear_blanks=True)
HELD = {
    "location": "Room 1", "custodian": "Budi", "condition": "good", "cost": Decimal(5), "currency": "IDR",
    "acquired_on": date(2020, 1, 2), "acquired_precision": "day", "serial": "SN1", "notes": "n",
}  # fmt: skip
PRESENT = frozenset({"asset_tag", "name", "serial", "location", "cost", "acquired_on", "condition"})


def diffs(engine: Engine, batch: BatchView) -> list[object]:
    with transaction(engine) as session:
        return [row.diff for row in list_batch_rows(session, OPERATOR, batch.id)]


def values(engine: Engine) -> tuple[object, ...]:
    with transaction(engine) as session:
        query = "SELECT location, custodian, condition, cost_minor, currency, acquired_precision, serial, notes FROM asset"
        row = session.execute(text(query)).one()
    return tuple(row)


BEFORE = ("Room 1", "Budi", "good", 500, "IDR", "day", "SN1", "n")


def test_a_blank_clears_only_when_chosen_and_undo_restores(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T2", **HELD)])
    assert values(engine) == BEFORE
    blank = pc(2, "T2", columns_present=PRESENT)
    assert counts(preview(engine, [blank])) == (0, 0, 1, 0, 0)
    batch = preview(engine, [blank], wanted=CLEARING)
    assert counts(batch) == (0, 1, 0, 0, 0)
    assert diffs(engine, batch) == [
        {
            "acquired_on": ["2020-01-02", None], "acquired_precision": ["day", None], "condition": ["good", None],
            "cost_minor": [500, None], "currency": ["IDR", None], "location": ["Room 1", None],
        }
    ]  # fmt: skip
    actions.apply(engine, OPERATOR, batch.id, LATER)
    # The file has no column for custodian and notes; what identifies an asset is never cleared.
    assert values(engine) == (None, "Budi", None, None, None, None, "SN1", "n")
    report = actions.undo(engine, OPERATOR, batch.id, MUCH_LATER)
    assert (report.restored, report.kept) == (6, [])
    assert values(engine) == BEFORE


def test_what_cannot_be_read_clears_nothing(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T2", **HELD)])
    doubt = Problem("Data", 2, "cost", "bad-money", "not an amount", "?")
    row = pc(2, "T2", columns_present=PRESENT, problems=(doubt,))
    assert counts(preview(engine, [row], wanted=CLEARING)) == (0, 0, 1, 0, 0)


def test_columns_of_a_file_in_blocks(engine: Engine, tmp_path: Path) -> None:
    build(engine)
    settings = replace(load_settings({}), data_dir=tmp_path / "data")
    path = tmp_path / "list.csv"
    header = "Asset Tag,Name,Category,Location,Custodian"
    for filled, clear, expected in ((True, False, (600, 0)), (False, False, (0, 0)), (False, True, (0, 599))):
        rows = [f"T{n},PC {n},Desktop,{f'Room {n}' if filled or n == 7 else ''},Budi" for n in range(600)]
        path.write_text("\n".join((header, *rows)))
        batch = actions.preview(
            engine, OPERATOR, path, "list.csv", "A", NOW, settings=settings, clear_blanks=clear
        )
        assert (batch.created, batch.updated) == expected
        actions.apply(engine, OPERATOR, batch.id, NOW)
    assert detail(engine, "T7").asset.location == "Room 7"
    assert detail(engine, "T8").asset.location is None
    assert cleared_by(["serial", "name", "cost"]) == ("cost_minor", "currency")


@pytest.mark.parametrize(
    ("stated", "expected"), [(None, "in-use"), ("retired", "retired"), ("in-store", "in-store")]
)
def test_a_retired_asset_that_comes_back_is_in_use_unless_the_file_says_otherwise(
    engine: Engine, stated: str | None, expected: str
) -> None:
    build(engine)
    load(engine, [pc(2, "T2", status="retired")])
    assert detail(engine, "T2").asset.status == "retired"
    batch = preview(engine, [pc(2, "T2", status=stated)])
    shown = {} if expected == "retired" else {"status": ["retired", expected]}
    assert diffs(engine, batch) == [shown or None]
    actions.apply(engine, OPERATOR, batch.id, LATER)
    found = detail(engine, "T2")
    assert found.asset.status == expected
    assert found.status_changed_on == (LATER.date() if shown else None)
    actions.undo(engine, OPERATOR, batch.id, MUCH_LATER)
    assert detail(engine, "T2").asset.status == "retired"
