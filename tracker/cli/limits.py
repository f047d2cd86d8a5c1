"""What the command line says of a plan's budgets and limits, read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import typer

from tracker.budgeting.limit_texts import read_floors, read_units
from tracker.budgeting.schemas import NewCap, NewLimits


def parse_budgets(text: str) -> dict[int, Decimal]:
    """'2027=1000,2028=2000.50' → {2027: Decimal('1000'), …}.

    Raises:
        typer.BadParameter: a part is not YEAR=AMOUNT.
    """
    budgets: dict[int, Decimal] = {}
    for part in text.split(","):
        year, _, amount = part.strip().partition("=")
        try:
            budgets[int(year)] = Decimal(amount)
        except (ValueError, InvalidOperation) as error:
            raise typer.BadParameter(
                f"{part!r} is not YEAR=AMOUNT, such as 2027=1000000", param_hint="--budget"
            ) from error
    return budgets


def parse_percent(text: str) -> Decimal:
    """'3.5' → Decimal('3.5').

    Raises:
        typer.BadParameter: not a number.
    """
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is not a percentage", param_hint="--inflation") from error


def parse_limits(
    caps: Iterable[str], floors: Iterable[str], capacity: str | None, smoothing: int | None
) -> NewLimits:
    """Caps 'KAB:2027=5000000', floors 'remote=30', capacity '2027=200,2028=150'.

    Raises:
        typer.BadParameter, Invalid: a part is not written so.
    """
    return NewLimits(
        caps=_caps(caps),
        floors=read_floors("\n".join(floors)),
        capacity={} if capacity is None else read_units(capacity.replace(",", " ")),
        smoothing_pct=smoothing,
    )


def _caps(texts: Iterable[str]) -> tuple[NewCap, ...]:
    found: dict[str, dict[int, Decimal]] = defaultdict(dict)
    for text in texts:
        code, colon, rest = text.partition(":")
        if not (code and colon and rest):
            raise typer.BadParameter(f"{text!r} is not CODE:YEAR=AMOUNT", param_hint="--cap")
        found[code] |= parse_budgets(rest)
    return tuple(NewCap(agency_codes=(code,), budgets=budgets) for code, budgets in found.items())
