"""Texts in both languages, words of closed sets, and templates that only show."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, nodes

from tracker.budgeting.models import PlanAction, PlanState, PlanStep, ProgressStep
from tracker.identity.models import Role, ServiceArea
from tracker.inventory import models as inventory
from tracker.lifecycle.models import Severity
from tracker.lifecycle.rules import Phase, Rule
from tracker.web.formats import Formats
from tracker.web.i18n import LANGUAGES, load_translations, pick_language
from tracker.web.messages import extract_messages, read_catalog
from tracker.web.rendering import TEMPLATES
from tracker.web.terms import TERMS
from tracker.work.models import Outcome

_PLACES = re.compile(r"%\((\w+)\)[sd]")


def _ids(message: object) -> tuple[str, ...]:
    return message if isinstance(message, tuple) else (str(message),)


def test_every_text_is_translated_and_none_is_left_over() -> None:
    texts = {message.id for message in extract_messages() if message.id}
    for language in LANGUAGES:
        if language == "en":
            continue
        catalog = read_catalog(language)
        translated = {message.id for message in catalog if message.id and all(_ids(message.string))}
        assert (texts - translated, translated - texts) == (set(), set())


def test_translations_name_the_same_values() -> None:
    for message in read_catalog("id"):
        if message.id:
            wanted = {place for text in _ids(message.id) for place in _PLACES.findall(text)}
            for text in _ids(message.string):
                assert set(_PLACES.findall(text)) == wanted, message.id


def test_indonesian_has_one_plural_form() -> None:
    source = (TEMPLATES.parent / "locales/id/LC_MESSAGES/messages.po").read_text(encoding="utf-8")
    assert '"Plural-Forms: nplurals=1; plural=0;\\n"' in source
    texts = load_translations("id")
    shown = [texts.ngettext("Apply %(num)d row", "Apply %(num)d rows", n) % {"num": n} for n in (1, 2)]
    assert shown == ["Terapkan 1 baris", "Terapkan 2 baris"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("asset_class", inventory.AssetClass), ("status", inventory.AssetStatus), ("condition", inventory.Condition),
        ("role", Role), ("service_area", ServiceArea), ("installation_role", inventory.InstallationRole),
        ("batch_state", inventory.BatchState), ("row_outcome", inventory.RowOutcome),
        ("match_outcome", inventory.MatchOutcome), ("severity", Severity), ("rule", Rule), ("phase", Phase),
        ("it_scope", inventory.ItScope), ("action", PlanAction), ("run_outcome", Outcome),
        ("plan_state", PlanState), ("plan_step", PlanStep), ("progress_step", ProgressStep),
    ],
)  # fmt: skip
def test_every_member_of_a_closed_set_has_a_name(kind: str, words: type[StrEnum]) -> None:
    assert set(TERMS[kind]) == {word.value for word in words}


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_do_not_calculate(path: object) -> None:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    tree = environment.parse((TEMPLATES / getattr(path, "name", "")).read_text(encoding="utf-8"))
    # Translated texts with values are compiled to a Mod of their own.
    arithmetic = (nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Pow)
    assert [node.lineno for node in tree.find_all(arithmetic)] == []


def test_nothing_is_marked_safe_but_our_own_icons() -> None:
    marked = {path.name: path.read_text(encoding="utf-8").count("|safe") for path in TEMPLATES.glob("*.html")}
    assert {name: count for name, count in marked.items() if count} == {"components.html": 1}


def test_values_are_written_as_people_of_the_language_write_them() -> None:
    english, indonesian = (Formats(language, ZoneInfo("Asia/Jakarta")) for language in ("en", "id"))
    moment = datetime(2026, 8, 5, 18, 30, tzinfo=UTC)
    assert (english.number(1234567), indonesian.number(1234567)) == ("1,234,567", "1.234.567")
    assert (english.share(1, 8), indonesian.share(1, 8), english.share(1, 0)) == ("12.5%", "12,5%", "–")
    assert english.money(1_250_000_00, "IDR") == "IDR\xa01,250,000"
    assert indonesian.money(1_250_000_00, "IDR") == "Rp\xa01.250.000"
    assert indonesian.bare_amount(Decimal("2500000000"), "IDR") == "2.500.000.000"
    assert (english.day(date(2026, 8, 5)), indonesian.day("2026-08-05")) == ("5 Aug 2026", "5 Agu 2026")
    assert indonesian.instant(moment) == "6 Agu 2026 01.30"
    assert [english.dated(date(2026, 8, 1), exact) for exact in ("year", "month", "day", None)] == [
        "2026", "Aug 2026", "1 Aug 2026", "1 Aug 2026",
    ]  # fmt: skip
    assert (english.size(10_000_000), indonesian.size(1_500)) == ("10 MB", "1,5 kB")


@pytest.mark.parametrize(
    ("wished", "own", "accepted", "language"),
    [
        ("id", "en", "en", "id"), (None, "id", "en", "id"), ("xx", None, "id-ID,en;q=0.9", "id"),
        (None, None, "fr, in;q=0.8", "id"), (None, None, "fr", "en"), (None, None, "", "en"),
    ],
)  # fmt: skip
def test_the_language_is_picked(wished: str | None, own: str | None, accepted: str, language: str) -> None:
    assert pick_language(wished, own, accepted, "en") == language
