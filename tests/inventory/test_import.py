"""Preview, apply and undo of hand-built records, on both databases."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from importers.rows import Record
from tests.inventory.world import (
    LATER,
    NOW,
    OPERATOR,
    assets,
    build,
    counts,
    detail,
    dump,
    load,
    pc,
    preview,
    software,
)
from tracker.db import reading
from tracker.identity.errors import Conflict, NotFound
from tracker.inventory import actions, queries


def _full(row: int, tag: str) -> Record:
    return pc(
        row,
        tag,
        serial=f"SN-{tag}",
        brand="Dell",
        model="OptiPlex 7010",
        cost=Decimal("12500000.50"),
        currency="IDR",
        acquired_on=date(2019, 5, 1),
        acquired_precision="month",
        condition="good",
        os="Windows 10 Pro",
        software=(software("Office", "2016", "office"), software("Firefox", "115.2")),
    )


def test_preview_changes_no_asset_and_apply_writes_everything_stated(engine: Engine) -> None:
    build(engine)
    batch = preview(engine, [_full(2, "T1"), pc(3, "T2")])
    assert counts(batch) == (2, 0, 0, 0, 0)
    assert (batch.state, batch.agency_code, assets(engine)) == ("previewed", "A", [])
    applied = actions.apply(engine, OPERATOR, batch.id, LATER)
    assert (applied.state, applied.applied_at) == ("applied", LATER)
    first, second = assets(engine)
    assert (first.asset_tag, first.serial, first.manufacturer, first.model) == (
        "T1",
        "SN-T1",
        "Dell",
        "OptiPlex 7010",
    )
    assert (first.cost_minor, first.currency) == (1_250_000_050, "IDR")
    assert (first.acquired_on, first.acquired_precision, first.condition) == (
        date(2019, 5, 1),
        "month",
        "good",
    )
    assert (second.asset_tag, second.units, second.status, second.cost_minor) == ("T2", 1, "in-use", None)
    held = detail(engine, "T1")
    assert [(i.role, i.name, i.version) for i in held.installations] == [
        ("application", "Firefox", "115.2"),
        ("office", "Office", "2016"),
        ("operating-system", "Windows 10 Pro", ""),
    ]
    assert [(i.scheme, i.value) for i in held.identifiers] == [("serial", "SNT1"), ("tag", "T1")]
    assert [(c.field, c.before, c.after, c.batch_id) for c in held.changes] == [
        ("*", None, "created", batch.id)
    ]


def test_the_same_file_again_changes_nothing(engine: Engine) -> None:
    build(engine)
    load(engine, [_full(2, "T1"), pc(3, "T2")])
    before = dump(engine)
    again = load(engine, [_full(2, "T1"), pc(3, "T2")])
    assert counts(again) == (0, 0, 2, 0, 0)
    after = dump(engine)
    same = ("asset", "asset_identifier", "installation", "asset_change", "software_title", "hardware_model")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_an_update_shows_its_diff_and_writes_only_that(engine: Engine) -> None:
    build(engine)
    load(engine, [_full(2, "T1")])
    changed = pc(
        2, "T1", name="PC T1", location="Room 9", condition="fair", model="OptiPlex 9020",
        software=(software("Firefox", "128.0"),),
    )  # fmt: skip
    batch = preview(engine, [changed])
    assert counts(batch) == (0, 1, 0, 0, 0)
    with reading(engine) as session:
        (row,) = queries.list_batch_rows(session, OPERATOR, batch.id)
    assert row.diff == {
        "condition": ["good", "fair"],
        "location": [None, "Room 9"],
        "hardware_model": ["Dell OptiPlex 7010", "OptiPlex 9020"],
        "application": [["Firefox 115.2"], ["Firefox 128.0"]],
    }
    actions.apply(engine, OPERATOR, batch.id, LATER)
    held = detail(engine, "T1")
    assert (held.asset.manufacturer, held.asset.model, held.asset.location) == (
        "Dell",
        "OptiPlex 9020",
        "Room 9",
    )
    # Blank cells cleared nothing.
    assert (held.asset.serial, held.asset.cost_minor, held.row_version) == ("SN-T1", 1_250_000_050, 2)
    assert [(i.name, i.version) for i in held.installations if i.superseded_at is None] == [
        ("Firefox", "128.0"),
        ("Office", "2016"),
        ("Windows 10 Pro", ""),
    ]
    assert sorted(c.field for c in held.changes) == [
        "*", "condition", "hardware_model_id", "installation", "installation", "location",
    ]  # fmt: skip


def test_undo_of_creates_withdraws_them(engine: Engine) -> None:
    build(engine)
    batch = load(engine, [_full(2, "T1"), pc(3, "T2")])
    report = actions.undo(engine, OPERATOR, batch.id, LATER)
    assert (report.restored, report.withdrawn, report.kept) == (0, 2, [])
    assert (report.batch.state, report.batch.undone_at) == ("undone", LATER)
    assert assets(engine) == []
    assert [asset.asset_tag for asset in assets(engine, status="withdrawn")] == ["T1", "T2"]
    # The names are free again: the same file makes new assets.
    assert counts(load(engine, [_full(2, "T1"), pc(3, "T2")])) == (2, 0, 0, 0, 0)


def test_undo_restores_every_field_of_an_update(engine: Engine) -> None:
    build(engine)
    load(engine, [_full(2, "T1")])
    before = detail(engine, "T1")
    changed = pc(2, "T1", serial="NEW-1", name="Renamed", model="Other", brand="HP", cost=Decimal(7), currency="USD",
                 acquired_on=date(2020, 2, 3), acquired_precision="day", os="Windows 11 Pro")  # fmt: skip
    batch = load(engine, [changed])
    assert detail(engine, "T1").asset != before.asset
    report = actions.undo(engine, OPERATOR, batch.id, LATER)
    after = detail(engine, "T1")
    assert (report.withdrawn, report.kept) == (0, [])
    assert after.asset == before.asset
    assert {(i.scheme, i.value) for i in after.identifiers if i.superseded_at is None} == {
        ("serial", "SNT1"), ("tag", "T1"),
    }  # fmt: skip
    live = [(i.role, i.name, i.version) for i in after.installations if i.superseded_at is None]
    assert live == [(i.role, i.name, i.version) for i in before.installations]


def test_a_second_apply_and_a_second_undo_are_conflicts(engine: Engine) -> None:
    build(engine)
    batch = load(engine, [pc(2, "T1")])
    before = dump(engine)
    with pytest.raises(Conflict, match=r"test\.xlsx\) is applied") as caught:
        actions.apply(engine, OPERATOR, batch.id, LATER)
    assert (caught.value.code, dump(engine)) == ("batch-not-previewed", before)
    actions.undo(engine, OPERATOR, batch.id, LATER)
    before = dump(engine)
    for act, code in ((actions.apply, "batch-not-previewed"), (actions.undo, "batch-not-applied")):
        with pytest.raises(Conflict, match="is undone") as caught:
            act(engine, OPERATOR, batch.id, LATER)
        assert (caught.value.code, dump(engine)) == (code, before)


def test_apply_is_refused_whole_when_a_previewed_asset_changed(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1"), pc(3, "T2")])
    stale = preview(engine, [pc(2, "T1", location="old plan"), pc(3, "T2", location="old plan"), pc(4, "T3")])
    load(engine, [pc(9, "T2", location="moved meanwhile")])
    before = dump(engine)
    with pytest.raises(Conflict, match=r"sheet Data row 3 \(T2 PC T2\)") as caught:
        actions.apply(engine, OPERATOR, stale.id, LATER)
    assert caught.value.detail == {"rows": [{"sheet": "Data", "row": 3, "label": "T2 PC T2"}]}
    assert dump(engine) == before


def test_apply_is_refused_when_a_key_was_taken_meanwhile(engine: Engine) -> None:
    build(engine)
    first, second = preview(engine, [pc(2, "T1")]), preview(engine, [pc(7, "T1"), pc(8, "T2")])
    actions.apply(engine, OPERATOR, first.id, NOW)
    before = dump(engine)
    with pytest.raises(Conflict, match="sheet Data row 7"):
        actions.apply(engine, OPERATOR, second.id, LATER)
    assert dump(engine) == before


def test_an_unknown_agency_is_named(engine: Engine) -> None:
    people = build(engine)
    with pytest.raises(NotFound, match="NOPE"):
        preview(engine, [pc(2, "T1")], "NOPE")
    with pytest.raises(NotFound, match="'B'"):
        actions.preview_records(engine, people["A"], [pc(2, "T1")], "f.xlsx", "B", NOW)
