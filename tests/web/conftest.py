"""Pages on the real application over a real database: an administrator and two agencies; more where asked."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, insert

from tracker.app import create_app
from tracker.budgeting.actions import ensure_prices
from tracker.db import table_of, transaction
from tracker.identity import actions
from tracker.identity.models import Role, UserSession
from tracker.identity.passwords import digest
from tracker.identity.schemas import NewAgency, NewUser, operator
from tracker.lifecycle.actions import ensure_policy
from tracker.settings import Settings, load_settings
from tracker.web.visitor import SESSION_COOKIE

NOW = datetime.now(UTC)
PASSWORD = "correct horse battery"
ADMIN = "admin@example.org"

#: A small home-made list: two good rows, one with a doubtful date, one that cannot be used, a subtotal.
CSV = """\
Asset Tag,Asset Name,Category,Manufacturer,Model,Serial Number,Purchase Date,Purchase Cost,Currency,Room,Operating System
PC-001,Front desk,Desktop,Dell,OptiPlex 3070,SER001,2015-03-01,"12500000",IDR,Lobby,Windows 10 Pro 22H2
PC-002,=1+cmd(),Laptop,Lenovo,ThinkPad T480,S2,31-02-2020,"15000000",IDR,<script>alert(1)</script>,Windows 11 24H2
PC-003,Printer,Printer,HP,LaserJet,SER003,2018-07-01,"-5",IDR,Lobby,
"""


def populate(engine: Engine) -> None:
    """ROOT with an administrator, the agencies PROV and OTHER, policy and prices; no catalogue."""
    with transaction(engine) as session:
        actions.ensure_root(session, NOW)
        for code, name in (("PROV", "Province"), ("OTHER", "Other agency")):
            actions.add_agency(session, operator(), NewAgency(code=code, name=name), NOW)
        new = NewUser(email=ADMIN, role=Role.ADMIN, password=PASSWORD)
        actions.add_user(session, operator(), new, NOW)
        ensure_policy(session, NOW)
        ensure_prices(session, NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({}), data_dir=tmp_path / "data", scheduler_enabled=False)


@pytest.fixture
def world(sqlite_engine: Engine) -> Engine:
    populate(sqlite_engine)
    return sqlite_engine


@dataclass
class Pages:
    """A client that fills in forms as a browser does: the token comes from the page that was shown."""

    client: TestClient
    engine: Engine

    def get(self, url: str, status: int = 200) -> str:
        """The page at `url`, after redirects."""
        answer = self.client.get(url)
        assert answer.status_code == status, (url, answer.status_code, answer.text[:2000])
        return answer.text

    def token(self, url: str = "/sign-in") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(url).text)
        assert found, url
        return found[1]

    def post(self, url: str, page: str, **fields: str) -> Response:
        """Send the form of `page` to `url`; redirects are not followed."""
        data = {"csrf_token": self.token(page), **fields}
        return self.client.post(url, data=data, follow_redirects=False)

    def submit(self, url: str, page: str, **fields: str) -> str:
        """Send a form that must be answered by a redirect, and return the page it leads to."""
        answer = self.post(url, page, **fields)
        assert answer.status_code == 303, (url, answer.status_code, answer.text[:3000])
        return self.get(answer.headers["location"])

    def upload(
        self, content: str | bytes, name: str = "assets.csv", agency: str = "PROV", **fields: str
    ) -> Response:
        """Upload a file; redirects are not followed."""
        data = {"csrf_token": self.token("/imports/new"), "agency": agency, **fields}
        body = content.encode() if isinstance(content, str) else content
        return self.client.post("/imports", data=data, files={"file": (name, body)}, follow_redirects=False)

    def sign_in(self, email: str = ADMIN, role: Role | None = None, agency: str | None = None) -> Pages:
        """A running session of a user, who is added with `role` when one is given."""
        self.client.cookies.clear()
        self.client.cookies.set(SESSION_COOKIE, open_session(self.engine, email, role, agency))
        return self


def open_session(engine: Engine, email: str, role: Role | None = None, agency: str | None = None) -> str:
    """The cookie's value of a session begun without typing a password."""
    token = secrets.token_urlsafe(16)
    with transaction(engine) as session:
        new = NewUser(email=email, role=role or Role.ADMIN, agency_code=agency, password=PASSWORD)
        user, _ = actions.add_user(session, operator(), new, NOW)
        ends = datetime.now(UTC) + timedelta(hours=1)
        row = {
            "token_hash": digest(token),
            "user_id": user.id,
            "csrf_token": f"csrf-{email}",
            "created_at": NOW,
        }
        session.execute(insert(table_of(UserSession)).values(expires_at=ends, **row))
    return token


@pytest.fixture
def pages(world: Engine, settings: Settings) -> Iterator[Pages]:
    """Somebody in front of the pages, not signed in."""
    actions.throttle = type(actions.throttle)()
    with TestClient(create_app(settings, world), raise_server_exceptions=True) as client:
        yield Pages(client, world)


@pytest.fixture
def admin(pages: Pages) -> Pages:
    """The administrator in front of the pages."""
    return pages.sign_in()


@pytest.fixture
def stocked(admin: Pages) -> Pages:
    """The administrator after CSV was applied and scanned."""
    place = admin.upload(CSV).headers["location"]
    admin.submit(f"{place}/apply", place)
    admin.submit("/scan", "/", next="/")
    return admin
