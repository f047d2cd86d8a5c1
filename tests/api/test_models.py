"""Dates of hardware models through HTTP on both databases."""

from __future__ import annotations

from tests.api.conftest import Api

ROW = {"manufacturer": "HP", "model": "Pro Desk 400G6", "end_of_support": "2026-06-30", "source": "letter 12"}


def test_models_are_told_and_listed(api: Api) -> None:
    assert api.post("root", "/catalogue/models", [ROW]) == {"added": 1, "changed": 0, "unchanged": 0}
    (found,) = api.get("manager-a", "/catalogue/models")
    assert (found["manufacturer"], found["end_of_support"], found["source"]) == (
        "HP",
        "2026-06-30",
        "letter 12",
    )


def test_only_administrators_of_all_agencies_tell_them(api: Api) -> None:
    assert api.call("manager-a", "POST", "/catalogue/models", json=[ROW]).status_code == 403
    assert api.get("manager-a", "/catalogue/models") == []
