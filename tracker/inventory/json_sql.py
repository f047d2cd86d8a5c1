"""Reading JSON columns inside SQL: the same few expressions for SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from tracker.db import is_sqlite


@dataclass(frozen=True, slots=True)
class JsonSql:
    """Writes the expressions of one database. All arguments are names of this project, never input."""

    sqlite: bool

    @classmethod
    def of(cls, session: Session) -> JsonSql:
        """The writer for `session`'s database."""
        return cls(is_sqlite(session))

    def cast(self, expression: str, kind: str) -> str:
        """`expression` (text) as `kind`: text, bigint or date. SQLite's values are typed already."""
        return expression if self.sqlite or kind == "text" else f"CAST({expression} AS {kind})"

    def value(self, column: str, key: str, kind: str = "text") -> str:
        """The scalar under `key` of the object in `column`, NULL where absent."""
        return self.cast(f"({column}->>'{key}')", kind)

    def after(self, column: str, key: str, kind: str = "text") -> str:
        """The second element of the pair under `key`: the 'after' of a diff."""
        return self.cast(f"({column}->'{key}'->>1)", kind)

    def pairs(self, column: str, key: str, alias: str) -> str:
        """A FROM item: the object under `key` as rows of alias.key, alias.value (text)."""
        if self.sqlite:
            return f"json_each({column}, '$.{key}') AS {alias}"
        return f"jsonb_each_text({column}->'{key}') AS {alias}(key, value)"

    def members(self, column: str, alias: str) -> str:
        """A FROM item: the object in `column` itself as rows of alias.key, alias.value (JSON)."""
        if self.sqlite:
            return f"json_each({column}) AS {alias}"
        return f"jsonb_each({column}) AS {alias}(key, value)"

    def numbers(self, column: str, key: str, alias: str) -> str:
        """A FROM item: the array of integers under `key` as rows of alias.key (from 0), alias.value."""
        if self.sqlite:
            return f"json_each({column}, '$.{key}') AS {alias}"
        listed = f"jsonb_array_elements_text({column}->'{key}') WITH ORDINALITY AS item(value, key)"
        return f"LATERAL (SELECT CAST(value AS bigint) AS value, key - 1 AS key FROM {listed}) AS {alias}"  # noqa: S608
