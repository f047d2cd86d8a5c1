"""Uploaded files, kept for a while so that they can be read again: TRACKER_DATA_DIR/uploads.

Files are named by chance and never by their sender. What is older than TRACKER_UPLOADS_KEEP_DAYS is removed,
and the oldest ones when all together are larger than TRACKER_UPLOADS_MAX_BYTES.
"""

from __future__ import annotations

import re
import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path, PureWindowsPath

from tracker.settings import Settings

_NAME = re.compile(r"[0-9a-f]{32}(\.[a-z0-9]{1,8})?")
_UNSAFE = re.compile(r"[^\w .()-]")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "uploads"


def name_on_disk(filename: str) -> str:
    """A short name without anything special for the file called `filename`: a csv's sheet is named after it."""
    shown = PureWindowsPath(filename)
    stem = _UNSAFE.sub("_", shown.stem).strip(" .")[:50] or "upload"
    suffix = shown.suffix.lower()
    return stem + (suffix if _SUFFIX.fullmatch(suffix) else "")


def keep_upload(settings: Settings, path: Path, now: datetime) -> str | None:
    """Keep a copy of the file at `path`; returns its name here, None where it alone is above the limit."""
    size = path.stat().st_size
    if size > settings.uploads_max_bytes:
        return None
    folder = _folder(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    clean_uploads(settings, now, room_for=size)
    suffix = path.suffix.lower()
    name = secrets.token_hex(16) + (suffix if _SUFFIX.fullmatch(suffix) else "")
    # Named at the end only: a file that was copied halfway is never read.
    partial = folder / f"{name}.partial"
    shutil.copyfile(path, partial)
    partial.chmod(0o600)
    partial.rename(folder / name)
    return name


def find_upload(settings: Settings, name: str | None) -> Path | None:
    """The kept file, None where it is gone."""
    if name is None or not _NAME.fullmatch(name):
        return None
    path = _folder(settings) / name
    return path if path.is_file() else None


def drop_upload(settings: Settings, name: str | None) -> None:
    """Remove a kept file; nothing where it is gone already."""
    path = find_upload(settings, name)
    if path is not None:
        path.unlink(missing_ok=True)


def clean_uploads(settings: Settings, now: datetime, room_for: int = 0) -> int:
    """Remove what is too old, then the oldest until `room_for` bytes fit; how many were removed."""
    folder = _folder(settings)
    kept = []
    for path in folder.iterdir() if folder.is_dir() else ():
        try:
            found = path.stat()
        except FileNotFoundError:
            continue  # Another process cleans as well.
        kept.append((found.st_mtime, found.st_size, path))
    oldest_allowed = (now - timedelta(days=settings.uploads_keep_days)).timestamp()
    total, removed = sum(size for _, size, _ in kept), 0
    for changed, size, path in sorted(kept):
        if changed >= oldest_allowed and total + room_for <= settings.uploads_max_bytes:
            break
        path.unlink(missing_ok=True)
        total, removed = total - size, removed + 1
    return removed
