"""The queue of names and the page of one title, by forms without scripts."""

from __future__ import annotations

import re

from tests.web.conftest import CSV, Pages

#: The same list with software whose name says nothing.
NAMES = CSV.replace("Windows 10 Pro 22H2", "Kantorku Pro 3").replace("Windows 11 24H2", "kantorku pro 4")


def queued(admin: Pages) -> str:
    """The queue after a file with an unknown name was applied and scanned; the address of its first title."""
    place = admin.upload(NAMES).headers["location"]
    admin.submit(f"{place}/apply", place)
    admin.submit("/scan", "/", next="/")
    found = re.search(r'href="(/matching/titles/\d+)"', admin.get("/matching"))
    assert found
    return found[1]


def test_a_name_that_waits_is_shown_and_decided(admin: Pages) -> None:
    title = queued(admin)
    page = admin.get("/matching")
    assert ">kantorku pro</h2>" in page
    assert "1 name waits" in page
    assert "2 assets" in page
    number = title.rsplit("/", 1)[1]
    form = {"agency": "PROV", "title_id": number, "next": "/matching"}
    page = admin.submit("/matching/decide", "/matching", outcome="ignored", reason="ours", **form)
    assert "Decided. 2 titles were matched again" in page
    assert "No names wait" in admin.get("/matching?agency=PROV")
    page = admin.get(title)
    for words in ("Kantorku Pro 3", "ours", "Ignore", "admin@example.org", "No known name is in it"):
        assert words in page, words
    ended = re.search(r'action="(/matching/decisions/\d+/end)"', page)
    assert ended
    admin.submit(ended[1], title, next=title)
    assert "1 name waits" in admin.get("/matching?agency=PROV&kind=unrecognised&q=KANTOR")


def test_a_form_that_lacks_something_says_so(admin: Pages) -> None:
    title = queued(admin)
    number = title.rsplit("/", 1)[1]
    for form, words in (
        ({"agency": "PROV"}, "An agency and a product are needed."),
        ({"agency": "PROV", "product": "nosuch"}, "nosuch"),
    ):
        answer = admin.post("/matching/decide", title, title_id=number, outcome="product", **form)
        assert answer.status_code == 422
        assert words in answer.text
    assert "Decisions</caption>" not in admin.get(title)


def test_accepting_all_takes_only_what_is_sure(admin: Pages) -> None:
    queued(admin)
    page = admin.submit("/matching/accept", "/matching", agency="ROOT", next="/matching")
    assert "0 proposals are accepted" in page
    assert "1 name waits" in page
