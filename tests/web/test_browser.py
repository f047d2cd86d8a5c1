"""Pages in a real Chromium: no accessibility violations in either language, light or dark, wide or narrow;
the main way without scripts; nothing is loaded from elsewhere and nothing overflows."""

from __future__ import annotations

import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine

from tests.catalogue.upstream import lifecycle
from tests.web.conftest import ADMIN, CSV, PASSWORD, Pages, open_session, populate
from tracker.app import create_app
from tracker.db import make_engine
from tracker.inventory.task_running import run_task
from tracker.settings import load_settings
from tracker.web.visitor import LANGUAGE_COOKIE, SESSION_COOKIE

pytestmark = pytest.mark.browser

PATHS = (
    "/", "/assets", "/asset", "/findings", "/finding", "/plans", "/plans/new", "/plan", "/plan?view=deferred", "/compare",
    "/imports", "/imports/new", "/names", "/names?state=merged", "/import", "/import?view=problems", "/preview",
    "/import/job",
    "/agencies/PROV/columns", "/matching", "/name", "/catalogue", "/catalogue/models", "/catalogue/updates", "/update",
    "/catalogue/local", "/catalogue/local-surat",
    "/jobs", "/agencies", "/users",
    "/rules", "/contracts", "/asset/edit",
    "/profile", "/profile/password", "/profile/notifications", "/assets?q=nothing", "/nowhere",
)  # fmt: skip


class Site:
    """A running server with a little of everything, and where its things are."""

    def __init__(self, url: str, engine: Engine, places: dict[str, str]) -> None:
        self.url, self.engine, self.places = url, engine, places
        self.token = open_session(engine, ADMIN)

    def address(self, path: str) -> str:
        """The full address; a word such as /plan stands for the one that there is."""
        name, mark, query = path.partition("?")
        return f"{self.url}{self.places.get(name, name)}{mark}{query}"


def _fill(engine: Engine, settings: Any) -> dict[str, str]:
    """Put a little of everything into the database through the pages."""
    with TestClient(create_app(settings, engine)) as client:
        pages = Pages(client, engine).sign_in()
        place = pages.upload(CSV).headers["location"]
        pages.submit(f"{place}/apply", place)
        pages.submit("/scan", "/", next="/")
        pages.submit("/jobs/catalogue-age-check/run", "/jobs")
        said = {"reason": "our own", "document": "SK 12/2026", "release": "2.1"}
        pages.submit("/catalogue/local", "/catalogue/local", product="Surat", **said)
        held = {**said, "agency": "PROV", "date_name": "security_support_ends", "value": "2028-12-31"}
        pages.submit("/catalogue/local-surat/overrides", "/catalogue/local-surat", **held)
        finding = re.findall(r'href="/findings/([0-9]+)"', pages.get("/findings"))[-1]
        until = (datetime.now(UTC).date() + timedelta(days=20)).isoformat()
        asked = {"act": "ask-waiver", "reason": "No money", "control": "Off the network", "until": until}
        pages.submit("/findings/act", "/findings", **{f"finding-{finding}": "yes"}, **asked)
        pages.submit("/profile/notifications", "/profile/notifications", agency="PROV")
        pages.submit("/profile/tokens", "/profile", name="robot", days="30")
        form = {"agency": "PROV", "first": "2027", "length": "2", "currency": "IDR", "method": "ranked"}
        plans = []
        for name, amount in (("Rich", "90000000"), ("Poor", "1")):
            budgets = {"budget_2027": amount, "budget_2028": "0"}
            answer = pages.post("/plans", "/plans/new?first=2027&length=2", name=name, **form, **budgets)
            plans.append(answer.headers["location"])
        unknown = pages.upload(CSV.replace("Room", "Kunci"), "again.csv").headers["location"]
        waiting = pages.upload(CSV, "large.csv", background="yes").headers["location"]
        # One that goes on renews its page, also while it is being looked at: it is stopped.
        pages.submit(f"{waiting}/cancel", waiting)
        run_task(engine, settings)
        asset = _first_link(pages.get("/assets?q=PC-001"), "/assets/")
        numbers = [plan.rsplit("/", 1)[1] for plan in plans]
        data = {"csrf_token": pages.token("/catalogue/updates"), "how": "upload"}
        files = {"file": ("full.json", json.dumps(lifecycle()).encode())}
        update = client.post("/catalogue/updates", data=data, files=files, follow_redirects=False)
        return {
            "/asset": asset, "/asset/edit": f"{asset}/edit",
            "/finding": f"/findings/{finding}",
            "/plan": plans[1], "/import": place, "/preview": unknown, "/import/job": waiting,
            "/name": _first_link(pages.get("/matching"), "/matching/titles/"),
            "/update": update.headers["location"],
            "/compare": f"/plans/compare?a={numbers[0]}&b={numbers[1]}",
        }  # fmt: skip


