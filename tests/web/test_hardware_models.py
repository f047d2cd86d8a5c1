"""The page on which dates of hardware models are told."""

from __future__ import annotations

from httpx2 import Response

from tests.web.conftest import Pages

FORM = {
    "manufacturer": "HP",
    "model": "Pro Desk 400G6",
    "end_of_support": "2026-06-30",
    "source": "https://example.org/a",
}


def test_dates_of_a_model_are_told_and_shown_with_their_source(admin: Pages) -> None:
    page = admin.submit("/catalogue/models", "/catalogue/models", **FORM)
    assert "Hardware models: 1 added, 0 changed, 0 as before." in page
    assert ">Pro Desk 400G6<" in page and "30 Jun 2026" in page
    assert '<a href="https://example.org/a" rel="noreferrer">example.org</a>' in page


def test_a_faulty_form_comes_back_with_the_reason_beside_the_field(admin: Pages) -> None:
    answer = admin.post(
        "/catalogue/models", "/catalogue/models", **{**FORM, "source": "", "end_of_sale": "soon"}
    )
    assert answer.status_code == 422
    assert 'value="Pro Desk 400G6"' in answer.text
    assert answer.text.count('class="error"') == 2
    early = admin.post("/catalogue/models", "/catalogue/models", **{**FORM, "end_of_sale": "2027-01-01"})
    assert (early.status_code, "lies before end_of_sale" in early.text.lower()) == (422, True)
    assert "No dates of hardware models were told." in admin.get("/catalogue/models")


def test_a_list_is_taken_over_or_refused_whole(admin: Pages) -> None:
    template = admin.client.get("/catalogue/models/template")
    assert template.headers["content-disposition"].startswith("attachment")
    done = _send(admin, template.content)
    assert (done.status_code, done.headers["location"]) == (303, "/catalogue/models")
    assert "Catalyst 2960-X" in admin.get("/catalogue/models")
    refused = _send(admin, b"manufacturer,model,source\nHP,,x\n")
    assert (refused.status_code, "row 2, model" in refused.text) == (422, True)


def _send(pages: Pages, content: bytes) -> Response:
    return pages.client.post(
        "/catalogue/models/list",
        data={"csrf_token": pages.token("/catalogue/models")},
        files={"file": ("models.csv", content)},
        follow_redirects=False,
    )
