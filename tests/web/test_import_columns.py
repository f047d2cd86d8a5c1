"""Columns on the page of a preview: changed, read again, remembered, forgotten."""

from __future__ import annotations

import re

from tests.web.conftest import Pages

CSV = (
    "Asset Tag,Asset Name,Category,Kunci,Ref\nPC-1,Reception,Desktop,Budi,B-12\nPC-2,Hall,Laptop,Siti,B-13\n"
)


def _select(page: str, header: str) -> tuple[str, str]:
    """(name of the form's field, chosen value) of a column."""
    number = re.search(rf'id="h-(c[0-9-]+)">{header}</th>', page)
    assert number, header
    options = page.split(f'name="{number[1]}"')[1].split("</select>", maxsplit=1)[0]
    chosen = re.search(r'value="([^"]+)" selected', options)
    assert chosen, options
    return number[1], chosen[1]


def test_a_column_is_changed_remembered_and_forgotten(admin: Pages) -> None:
    place = admin.upload(CSV).headers["location"]
    page = admin.get(place)
    name, field = _select(page, "Kunci")
    assert field == "extra"
    answer = admin.post(f"{place}/columns", place, **{name: "custodian"})
    again = answer.headers["location"]
    assert (answer.status_code, again != place) == (303, True)
    page = admin.get(again)
    assert "Read again with your columns." in page
    assert _select(page, "Kunci") == (name, "custodian")
    assert "Chosen or remembered" in page
    admin.submit(f"{again}/apply", again)
    # Applied: a list without choices.
    assert "<select name=" not in admin.get(again).split("columns-part")[1].split("</details>")[0]
    remembered = admin.get("/agencies/PROV/columns")
    assert all(word in remembered for word in ("Kunci", "Custodian"))
    gone = admin.submit("/agencies/PROV/columns/forget", "/agencies/PROV/columns", header="Kunci")
    assert "The column is forgotten." in gone
    assert "Nothing remembered yet" in gone


def test_nothing_changed_and_nonsense_are_told(admin: Pages) -> None:
    place = admin.upload(CSV).headers["location"]
    name, field = _select(admin.get(place), "Kunci")
    assert "No column was changed" in admin.submit(f"{place}/columns", place, **{name: field})
    assert "is no field; the fields are" in admin.submit(f"{place}/columns", place, **{name: "colour"})
