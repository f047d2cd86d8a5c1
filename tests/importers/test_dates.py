"""Dates as people write them."""
# ruff: noqa: DTZ001 - cells of a spreadsheet have no zone

from __future__ import annotations

from datetime import date, datetime

import pytest

from importers.values.dates import DateStyle, Day, is_month_first, parse_date
from importers.vocabulary import default_vocabulary

STYLE = DateStyle(month_first=False, date_1904=False, today=date(2026, 11, 25))
WORDS = default_vocabulary()


@pytest.mark.parametrize(
    ("value", "on"),
    [
        (datetime(2019, 8, 17), date(2019, 8, 17)),
        (43694, date(2019, 8, 17)),
        ("43694", date(2019, 8, 17)),
        ("17 Agustus 2019", date(2019, 8, 17)),
        ("17-08-2019", date(2019, 8, 17)),
        ("17/08/2019", date(2019, 8, 17)),
        ("17.08.2019", date(2019, 8, 17)),
        ("2019-08-17", date(2019, 8, 17)),
        ("2019-08-17T10:00:00Z", date(2019, 8, 17)),
        ("17-08-2019 20:20:19", date(2019, 8, 17)),
        ("17-Agu-19", date(2019, 8, 17)),
        ("17 agt 2019", date(2019, 8, 17)),
        ("Sabtu, 17 Agustus 2019", date(2019, 8, 17)),
        ("August 17, 2019", date(2019, 8, 17)),
        ("31 Desember 2021", date(2021, 12, 31)),
        ("31-Des-2020", date(2020, 12, 31)),
        ("04/05/2020", date(2020, 5, 4)),
        ("01-dec-15", date(2015, 12, 1)),
        ("31--03-15", date(2015, 3, 31)),
        ("20201231", date(2020, 12, 31)),
        ("14-oct-98", date(1998, 10, 14)),
    ],
)
def test_a_day_is_read_in_every_spelling(value: object, on: date) -> None:
    assert parse_date(value, STYLE, WORDS) == Day(on, "day")


@pytest.mark.parametrize(
    ("value", "on", "precision"),
    [
        ("agustus 2019", date(2019, 8, 1), "month"),
        ("Sept 2016", date(2016, 9, 1), "month"),
        ("08/2019", date(2019, 8, 1), "month"),
        ("TA 2018", date(2018, 1, 1), "year"),
        ("Th. 2016", date(2016, 1, 1), "year"),
        ("2015", date(2015, 1, 1), "year"),
        (2015, date(2015, 1, 1), "year"),
    ],
)
def test_less_than_a_day_keeps_its_precision(value: object, on: date, precision: str) -> None:
    assert parse_date(value, STYLE, WORDS) == Day(on, precision)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("31/02/2019", "date-invalid"),
        ("2020-02-30", "date-invalid"),
        ("1900-01-00", "date-invalid"),
        ("00/00/0000", "date-invalid"),
        (0, "date-invalid"),
        (-1, "date-invalid"),
        (10_000_000_000, "date-invalid"),
        ("12/31/2020", "date-order"),
        ("kemarin", "date-unreadable"),
        (True, "date-unreadable"),
        (float("nan"), "date-invalid"),
        (datetime(1900, 1, 1), "date-implausible"),
        (datetime(9999, 12, 31), "date-implausible"),
    ],
)
def test_what_is_no_date_stays_unknown_and_says_why(value: object, problem: str) -> None:
    assert parse_date(value, STYLE, WORDS) == Day(None, None, problem)


@pytest.mark.parametrize("value", ["-", "tidak diketahui", "N/A", "  "])
def test_a_blank_is_no_problem(value: str) -> None:
    assert parse_date(value, STYLE, WORDS) == Day(None)


def test_a_future_date_is_kept_and_pointed_out() -> None:
    assert parse_date(datetime(2031, 1, 1), STYLE, WORDS) == Day(date(2031, 1, 1), "day", "date-future")


def test_serials_of_the_1904_calendar() -> None:
    style = DateStyle(month_first=False, date_1904=True, today=STYLE.today)
    assert parse_date(43000, style, WORDS).on == date(2021, 9, 23)


def test_a_column_is_month_first_only_when_it_shows_it_and_nothing_speaks_against_it() -> None:
    assert is_month_first(["1/23/23", "02/03/2023"])
    assert not is_month_first(["04/05/2020", "03/04/2020"])
    assert not is_month_first(["12/31/2020", "31/12/2020"])
    assert not is_month_first(["2020-12-31"])
    style = DateStyle(month_first=True, date_1904=False, today=STYLE.today)
    assert parse_date("1/23/23", style, WORDS) == Day(date(2023, 1, 23), "day")
