"""The words of a name that a match rests on."""

from __future__ import annotations

from tracker.web.pages.match_views import NamePart, model_text, name_parts


def test_the_name_is_cut_where_its_spans_begin_and_end() -> None:
    evidence = {"spans": [[11, 17, "version"], [0, 7, "product"]]}
    assert name_parts("SQL Svr    2008R2 std", evidence) == (
        NamePart("SQL Svr", "product"),
        NamePart("    ", ""),
        NamePart("2008R2", "version"),
        NamePart(" std", ""),
    )


def test_spans_that_overlap_or_lie_outside_are_left_out() -> None:
    evidence = {"spans": [[0, 4, "product"], [2, 6, "version"], [5, 99, "version"]]}
    assert name_parts("Java 8", evidence) == (NamePart("Java", "product"), NamePart(" 8", ""))
    assert name_parts("Java 8", None) == (NamePart("Java 8", ""),)
    assert name_parts("", {"spans": []}) == ()


def test_a_model_is_shown_as_it_was_read() -> None:
    assert model_text("HP", "ProDesk 400") == "HP ProDesk 400"
    assert model_text("HP", "hp ProDesk 400") == "hp ProDesk 400"
    assert model_text("", "ProDesk 400") == "ProDesk 400"
