"""A digest as a mail: pure, from what is told to its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from email.utils import formataddr

from tracker.lifecycle.policy import rule_texts, word
from tracker.notifications.models import Reason
from tracker.notifications.texts import text

#: Findings named in one mail; the rest are counted, and are on the page.
MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Item:
    """One finding to be told, and why: `about_on` is the day it was found, is due, or its waiver ends."""

    finding_id: int
    reason: Reason
    about_on: date
    severity: str
    rule: str
    asset: str
    agency: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Digest:
    """What one mail tells: `items` are the worst of `count`."""

    agency: str
    language: str
    count: int
    items: Sequence[Item]


def one_line(words: str) -> str:
    """`words` without line ends and control characters, so that no name becomes a header or a line of its own."""
    return " ".join("".join(one if one.isprintable() else " " for one in words).split())


def write_digest(digest: Digest, public_url: str) -> tuple[str, str]:
    """Subject and body."""
    subject = text("subject", digest.language, agency=one_line(digest.agency), count=digest.count)
    parts: list[str] = []
    for reason in Reason:
        lines = [_line(item, digest.language) for item in digest.items if item.reason is reason]
        if lines:
            parts += [text(reason.value, digest.language), *lines, ""]
    if digest.count > len(digest.items):
        parts += [text("more", digest.language, count=digest.count - len(digest.items)), ""]
    if public_url:
        parts += [f"{public_url}/findings", ""]
    parts.append(text("why", digest.language, agency=one_line(digest.agency)))
    return subject, "\n".join(parts) + "\n"


def _line(item: Item, language: str) -> str:
    return text(
        "line",
        language,
        severity=word(item.severity, language),
        rule=rule_texts(language)[item.rule].title,
        asset=one_line(item.asset),
        agency=item.agency,
        subject=f" – {one_line(item.subject)}" if item.subject else "",
        day=item.about_on.isoformat(),
    )


def make_mail(sender: str, to: str, subject: str, body: str, message_id: str) -> EmailMessage:
    """A mail of plain text. It says that no person wrote it, so that no holiday notice answers."""
    mail = EmailMessage()
    mail["From"] = formataddr(("IT Asset Lifecycle", sender))
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body)
    return mail
