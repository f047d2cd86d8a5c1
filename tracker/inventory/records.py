"""From a record of a file to the values that an asset stores: pure, no session, no clock, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache

from importers.rows import Record, SoftwareName, SoftwareRole
from tracker.inventory.keys import CONTENT, KeyPolicy, find_keys, fingerprint
from tracker.inventory.models import AssetStatus, Condition, InstallationRole, ItScope, Precision

#: (role, publisher, name, version); absent parts are ''.
Title = tuple[str, str, str, str]
MODEL = "model"
#: What an asset's file may say of its status.
STATUSES = frozenset(status.value for status in AssetStatus if status != AssetStatus.WITHDRAWN)
#: What the importers say where they do not know; plain text, which compares faster than a member does.
_OTHER = ItScope.OTHER.value
_SCOPES = {scope.value: scope.value for scope in ItScope}
#: Plain text of a role: members of an enumeration are slow to turn into text and cannot be spooled.
_ROLES = {role: role.value for role in SoftwareRole}
_LARGEST_MINOR = 2**63 - 1


@dataclass(slots=True)
class Prepared:
    """What a record says, in stored form: column values (blank ones absent), names, model and titles."""

    values: dict[str, object]
    keys: dict[str, str]
    model: tuple[str, str] | None
    titles: list[Title]


@lru_cache(maxsize=50_000)
def clean(text: str | None) -> str:
    """One line without outer or repeated spaces; '' for None. What no database can store is left out."""
    if not text:
        return ""
    if not text.isascii():
        # Half of a surrogate pair is no character.
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return " ".join(text.replace("\x00", "").split())


@lru_cache(maxsize=20_000)
def to_minor(amount: Decimal | None) -> int | None:
    """Hundredths of a currency unit, rounded half to even; None where unknown or too large to store."""
    if amount is None or not amount.is_finite():
        return None
    minor = int((amount * 100).to_integral_value())
    return minor if 0 <= minor <= _LARGEST_MINOR else None


def composed_tag(record: Record) -> str | None:
    """The tag; where there is none, item code and register number as one (3100102001-8)."""
    if record.asset_tag:
        return clean(record.asset_tag)
    if record.item_code and record.register:
        return f"{clean(record.item_code)}-{clean(record.register)}"
    return None


@lru_cache(maxsize=20_000)
def _iso(day: date) -> str:
    return day.isoformat()


def values_of(record: Record) -> dict[str, object]:
    """{column: value} of what the record states; blank fields are absent, so that they clear nothing.

    What the importers fall back to (class other, one unit) is not a statement and absent too.
    """
    stated: dict[str, object] = {name: text for name, text in _texts_of(record) if text}
    if record.asset_class != _OTHER:
        stated["asset_class"] = record.asset_class
    if record.it_scope != _OTHER:
        stated["it_scope"] = _SCOPES[record.it_scope]
    if record.status in STATUSES:
        stated["status"] = record.status
    if record.units != 1 or "units" in record.columns_present:
        stated["units"] = record.units
    if record.condition:
        stated["condition"] = record.condition
    if record.acquired_on is not None:
        stated["acquired_on"] = _iso(record.acquired_on)
        stated["acquired_precision"] = record.acquired_precision or Precision.DAY.value
    cost = to_minor(record.cost)
    if cost is not None:
        stated["cost_minor"] = cost
        stated["currency"] = record.currency or "IDR"
    if record.warranty_ends_on is not None:
        stated["warranty_ends_on"] = _iso(record.warranty_ends_on)
    if record.support_ends_on is not None:
        stated["support_ends_on"] = _iso(record.support_ends_on)
    return stated


def _texts_of(record: Record) -> tuple[tuple[str, str | None], ...]:
    """(column, text) of the plain texts."""
    return (
        ("asset_tag", composed_tag(record)),
        ("item_code", clean(record.item_code)),
        ("register_number", clean(record.register)),
        ("serial", clean(record.serial)),
        ("name", clean(record.name)),
        ("source", clean(record.source)),
        ("location", clean(record.location)),
        ("custodian", clean(record.custodian)),
        ("hostname", clean(record.hostname)),
        ("notes", clean(record.notes)),
    )


def title_of(item: SoftwareName) -> Title:
    """A named software in stored form."""
    return (_ROLES[item.role], clean(item.publisher), clean(item.name), clean(item.version))


def titles_of(record: Record) -> list[Title]:
    """The record's software in file order without repeats, the operating system first."""
    found: dict[Title, None] = {}
    if record.os and all(item.role != SoftwareRole.OPERATING_SYSTEM for item in record.software):
        found[(InstallationRole.OPERATING_SYSTEM.value, "", clean(record.os), "")] = None
    for item in record.software:
        if item.name:
            found[title_of(item)] = None
    return list(found)


def model_of(record: Record) -> tuple[str, str] | None:
    """(manufacturer, model) with '' for an absent part; None when the record names neither."""
    pair = (clean(record.brand), clean(record.model))
    return pair if any(pair) else None


def prepare(record: Record, policy: KeyPolicy) -> Prepared:
    """The record in stored form. A row without any name gets the fingerprint of its content as key."""
    values = values_of(record)
    keys = find_keys(
        policy,
        asset_tag=clean(record.asset_tag),
        item_code=clean(record.item_code),
        register=clean(record.register),
        serial=clean(record.serial),
        hostname=clean(record.hostname),
        uuid=record.uuid,
    )
    model = model_of(record)
    if not keys:
        manufacturer, name = model or ("", "")
        named = clean(record.content_key) or record.content_base
        keys = {CONTENT: named or fingerprint({**values, "manufacturer": manufacturer, "model": name})}
    return Prepared(values, keys, model, titles_of(record))


def split_by_condition(record: Record) -> Iterator[tuple[Record, str]]:
    """(record, suffix of its keys) for each condition of a row that counts several; units and cost add up.

    The first condition keeps the plain keys: a thing that is later registered alone is found again.
    """
    counted = [(word, n) for word in Condition if (n := (record.conditions or {}).get(word, 0)) > 0]
    if len(counted) < 2:
        yield (
            (replace(record, condition=counted[0][0].value) if counted and not record.condition else record),
            "",
        )
        return
    total = sum(n for _, n in counted)
    spent = Decimal(0)
    for place, (word, n) in enumerate(counted):
        cost = None
        if record.cost is not None:
            rest = record.cost - spent
            cost = rest if place == len(counted) - 1 else (record.cost * n / total).quantize(Decimal("0.01"))
            spent += cost
        part = replace(record, units=n, condition=word.value, conditions=None, cost=cost)
        yield part, f"@{word.value}" if place else ""
