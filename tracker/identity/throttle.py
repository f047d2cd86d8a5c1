"""Sign-in tries: at most so many in a window, for an account and for an address. Kept in this process."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from tracker.identity.errors import TooMany

WINDOW = timedelta(minutes=5)
MOST_FAILURES = 10
_KEYS_KEPT = 10_000


class Throttle:
    """Counts failures by key; a key with too many is refused until its window has passed."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def check(self, keys: tuple[str, ...], now: datetime) -> None:
        """Refuse when one of `keys` has failed too often.

        Raises:
            TooMany: wait until the window has passed.
        """
        with self._lock:
            for key in keys:
                times = self._failures.get(key)
                while times and times[0] <= now - WINDOW:
                    times.popleft()
                if times and len(times) >= MOST_FAILURES:
                    raise TooMany("too_many_tries", "too many failed sign-ins: wait five minutes")

    def note_failure(self, keys: tuple[str, ...], now: datetime) -> None:
        """Count a failure for each of `keys`."""
        with self._lock:
            if len(self._failures) > _KEYS_KEPT:
                self._failures = {k: t for k, t in self._failures.items() if t and t[-1] > now - WINDOW}
            for key in keys:
                self._failures.setdefault(key, deque(maxlen=MOST_FAILURES)).append(now)

    def forget(self, key: str) -> None:
        """A success clears the account's failures."""
        with self._lock:
            self._failures.pop(key, None)
