"""Column types and names shared by every table, and what differs between the two databases in them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

#: 64-bit integer everywhere; SQLite wants INTEGER for its row ids.
BigInt = BigInteger().with_variant(Integer(), "sqlite")
#: Text that sorts and compares by bytes: version keys, tree paths, normalised identifiers.
ByteOrdered = String().with_variant(String(collation="C"), "postgresql")
#: A JSON document: JSONB on PostgreSQL, text on SQLite.
Json = JSON().with_variant(JSONB(), "postgresql")


def id_field(**more: Any) -> Any:
    """A 64-bit primary key that the application assigns (see db.ids)."""
    return Field(primary_key=True, sa_type=BigInt, sa_column_kwargs={"autoincrement": False}, **more)


def ref_field(target: str | None = None, *, nullable: bool = False, index: bool = False) -> Any:
    """A 64-bit reference; `target` names the column of a plain (not composite) foreign key."""
    extra: dict[str, Any] = {"foreign_key": target} if target else {}
    if nullable:
        extra["default"] = None
    return Field(sa_type=BigInt, nullable=nullable, index=index, **extra)


def money_field(*, nullable: bool = True) -> Any:
    """An amount in minor units of the row's currency (sen, cents)."""
    return Field(default=None, sa_type=BigInt, nullable=nullable) if nullable else Field(sa_type=BigInt)


def json_field(*, nullable: bool = False) -> Any:
    """A JSON document; absent means null where `nullable`, else an empty object must be given."""
    return Field(default=None, sa_type=Json, nullable=True) if nullable else Field(sa_type=Json)


def key_field(**more: Any) -> Any:
    """Text in byte order."""
    return Field(sa_type=ByteOrdered, **more)