def _first_link(page: str, under: str) -> str:
    """Where the first link of a page to a numbered thing leads."""
    found = re.search(rf'href="({under}[0-9]+)"', page)
    assert found, under
    return found[1]


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application behind a real server on a port of its own."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(migrated_sqlite, folder / "tracker.db")
    engine = make_engine(f"sqlite:///{folder / 'tracker.db'}")
    populate(engine)
    settings = replace(load_settings({}), data_dir=folder, scheduler_enabled=False)
    places = _fill(engine, settings)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = create_app(settings, engine)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    yield Site(f"http://127.0.0.1:{port}", engine, places)
    server.should_exit = True
    thread.join(timeout=10)
    engine.dispose()


def _enter(site: Site, browser: Browser, language: str = "en", **options: Any) -> tuple[BrowserContext, Page]:
    """A browser window of the administrator, and its page; requests to elsewhere fail the test."""
    context = browser.new_context(**options)
    context.set_default_timeout(60_000)
    for name, value in ((SESSION_COOKIE, site.token), (LANGUAGE_COOKIE, language)):
        context.add_cookies([{"name": name, "value": value, "url": site.url}])
    page = context.new_page()
    page.on("request", lambda request: _own(request.url, site))
    return context, page


def _own(url: str, site: Site) -> None:
    assert url.startswith((site.url, "data:", "blob:")), url


def _violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("id", "light"), ("id", "dark")])
def test_no_page_violates_accessibility(site: Site, browser: Browser, language: str, scheme: str) -> None:
    context, page = _enter(site, browser, language, color_scheme=scheme)
    wrong = {}
    for path in PATHS:
        page.goto(site.address(path))
        assert page.locator("html").get_attribute("lang") == language
        # What is folded away is looked at as well.
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = _violations(page)
        if found:
            wrong[path] = found
    context.clear_cookies(name=SESSION_COOKIE)
    page.goto(site.address("/sign-in"))
    assert (wrong, _violations(page)) == ({}, [])
    context.close()


def test_nothing_overflows_on_a_phone(site: Site, browser: Browser) -> None:
    context, page = _enter(site, browser, "id", viewport={"width": 360, "height": 780})
    wide, statuses = {}, {}
    for path in PATHS:
        answer = page.goto(site.address(path))
        statuses[path] = answer.status if answer else None
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide[path] = width
    assert (wide, statuses) == ({}, {path: 404 if path == "/nowhere" else 200 for path in PATHS})
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_main_way_from_sign_in_to_undo(
    site: Site, browser: Browser, tmp_path: Path, scripts: bool
) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": LANGUAGE_COOKIE, "value": "en", "url": site.url}])
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(site.address("/imports/new"))
    page.get_by_label("E-mail address").fill(ADMIN)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Upload a spreadsheet")).to_be_visible()
    file = tmp_path / f"more-{scripts}.csv"
    file.write_text(
        CSV.replace("PC-00", f"X{scripts}-00").replace("SER00", f"Y{scripts}").replace(",S2,", ",,")
    )
    page.get_by_label("Agency that owns these assets").select_option("OTHER")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("status").first).to_be_visible()
    page.get_by_role("link", name=re.compile("^Problems")).click()
    expect(page.get_by_role("table", name="Problems")).to_contain_text("31-02-2020")
    page.get_by_role("button", name="Apply 2 rows").click()
    expect(page.get_by_text("Applied: 2 created, 0 updated.")).to_be_visible()
    page.get_by_role("link", name="Assets", exact=True).first.click()
    page.get_by_label("Search").fill(f"X{scripts}-001")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name=f"X{scripts}-001").click()
    expect(page.get_by_role("heading", name="Front desk")).to_be_visible()
    page.get_by_role("link", name="Imports", exact=True).first.click()
    page.get_by_role("link", name=file.name).click()
    page.get_by_role("button", name="Undo this import").click()
    expect(page.get_by_text("2 assets withdrawn")).to_be_visible()
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.get_by_role("link", name="Dasbor")).to_be_visible()
    page.get_by_role("button", name="Keluar").click()
    expect(page.get_by_role("heading", name="Masuk")).to_be_visible()
    assert errors == []
    context.close()


def test_a_file_above_the_limit_is_pointed_out_before_it_is_sent(site: Site, browser: Browser) -> None:
    context, page = _enter(site, browser)
    page.goto(site.address("/imports/new"))
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "big.csv", "mimeType": "text/csv", "buffer": b"x" * 10_000_001}
    )
    expect(page.get_by_text("This file is larger than 10 MB.")).to_be_visible()
    context.close()


def test_the_keyboard_reaches_the_content_first(site: Site, browser: Browser) -> None:
    context, page = _enter(site, browser)
    page.goto(site.address("/assets"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    context.close()


def test_a_download_arrives(site: Site, browser: Browser) -> None:
    context, page = _enter(site, browser)
    page.goto(site.address("/plan"))
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download as Excel").click()
    assert waited.value.suggested_filename == "plan-Poor.xlsx"
    assert Path(waited.value.path()).stat().st_size > 5_000
    context.close()
