"""A full replacement: what is missing from the file is proposed, confirmed where it is much, retired, brought back."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from tests.inventory.world import (
    LATER,
    MUCH_LATER,
    NOW,
    OPERATOR,
    assets,
    build,
    counts,
    detail,
    load,
    pc,
    preview,
)
from tracker.db import reading, record_statements, transaction
from tracker.identity.errors import Conflict
from tracker.inventory import actions
from tracker.inventory.batch_queries import list_batch_rows
from tracker.inventory.editing import update_asset
from tracker.inventory.replacing import list_retiring
from tracker.inventory.schemas import AssetEdit
from tracker.inventory.source_models import UpdatePolicy
from tracker.inventory.sources import get_source
from tracker.inventory.staging import Wanted

REPLACE = UpdatePolicy.REPLACE


def statuses(engine: Engine) -> dict[str | None, str]:
    return {one.asset_tag: one.status for one in assets(engine)}


def retiring(engine: Engine, batch_id: int) -> list[str | None]:
    with reading(engine) as session:
        found = list_retiring(session, OPERATOR, batch_id)
        assert get_source(session, OPERATOR, batch_id).retiring == len(found)
        return [one.asset_tag for one in found]


def test_what_is_missing_is_proposed_retired_and_brought_back(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(n, f"T{n}") for n in range(2, 6)])
    load(engine, [pc(2, "B1")], agency="B")
    batch = preview(engine, [pc(2, "T2"), pc(3, "T3", location="x"), pc(4, "T9")], policy=REPLACE)
    assert (counts(batch), retiring(engine, batch.id)) == ((1, 1, 1, 0, 0), ["T4", "T5"])
    assert statuses(engine)["T4"] == "in-use"
    with pytest.raises(Conflict, match="2 of the agency's 4 assets are not in the file") as told:
        actions.apply(engine, OPERATOR, batch.id, LATER)
    assert (told.value.code, told.value.detail) == ("confirmation-needed", {"retiring": 2, "owned": 4})
    actions.apply(engine, OPERATOR, batch.id, LATER, confirmed=True)
    kept = dict.fromkeys(("B1", "T2", "T3", "T9"), "in-use")
    assert statuses(engine) == kept | {"T4": "retired", "T5": "retired"}
    changed = detail(engine, "T4")
    assert [(one.field, one.before, one.after) for one in changed.changes[:1]] == [
        ("status", "in-use", "retired")
    ]
    assert (changed.status_changed_on, changed.row_version) == (LATER.date(), 2)
    report = actions.undo(engine, OPERATOR, batch.id, MUCH_LATER)
    assert (report.restored, report.withdrawn, report.kept) == (3, 1, [])
    restored = dict.fromkeys(("B1", "T2", "T3", "T4", "T5"), "in-use")
    assert statuses(engine) == restored


def test_few_need_no_confirmation_and_the_share_is_a_setting(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(n, f"T{n}") for n in range(2, 22)])
    rows = [pc(n, f"T{n}") for n in range(3, 22)]
    batch = preview(engine, rows, policy=REPLACE)
    with pytest.raises(Conflict, match="1 of the agency's 20"):
        actions.apply(engine, OPERATOR, batch.id, LATER, retire_pct=4)
    actions.apply(engine, OPERATOR, batch.id, LATER, retire_pct=5)
    assert statuses(engine)["T2"] == "retired"
    # What is retired already is not proposed again.
    assert retiring(engine, preview(engine, rows, policy=REPLACE).id) == []


def test_nothing_in_the_file_is_held_proposes_everything(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T2"), pc(3, "T3")])
    # A preview of before must not decide what this one found.
    preview(engine, [pc(2, "T2")], policy=REPLACE)
    assert retiring(engine, preview(engine, [pc(2, "N1")], policy=REPLACE).id) == ["T2", "T3"]


def test_only_what_was_read_is_proposed(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T2"), pc(3, "U1", it_scope="near-it", asset_class="ups")],
         wanted=Wanted(True, False))  # fmt: skip
    assert retiring(engine, preview(engine, [pc(2, "N1")], policy=REPLACE).id) == ["T2"]


def test_an_asset_that_changed_since_is_not_retired(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T2"), pc(3, "T3")])
    batch = preview(engine, [pc(2, "T2")], policy=REPLACE)
    with transaction(engine) as session:
        update_asset(session, OPERATOR, detail(engine, "T3").asset.id, AssetEdit(location="y"), NOW)
    with pytest.raises(Conflict, match=r"assets that would be retired changed since.*T3 PC T3"):
        actions.apply(engine, OPERATOR, batch.id, LATER, confirmed=True)
    assert statuses(engine) == {"T2": "in-use", "T3": "in-use"}


def test_rows_that_could_not_be_used_ask_for_a_confirmation(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(n, f"T{n}") for n in range(2, 42)])
    rows = [pc(n, f"T{n}") for n in range(2, 41)]
    batch = preview(engine, [*rows, pc(50, "T2")], policy=REPLACE)
    assert (batch.rejected, retiring(engine, batch.id)) == (1, ["T41"])
    with pytest.raises(Conflict, match="1 rows of the file could not be used"):
        actions.apply(engine, OPERATOR, batch.id, LATER)


def test_the_number_of_statements_does_not_depend_on_the_assets(sqlite_engine: Engine) -> None:
    build(sqlite_engine)
    load(sqlite_engine, [pc(n, f"T{n}") for n in range(2, 402)])
    numbers = []
    for kept in (399, 200):
        with record_statements(sqlite_engine) as statements:
            batch = preview(sqlite_engine, [pc(n, f"T{n}") for n in range(2, 2 + kept)], policy=REPLACE)
            actions.apply(sqlite_engine, OPERATOR, batch.id, LATER, confirmed=True)
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]
    with reading(sqlite_engine) as session:
        assert (
            session.execute(text("SELECT COUNT(*) FROM asset WHERE status = 'retired'")).scalar_one() == 200
        )


def test_only_new_assets_are_added_where_asked(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T2"), pc(3, "T3")])
    rows = [pc(2, "T2", location="x"), pc(3, "N1"), pc(4, "N1"), pc(5, "T3")]
    batch = preview(engine, rows, policy=UpdatePolicy.ADD_ONLY)
    assert counts(batch) == (1, 0, 0, 2, 1)
    with reading(engine) as session:
        found = list_batch_rows(session, OPERATOR, batch.id, "skipped")
    assert [(row.row, row.label, row.reason) for row in found] == [
        (2, "T2 PC T2", "already-held"),
        (5, "T3 PC T3", "already-held"),
    ]
    actions.apply(engine, OPERATOR, batch.id, LATER)
    assert {one.asset_tag: one.location for one in assets(engine)} == dict.fromkeys(("N1", "T2", "T3"))
