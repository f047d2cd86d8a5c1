"""Gets the bytes of a source: a file, or an https address that is none of our own network.

Time, packed and unpacked size are limited. A redirect is followed to public https addresses only, and a
connection goes to the very address that was checked, so that a name cannot change its meaning in between.
A server that cannot be reached or is busy is asked again after growing pauses; what the server said of its
answer (ETag, Last-Modified) is sent back the next time, so that it need not send the same again.
"""

from __future__ import annotations

import gzip
import http.client
import ipaddress
import json
import socket
import ssl
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from tracker.identity.errors import Refused

_CHUNK = 64 * 1024


#: Pauses before the second, third … attempt; the longest that a server may ask for.
PAUSES = (1.0, 4.0, 16.0, 60.0)
_BUSY = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much a source may cost: bytes as sent, bytes unpacked, seconds an attempt, redirects, attempts."""

    packed_bytes: int = 20_000_000
    unpacked_bytes: int = 64_000_000
    seconds: float = 60.0
    redirects: int = 3
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said of its answer, to be sent back with the next question."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of a source as they came, and what the server said of them."""

    content: bytes
    validators: Validators = Validators()


class _Unreachable(Refused):
    """Another attempt may succeed, after `pause` seconds where the server said so."""

    pause: float | None = None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: no private, local, multicast or reserved one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast


@dataclass(frozen=True, slots=True)
class Access:
    """Whom to trust, where one may connect to, and how to wait; the tests bring their own."""

    context: ssl.SSLContext | None = None
    is_allowed: Callable[[str], bool] = is_public
    http_allowed: bool = False
    pause: Callable[[float], None] = time.sleep


def _refuse(source: str, why: str) -> Refused:
    return Refused("catalogue_source", f"{source}: {why}")


def _unreachable(source: str, why: str, pause: float | None = None) -> _Unreachable:
    error = _Unreachable("catalogue_source", f"{source}: {why}")
    error.pause = pause
    return error


def read_document(source: str, limits: FetchLimits | None = None, access: Access | None = None) -> Any:
    """The JSON document at `source`: a path or https address, gzipped or plain.

    Raises:
        Refused: it cannot be reached or read, is too large, or is no JSON; names the source and the cause.
    """
    limits = limits or FetchLimits()
    fetched = fetch(source, limits, access)
    assert fetched is not None, "without validators there is always an answer"
    return parse_document(source, fetched.content, limits.unpacked_bytes)


def parse_document(source: str, packed: bytes, most_bytes: int) -> Any:
    """The JSON document in `packed`, gzipped or plain; `source` is named in errors.

    Raises: Refused.
    """
    content = _unpack(source, packed, most_bytes)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refuse(source, f"is no JSON: {str(error)[:200]}") from error


def fetch(
    source: str,
    limits: FetchLimits | None = None,
    access: Access | None = None,
    known: Validators | None = None,
) -> Fetched | None:
    """The bytes at `source`, a path or https address; None where the server says that `known` still holds.

    Raises:
        Refused: it cannot be reached or read, or is too large; names the source and the cause.
    """
    limits, access = limits or FetchLimits(), access or Access()
    if "://" not in source:
        return Fetched(_read(source, limits))
    for attempt in range(limits.tries):
        try:
            return _download(source, limits, access, known or Validators())
        except _Unreachable as error:
            if attempt + 1 == limits.tries:
                raise
            wanted = PAUSES[min(attempt, len(PAUSES) - 1)] if error.pause is None else error.pause
            access.pause(min(wanted, PAUSES[-1]))
    raise AssertionError("at least one attempt is made")


def _read(source: str, limits: FetchLimits) -> bytes:
    path = Path(source)
    try:
        if not path.is_file():
            raise _refuse(source, "is no file" if path.exists() else "does not exist")
        with path.open("rb") as file:
            content = file.read(limits.packed_bytes + 1)
    except (OSError, ValueError) as error:
        raise _refuse(source, f"cannot be read: {error}") from error
    if len(content) > limits.packed_bytes:
        raise _refuse(source, f"is larger than {limits.packed_bytes:,} bytes")
    return content


