"""The database: engine, transactions, bulk writes and conventions. Nothing here knows a business word."""

from tracker.db.bulk import create_temporary, insert_rows, insert_unless_taken, table_of
from tracker.db.engine import is_sqlite, make_engine, reading, transaction
from tracker.db.ids import new_id, reserve_ids
from tracker.db.recorder import note_statement, record_statements

__all__ = [
    "create_temporary",
    "insert_rows",
    "insert_unless_taken",
    "is_sqlite",
    "make_engine",
    "new_id",
    "note_statement",
    "reading",
    "record_statements",
    "reserve_ids",
    "table_of",
    "transaction",
]
