"""Charts are figures turned into places: exact ones."""

from __future__ import annotations

import pytest

from tracker.web.charts import (
    Group,
    Share,
    Words,
    axis_values,
    column_chart,
    nice_top,
    share_chart,
    shortened,
)

WORDS = Words("Title", "Summary", ())


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 4), (1, 4), (4, 4), (5, 8), (9, 20), (21, 40), (508, 800), (801, 2000), (2.5e9, 4e9)],
)
def test_an_axis_ends_at_a_round_number_of_four_whole_steps(most: float, top: float) -> None:
    assert nice_top(most) == top
    assert axis_values(top) == [top * part for part in (0, 0.25, 0.5, 0.75, 1)]


def test_a_share_fills_its_part_of_the_bar_and_never_more() -> None:
    shares = [
        Share("A", 0.25, "25%", ("1", "4")),
        Share("B", 1.5, "150%", ("6", "4")),
        Share("C", -1, "?", ()),
    ]
    chart = share_chart(WORDS, shares)
    assert [(bar.width, bar.tone) for bar in chart.bars] == [
        (560, "rest"), (140.0, "bad"), (560, "rest"), (560.0, "bad"), (560, "rest"), (0.0, "bad"),
    ]  # fmt: skip
    assert [(row.label, row.cells) for row in chart.rows] == [("A", ("1", "4")), ("B", ("6", "4")), ("C", ())]


def test_columns_stand_on_the_axis_and_reach_their_value() -> None:
    groups = [
        Group("2027", ((4, "rest", "b"), (1, "main", "c")), ("4", "1")),
        Group("2028", ((0, "rest", "b"),), ("0",)),
    ]
    chart = column_chart(WORDS, groups, [(0, "0"), (4, "4")], 4)
    base = {round(bar.y + bar.height, 1) for bar in chart.bars}
    assert base == {214}
    assert [bar.height for bar in chart.bars] == [192, 48, 0]
    assert [(line.y1, line.y2) for line in chart.grid] == [(214, 214), (22, 22)]


def test_long_labels_are_cut() -> None:
    assert shortened("x" * 60) == "x" * 47 + "…"
    assert shortened("short") == "short"
