"""Conditions, ranges, brands, software, text, classes."""

from __future__ import annotations

import pytest

from importers.classes import canonical_code, classify
from importers.values.brands import split_brand
from importers.values.conditions import condition_in_notes, parse_condition, parse_tick
from importers.values.ranges import clean_code, split_code_register, units_of_range
from importers.values.software import split_software
from importers.values.text import compact, find_unseen, text_of
from importers.vocabulary import default_vocabulary, read_data

WORDS = default_vocabulary()


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        ("Baik", "good"),
        ("B", "good"),
        ("BAIK ", "good"),
        ("RR", "fair"),
        ("Rusak Ringan", "fair"),
        ("KB", "fair"),
        ("Kurang Baik", "fair"),
        ("RB", "broken"),
        ("Rusak Berat", "broken"),
        ("RB - sudah dihapuskan SK 12/2015", "broken"),
        (1, "good"),
        ("2", "fair"),
        ("Good", "good"),
        ("Broken", "broken"),
        ("", None),
        ("7", None),
    ],
)
def test_conditions(value: object, condition: str | None) -> None:
    assert parse_condition(value, WORDS) == condition


@pytest.mark.parametrize(
    ("notes", "condition"),
    [
        ("KB, keyboard rusak", "fair"),
        ("RB; harga tidak diketahui", "broken"),
        ("B", "good"),
        ("Baik", "good"),
        ("12 buah", None),
        ("1", None),
    ],
)
def test_a_condition_hidden_in_remarks(notes: str, condition: str | None) -> None:
    assert condition_in_notes(notes, WORDS) == condition


def test_ticks_and_counts() -> None:
    assert [parse_tick(value, WORDS) for value in ("√", "v", "X", 17, "3", None, "-", 0, "aneh")] == [
        -1, -1, -1, 17, 3, 0, 0, 0, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "units"),
    [("0001 s/d 0012", 12), ("0001 s.d 0003", 3), ("0002 s.d. 0011", 10), ("3-5", 3), ("1 – 4", 4),
     ("0001", None), ("5-3", None)],
)  # fmt: skip
def test_register_ranges(text: str, units: int | None) -> None:
    assert units_of_range(text) == units


def test_codes() -> None:
    assert split_code_register("3100102001-12") == ("3100102001", "12")
    assert split_code_register("1.3.2.10.01.02.001. / 7") == ("1.3.2.10.01.02.001", "7")
    assert split_code_register("INV/2015/07") is None
    assert clean_code("1.3.2.10.01.02.001.") == "1.3.2.10.01.02.001"
    assert canonical_code("1.3.2.10.01.02.001") == "3100102001"
    assert canonical_code("02.06.03.02.01") == "0206030201"
    assert canonical_code("PC-01") is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ASUS X441U", ("ASUS", "X441U")),
        ("Palo Alto Networks PA-220", ("Palo Alto Networks", "PA-220")),
        ("HP ProDesk 400 G4", ("HP", "ProDesk 400 G4")),
        ("Dell", ("Dell", None)),
        ("Rakitan", ("Rakitan", None)),
        ("Rakitan Pentium 4", (None, "Rakitan Pentium 4")),
        ("WS-C3850-24T-S", (None, "WS-C3850-24T-S")),
    ],
)
def test_brand_and_model_in_one_cell(text: str, parts: tuple[str | None, str | None]) -> None:
    assert split_brand(text, WORDS) == parts


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Office 2016; Chrome 120 ; -", ("Office 2016", "Chrome 120")),
        ("Office 2016\nChrome 120", ("Office 2016", "Chrome 120")),
        ("Zoom 5.9, Microsoft Visual C++ 2015 Redistributable (x64), PHP 7.4.33",
         ("Zoom 5.9", "Microsoft Visual C++ 2015 Redistributable (x64)", "PHP 7.4.33")),
        ("Tool (a, b), Other", ("Tool (a, b)", "Other")),
        ("Microsoft Office 2019", ("Microsoft Office 2019",)),
        ("-", ()),
        (None, ()),
    ],
)  # fmt: skip
def test_software_lists(cell: object, names: tuple[str, ...]) -> None:
    assert split_software(cell, WORDS) == names


def test_text() -> None:
    assert text_of("  a \n b\u00a0c ") == "a b c"
    assert text_of(12345) == "12345"
    assert text_of("1E5") == "1E5"
    assert text_of("00123") == "00123"
    assert text_of(12.0) == "12"
    assert find_unseen("AST\u200b1") == "U+200B"
    assert find_unseen("AST 1 é") is None


