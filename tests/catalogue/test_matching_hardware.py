"""Makers and models of hardware in one spelling."""

from __future__ import annotations

import pytest

from tracker.catalogue.matching import normalise_hardware


@pytest.mark.parametrize(
    ("manufacturer", "model", "expected"),
    [
        ("HP", "Pro Desk 400G6", ("hp", "prodesk 400 g6")),
        ("Hewlett-Packard", "HP ProDesk 400 G6", ("hp", "prodesk 400 g6")),
        (None, "hp prodesk 400 g6", ("hp", "prodesk 400 g6")),
        (None, "LENOVO 20L5S0", ("lenovo", "20l5s0")),
        ("Lenovo Group Limited", "Think Pad T480", ("lenovo", "thinkpad t480")),
        ("", "Laptop Thinkpad T480", ("lenovo", "thinkpad t480")),
        ("Dell Inc.", "OptiPlex 7010", ("dell", "optiplex 7010")),
        (None, "PC Dell Optiplex 7010", ("dell", "optiplex 7010")),
        ("HPE", "ProLiant DL380 Gen 9", ("hpe", "proliant dl380 gen9")),
        ("Cisco Systems", "WS-C2960X-24TS-L", ("cisco", "ws-c2960x-24ts-l")),
        ("PT. Zyrexindo", None, ("zyrex", "")),
        (None, None, ("", "")),
    ],
)
def test_one_model_has_one_spelling(
    manufacturer: str | None, model: str | None, expected: tuple[str, str]
) -> None:
    assert normalise_hardware(manufacturer, model) == expected
