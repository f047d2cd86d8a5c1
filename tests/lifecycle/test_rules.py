"""Rules by tables of literal dates. The named day is still supported; the day after is not."""

from __future__ import annotations

from datetime import date

import pytest

from tracker.lifecycle.asset_rules import add_years, assess_age, assess_warranty, latest_day, stated
from tracker.lifecycle.policy import default_document, parse_policy, rule_texts
from tracker.lifecycle.rules import (
    Exploited,
    Patch,
    PatchFacts,
    Phase,
    ReleaseDates,
    Rule,
    RuleVerdict,
    Subject,
    assess,
    is_coarser,
    phase_on,
)

POLICY = parse_policy(default_document())
SUBJECT = Subject("title", 1, 0, "matched", "auto", 10, 100, "1.28.0")
FULL = ReleaseDates(
    active_on=date(2025, 10, 14), security_on=date(2026, 10, 13), extended_on=date(2028, 10, 10),
    extended_flag=None,
)  # fmt: skip


def verdicts(
    dates: ReleaseDates,
    day: date,
    facts: PatchFacts | None = None,
    exploited: tuple[Exploited, ...] = (),
    subject: Subject = SUBJECT,
) -> dict[str, RuleVerdict]:
    """The verdicts without a contract, by rule."""
    return {one.rule.value: one for one in assess(subject, dates, facts, exploited, POLICY, day).verdicts}


@pytest.mark.parametrize(
    ("day", "contract", "phase"),
    [
        (date(2025, 10, 14), False, Phase.ACTIVE),
        (date(2025, 10, 15), False, Phase.SECURITY_ONLY),
        (date(2026, 10, 13), False, Phase.SECURITY_ONLY),
        (date(2026, 10, 14), False, Phase.ENDED),
        (date(2026, 10, 14), True, Phase.EXTENDED),
        (date(2028, 10, 10), True, Phase.EXTENDED),
        (date(2028, 10, 11), True, Phase.ENDED),
    ],
)
def test_phase_of_a_fully_dated_release(day: date, contract: bool, phase: Phase) -> None:
    assert phase_on(day, FULL, contract=contract) is phase


@pytest.mark.parametrize(
    ("dates", "phase"),
    [
        (ReleaseDates(), Phase.UNKNOWN),
        (ReleaseDates(security_flag=False), Phase.NONE_ANNOUNCED),
        (ReleaseDates(security_flag=True), Phase.ENDED),
        (ReleaseDates(active_flag=True), Phase.UNKNOWN),
        (ReleaseDates(active_flag=False), Phase.UNKNOWN),
        (ReleaseDates(active_on=date(2030, 1, 1)), Phase.ACTIVE),
        (ReleaseDates(active_on=date(2020, 1, 1)), Phase.UNKNOWN),
        (ReleaseDates(active_flag=True, security_flag=False), Phase.SECURITY_ONLY),
        (ReleaseDates(active_flag=True, security_on=date(2030, 1, 1)), Phase.SECURITY_ONLY),
        (ReleaseDates(security_on=date(2030, 1, 1)), Phase.ACTIVE),
        (ReleaseDates(security_on=date(2020, 1, 1), security_flag=False), Phase.ENDED),
    ],
)
def test_a_date_outranks_a_flag_and_nothing_is_never_supported(dates: ReleaseDates, phase: Phase) -> None:
    assert phase_on(date(2026, 11, 25), dates) is phase


def test_security_ended_and_unpatchable_hold_from_the_day_after() -> None:
    last = verdicts(FULL, date(2026, 10, 13))
    after = verdicts(FULL, date(2026, 10, 14))
    assert set(last) == {"active-support-ended", "security-support-ends-soon"}
    assert set(after) == {"security-support-ended", "unpatchable", "extended-support-without-contract"}
    for one in (after["security-support-ended"], after["unpatchable"]):
        assert (one.since_on, one.ends_on) == (date(2026, 10, 14), date(2026, 10, 13))


def test_a_flag_without_a_date_ends_support_on_an_unknown_day() -> None:
    found = verdicts(ReleaseDates(security_flag=True), date(2026, 1, 1))
    assert found["security-support-ended"].since_on is None
    assert found["security-support-ended"].facts == {"date": "unknown"}


