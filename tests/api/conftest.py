"""The application over a small world, spoken to through HTTP as several users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from tests.budgeting.world import Thing, World, build
from tracker.app import create_app
from tracker.db import insert_rows, make_engine, reserve_ids, transaction
from tracker.identity.models import ApiToken, Grant, Role, User
from tracker.identity.passwords import digest, hash_password, new_secret
from tracker.identity.queries import list_agencies
from tracker.identity.schemas import operator
from tracker.settings import load_settings

PASSWORD = "correct horse battery"
#: Who there is: name → (role, agency).
PEOPLE = {
    "root": (Role.ADMIN, None),
    "admin-a": (Role.ADMIN, "A"),
    "clerk-a": (Role.UPLOADER, "A"),
    "manager-a": (Role.IT_MANAGER, "A"),
    "budget-a": (Role.BUDGET_OFFICER, "A"),
    "auditor-a": (Role.AUDITOR, "A"),
    "admin-b": (Role.ADMIN, "B"),
}
FLEET = (
    *(
        Thing("A", "laptop", "L1", date(2018, 3, 1), findings=("win7-ended", "win7-unpatchable"), tag=tag)
        for tag in ("L0", "L1", "L2")
    ),
    Thing("A1", "desktop", "D1", date(2026, 6, 1), findings=("office-ended",), tag="D0"),
    Thing("B", "server", "S1", date(2020, 2, 1), findings=("vpn-exploited",), tag="S0"),
)


@dataclass
class Api:
    """The application as its users meet it."""

    client: TestClient
    engine: Engine
    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    def headers(self, who: str) -> dict[str, str]:
        """What `who` sends with every request."""
        return {"Authorization": f"Bearer {self.tokens[who]}"}

    def call(self, who: str, method: str, path: str, **more: Any) -> Response:
        """One request under /api/v1 as `who`."""
        headers = self.headers(who) | more.pop("headers", {})
        return self.client.request(method, f"/api/v1{path}", headers=headers, follow_redirects=False, **more)

    def get(self, who: str, path: str, **more: Any) -> Any:
        """The JSON of a GET that succeeds."""
        response = self.call(who, "GET", path, params=more)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, who: str, path: str, body: Any = None, expected: int = 200) -> Any:
        """The JSON of a POST that answers `expected`."""
        response = self.call(who, "POST", path, json=body)
        assert response.status_code == expected, response.text
        return response.json()


def problem(response: Response, status: int, code: str) -> dict[str, Any]:
    """The problem that `response` must be: the agreed shape, never a redirect or a page."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), (
        response.text
    )
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "code", "instance"} <= body.keys()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["instance"] == response.request.url.path
    return body


def make_app(engine: Engine, folder: Path, **environment: str) -> FastAPI:
    """The application without a scheduler."""
    given = {"TRACKER_SCHEDULER": "off", "TRACKER_DATA_DIR": str(folder)} | environment
    return create_app(load_settings(given), engine)


@cache
def password_hash() -> str:
    """The hash of PASSWORD: slow to make, so made once."""
    return hash_password(PASSWORD)


def add_people(engine: Engine) -> dict[str, str]:
    """Add PEOPLE, all with PASSWORD; {name: API token}."""
    now, tokens = datetime.now(UTC), {name: f"trk_{name}-{new_secret()}" for name in PEOPLE}
    with transaction(engine) as session:
        agencies = {one.code: one.id for one in list_agencies(session, operator())}
        ids = iter(reserve_ids(session, 2 * len(PEOPLE)))
        users, grants, keys = [], [], []
        for name, (role, code) in PEOPLE.items():
            user_id = next(ids)
            users.append((user_id, f"{name}@example.org", password_hash(), False, "en", True, now))
            grants.append((user_id, agencies[code or "ROOT"], role.value))
            keys.append((next(ids), user_id, "tests", tokens[name][:12], digest(tokens[name]), now))
        columns = ("id", "email", "password_hash", "must_change_password", "language", "active", "created_at")
        insert_rows(session, User, columns, users)
        insert_rows(session, Grant, ("user_id", "agency_id", "role"), grants)
        token_columns = ("id", "user_id", "name", "prefix", "token_hash", "created_at")
        insert_rows(session, ApiToken, token_columns, keys)
    return tokens


@cache
def shared_app(folder: Path) -> FastAPI:
    """One application for all tests that change nothing about it: assembling it takes a while."""
    return make_app(make_engine("sqlite:///:memory:"), folder)


@contextmanager
def serve(app: FastAPI, engine: Engine) -> Iterator[Api]:
    """The application over `engine`, filled."""
    world = build(engine, FLEET)
    app.state.engine = engine
    with TestClient(app, raise_server_exceptions=False) as client:
        yield Api(client, engine, world, add_people(engine))


@pytest.fixture
def api(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The application on each database."""
    with serve(shared_app(tmp_path_factory.getbasetemp()), engine) as found:
        yield found


@pytest.fixture
def sqlite_api(sqlite_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The application where the database does not matter."""
    with serve(shared_app(tmp_path_factory.getbasetemp()), sqlite_engine) as found:
        yield found
