"""Names that nobody knew: queued with the nearest, merged with history, remembered for the next file."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine, text

from importers.rows import Record
from tests.inventory.world import LATER, MUCH_LATER, OPERATOR, assets, build, counts, detail, load, pc
from tracker.db import reading, record_statements, transaction
from tracker.identity.errors import Conflict, Invalid, NotFound
from tracker.inventory import actions
from tracker.inventory import suggestions as queue
from tracker.inventory.schemas import BatchView
from tracker.inventory.similarity import Alike, likeness, pieces
from tracker.inventory.suggestion_models import NameKind, NameState
from tracker.settings import load_settings

HEADER = ["Asset Tag", "Name", "Category", "Manufacturer", "Model", "Location"]


def _open(engine: Engine, kind: str | None = None) -> dict[str, queue.SuggestionView]:
    with reading(engine) as session:
        found = queue.list_suggestions(session, OPERATOR, kind=kind, limit=None)
    return {one.value: one for one in found}


def _fleet() -> list[Record]:
    lenovo = [pc(row, f"T{row}", brand="Lenovo", model="ThinkPad X9", location="Ruang Rapat Utama")
              for row in range(2, 6)]  # fmt: skip
    return [
        *lenovo,
        pc(6, "T6", brand="Lenvo", model="ThinkPad X9", location="Rg. Rapat Utama"),
        pc(7, "T7", asset_class="other", name="Laptop lapangan", location="Gudang"),
    ]


def _merge(engine: Engine, value: str, target: str, **more: str) -> int:
    one = _open(engine)[value]
    with transaction(engine) as session:
        return queue.merge_name(session, OPERATOR, one.id, target, LATER, **more)


def test_likeness_is_the_share_of_common_pieces() -> None:
    assert likeness(pieces("Lenovo"), pieces("LENOVO")) == 1.0
    assert likeness(pieces("Dell"), pieces("Canon")) == 0.0
    found = Alike([("a", "Lenovo"), ("b", "Lexmark"), ("c", "Canon")]).find("Lenvo")
    assert [key for key, _ in found] == ["a"]


def test_an_apply_queues_unknown_names_with_the_nearest(engine: Engine) -> None:
    build(engine)
    load(engine, _fleet())
    makers = _open(engine, "maker")
    assert list(makers) == ["Lenvo"]
    assert makers["Lenvo"].nearest[0]["value"] == "Lenovo"
    assert makers["Lenvo"].assets == 1
    models = _open(engine, "model")
    assert {(one.manufacturer, one.value, one.assets) for one in models.values()} == {
        ("Lenvo", "ThinkPad X9", 1)
    } or len(models) == 1
    places = _open(engine, "location")
    assert {value: one.assets for value, one in places.items()} == {
        "Ruang Rapat Utama": 4, "Rg. Rapat Utama": 1, "Gudang": 1,
    }  # fmt: skip
    assert [near["value"] for near in places["Rg. Rapat Utama"].nearest] == ["Ruang Rapat Utama"]
    kinds = _open(engine, "class")
    assert [near["value"] for near in kinds["Laptop lapangan"].nearest][:1] == ["laptop"]


def test_statements_do_not_depend_on_the_number_of_names(engine: Engine) -> None:
    build(engine)
    load(engine, _fleet())

    def statements(tag: str, number: int) -> int:
        rows = [pc(row, f"{tag}{row}", brand=f"Maker {row}", model=f"M {row}", location=f"Room {row}")
                for row in range(2, 2 + number)]  # fmt: skip
        batch = actions.preview_records(engine, OPERATOR, rows, "x", "A", LATER)
        with record_statements(engine) as seen:
            actions.apply(engine, OPERATOR, batch.id, LATER)
        return len(seen)

    assert statements("U", 3) == statements("V", 60)


def test_a_merge_renames_assets_with_history_and_leaves_the_queue(engine: Engine) -> None:
    build(engine)
    load(engine, _fleet())
    assert _merge(engine, "Lenvo", "Lenovo") == 1
    assert _merge(engine, "Rg. Rapat Utama", "Ruang Rapat Utama") == 1
    assert _merge(engine, "Laptop lapangan", "laptop") == 1
    asset = detail(engine, "T6")
    assert (asset.asset.manufacturer, asset.asset.model) == ("Lenovo", "ThinkPad X9")
    assert (asset.asset.location, asset.row_version) == ("Ruang Rapat Utama", 3)
    changes = {(change.field, change.before, change.after) for change in asset.changes}
    assert ("location", "Rg. Rapat Utama", "Ruang Rapat Utama") in changes
    assert any(field == "hardware_model_id" for field, _, _ in changes)
    assert detail(engine, "T7").asset.asset_class == "laptop"
    assert not {"Lenvo", "Rg. Rapat Utama", "Laptop lapangan"} & _open(engine).keys()


def _file(folder: Path, rows: list[list[str | None]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    lines: list[list[str | None]] = [[*HEADER], *rows]
    for row in lines:
        sheet.append(row)
    path = folder / "list.xlsx"
    book.save(path)
    return path


def _preview(engine: Engine, path: Path, folder: Path) -> BatchView:
    settings = load_settings({"TRACKER_DATA_DIR": str(folder / "data")})
    return actions.preview(engine, OPERATOR, path, path.name, "A", LATER, settings=settings)


@pytest.mark.parametrize("rows", [3, 50])
def test_the_next_file_is_read_with_the_merged_names(rows: int, engine: Engine, tmp_path: Path) -> None:
    build(engine)
    # Rows without a tag are known by what they say: also these stay the same things.
    lines: list[list[str | None]] = [
        [None if at % 2 else f"N{at}", f"Thing {at}", "Laptop", "Lenvo", "ThinkPad X9", "Rg. 5"]
        for at in range(rows)
    ]
    path = _file(tmp_path, lines)
    first = _preview(engine, path, tmp_path)
    assert counts(first) == (rows, 0, 0, 0, 0)
    actions.apply(engine, OPERATOR, first.id, LATER)
    assert _merge(engine, "Lenvo", "Lenovo") == rows
    assert _merge(engine, "Rg. 5", "Ruang 5") == rows
    assert counts(_preview(engine, path, tmp_path)) == (0, 0, rows, 0, 0)
    path = _file(tmp_path, [*lines, ["NEW", "New", "Laptop", "Lenvo", "ThinkPad X9", "Rg. 5"]])
    batch = _preview(engine, path, tmp_path)
    assert counts(batch) == (1, 0, rows, 0, 0)
    actions.apply(engine, OPERATOR, batch.id, MUCH_LATER)
    new = detail(engine, "NEW").asset
    assert (new.manufacturer, new.model, new.location) == ("Lenovo", "ThinkPad X9", "Ruang 5")


def test_accepted_and_ignored_names_do_not_come_back(engine: Engine) -> None:
    build(engine)
    load(engine, _fleet())
    found = _open(engine)
    with transaction(engine) as session:
        accepted = [found["Gudang"].id, found["Lenvo"].id]
        assert queue.decide_names(session, OPERATOR, accepted, NameState.ACCEPTED, LATER) == 2
        queue.decide_names(session, OPERATOR, [found["Rg. Rapat Utama"].id], NameState.IGNORED, LATER)
    load(engine, [pc(9, "T9", location="Gudang"), pc(10, "T10", location="Gudangg")])
    again = _open(engine)
    assert not {"Gudang", "Lenvo", "Rg. Rapat Utama"} & again.keys()
    assert [near["value"] for near in again["Gudangg"].nearest] == ["Gudang"]
    with reading(engine) as session:
        counted = queue.count_suggestions(session, OPERATOR)
    assert counted["location", "ignored"] == 1


def test_decisions_go_to_another_agency_in_one_set(engine: Engine) -> None:
    build(engine)
    load(engine, _fleet())
    load(engine, [pc(2, "B1", location="Rg. Rapat Utama", brand="Lenvo", model="ThinkPad X9")], "B")
    _merge_names = [
        queue.DecidedName(kind=NameKind.MAKER, value="Lenvo", state=NameState.MERGED, target="Lenovo"),
        queue.DecidedName(
            kind=NameKind.LOCATION, value="Rg. Rapat Utama", state=NameState.MERGED, target="Aula"
        ),
        queue.DecidedName(kind=NameKind.LOCATION, value="Gudang", state=NameState.ACCEPTED),
    ]
    with transaction(engine) as session:
        assert queue.import_names(session, OPERATOR, "B", _merge_names, LATER) == (3, 2)
    asset = detail(engine, "B1").asset
    assert (asset.manufacturer, asset.location) == ("Lenovo", "Aula")
    assert [one.location for one in assets(engine, agency="A") if one.asset_tag == "T6"] == [
        "Rg. Rapat Utama"
    ]
    with reading(engine) as session:
        views = queue.list_suggestions(session, OPERATOR, agency="B", state=None, limit=None)
    carried = [queue.DecidedName.model_validate(one) for one in queue.exported(views)]
    assert {name.key for name in carried} == {name.key for name in _merge_names}


def test_what_cannot_be_decided_is_refused(engine: Engine) -> None:
    people = build(engine)
    load(engine, _fleet())
    _merge(engine, "Rg. Rapat Utama", "Ruang Rapat Utama")
    with pytest.raises(Conflict, match="itself merged"):
        _merge(engine, "Gudang", "Rg. Rapat Utama")
    with pytest.raises(Conflict, match="itself merged"):
        _merge(engine, "Gudang", "Gudang")
    with pytest.raises(Invalid):
        _merge(engine, "Laptop lapangan", "spaceship")
    one = _open(engine)["Gudang"]
    with transaction(engine) as session:
        with pytest.raises(NotFound):
            queue.merge_name(session, people["B"], one.id, "Aula", LATER)
        assert queue.decide_names(session, people["B"], [one.id], NameState.ACCEPTED, LATER) == 0
        assert queue.list_suggestions(session, people["B"]) == []
    assert _open(engine)["Gudang"].state == "open"


def test_every_decision_is_in_the_audit_log(engine: Engine) -> None:
    build(engine)
    load(engine, _fleet())
    _merge(engine, "Lenvo", "Lenovo")
    with reading(engine) as session:
        query = text("SELECT action FROM audit_event WHERE action LIKE 'names-%'")
        assert list(session.execute(query).scalars()) == ["names-decided"]
