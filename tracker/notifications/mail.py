"""Handing a mail to the server of the settings, telling apart what surely failed from what may have arrived."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from tracker.settings import MailSettings


class NotSent(Exception):
    """The mail was surely not taken."""


class PerhapsSent(Exception):
    """The connection broke while the mail was handed over: it may have been taken."""


def send_mail(settings: MailSettings, mail: EmailMessage) -> None:
    """Hand `mail` over; the certificate of the server is checked.

    Raises:
        NotSent: no connection, no TLS, a wrong password, or the server said no.
        PerhapsSent: the connection broke after the mail was begun.
    """
    try:
        server = _connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    try:
        server.send_message(mail)
    except (
        smtplib.SMTPResponseException,
        smtplib.SMTPRecipientsRefused,
        smtplib.SMTPNotSupportedError,
    ) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise PerhapsSent(f"{type(error).__name__}: {error}") from error
    finally:
        server.close()


def _connect(settings: MailSettings) -> smtplib.SMTP:
    trusted = ssl.create_default_context()
    if settings.ca_file:
        trusted.load_verify_locations(settings.ca_file)
    server: smtplib.SMTP
    if settings.tls == "tls":
        server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.seconds, context=trusted)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.seconds)
    try:
        if settings.tls == "starttls":
            server.starttls(context=trusted)
        if settings.user:
            server.login(settings.user, settings.password)
    except (OSError, smtplib.SMTPException):
        server.close()
        raise
    return server
