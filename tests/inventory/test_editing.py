"""Edits by hand, and what an undo leaves alone because of them."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from tests.inventory.world import (
    LATER,
    MUCH_LATER,
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
from tracker.db import transaction
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.identity.models import Role
from tracker.identity.schemas import Principal
from tracker.inventory import actions
from tracker.inventory.schemas import AssetDetail, AssetEdit, KeptRow


def _edit(engine: Engine, tag: str, principal: Principal = OPERATOR, **changes: object) -> AssetDetail:
    asset_id = detail(engine, tag).asset.id
    with transaction(engine) as session:
        return actions.update_asset(session, principal, asset_id, AssetEdit.model_validate(changes), LATER)


def test_an_edit_writes_fields_history_and_names(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1", serial="S1", location="here")])
    held = _edit(
        engine, "T1", asset_tag="T2", location=" ", status="in-store", acquired_on="2020-01-02", name="PC T1",
        acquired_precision="day",
    )  # fmt: skip
    assert (held.asset.asset_tag, held.asset.location, held.asset.status) == ("T2", None, "in-store")
    assert (held.row_version, held.updated_at, held.status_changed_on) == (2, LATER, LATER.date())
    assert {(c.field, c.before, c.after, c.actor, c.batch_id) for c in held.changes if c.field != "*"} == {
        ("asset_tag", "T1", "T2", "operator", None),
        ("location", "here", None, "operator", None),
        ("status", "in-use", "in-store", "operator", None),
        ("acquired_on", None, "2020-01-02", "operator", None),
        ("acquired_precision", None, "day", "operator", None),
    }
    assert [(i.scheme, i.value, i.superseded_at) for i in held.identifiers] == [
        ("serial", "S1", None), ("tag", "T2", None), ("tag", "T1", LATER),
    ]  # fmt: skip
    # A name that comes back is the same row.
    assert [(i.value, i.superseded_at) for i in _edit(engine, "T2", asset_tag="T1").identifiers] == [
        ("S1", None), ("T1", None), ("T2", LATER),
    ]  # fmt: skip


def test_an_edit_that_changes_nothing_writes_nothing(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1")])
    before = dump(engine)
    assert _edit(engine, "T1", name="PC T1", asset_class="desktop").row_version == 1
    assert dump(engine) == before


def test_bad_edits_are_refused_and_write_nothing(engine: Engine) -> None:
    people = build(engine)
    load(engine, [pc(2, "T1"), pc(3, "T2")])
    before = dump(engine)
    with pytest.raises(Conflict, match="T2 already names asset"):
        _edit(engine, "T1", asset_tag="t2")
    with pytest.raises(Conflict, match="changed meanwhile"):
        _edit(engine, "T1", name="x", row_version=7)
    with pytest.raises(Invalid, match="currency"):
        _edit(engine, "T1", cost_minor=5)
    with pytest.raises(NotFound):
        _edit(engine, "T1", people["B"], name="x")
    auditor = Principal(None, "auditor", ((people["A"].grants[0][0], Role.AUDITOR),))
    with pytest.raises(NotFound):
        _edit(engine, "T1", auditor, name="x")
    for changes in ({"units": 0}, {"name": None}, {"status": "gone"}, {"colour": "red"}, {"currency": "rp"}):
        with pytest.raises(ValidationError):
            AssetEdit.model_validate(changes)
    assert dump(engine) == before


def test_a_preview_made_before_an_edit_is_refused(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1")])
    stale = preview(engine, [pc(2, "T1", location="plan")])
    _edit(engine, "T1", custodian="Sari")
    with pytest.raises(Conflict, match="row 2"):
        actions.apply(engine, OPERATOR, stale.id, LATER)


def test_undo_keeps_and_names_the_fields_that_were_edited_later(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1", serial="S1", location="first"), pc(3, "T2", location="first")])
    batch = load(
        engine,
        [pc(2, "T1", serial="S2", location="second", custodian="Budi"), pc(3, "T2", location="second")],
    )
    asset = _edit(engine, "T1", location="third")
    report = actions.undo(engine, OPERATOR, batch.id, MUCH_LATER)
    assert report.kept == [KeptRow(asset.asset.id, "T1", "location", "changed after the import")]
    assert (report.restored, report.withdrawn) == (3, 0)
    held = detail(engine, "T1")
    assert (held.asset.location, held.custodian, held.asset.serial) == ("third", None, "S1")
    assert [(i.scheme, i.value) for i in held.identifiers if i.superseded_at is None] == [
        ("serial", "S1"),
        ("tag", "T1"),
    ]
    assert detail(engine, "T2").asset.location == "first"


def test_undo_of_a_create_keeps_what_was_edited_and_withdraws_the_rest(engine: Engine) -> None:
    build(engine)
    batch = load(engine, [pc(2, "T1", os="Windows 10"), pc(3, "T2", os="Windows 10")])
    edited = _edit(engine, "T1", acquired_on="2020-01-02", acquired_precision="year")
    report = actions.undo(engine, OPERATOR, batch.id, MUCH_LATER)
    assert report.kept == [KeptRow(edited.asset.id, "T1", "*", "changed after the import")]
    assert (report.withdrawn, [a.asset_tag for a in assets(engine)]) == (1, ["T1"])
    held = detail(engine, "T1")
    assert (held.asset.acquired_on, held.installations[0].superseded_at) == (date(2020, 1, 2), None)
    gone = detail(engine, "T2")
    assert (gone.asset.status, gone.installations[0].superseded_at) == ("withdrawn", MUCH_LATER)
    assert [(c.field, c.before, c.after) for c in gone.changes] == [
        ("status", "in-use", "withdrawn"), ("*", None, "created"),
    ]  # fmt: skip


def test_undo_in_reverse_order_takes_everything_back(engine: Engine) -> None:
    build(engine)
    first = load(engine, [pc(2, "T1", software=(software("Firefox", "1"),))])
    second = load(engine, [pc(2, "T1", location="x", software=(software("Firefox", "2"),))])
    assert actions.undo(engine, OPERATOR, second.id, LATER).kept == []
    live = [i.version for i in detail(engine, "T1").installations if i.superseded_at is None]
    assert (live, detail(engine, "T1").asset.location) == (["1"], None)
    report = actions.undo(engine, OPERATOR, first.id, MUCH_LATER)
    assert (report.withdrawn, report.kept, assets(engine)) == (1, [], [])


def test_undo_of_an_earlier_batch_keeps_what_a_later_one_changed(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1", location="0", software=(software("Firefox", "1"),))])
    second = load(engine, [pc(2, "T1", location="1", custodian="a", software=(software("Firefox", "2"),))])
    load(engine, [pc(2, "T1", location="2", software=(software("Firefox", "3"),))])
    report = actions.undo(engine, OPERATOR, second.id, LATER)
    assert sorted(kept.field for kept in report.kept) == ["installation", "location"]
    held = detail(engine, "T1")
    assert (held.asset.location, held.custodian) == ("2", None)
    assert [i.version for i in held.installations if i.superseded_at is None] == ["3"]
    assert counts(preview(engine, [pc(2, "T1", location="2")])) == (0, 0, 1, 0, 0)
