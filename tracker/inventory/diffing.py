"""What a row would change on an asset: pure comparison of stored values.

A blank (None) in the row never clears a value. Values are in stored form: text, integers, ISO dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Diff = dict[str, list[object]]

#: The asset's columns that a row can state, in the order in which a diff shows them.
ASSET_FIELDS = (
    "asset_tag",
    "item_code",
    "register_number",
    "serial",
    "name",
    "asset_class",
    "it_scope",
    "status",
    "units",
    "condition",
    "acquired_on",
    "acquired_precision",
    "cost_minor",
    "currency",
    "source",
    "location",
    "custodian",
    "hostname",
    "warranty_ends_on",
    "support_ends_on",
    "notes",
)
DATE_FIELDS = frozenset({"acquired_on", "warranty_ends_on", "support_ends_on"})
NUMBER_FIELDS = frozenset({"units", "cost_minor"})

#: Column of a file → fields that its blank cell clears, where that was chosen. What an asset is known and found
#: by (tags, serial, host name, name, class, maker and model) and its titles are not cleared by a blank.
CLEARED_BY: dict[str, tuple[str, ...]] = {
    "acquired_on": ("acquired_on", "acquired_precision"),
    "cost": ("cost_minor", "currency"),
    **{one: (one,) for one in ("condition", "source", "location", "custodian", "warranty_ends_on",
                               "support_ends_on", "notes")},
}  # fmt: skip
CLEARABLE = frozenset(field for fields in CLEARED_BY.values() for field in fields)


def cleared_by(columns: Iterable[str]) -> tuple[str, ...]:
    """The fields that a blank cell of one of `columns` clears."""
    present = frozenset(columns)
    return tuple(field for column, fields in CLEARED_BY.items() if column in present for field in fields)


def diff_cleared(before: Mapping[str, object], after: Mapping[str, object], cleared: Iterable[str]) -> Diff:
    """{field: [before, None]} for the fields of `cleared` that `after` leaves blank and `before` has."""
    return {
        field: [before[field], None]
        for field in cleared
        if after.get(field) is None and before.get(field) is not None
    }


def diff_fields(before: Mapping[str, object], after: Mapping[str, object]) -> Diff:
    """{field: [before, after]} for the fields that `after` states (not None) and `before` has otherwise."""
    return {
        field: [before.get(field), after[field]]
        for field in ASSET_FIELDS
        if after.get(field) is not None and after[field] != before.get(field)
    }


def diff_model(before: tuple[str, str] | None, after: tuple[str, str] | None) -> Diff:
    """The hardware model as one field, shown as 'manufacturer name'.

    A row that states only the name keeps the manufacturer, and the other way round.
    """
    if after is None:
        return {}
    old = before or ("", "")
    if all(not new or new == held for new, held in zip(after, old, strict=True)):
        return {}
    return {"hardware_model": [" ".join(filter(None, old)) or None, " ".join(filter(None, after))]}


def diff_software(before: Mapping[str, Iterable[str]], after: Mapping[str, Iterable[str]]) -> Diff:
    """{role: [[titles before], [titles after]]} for the roles that `after` states and `before` has otherwise."""
    found: Diff = {}
    for role in sorted(after):
        new, old = sorted(set(after[role])), sorted(set(before.get(role, ())))
        if new and new != old:
            found[role] = [old, new]
    return found
