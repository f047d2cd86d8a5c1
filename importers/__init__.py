"""Importers: from the file that an agency keeps to records of assets. No database, no tracker."""

from importers.rows import Limits, Record, RefusedFile
from importers.summary import record_json, summarise
from importers.understanding import Reading, read
from importers.vocabulary import Vocabulary, default_vocabulary

__all__ = [
    "Limits",
    "Reading",
    "Record",
    "RefusedFile",
    "Vocabulary",
    "default_vocabulary",
    "read",
    "record_json",
    "summarise",
]
