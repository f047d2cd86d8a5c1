"""Every code of a file, a row or a cell has words that can be translated."""

from __future__ import annotations

from tests.importers.test_codes import codes_of_sources
from tracker.web.codes import PROBLEMS, REFUSALS


def test_every_code_of_the_importers_has_words() -> None:
    assert codes_of_sources() - (PROBLEMS.keys() | REFUSALS.keys()) == set()
