"""The filter of findings as addresses and forms carry it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tracker.lifecycle.schemas import FindingFilter
from tracker.web.terms import TERMS


def read_filter(given: Mapping[str, str], today: date) -> FindingFilter:
    """The filter that `given` asks for; words that are none of ours count as no filter."""

    def word(name: str, kind: str) -> str | None:
        value = given.get(name)
        return value if value in TERMS[kind] else None

    return FindingFilter(
        agency=given.get("agency") or None,
        rule=word("rule", "rule"),
        severity=word("severity", "severity"),
        state=word("state", "finding_state") or "open",
        text=(given.get("q") or "").strip()[:200] or None,
        handling=word("handling", "finding_handling"),
        assignee=(given.get("assignee") or "").strip()[:254] or None,
        on=today,
    )


def filter_query(wanted: FindingFilter) -> dict[str, str | None]:
    """`wanted` as the parts of an address."""
    return {
        "q": wanted.text,
        "agency": wanted.agency,
        "rule": wanted.rule,
        "severity": wanted.severity,
        "state": None if wanted.state == "open" else wanted.state,
        "handling": wanted.handling,
        "assignee": wanted.assignee,
    }
