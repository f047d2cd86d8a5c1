"""What SQLite's planner believes about tables that grow before anybody has counted them."""

from __future__ import annotations

from sqlalchemy import Engine, text

#: The believed shape: rows of such a table, rows of one agency, rows of one thing of it.
_ROWS, _OF_AGENCY, _OF_THING = 1_000_000, 20_000, 8

_INDEXES = text(
    """SELECT t.name AS held, CASE i.origin WHEN 'pk' THEN t.name ELSE i.name END AS index_name,
        i."unique" AS is_unique, group_concat(c.name) AS columns
    FROM pragma_table_list t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
    WHERE t.schema = 'main' AND t.wr = 1 GROUP BY t.name, i.name ORDER BY t.name, i.name"""
)


def seed_statistics(engine: Engine) -> None:
    """Tell the planner that tables in key order (without row ids) are large, where it knows nothing yet.

    Without statistics SQLite takes two equal columns of an index to be no better than the first one of the
    primary key, and would read all rows of an agency for each of its assets. A database that fills within
    one transaction has no moment at which it could count. Statistics that somebody made (ANALYZE) stay.
    Nothing is done on PostgreSQL, which counts by itself.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.begin() as connection:
        connection.execute(text("ANALYZE sqlite_schema"))
        known = set(connection.execute(text("SELECT tbl FROM sqlite_stat1")).scalars())
        for row in connection.execute(_INDEXES).all():
            columns = row.columns.split(",")
            if columns[0] == "agency_id" and row.held not in known:
                shape = {
                    "held": row.held,
                    "name": row.index_name,
                    "stat": _stat(len(columns), bool(row.is_unique)),
                }
                connection.execute(
                    text("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (:held, :name, :stat)"), shape
                )
        connection.execute(text("ANALYZE sqlite_schema"))


def _stat(columns: int, unique: bool) -> str:
    """Rows, and how many of them share the first column, the first two, and so on."""
    shared = [_OF_AGENCY, *(_OF_THING for _ in range(columns - 1))]
    if unique:
        shared[-1] = 1
    return " ".join(map(str, (_ROWS, *shared)))
