"""Fetching over TLS from a server of our own: what is read, what is followed, and where it stops."""

from __future__ import annotations

import gzip
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.catalogue.test_sync import NOW, contents
from tests.catalogue.upstream import lifecycle
from tracker.catalogue import actions
from tracker.catalogue.fetching import Access, FetchLimits, fetch, is_public, read_document
from tracker.catalogue.offers import fetch_offer
from tracker.db import transaction
from tracker.identity.actions import ensure_root
from tracker.identity.errors import Refused
from tracker.identity.schemas import operator
from tracker.settings import CatalogueSettings

LIMITS = FetchLimits(packed_bytes=10_000, unpacked_bytes=20_000, seconds=1.0, redirects=2)
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/plain": (200, {}, b'{"a": 1}'),
    "/packed": (200, {"Content-Encoding": "gzip"}, gzip.compress(b'{"a": 2}', mtime=0)),
    "/large": (200, {}, b" " * 10_001),
    "/bomb": (200, {}, gzip.compress(b" " * 100_000, mtime=0)),
    "/once": (302, {"Location": "/plain"}, b""),
    "/loop": (302, {"Location": "/loop"}, b""),
    "/plaintext": (301, {"Location": "http://endoflife.date/api"}, b""),
    "/private": (302, {"Location": "https://10.1.2.3/full"}, b""),
    "/nowhere": (302, {}, b""),
    "/gone": (410, {}, b""),
}

ASKED: list[dict[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(8):
                self.wfile.write(b" ")
                time.sleep(0.25)
            return
        ASKED.append(dict(self.headers))
        status, headers, body = ANSWERS[self.path]
        if headers.get("ETag") and self.headers["If-None-Match"] == headers["ETag"]:
            status, headers, body = 304, {}, b""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    context: ssl.SSLContext

    def get_request(self) -> tuple[ssl.SSLSocket, object]:
        """A connection whose handshake comes later, in its own thread: a failed one is closed there."""
        plain, address = self.socket.accept()
        return self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    # Clients that refuse the certificate or stop reading are what is tested.
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """(certificate, key) for localhost, made now."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl found to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    files = str(folder / "certificate.pem"), str(folder / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-out", files[0], "-keyout", files[1], "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


@pytest.fixture(scope="module")
def server(certificate: tuple[str, str]) -> Iterator[str]:
    """The address of a running server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    running = _Server(("127.0.0.1", 0), _Handler)
    running.context = context
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"https://localhost:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def access(certificate: tuple[str, str]) -> Access:
    """Our certificate is trusted and our own machine is allowed."""
    return Access(
        ssl.create_default_context(cafile=certificate[0]), lambda address: address in {"127.0.0.1", "::1"}
    )


@pytest.mark.parametrize(("path", "value"), [("/plain", 1), ("/packed", 2), ("/once", 1)])
def test_a_document_is_read(server: str, access: Access, path: str, value: int) -> None:
    assert read_document(server + path, LIMITS, access) == {"a": value}


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("/large", "is larger than 10,000 bytes"),
        ("/bomb", "unpacks to more than 20,000 bytes"),
        ("/slow", r"took longer than 1 seconds|timed out"),
        ("/loop", "more than 2 redirects"),
        ("/plaintext", "only https:// addresses are read, not http://"),
        ("/private", r"the host 10\.1\.2\.3 is not on the public internet"),
        ("/nowhere", "more than 2 redirects"),
        ("/gone", "the server answers 410"),
    ],
)
def test_a_source_that_costs_too_much_or_leads_astray_is_refused(
    server: str, access: Access, path: str, cause: str
) -> None:
    with pytest.raises(Refused, match=cause) as refused:
        read_document(server + path, LIMITS, access)
    assert refused.value.message.startswith(server + path)


def test_an_untrusted_certificate_is_refused(server: str, access: Access) -> None:
    stranger = Access(ssl.create_default_context(), access.is_allowed)
    with pytest.raises(Refused, match="CERTIFICATE_VERIFY_FAILED"):
        read_document(server + "/plain", LIMITS, stranger)


def test_our_own_network_is_never_asked(server: str) -> None:
    with pytest.raises(Refused, match="the host localhost is not on the public internet"):
        read_document(server + "/plain", LIMITS)


