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


OWN = {"product": "Aplikasi Surat", "release": "2.1", "security_support_ends_on": "2028-12-31",
       "reason": "our own", "document": "SK 12/2026"}  # fmt: skip


def test_own_products_are_added_listed_and_ended(api: Api) -> None:
    made = api.post("root", "/catalogue/local", OWN, 201)
    assert (made["product"], made["release"], made["document"]) == (
        "local-aplikasi-surat",
        "2.1",
        "SK 12/2026",
    )
    assert api.get("manager-a", "/catalogue/local") == [made]
    (found,) = api.post("manager-a", "/catalogue/match", [{"text": "aplikasi surat 2.1"}])
    assert (found["product"], found["release"]) == ("local-aplikasi-surat", "2.1")
    assert api.call("root", "DELETE", f"/catalogue/local/{made['id']}").status_code == 200
    assert api.call("root", "DELETE", f"/catalogue/local/{made['id']}").status_code == 404
    assert api.get("manager-a", "/catalogue/local") == []
    assert len(api.get("manager-a", "/catalogue/local", history=True)) == 1


def test_only_administrators_of_all_agencies_add_own_products(api: Api) -> None:
    assert api.call("manager-a", "POST", "/catalogue/local", json=OWN).status_code == 403
    assert api.get("manager-a", "/catalogue/local", history=True) == []
