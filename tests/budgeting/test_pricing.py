"""Prices by model, agency, quantity, currency, tax and year; books with a history. Literal figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from tests.budgeting.test_plans import FLEET, plan
from tests.budgeting.world import NOW, TODAY, build, request
from tracker.budgeting import pricebooks
from tracker.budgeting.models import PlanAction
from tracker.budgeting.needs import FillLine, Need
from tracker.budgeting.pricing import Buyer, Parts, PriceRow, Pricing, Terms, assumptions, price_needs
from tracker.budgeting.queries import get_plan
from tracker.budgeting.scenarios import create_scenario
from tracker.budgeting.schemas import NewScenario
from tracker.db import reading, transaction
from tracker.identity.errors import Forbidden, NotFound
from tracker.identity.schemas import Principal, operator

LATER = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
START = date(2026, 1, 1)


def row(amount: int, subject: str = "", at_least: int = 1, currency: str = "IDR", **parts: int) -> PriceRow:
    return PriceRow(
        "laptop", subject, "replace", at_least, amount * 100, currency, Parts(**parts), START, "list"
    )


def pricing(*rows: PriceRow, inflation: str = "0", **terms: object) -> Pricing:
    return Pricing("IDR", rows, Terms.model_validate(terms), Decimal(inflation))


def need(label: str = "", units: int = 1, agency: int = 1) -> Need:
    return Need(
        f"{agency}{label}{units}", agency, "laptop", PlanAction.REPLACE, label, "", 2027, units, 50, False
    )


def test_a_model_outranks_its_class_and_the_longest_name_wins() -> None:
    prices = pricing(row(10), row(20, "Acme T14"), row(30, "Acme T14 Gen 5"))
    labels = ("", "Acme T140", "ACME  t14", "Acme T14 Gen 4", "Acme T14 Gen 5")
    priced = price_needs([need(label) for label in labels], (2027,), prices, {})
    assert [priced.prices_minor[one.price_key or "laptop", "replace"][2027] for one in priced.needs] == [
        1000, 1000, 2000, 2000, 3000,
    ]  # fmt: skip


def test_a_larger_group_costs_less_a_unit() -> None:
    prices = pricing(row(100), row(90, at_least=10), row(80, at_least=50))
    priced = price_needs([need(units=units) for units in (9, 10, 49, 50)], (2027,), prices, {})
    assert [one.price_key for one in priced.needs] == ["", "laptop, ≥ 10", "laptop, ≥ 10", "laptop, ≥ 50"]
    assert [view.amount for view in priced.used] == [100, 90, 80]


def test_an_agencys_factor_outranks_its_regions() -> None:
    prices = pricing(row(1000), agency_factors={"A": "1.25"}, region_factors={"Papua": "1.5"})
    buyers = {1: Buyer("A", "Papua"), 2: Buyer("B", "Papua"), 3: Buyer("C", "Jawa")}
    priced = price_needs([need(agency=at) for at in buyers], (2027,), prices, buyers)
    assert [priced.prices_minor[one.price_key or "laptop", "replace"][2027] for one in priced.needs] == [
        125_000, 150_000, 100_000,
    ]  # fmt: skip


def test_costs_tax_rates_and_inflation_round_once() -> None:
    one = row(100, currency="USD", installation_minor=500, migration_minor=250, disposal_minor=250)
    prices = pricing(
        one, inflation="3", tax_pct="11", tax_included=False, inflation_pct={2027: "2"},
        rates={"USD": {2026: "16000", 2028: "17000.5"}},
    )  # fmt: skip
    assert [prices.unit_minor(one, year) for year in (2026, 2027, 2028)] == [
        195_360_000,  # 110 × 1.11 × 16,000
        199_267_200,  # × 1.02; the rate of 2026 still holds
        218_079_500,  # 110 × 1.11 × 17,000.5 × 1.02 × 1.03 = 2,180,794.559…
    ]


def test_running_costs_are_stated_beside_the_lines() -> None:
    prices = pricing(row(100, support_year_minor=1000, energy_year_minor=200), tax_pct="11")
    priced = price_needs([need(units=5)], (2027,), prices, {})
    lines = [FillLine(0, 2027, 3, 10_000, 0, 0), FillLine(0, None, 2, 10_000, 3, 0)]
    found = {one.code: one.params for one in assumptions(priced, prices, lines)}
    assert found == {
        "assume-tax-included": {"tax_pct": "11"},
        "assume-running": {"support_minor": 3000, "energy_minor": 600},
    }


def test_a_new_version_leaves_earlier_plans_as_they_were(engine: Engine) -> None:
    build(engine, FLEET)
    before = plan(engine, request(name="before"))
    with transaction(engine) as session:
        old = pricebooks.get_book(session, "IDR")
        doubled = tuple(replace(one, amount_minor=one.amount_minor * 2) for one in old.rows)
        new = pricebooks.NewBook(old.name, "IDR", "SSH 2027", old.inflation_pct, old.terms, doubled)
        kept = pricebooks.keep_book(session, operator(), new, "prices.xlsx", LATER)
    assert (kept.version, kept.prices) == (2, len(old.rows))
    after = plan(engine, request(name="after"))
    assert [one.amount for one in after.prices] == [one.amount * 2 for one in before.prices]
    again = create_scenario(engine, operator(), before.id, NewScenario(name="again"), TODAY, NOW)
    assert again.years == before.years
    with reading(engine) as session:
        assert get_plan(session, operator(), before.id) == before
        books = [
            (one.version, one.superseded_at is None)
            for one in pricebooks.list_books(session)
            if one.currency == "IDR"
        ]
    assert books == [(2, True), (1, False)]


def test_only_administrators_of_all_agencies_keep_books(engine: Engine) -> None:
    build(engine)
    with transaction(engine) as session:
        old = pricebooks.get_book(session, "IDR")
        with pytest.raises(Forbidden):
            pricebooks.keep_book(session, Principal(user_id=9, name="x", grants=()), old, "x.xlsx", LATER)
        with pytest.raises(NotFound, match="'EUR'"):
            pricebooks.get_book(session, "EUR")
