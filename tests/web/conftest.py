"""Pages on a real application over a real database: one administrator, two agencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tracker.db import transaction
from tracker.identity import actions
from tracker.identity.models import Role
from tracker.identity.schemas import NewAgency, NewUser, operator
from tracker.settings import Settings, load_settings

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
ADMIN = "admin@example.org"


def make_app(engine: Engine, settings: Settings) -> FastAPI:
    """The pages with what they need of an application."""
    from tracker.web.errors import render_error  # noqa: F401
    from tracker.web.router import build_router

    app = FastAPI()
    app.state.engine, app.state.settings = engine, settings
    app.mount("/static", StaticFiles(packages=[("tracker.web", "static")]))
    app.include_router(build_router())
    return app


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({}), data_dir=tmp_path / "data", scheduler_enabled=False)


@pytest.fixture
def world(engine: Engine) -> Engine:
    """ROOT with an administrator; PROV (an IT manager, a budget officer, an auditor) and OTHER beside it."""
    with transaction(engine) as session:
        actions.ensure_root(session, NOW)
        for code, name in (("PROV", "Province"), ("OTHER", "Other agency")):
            actions.add_agency(session, operator(), NewAgency(code=code, name=name), NOW)
        people = (
            (ADMIN, Role.ADMIN, None),
            ("it@example.org", Role.IT_MANAGER, "PROV"),
            ("budget@example.org", Role.BUDGET_OFFICER, "PROV"),
            ("auditor@example.org", Role.AUDITOR, "PROV"),
            ("other@example.org", Role.IT_MANAGER, "OTHER"),
        )
        for email, role, agency in people:
            new = NewUser(email=email, role=role, agency_code=agency, password=PASSWORD)
            actions.add_user(session, operator(), new, NOW)
    actions.throttle.__init__()  # type: ignore[misc]
    return engine


@dataclass
class Pages:
    """A client that fills in forms as a browser does: the token comes from the page that was shown."""

    client: TestClient

    def get(self, url: str) -> str:
        """The page at `url`, after redirects."""
        answer = self.client.get(url)
        assert answer.status_code == 200, (url, answer.status_code, answer.text[:2000])
        return answer.text

    def token(self, url: str = "/sign-in") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(url).text)
        assert found, url
        return found[1]

    def post(self, url: str, page: str, **fields: str) -> Response:
        """Send the form of `page` to `url`; redirects are not followed."""
        data = {"csrf_token": self.token(page), **fields}
        return self.client.post(url, data=data, follow_redirects=False)  # type: ignore[return-value]

    def sign_in(self, email: str = ADMIN, password: str = PASSWORD) -> Pages:
        answer = self.post("/sign-in", "/sign-in", email=email, password=password)
        assert answer.status_code == 303, answer.text  # type: ignore[attr-defined]
        return self


@pytest.fixture
def pages(world: Engine, settings: Settings) -> Iterator[Pages]:
    """Somebody in front of the pages, not signed in."""
    with TestClient(make_app(world, settings), base_url="http://testserver") as client:
        yield Pages(client)
