"""Who gets in, and how errors and headers look: tokens, sessions, problems."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.api.conftest import PASSWORD, Api, make_app, problem
from tracker.db import transaction
from tracker.identity.actions import add_user, create_token, set_user_active, sign_in
from tracker.identity.models import Role
from tracker.identity.queries import load_principal
from tracker.identity.schemas import NewUser, Principal, operator

NOW = datetime.now(UTC)


def session_of(api: Api, who: str) -> tuple[dict[str, str], str]:
    """The cookie header and the CSRF token of a new session."""
    with transaction(api.engine) as session:
        signed = sign_in(session, f"{who}@example.org", PASSWORD, datetime.now(UTC))
    return {"Cookie": f"tracker_session={signed.token}"}, signed.csrf_token


def test_every_operation_needs_somebody(sqlite_api: Api) -> None:
    tried = 0
    for path, operations in sqlite_api.client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            address = path.replace("{code}", "A").replace("{slug}", "x").replace("{email}", "x@y")
            address = re.sub(r"{\w+}", "1", address)
            response = sqlite_api.client.request(method.upper(), address, follow_redirects=False)
            problem(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"] == "Bearer"
            tried += 1
    assert tried > 35


def test_wrong_tokens(sqlite_api: Api) -> None:
    wrong = {
        "Bearer trk_wrong": "bad_token",
        "Bearer ": "bad_authorization",
        "Basic YTpi": "bad_authorization",
        "trk_wrong": "bad_authorization",
    }
    for header, code in wrong.items():
        response = sqlite_api.client.get("/api/v1/me", headers={"Authorization": header})
        problem(response, 401, code)


def test_a_wrong_token_does_not_fall_back_to_the_session(sqlite_api: Api) -> None:
    cookie, _ = session_of(sqlite_api, "admin-a")
    assert sqlite_api.client.get("/api/v1/me", headers=cookie).json()["user"] == "admin-a@example.org"
    problem(
        sqlite_api.client.get("/api/v1/me", headers=cookie | {"Authorization": "Bearer x"}), 401, "bad_token"
    )


def test_expired_and_revoked_tokens(api: Api) -> None:
    made = api.post("clerk-a", "/tokens", {"name": "short"}, 201)
    assert made["secret"].startswith("trk_") and "secret" not in made["token"]
    own = {"Authorization": f"Bearer {made['secret']}"}
    assert api.client.get("/api/v1/me", headers=own).status_code == 200
    problem(api.call("admin-a", "DELETE", f"/tokens/{made['token']['id']}"), 404, "unknown_token")
    assert api.call("clerk-a", "DELETE", f"/tokens/{made['token']['id']}").status_code == 204
    problem(api.client.get("/api/v1/me", headers=own), 401, "bad_token")
    with transaction(api.engine) as session:
        principal = _load(session, "clerk-a")
        _, secret = create_token(session, principal, "old", NOW, NOW - timedelta(seconds=1))
    headers = {"Authorization": f"Bearer {secret}"}
    problem(api.client.get("/api/v1/me", headers=headers), 401, "bad_token")
    listed = api.get("clerk-a", "/tokens")
    assert [token["name"] for token in listed] == ["old", "short", "tests"]
    assert made["secret"] not in str(listed)


def _load(session: object, who: str) -> Principal:
    from sqlmodel import Session, select

    from tracker.identity.models import User

    assert isinstance(session, Session)
    user = session.exec(select(User).where(User.email == f"{who}@example.org")).one()
    found = load_principal(session, user.id)
    assert found is not None
    return found


def test_disabled_users(api: Api) -> None:
    cookie, _ = session_of(api, "clerk-a")
    with transaction(api.engine) as session:
        set_user_active(session, operator(), "clerk-a@example.org", False, NOW)
    problem(api.call("clerk-a", "GET", "/me"), 401, "bad_token")
    problem(api.client.get("/api/v1/me", headers=cookie), 401, "session_ended")


def test_a_session_needs_its_csrf_token_to_change_something(api: Api) -> None:
    cookie, csrf = session_of(api, "admin-a")
    body = {"code": "A2", "name": "New", "parent_code": "A"}
    for header in ({}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": "bü"}):
        sent = [(name.encode(), value.encode()) for name, value in (cookie | header).items()]
        problem(api.client.post("/api/v1/agencies", json=body, headers=sent), 403, "csrf")
    assert {one["code"] for one in api.get("admin-a", "/agencies")} == {"A", "A1"}
    done = api.client.post("/api/v1/agencies", json=body, headers=cookie | {"X-CSRF-Token": csrf})
    assert (done.status_code, done.json()["code"]) == (201, "A2")
    assert {one["code"] for one in api.get("admin-a", "/agencies")} == {"A", "A1", "A2"}


def test_a_one_time_password_opens_nothing(sqlite_api: Api) -> None:
    with transaction(sqlite_api.engine) as session:
        new = NewUser(email="new@example.org", role=Role.AUDITOR, agency_code="A")
        _, password = add_user(session, operator(), new, NOW)
        assert password is not None
        signed = sign_in(session, "new@example.org", password, NOW)
    cookie = {"Cookie": f"tracker_session={signed.token}"}
    problem(sqlite_api.client.get("/api/v1/me", headers=cookie), 403, "password_change_needed")


def test_headers_of_every_answer(sqlite_api: Api) -> None:
    for path in ("/api/v1/me", "/openapi.json", "/static/none.css", "/api/v1/none", "/healthz"):
        headers = sqlite_api.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy and "http" not in policy
    assert sqlite_api.client.get("/api/v1/me").headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in sqlite_api.client.get("/healthz").headers


def test_unknown_paths_and_methods(sqlite_api: Api) -> None:
    problem(sqlite_api.client.get("/api/v1/nothing"), 404, "not_found")
    problem(sqlite_api.client.put("/api/v1/agencies"), 405, "method_not_allowed")
    assert sqlite_api.client.get("/docs").headers["content-type"] != "application/problem+json"
    assert sqlite_api.client.get("/docs").status_code == 404


def test_what_nobody_expected(sqlite_engine: Engine, tmp_path: Path) -> None:
    def boom() -> None:
        raise RuntimeError("the secret detail")

    app = make_app(sqlite_engine, tmp_path)
    app.add_api_route("/api/v1/boom", boom)
    response = TestClient(app, raise_server_exceptions=False).get("/api/v1/boom")
    body = problem(response, 500, "unexpected")
    assert "secret" not in response.text
    assert body["detail"] == "something unexpected went wrong; it was written to the log"
    assert response.headers["x-frame-options"] == "DENY"


UNUSABLE: list[tuple[str, str, object]] = [
    ("GET", "/assets?limit=0", None),
    ("GET", "/assets?limit=201", None),
    ("GET", "/assets/0", None),
    ("GET", f"/assets/{2**63}", None),
    ("GET", "/assets/abc", None),
    ("GET", "/assets?status=gone", None),
    ("GET", "/findings?as_of=yesterday", None),
    ("GET", "/findings?state=some", None),
    ("GET", "/plans?after=x", None),
    ("POST", "/agencies", {"code": "X"}),
    ("POST", "/agencies", {"code": "X", "name": "Y", "colour": "red"}),
    ("POST", "/agencies", {"code": "a b", "name": "Y"}),
    ("POST", "/users", {"email": "x", "role": "admin", "password": "short-secret"}),
    ("POST", "/users", {"email": "x@y", "role": "king"}),
    ("POST", "/catalogue/match", [{"text": "x"}] * 1_001),
    ("POST", "/agencies", [1, 2]),
    ("PATCH", "/assets/1", {"cost_minor": 1}),
    ("PATCH", "/assets/1", {"cost": "1.005"}),
    ("PATCH", "/assets/1", {"status": None}),
]


def test_unusable_requests(sqlite_api: Api) -> None:
    for method, path, body in UNUSABLE:
        sent = {} if body is None else {"json": body}
        response = sqlite_api.call("root", method, path, **sent)
        found = problem(response, 422, "invalid_request")
        assert found["errors"] and all(error["where"] and error["message"] for error in found["errors"])
        assert "short-secret" not in response.text


def test_broken_json_and_strange_characters(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    response = api.call("root", "POST", "/agencies", content=b'{"code": ', headers=headers)
    problem(response, 422, "invalid_request")
    for text in (r'{"code": "X", "name": "\ud800"}', '{"code": "X", "name": "\\u0000"}'):
        response = api.call("root", "POST", "/agencies", content=text.encode(), headers=headers)
        assert response.status_code in (201, 422), response.text
    for path in (
        "/assets?text=%00",
        "/findings?agency=%00",
        "/agencies/%00",
        "/assets?text=%ff",
        "/assets?after=%00",
    ):
        assert api.call("root", "GET", path).status_code in (200, 404, 422), path


def test_a_body_beyond_all_sense(sqlite_api: Api) -> None:
    large = b'{"code": "X", "name": "' + b"x" * 1_000_001 + b'"}'
    headers = {"Content-Type": "application/json"}
    problem(sqlite_api.call("root", "POST", "/agencies", content=large, headers=headers), 413, "too_large")

    def chunks() -> object:
        for _ in range(20):
            yield b"x" * 100_000

    response = sqlite_api.call("root", "POST", "/agencies", content=chunks(), headers=headers)
    problem(response, 413, "too_large")
