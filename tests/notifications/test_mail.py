"""Mail over TLS to a real server on this machine: the certificate counts, and so does the password."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tracker.notifications.digest import Digest, Item, make_mail, one_line, write_digest
from tracker.notifications.mail import NotSent, send_mail
from tracker.notifications.models import Reason
from tracker.settings import MailSettings, SettingsError, load_settings

MAIL = make_mail("tracker@example.org", "it@example.org", "Subject", "Body\n", "<1@example.org>")


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Kept:
    """Keeps who wrote to whom."""

    def __init__(self) -> None:
        self.envelopes: list[tuple[str, list[str]]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return "250 taken"


def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, told: Any) -> AuthResult:
    return AuthResult(success=(told.login, told.password) == (b"tracker", b"right"))


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[MailSettings, Kept]]:
    """A server that wants STARTTLS and a password."""
    pem, kept = certificate(tmp_path), Kept()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options: dict[str, Any] = {
        "tls_context": context,
        "require_starttls": True,
        "authenticator": check,
        "auth_required": True,
    }
    server = Controller(kept, hostname="127.0.0.1", port=port, **options)
    server.start()
    yield MailSettings("127.0.0.1", port, "starttls", "tracker", "right", "t@example.org", str(pem), 10), kept
    server.stop()


def test_mail_goes_over_tls_with_a_password(tls: tuple[MailSettings, Kept]) -> None:
    settings, kept = tls
    send_mail(settings, MAIL)
    assert kept.envelopes == [("tracker@example.org", ["it@example.org"])]
    for wrong in (
        replace(settings, ca_file=""),
        replace(settings, password="wrong"),
        replace(settings, tls="off"),
    ):
        with pytest.raises(NotSent):
            send_mail(wrong, MAIL)
    assert len(kept.envelopes) == 1


def test_a_password_is_never_sent_openly() -> None:
    with pytest.raises(SettingsError):
        load_settings({"TRACKER_MAIL_TLS": "off", "TRACKER_MAIL_USER": "x"})
    assert load_settings({"TRACKER_MAIL_TLS": "tls"}).mail.port == 465
    assert load_settings({}).mail.port == 587


def test_a_digest_in_words() -> None:
    item = Item(
        1,
        Reason.NEW,
        date(2026, 11, 25),
        "high",
        "security-support-ended",
        "PC\r\nBcc: x",
        "DINKES",
        "Windows 10",
    )
    subject, body = write_digest(Digest("DINKES", "id", 2, (item,)), "")
    assert subject == "Aset TI DINKES: 2 temuan"
    assert body.splitlines()[:2] == [
        "Baru", "- [tinggi] Dukungan keamanan berakhir: PC Bcc: x (DINKES) – Windows 10, 2026-11-25",
    ]  # fmt: skip
    assert "… dan 1 lagi." in body
    assert one_line("a\r\n\tb\x00c") == "a b c"
