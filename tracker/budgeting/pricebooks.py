"""Price books in the database: those shipped, those that an office brings, and the history of both.

A version is never changed: what comes later is another version, and the one before it stays readable, so that
every plan can name the prices that made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlmodel import Session

from tracker.budgeting import parameters
from tracker.budgeting.models import Price, PriceBook
from tracker.budgeting.money import to_minor
from tracker.budgeting.pricing import Parts, PriceRow, Pricing, Terms
from tracker.db import insert_rows, reserve_ids, table_of
from tracker.identity import audit
from tracker.identity.actions import ROOT_ID
from tracker.identity.errors import Forbidden, NotFound
from tracker.identity.rules import Permission
from tracker.identity.schemas import Principal

book = table_of(PriceBook)
price = table_of(Price)
_COLUMNS = (
    "id", "price_book_id", "asset_class", "subject", "action", "min_quantity", "amount_minor", "currency", "parts",
    "valid_from", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewBook:
    """A price book to keep, complete: what a filled-in template says."""

    name: str
    currency: str
    source: str
    inflation_pct: Decimal
    terms: Terms
    rows: tuple[PriceRow, ...]


@dataclass(frozen=True, slots=True)
class BookView:
    """A version of a price book in the list."""

    id: int
    name: str
    version: int
    currency: str
    inflation_pct: str
    source: str
    recorded_at: datetime
    superseded_at: datetime | None
    prices: int


def ensure_prices(session: Session, now: datetime) -> int:
    """Add the shipped price books that are not there yet; returns how many. One statement to look, a few more
    per book added. A book that exists is never changed."""
    known = {(row.name, row.version) for row in session.execute(select(book.c.name, book.c.version))}
    books = parameters.shipped_prices()["books"]
    missing = [one for one in books if (one["name"], one["version"]) not in known]
    for one in missing:
        _write(session, _shipped(one), one["version"], now)
    return len(missing)


def _shipped(told: Mapping[str, Any]) -> NewBook:
    valid_from, currency = date.fromisoformat(told["valid_from"]), told["currency"]
    rows = tuple(
        PriceRow(
            one["asset_class"], "", one["action"], 1, to_minor(Decimal(one["amount"])), currency, Parts(),
            valid_from, one["source"],
        )
        for one in told["prices"]
    )  # fmt: skip
    return NewBook(told["name"], currency, told["source"], Decimal(told["inflation_pct"]), Terms(), rows)


def keep_book(session: Session, principal: Principal, new: NewBook, file: str, now: datetime) -> BookView:
    """Keep a book as the next version of its name; it supersedes the book in force of its currency.
    Six statements, however many prices; `file` is named in the log.

    Raises:
        Forbidden: the principal is no administrator of all agencies: prices are everyone's.
    """
    check_keeper(principal)
    found = session.execute(select(func.max(book.c.version)).where(book.c.name == new.name)).scalar()
    version = (found or 0) + 1
    ended = update(book).where(book.c.currency == new.currency, book.c.superseded_at.is_(None))
    session.execute(ended.values(superseded_at=now))
    book_id = _write(session, new, version, now)
    detail: dict[str, object] = {"name": new.name, "version": version, "file": file, "prices": len(new.rows)}
    audit.record(session, principal, "prices.kept", "price_book", book_id, ROOT_ID, detail, now)
    return BookView(
        book_id, new.name, version, new.currency, str(new.inflation_pct), new.source, now, None, len(new.rows)
    )


def may_keep(principal: Principal) -> bool:
    """Whether the principal may bring a price book."""
    return principal.scope(Permission.ADMIN).is_everything


def check_keeper(principal: Principal) -> None:
    """Refuse who may not bring a price book.

    Raises:
        Forbidden: the principal is no administrator of all agencies.
    """
    if not may_keep(principal):
        raise Forbidden("prices-admin", "Only an administrator of all agencies may bring a price book.")


def _write(session: Session, new: NewBook, version: int, now: datetime) -> int:
    ids = reserve_ids(session, 1 + len(new.rows))
    session.execute(
        insert(book).values(
            id=ids[0], name=new.name, version=version, currency=new.currency, source=new.source,
            inflation_pct=str(new.inflation_pct), terms=new.terms.model_dump(mode="json"), recorded_at=now,
        )
    )  # fmt: skip
    insert_rows(
        session, Price, _COLUMNS, (_row(at, ids[0], one) for at, one in zip(ids[1:], new.rows, strict=True))
    )
    return ids[0]


def _row(at: int, book_id: int, one: PriceRow) -> tuple[Any, ...]:
    parts = one.parts.model_dump(mode="json", exclude_defaults=True)
    return (
        at, book_id, one.asset_class, one.subject, one.action, one.min_quantity, one.amount_minor, one.currency,
        parts, one.valid_from, one.source,
    )  # fmt: skip


def find_price_book(session: Session, currency: str) -> Row[Any] | None:
    """The current price book of a currency."""
    query = select(book).where(book.c.currency == currency, book.c.superseded_at.is_(None))
    return session.execute(query.order_by(book.c.version.desc(), book.c.id.desc()).limit(1)).first()


def list_currencies(session: Session) -> list[str]:
    """Currencies that have a current price book."""
    query = select(book.c.currency).where(book.c.superseded_at.is_(None)).distinct().order_by(book.c.currency)
    return list(session.execute(query).scalars())


def get_pricing(session: Session, row: Row[Any], on: date) -> Pricing:
    """The prices of a book in force on a day with their terms: of each the latest that has begun. One statement."""
    latest = {
        (one.asset_class, one.subject, one.action, one.min_quantity): one
        for one in list_rows(session, row.id)
        if one.valid_from <= on
    }
    terms = Terms.model_validate(row.terms)
    return Pricing(row.currency, tuple(latest.values()), terms, Decimal(row.inflation_pct))


def list_rows(session: Session, book_id: int) -> list[PriceRow]:
    """Every price of a book, by class, subject, action, quantity and date. One statement."""
    columns = [price.c[name] for name in _COLUMNS[2:]]
    order = ("asset_class", "subject", "action", "min_quantity", "valid_from")
    query = (
        select(*columns).where(price.c.price_book_id == book_id).order_by(*(price.c[name] for name in order))
    )
    return [
        PriceRow(
            row.asset_class,
            row.subject,
            row.action,
            row.min_quantity,
            row.amount_minor,
            row.currency,
            Parts.model_validate(row.parts),
            row.valid_from,
            row.source,
        )
        for row in session.execute(query)
    ]


def get_book(session: Session, currency: str) -> NewBook:
    """The book in force of a currency, complete. Two statements.

    Raises:
        NotFound: no book is in force for the currency.
    """
    row = find_price_book(session, currency)
    if row is None:
        raise NotFound("no-price-book", f"There is no price book in {currency!r}.")
    rows = list_rows(session, row.id)
    terms = Terms.model_validate(row.terms)
    return NewBook(row.name, row.currency, row.source, Decimal(row.inflation_pct), terms, tuple(rows))


def list_books(session: Session) -> list[BookView]:
    """Every version of every book, newest first. One statement."""
    counted = (
        select(price.c.price_book_id, func.count().label("prices")).group_by(price.c.price_book_id).subquery()
    )
    columns = [book.c[name] for name in BookView.__dataclass_fields__ if name != "prices"]
    query = (
        select(*columns, func.coalesce(counted.c.prices, 0))
        .outerjoin(counted, counted.c.price_book_id == book.c.id)
        .order_by(book.c.recorded_at.desc(), book.c.id.desc())
    )
    return [BookView(*row) for row in session.execute(query)]


def sorted_rows(rows: Iterable[PriceRow]) -> Sequence[PriceRow]:
    """Prices in the order in which a book lists them."""
    return sorted(
        rows, key=lambda row: (row.asset_class, row.subject, row.action, row.min_quantity, row.valid_from)
    )
