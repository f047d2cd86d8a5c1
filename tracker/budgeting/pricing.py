"""What a unit costs in a year, pure: prices of classes, models and titles with the terms of their book.

    price = (amount + installation + migration + disposal) × (1 + tax) × factor × rate(year) × inflation

exact until the end and rounded once, half up, to the smallest payable amount (money.ROUNDING_MINOR). Yearly
support and energy are no part of a line: a plan states them beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cached_property

from pydantic import BaseModel, ConfigDict, Field

from tracker.budgeting.models import PlanAction
from tracker.budgeting.money import ROUNDING_MINOR, to_major
from tracker.budgeting.needs import FillLine, Need, Reason
from tracker.budgeting.schemas import PriceView

Percent = Decimal
_ONE = Decimal(1)


class Parts(BaseModel):
    """What comes beside the price of one unit, in the currency of the price: once for the first three, every year
    for the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    installation_minor: int = Field(default=0, ge=0)
    migration_minor: int = Field(default=0, ge=0)
    disposal_minor: int = Field(default=0, ge=0)
    support_year_minor: int = Field(default=0, ge=0)
    energy_year_minor: int = Field(default=0, ge=0)

    @property
    def once_minor(self) -> int:
        """What is paid once."""
        return self.installation_minor + self.migration_minor + self.disposal_minor


class Terms(BaseModel):
    """The assumptions of a book. `tax_pct` (PPN in Indonesia) is added unless the amounts include it;
    `inflation_pct` holds years that differ from the book's own; `rates` are units of the book's currency for one
    of the other; factors multiply prices, an agency's own outranks its region's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    tax_pct: Decimal = Field(default=Decimal(0), ge=0, le=100)
    tax_included: bool = True
    inflation_pct: dict[int, Decimal] = Field(default_factory=dict)
    rates: dict[str, dict[int, Decimal]] = Field(default_factory=dict)
    agency_factors: dict[str, Decimal] = Field(default_factory=dict)
    region_factors: dict[str, Decimal] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price as its book has it. `subject` is a model or title, '' for the whole class."""

    asset_class: str
    subject: str
    action: str
    min_quantity: int
    amount_minor: int
    currency: str
    parts: Parts
    valid_from: date
    source: str

    @property
    def name(self) -> str:
        """What the price is of, unique among the prices of an action on a day."""
        of = f"{self.asset_class}: {self.subject}" if self.subject else self.asset_class
        return of if self.min_quantity == 1 else f"{of}, ≥ {self.min_quantity}"


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys, as far as prices depend on it."""

    code: str
    region: str


@dataclass(frozen=True)
class Pricing:
    """Prices in force on a day with their terms. `inflation_pct` is for years without one of their own;
    `fixed_pct` (of the plan) outranks all."""

    currency: str
    rows: tuple[PriceRow, ...]
    terms: Terms
    inflation_pct: Percent
    fixed_pct: Percent | None = None

    def unit_minor(self, row: PriceRow, year: int, factor: Decimal = _ONE) -> int:
        """What one unit costs in `year`, in minor units of the book's currency."""
        return self._rounded((row.amount_minor + row.parts.once_minor) * self._multiplier(row, year, factor))

    def base_minor(self, row: PriceRow, factor: Decimal = _ONE) -> int:
        """The same in the year of the price."""
        return self.unit_minor(row, row.valid_from.year, factor)

    def yearly_minor(self, row: PriceRow, year: int, factor: Decimal = _ONE) -> tuple[int, int]:
        """Support and energy of one unit for `year`."""
        multiplier = self._multiplier(row, year, factor)
        parts = row.parts
        return self._rounded(parts.support_year_minor * multiplier), self._rounded(
            parts.energy_year_minor * multiplier
        )

    def factor(self, buyer: Buyer | None) -> Decimal:
        """What the prices of a buyer are multiplied with."""
        if buyer is None:
            return _ONE
        own = self.terms.agency_factors.get(buyer.code)
        return self.terms.region_factors.get(buyer.region, _ONE) if own is None else own

    def find(self, asset_class: str, label: str, action: str, units: int) -> PriceRow | None:
        """The price that fits best: of the longest model or title with which `label` begins, else of the class;
        of the largest quantity that `units` reach."""
        fitting = [
            row
            for row in self._by_group.get((asset_class, action), ())
            if row.min_quantity <= units and _fits(row.subject, label)
        ]
        return max(fitting, key=lambda row: (len(row.subject), row.min_quantity), default=None)

    @cached_property
    def _by_group(self) -> Mapping[tuple[str, str], Sequence[PriceRow]]:
        found: dict[tuple[str, str], list[PriceRow]] = {}
        for row in self.rows:
            found.setdefault((row.asset_class, row.action), []).append(row)
        return found

    def _multiplier(self, row: PriceRow, year: int, factor: Decimal) -> Decimal:
        with localcontext() as context:
            context.prec = 120
            tax = _ONE if self.terms.tax_included else 1 + self.terms.tax_pct / 100
            return tax * factor * self.rate(row.currency, year) * self._inflation(row.valid_from.year, year)

    def rate(self, currency: str, year: int) -> Decimal:
        """The rate of `year`: the last one known up to it, before the first known that one."""
        if currency == self.currency:
            return _ONE
        known = self.terms.rates[currency]
        return known[max((at for at in known if at <= year), default=min(known))]

    def _inflation(self, first: int, year: int) -> Decimal:
        product = _ONE
        for at in range(first + 1, year + 1):
            percent = self.terms.inflation_pct.get(at, self.inflation_pct)
            product *= 1 + (percent if self.fixed_pct is None else self.fixed_pct) / 100
        return product

    def _rounded(self, minor: Decimal) -> int:
        step = ROUNDING_MINOR.get(self.currency, 1)
        with localcontext() as context:
            context.prec = 120
            return int((minor / step).quantize(Decimal(1), rounding=ROUND_HALF_UP)) * step


