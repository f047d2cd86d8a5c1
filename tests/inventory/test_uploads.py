"""Kept uploads: by age and by size, never by a name that somebody chose."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tracker.inventory.uploads import clean_uploads, drop_upload, find_upload, keep_upload
from tracker.settings import Settings, load_settings

NOW = datetime.now(UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({}), data_dir=tmp_path, uploads_max_bytes=250, uploads_keep_days=7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.CSV"
    path.write_bytes(b"x" * 100)
    return path


def _age(settings: Settings, name: str | None, days: float) -> None:
    path = find_upload(settings, name)
    assert path is not None
    then = (NOW - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))


def test_the_oldest_make_room(settings: Settings, file: Path) -> None:
    first, second = keep_upload(settings, file, NOW), keep_upload(settings, file, NOW)
    _age(settings, second, 2)
    third = keep_upload(settings, file, NOW)
    assert [find_upload(settings, name) is not None for name in (first, second, third)] == [True, False, True]


def test_what_is_too_old_goes(settings: Settings, file: Path) -> None:
    old, new = keep_upload(settings, file, NOW), keep_upload(settings, file, NOW)
    _age(settings, old, 8)
    assert clean_uploads(settings, NOW) == 1
    assert (find_upload(settings, old), find_upload(settings, new) is not None) == (None, True)
    drop_upload(settings, new)
    drop_upload(settings, new)
    assert find_upload(settings, new) is None


def test_a_file_above_the_whole_limit_is_not_kept(settings: Settings, file: Path) -> None:
    held = keep_upload(settings, file, NOW)
    file.write_bytes(b"x" * 251)
    assert keep_upload(settings, file, NOW) is None
    assert find_upload(settings, held) is not None


@pytest.mark.parametrize("name", ["../list.CSV", "list.CSV", "/etc/passwd", "0" * 32 + "/..", "", None])
def test_only_names_of_its_own_are_looked_up(settings: Settings, file: Path, name: str | None) -> None:
    keep_upload(settings, file, NOW)
    assert find_upload(settings, name) is None
