"""Limits as people write them, a line each, read and written; pure.

Caps: `KAB: 2027=2.500.000.000 2028=0`, or of a fund over several agencies `Fund 7 (KAB, KOTA): 2027=…`.
Floors: `remote=30`, `region:Papua=20`, `agency:KAB=10`. Capacity: `2027=200 2028=150`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from tracker.budgeting.schemas import NewCap, NewFloor, NewLimits
from tracker.identity.errors import Invalid
from tracker.identity.models import ServiceArea

#: Reads an amount as people of a language type it; None when it is none.
ReadAmount = Callable[[str], Decimal | None]
_FUND = re.compile(r"(?P<name>[^()]+)\((?P<codes>[^()]+)\)")


def read_caps(text: str, read: ReadAmount) -> tuple[NewCap, ...]:
    """The caps of a text, a line each.

    Raises:
        Invalid: a line is not written so; the message shows it.
    """
    return tuple(_cap(line, read) for line in _lines(text))


def read_floors(text: str) -> tuple[NewFloor, ...]:
    """The floors of a text, a line each.

    Raises:
        Invalid: as read_caps.
    """
    return tuple(_floor(line) for line in _lines(text))


def read_units(text: str) -> dict[int, int]:
    """Units by year.

    Raises:
        Invalid: a part is not YEAR=UNITS.
    """
    found = {}
    for year, units in _pairs(text):
        if not (units.isascii() and units.isdigit()):
            raise Invalid("bad-limit", f"{year}={units} is not YEAR=UNITS, such as 2027=200.")
        found[year] = int(units)
    return found


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.splitlines() if line.strip())


def _pairs(text: str) -> Iterator[tuple[int, str]]:
    for part in re.split(r"[\s;]+", text.strip()):
        year, _, value = part.partition("=")
        if not (year.isascii() and year.isdigit() and value):
            raise Invalid("bad-limit", f"{part!r} is not YEAR=VALUE, such as 2027=200.")
        yield int(year), value


def _cap(line: str, read: ReadAmount) -> NewCap:
    name, colon, amounts = line.partition(":")
    if not (name.strip() and colon and amounts.strip()):
        raise Invalid("bad-limit", f"{line!r} is not AGENCY: YEAR=AMOUNT, such as KAB: 2027=1000000.")
    budgets = {}
    for year, typed in _pairs(amounts):
        amount = read(typed)
        if amount is None:
            raise Invalid("bad-limit", f"{typed!r} in {line!r} is no amount.")
        budgets[year] = amount
    fund = _FUND.fullmatch(name.strip())
    if fund is None:
        return NewCap(agency_codes=(name.strip(),), budgets=budgets)
    codes = tuple(code.strip() for code in fund["codes"].split(",") if code.strip())
    return NewCap(agency_codes=codes, budgets=budgets, name=fund["name"].strip())


def _floor(line: str) -> NewFloor:
    name, _, typed = line.rpartition("=")
    percent = typed.strip().removesuffix("%").strip()
    kind, _, value = name.strip().partition(":")
    if not re.fullmatch(r"-?\d{1,4}", percent, re.ASCII):
        raise Invalid("bad-limit", f"{line!r} is not AREA=PERCENT, such as remote=30.")
    if kind == "region" and value:
        return NewFloor(share_pct=int(percent), region=value.strip())
    if kind == "agency" and value:
        return NewFloor(share_pct=int(percent), agency_code=value.strip())
    if kind not in set(ServiceArea) or value:
        raise Invalid("bad-limit", f"{line!r} names none of urban, rural, remote, region:NAME, agency:CODE.")
    return NewFloor(share_pct=int(percent), service_area=ServiceArea(kind))


def write_limits(limits: NewLimits, show: Callable[[Decimal], str]) -> Mapping[str, str]:
    """The limits as their texts: caps, floors, capacity, smoothing; '' where there are none."""
    return {
        "caps": "\n".join(_cap_text(cap, show) for cap in limits.caps),
        "floors": "\n".join(_floor_text(floor) for floor in limits.floors),
        "capacity": " ".join(f"{year}={units}" for year, units in sorted(limits.capacity.items())),
        "smoothing": "" if limits.smoothing_pct is None else str(limits.smoothing_pct),
    }


def _cap_text(cap: NewCap, show: Callable[[Decimal], str]) -> str:
    codes = ", ".join(cap.agency_codes)
    who = codes if cap.name is None else f"{cap.name} ({codes})"
    return f"{who}: " + " ".join(f"{year}={show(amount)}" for year, amount in sorted(cap.budgets.items()))


def _floor_text(floor: NewFloor) -> str:
    if floor.region:
        return f"region:{floor.region}={floor.share_pct}"
    if floor.agency_code:
        return f"agency:{floor.agency_code}={floor.share_pct}"
    return f"{floor.service_area}={floor.share_pct}"
