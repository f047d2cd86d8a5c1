"""Settings: the process environment turned once into one frozen object.

Every variable begins with TRACKER_. docs/configuration.md lists them all; a test holds the two together.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the message names the variable and the value."""


#: Import limits and their defaults: the policy that the importers assume (bytes, counts, seconds, MB).
IMPORT_LIMITS: dict[str, int] = {
    "upload_bytes": 10_000_000,
    "expanded_bytes": 150_000_000,
    "part_bytes": 120_000_000,
    "ratio_above_1mb": 250,
    "zip_entries": 1_000,
    "data_rows": 100_000,
    "columns": 256,
    "cell_chars": 32_767,
    "decoded_text_bytes": 64_000_000,
    "sheets": 64,
    "xml_depth": 64,
    "merged_ranges": 10_000,
    "styles": 65_000,
    "seconds": 10,
    "child_rss_mb": 512,
}


OFFICIAL_CATALOGUE = "https://endoflife.date/api/v1/products/full"


@dataclass(frozen=True, slots=True)
class CatalogueSettings:
    """Where updates of the catalogue come from, when (`sync_at` None: never by itself), and what they may cost.

    `tries` counts attempts to reach the source; `trusted_keys` are the public keys whose bundles are accepted.
    """

    source: str = OFFICIAL_CATALOGUE
    sync_at: str | None = None
    tries: int = 4
    most_bytes: int = 20_000_000
    most_seconds: int = 60
    http_allowed: bool = False
    private_allowed: bool = False
    trusted_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server for digests; without a `host` nothing is sent. `tls` is starttls, tls or off; `ca_file` holds
    further certificates to trust."""

    host: str = ""
    port: int = 587
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    sender: str = ""
    ca_file: str = ""
    seconds: int = 30


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. `import_limits` holds one integer per key of IMPORT_LIMITS."""

    database_url: str
    data_dir: Path
    scheduler_enabled: bool
    timezone: ZoneInfo
    host: str
    port: int
    session_hours: int
    cookie_secure: bool
    default_language: str
    job_lease_seconds: int
    nightly_scan_at: str
    import_limits: Mapping[str, int] = field(default_factory=lambda: dict(IMPORT_LIMITS))
    uploads_keep_days: int = 30
    uploads_max_bytes: int = 2_000_000_000
    import_retire_pct: int = 5
    import_job_bytes: int = 2_000_000
    import_job_rows: int = 20_000
    catalogue: CatalogueSettings = CatalogueSettings()
    metrics_token: str = ""
    mail: MailSettings = MailSettings()
    public_url: str = ""

    def today(self) -> date:
        """The date now in TRACKER_TIMEZONE: read once at the edge and passed down."""
        return datetime.now(self.timezone).date()


def _integer(env: Mapping[str, str], name: str, default: int, least: int = 0) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdigit() or int(text) < least:
        raise SettingsError(f"{name}={text!r}: a whole number of at least {least} is needed")
    return int(text)


def _choice(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = env.get(name, "").strip().lower() or default
    if text not in allowed:
        raise SettingsError(f"{name}={text!r}: one of {', '.join(allowed)} is needed")
    return text


def _timezone(env: Mapping[str, str]) -> ZoneInfo:
    name = env.get("TRACKER_TIMEZONE", "").strip() or "Asia/Jakarta"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"TRACKER_TIMEZONE={name!r}: not a known time zone") from error


def _time_of_day(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name, "").strip()
    try:
        return (text and datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).strftime("%H:%M")) or None
    except ValueError as error:
        raise SettingsError(f"{name}={text!r}: a time such as 01:30 is needed") from error


