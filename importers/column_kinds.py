"""What kind of table its columns make, and what is odd about them."""

from __future__ import annotations

from dataclasses import replace

from importers.column_profiles import Profile
from importers.columns import DATES, EXTRA, IGNORE, MONEY, Column, Columns, column_letter
from importers.formats import Format
from importers.rows import Problem

STRONG = frozenset(
    {
        "asset_tag",
        "serial",
        "item_code",
        "code_register",
        "register",
        "hostname",
        "model",
        "brand",
        "brand_model",
    }
)
_NAMES = frozenset({"name", "category", "software_name", "product"})
_WITH_NAME = frozenset({"os", "acquired_on", "condition", "custodian", "location"})
_NOT_COUNTED = frozenset({EXTRA, IGNORE, "sequence", "notes"})
_MACHINES = frozenset({"asset_tag", "hostname", "serial"})
#: What names a thing besides its tag, serial and host name.
_OTHER_KEYS = frozenset({"item_code", "code_register", "register", "uuid", "address"})
Oddity = tuple[str | None, str, str]


def finish(columns: list[Column], profile: Profile, known: Format | None) -> Columns:
    """The columns of a table with its kind ('assets', 'installations', 'licences', 'nameless', 'none')."""
    fields = frozenset(column.field for column in columns)
    kind = _kind_of(fields, known)
    if kind == "installations":
        columns = [_without_install_date(column) for column in columns]
    problems = [*_money_problems(columns, fields, kind), *_unheaded_problems(profile)]
    code = next((column for column in columns if column.field in ("item_code", "code_register")), None)
    coded = code is not None and profile.rows > 0 and len(profile.values[code.at]) >= 0.9 * profile.rows
    coded = coded and not (known is not None and known.exact)
    reach = max((*(column.at for column in columns), *profile.unheaded), default=0) + 1
    long = code is not None and profile.share(code.at, "long-code") > 0.2
    return Columns(tuple(columns), kind, tuple(problems), coded, reach, 9 if long else 5)


def _kind_of(fields: frozenset[str], known: Format | None) -> str:
    machines = fields & _MACHINES
    if known is not None and known.skip is None:
        kind = "assets"
    elif "licences" in fields and not machines:
        return "licences"
    else:
        kind = "assets" if _describes_assets(fields) else "none"
    listing = {"software_name", "software_version"} <= fields and known is None
    if kind == "assets" and listing and not machines and not fields & _OTHER_KEYS:
        return "nameless"
    return "installations" if kind == "assets" and "software_name" in fields and machines else kind


def _describes_assets(fields: frozenset[str]) -> bool:
    counted = fields - _NOT_COUNTED
    if fields & _NAMES and {"specification", "units"} <= fields:
        return True
    if fields & STRONG:
        return len(counted) >= 2
    return bool(fields & _NAMES) and bool(fields & _WITH_NAME) and len(counted) >= 3


def _without_install_date(column: Column) -> Column:
    """When a software was installed says nothing of when its machine was bought."""
    installed = "instal" in column.label.casefold() and column.field in DATES
    return replace(column, field=EXTRA) if installed else column


def _money_problems(columns: list[Column], fields: frozenset[str], kind: str) -> list[Oddity]:
    found: list[Oddity] = []
    money = [column for column in columns if column.field in MONEY]
    if kind == "assets" and money and "currency" not in fields and not any(c.currency for c in money):
        text = "no currency is stated; amounts are taken as IDR"
        found.append((money[0].label, "currency-assumed", text))
    for column in money:
        if column.multiplier != 1:
            text = f"amounts are multiplied by {column.multiplier}, as the header or the title says"
            found.append((column.label, "amounts-multiplied", text))
    return found


def _unheaded_problems(profile: Profile) -> list[Oddity]:
    if not profile.unheaded:
        return []
    letters = ", ".join(column_letter(at) for at in profile.unheaded)
    return [(None, "column-without-header", f"columns without a header are not read: {letters}")]


def problems_of(columns: Columns, sheet: str, row: int) -> list[Problem]:
    """The oddities of the columns as problems of the header row."""
    return [Problem(sheet, row, column, code, message) for column, code, message in columns.problems]