def _unpack(source: str, content: bytes, limit: int) -> bytes:
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=BytesIO(content)) as packed:
                content = packed.read(limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise _refuse(source, f"is a damaged gzip file: {error}") from error
    if len(content) > limit:
        raise _refuse(source, f"unpacks to more than {limit:,} bytes")
    return content


def _checked(source: str, url: str, access: Access) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _refuse(source, f"is no address: {error}") from error
    if parts.scheme != "https" and not (access.http_allowed and parts.scheme == "http"):
        raise _refuse(source, f"only https:// addresses are read, not {parts.scheme}://")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise _refuse(source, "an address with a host and without a name or password is needed")
    return parts


class _Connection(http.client.HTTPSConnection):
    """A connection to one checked address, its certificate checked against the host's name."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        """Connect to the checked address."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


class _PlainConnection(http.client.HTTPConnection):
    """The same without TLS, for mirrors in the own network where the operator allowed it."""

    def __init__(self, host: str, port: int, address: str, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self._address = address

    def connect(self) -> None:
        """Connect to the checked address."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)


def _connect(
    source: str, parts: SplitResult, access: Access, seconds: float
) -> _Connection | _PlainConnection:
    secure = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if secure else 80)
    address = _find_address(source, host, port, access)
    if not secure:
        return _PlainConnection(host, port, address, seconds)
    return _Connection(host, port, address, access.context or ssl.create_default_context(), seconds)


def _find_address(source: str, host: str, port: int, access: Access) -> str:
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise _unreachable(source, f"the host {host} is not known: {error}") from error
    if not found or not all(access.is_allowed(address) for address in found):
        raise _refuse(source, f"the host {host} is not on the public internet")
    return found[0]


def _download(source: str, limits: FetchLimits, access: Access, known: Validators) -> Fetched | None:
    url, until = source, time.monotonic() + limits.seconds
    for _ in range(limits.redirects + 1):
        parts = _checked(source, url, access)
        try:
            answer = _ask(source, parts, limits, access, known, until)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(source, f"cannot be reached: {error or type(error).__name__}") from error
        if not isinstance(answer, str):
            return answer
        url = urljoin(url, answer)
    raise _refuse(source, f"more than {limits.redirects} redirects")


def _headers(known: Validators) -> dict[str, str]:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "asset-tracker"}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    return headers


def _ask(
    source: str, parts: SplitResult, limits: FetchLimits, access: Access, known: Validators, until: float
) -> Fetched | str | None:
    """The answer, where it moved to, or None where it has not changed."""
    left = max(until - time.monotonic(), 0.1)
    connection = _connect(source, parts, access, min(left, 15.0))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(connection):
        connection.request("GET", target, headers=_headers(known))
        # The answer may own the socket by itself: closing the connection alone would leave it open.
        with connection.getresponse() as answer:
            if answer.status in {301, 302, 303, 307, 308}:
                return answer.getheader("Location") or ""
            if answer.status == 304 and known != Validators():
                return None
            if answer.status != 200:
                raise _turned_down(source, answer)
            content = _read_body(source, answer, limits, until)
            return Fetched(content, Validators(_header(answer, "ETag"), _header(answer, "Last-Modified")))


def _header(answer: http.client.HTTPResponse, name: str) -> str | None:
    value = answer.getheader(name)
    # It is stored and sent back: nothing long, nothing that is no plain header.
    return value if value and len(value) <= 200 and value.isascii() and value.isprintable() else None


def _turned_down(source: str, answer: http.client.HTTPResponse) -> Refused:
    why = f"the server answers {answer.status} {answer.reason}"
    if answer.status not in _BUSY:
        return _refuse(source, why)
    wanted = (answer.getheader("Retry-After") or "").strip()
    return _unreachable(source, why, float(wanted) if wanted.isdigit() and len(wanted) < 6 else None)


def _read_body(source: str, answer: http.client.HTTPResponse, limits: FetchLimits, until: float) -> bytes:
    kept, size = [], 0
    while block := answer.read1(_CHUNK):
        kept.append(block)
        size += len(block)
        if size > limits.packed_bytes:
            raise _refuse(source, f"is larger than {limits.packed_bytes:,} bytes")
        if time.monotonic() > until:
            raise _refuse(source, f"took longer than {limits.seconds:g} seconds")
    return b"".join(kept)
