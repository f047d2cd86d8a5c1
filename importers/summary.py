"""What was understood, as documents for other programs."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from importers.rows import ItScope, Problem, Record, SoftwareName
from importers.understanding import Reading

_PRECISION = {"year": 4, "month": 7}


class _Count:
    """Records, units and cost of one part of a file."""

    def __init__(self) -> None:
        self.records = 0
        self.units = 0
        self.cost: Counter[str] = Counter()
        self.totals: dict[str, Decimal] = {}

    def add(self, record: Record) -> None:
        self.records += 1
        self.units += record.units
        if record.cost is not None:
            currency = record.currency or "IDR"
            self.totals[currency] = self.totals.get(currency, Decimal(0)) + record.cost

    def to_json(self) -> dict[str, Any]:
        totals = {currency: f"{amount:.2f}" for currency, amount in sorted(self.totals.items())}
        return {"records": self.records, "units": self.units, "total_cost": totals}


def summarise(reading: Reading) -> dict[str, Any]:
    """The document of `inspect --json`; reads the file to its end."""
    whole, parts, classes = _Count(), {scope: _Count() for scope in ItScope}, Counter[str]()
    problems: list[Problem] = []
    for batch in reading.batches():
        for record in batch:
            whole.add(record)
            parts[ItScope(record.it_scope)].add(record)
            classes[record.asset_class] += 1
            problems += record.problems
    return {
        "format": reading.format,
        "sheets": [_sheet_json(sheet) for sheet in reading.sheets],
        "records": whole.records,
        "units": whole.units,
        "total_cost": whole.to_json()["total_cost"],
        "it": parts[ItScope.IT].to_json(),
        "near_it": parts[ItScope.NEAR_IT].to_json(),
        "by_class": dict(sorted(classes.items())),
        "problems": [problem_json(problem) for problem in [*reading.problems, *problems]],
        "skipped": [
            {"sheet": row.sheet, "row": row.row, "reason": row.reason, "text": row.text}
            for row in reading.skipped
        ],
    }


def _sheet_json(sheet: Any) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "hidden": sheet.hidden,
        "header_rows": list(sheet.header_rows),
        "columns": dict(sheet.columns),
        "confidence": dict(sheet.confidence),
        "reasons": dict(sheet.reasons),
        "rows": sheet.rows,
        "records": sheet.records,
        "skipped": sheet.skipped,
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem as a document."""
    return {
        "sheet": problem.sheet,
        "row": problem.row,
        "column": problem.column,
        "code": problem.code,
        "message": problem.message,
        "value": problem.value,
    }


def record_json(record: Record) -> dict[str, Any]:
    """One line of `inspect --jsonl`: unknown is null, dates as precise as they are known, costs as text."""
    return {
        "sheet": record.sheet,
        "row": record.row,
        "item_code": record.item_code,
        "register": record.register,
        "asset_tag": record.asset_tag,
        "serial": record.serial,
        "name": record.name,
        "brand": record.brand,
        "model": record.model,
        "asset_class": record.asset_class,
        "it_scope": str(record.it_scope),
        "units": record.units,
        "acquired_on": _date_json(record),
        "acquired_precision": record.acquired_precision,
        "cost": _money_json(record.cost),
        "unit_cost": _money_json(record.unit_cost),
        "currency": record.currency,
        "condition": record.condition,
        "conditions": record.conditions,
        "source": record.source,
        "location": record.location,
        "custodian": record.custodian,
        "hostname": record.hostname,
        "uuid": record.uuid,
        "agency_text": record.agency_text,
        "warranty_ends_on": record.warranty_ends_on.isoformat() if record.warranty_ends_on else None,
        "support_ends_on": record.support_ends_on.isoformat() if record.support_ends_on else None,
        "status": record.status,
        "os": record.os,
        "software": [_software_json(item) for item in record.software],
        "notes": record.notes,
        "extra": dict(record.extra),
        "rejected": record.rejected,
        "problems": [problem_json(problem) for problem in record.problems],
    }


def _software_json(item: SoftwareName) -> dict[str, Any]:
    return {"name": item.name, "version": item.version, "publisher": item.publisher, "role": str(item.role)}


def _money_json(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _date_json(record: Record) -> str | None:
    if record.acquired_on is None:
        return None
    return record.acquired_on.isoformat()[: _PRECISION.get(record.acquired_precision or "day", 10)]
