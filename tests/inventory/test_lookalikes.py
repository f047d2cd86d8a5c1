"""Typing errors against what is held, and serial numbers that another agency holds."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.inventory.world import LATER, OPERATOR, build, load, pc, preview
from tracker.db import record_statements
from tracker.inventory import actions
from tracker.inventory.lookalikes import skeleton, variants


def _told(batch: object) -> list[tuple[object, ...]]:
    problems: list[dict[str, object]] = batch.problems  # type: ignore[attr-defined]
    return [
        (one["code"], one["row"], one["value"])
        for one in problems
        if one["code"] in ("near-duplicate", "serial-elsewhere")
    ]


@pytest.mark.parametrize(
    ("scheme", "held", "typed"),
    [
        ("tag", "INV-O05", "INV-005"),
        ("tag", "AB-1234", "BA-1234"),
        ("serial", "PF2I1K9", "PF2L1K9"),
        ("serial", "5CG1234XYZ", "5CG11234XYZ"),
        ("serial", "AXB77319", "XAB77319"),
    ],
)
def test_a_slip_of_one_sign_is_found(scheme: str, held: str, typed: str) -> None:
    assert skeleton(held) in set(variants(typed, scheme))


@pytest.mark.parametrize(
    ("held", "typed"), [("INV-0001", "INV-0002"), ("INV-0012", "INV-0021"), ("PC-100", "PC-1000")]
)
def test_numbers_in_a_row_are_no_slips(held: str, typed: str) -> None:
    assert skeleton(held) not in set(variants(typed, "tag"))


def test_the_preview_points_out_what_nearly_is_held(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(2, "INV-O05", serial="5CG1234XYZ"), pc(3, "INV-006", serial="5CG9999XYZ")])
    batch = preview(engine, [
        pc(2, "INV-005", serial="NEW1111"), pc(3, "INV-777", serial="5CG11234XYZ"), pc(4, "INV-006", serial="5CG9999XYZ"),
    ])  # fmt: skip
    assert _told(batch) == [("near-duplicate", 2, "INV-005"), ("near-duplicate", 3, "5CG11234XYZ")]


def test_a_serial_of_another_agency_is_named_only_to_those_who_see_it(engine: Engine) -> None:
    people = build(engine)
    load(engine, [pc(2, "B1", serial="SER-777")], "B")
    rows = [pc(2, "A1", serial="SER-777"), pc(3, "A2", serial="SER-888")]
    batch = preview(engine, rows)
    assert _told(batch) == [("serial-elsewhere", 2, "SER777")]
    assert "agency B" in str(batch.problems[0]["message"])
    own = actions.preview_records(engine, people["A"], rows, "x", "A", LATER)
    assert [one["message"] for one in own.problems] == ["this serial number is also held by another agency"]
    actions.apply(engine, OPERATOR, batch.id, LATER)
    assert _told(preview(engine, rows)) == []


def test_statements_do_not_depend_on_the_names(engine: Engine) -> None:
    build(engine)
    load(engine, [pc(row, f"T{row:05}", serial=f"SN{row:05}X") for row in range(2, 40)])

    def statements(first: int, last: int) -> int:
        rows = [pc(row, f"N{row:05}", serial=f"SN{row:05}Y") for row in range(first, last)]
        with record_statements(engine) as seen:
            preview(engine, rows)
        return len(seen)

    assert statements(2, 4) == statements(2, 40)
