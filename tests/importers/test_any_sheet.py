"""Whatever stands in a sheet: no crash, and every filled row is accounted for."""

from __future__ import annotations

import json
from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

import importers
from importers.reading.messages import CellError
from importers.rows import RefusedFile
from importers.vocabulary import read_data
from tests.importers.sheets import understand

_HEADERS = [name.title() for names in read_data("headers")["fields"].values() for name in names]
_TYPICAL = [
    "-", "Rp -", "Rp 12.500.000", "12,5 juta", "1.2.3", "31/02/2019", "17 Agustus 2019", "0001 s/d 0011", "3100102001",
    "1.3.2.10.01.02.001.", "3100102001-12", "√", "KB, x", "JUMLAH", "NIP. 1", "Mengetahui", "²019", "１２", "((((", "(Rp)",
]  # fmt: skip
_CELLS = st.one_of(
    st.none(),
    st.sampled_from(_TYPICAL),
    st.text(max_size=12),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.just(CellError("#REF!")),
)
_ROWS = st.lists(st.lists(_CELLS, max_size=9), max_size=14)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    above=st.lists(st.lists(_CELLS, max_size=5), max_size=2),
    header=st.lists(
        st.lists(st.sampled_from([None, "Nomor", "(Rp)", *_HEADERS]), min_size=2, max_size=8), max_size=3
    ),
    rows=_ROWS,
    delimited=st.booleans(),
)
def test_any_sheet_is_understood_or_refused(
    above: list[list[object]], header: list[list[object]], rows: list[list[object]], delimited: bool
) -> None:
    try:
        records, reader = understand([*above, *header, *rows], delimited=delimited)
    except RefusedFile as refused:
        assert refused.code == "duplicate_header"
        return
    info = reader.info()
    assert info.records == len(records)
    for record in records:
        json.dumps(importers.record_json(record), allow_nan=False)
        assert record.units >= 1
        assert record.cost is None or record.cost.is_finite()
        assert record.acquired_on is None or type(record.acquired_on) is date
        assert not isinstance(record.warranty_ends_on, datetime)
    joined = any(problem.code == "rows-joined" for problem in reader.problems)
    found = any(problem.code == "no-header" for problem in reader.problems)
    assert joined or found or info.rows == info.records + info.skipped