@pytest.mark.parametrize(
    ("day", "window"),
    [
        (date(2025, 10, 12), None),
        (date(2025, 10, 13), (365, "low", date(2025, 10, 13))),
        (date(2026, 4, 15), (365, "low", date(2025, 10, 13))),
        (date(2026, 4, 16), (180, "medium", date(2026, 4, 16))),
        (date(2026, 7, 14), (180, "medium", date(2026, 4, 16))),
        (date(2026, 7, 15), (90, "high", date(2026, 7, 15))),
        (date(2026, 10, 13), (90, "high", date(2026, 7, 15))),
        (date(2026, 10, 14), None),
    ],
)
def test_ends_soon_speaks_in_the_narrowest_window_until_the_last_day(
    day: date, window: tuple[int, str, date] | None
) -> None:
    found = verdicts(FULL, day).get("security-support-ends-soon")
    assert (found and (found.threshold, found.severity, found.since_on)) == window
    assert found is None or found.ends_on == date(2026, 10, 13)


@pytest.mark.parametrize(
    ("day", "holds"),
    [(date(2025, 10, 14), False), (date(2025, 10, 15), True), (date(2026, 10, 14), False)],
)
def test_active_ended_only_while_security_fixes_come(day: date, holds: bool) -> None:
    found = verdicts(FULL, day).get("active-support-ended")
    assert (found is not None) is holds
    assert found is None or found.since_on == date(2025, 10, 15)


def test_with_a_contract_the_extended_end_counts() -> None:
    made = assess(SUBJECT, FULL, None, (), POLICY, date(2027, 12, 1))
    assert [one.rule for one in made.verdicts] == [
        Rule.SECURITY_ENDED, Rule.UNPATCHABLE, Rule.EXTENDED_WITHOUT_CONTRACT,
    ]  # fmt: skip
    assert [(one.rule, one.ends_on) for one in made.contract_verdicts] == [
        (Rule.SECURITY_ENDS_SOON, date(2028, 10, 10))
    ]
    assert (made.phase, made.contract_phase) == (Phase.ENDED, Phase.EXTENDED)


ALIVE = ReleaseDates(security_flag=False)


@pytest.mark.parametrize(
    ("facts", "patch", "behind"),
    [
        (None, Patch.UNKNOWN, False),
        (PatchFacts("1.28.0", 0), Patch.CURRENT, False),
        (PatchFacts("1.28.2", 2, date(2026, 1, 10)), Patch.BEHIND, True),
        (PatchFacts("1.28.0.4", 1, date(2026, 1, 10), known=False), Patch.UNKNOWN, False),
        (PatchFacts("1.28.2", 1, date(2026, 1, 10), known=False), Patch.BEHIND, True),
    ],
)
def test_behind_latest(facts: PatchFacts | None, patch: Patch, behind: bool) -> None:
    made = assess(SUBJECT, ALIVE, facts, (), POLICY, date(2026, 11, 25))
    assert made.patch is patch
    assert [one.rule for one in made.verdicts] == ([Rule.BEHIND_LATEST] if behind else [])


def test_an_ended_release_is_unpatchable_and_not_behind() -> None:
    found = verdicts(FULL, date(2026, 11, 25), PatchFacts("1.28.2", 2, date(2026, 1, 10)))
    assert set(found) == {"security-support-ended", "unpatchable", "extended-support-without-contract"}


@pytest.mark.parametrize(
    ("added_on", "holds"),
    [(date(2025, 4, 23), False), (date(2025, 4, 24), True), (date(2026, 11, 25), True), (date(2026, 11, 26), False)],
)  # fmt: skip
def test_exploited_possible_only_when_listed_after_the_installed_version(added_on: date, holds: bool) -> None:
    facts = PatchFacts("1.28.2", 2, date(2026, 1, 10), installed_on=date(2025, 4, 23))
    found = verdicts(ALIVE, date(2026, 11, 25), facts, (Exploited("CVE-1", added_on),))
    assert ("exploited-possible" in found) is holds


def test_a_version_among_the_affected_ones_is_exploited_even_where_it_is_the_newest() -> None:
    facts = PatchFacts("1.28.2", 0, None, installed_on=date(2026, 6, 1))
    within, vague = (
        Exploited("CVE-2025-1", date(2026, 1, 1), None, is_within=is_within) for is_within in (True, False)
    )
    found = verdicts(ALIVE, date(2026, 11, 25), facts, (within, vague))
    assert found["exploited"].facts["affected"] == ["CVE-2025-1"]
    assert "exploited-possible" not in found
    assert "exploited" not in verdicts(ALIVE, date(2026, 11, 25), facts, (vague,))


