"""Makers and models of hardware in one spelling, so that the same model is one model."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[\s_/,-]+")
_SPLIT = re.compile(r"(?<=[a-z])(?=g\d\b)|(?<=\d)(?=g\d\b)")
_MAKERS = {
    "hewlett packard": "hp",
    "hewlett packard enterprise": "hpe",
    "dell inc": "dell",
    "asustek computer inc": "asus",
}


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text.casefold()).strip(" .")


def normalise_hardware(manufacturer: str | None, model: str | None) -> tuple[str, str]:
    """(maker, model) in one spelling, '' where unknown: "HP", "Pro Desk 400G6" → ("hp", "prodesk 400 g6")."""
    maker = _MAKERS.get(_plain(manufacturer or ""), _plain(manufacturer or ""))
    name = _SPLIT.sub(" ", _plain(model or ""))
    return maker, name.removeprefix(f"{maker} ") if maker else name
