"""Which asset a row means, what is set aside, and what is pointed out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from importers.rows import Problem, Record, Skipped
from tests.inventory.world import LATER, OPERATOR, assets, build, counts, detail, load, pc, preview
from tracker.db import reading
from tracker.inventory import actions, queries
from tracker.inventory.key_policy import load_key_policy
from tracker.inventory.keys import find_keys
from tracker.inventory.schemas import BatchRowView, BatchView
from tracker.inventory.staging import Wanted


def _rows(engine: Engine, batch: BatchView) -> list[BatchRowView]:
    with reading(engine) as session:
        return queries.list_batch_rows(session, OPERATOR, batch.id)


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        ({"asset_tag": " it-001  a "}, {"tag": "IT-001 A"}),
        ({"asset_tag": "00123"}, {"tag": "00123"}),
        ({"asset_tag": "3.10.01.02.001-8"}, {"bmn": "3100102001-8"}),
        ({"item_code": "3100102001", "register": "0008"}, {"bmn": "3100102001-8"}),
        ({"item_code": "1.3.2.10.01.02.001", "register": "8"}, {"bmn": "3100102001-8"}),
        ({"item_code": "02.06.03.02.01", "register": "8"}, {"bmn": "3100102001-8"}),
        ({"item_code": "02.06.09.09.09", "register": "8"}, {"bmd-17": "0206090909-8"}),
        ({"item_code": "3100102001", "register": "0001 s/d 0012"}, {"bmn": "3100102001-1..12"}),
        ({"serial": "abc-123/x"}, {"serial": "ABC123X"}),
        ({"serial": "To be filled by O.E.M."}, {}),
        ({"serial": "00000000"}, {}),
        ({"serial": "1.23E+11"}, {}),
        ({"hostname": "PC-01.kantor.go.id."}, {"hostname": "pc-01.kantor.go.id"}),
        ({"uuid": "4C4C4544-0051-3510-8052-B4C04F4A3132"}, {"uuid": "4c4c4544005135108052b4c04f4a3132"}),
        (
            {"asset_tag": "T", "serial": "SER1", "hostname": "h1"},
            {"tag": "T", "serial": "SER1", "hostname": "h1"},
        ),
    ],
)
def test_names_are_normalised(names: dict[str, str], keys: dict[str, str]) -> None:
    assert find_keys(load_key_policy(), **names) == keys


def test_the_strongest_name_finds_the_asset(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1", serial="S1"), pc(3, "T2", serial="S2")])
    # The tag says T1, the serial S2: the tag comes first in the policy.
    batch = preview(engine, [pc(2, "T1", serial="S2")])
    assert _rows(engine, batch)[0].diff == {"serial": ["S1", "S2"]}
    # A new tag on a known serial is the same thing with a new tag.
    batch = load(engine, [pc(2, "T9", serial="s-1")])
    assert _rows(engine, batch)[0].diff == {
        "asset_tag": ["T1", "T9"], "serial": ["S1", "s-1"], "name": ["PC T1", "PC T9"],
    }  # fmt: skip
    assert [asset.asset_tag for asset in assets(engine)] == ["T2", "T9"]
    # The old tag is free, and finds nothing.
    assert counts(preview(engine, [pc(2, "T1")])) == (1, 0, 0, 0, 0)


def test_an_asset_is_found_by_one_row_only(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1", serial="S1")])
    batch = load(engine, [pc(2, "T2", serial="S1"), pc(3, "T1", serial="S1", location="here")])
    assert counts(batch) == (1, 1, 0, 0, 0)
    assert [(p["code"], p["row"]) for p in batch.problems] == [
        ("duplicate-serial", 2), ("duplicate-serial", 3), ("name-in-use", 2),
    ]  # fmt: skip
    assert [(a.asset_tag, a.location) for a in assets(engine)] == [("T1", "here"), ("T2", None)]


def test_a_serial_that_two_assets_share_finds_neither(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1", serial="S1"), pc(3, "T2", serial="S1")])
    batch = load(engine, [pc(2, None, serial="S1", name="third")])
    assert counts(batch) == (1, 0, 0, 0, 0)
    assert [(p["code"], p["value"]) for p in batch.problems] == [("name-in-use", "S1")]


def test_a_host_name_moves_to_the_successor(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, None, serial="OLD1", hostname="pc-7", name="old")])
    batch = load(engine, [pc(2, None, serial="NEW1", hostname="pc-7", name="new")])
    assert counts(batch) == (1, 0, 0, 0, 0)
    assert counts(preview(engine, [pc(2, None, hostname="PC-7", name="by host")])) == (1, 0, 0, 0, 0)
    load(engine, [pc(3, None, hostname="pc-8", name="only host")])
    assert counts(preview(engine, [pc(2, None, hostname="PC-8", name="by host")])) == (0, 1, 0, 0, 0)


def test_rows_without_names_are_known_by_content(engine: Engine) -> None:
    build(engine)
    same: dict[str, Any] = {"name": "Mouse", "cost": Decimal(90_000)}
    batch = load(engine, [pc(2, None, **same), pc(3, None, **same), pc(4, None, name="Keyboard")])
    assert counts(batch) == (3, 0, 0, 0, 0)
    (problem,) = batch.problems
    assert (problem["code"], problem["sheet"], problem["row"], problem["value"]) == (
        "no-identifier",
        "Data",
        2,
        "3",
    )
    again = [pc(12, None, **same), pc(13, None, **same), pc(14, None, **same), pc(15, None, name="Keyboard")]
    assert counts(load(engine, again)) == (1, 0, 3, 0, 0)


def test_a_key_twice_in_one_file_takes_the_first_row_and_rejects_the_others_naming_it(engine: Engine) -> None:
    build(engine)
    batch = load(engine, [pc(2, "T1"), pc(3, "T2"), pc(7, "t1 "), pc(8, "T1", sheet="More")])
    assert counts(batch) == (2, 0, 0, 0, 2)
    rows = _rows(engine, batch)
    assert [(row.row, row.outcome, row.reason) for row in rows] == [
        (2, "created", None),
        (3, "created", None),
        (
            7,
            "rejected",
            "tag T1 also stands in sheet Data row 2, sheet More row 8; sheet Data row 2 is taken",
        ),
        (
            8,
            "rejected",
            "tag T1 also stands in sheet Data row 2, sheet Data row 7; sheet Data row 2 is taken",
        ),
    ]
    assert [(p["sheet"], p["row"], p["column"], p["code"], p["value"]) for p in batch.problems] == [
        ("Data", 2, "tag", "duplicate-key", "T1"),
        ("Data", 7, "tag", "duplicate-key", "T1"),
        ("More", 8, "tag", "duplicate-key", "T1"),
    ]
    assert batch.problems[0]["message"] == (
        "tag T1 also stands in sheet Data row 7, sheet More row 8; this row is taken"
    )
    assert [asset.asset_tag for asset in assets(engine)] == ["T1", "T2"]


def test_a_row_known_by_the_serial_of_another_row_only_is_not_taken(engine: Engine) -> None:
    build(engine)
    batch = load(engine, [pc(2, None, serial="S1"), pc(3, "T1", serial="S1")])
    assert counts(batch) == (1, 0, 0, 0, 1)
    assert _rows(engine, batch)[0].reason == "serial S1 also stands in sheet Data row 3"


def test_rows_of_another_agency_are_rejected_where_the_file_holds_several(engine: Engine) -> None:
    build(engine)
    rows = [pc(2, "T1", agency_text="agency a"), pc(3, "T2", agency_text="Badan Lain"), pc(4, "T3")]
    batch = load(engine, rows)
    assert counts(batch) == (2, 0, 0, 0, 1)
    assert _rows(engine, batch)[1].reason == (
        "the row names the agency 'Badan Lain', others the one that was chosen: import it there"
    )
    assert [(p["row"], p["code"], p["value"]) for p in batch.problems] == [(3, "other-agency", "Badan Lain")]
    assert counts(preview(engine, [pc(3, "T2", agency_text="Badan Lain")])) == (1, 0, 0, 0, 0)


def test_what_is_not_it_is_skipped_with_its_reason_unless_asked_for(engine: Engine) -> None:
    build(engine)
    ups = Record("Data", 3, asset_tag="U1", name="UPS", asset_class="ups", it_scope="near-it")
    chair = Record("Data", 4, asset_tag="C1", name="Kursi")
    rows = [pc(2, "T1"), ups, chair]
    total = Skipped("Data", 5, "subtotal", "Jumlah 3")
    batch = preview(engine, rows, skipped=[total])
    assert counts(batch) == (1, 0, 0, 3, 0)
    assert [(r.row, r.outcome, r.reason, r.label) for r in _rows(engine, batch)] == [
        (2, "created", None, "T1 PC T1"),
        (3, "skipped", "near-it", "U1 UPS"),
        (4, "skipped", "not-it", "C1 Kursi"),
        (5, "skipped", "subtotal", "Jumlah 3"),
    ]
    assert counts(preview(engine, rows, wanted=Wanted(True, False))) == (2, 0, 0, 1, 0)
    assert counts(load(engine, rows, wanted=Wanted(True, True))) == (3, 0, 0, 0, 0)
    assert [(a.asset_tag, a.asset_class) for a in assets(engine)] == [
        ("C1", "other"),
        ("T1", "desktop"),
        ("U1", "ups"),
    ]


def test_a_rejected_row_says_why_and_becomes_nothing(engine: Engine) -> None:
    build(engine)
    problem = Problem("Data", 2, "Harga", "negative-money", "the cost is negative", "-5")
    batch = load(engine, [pc(2, "T1", rejected=True, problems=(problem,)), pc(3, "T2", problems=())])
    assert counts(batch) == (1, 0, 0, 0, 1)
    assert (_rows(engine, batch)[0].outcome, _rows(engine, batch)[0].reason) == (
        "rejected",
        "the cost is negative",
    )
    assert batch.problems == [
        {"sheet": "Data", "row": 2, "column": "Harga", "code": "negative-money", "message": "the cost is negative",
         "value": "-5"}
    ]  # fmt: skip


def test_a_row_of_several_conditions_becomes_one_asset_for_each(engine: Engine) -> None:
    build(engine)
    row = pc(
        2,
        "T1",
        units=20,
        cost=Decimal("100.01"),
        currency="IDR",
        conditions={"good": 17, "fair": 0, "broken": 3},
    )
    assert counts(load(engine, [row])) == (2, 0, 0, 0, 0)
    assert [(a.condition, a.units, a.cost_minor) for a in sorted(assets(engine), key=lambda a: -a.units)] == [
        ("good", 17, 8501), ("broken", 3, 1500),
    ]  # fmt: skip
    assert counts(load(engine, [row])) == (0, 0, 2, 0, 0)


def test_the_same_tag_in_two_agencies_is_two_assets(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "T1")], "A")
    assert counts(load(engine, [pc(2, "T1")], "B")) == (1, 0, 0, 0, 0)
    assert counts(load(engine, [pc(2, "T1")], "A1")) == (1, 0, 0, 0, 0)


def test_rows_that_name_another_agency_are_pointed_out(engine: Engine) -> None:
    build(engine)
    rows = [
        pc(2, "T1", agency_text="agency a"),
        pc(3, "T2", agency_text="Dinas X"),
        pc(4, "T3", agency_text="Dinas X"),
    ]
    batch = preview(engine, rows)
    assert [(p["code"], p["row"], p["value"]) for p in batch.problems] == [("other-agency", 3, "Dinas X")]


def test_hostile_text_is_stored_as_text(engine: Engine) -> None:
    build(engine)
    tag = "x'); DROP TABLE asset;--\"{}\\"
    problem = Problem("Data", 3, "Tag\x00", "odd", "a \ud800 message", "va\x00lue")
    load(engine, [pc(3, "T\x002", serial="\x00\ud800SN\x00", rejected=True, problems=(problem,))])
    batch = load(
        engine,
        [pc(2, tag, name="NUL\x00 and \ud800\ud7ff 𝔘", notes='{"keys":{"a":1}}', brand="B'", model='M"')],
    )
    assert counts(batch) == (1, 0, 0, 0, 0)
    held = detail(engine, tag)
    assert (held.asset.name, held.notes) == ("NUL and \ud7ff 𝔘", '{"keys":{"a":1}}')
    assert (held.asset.manufacturer, held.asset.model) == ("B'", 'M"')
    assert counts(load(engine, [pc(2, tag, name="NUL and \ud7ff 𝔘", brand="B'", model='M"')])) == (
        0,
        0,
        1,
        0,
        0,
    )
    actions.undo(engine, OPERATOR, batch.id, LATER)