@pytest.mark.parametrize(
    ("subject", "dates", "reason"),
    [
        (Subject("title", 1), None, "not-matched"),
        (Subject("title", 1, 0, "unrecognised"), None, "unrecognised"),
        (Subject("title", 1, 0, "matched", "review", 10, 100), FULL, "match-to-review"),
        (Subject("title", 1, 0, "product-only", "auto", 10), None, "release-unknown"),
        (SUBJECT, None, "no-dates"),
        (SUBJECT, ReleaseDates(), "no-dates"),
    ],
)
def test_unknown_is_a_phase_with_a_reason(subject: Subject, dates: ReleaseDates | None, reason: str) -> None:
    made = assess(subject, dates, None, (), POLICY, date(2026, 11, 25))
    assert (made.phase, made.unknown_reason, made.verdicts) == (Phase.UNKNOWN, reason, ())


def test_a_title_that_nobody_tracks_is_neither_supported_nor_unknown() -> None:
    made = assess(Subject("title", 1, 0, "not-tracked"), None, None, (), POLICY, date(2026, 11, 25))
    assert (made.phase, made.unknown_reason, made.verdicts) == (Phase.NOT_TRACKED, None, ())


@pytest.mark.parametrize(
    ("acquired_on", "precision", "last", "told"),
    [
        (date(2020, 2, 29), "day", date(2024, 2, 29), "2020-02-29"),
        (date(2019, 5, 17), "day", date(2023, 5, 17), "2019-05-17"),
        (date(2019, 5, 1), "month", date(2023, 5, 31), "2019-05"),
        (date(2019, 12, 1), "month", date(2023, 12, 31), "2019-12"),
        (date(2019, 1, 1), "year", date(2023, 12, 31), "2019"),
        (date(2019, 5, 17), None, date(2023, 5, 17), "2019-05-17"),
    ],
)
def test_age_counts_from_the_latest_day_the_date_can_mean_and_says_so(
    acquired_on: date, precision: str | None, last: date, told: str
) -> None:
    assert assess_age("laptop", acquired_on, precision, POLICY, last) == (None, None)
    after = date.fromordinal(last.toordinal() + 1)
    verdict, reason = assess_age("laptop", acquired_on, precision, POLICY, after)
    assert verdict is not None
    assert reason is None
    assert (verdict.ends_on, verdict.since_on) == (last, after)
    assert verdict.facts["acquired_on"] == told
    assert verdict.facts["acquired_precision"] == (precision or "day")
    assert verdict.facts["counted_from"] == latest_day(acquired_on, precision).isoformat()
    assert verdict.facts["useful_life_years"] == 4


@pytest.mark.parametrize(
    ("asset_class", "acquired_on", "reason"),
    [
        ("laptop", None, "no-acquisition-date"),
        ("virtual-machine", None, None),
        ("spaceship", date(2020, 1, 1), "no-useful-life"),
    ],
)
def test_age_that_cannot_be_told(asset_class: str, acquired_on: date | None, reason: str | None) -> None:
    assert assess_age(asset_class, acquired_on, "day", POLICY, date(2026, 11, 25)) == (None, reason)


def test_warranty_covers_its_last_day() -> None:
    assert assess_warranty(date(2026, 11, 25), POLICY, date(2026, 11, 25)) is None
    verdict = assess_warranty(date(2026, 11, 25), POLICY, date(2026, 11, 26))
    assert verdict is not None
    assert (verdict.rule, verdict.since_on) == (Rule.WARRANTY_ENDED, date(2026, 11, 26))


def test_helpers_of_dates_and_versions() -> None:
    assert add_years(date(2020, 2, 29), 1) == date(2021, 2, 28)
    assert add_years(date(9998, 1, 1), 4) == date.max
    assert latest_day(date(9999, 12, 1), "month") == date.max
    assert latest_day(date(2024, 2, 1), "month") == date(2024, 2, 29)
    assert stated(date(2017, 8, 1), "month") == "2017-08"
    assert is_coarser("22.04", "22.04.5")
    assert not is_coarser("22.0", "22.04.5")
    assert not is_coarser("22.04", "22.04")


def test_every_rule_has_a_severity_a_weight_and_words_in_both_languages() -> None:
    rules = {rule.value for rule in Rule}
    assert set(POLICY.severities) == rules
    assert set(POLICY.risk_weights) == rules
    assert set(rule_texts("en")) == rules
    assert set(rule_texts("id")) == rules
    assert POLICY.severity("lifecycle-unknown") == "info"
    assert [one.days for one in POLICY.ends_soon] == [365, 180, 90]
