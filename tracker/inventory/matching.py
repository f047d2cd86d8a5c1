"""Matching titles and models against the catalogue: once per distinct title, never per installation."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session


def match_titles(session: Session, now: datetime) -> int:
    raise NotImplementedError