@pytest.mark.parametrize(
    ("code", "name", "model", "kind", "scope"),
    [
        ("3100102001", "P.C Unit", "", "desktop", "it"),
        ("1.3.2.10.01.02.002", "Lap Top", "", "laptop", "it"),
        ("02.06.03.05.01", "Server", "Dell PowerEdge R720", "server", "it"),
        ("02.06.03.04.08", "Printer", "Epson L3110", "printer", "it"),
        ("1.3.2.10.02.04.023", "Wireless Access Point", "", "network", "it"),
        ("3100204014", "Rak Server", "", "peripheral", "it"),
        ("3100299999", "Alat Baru", "", "peripheral", "it"),
        ("3050201009", "Meja Komputer", "Custom + UPS", "other", "other"),
        ("02.06.02.01.09", "Meja Komputer", "", "other", "other"),
        ("3060101048", "Uninterruptible Power Supply (UPS)", "", "ups", "near-it"),
        ("3050105048", "LCD Projector/Infocus", "NEC", "peripheral", "near-it"),
        ("3050105058", "Focusing Screen/Layar LCD Projector", "", "other", "other"),
        ("02.03.01.05.01", "Sepeda Motor", "Honda Supra X", "other", "other"),
        (None, "Laptop Uji", "", "laptop", "it"),
        (None, "Computer desk", "", "other", "other"),
        (None, "UPS 1200 VA", "", "ups", "near-it"),
        (None, "Core switch", "", "network", "it"),
        (None, "Print Server", "", "network", "it"),
        (None, "EDU-PC0001", "Lenovo ThinkPad T480", "laptop", "it"),
        (None, "Kendaraan", "", "other", "other"),
    ],
)
def test_classes(code: str | None, name: str, model: str, kind: str, scope: str) -> None:
    assert classify(code, name, model, WORDS.classes) == (kind, scope)


def test_no_header_word_means_two_fields() -> None:
    seen: dict[str, str] = {}
    for field, names in read_data("headers")["fields"].items():
        for name in names:
            key = compact(name) or name
            assert seen.setdefault(key, field) == field, name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Baik / Good", "good"), ("BAIK / B", "good"), ("B/RR", None), ("R. Berat", "broken"), ("rusak brt", "broken"),
        ("Tidak Baik", "broken"), ("Perlu Perbaikan", "fair"), ("Masih baik, 2 unit", "good"), ("Belum baik", None),
    ],
)  # fmt: skip
def test_conditions_in_other_words(text: str, expected: str | None) -> None:
    assert parse_condition(text, default_vocabulary()) == expected


@pytest.mark.parametrize(
    ("code", "kind", "scope"),
    [
        ("3100102001", "desktop", "it"), ("1.3.2.10.01.02.001", "desktop", "it"), ("02.06.03.02.01", "desktop", "it"),
        ("3.10.01.02.002", "laptop", "it"), ("1.3.2.10.01.02.002.", "laptop", "it"), ("02.06.03.02.02", "laptop", "it"),
        ("3100102003", "laptop", "it"), ("1.3.2.10.01.02.007", "laptop", "it"), ("1.3.2.10.01.02.009", "mobile", "it"),
        ("3100204004", "network", "it"), ("1.3.2.10.02.04.001", "server", "it"), ("1.3.2.10.02.04.015", "network", "it"),
        ("1.3.2.10.02.03.017", "storage", "it"), ("3060101048", "ups", "near-it"), ("1.3.2.06.01.01.048", "ups", "near-it"),
        ("1.3.2.05.01.05.048", "peripheral", "near-it"), ("1.3.2.05.02.01.009", "other", "other"),
    ],
)  # fmt: skip
def test_a_code_of_any_generation_says_what_a_thing_is(code: str, kind: str, scope: str) -> None:
    assert classify(code, "x", "", default_vocabulary().classes) == (kind, scope)


@pytest.mark.parametrize(
    ("name", "kind", "scope"),
    [
        ("Meja Komputer", "other", "other"), ("Komputer Jinjing", "laptop", "it"), ("UPS 1200VA", "ups", "near-it"),
        ("AC Ruang Server", "other", "other"), ("LCD Projector", "peripheral", "near-it"),
        ("Kamera CCTV", "peripheral", "near-it"),
        ("Software Komputer", "other", "other"), ("PC + license Windows", "desktop", "it"), ("Mesin Ketik", "other", "other"),
    ],
)  # fmt: skip
def test_a_name_says_what_a_thing_is(name: str, kind: str, scope: str) -> None:
    assert classify(None, name, "", default_vocabulary().classes) == (kind, scope)
