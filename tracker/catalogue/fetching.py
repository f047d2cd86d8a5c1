"""Gets the bytes of a source: a file, or an https address that is none of our own network.

Time, packed and unpacked size are limited. A redirect is followed to public https addresses only, and a
connection goes to the very address that was checked, so that a name cannot change its meaning in between.
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


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much a source may cost: bytes as sent, bytes unpacked, seconds in all, redirects."""

    packed_bytes: int = 20_000_000
    unpacked_bytes: int = 64_000_000
    seconds: float = 60.0
    redirects: int = 3


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: no private, local, multicast or reserved one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast


@dataclass(frozen=True, slots=True)
class Access:
    """Whom to trust and where one may connect to; the tests bring their own."""

    context: ssl.SSLContext | None = None
    is_allowed: Callable[[str], bool] = is_public


def _refuse(source: str, why: str) -> Refused:
    return Refused("catalogue_source", f"{source}: {why}")


def read_document(source: str, limits: FetchLimits | None = None, access: Access | None = None) -> Any:
    """The JSON document at `source`: a path or https address, gzipped or plain.

    Raises:
        Refused: it cannot be reached or read, is too large, or is no JSON; names the source and the cause.
    """
    limits = limits or FetchLimits()
    packed = _read(source, limits, access or Access())
    content = _unpack(source, packed, limits.unpacked_bytes)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _refuse(source, f"is no JSON: {str(error)[:200]}") from error


def _read(source: str, limits: FetchLimits, access: Access) -> bytes:
    if "://" in source:
        return _download(source, limits, access)
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


def _checked(source: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise _refuse(source, f"is no address: {error}") from error
    if parts.scheme != "https":
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


def _find_address(source: str, host: str, port: int, access: Access) -> str:
    try:
        found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise _refuse(source, f"the host {host} is not known: {error}") from error
    if not found or not all(access.is_allowed(address) for address in found):
        raise _refuse(source, f"the host {host} is not on the public internet")
    return found[0]


def _download(source: str, limits: FetchLimits, access: Access) -> bytes:
    url, until = source, time.monotonic() + limits.seconds
    for _ in range(limits.redirects + 1):
        parts = _checked(source, url)
        try:
            moved, content = _ask(source, parts, limits, access, until)
        except (OSError, http.client.HTTPException) as error:
            raise _refuse(source, f"cannot be reached: {error or type(error).__name__}") from error
        if moved is None:
            return content
        url = urljoin(url, moved)
    raise _refuse(source, f"more than {limits.redirects} redirects")


def _ask(
    source: str, parts: SplitResult, limits: FetchLimits, access: Access, until: float
) -> tuple[str | None, bytes]:
    """(where it moved to, nothing) or (None, the content)."""
    host, port = str(parts.hostname), parts.port or 443
    address = _find_address(source, host, port, access)
    context = access.context or ssl.create_default_context()
    left = max(until - time.monotonic(), 0.1)
    connection = _Connection(host, port, address, context, min(left, 15.0))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "asset-tracker"}
    with closing(connection):
        connection.request("GET", target, headers=headers)
        # The answer may own the socket by itself: closing the connection alone would leave it open.
        with connection.getresponse() as answer:
            if answer.status in {301, 302, 303, 307, 308}:
                return answer.getheader("Location") or "", b""
            if answer.status != 200:
                raise _refuse(source, f"the server answers {answer.status} {answer.reason}")
            return None, _read_body(source, answer, limits, until)


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