def _catalogue(env: Mapping[str, str]) -> CatalogueSettings:
    keys = env.get("TRACKER_CATALOGUE_TRUSTED_KEYS", "").replace(",", " ").split()
    return CatalogueSettings(
        source=env.get("TRACKER_CATALOGUE_SOURCE", "").strip() or OFFICIAL_CATALOGUE,
        sync_at=_time_of_day(env, "TRACKER_CATALOGUE_SYNC_AT"),
        tries=_integer(env, "TRACKER_CATALOGUE_TRIES", 4, least=1),
        most_bytes=_integer(env, "TRACKER_CATALOGUE_MAX_BYTES", 20_000_000, least=1),
        most_seconds=_integer(env, "TRACKER_CATALOGUE_MAX_SECONDS", 60, least=1),
        http_allowed=_choice(env, "TRACKER_CATALOGUE_ALLOW_HTTP", "off", ("on", "off")) == "on",
        private_allowed=_choice(env, "TRACKER_CATALOGUE_ALLOW_PRIVATE", "off", ("on", "off")) == "on",
        trusted_keys=tuple(keys),
    )


def _mail(env: Mapping[str, str]) -> MailSettings:
    tls = _choice(env, "TRACKER_MAIL_TLS", "starttls", ("starttls", "tls", "off"))
    user = env.get("TRACKER_MAIL_USER", "").strip()
    if user and tls == "off":
        raise SettingsError("TRACKER_MAIL_TLS='off': a password is not sent over an open connection")
    return MailSettings(
        host=env.get("TRACKER_MAIL_HOST", "").strip(),
        port=_integer(env, "TRACKER_MAIL_PORT", 465 if tls == "tls" else 587, least=1),
        tls=tls,
        user=user,
        password=env.get("TRACKER_MAIL_PASSWORD", ""),
        sender=env.get("TRACKER_MAIL_FROM", "").strip() or user,
        ca_file=env.get("TRACKER_MAIL_CA_FILE", "").strip(),
        seconds=_integer(env, "TRACKER_MAIL_SECONDS", 30, least=1),
    )


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Read `env` (default: the process environment).

    Raises:
        SettingsError: a variable has a value that cannot be used.
    """
    env = os.environ if env is None else env
    data_dir = Path(env.get("TRACKER_DATA_DIR", "").strip() or "data").absolute()
    return Settings(
        database_url=env.get("TRACKER_DATABASE_URL", "").strip() or f"sqlite:///{data_dir / 'tracker.db'}",
        data_dir=data_dir,
        scheduler_enabled=_choice(env, "TRACKER_SCHEDULER", "on", ("on", "off")) == "on",
        timezone=_timezone(env),
        host=env.get("TRACKER_HOST", "").strip() or "127.0.0.1",
        port=_integer(env, "TRACKER_PORT", 8000, least=1),
        session_hours=_integer(env, "TRACKER_SESSION_HOURS", 12, least=1),
        cookie_secure=_choice(env, "TRACKER_COOKIE_SECURE", "off", ("on", "off")) == "on",
        default_language=_choice(env, "TRACKER_LANGUAGE", "en", ("en", "id")),
        job_lease_seconds=_integer(env, "TRACKER_JOB_LEASE_SECONDS", 900, least=10),
        nightly_scan_at=_time_of_day(env, "TRACKER_NIGHTLY_SCAN_AT") or "01:30",
        import_limits={
            name: _integer(env, f"TRACKER_IMPORT_MAX_{name.upper()}", default, least=1)
            for name, default in IMPORT_LIMITS.items()
        },
        uploads_keep_days=_integer(env, "TRACKER_UPLOADS_KEEP_DAYS", 30, least=1),
        uploads_max_bytes=_integer(env, "TRACKER_UPLOADS_MAX_BYTES", 2_000_000_000, least=1),
        import_retire_pct=_integer(env, "TRACKER_IMPORT_RETIRE_PCT", 5),
        import_job_bytes=_integer(env, "TRACKER_IMPORT_JOB_BYTES", 2_000_000, least=1),
        import_job_rows=_integer(env, "TRACKER_IMPORT_JOB_ROWS", 20_000, least=1),
        catalogue=_catalogue(env),
        metrics_token=env.get("TRACKER_METRICS_TOKEN", "").strip(),
        mail=_mail(env),
        public_url=env.get("TRACKER_PUBLIC_URL", "").strip().rstrip("/"),
    )
