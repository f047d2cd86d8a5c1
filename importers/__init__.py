"""Importers: from the file that an agency keeps to records of assets. No database, no tracker.

The names below are loaded when first used: the child process that reads a file belongs to this package
and needs none of them, and every file waits for its start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from importers.rows import Limits, Record, RefusedFile

if TYPE_CHECKING:
    from importers.summary import problem_json, record_json, summarise
    from importers.understanding import Reading, read
    from importers.vocabulary import Vocabulary, default_vocabulary, field_names

_HOMES = {
    "Reading": "understanding",
    "Vocabulary": "vocabulary",
    "default_vocabulary": "vocabulary",
    "field_names": "vocabulary",
    "problem_json": "summary",
    "read": "understanding",
    "record_json": "summary",
    "summarise": "summary",
}

__all__ = [
    "Limits",
    "Reading",
    "Record",
    "RefusedFile",
    "Vocabulary",
    "default_vocabulary",
    "field_names",
    "problem_json",
    "read",
    "record_json",
    "summarise",
]


def __getattr__(name: str) -> object:
    """Load a name from its module."""
    if name not in _HOMES:
        raise AttributeError(f"module 'importers' has no attribute {name!r}")
    return getattr(import_module(f"importers.{_HOMES[name]}"), name)