def _fits(subject: str, label: str) -> bool:
    if not subject:
        return True
    wanted, given = " ".join(subject.casefold().split()), " ".join(label.casefold().split())
    return given == wanted or given.startswith(f"{wanted} ")


@dataclass(frozen=True, slots=True)
class Priced:
    """Needs with the key of their price, prices by (key, action) and year, and what to show of those used."""

    needs: tuple[Need, ...]
    prices_minor: Mapping[tuple[str, str], Mapping[int, int]]
    used: tuple[PriceView, ...]
    rows: Mapping[tuple[str, str], tuple[PriceRow, Decimal]]


def price_needs(
    needs: Iterable[Need], years: Sequence[int], pricing: Pricing, buyers: Mapping[int, Buyer]
) -> Priced:
    """Find the price of every need. A need without one keeps none: a method lists it as not priced."""
    priced, rows, known = [], _of_classes(pricing), {}
    for need in needs:
        sort = (need.agency_id, need.asset_class, need.label, need.action, need.units, bool(need.bridge))
        if sort not in known:
            known[sort] = _price(need, pricing, pricing.factor(buyers.get(need.agency_id)))
        key, found = known[sort]
        for action, row_and_factor in found.items():
            rows[key, action] = row_and_factor
        priced.append(need if key == need.asset_class else replace(need, price_key=key))
    by_year = {
        at: {year: pricing.unit_minor(row, year, factor) for year in years}
        for at, (row, factor) in rows.items()
    }
    used = _used(priced, rows, pricing)
    return Priced(tuple(priced), by_year, used, rows)


_Rows = dict[tuple[str, str], tuple[PriceRow, Decimal]]


def _of_classes(pricing: Pricing) -> _Rows:
    return {
        (row.asset_class, row.action): (row, _ONE)
        for row in pricing.rows
        if not row.subject and row.min_quantity == 1
    }


def _price(need: Need, pricing: Pricing, factor: Decimal) -> tuple[str, dict[str, tuple[PriceRow, Decimal]]]:
    """The key of a need's price, and its prices by action."""
    actions = [str(need.action)] + ([str(PlanAction.EXTEND_SUPPORT)] if need.bridge else [])
    found = {
        action: row
        for action in actions
        if (row := pricing.find(need.asset_class, need.label, action, need.units)) is not None
    }
    names = list(dict.fromkeys(row.name for row in found.values())) or [need.asset_class]
    key = "; ".join(names) + ("" if factor == _ONE else f" × {factor}")
    return key, {action: (row, factor) for action, row in found.items()}


def _used(needs: Iterable[Need], rows: _Rows, pricing: Pricing) -> tuple[PriceView, ...]:
    wanted = {(need.price_key or need.asset_class, str(need.action)) for need in needs}
    wanted |= {(need.price_key or need.asset_class, "extend-support") for need in needs if need.bridge}
    return tuple(
        PriceView(key, action, to_major(pricing.base_minor(row, factor)), row.valid_from, row.source)
        for (key, action), (row, factor) in sorted(rows.items(), key=lambda item: item[0])
        if (key, action) in wanted
    )


def assumptions(priced: Priced, pricing: Pricing, lines: Iterable[FillLine]) -> list[Reason]:
    """What a plan says of its prices besides their list: tax, rates, factors, costs of running what is bought."""
    terms, found = pricing.terms, []
    if terms.tax_pct:
        code = "assume-tax-included" if terms.tax_included else "assume-tax-added"
        found.append(Reason(code, {"tax_pct": str(terms.tax_pct)}))
    currencies = sorted({row.currency for row, _ in priced.rows.values()} - {pricing.currency})
    for currency in currencies:
        told = ", ".join(f"{year}: {rate}" for year, rate in sorted(terms.rates[currency].items()))
        found.append(Reason("assume-rate", {"currency": currency, "own": pricing.currency, "rates": told}))
    if terms.inflation_pct and pricing.fixed_pct is None:
        told = ", ".join(f"{year}: {value} %" for year, value in sorted(terms.inflation_pct.items()))
        found.append(Reason("assume-inflation-years", {"told": told}))
    if any(factor != _ONE for _, factor in priced.rows.values()):
        found.append(Reason("assume-factors"))
    return found + _running(priced, pricing, lines)


def _running(priced: Priced, pricing: Pricing, lines: Iterable[FillLine]) -> list[Reason]:
    support = energy = 0
    for line in lines:
        need = priced.needs[line.need]
        row = priced.rows.get((need.price_key or need.asset_class, str(need.action)))
        if line.is_bridge or line.year is None or row is None:
            continue
        of_support, of_energy = pricing.yearly_minor(row[0], line.year, row[1])
        support += of_support * line.quantity
        energy += of_energy * line.quantity
    if not support and not energy:
        return []
    return [Reason("assume-running", {"support_minor": support, "energy_minor": energy})]
