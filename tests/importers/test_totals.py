"""A printed total is compared with the rows above it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importers.sheets import understand

HEADER: list[Any] = ["Kode Barang", "NUP", "Nama Barang", "Harga"]
ROWS: list[list[Any]] = [
    ["3100102001", 1, "P.C Unit", "Rp 1.000.000"],
    ["3100102001", 2, "P.C Unit", 2_000_000],
]
MORE: list[list[Any]] = [["3100203003", 1, "Printer", "-"], ["3100203003", 2, "Printer", "500.000"]]


def _differing(*rows: list[Any]) -> list[tuple[int | None, str | None]]:
    _, reader = understand([HEADER, *rows])
    return [(problem.row, problem.value) for problem in reader.problems if problem.code == "total-differs"]


def test_totals_that_add_up_are_not_mentioned() -> None:
    sub = [None, None, "Sub Total", "3.000.000"]
    assert (
        _differing(*ROWS, sub, *MORE, [None, None, "Jumlah", 500_000], [None, None, "Total", 3_500_000]) == []
    )


def test_a_total_that_states_another_amount_is_named() -> None:
    assert _differing(*ROWS, [None, None, "Jumlah", "4.000.000"]) == [(4, "4000000")]
    assert _differing(*ROWS, *MORE, ["Total", None, None, 3_000_000]) == [(6, "3000000")]


def test_rows_taken_by_column_count_too() -> None:
    rows: list[list[Any]] = [["3100102001", n, "P.C Unit", 1_000] for n in range(1, 101)]
    assert _differing(*rows, [None, None, "Total", 100_000]) == []
    assert _differing(*rows, [None, None, "Total", 99_000]) == [(102, "99000")]


@pytest.mark.parametrize("odd", ["belum ada harga pasti", "USD x"])
def test_where_an_amount_cannot_be_read_nothing_is_said(odd: str) -> None:
    assert _differing(*ROWS, ["3100102001", 3, "P.C Unit", odd], [None, None, "Total", 9]) == []


def test_a_tax_is_no_total() -> None:
    assert _differing(*ROWS, [None, None, "PPN 11%", 330_000]) == []
