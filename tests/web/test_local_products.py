"""Pages of own products and of dates that agencies hold against the catalogue's."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import NOW, Pages
from tracker.catalogue.actions import ensure_loaded
from tracker.db import transaction

FORM = {"product": "Aplikasi Surat", "release": "2.1", "security_support_ends_on": "2028-12-31",
        "aliases": "e-Surat, Surat Digital", "reason": "our own", "document": "SK 12/2026"}  # fmt: skip
HELD = {"agency": "PROV", "release": "11", "date_name": "security_support_ends", "value": "2027-12-31",
        "reason": "contract with the vendor", "document": "SPK 7/2026"}  # fmt: skip
ACROBAT = "/catalogue/adobe-acrobat"


@pytest.fixture
def shipped(admin: Pages) -> Pages:
    """The pages on all facts that the program ships."""
    with transaction(admin.engine) as session:
        ensure_loaded(session, NOW)
    return admin


def test_a_release_of_an_own_product_is_added_shown_and_ended(admin: Pages) -> None:
    page = admin.submit("/catalogue/local", "/catalogue/local", **FORM)
    assert "Aplikasi Surat 2.1 is kept. The next scan follows it." in page
    assert "31 Dec 2028" in page and "SK 12/2026" in page
    assert "31 Dec 2028" in admin.get("/catalogue/local-aplikasi-surat")
    assert 'href="/catalogue/local"' in admin.get("/catalogue")
    ended = re.search(r'action="(/catalogue/local/\d+/end)"', page)
    assert ended is not None
    page = admin.submit(ended[1], "/catalogue/local")
    assert "Aplikasi Surat 2.1 is ended." in page
    assert "/end" not in page.split("<main")[1].split("</table>")[0]


def test_a_faulty_own_product_comes_back_with_the_reason(admin: Pages) -> None:
    answer = admin.post("/catalogue/local", "/catalogue/local", **{**FORM, "reason": "", "product": "x"})
    assert (answer.status_code, answer.text.count('class="error"')) == (422, 2)
    early = admin.post("/catalogue/local", "/catalogue/local", **{**FORM, "released_on": "2029-01-01"})
    assert (early.status_code, "not in this order" in early.text) == (422, True)
    assert "No product of the organisation itself was told." in admin.get("/catalogue/local")


def test_a_date_is_held_beside_the_catalogues_and_taken_back(shipped: Pages) -> None:
    page = shipped.submit(f"{ACROBAT}/overrides", ACROBAT, **HELD)
    assert "The date is kept. The next scan follows it." in page
    row = next(one for one in page.split("<tr>") if "Acrobat XI" in one)
    assert "15 Oct 2017" in row and "PROV: Security support ends 31 Dec 2027" in row
    assert "contract with the vendor (SPK 7/2026)" in row and "not checked against its page" in row
    ended = re.search(rf'action="({ACROBAT}/overrides/\d+/end)"', page)
    assert ended is not None
    page = shipped.submit(ended[1], ACROBAT)
    assert "The catalogue&#39;s date, or that of an agency above, holds again." in page
    row = next(one for one in page.split("<tr>") if "Acrobat XI" in one)
    assert "PROV:" not in row


def test_a_faulty_date_comes_back_with_the_reason(shipped: Pages) -> None:
    answer = shipped.post(f"{ACROBAT}/overrides", ACROBAT, **{**HELD, "value": "soon", "reason": ""})
    assert (answer.status_code, answer.text.count('class="error"')) == (422, 2)
    assert 'value="SPK 7/2026"' in answer.text
