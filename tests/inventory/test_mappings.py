"""Columns that an agency's people assigned: used at once, remembered when applied, forgotten when asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.inventory.world import LATER, NOW, OPERATOR, assets, build, detail
from tracker.db import reading, record_statements, transaction
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.inventory import actions
from tracker.inventory.mappings import forget_mapping, list_mappings, remember_mapping
from tracker.inventory.schemas import BatchView
from tracker.settings import Settings, load_settings

#: 'Kunci' is no column that anybody knows, and 'Ref' is taken for nothing either.
CSV = (
    "Asset Tag,Asset Name,Category,Kunci,Ref\nPC-1,Reception,Desktop,Budi,B-12\nPC-2,Hall,Laptop,Siti,B-13\n"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({}), data_dir=tmp_path / "data")


def preview(engine: Engine, settings: Settings, folder: Path, agency: str = "A", **more: object) -> BatchView:
    path = folder / "list.csv"
    path.write_text(CSV)
    return actions.preview(engine, OPERATOR, path, "list.csv", agency, NOW, settings=settings, **more)  # type: ignore[arg-type]


def remembered(engine: Engine, agency: str = "A") -> dict[str, str]:
    with reading(engine) as session:
        return {one.header: one.field for one in list_mappings(session, OPERATOR, agency)}


def events(engine: Engine) -> list[str]:
    with reading(engine) as session:
        found = session.execute(text("SELECT action FROM audit_event ORDER BY seq"))
        return [row[0] for row in found if row[0].startswith("columns")]


def test_a_column_is_assigned_read_again_and_remembered(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    first = preview(engine, settings, tmp_path)
    assert first.sheets[0]["columns"]["Kunci"] == "extra"  # type: ignore[index]
    assert first.sheets[0]["confidence"]["Asset Tag"] == 1.0  # type: ignore[index]
    chosen = {"Kunci": "custodian", "Ref": "location"}
    second = actions.preview_again(engine, OPERATOR, first.id, chosen, NOW, settings=settings)
    assert (second.id != first.id, second.sheets[0]["columns"]["Ref"]) == (True, "location")  # type: ignore[index]
    assert remembered(engine) == {}
    actions.apply(engine, OPERATOR, second.id, NOW)
    assert [
        (detail(engine, tag).custodian, detail(engine, tag).asset.location) for tag in ("PC-1", "PC-2")
    ] == [
        ("Budi", "B-12"),
        ("Siti", "B-13"),
    ]
    assert (remembered(engine), events(engine)) == (chosen, ["columns-remembered"])
    third = preview(engine, settings, tmp_path)
    assert third.sheets[0]["columns"]["Kunci"] == "custodian"  # type: ignore[index]
    assert (third.unchanged, remembered(engine, "B")) == (2, {})


def test_what_is_chosen_outranks_what_is_remembered(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    with transaction(engine) as session:
        remember_mapping(session, OPERATOR, "A", {"Ref": "location"}, NOW)
    batch = preview(engine, settings, tmp_path, mapping={"Ref": "notes"})
    actions.apply(engine, OPERATOR, batch.id, NOW)
    assert remembered(engine) == {"Ref": "notes"}
    assert [one.location for one in assets(engine)] == [None, None]


def test_a_wrong_field_is_refused_with_the_right_ones(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    build(engine)
    with pytest.raises(Invalid, match=r"'colour' is no field; the fields are: .*asset_tag.*ignore"):
        preview(engine, settings, tmp_path, mapping={"Ref": "colour"})
    with pytest.raises(Invalid, match="1 to 500 characters"):
        preview(engine, settings, tmp_path, mapping={"x" * 501: "notes"})


def test_forgetting_one_and_all(engine: Engine) -> None:
    build(engine)
    with transaction(engine) as session:
        remember_mapping(session, OPERATOR, "A", {"Ref": "location", "X": "notes", "Y": "ignore"}, NOW)
        remember_mapping(session, OPERATOR, "A", {"Ref": "location"}, LATER)
        assert forget_mapping(session, OPERATOR, "A", "X", NOW) == 1
        with pytest.raises(NotFound, match="is not remembered"):
            forget_mapping(session, OPERATOR, "A", "X", NOW)
    assert remembered(engine) == {"Ref": "location", "Y": "ignore"}
    with transaction(engine) as session:
        assert forget_mapping(session, OPERATOR, "A", None, NOW) == 2
    assert remembered(engine) == {}
    assert events(engine) == ["columns-remembered", "columns-forgotten", "columns-forgotten"]


def test_only_the_own_agency(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    people = build(engine)
    batch = preview(engine, settings, tmp_path)
    with reading(engine) as session:
        with pytest.raises(NotFound):
            list_mappings(session, people["B"], "A")
        with pytest.raises(NotFound):
            remember_mapping(session, people["B"], "A", {"Ref": "notes"}, NOW)
        with pytest.raises(NotFound):
            forget_mapping(session, people["B"], "A", None, NOW)
    with pytest.raises(NotFound):
        actions.preview_again(engine, people["B"], batch.id, {}, NOW, settings=settings)


def test_a_file_that_is_gone_cannot_be_read_again(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    build(engine)
    batch = preview(engine, settings, tmp_path)
    (kept,) = (settings.data_dir / "uploads").iterdir()
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (CSV, 0o600)
    kept.unlink()
    with pytest.raises(Conflict, match="not kept any more"):
        actions.preview_again(engine, OPERATOR, batch.id, {}, NOW, settings=settings)


def test_remembering_takes_the_same_statements_for_one_and_for_many(sqlite_engine: Engine) -> None:
    build(sqlite_engine)
    counts = []
    for many in (1, 300):
        with record_statements(sqlite_engine) as statements, transaction(sqlite_engine) as session:
            remember_mapping(session, OPERATOR, "A", {f"{many} {n}": "notes" for n in range(many)}, NOW)
        counts.append(len(statements))
    assert counts[0] == counts[1]
