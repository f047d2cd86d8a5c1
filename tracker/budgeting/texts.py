"""Sentences of a plan in English and Indonesian, from codes and figures (data/texts.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from tracker.budgeting.money import ROUNDING_MINOR, is_payable, to_major
from tracker.budgeting.needs import Reason, RiskPart

LANGUAGES = ("en", "id")
#: How many formatted amounts, numbers and days are kept: a plan says the same few again and again.
_FORMATTED = 10_000


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    source = resources.files("tracker.budgeting") / "data" / "texts.json"
    loaded: dict[str, dict[str, dict[str, str]]] = json.loads(source.read_text(encoding="utf-8"))
    return loaded


def word(code: str, language: str) -> str:
    """A word or heading; a code without a text is shown as itself."""
    found = _texts()["words"].get(code)
    return code if found is None else found[language]


@lru_cache(maxsize=_FORMATTED)
def money(minor: int, currency: str, language: str) -> str:
    """An amount as people of the language write it: `IDR 1,234,567` or `Rp 1.234.567`; rupiah without sen."""
    pattern = "#,##0" if is_payable(minor, currency) and currency in ROUNDING_MINOR else "#,##0.00"
    number = format_decimal(to_major(minor), format=pattern, locale=language)
    return f"{'Rp' if (currency, language) == ('IDR', 'id') else currency}\xa0{number}"


@lru_cache(maxsize=_FORMATTED)
def day(value: str | date, language: str) -> str:
    """A date in words: `14 Oct 2025`, `14 Okt 2025`."""
    moment = date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(moment, "d MMM y", locale=language)


def sentence(reason: Reason, currency: str, language: str) -> str:
    """The reason as a sentence (or several)."""
    params = {name: _shown(name, value, currency, language) for name, value in reason.params.items()}
    if reason.code == "finding":
        params |= _finding_parts(params, reason.params, language)
    text = _template(reason.code, language).format_map(params)
    for more in ("until", "done-in"):
        if more.replace("-", "_") in params:
            text += _template(more, language).format_map(params)
    return text


def sentences(reasons: tuple[Reason, ...], currency: str, language: str) -> str:
    """Several reasons in a row."""
    return " ".join(sentence(reason, currency, language) for reason in reasons)


def risk_parts(parts: tuple[RiskPart, ...], language: str) -> str:
    """What a score is made of: `Security support ended (high) 25 + Broken 40`."""
    return " + ".join(_part(part, language) for part in parts)


def _part(part: RiskPart, language: str) -> str:
    severity = f" ({word(part.severity, language)})" if part.severity else ""
    return f"{word(part.code, language)}{severity} {part.points}"


def _template(code: str, language: str) -> str:
    return _texts()["sentences"][code][language]


@lru_cache(maxsize=_FORMATTED)
def _number(value: int, language: str) -> str:
    return format_decimal(value, locale=language)


def _shown(name: str, value: object, currency: str, language: str) -> str:
    if isinstance(value, int) and name.endswith("_minor"):
        return money(value, currency, language)
    if isinstance(value, str) and name.endswith("_on"):
        return day(value, language)
    if name in {"year", "until", "done_in", "first", "last_year", "last"} and isinstance(value, int):
        return str(value)
    if isinstance(value, int):
        return _number(value, language)
    if name in {"rule", "severity", "action", "asset_class"}:
        return word(str(value), language)
    return str(value)


def _finding_parts(params: dict[str, str], raw: Mapping[str, Any], language: str) -> dict[str, str]:
    subject = _template("finding-subject", language).format_map(params) if raw["subject"] else ""
    more = _template("finding-more", language).format_map(params) if raw["more"] else ""
    ending = _template("finding-ending", language).format_map(params) if "ends_on" in raw else ""
    return {"of_subject": subject + more, "ending": ending}
