"""The page of catalogue updates: asked for, shown, applied or discarded; administrators of everything only."""

from __future__ import annotations

import json

from tests.catalogue.upstream import find_product, later, lifecycle
from tests.web.conftest import Pages
from tracker.identity.models import Role


def upload(pages: Pages, document: object, name: str = "full.json") -> str:
    """Upload an update; the address it leads to."""
    data = {"csrf_token": pages.token("/catalogue/updates"), "how": "upload"}
    files = {"file": (name, json.dumps(document).encode())}
    answer = pages.client.post("/catalogue/updates", data=data, files=files, follow_redirects=False)
    assert answer.status_code == 303, answer.text[:3000]
    return answer.headers["location"]


def test_an_update_is_shown_then_applied(admin: Pages) -> None:
    place = upload(admin, lifecycle())
    admin.submit(f"{place}/apply", place)
    told = later()
    find_product(told, "ubuntu")["label"] = "Ubuntu <b>Linux</b>"
    place = upload(admin, told)
    shown = admin.get(place)
    assert "Facts that change" in shown and "Ubuntu &lt;b&gt;Linux&lt;/b&gt;" in shown
    assert "Ubuntu &lt;b&gt;" not in admin.get("/catalogue")
    assert "The update is applied" in admin.submit(f"{place}/apply", place)
    assert "Ubuntu &lt;b&gt;" in admin.get("/catalogue")
    assert "already applied" in admin.submit(f"{place}/apply", "/catalogue/updates")
    again = admin.get(upload(admin, told))
    assert "Nothing new" in again and "Apply this update" not in again


def test_an_update_that_no_longer_fits_is_refused(admin: Pages) -> None:
    first, second = upload(admin, lifecycle()), upload(admin, lifecycle())
    admin.submit(f"{first}/apply", first)
    answer = admin.post(f"{second}/apply", second)
    assert answer.status_code == 409
    assert "has changed since" in answer.text
    assert "is discarded" in admin.submit(f"{second}/discard", second)
    admin.get(second, 404)


def test_what_cannot_be_read_is_refused_on_the_page(admin: Pages) -> None:
    for name, content in (("full.json", b"<html>"), ("b.zip", b"PK\x03\x04" + bytes(99)), ("x.json", b"[]")):
        data = {"csrf_token": admin.token("/catalogue/updates"), "how": "upload"}
        answer = admin.client.post("/catalogue/updates", data=data, files={"file": (name, content)})
        assert answer.status_code == 422
        assert "The update was refused" in answer.text


def test_only_an_administrator_of_everything_sees_it(pages: Pages) -> None:
    pages.sign_in("boss@prov.example", Role.ADMIN, "PROV")
    assert "/catalogue/updates" not in pages.get("/catalogue")
    pages.get("/catalogue/updates", 403)
    for way in ("apply", "discard"):
        assert pages.post(f"/catalogue/updates/1/{way}", "/profile").status_code == 403
