"""Every error that a user can cause or meet.

    TrackerError
    ├── Unauthenticated   nobody is signed in, or the secret is wrong          401
    ├── Forbidden         signed in, but the role does not allow it            403
    ├── NotFound          does not exist, or lies outside the user's subtree   404
    ├── Conflict          the state does not allow it (applied twice, taken)   409
    ├── TooMany           too many tries; wait                                 429
    └── Invalid           the input cannot be used                             422
        └── Refused       a whole file cannot be used                          422

HTTP statuses are mapped in tracker.app, exit codes in tracker.cli.output.
"""

from __future__ import annotations


class TrackerError(Exception):
    """`code` is stable and for programs, the message is for people; `detail` holds more for both."""

    def __init__(self, code: str, message: str, **detail: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail


class Unauthenticated(TrackerError):
    """Nobody is signed in, or the secret is wrong."""


class Forbidden(TrackerError):
    """The role does not allow it."""


class NotFound(TrackerError):
    """It does not exist, or lies outside the user's subtree: the two look the same."""


class Conflict(TrackerError):
    """The state of things does not allow it."""


class TooMany(TrackerError):
    """Too many tries."""


class Invalid(TrackerError):
    """The input cannot be used."""


class Refused(Invalid):
    """A whole file cannot be used; nothing was written."""
