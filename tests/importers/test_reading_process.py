"""The parent outlives whatever becomes of the child, and leaves none behind."""

from __future__ import annotations

import os
import pickle
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from importers.reading import BLOCK_ROWS, CellError, open_sheets, process
from importers.reading.messages import load_message
from importers.rows import Limits, RefusedFile
from tests.importers.books import book, sheet_xml


@pytest.fixture
def long_text(tmp_path: Path) -> Path:
    """A text that fills the pipe many times over."""
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "".join(f"{n},{'x' * 60}\n" for n in range(40_000)))
    return path


def is_gone(pid: int) -> bool:
    """Whether a child was ended and reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_rows_come_in_blocks(long_text: Path) -> None:
    with open_sheets(long_text, Limits()) as file:
        sizes = [len(block) for _, blocks in file.sheets() for block in blocks]
        pid = file.pid
    assert sizes == [BLOCK_ROWS] * 8 + [1]
    assert is_gone(pid)


def test_leaving_early_ends_the_child(long_text: Path) -> None:
    with open_sheets(long_text, Limits()) as file:
        _, blocks = next(file.sheets())
        assert len(next(blocks)) == BLOCK_ROWS
        pid = file.pid
        assert not is_gone(pid)
    assert is_gone(pid)


def test_a_sheet_not_consumed_is_passed_over(long_text: Path) -> None:
    with open_sheets(long_text, Limits()) as file:
        assert [sheet.name for sheet, _ in file.sheets()] == ["long"]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGKILL, "memory_limit"), (signal.SIGABRT, "memory_limit"), (signal.SIGXCPU, "time_limit")],
)
def test_a_child_that_dies_is_a_refusal(long_text: Path, number: signal.Signals, code: str) -> None:
    with open_sheets(long_text, Limits()) as file, pytest.raises(RefusedFile) as caught:
        for _, blocks in file.sheets():
            next(blocks)
            os.kill(file.pid, number)
            list(blocks)
    assert caught.value.code == code
    assert is_gone(file.pid)


def test_no_time_is_too_little_time(long_text: Path) -> None:
    with pytest.raises(RefusedFile) as caught:
        open_sheets(long_text, replace(Limits(), seconds=0))
    assert (caught.value.code, caught.value.message) == ("time_limit", "Reading took longer than 0 seconds.")


def test_a_file_that_needs_more_memory_is_refused_by_that_name(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n}">' + "".join(f'<c r="{c}{n}"><v>1</v></c>' for c in "ABCDEFGHIJ") + "</row>"
        for n in range(1, 9_000)
    )
    path = tmp_path / "a.xlsx"
    path.write_bytes(book(sheet_xml(rows + '<row r="900000"><c r="J900000"><v>1</v></c></row>')))
    with pytest.raises(RefusedFile) as caught, open_sheets(path, replace(Limits(), child_rss_mb=160)) as file:
        for _, blocks in file.sheets():
            list(blocks)
    assert (caught.value.code, caught.value.message) == ("memory_limit", "Reading needs more than 160 MB.")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match=r"^There is no file named none\.xlsx\.$"):
        open_sheets(tmp_path / "none.xlsx", Limits())


def test_a_child_cannot_name_code_for_its_parent_to_run() -> None:
    assert load_message(pickle.dumps(("block", [(1, [CellError("#REF!")])]))) == (
        "block",
        [(1, [CellError("#REF!")])],
    )
    with pytest.raises(pickle.UnpicklingError, match=r"^posix\.system is no value of a sheet"):
        load_message(pickle.dumps((os.system,)))


def test_a_child_that_dies_of_parsing_too_early_is_followed_by_one_that_checks_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_AHEAD_BYTES", 0)
    path = tmp_path / "a.xlsx"
    path.write_bytes(book())
    with open_sheets(path, Limits()) as file:
        first = file.pid
        os.kill(first, signal.SIGKILL)
        rows = [row for _, blocks in file.sheets() for block in blocks for row in block]
        second = file.pid
    monkeypatch.setattr(process, "_AHEAD_BYTES", 1 << 60)
    with open_sheets(path, Limits()) as file:
        assert [row for _, blocks in file.sheets() for block in blocks for row in block] == rows
    assert is_gone(first)
    assert is_gone(second)
