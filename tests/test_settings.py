"""Settings: defaults, values, and clear errors for values that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.settings import IMPORT_LIMITS, SettingsError, load_settings


def test_defaults_need_no_environment() -> None:
    settings = load_settings({})
    assert settings.database_url == f"sqlite:///{Path('data').absolute() / 'tracker.db'}"
    assert (settings.scheduler_enabled, settings.host, settings.port) == (True, "127.0.0.1", 8000)
    assert (str(settings.timezone), settings.default_language) == ("Asia/Jakarta", "en")
    assert settings.import_limits == IMPORT_LIMITS


def test_values_are_read() -> None:
    settings = load_settings(
        {
            "TRACKER_DATABASE_URL": "postgresql://u@h/d",
            "TRACKER_SCHEDULER": "OFF",
            "TRACKER_PORT": "9000",
            "TRACKER_TIMEZONE": "Asia/Makassar",
            "TRACKER_IMPORT_MAX_DATA_ROWS": "250000",
        }
    )
    assert (settings.database_url, settings.scheduler_enabled, settings.port) == (
        "postgresql://u@h/d",
        False,
        9000,
    )
    assert str(settings.timezone) == "Asia/Makassar"
    assert settings.import_limits["data_rows"] == 250_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACKER_PORT", "eight"),
        ("TRACKER_PORT", "0"),
        ("TRACKER_SCHEDULER", "maybe"),
        ("TRACKER_TIMEZONE", "Mars/Olympus"),
        ("TRACKER_NIGHTLY_SCAN_AT", "25:00"),
        ("TRACKER_IMPORT_MAX_SECONDS", "-1"),
        ("TRACKER_LANGUAGE", "fr"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({name: value})
    assert name in str(caught.value)
    assert repr(value.lower() if name in {"TRACKER_SCHEDULER", "TRACKER_LANGUAGE"} else value) in str(
        caught.value
    )
