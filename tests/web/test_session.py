"""Signing in and out, tokens of forms, the language switch."""

from __future__ import annotations

import re

from tests.web.conftest import ADMIN, PASSWORD, Pages


def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(pages: Pages) -> None:
    answer = pages.client.get("/profile?x=1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fprofile%3Fx%3D1")
    page = pages.client.get("/sign-in?next=%2Fprofile%3Fx%3D1").text
    assert 'name="next" value="/profile?x=1"' in page


def test_sign_in_goes_only_to_our_own_addresses(pages: Pages) -> None:
    for bad in ("https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil"):
        answer = pages.post("/sign-in", "/sign-in", email=ADMIN, password=PASSWORD, next=bad)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        pages.client.cookies.clear()


def test_a_session_cookie_is_hidden_from_scripts(pages: Pages) -> None:
    answer = pages.post("/sign-in", "/sign-in", email=ADMIN, password=PASSWORD)
    cookie = answer.headers["set-cookie"].lower()
    assert "tracker_session=" in cookie
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_wrong_password_and_unknown_account_look_the_same(pages: Pages) -> None:
    answers = [
        pages.post("/sign-in", "/sign-in", email=email, password="wrong wrong wrong")
        for email in (ADMIN, "nobody@example.org")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    for answer in answers:
        assert "The e-mail address or the password is wrong." in answer.text
        assert "tracker_session" not in answer.headers.get("set-cookie", "")


def test_signing_out_ends_the_session_in_the_database(pages: Pages) -> None:
    pages.post("/sign-in", "/sign-in", email=ADMIN, password=PASSWORD)
    old = pages.client.cookies["tracker_session"]
    answer = pages.post("/sign-out", "/profile")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "You are signed out." in pages.get("/sign-in")
    assert "You are signed out." not in pages.get("/sign-in")
    pages.client.cookies.set("tracker_session", old)
    assert pages.client.get("/profile", follow_redirects=False).status_code == 303


def test_the_language_switch_stays(pages: Pages) -> None:
    assert '<html lang="en">' in pages.get("/sign-in")
    pages.post("/language", "/sign-in", language="id", next="/sign-in")
    assert '<html lang="id">' in pages.get("/sign-in")
    assert "Masuk" in pages.get("/sign-in")


def test_the_browsers_language_is_used_first(pages: Pages) -> None:
    page = pages.client.get("/sign-in", headers={"accept-language": "in-ID,en;q=0.5"}).text
    assert '<html lang="id">' in page


def test_a_form_without_the_visitors_token_or_from_another_site_is_refused(pages: Pages) -> None:
    pages.sign_in()
    missing = pages.client.post("/profile/tokens", data={"name": "x"}, follow_redirects=False)
    wrong = pages.client.post(
        "/profile/tokens", data={"name": "x", "csrf_token": "y"}, follow_redirects=False
    )
    data = {"name": "x", "csrf_token": pages.token("/profile")}
    foreign = pages.client.post(
        "/profile/tokens", data=data, headers={"sec-fetch-site": "cross-site"}, follow_redirects=False
    )
    assert [answer.status_code for answer in (missing, wrong, foreign)] == [403, 403, 403]
    assert "The form was sent from another site" in foreign.text
    assert "No tokens" in pages.get("/profile")


def test_a_one_time_password_must_be_changed_first(pages: Pages) -> None:
    pages.sign_in()
    shown = pages.submit("/users", "/users", email="new@example.org", role="uploader", agency="PROV")
    found = re.search(r'<code class="secret"[^>]*>([^<]+)</code>', shown)
    assert found
    assert found[1] not in pages.get("/users")
    pages.client.cookies.clear()
    pages.post("/sign-in", "/sign-in", email="new@example.org", password=found[1])
    answer = pages.client.get("/assets", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/profile/password")
    form = {"old_password": found[1], "new_password": "my own pass phrase"}
    bad = pages.post("/profile/password", "/profile/password", **form, new_password_again="another")
    assert (bad.status_code, "The two new passwords differ." in bad.text) == (422, True)
    again = form["new_password"]
    after = pages.submit("/profile/password", "/profile/password", **form, new_password_again=again)
    assert "Your password is changed." in after
    pages.post("/sign-in", "/sign-in", email="new@example.org", password=again)
    assert pages.client.get("/assets", follow_redirects=False).status_code == 200


def test_tokens_are_shown_once_and_revoked(pages: Pages) -> None:
    pages.sign_in()
    shown = pages.submit("/profile/tokens", "/profile", name="<b>robot</b>", days="30")
    found = re.search(r'<code class="secret"[^>]*>(trk_[^<]+)</code>', shown)
    assert found
    assert "&lt;b&gt;robot&lt;/b&gt;" in shown
    listed = pages.get("/profile")
    assert found[1] not in listed
    number = re.search(r"/profile/tokens/(\d+)/revoke", listed)
    assert number
    assert "The token is revoked." in pages.submit(f"/profile/tokens/{number[1]}/revoke", "/profile")
    again = pages.post(f"/profile/tokens/{number[1]}/revoke", "/profile")
    assert again.status_code == 404
