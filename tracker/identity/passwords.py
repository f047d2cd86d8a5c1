"""Passwords and tokens: argon2id for what people choose, SHA-256 for what is random already."""

from __future__ import annotations

import hashlib
import secrets
import threading

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

# OWASP's first choice (64 MiB, 3 passes); four at once at most, so that sign-ins cannot fill the memory.
_hasher = PasswordHash((Argon2Hasher(time_cost=3, memory_cost=65_536, parallelism=4),))
_at_once = threading.BoundedSemaphore(4)
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    with _at_once:
        return _hasher.hash(password)


def verify_password(password: str, stored: str) -> bool:
    """Whether `password` is the one behind `stored`; takes as long either way."""
    with _at_once:
        return _hasher.verify(password, stored)


def new_password() -> str:
    """Sixteen random characters without look-alikes (about 92 bits)."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def new_secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 of a random secret, to store and look up by."""
    return hashlib.sha256(secret.encode()).hexdigest()
