"""Support dates of hardware models: told by hand or by list, matched however the model is written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.catalogue.upstream import later, write_document
from tracker.catalogue import actions, queries
from tracker.catalogue.hardware_dates import (
    ModelDates,
    ModelsResult,
    list_models,
    read_list,
    record_models,
    write_template,
)
from tracker.catalogue.matching import Outcome, Tier, normalise_hardware
from tracker.catalogue.matching.rules import document
from tracker.db import reading, record_statements, transaction
from tracker.identity.actions import add_agency, ensure_root
from tracker.identity.errors import Forbidden, Refused
from tracker.identity.models import Role
from tracker.identity.schemas import NewAgency, Principal, operator

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
PAGE = "https://example.org/eol"


@pytest.fixture
def ready(engine: Engine) -> Engine:
    """A database with the root agency and an empty catalogue."""
    with transaction(engine) as session:
        ensure_root(session, NOW)
    return engine


def record(engine: Engine, *told: ModelDates, now: datetime = NOW) -> ModelsResult:
    with transaction(engine) as session:
        return record_models(session, operator(), told, "by hand", now)


def model(manufacturer: str, name: str, **dates: str) -> ModelDates:
    return ModelDates.model_validate({"manufacturer": manufacturer, "model": name, "source": PAGE, **dates})


@pytest.mark.parametrize(("manufacturer", "name", "maker", "plain"), document("makers")["examples"])
def test_a_model_has_one_spelling(manufacturer: str, name: str, maker: str, plain: str) -> None:
    assert normalise_hardware(manufacturer, name) == (maker, plain)


def test_dates_become_facts_of_the_model_with_their_source(ready: Engine) -> None:
    told = model("HP", "Pro Desk 400G6", end_of_sale="2021-06-30", end_of_support="2026-06-30")
    assert record(ready, told) == ModelsResult(1, 0, 0)
    with reading(ready) as session:
        view = queries.get_product(session, "hardware-hp")
        listed = list_models(session)
    (release,) = view.releases
    assert (release.release, release.release_label, release.source) == (
        "prodesk 400 g6",
        "Pro Desk 400G6",
        PAGE,
    )
    assert (release.discontinued_on, release.security_support_ends_on) == (
        date(2021, 6, 30),
        date(2026, 6, 30),
    )
    assert [(one.manufacturer, one.model, one.end_of_support) for one in listed] == [
        ("HP", "Pro Desk 400G6", date(2026, 6, 30))
    ]


def test_what_is_told_again_changes_only_what_it_tells(ready: Engine) -> None:
    record(ready, model("Cisco", "2960-X", end_of_sale="2022-10-31", end_of_support="2027-10-31"))
    assert record(ready, model("cisco", "2960-X", end_of_sale="2022-10-31")) == ModelsResult(0, 0, 1)
    later_on = NOW + timedelta(days=1)
    assert record(ready, model("Cisco", "2960-X", end_of_support="2028-01-31"), now=later_on) == ModelsResult(
        0, 1, 0
    )
    with reading(ready) as session:
        now, before = (
            queries.get_product(session, "hardware-cisco", at).releases[0]
            for at in (None, NOW + timedelta(hours=1))
        )
    assert (now.discontinued_on, now.security_support_ends_on) == (date(2022, 10, 31), date(2028, 1, 31))
    assert before.security_support_ends_on == date(2027, 10, 31)


@pytest.mark.parametrize(
    ("manufacturer", "name", "tier"),
    [
        ("HP", "ProDesk 400 G6", Tier.AUTO),
        ("hp", "prodesk 400 g6 sff", Tier.AUTO),
        ("Hewlett-Packard", "HP Pro Desk 400G6 Desktop Mini", Tier.AUTO),
        ("HP", "ProDesk 400 G6 Special", Tier.REVIEW),
        ("Mikrotik", "RB 750 Gr3", Tier.AUTO),
        ("HPE", "ProLiant DL 380 Gen 9", Tier.AUTO),
    ],
)
def test_a_model_is_found_however_it_is_written(
    ready: Engine, manufacturer: str, name: str, tier: Tier
) -> None:
    record(
        ready,
        model("HP", "Pro Desk 400G6"),
        model("MikroTik", "RB750Gr3"),
        model("HP", "ProLiant DL380 Gen9"),
    )
    with reading(ready) as session:
        found = queries.get_matcher(session).match_hardware(manufacturer, name)
    assert (found.outcome, found.tier) == (Outcome.MATCHED, tier)
    assert found.product and found.product.startswith("hardware-")


def test_other_models_and_texts_are_not_touched_by_it(ready: Engine) -> None:
    record(ready, model("HP", "Pro Desk 400G6"))
    with reading(ready) as session:
        matcher = queries.get_matcher(session)
    assert matcher.match_hardware("HP", "ProDesk 600 G6").product is None
    assert matcher.match("HP hardware prodesk 400 g6").product is None


def test_a_sync_leaves_them_alone(ready: Engine, tmp_path: Path) -> None:
    record(ready, model("HP", "Pro Desk 400G6", end_of_support="2026-06-30"))
    result = actions.sync(ready, operator(), write_document(tmp_path / "full.json", later()), NOW)
    assert result is not None and "hardware-hp" not in result.products_missing
    with reading(ready) as session:
        assert len(list_models(session)) == 1


def test_a_list_is_read_with_either_separator(tmp_path: Path) -> None:
    file = tmp_path / "models.csv"
    file.write_text(write_template(), encoding="utf-8-sig")
    (row,) = read_list(file)
    assert (row.manufacturer, row.model, row.end_of_support) == (
        "Cisco",
        "Catalyst 2960-X",
        date(2027, 10, 31),
    )
    file.write_text(
        "manufacturer;model;end_of_support;source;note\nHP;ProDesk 400;31/12/2027;surat 12;x\n;;;;\n"
    )
    (row,) = read_list(file)
    assert (row.end_of_support, row.end_of_sale, row.source) == (date(2027, 12, 31), None, "surat 12")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("manufacturer,model\nHP,ProDesk\n", "column source is missing"),
        ("manufacturer,model,source\nHP,,x\n", "row 2, model"),
        ("manufacturer,model,end_of_sale,source\nHP,ProDesk,31/13/2020,x\n", "row 2, end_of_sale"),
        ("manufacturer,model,source\nHP,ProDesk,\n", "row 2, source"),
        (b"\xff\xfe\x00", "not a CSV file in UTF-8"),
    ],
)
def test_a_faulty_list_is_refused_naming_the_row(tmp_path: Path, content: str | bytes, why: str) -> None:
    file = tmp_path / "models.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Refused, match=why):
        read_list(file)


def test_support_cannot_end_before_the_sale(ready: Engine) -> None:
    with pytest.raises(Refused, match="lies before end_of_sale"):
        record(ready, model("HP", "ProDesk", end_of_sale="2022-01-01", end_of_support="2021-01-01"))


def test_many_models_take_no_more_statements(ready: Engine) -> None:
    rows = [model("HP", f"Model {number}", end_of_support="2026-06-30") for number in range(500)]
    with record_statements(ready) as statements, transaction(ready) as session:
        record_models(session, operator(), rows, "list.csv", NOW)
    assert len([one for one in statements if not one.startswith("BEGIN")]) <= 20


def test_only_an_administrator_of_all_agencies_may(ready: Engine) -> None:
    with transaction(ready) as session:
        path = add_agency(session, operator(), NewAgency(code="A", name="Agency A"), NOW).path
    for grants in (((path, Role.ADMIN),), (("/1/", Role.IT_MANAGER),), ()):
        with pytest.raises(Forbidden), transaction(ready) as session:
            record_models(session, Principal(7, "someone", grants), [model("HP", "x")], "by hand", NOW)