@pytest.mark.parametrize("content", [b" " * 10_001, gzip.compress(b" " * 20_001, mtime=0)])
def test_a_file_has_the_same_limits(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "full.json"
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"is larger than 10,000 bytes|unpacks to more than 20,000 bytes"):
        read_document(str(path), LIMITS)
    path.write_text(json.dumps({"a": 3}))
    assert read_document(str(path), LIMITS) == {"a": 3}


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:192.168.0.1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


FACTS = json.dumps(lifecycle()).encode()
CATALOGUE = CatalogueSettings(tries=3)


@pytest.fixture
def asked() -> Iterator[list[dict[str, str]]]:
    """What a source was asked, header by header; what it answers stands in ANSWERS."""
    ASKED.clear()
    yield ASKED
    for path in ("/facts", "/busy", "/down"):
        ANSWERS.pop(path, None)


def test_what_was_taken_is_not_sent_again_and_nothing_is_written(
    server: str, access: Access, engine: Engine, asked: list[dict[str, str]]
) -> None:
    with transaction(engine) as session:
        ensure_root(session, NOW)
    ANSWERS["/facts"] = (200, {"ETag": '"v1"', "Last-Modified": "Sat, 22 Aug 2026 08:52:34 GMT"}, FACTS)
    first = actions.sync(engine, operator(), f"{server}/facts", NOW, CATALOGUE, access)
    assert first is not None and first.written
    before = contents(engine)
    assert [row[:3] for row in before["catalogue_fetch"]] == [
        (f"{server}/facts", '"v1"', "Sat, 22 Aug 2026 08:52:34 GMT")
    ]
    assert actions.sync(engine, operator(), f"{server}/facts", NOW, CATALOGUE, access) is None
    assert asked[-1]["If-None-Match"] == '"v1"'
    assert asked[-1]["If-Modified-Since"] == "Sat, 22 Aug 2026 08:52:34 GMT"
    assert contents(engine) == before
    # A dry run wants to see the differences, whatever was taken before.
    told = actions.sync(engine, operator(), f"{server}/facts", NOW, CATALOGUE, access, dry_run=True)
    assert told is not None and not told.changes
    assert contents(engine) == before


def test_a_server_without_validators_is_read_again_and_still_nothing_is_written(
    server: str, access: Access, engine: Engine, asked: list[dict[str, str]]
) -> None:
    with transaction(engine) as session:
        ensure_root(session, NOW)
    ANSWERS["/facts"] = (200, {}, FACTS)
    actions.sync(engine, operator(), f"{server}/facts", NOW, CATALOGUE, access)
    before = contents(engine)
    again = actions.sync(engine, operator(), f"{server}/facts", NOW, CATALOGUE, access)
    assert again is not None and not again.written
    assert contents(engine) == before
    assert "If-None-Match" not in asked[-1]


def test_a_busy_server_is_asked_again_after_pauses(
    server: str, access: Access, asked: list[dict[str, str]]
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            ANSWERS["/busy"] = (200, {}, b"{}")

    patient = replace(access, pause=pause)
    ANSWERS["/busy"] = (503, {}, b"")
    fetched = fetch(f"{server}/busy", replace(LIMITS, tries=4), patient)
    assert fetched is not None and fetched.content == b"{}"
    assert pauses == [1.0, 4.0]
    ANSWERS["/down"] = (429, {"Retry-After": "7000"}, b"")
    pauses.clear()
    with pytest.raises(Refused, match="the server answers 429"):
        fetch(f"{server}/down", replace(LIMITS, tries=2), patient)
    assert pauses == [60.0]
    assert len(asked) == 5


def test_what_is_refused_is_not_asked_again(server: str, access: Access, asked: list[dict[str, str]]) -> None:
    with pytest.raises(Refused, match="410"):
        fetch(f"{server}/gone", replace(LIMITS, tries=4), access)
    assert len(asked) == 1


def test_plain_http_and_private_hosts_only_where_allowed() -> None:
    class Plain(_Handler):
        pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    source = f"http://localhost:{running.server_port}/plain"
    try:
        for settings, cause in (
            (CatalogueSettings(tries=1), "only https"),
            (CatalogueSettings(tries=1, private_allowed=True), "only https"),
            (CatalogueSettings(tries=1, http_allowed=True), "not on the public internet"),
        ):
            with pytest.raises(Refused, match=cause):
                fetch_offer(source, settings)
        both = CatalogueSettings(tries=1, http_allowed=True, private_allowed=True)
        offer = fetch_offer(source, both)
        assert offer is not None and offer.document == {"a": 1}
    finally:
        running.shutdown()
        thread.join()
        running.server_close()
